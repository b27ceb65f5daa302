"""Real attributes of Perspective without a label here: left out, refused or a constant, and always told."""

from typing import Any

import pytest

from classifier.models import ApiKey, ModelVersion
from classifier.tests.dialects.conftest import ANALYZE, SCORES, Sender
from classifier.tests.dialects.test_analyze import request, spans
from classifier.tests.dialects.test_perspective_errors import invalid

HEADER = "Toxicsite-Missing-Attributes"
UNCOVERED = [
    *("SPAM", "SEXUALLY_EXPLICIT", "FLIRTATION", "TOXICITY_FAST", "ATTACK_ON_AUTHOR", "ATTACK_ON_COMMENTER"),
    *("INCOHERENT", "INFLAMMATORY", "LIKELY_TO_REJECT", "OBSCENE", "UNSUBSTANTIAL"),
    *("ATTACK_ON_PUBLISHER", "OFF_TOPIC"),
    *("AFFINITY_EXPERIMENTAL", "COMPASSION_EXPERIMENTAL", "CURIOSITY_EXPERIMENTAL", "NUANCE_EXPERIMENTAL"),
    *("PERSONAL_STORY_EXPERIMENTAL", "REASONING_EXPERIMENTAL", "RESPECT_EXPERIMENTAL", "SPAM@1"),
    *("ALIENATION_EXPERIMENTAL", "FEARMONGERING_EXPERIMENTAL", "GENERALIZATION_EXPERIMENTAL"),
    *("MORAL_OUTRAGE_EXPERIMENTAL", "POWER_APPEAL_EXPERIMENTAL", "SCAPEGOATING_EXPERIMENTAL"),
]


def wanted(*names: str, **fields: Any) -> dict[str, Any]:
    return request(requestedAttributes={name: {} for name in names}, **fields)


def choose(sender: Sender, choice: str, constant: float | None = None) -> None:
    ApiKey.objects.filter(pk=sender.key.pk).update(missing_attributes=choice, missing_constant=constant)


def test_the_others_are_answered_and_what_is_left_out_is_told(sender: Sender, asked: list[list[str]]) -> None:
    """[cases: dialect_compat-01]"""
    response = sender.post(ANALYZE, wanted("TOXICITY", "INSULT", "SEXUALLY_EXPLICIT", languages=["en"]))
    body = response.json()
    assert response.status_code == 200
    assert set(body["attributeScores"]) == {"TOXICITY", "INSULT"}
    assert body["missingAttributes"] == {"SEXUALLY_EXPLICIT": None}
    assert response.headers[HEADER] == "SEXUALLY_EXPLICIT"


def test_every_real_attribute_is_known_and_no_made_up_one(sender: Sender, asked: list[list[str]]) -> None:
    response = sender.post(ANALYZE, wanted("THREAT", *UNCOVERED))
    assert response.json()["missingAttributes"] == dict.fromkeys(UNCOVERED)
    assert response.headers[HEADER] == ", ".join(UNCOVERED)
    for name in ("NOISE", "SPAMMY", "spam", "SPAM@", "APPROVED", "_EXPERIMENTAL", ""):
        response = sender.post(ANALYZE, wanted("TOXICITY", name))
        assert response.content == invalid(f"Unknown requested attribute: {name}")


def test_a_call_for_missing_ones_alone_has_an_empty_answer(sender: Sender, asked: list[list[str]]) -> None:
    response = sender.post(ANALYZE, wanted("SPAM", "FLIRTATION", spanAnnotations=True))
    assert (response.status_code, response.json()["attributeScores"]) == (200, {})
    assert response.headers[HEADER] == "SPAM, FLIRTATION"


def test_what_is_not_missing_is_not_told(sender: Sender, asked: list[list[str]]) -> None:
    response = sender.post(ANALYZE, wanted("TOXICITY"))
    assert HEADER not in response.headers
    assert "missingAttributes" not in response.json()


