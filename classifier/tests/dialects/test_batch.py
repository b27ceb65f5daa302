"""Google's batches: each part is answered as if it had come alone, in order, with its own key, quota and errors."""

import json
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from django.test import Client

from classifier.api_keys.services import api_key_create
from classifier.api_keys.usage import usage_days
from classifier.core.errors import NoWorker
from classifier.dialects.perspective import batch as module
from classifier.models import ClientSeen, Comment, ModelVersion, Suggestion, User
from classifier.tests.dialects.conftest import ANALYZE, SUGGEST, Sender, verdict
from classifier.tests.dialects.test_analyze import request

BATCH = "/batch"
TYPE = 'multipart/mixed; boundary="===x=="'


def call(path: str, body: Any, *, content_id: str = "", headers: str = "") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = f"Content-ID: {content_id}\r\n" if content_id else ""
    head = f"Content-Type: application/http\r\nMIME-Version: 1.0\r\n{named}\r\n"
    inner = (
        f"POST {path} HTTP/1.1\r\nHost: elsewhere.example\r\nContent-Type: application/json\r\n{headers}\r\n"
    )
    return (head + inner).encode() + data


def together(parts: list[bytes], line: bytes = b"\r\n") -> bytes:
    whole = b"".join(b"--===x==\r\n" + part + b"\r\n" for part in parts) + b"--===x==--\r\n"
    return whole.replace(b"\r\n", line)


def post(parts: list[bytes] | bytes, path: str = BATCH, **headers: str) -> Any:
    data = parts if isinstance(parts, bytes) else together(parts)
    return Client(raise_request_exception=False).post(path, data, content_type=TYPE, headers=headers)


def answers(response: Any) -> list[tuple[str | None, int, Message, Any]]:
    """Of each part: its Content-ID, status, headers and body."""
    assert response.status_code == 200, response.content
    kind = response.headers["Content-Type"]
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + response.content)
    found = []
    for part in whole.get_payload():
        assert isinstance(part, Message)
        raw = part.get_payload(decode=True)
        assert isinstance(raw, bytes)
        first, rest = raw.split(b"\r\n", 1)
        inner = message_from_bytes(rest)
        content = inner.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert int(inner["Content-Length"]) == len(content)
        found.append((part["Content-ID"], int(first.split()[1]), inner, json.loads(content)))
    return found


@pytest.mark.parametrize("path", [BATCH, "/batch/commentanalyzer/v1alpha1"])
@pytest.mark.parametrize("line", [b"\r\n", b"\n"])
def test_parts_are_answered_in_order_as_if_alone(
    sender: Sender, asked: list[list[str]], path: str, line: bytes
) -> None:
    key = f"?key={sender.plaintext}"
    parts = [
        call(ANALYZE + key, request(), content_id="<one + a%20b>"),
        call(ANALYZE + key, request("half üß", clientToken="t"), content_id="<two>"),
        call(ANALYZE + key, request("")),
        call(f"https://elsewhere.example{ANALYZE}{key}&alt=json", request(requestedAttributes={"NOISE": {}})),
    ]
    one, two, empty, noise = answers(post(together(parts, line), path))
    alone = sender.post(ANALYZE, request())
    assert (one[0], one[1], one[3]) == ("<response-one + a%20b>", 200, alone.json())
    assert one[2]["RateLimit-Limit"] == alone.headers["RateLimit-Limit"]
    assert (two[0], two[1], two[3]["clientToken"]) == ("<response-two>", 200, "t")
    assert (empty[0], empty[1]) == (None, 400)
    assert empty[3] == sender.post(ANALYZE, request("")).json()
    assert (noise[1], "NOISE" in noise[3]["error"]["message"]) == (400, True)
    assert asked[:2] == [["you idiot"], ["half üß"]]


def test_each_part_has_its_own_key_or_else_the_outer_one(
    sender: Sender, score_only: Sender, asked: list[list[str]]
) -> None:
    suggestion = {
        "comment": {"text": "you idiot"},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
    }
    parts = [
        call(SUGGEST, suggestion),
        call(f"{SUGGEST}?key={score_only.plaintext}", suggestion),
        call(SUGGEST, suggestion, headers=f"Authorization: Bearer {score_only.plaintext}\r\n"),
        call(SUGGEST, suggestion, headers=f"X-Goog-Api-Key: {score_only.plaintext}\r\n"),
        call(f"{SUGGEST}?key=tox_00000000_wrong", suggestion),
    ]
    for headers, path in (
        ({"Authorization": f"Bearer {sender.plaintext}"}, BATCH),
        ({}, f"{BATCH}?key={sender.plaintext}"),
    ):
        statuses = [status for _, status, _, _ in answers(post(parts, path, **headers))]
        assert statuses == [200, 403, 403, 403, 400]
    assert Suggestion.objects.count() == 2
    assert [status for _, status, _, _ in answers(post(parts[:1]))] == [400]


