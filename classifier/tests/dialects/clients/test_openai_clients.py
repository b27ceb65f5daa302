"""OpenAI's clients, whose models demand every category."""

from typing import Any

import openai
import pytest

from classifier.models import Comment, ModelVersion
from classifier.tests.dialects.clients.conftest import KIND, RUDE, RunNode

pytestmark = pytest.mark.django_db(transaction=True)


def test_openais_python_client_reads_every_category(server: str, model: ModelVersion, key: str) -> None:
    with openai.OpenAI(base_url=f"{server}/v1", api_key=key, max_retries=0) as client:
        reply = client.moderations.create(input=[RUDE, KIND], model="omni-moderation-latest")
        assert reply.id.startswith("modr-")
        assert reply.model == model.version
        rude, kind = reply.results
        assert None not in rude.categories.model_dump().values()
        assert None not in rude.category_scores.model_dump().values()
        if model.name == "starter":
            assert (rude.flagged, kind.flagged) == (True, False)
            assert rude.category_scores.harassment > 0.8 > 0.2 > kind.category_scores.harassment
        assert rude.category_applied_input_types.harassment == ["text"]
        assert rude.category_applied_input_types.sexual == []
        texts: Any = [{"type": "text", "text": KIND}]
        images: Any = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]
        parts = client.moderations.create(input=texts)
        assert len(parts.results) == 1
        beside = client.moderations.with_raw_response.create(input=texts + images)
        assert beside.headers["Toxicsite-Skipped-Parts"] == "image_url=1"
        assert beside.parse().results[0].category_applied_input_types.harassment == ["text"]
        assert not Comment.objects.exists()

        with pytest.raises(openai.BadRequestError) as refused:
            client.moderations.create(input=images)
        assert (refused.value.param, refused.value.type) == ("input[0]", "invalid_request_error")

    with (
        openai.OpenAI(base_url=f"{server}/v1", api_key="tox_nobody", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError) as unknown,
    ):
        stranger.moderations.create(input="x")
    assert unknown.value.code == "invalid_api_key"


def test_openais_node_client_is_answered(model: ModelVersion, node: RunNode) -> None:
    said = node("openai.mjs")
    assert said["one"]["model"] == model.version
    assert [len(said[name]["results"]) for name in ("one", "many", "parts")] == [1, 2, 1]
    if model.name == "starter":
        assert [result["flagged"] for result in said["many"]["results"]] == [True, False]
    assert said["empty"] == {
        "name": "BadRequestError",
        "status": 400,
        "code": None,
        "type": "invalid_request_error",
        "param": "input",
    }
    assert (said["unknown"]["name"], said["unknown"]["code"]) == ("AuthenticationError", "invalid_api_key")