def test_a_label_that_the_active_version_happens_not_to_have_is_missing_too(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    active_version.labels = ["toxic"]
    active_version.save()
    response = sender.post(ANALYZE, wanted("TOXICITY", "THREAT@2", languages=["en"]))
    assert set(response.json()["attributeScores"]) == {"TOXICITY"}
    assert response.json()["missingAttributes"] == {"THREAT@2": None}


def test_so_is_one_that_the_version_which_answered_does_not_have(
    sender: Sender, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version may become active between the look at its labels and the verdict."""
    choose(sender, "constant", 0.25)
    monkeypatch.setitem(SCORES, "threat", 0.0)
    monkeypatch.delitem(SCORES, "threat")
    response = sender.post(ANALYZE, wanted("TOXICITY", "THREAT"))
    assert response.json()["attributeScores"]["THREAT"]["summaryScore"]["value"] == 0.25
    assert response.headers[HEADER] == "THREAT=0.25"


def test_a_key_that_refuses_names_the_attribute_and_scores_nothing(
    sender: Sender, asked: list[list[str]]
) -> None:
    choose(sender, "refuse")
    response = sender.post(ANALYZE, wanted("TOXICITY", "SPAM"))
    error = response.json()["error"]
    assert (response.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["message"].startswith("Unknown requested attribute: SPAM (no label")
    assert error["details"][0]["errorType"] == "INVALID_REQUEST"
    assert asked == []
    assert HEADER not in response.headers


def test_a_constant_is_named_as_one(sender: Sender, asked: list[list[str]]) -> None:
    choose(sender, "constant", 0.5)
    response = sender.post(ANALYZE, wanted("TOXICITY", "SPAM"))
    body = response.json()
    score = {"value": 0.5, "type": "PROBABILITY"}
    assert body["attributeScores"]["SPAM"] == {
        "spanScores": [{"begin": 0, "end": 9, "score": score}],
        "summaryScore": score,
    }
    assert body["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == SCORES["toxic"]
    assert body["missingAttributes"] == {"SPAM": 0.5}
    assert response.headers[HEADER] == "SPAM=0.5"


def test_a_constant_obeys_threshold_and_spans_as_scores_do(sender: Sender, asked: list[list[str]]) -> None:
    choose(sender, "constant", 0.0)
    names = {"SPAM": {"scoreThreshold": 0.1}, "FLIRTATION": {"scoreThreshold": 0}}
    sent = request("Rain. Sun.", requestedAttributes=names, spanAnnotations=True)
    body = sender.post(ANALYZE, sent).json()
    assert set(body["attributeScores"]) == {"FLIRTATION"}
    assert spans(body, "FLIRTATION") == [(0, 5), (6, 10)]
    assert body["missingAttributes"] == {"SPAM": 0.0, "FLIRTATION": 0.0}


@pytest.mark.parametrize("choice", ["leave_out", "refuse", "constant"])
def test_dropping_goes_before_the_setting_of_the_key(
    sender: Sender, asked: list[list[str]], choice: str
) -> None:
    choose(sender, choice, 0.5)
    response = sender.post(ANALYZE, wanted("TOXICITY", "SPAM", "NOISE", dropUnsupportedAttributes=True))
    assert set(response.json()["attributeScores"]) == {"TOXICITY"}
    assert response.headers[HEADER] == "SPAM"


def test_a_missing_attribute_is_no_reason_for_a_language_error(
    sender: Sender, asked: list[list[str]]
) -> None:
    response = sender.post(ANALYZE, wanted("SPAM", languages=["it"]))
    assert (response.status_code, response.json()["languages"]) == (200, ["it"])
    response = sender.post(ANALYZE, wanted("SPAM", "TOXICITY", languages=["it"]))
    assert "Attribute TOXICITY does not support" in response.json()["error"]["message"]


def test_wrong_parameters_of_a_missing_attribute_are_refused_all_the_same(
    sender: Sender, asked: list[list[str]]
) -> None:
    response = sender.post(ANALYZE, request(requestedAttributes={"SPAM": {"scoreThreshold": "high"}}))
    assert "requestedAttributes.SPAM.scoreThreshold" in response.json()["error"]["message"]


def test_the_header_stays_short_however_many_are_asked_for(sender: Sender, asked: list[list[str]]) -> None:
    names = [f"SPAM@{number}" for number in range(20_000)]
    response = sender.post(ANALYZE, wanted(*names))
    assert response.status_code == 200
    assert len(response.headers[HEADER]) < 1_100
    assert response.headers[HEADER].endswith(" more")
    assert len(response.json()["missingAttributes"]) == 20_000
