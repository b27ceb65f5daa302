"""What real clients and proxies send beside the plain form: numbers in quotes, compressed bodies."""

import gzip
import json
from typing import Any

import pytest

from classifier.models import Suggestion
from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, PREDICT, SUGGEST, Sender
from classifier.tests.dialects.test_analyze import request

BODIES: dict[str, Any] = {ANALYZE: request(), MODERATIONS: {"input": "x"}, PREDICT: {"inputs": "x"}}


@pytest.mark.parametrize(("threshold", "answered"), [("0.75", True), ("7.6e-1", False), ("0", True)])
def test_a_number_may_stand_in_quotes_as_protocol_buffers_write_it(
    sender: Sender, asked: list[list[str]], threshold: str, answered: bool
) -> None:
    wanted = {"TOXICITY": {"scoreThreshold": threshold}}
    body = sender.post(ANALYZE, request(requestedAttributes=wanted)).json()
    assert ("TOXICITY" in body["attributeScores"]) == answered


@pytest.mark.parametrize("number", ["", " 1", "1.", "0x1", "NaN", "Infinity", "1_0", "\u0661", "1e9999"])
def test_what_only_looks_like_a_number_is_refused(
    sender: Sender, asked: list[list[str]], number: str
) -> None:
    wanted = {"TOXICITY": {"scoreThreshold": number}}
    response = sender.post(ANALYZE, request(requestedAttributes=wanted))
    assert response.status_code == 400
    assert response.json()["error"]["message"] == (
        "Invalid value at 'requestedAttributes.TOXICITY.scoreThreshold' (TYPE_FLOAT)"
    )
    assert asked == []


def test_a_suggestion_may_have_its_numbers_in_quotes(sender: Sender, active_version: object) -> None:
    spans = [{"begin": "0", "end": "3", "score": {"value": "0.25"}}]
    sent = {"comment": {"text": "so"}, "attributeScores": {"INSULT": {"spanScores": spans}}}
    assert sender.post(SUGGEST, sent).status_code == 200
    assert Suggestion.objects.get().labels == {"insult": 0.25}
    spans[0]["score"] = {"value": "1e30"}
    assert sender.post(SUGGEST, sent).status_code == 400


@pytest.mark.parametrize("path", BODIES)
def test_a_compressed_body_is_refused_in_so_many_words(
    sender: Sender, asked: list[list[str]], path: str
) -> None:
    body = json.dumps(BODIES[path]).encode()
    refused = sender.post(path, gzip.compress(body), **{"Content-Encoding": "gzip"})
    assert refused.status_code == 400
    assert "Compressed bodies are not read" in refused.content.decode()
    assert sender.post(path, body, **{"Content-Encoding": "identity"}).status_code == 200


@pytest.mark.parametrize("path", BODIES)
def test_no_cache_keeps_an_answer_and_a_401_says_what_it_wants(
    sender: Sender, asked: list[list[str]], path: str
) -> None:
    assert sender.post(path, BODIES[path]).headers["Cache-Control"] == "no-store"
    refused = sender.post(path, BODIES[path], Authorization="Bearer tox_nobody")
    assert refused.headers["Cache-Control"] == "no-store"
    if refused.status_code == 401:
        assert refused.headers["WWW-Authenticate"] == 'Bearer realm="toxicsite"'
