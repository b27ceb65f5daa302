"""Azure's text:analyze on the wire: severities, categories, blocklists of a call, versions and errors."""

from dataclasses import replace
from typing import Any

import pytest
from pytest_django import Settings

from classifier.api_keys.services import api_key_create, api_key_update
from classifier.core.errors import NoWorker, ScoreTimeout
from classifier.dialects.azure.lists import ItemDraft, items_save, list_save
from classifier.dialects.azure.severity import severities, severity_of
from classifier.models import Comment, ModelVersion, Rule, RuleList, Source, User
from classifier.policies.rules import rule_create, rule_disable
from classifier.scoring.score_texts import ScoredText
from classifier.tests.dialects.conftest import SCORES, Sender, verdict

ANALYZE = "/contentsafety/text:analyze?api-version=2024-09-01"
ALL = ["Hate", "SelfHarm", "Sexual", "Violence"]


def severity(response: Any) -> dict[str, int]:
    assert response.status_code == 200, response.content
    return {row["category"]: row["severity"] for row in response.json()["categoriesAnalysis"]}


def error(response: Any) -> tuple[int, str]:
    """Return status and code of an error, whose form is Azure's."""
    assert response.headers["Content-Type"].startswith("application/json")
    body = response.json()
    assert list(body) == ["error"]
    assert body["error"]["message"]
    assert response.headers["x-ms-error-code"] == body["error"]["code"]
    return response.status_code, body["error"]["code"]


@pytest.fixture
def filled(owner: User) -> RuleList:
    row, _ = list_save(name="words", description=None, source=None, by=None)
    items_save(row=row, drafts=[ItemDraft("moron"), ItemDraft("bonehead")], by=None)
    return row


@pytest.mark.parametrize(
    ("score", "expected"), [(0.0, 0), (0.19, 0), (0.2, 1), (0.39, 1), (0.4, 4), (0.69, 4), (0.7, 5), (1.0, 5)]
)
def test_a_severity_follows_the_labels_own_threshold(score: float, expected: int) -> None:
    assert severity_of(score, 0.4, 4) == expected


def test_a_category_has_the_highest_severity_of_its_labels() -> None:
    thresholds = dict.fromkeys(SCORES, 0.5) | {"concern": 0.5}
    scores = dict.fromkeys(SCORES, 0.0)
    assert set(severities(scores, thresholds).values()) == {0}
    assert severities(scores | {"insult": 0.6}, thresholds)["Hate"] == 2
    assert severities(scores | {"insult": 0.9, "identity_hate": 0.5}, thresholds)["Hate"] == 4
    assert severities(scores | {"severe_toxic": 0.9}, thresholds)["Hate"] == 7
    assert severities(scores | {"threat": 0.5, "concern": 0.9}, thresholds) == {
        "Hate": 0,
        "SelfHarm": 5,
        "Sexual": 0,
        "Violence": 4,
    }


