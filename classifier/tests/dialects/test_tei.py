"""text-embeddings-inference: the forms of input, raw scores, and its errors by status and type."""

import math
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from classifier.core.errors import NoWorker, ScoreTimeout
from classifier.models import ModelVersion
from classifier.scoring.heartbeat import beat
from classifier.tests.dialects.conftest import PREDICT, SCORES, Sender

ORDER = sorted(SCORES, key=lambda label: -SCORES[label])


def test_one_text_gives_its_labels_the_highest_first(sender: Sender, asked: list[list[str]]) -> None:
    expected = [{"label": label, "score": SCORES[label]} for label in ORDER]
    assert sender.post(PREDICT, {"inputs": "a"}).json() == expected
    assert sender.post(PREDICT, {"inputs": ["a"]}).json() == expected


def test_a_batch_gives_a_list_for_each(sender: Sender, asked: list[list[str]]) -> None:
    body = sender.post(PREDICT, {"inputs": [["a"], ["by half"]]}).json()
    assert [rows[0]["score"] for rows in body] == [0.75, 0.375]
    assert asked == [["a", "by half"]]


def test_raw_scores_are_the_log_odds(sender: Sender, asked: list[list[str]]) -> None:
    rows = sender.post(PREDICT, {"inputs": "a", "raw_scores": True}).json()
    assert {row["label"]: row["score"] for row in rows} == pytest.approx(
        {label: math.log(p / (1 - p)) for label, p in SCORES.items()}
    )


@pytest.mark.parametrize("direction", [None, "Right", "Left"])
def test_what_is_too_long_is_cut_only_when_that_was_asked_for(
    sender: Sender, asked: list[list[str]], settings: Settings, direction: str | None
) -> None:
    settings.COMMENT_MAX_CHARACTERS = 3
    sent = {"inputs": "abcd", "truncation_direction": direction}
    refused = sender.post(PREDICT, sent)
    assert (refused.status_code, refused.json()["error_type"]) == (413, "Validation")
    assert sender.post(PREDICT, {**sent, "truncate": True}).status_code == 200
    assert asked == [["bcd" if direction == "Left" else "abc"]]


@pytest.mark.parametrize(
    ("inputs", "status", "kind"),
    [
        (["a", "b"], 422, "Validation"),
        ([["a", "b"]], 422, "Validation"),
        ([["a"], ["a", "b"]], 422, "Validation"),
        (["a", "b", "c"], 422, "Validation"),
        ([[]], 422, "Validation"),
        (None, 422, "Validation"),
        (3, 422, "Validation"),
        ({"text": "a"}, 422, "Validation"),
        ([["a"], "b"], 422, "Validation"),
        ([[3]], 422, "Validation"),
        ("a\x00", 422, "Validation"),
        ("\ud800", 422, "Validation"),
        ([], 400, "Empty"),
        ("", 400, "Empty"),
        ([["a"], [" "]], 400, "Empty"),
        ([["a"]] * 1_001, 413, "Validation"),
        ("endless", 413, "Validation"),
    ],
)
def test_inputs_that_cannot_be_scored_have_their_status(
    sender: Sender, asked: list[list[str]], inputs: Any, status: int, kind: str
) -> None:
    response = sender.post(PREDICT, {"inputs": inputs})
    body = response.json()
    assert (response.status_code, body["error_type"]) == (status, kind)
    assert body.keys() == {"error", "error_type"}
    assert body["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        ({"inputs": "a", "raw_scores": 1}, 422),
        ({"inputs": "a", "truncate": "yes"}, 422),
        ({"inputs": "a", "truncation_direction": "up"}, 422),
    ],
)
def test_other_wrong_bodies_have_theirs(
    sender: Sender, asked: list[list[str]], body: Any, status: int
) -> None:
    response = sender.post(PREDICT, body)
    assert (response.status_code, response.json()["error_type"]) == (status, "Validation")