def test_it_counts_against_the_quota_part_by_part(owner: User, asked: list[list[str]]) -> None:
    key, plaintext = api_key_create(name="small", owner=owner, scopes=["score"], texts_per_day=2)
    parts = [call(f"{ANALYZE}?key={plaintext}", request()) for _ in range(4)]
    assert [status for _, status, _, _ in answers(post(parts))] == [200, 200, 429, 429]
    today = usage_days(api_key=key, days=1)[0]
    assert (today.requests, today.texts) == (4, 2)


def test_comments_are_stored_and_the_client_is_seen(sender: Sender, asked: list[list[str]]) -> None:
    part = call(ANALYZE, request(doNotStore=False, communityId="forum"))
    response = post(
        [part], **{"Authorization": f"Bearer {sender.plaintext}", "X-Goog-Api-Client": "gdcl/2 gl-python/3"}
    )
    assert answers(response)[0][1] == 200
    assert Comment.objects.get().source.slug == "forum"
    assert ClientSeen.objects.get().user_agent.endswith("gdcl/2 gl-python/3")


def test_a_failure_of_one_part_leaves_the_others(
    sender: Sender,
    asked: list[list[str]],
    active_version: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sometimes(*, texts: list[str], deadline: float, **more: Any) -> Any:
        if texts == ["nobody"]:
            raise NoWorker
        return [verdict(text, active_version) for text in texts]

    monkeypatch.setattr("classifier.dialects.scoring.score_texts", sometimes)
    parts = [call(ANALYZE, request(text)) for text in ("a", "nobody", "b")]
    found = answers(post(parts, Authorization=f"Bearer {sender.plaintext}"))
    assert [status for _, status, _, _ in found] == [200, 503, 200]
    assert found[1][2]["Retry-After"] == "5"


def test_what_comes_too_late_is_told_to_come_again(
    sender: Sender, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS_MAX", -1.0)
    [(_, status, headers, body)] = answers(
        post([call(ANALYZE, request())], Authorization=f"Bearer {sender.plaintext}")
    )
    assert (status, headers["Retry-After"], asked) == (504, "5", [])
    assert "Send this call again" in body["error"]["message"]


@pytest.mark.parametrize(
    ("part", "status", "message"),
    [
        (call("/v1/moderations", {}), 404, "There is nothing at POST /v1/moderations."),
        (call("/batch", {}), 404, "There is nothing at POST /batch."),
        (call("http://[/", {}), 400, "The address of the request in this part cannot be read."),
        (b"Content-Type: application/http\r\n\r\nhello", 400, "The request in this part cannot be read."),
        (b"Content-Type: text/plain\r\n\r\nhello", 400, "Each part of a batch is application/http"),
        (b"hello", 400, "Each part of a batch is application/http"),
        (call(ANALYZE, b"{").replace(b"POST", b"GET"), 405, "GET is not supported"),
        (call(ANALYZE, b"{"), 400, "API key not valid"),
    ],
)
def test_a_part_that_cannot_be_answered_says_why(db: None, part: bytes, status: int, message: str) -> None:
    [(_, found, _, body)] = answers(post([part]))
    assert (found, body["error"]["code"]) == (status, status)
    assert message in body["error"]["message"]


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"--===x==\r\n", TYPE, "no closing boundary"),
        (b"--===x==--", TYPE, "no parts"),
        (together([b"x"] * 101), TYPE, "at most 100 parts"),
        (b"{}", "application/json", "multipart/mixed"),
        (together([b"x"]), "multipart/mixed", "multipart/mixed"),
        (together([b"x"]), "multipart/form-data; boundary=x", "multipart/mixed"),
    ],
)
def test_what_is_no_batch_is_refused_whole(db: None, body: bytes, kind: str, message: str) -> None:
    response = Client().post(BATCH, body, content_type=kind)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]


def test_a_hundred_parts_are_answered(db: None) -> None:
    assert len(answers(post([b"x"] * 100))) == 100


def test_a_body_over_the_limit_is_a_413(db: None, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    assert post(b"x" * 1_001).status_code == 413


def test_a_content_id_adds_no_header(db: None) -> None:
    part = b"Content-Type: application/http\r\nContent-ID: <a\r\n b\x00\xc3\xa9>\r\n\r\nx"
    assert answers(post([part]))[0][0] is None
    folded = b"Content-Type: application/http\r\nContent-ID: <a\r\n b>\r\n\r\nx"
    assert answers(post([folded]))[0][0] == "<response-a b>"


def test_the_discovery_document_names_the_path(db: None) -> None:
    document = Client().get("/$discovery/rest").json()
    assert f"/{document['batchPath']}" == BATCH
