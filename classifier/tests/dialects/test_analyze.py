"""Every field of an analyze request that works, and everything a strict client looks for in the response."""

from typing import Any

import pytest

from classifier.models import ModelVersion
from classifier.policies.services import policy_save
from classifier.tests.dialects.conftest import ANALYZE, SCORES, Sender

NAMES = {
    "TOXICITY": "toxic",
    "SEVERE_TOXICITY": "severe_toxic",
    "IDENTITY_ATTACK": "identity_hate",
    "INSULT": "insult",
    "PROFANITY": "obscene",
    "THREAT": "threat",
}


def request(text: str = "you idiot", **fields: Any) -> dict[str, Any]:
    return {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, "doNotStore": True, **fields}


def spans(body: dict[str, Any], name: str = "TOXICITY") -> list[tuple[int, int]]:
    return [(span["begin"], span["end"]) for span in body["attributeScores"][name]["spanScores"]]


def test_the_reply_has_every_key_in_the_form_that_clients_read(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    response = sender.post(ANALYZE, request("you idiot"))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    score = {"value": 0.75, "type": "PROBABILITY"}
    assert response.json() == {
        "attributeScores": {
            "TOXICITY": {"spanScores": [{"begin": 0, "end": 9, "score": score}], "summaryScore": score}
        },
        "languages": ["en"],
        "detectedLanguages": ["und"],
        "modelVersion": active_version.version,
        "moderation": {"action": "review", "flagged": True, "policyVersion": 1, "rules": []},
    }
    assert asked == [["you idiot"]]


@pytest.mark.parametrize("suffix", ["", "@6", "@latest", "_EXPERIMENTAL", "_EXPERIMENTAL@2"])
@pytest.mark.parametrize("name", NAMES)
def test_each_attribute_gives_its_label_under_the_name_that_was_asked_for(
    sender: Sender, asked: list[list[str]], name: str, suffix: str
) -> None:
    body = sender.post(ANALYZE, request(requestedAttributes={name + suffix: {}})).json()
    assert list(body["attributeScores"]) == [name + suffix]
    assert body["attributeScores"][name + suffix]["summaryScore"]["value"] == SCORES[NAMES[name]]


def test_a_score_below_the_threshold_is_left_out(sender: Sender, asked: list[list[str]]) -> None:
    wanted = {
        "TOXICITY": {"scoreThreshold": 0.76},
        "INSULT": {"scoreThreshold": 0.625},
        "THREAT": {"scoreType": "PROBABILITY", "scoreThreshold": 0},
    }
    body = sender.post(ANALYZE, request(requestedAttributes=wanted)).json()
    assert set(body["attributeScores"]) == {"INSULT", "THREAT"}


def test_a_span_below_the_threshold_is_left_out_too(sender: Sender, asked: list[list[str]]) -> None:
    wanted = {"TOXICITY": {"scoreThreshold": 0.7}}
    text = "A whole one. By half."
    asked_for = request(text, requestedAttributes=wanted, spanAnnotations=True)
    body = sender.post(ANALYZE, asked_for).json()
    assert body["attributeScores"] == {}, "the whole text says half, so all of it is below"
    body = sender.post(
        ANALYZE, request("Rain. Sun.", requestedAttributes=wanted, spanAnnotations=True)
    ).json()
    assert spans(body) == [(0, 5), (6, 10)]


@pytest.mark.parametrize("languages", [["en"], ["en-GB"], ["EN_us", "en"]])
def test_languages_that_were_asked_for_come_back(
    sender: Sender, asked: list[list[str]], languages: list[str]
) -> None:
    body = sender.post(ANALYZE, request(languages=languages)).json()
    assert (body["languages"], body["detectedLanguages"]) == (languages, ["und"])


GERMAN = "Der Nachbar mäht schon wieder seinen Rasen"


def test_a_language_that_is_identified_and_not_known_is_an_error_unless_the_policy_judges_it(
    sender: Sender, asked: list[list[str]]
) -> None:
    error = sender.post(ANALYZE, request(GERMAN)).json()["error"]
    assert error["message"] == "Attribute TOXICITY does not support request languages: de"
    detail = error["details"][0]
    assert detail["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    assert detail["languageNotSupportedByAttributeError"] == {
        "detectedLanguages": ["de"],
        "attribute": "TOXICITY",
    }
    dropped = sender.post(ANALYZE, request(GERMAN, dropUnsupportedAttributes=True)).json()
    assert (dropped["attributeScores"], dropped["detectedLanguages"]) == ({}, ["de"])
    assert dropped["moderation"]["action"] == "review"
    policy_save(source=None, bands={"toxic": {"review": 0.5}}, unknown_language="judge", by=None)
    judged = sender.post(ANALYZE, request(GERMAN)).json()
    assert judged["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == SCORES["toxic"]
    assert judged["detectedLanguages"] == ["de"]


def test_the_language_that_the_caller_states_counts_before_the_one_that_is_identified(
    sender: Sender, asked: list[list[str]]
) -> None:
    body = sender.post(ANALYZE, request(GERMAN, languages=["en"])).json()
    assert (body["languages"], body["detectedLanguages"]) == (["en"], ["de"])
    assert "TOXICITY" in body["attributeScores"]


def test_a_language_that_is_no_list_is_a_list_of_one(sender: Sender, asked: list[list[str]]) -> None:
    assert sender.post(ANALYZE, request(languages="en")).json()["languages"] == ["en"]


def test_the_languages_are_those_of_the_manifest_where_it_names_some(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    active_version.manifest["languages"] = ["it", "de"]
    active_version.save()
    assert sender.post(ANALYZE, request()).json()["languages"] == ["it"]
    assert sender.post(ANALYZE, request(languages=["de"])).status_code == 200
    assert sender.post(ANALYZE, request(languages=["en"])).status_code == 400


def test_unsupported_attributes_are_dropped_when_that_was_asked_for(
    sender: Sender, asked: list[list[str]]
) -> None:
    wanted: dict[str, Any] = {"TOXICITY": {}, "FLIRTATION": {}, "SEXUALLY_EXPLICIT": {}}
    body = sender.post(ANALYZE, request(requestedAttributes=wanted, dropUnsupportedAttributes=True)).json()
    assert set(body["attributeScores"]) == {"TOXICITY"}
    body = sender.post(ANALYZE, request(languages=["it"], dropUnsupportedAttributes=True)).json()
    assert (body["attributeScores"], body["languages"]) == ({}, ["it"])


def test_the_client_token_comes_back(sender: Sender, asked: list[list[str]]) -> None:
    assert sender.post(ANALYZE, request(clientToken="a-1")).json()["clientToken"] == "a-1"
    assert "clientToken" not in sender.post(ANALYZE, request()).json()


def test_context_session_and_community_are_accepted(sender: Sender, asked: list[list[str]]) -> None:
    entry = {"text": "An article", "type": "PLAIN_TEXT"}
    for context in (
        {"entries": [entry]},
        {"articleAndParentComment": {"article": entry, "parentComment": entry}},
    ):
        sent = request(context=context, sessionId="s", communityId="forum.example/a b")
        assert sender.post(ANALYZE, sent).status_code == 200


def test_snake_case_and_null_are_read_as_protocol_buffers_read_them(
    sender: Sender, asked: list[list[str]]
) -> None:
    sent = {
        "comment": {"text": "hello", "type": None},
        "requested_attributes": {
            "TOXICITY": {"score_type": "PROBABILITY", "scoreThreshold": None},
            "INSULT": None,
        },
        "do_not_store": True,
        "languages": None,
    }
    assert set(sender.post(ANALYZE, sent).json()["attributeScores"]) == {"TOXICITY", "INSULT"}


@pytest.mark.parametrize("query", ["alt=json", "prettyPrint=false", "fields=x", "quotaUser=u", "$.xgafv=2"])
def test_googles_usual_parameters_change_nothing(sender: Sender, asked: list[list[str]], query: str) -> None:
    assert sender.post(f"{ANALYZE}?{query}", request()).json() == sender.post(ANALYZE, request()).json()


@pytest.mark.parametrize("place", ["query", "X-Goog-Api-Key", "Authorization"])
def test_the_key_may_stand_where_googles_clients_put_it(
    sender: Sender, asked: list[list[str]], place: str
) -> None:
    path = f"{ANALYZE}?key={sender.plaintext}" if place == "query" else ANALYZE
    bearer = f"Bearer {sender.plaintext}" if place == "Authorization" else ""
    headers = {"X-Goog-Api-Key": sender.plaintext} if place == "X-Goog-Api-Key" else {}
    response = sender.post(path, request(), **{"Authorization": bearer, **headers})
    assert response.status_code == 200


def test_each_reply_says_what_is_left_of_the_quota(sender: Sender, asked: list[list[str]]) -> None:
    first, second = (sender.post(ANALYZE, request()).headers for _ in range(2))
    assert int(first["RateLimit-Remaining"]) - int(second["RateLimit-Remaining"]) == 1
    assert "Access-Control-Allow-Origin" not in first
