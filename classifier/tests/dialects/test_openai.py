"""OpenAI's moderations: the forms of input, all thirteen categories, and errors with all four keys."""

from typing import Any

import pytest
from pytest_django import Settings

from classifier.core.errors import NoWorker, ScoreTimeout
from classifier.models import Comment, ModelVersion
from classifier.tests.dialects.conftest import MODERATIONS, SCORES, Sender

COVERED = {
    "harassment": 0.75,
    "harassment/threatening": SCORES["threat"],
    "hate": SCORES["identity_hate"],
    "violence": SCORES["threat"],
}
EVERY = [
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors"),
    *("violence", "violence/graphic"),
]
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


def test_every_category_is_there_and_says_whether_a_label_covers_it(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    body = sender.post(MODERATIONS, {"input": "you idiot", "model": "omni-moderation-latest"}).json()
    assert body.keys() == {"id", "model", "results"}
    assert body["id"].startswith("modr-")
    assert body["model"] == active_version.version
    (result,) = body["results"]
    known = {"flagged", "categories", "category_scores", "category_applied_input_types"}
    assert result.keys() == known | {"moderation"}
    for part in ("categories", "category_scores", "category_applied_input_types"):
        assert list(result[part]) == EVERY
    assert {name: value for name, value in result["category_scores"].items() if value} == COVERED
    applied = result["category_applied_input_types"]
    assert {name for name, kinds in applied.items() if kinds == ["text"]} == set(COVERED)
    assert {name for name, kinds in applied.items() if kinds == []} == set(EVERY) - set(COVERED)
    assert result["flagged"] is True
    assert [name for name, value in result["categories"].items() if value] == ["harassment"]
    assert not Comment.objects.exists()


def test_each_category_is_judged_by_its_labels_own_threshold(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    active_version.thresholds |= {"toxic": 0.9, "insult": 0.9, "identity_hate": 0.3}
    active_version.save()
    (result,) = sender.post(MODERATIONS, {"input": "x"}).json()["results"]
    assert [name for name, value in result["categories"].items() if value] == ["hate"]
    assert result["flagged"] is False, "the site's policy looks at the primary label only"


def test_many_strings_give_one_result_each_in_order(sender: Sender, asked: list[list[str]]) -> None:
    results = sender.post(MODERATIONS, {"input": ["a", "by half", "c"]}).json()["results"]
    assert [result["category_scores"]["harassment"] for result in results] == [0.75, 0.375, 0.75]
    assert [result["flagged"] for result in results] == [True, False, True]
    assert len(asked) == 1


def test_a_list_of_parts_is_one_input(sender: Sender, asked: list[list[str]]) -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert len(sender.post(MODERATIONS, {"input": parts}).json()["results"]) == 1
    assert asked == [["one\ntwo"]]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": 3}, "input"),
        ({"input": ["a", " "]}, "input[1]"),
        ({"input": ["a", "b\x00"]}, "input[1]"),
        ({"input": "\ud800"}, "input"),
        ({"input": ["a", 3]}, "input[0]"),
        ({"input": [["a"]]}, "input[0]"),
        ({"input": [IMAGE, IMAGE]}, "input[0]"),
        ({"input": [{"type": "text", "text": " "}, IMAGE]}, "input"),
        ({"input": [{"type": "audio"}]}, "input[0].type"),
        ({"input": [{"type": "text", "text": 3}]}, "input[0].text"),
        ({"input": ["a"] * 1_001}, "input"),
        ({"input": "a" * 20_481}, "input"),
        ({"input": ["a", "endless"]}, "input[1]"),
        ({"input": "a", "model": 3}, "model"),
        ({"input": "a", "n": 3}, None),
        ([], None),
        (b"{", None),
        (b"[" * 100_000, None),
    ],
)
def test_a_wrong_request_names_the_parameter(
    sender: Sender, asked: list[list[str]], body: Any, param: str | None
) -> None:
    response = sender.post(MODERATIONS, body)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["message"]
    assert error == {
        "message": error["message"],
        "type": "invalid_request_error",
        "param": param,
        "code": None,
    }


def test_an_image_alone_is_refused_clearly(sender: Sender, asked: list[list[str]]) -> None:
    error = sender.post(MODERATIONS, {"input": [IMAGE]}).json()["error"]
    assert error["message"] == (
        "This server reads text only; it cannot moderate images. "
        "Send an image beside text, and the text alone is read."
    )
    assert asked == []


def test_beside_text_an_image_is_skipped_and_counted(sender: Sender, asked: list[list[str]]) -> None:
    parts = [IMAGE, {"type": "text", "text": "you idiot"}, IMAGE]
    response = sender.post(MODERATIONS, {"input": parts})
    assert response.status_code == 200
    (result,) = response.json()["results"]
    assert result["flagged"] is True
    kinds = {kind for applied in result["category_applied_input_types"].values() for kind in applied}
    assert kinds == {"text"}
    assert response.headers["Toxicsite-Skipped-Parts"] == "image_url=2"
    assert asked == [["you idiot"]]
    plain = sender.post(MODERATIONS, {"input": parts[1:2]})
    assert "Toxicsite-Skipped-Parts" not in plain.headers


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer sk-nobody", "Basic abc"])
def test_a_missing_or_wrong_key_is_a_401(sender: Sender, header: str) -> None:
    response = sender.post(MODERATIONS, {"input": "a"}, Authorization=header)
    error = response.json()["error"]
    assert response.status_code == 401
    assert (error["type"], error["code"], error["param"]) == (
        "invalid_request_error",
        "invalid_api_key",
        None,
    )
    assert "nobody" not in error["message"]


def test_over_the_quota_it_is_a_429_with_retry_after(
    sender: Sender, asked: list[list[str]], settings: Settings
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    sender.post(MODERATIONS, {"input": "a"})
    response = sender.post(MODERATIONS, {"input": "a"})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["type"]) == (429, "rate_limit_exceeded", "requests")
    assert error.keys() == {"message", "type", "param", "code"}
    assert int(response.headers["Retry-After"]) > 0


def test_texts_beyond_the_days_quota_are_not_scored(sender: Sender, asked: list[list[str]]) -> None:
    sender.key.texts_per_day = 2
    sender.key.save()
    assert sender.post(MODERATIONS, {"input": ["a", "b"]}).status_code == 200
    response = sender.post(MODERATIONS, {"input": "c"})
    assert (response.status_code, response.json()["error"]["type"]) == (429, "texts")
    assert len(asked) == 1


@pytest.mark.parametrize("error", [NoWorker(), ScoreTimeout()])
def test_without_a_verdict_it_is_a_503_server_error(
    sender: Sender, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr("classifier.dialects.scoring.score_texts", fail)
    response = sender.post(MODERATIONS, {"input": "a"})
    assert response.status_code == 503
    assert response.json()["error"]["type"] == "server_error"
    assert response.json()["error"].keys() == {"message", "type", "param", "code"}