@pytest.mark.parametrize(
    ("error", "status", "kind"), [(NoWorker(), 424, "Backend"), (ScoreTimeout(), 429, "Overloaded")]
)
def test_without_a_verdict_it_is_a_failed_dependency_or_overloaded(
    sender: Sender,
    asked: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    kind: str,
) -> None:
    def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr("classifier.dialects.scoring.score_texts", fail)
    response = sender.post(PREDICT, {"inputs": "a"})
    assert (response.status_code, response.json()["error_type"]) == (status, kind)
    assert int(response.headers["Retry-After"]) > 0


def test_over_the_quota_it_is_overloaded(sender: Sender, asked: list[list[str]], settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    sender.post(PREDICT, {"inputs": "a"})
    response = sender.post(PREDICT, {"inputs": "a"})
    assert (response.status_code, response.json()["error_type"]) == (429, "Overloaded")
    assert int(response.headers["Retry-After"]) > 0


def test_without_a_key_nothing_is_scored(sender: Sender, asked: list[list[str]]) -> None:
    assert sender.post(PREDICT, {"inputs": "a"}, Authorization="").status_code == 401
    assert asked == []


def test_health_tells_whether_a_worker_has_a_model(redis_clean: None) -> None:
    assert Client().get("/health").status_code == 503
    beat("w", model_version="v", backend="fp32", problem="")
    response = Client().get("/health")
    assert (response.status_code, response.content) == (200, b"")


def test_info_names_the_model_and_its_labels(sender: Sender, active_version: ModelVersion) -> None:
    response = sender.client.get("/info", headers={"Authorization": f"Bearer {sender.plaintext}"})
    body = response.json()
    assert body["model_id"] == active_version.version
    assert body["model_type"]["classifier"]["id2label"]["0"] == "toxic"
    assert sender.client.get("/info").status_code == 401


@pytest.mark.parametrize("inputs", [["Butterflies are pretty", "you idiot"], ["a", "b", "c"]])
def test_a_flat_list_of_texts_is_told_the_form_of_several(
    sender: Sender, asked: list[list[str]], inputs: list[str]
) -> None:
    """[cases: dialect_compat-06]"""
    response = sender.post(PREDICT, {"inputs": inputs})
    assert response.status_code == 422
    assert '[["first text"],["second text"]]' in response.json()["error"]
    assert asked == []


def test_hugging_faces_client_posts_to_the_root(sender: Sender, asked: list[list[str]]) -> None:
    expected = [{"label": label, "score": SCORES[label]} for label in ORDER]
    assert sender.post("/", {"inputs": "a", "parameters": {}}).json() == [expected]
    top = sender.post("/", {"inputs": "a", "parameters": {"top_k": 2}}).json()
    assert top == [expected[:2]]
    several = sender.post("/", {"inputs": ["a", "by half"]}).json()
    assert [rows[0]["score"] for rows in several] == [0.75, 0.375]
    raw = sender.post("/", {"inputs": "a", "parameters": {"function_to_apply": "none"}}).json()
    assert raw[0][0]["score"] == pytest.approx(math.log(0.75 / 0.25))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "`inputs`"),
        ({"inputs": {"text": "a"}}, "`inputs`"),
        ({"inputs": "a", "parameters": [1]}, "`parameters`"),
        ({"inputs": "a", "parameters": {"function_to_apply": "softmax"}}, "`function_to_apply`"),
        ({"inputs": "a", "parameters": {"top_k": 0}}, "`top_k`"),
    ],
)
def test_wrong_bodies_at_the_root_name_the_field(
    sender: Sender, asked: list[list[str]], body: dict[str, Any], named: str
) -> None:
    response = sender.post("/", body)
    assert (response.status_code, response.json()["error_type"]) == (422, "Validation")
    assert named in response.json()["error"]


def test_the_root_is_a_page_for_everybody_else(admin_client: Client) -> None:
    assert admin_client.get("/").headers["Content-Type"].startswith("text/html")
    posted = admin_client.post("/", b"{}", content_type="application/json")
    assert (posted.status_code, list(posted.json())) == (401, ["error", "error_type"])
