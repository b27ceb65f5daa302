"""Hugging Face's InferenceClient, which posts to its base URL itself."""

import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from classifier.models import ModelVersion
from classifier.tests.dialects.clients.conftest import KIND, RUDE

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_inference_client_classifies_by_its_base_url(
    server: str, model: ModelVersion, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    client = InferenceClient(base_url=server, token=key)
    rude, kind = (client.text_classification(text) for text in (RUDE, KIND))
    assert {row.label for row in rude} == set(model.labels)
    if model.name == "starter":
        assert rude[0].score > 0.8 > 0.2 > kind[0].score
    assert len(client.text_classification(RUDE, top_k=1)) == 1
    with pytest.raises(HfHubHTTPError) as refused:
        InferenceClient(base_url=server, token="tox_nobody").text_classification(RUDE)
    assert refused.value.response.status_code == 401
