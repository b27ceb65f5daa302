"""Perspective's errors, byte for byte: clients compare their words."""

import json
from typing import Any

import pytest
from pytest_django import Settings

from classifier.api_keys.services import api_key_revoke
from classifier.core.errors import NoBroker, NoModel, NoWorker, ScoreTimeout
from classifier.tests.dialects.conftest import ANALYZE, SUGGEST, Sender
from classifier.tests.dialects.test_analyze import request

DETAIL = '{"@type":"type.googleapis.com/google.commentanalyzer.v1alpha1.Error","errorType":'
LONG = "a" * 23_368
BAD_KEY = (
    b'{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT",'
    b'"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID",'
    b'"domain":"googleapis.com","metadata":{"service":"commentanalyzer.googleapis.com"}}]}}'
)


def invalid(message: str, error_type: str = "INVALID_REQUEST", more: str = "") -> bytes:
    said = json.dumps(message, ensure_ascii=False)
    return (
        f'{{"error":{{"code":400,"message":{said},"status":"INVALID_ARGUMENT",'
        f'"details":[{DETAIL}"{error_type}"{more}}}]}}}}'
    ).encode()


ITALIAN = invalid(
    "Attribute TOXICITY does not support request languages: it",
    "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
    ',"languageNotSupportedByAttributeError":{"requestedLanguages":["it"],"attribute":"TOXICITY"}',
)
EMPTY = invalid("Comment must be non-empty.", "COMMENT_EMPTY")
TOO_LONG = invalid(
    "Comment text was too many bytes. Value (23368) exceeded limit (20480).", "COMMENT_TOO_LONG"
)
TEXT = invalid("Invalid value at 'comment.text' (TYPE_STRING)")
CASES: list[tuple[dict[str, Any], bytes]] = [
    (request(""), EMPTY),
    (request(" \n\t"), EMPTY),
    ({"requestedAttributes": {"TOXICITY": {}}}, EMPTY),
    (request(comment={"text": "<p><b></b></p>", "type": "HTML"}), EMPTY),
    (request(LONG), TOO_LONG),
    (request("\U0001f600" * 5_842), TOO_LONG),
    (request(requestedAttributes={}), invalid("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES")),
    ({"comment": {"text": "a"}}, invalid("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES")),
    (request(languages=["und"]), invalid("Unable to detect language", "LANGUAGE_DETECTION_FAILED")),
    (request(languages=["it"]), ITALIAN),
    (request(requestedAttributes={"NOISE": {}}), invalid("Unknown requested attribute: NOISE")),
    (request(requestedAttributes={"TOXICITY@": {}}), invalid("Unknown requested attribute: TOXICITY@")),
    (request(requestedAttributes={"\ud800": {}}), invalid("Unknown requested attribute: \\ud800")),
    (request("a\x00b"), TEXT),
    (request("\ud800"), TEXT),
    (request(comment={"text": 3}), TEXT),
    (request(comment="text"), invalid("Invalid value at 'comment' (message)")),
    (
        request(comment={"text": "a", "type": "MARKDOWN"}),
        invalid("Invalid value at 'comment.type' (TYPE_ENUM)"),
    ),
    (request(doNotStore="yes"), invalid("Invalid value at 'doNotStore' (TYPE_BOOL)")),
    (request(languages={"en": 1}), invalid("Invalid value at 'languages' (TYPE_STRING)")),
    (request(languages="it"), ITALIAN),
    (request(clientToken=["x"]), invalid("Invalid value at 'clientToken' (TYPE_STRING)")),
    (request(context=[]), invalid("Invalid value at 'context' (message)")),
    (
        request(context={"entries": [{"text": 1}]}),
        invalid("Invalid value at 'context.entries[0].text' (TYPE_STRING)"),
    ),
    (
        request(requestedAttributes={"TOXICITY": {"scoreThreshold": "high"}}),
        invalid("Invalid value at 'requestedAttributes.TOXICITY.scoreThreshold' (TYPE_FLOAT)"),
    ),
    (
        request(requestedAttributes={"TOXICITY": {"scoreType": "PERCENTILE"}}),
        invalid("Score type PERCENTILE is not supported; ask for PROBABILITY"),
    ),
    (
        request(doNotSTore=True),
        invalid('Invalid JSON payload received. Unknown name "doNotSTore": Cannot find field.'),
    ),
    (
        request("endless"),
        invalid("This text needs 99 windows to be scored whole; the limit is 64."),
    ),
]


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_a_request_that_is_wrong_is_told_so_in_perspectives_words(
    sender: Sender, asked: list[list[str]], body: dict[str, Any], expected: bytes
) -> None:
    response = sender.post(ANALYZE, body)
    assert (response.status_code, response.content) == (400, expected)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        b'{"a":NaN}',
        b'{"comment":{},"comment":{}}',
    ],
)
def test_a_body_that_is_no_json_object_is_an_invalid_argument(
    sender: Sender, asked: list[list[str]], body: bytes
) -> None:
    response = sender.post(ANALYZE, body)
    error = response.json()["error"]
    assert (response.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["details"][0]["errorType"] == "INVALID_REQUEST"


@pytest.mark.parametrize("path", [ANALYZE, SUGGEST])
@pytest.mark.parametrize("key", ["", "AIzaSyNobody", "tox_12345678_nobody", "tox_\xe9"])
def test_a_key_that_is_missing_or_wrong_is_told_so(sender: Sender, path: str, key: str) -> None:
    response = sender.post(path, request(), Authorization=f"Bearer {key}")
    assert (response.status_code, response.content) == (400, BAD_KEY)


def test_a_revoked_key_is_not_valid(sender: Sender) -> None:
    api_key_revoke(api_key=sender.key, by=None)
    assert sender.post(ANALYZE, request()).content == BAD_KEY


def test_a_key_without_the_scope_is_denied(score_only: Sender, asked: list[list[str]]) -> None:
    error = score_only.post(SUGGEST, request()).json()["error"]
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert error["details"][0]["reason"] == "API_KEY_SERVICE_BLOCKED"


def test_over_the_quota_it_says_which_and_when_to_come_back(
    sender: Sender, asked: list[list[str]], settings: Settings
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    assert sender.post(ANALYZE, request()).status_code == 200
    response = sender.post(ANALYZE, request())
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["status"]) == (429, 429, "RESOURCE_EXHAUSTED")
    (detail,) = error["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert detail["reason"] == "RATE_LIMIT_EXCEEDED"
    assert detail["metadata"]["quota_limit"] == "AnalyzeRequestsPerMinutePerKey"
    assert detail["metadata"]["quota_limit_value"] == "1"
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (NoWorker(), 503, "UNAVAILABLE"),
        (NoModel("none"), 503, "UNAVAILABLE"),
        (NoBroker(), 503, "UNAVAILABLE"),
        (ScoreTimeout(), 504, "DEADLINE_EXCEEDED"),
        (RuntimeError("a bug"), 500, "INTERNAL"),
    ],
)
def test_what_fails_on_this_side_is_no_fault_of_the_caller(
    sender: Sender,
    asked: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    word: str,
) -> None:
    def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr("classifier.dialects.scoring.score_texts", fail)
    response = sender.post(ANALYZE, request("some secret words"))
    body = response.json()["error"]
    assert (response.status_code, body["code"], body["status"]) == (status, status, word)
    assert b"secret" not in response.content
    assert ("Retry-After" in response.headers) == (status != 500)


def test_without_an_active_version_it_is_unavailable(sender: Sender, redis_clean: None) -> None:
    assert sender.post(ANALYZE, request()).json()["error"]["status"] == "UNAVAILABLE"
