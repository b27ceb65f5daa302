"""A client that breaks when one key is missing, over HTTP against the running server."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from classifier.models import ModelVersion
from classifier.tests.dialects.clients import strict
from classifier.tests.dialects.clients.conftest import KIND, RUDE

pytestmark = pytest.mark.django_db(transaction=True)
ANALYZE, SUGGEST = "/v1alpha1/comments:analyze", "/v1alpha1/comments:suggestscore"
EVERYTHING = {
    "comment": {"text": f"\U0001f600 {RUDE} {KIND}", "type": "HTML"},
    "requestedAttributes": {
        name: {"scoreType": "PROBABILITY", "scoreThreshold": 0}
        for name in (
            *("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT"),
            *("TOXICITY@6", "INSULT_EXPERIMENTAL"),
        )
    },
    "languages": ["en"],
    "doNotStore": True,
    "spanAnnotations": True,
    "dropUnsupportedAttributes": True,
    "clientToken": "token",
    "sessionId": "session",
    "communityId": "community",
    "context": {"entries": [{"text": "before", "type": "PLAIN_TEXT"}]},
}
LEAST = {"comment": {"text": KIND}, "requestedAttributes": {"TOXICITY": {}}, "doNotStore": True}
SUGGESTION = {
    "comment": {"text": RUDE},
    "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1, "type": "PROBABILITY"}, "spanScores": []}},
    "context": {"articleAndParentComment": {"article": {"text": "a"}, "parentComment": {"text": "p"}}},
    "languages": ["en"],
    "communityId": "c",
    "clientToken": "t",
    "sessionId": "s",
}


@pytest.fixture
def call(server: str, model: ModelVersion) -> Any:
    def call(path: str, body: Any, key: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=30)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        answer = response.status, json.loads(response.read())
        connection.close()
        return answer

    return call


def test_every_reply_has_every_key_in_range(call: Any, key: str) -> None:
    for path, body, status, schema in (
        (ANALYZE, EVERYTHING, 200, strict.ANALYZE),
        (ANALYZE, LEAST, 200, strict.ANALYZE),
        (SUGGEST, SUGGESTION, 200, strict.SUGGEST),
        (ANALYZE, {}, 400, strict.GOOGLE_ERROR),
        (SUGGEST, {"comment": {"text": "a"}}, 400, strict.GOOGLE_ERROR),
        ("/v1/moderations", {"input": [RUDE, KIND]}, 200, strict.MODERATION),
        ("/v1/moderations", {"input": {}}, 400, strict.OPENAI_ERROR),
        ("/v1/nothing", {}, 404, strict.OPENAI_ERROR),
        ("/predict", {"inputs": RUDE}, 200, strict.PREDICTION),
        ("/predict", {"inputs": [[RUDE], [KIND]], "raw_scores": True}, 200, strict.PREDICTIONS),
        ("/predict", {"inputs": [RUDE, KIND]}, 422, strict.TEI_ERROR),
    ):
        found, reply = call(path, body, key)
        assert found == status, reply
        jsonschema.validate(reply, schema)


def test_a_wrong_key_is_told_in_each_form(call: Any) -> None:
    for path, body, status, schema in (
        (ANALYZE, LEAST, 400, strict.GOOGLE_ERROR),
        ("/v1/moderations", {"input": RUDE}, 401, strict.OPENAI_ERROR),
        ("/predict", {"inputs": RUDE}, 401, strict.TEI_ERROR),
    ):
        found, reply = call(path, body, "tox_nobody")
        assert found == status
        jsonschema.validate(reply, schema)