def test_four_levels_are_the_eight_rounded_down(sender: Sender, asked: list[list[str]]) -> None:
    eight = severity(sender.post(ANALYZE, {"text": "you", "outputType": "EightSeverityLevels"}))
    four = severity(sender.post(ANALYZE, {"text": "you"}))
    assert list(eight) == list(four) == ALL
    assert four == {name: value // 2 * 2 for name, value in eight.items()}
    assert four["Hate"] >= 2
    assert all(type(value) is int for value in eight.values())


def test_only_the_categories_asked_for_are_answered(sender: Sender, asked: list[list[str]]) -> None:
    assert list(severity(sender.post(ANALYZE, {"text": "you", "categories": []}))) == ALL
    assert list(severity(sender.post(ANALYZE, {"text": "you", "categories": None}))) == ALL
    some = {"text": "you", "categories": ["Violence", "Hate", "Hate"]}
    assert list(severity(sender.post(ANALYZE, some))) == ["Hate", "Violence"]


def test_a_category_that_no_label_covers_is_named(sender: Sender, asked: list[list[str]]) -> None:
    response = sender.post(ANALYZE, {"text": "you"})
    assert response.headers["Toxicsite-Missing-Attributes"] == "SelfHarm=0, Sexual=0"
    hate = sender.post(ANALYZE, {"text": "you", "categories": ["Hate"]})
    assert "Toxicsite-Missing-Attributes" not in hate.headers


def test_a_text_about_own_hurt_is_self_harm(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hurt(**more: Any) -> list[Any]:
        scored = verdict("half", active_version)
        assert isinstance(scored, ScoredText)
        return [replace(scored, concern_score=0.6)]

    monkeypatch.setattr("classifier.dialects.scoring.score_texts", hurt)
    response = sender.post(ANALYZE, {"text": "half"})
    assert severity(response)["SelfHarm"] == 4
    assert response.headers["Toxicsite-Missing-Attributes"] == "Sexual=0"


def test_nothing_is_stored(sender: Sender, asked: list[list[str]]) -> None:
    sender.post(ANALYZE, {"text": "you"})
    assert not Comment.objects.exists()
    assert asked == [["you"]]


def test_the_hits_of_the_named_lists_are_told(
    sender: Sender, asked: list[list[str]], filled: RuleList
) -> None:
    other, _ = list_save(name="others", description=None, source=None, by=None)
    items_save(row=other, drafts=[ItemDraft("moron")], by=None)
    rule_create(name="of no list", kind="phrase", pattern="moron", by=None)
    body = sender.post(ANALYZE, {"text": "half a m0r0n", "blocklistNames": ["words"]}).json()
    [match] = body["blocklistsMatch"]
    assert match == {
        "blocklistName": "words",
        "blocklistItemId": str(filled.rules.get(pattern="moron").item_id),
        "blocklistItemText": "moron",
    }
    assert [row["category"] for row in body["categoriesAnalysis"]] == ALL
    assert sender.post(ANALYZE, {"text": "half a moron"}).json()["blocklistsMatch"] == []
    both = {"text": "bonehead and moron", "blocklistNames": ["others", "words"]}
    matches = sender.post(ANALYZE, both).json()["blocklistsMatch"]
    assert [(row["blocklistName"], row["blocklistItemText"]) for row in matches] == [
        ("others", "moron"),
        ("words", "moron"),
        ("words", "bonehead"),
    ]


def test_a_halt_on_a_hit_asks_no_worker(sender: Sender, asked: list[list[str]], filled: RuleList) -> None:
    sent = {"text": "you moron", "blocklistNames": ["words"], "haltOnBlocklistHit": True}
    body = sender.post(ANALYZE, sent).json()
    assert body["categoriesAnalysis"] == []
    assert len(body["blocklistsMatch"]) == 1
    assert asked == []
    calm = sender.post(ANALYZE, {**sent, "text": "you there"}).json()
    assert len(calm["categoriesAnalysis"]) == 4


def test_a_rule_that_an_operator_switched_off_hits_nothing(
    sender: Sender, asked: list[list[str]], filled: RuleList
) -> None:
    rule_disable(rule=Rule.objects.get(pattern="moron"), by=None)
    body = sender.post(ANALYZE, {"text": "a moron", "blocklistNames": ["words"]}).json()
    assert body["blocklistsMatch"] == []


def test_a_name_that_is_no_list_is_an_error(sender: Sender, asked: list[list[str]], filled: RuleList) -> None:
    response = sender.post(ANALYZE, {"text": "a moron", "blocklistNames": ["words", "wrods"]})
    assert error(response) == (404, "ResourceNotFound")
    assert "'wrods'" in response.json()["error"]["message"]
    assert asked == []


def test_a_key_of_one_source_sees_its_lists_and_those_for_all(
    owner: User, asked: list[list[str]], filled: RuleList
) -> None:
    own, other = (Source.objects.create(slug=slug, name=slug) for slug in ("own", "other"))
    mine, _ = list_save(name="mine", description=None, source=own, by=None)
    items_save(row=mine, drafts=[ItemDraft("numbskull")], by=None)
    list_save(name="theirs", description=None, source=other, by=None)
    key, plaintext = api_key_create(name="confined", owner=owner, scopes=["score"], sources=[own])
    sender = Sender(plaintext, key)
    sent = {"text": "moron, numbskull", "blocklistNames": ["mine", "words"]}
    matches = sender.post(ANALYZE, sent).json()["blocklistsMatch"]
    assert [row["blocklistName"] for row in matches] == ["mine", "words"]
    response = sender.post(ANALYZE, {"text": "x", "blocklistNames": ["theirs"]})
    assert error(response) == (404, "ResourceNotFound")


def test_the_policy_is_told_and_lifts_where_the_key_says_so(
    sender: Sender, asked: list[list[str]], filled: RuleList
) -> None:
    response = sender.post(ANALYZE, {"text": "half a moron"})
    assert severity(response)["Hate"] < 4
    assert response.json()["moderation"] == {
        "action": "review",
        "flagged": True,
        "policyVersion": 1,
        "rules": ["words: moron"],
    }
    assert response.headers["Toxicsite-Policy"].startswith("action=review")
    fields = {
        name: getattr(sender.key, name)
        for name in ("name", "requests_per_minute", "texts_per_day", "expires_at")
    }
    api_key_update(api_key=sender.key, **fields, sources=[], lifts_scores=True, by=None)
    assert severity(sender.post(ANALYZE, {"text": "half a moron"}))["Hate"] == 4
    assert severity(sender.post(ANALYZE, {"text": "half fine"}))["Hate"] < 4


@pytest.mark.parametrize("path", ["/contentsafety", "//contentsafety"])
@pytest.mark.parametrize("version", ["2023-10-01", "2024-09-01"])
def test_both_versions_and_an_endpoint_with_a_slash_work(
    sender: Sender, asked: list[list[str]], path: str, version: str
) -> None:
    response = sender.client.generic(
        "POST",
        "/",
        b'{"text": "you"}',
        content_type="application/json",
        headers={"Ocp-Apim-Subscription-Key": sender.plaintext},
        PATH_INFO=f"{path}/text:analyze",
        QUERY_STRING=f"api-version={version}",
    )
    assert list(severity(response)) == ALL


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "MissingApiVersion"),
        ("?api-version=", "MissingApiVersion"),
        ("?api-version=2023-04-30-preview", "UnsupportedApiVersion"),
    ],
)
def test_another_version_is_refused_and_the_known_ones_named(
    sender: Sender, asked: list[list[str]], query: str, code: str
) -> None:
    response = sender.post(f"/contentsafety/text:analyze{query}", {"text": "you"})
    assert error(response) == (400, code)
    assert "2023-10-01 and 2024-09-01" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": 7}, "text"),
        ({"text": "\x00"}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"text": "x", "categories": "Hate"}, "categories"),
        ({"text": "x", "categories": ["hate"]}, "categories"),
        ({"text": "x", "categories": [1]}, "categories[0]"),
        ({"text": "x", "outputType": "SixSeverityLevels"}, "outputType"),
        ({"text": "x", "haltOnBlocklistHit": "yes"}, "haltOnBlocklistHit"),
        ({"text": "x", "blocklistNames": [{}]}, "blocklistNames[0]"),
        ({"text": "x", "blocklistNames": [str(number) for number in range(101)]}, "blocklistNames"),
    ],
)
def test_an_error_names_the_field(
    sender: Sender, asked: list[list[str]], body: dict[str, Any], field: str
) -> None:
    response = sender.post(ANALYZE, body)
    assert error(response) == (400, "InvalidRequestBody")
    assert field in response.json()["error"]["message"]
    assert asked == []


def test_ten_thousand_code_points_are_counted_and_not_bytes(sender: Sender, asked: list[list[str]]) -> None:
    assert sender.post(ANALYZE, {"text": "\U0001f600" * 10_000}).status_code == 200


def test_a_program_without_a_csrf_token_is_answered(sender: Sender, asked: list[list[str]]) -> None:
    sender.client.handler.enforce_csrf_checks = True
    assert sender.post(ANALYZE, {"text": "you"}).status_code == 200


def test_bad_keys_and_scopes(sender: Sender, asked: list[list[str]], owner: User) -> None:
    stranger = sender.client.post(
        ANALYZE, b"{}", content_type="application/json", headers={"Ocp-Apim-Subscription-Key": "nobody"}
    )
    assert error(stranger) == (401, "401")
    assert stranger.json()["error"]["message"].startswith("Access denied due to invalid subscription key")
    key, plaintext = api_key_create(name="submits", owner=owner, scopes=["submit"])
    assert error(Sender(plaintext, key).post(ANALYZE, {"text": "x"})) == (403, "PermissionDenied")


@pytest.mark.parametrize("failure", [NoWorker("none"), ScoreTimeout("late")])
def test_a_busy_server_asks_for_a_short_wait(
    sender: Sender, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """Azure's client sleeps as long as Retry-After says, three times."""

    def fail(**_: Any) -> None:
        raise failure

    monkeypatch.setattr("classifier.dialects.scoring.score_texts", fail)
    response = sender.post(ANALYZE, {"text": "you"})
    assert error(response) == (503, "ServerBusy")
    assert response.headers.get("Retry-After") in (None, "1")


def test_a_days_quota_does_not_put_a_client_to_sleep_until_midnight(
    owner: User, asked: list[list[str]]
) -> None:
    key, plaintext = api_key_create(name="one", owner=owner, scopes=["score"], texts_per_day=1)
    sender = Sender(plaintext, key)
    assert sender.post(ANALYZE, {"text": "one"}).status_code == 200
    response = sender.post(ANALYZE, {"text": "two"})
    assert error(response) == (429, "TooManyRequests")
    assert int(response.headers.get("Retry-After", 0)) <= 60


def test_what_django_answers_has_azures_form(sender: Sender, settings: Settings) -> None:
    assert error(sender.post("/contentsafety/text:shieldPrompt?api-version=2024-09-01", {})) == (
        404,
        "ResourceNotFound",
    )
    assert error(sender.client.get(ANALYZE)) == (405, "MethodNotAllowed")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    assert error(sender.post(ANALYZE, b"x" * 11)) == (413, "RequestBodyTooLarge")
