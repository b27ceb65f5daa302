"""`comments:suggestscore`: what is kept, under which names, and what is refused."""

from typing import Any

import pytest

from classifier.api_keys.services import api_key_create
from classifier.models import ModelVersion, Source, Suggestion, User
from classifier.tests.dialects.conftest import SUGGEST, Sender
from classifier.tests.dialects.test_perspective_errors import EMPTY, TOO_LONG, invalid

pytestmark = pytest.mark.usefixtures("redis_clean", "active_version")


def score(value: Any) -> dict[str, Any]:
    return {"summaryScore": {"value": value, "type": "PROBABILITY"}}


def suggestion(**fields: Any) -> dict[str, Any]:
    return {"comment": {"text": "you idiot"}, "attributeScores": {"TOXICITY": score(1)}, **fields}


def test_a_suggestion_is_kept_with_everything_that_came_with_it(sender: Sender) -> None:
    context = {"entries": [{"text": "before"}]}
    sent = suggestion(
        attributeScores={"TOXICITY@6": score(1.0), "IDENTITY_ATTACK_EXPERIMENTAL": score(0)},
        context=context,
        languages=["en"],
        communityId="forum",
        clientToken="t",
        sessionId="s",
    )
    response = sender.post(SUGGEST, sent)
    assert response.json() == {"clientToken": "t", "detectedLanguages": ["und"], "requestedLanguages": ["en"]}
    kept = Suggestion.objects.get()
    assert (kept.text, kept.source.slug, kept.languages) == ("you idiot", "forum", ["en"])
    assert kept.labels == {"toxic": 1.0, "identity_hate": 0.0}
    assert kept.context == {"context": context, "communityId": "forum", "sessionId": "s"}
    assert (kept.by, kept.api_key) == (sender.key.owner, sender.key)


def test_the_least_that_can_be_sent_is_enough(sender: Sender) -> None:
    response = sender.post(SUGGEST, suggestion())
    assert response.json() == {"detectedLanguages": ["und"], "requestedLanguages": []}
    assert Suggestion.objects.get().source.slug == "perspective"


def test_spans_alone_suggest_their_highest_score(sender: Sender) -> None:
    spans = [{"begin": 0, "end": 3, "score": {"value": 0.2}}, {"begin": 4, "end": 9, "score": {"value": 0.9}}]
    sender.post(SUGGEST, suggestion(attributeScores={"INSULT": {"spanScores": spans}}))
    assert Suggestion.objects.get().labels == {"insult": 0.9}


def test_tags_are_stripped(sender: Sender) -> None:
    sender.post(SUGGEST, suggestion(comment={"text": "<b>you idiot</b>", "type": "HTML"}))
    assert Suggestion.objects.get().text == "you idiot"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"comment": {"text": ""}}, EMPTY),
        ({"comment": {"text": "a" * 23_368}}, TOO_LONG),
        ({"attributeScores": {}}, invalid("Missing attribute_scores", "NO_REQUESTED_ATTRIBUTES")),
        ({"attributeScores": {"NOISE": score(1)}}, invalid("Unknown requested attribute: NOISE")),
        (
            {"attributeScores": {"THREAT": score(1.01)}},
            invalid("'attributeScores.THREAT.summaryScore.value' must be from 0 to 1"),
        ),
        (
            {"attributeScores": {"THREAT": score(True)}},
            invalid("Invalid value at 'attributeScores.THREAT.summaryScore.value' (TYPE_FLOAT)"),
        ),
        ({"attributeScores": {"THREAT": {}}}, invalid("Missing 'attributeScores.THREAT.summaryScore'")),
        (
            {"attributeScores": {"TOXICITY": score(1), "TOXICITY@2": score(0)}},
            invalid("Two attributes say different things of the same label: TOXICITY and TOXICITY@2"),
        ),
        ({"sessionId": "s" * 201}, invalid("'sessionId' has more than 200 characters")),
        ({"languages": ["en"] * 36}, invalid("'languages' is too long")),
        (
            {"doNotStore": True},
            invalid('Invalid JSON payload received. Unknown name "doNotStore": Cannot find field.'),
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(sender: Sender, fields: dict[str, Any], expected: bytes) -> None:
    response = sender.post(SUGGEST, suggestion(**fields))
    assert (response.status_code, response.content) == (400, expected)
    assert not Suggestion.objects.exists()


def test_a_label_that_the_active_version_lacks_can_be_suggested_all_the_same(
    sender: Sender, active_version: ModelVersion
) -> None:
    active_version.labels = ["toxic"]
    active_version.save()
    assert sender.post(SUGGEST, suggestion(attributeScores={"THREAT": score(1)})).status_code == 200


def only(**values: float) -> dict[str, Any]:
    return suggestion(attributeScores={name: score(value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("status", "label"), [("APPROVED", 0.0), ("HIGHLIGHTED", 0.0), ("DELETED", 1.0), ("REJECTED", 1.0)]
)
def test_a_status_speaks_of_the_primary_label(
    sender: Sender, active_version: ModelVersion, status: str, label: float
) -> None:
    assert sender.post(SUGGEST, only(**{status: 1})).status_code == 200
    assert Suggestion.objects.get().labels == {active_version.primary_label: label}


def test_what_coral_sends_about_its_moderators_is_kept(sender: Sender) -> None:
    """[cases: dialect_compat-03]"""
    sent = {
        "comment": {"text": "a fine reply"},
        "context": {"entries": [{"text": '{"url":"https://news.example/a"}'}]},
        "attributeScores": {"APPROVED": {"summaryScore": {"value": 1}}},
        "languages": ["en"],
        "communityId": "Coral:https://t.example",
        "clientToken": "comment:1",
    }
    response = sender.post(SUGGEST, sent)
    assert (response.status_code, response.json()["clientToken"]) == (200, "comment:1")
    kept = Suggestion.objects.get()
    assert (kept.text, kept.labels, kept.source.slug) == (
        "a fine reply",
        {"toxic": 0.0},
        "coralhttpstexample",
    )
    assert kept.context["context"] == sent["context"]


def test_a_status_that_did_not_happen_says_nothing(sender: Sender) -> None:
    response = sender.post(SUGGEST, only(APPROVED=0, DELETED=0))
    assert response.status_code == 200
    assert response.headers["Toxicsite-Missing-Attributes"] == "APPROVED, DELETED"
    assert not Suggestion.objects.exists()
    sender.post(SUGGEST, only(APPROVED=0, DELETED=1))
    assert Suggestion.objects.get().labels == {"toxic": 1.0}


def test_attributes_without_a_label_are_left_out_of_what_is_kept(sender: Sender) -> None:
    response = sender.post(SUGGEST, only(SPAM=1, INSULT=1, RESPECT_EXPERIMENTAL=0))
    assert response.headers["Toxicsite-Missing-Attributes"] == "SPAM, RESPECT_EXPERIMENTAL"
    assert Suggestion.objects.get().labels == {"insult": 1.0}


def test_a_suggestion_of_them_alone_is_accepted_and_not_kept(sender: Sender) -> None:
    response = sender.post(SUGGEST, only(SPAM=1))
    assert (response.status_code, response.json()["detectedLanguages"]) == (200, ["und"])
    assert not Suggestion.objects.exists()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"APPROVED": 1, "DELETED": 1}, "APPROVED and DELETED"),
        ({"REJECTED": 1, "TOXICITY": 0.2}, "TOXICITY and REJECTED"),
        ({"TOXICITY": 1, "HIGHLIGHTED": 1}, "TOXICITY and HIGHLIGHTED"),
    ],
)
def test_a_status_that_contradicts_is_named(sender: Sender, values: dict[str, float], named: str) -> None:
    response = sender.post(SUGGEST, only(**values))
    assert response.content == invalid(f"Two attributes say different things of the same label: {named}")
    assert not Suggestion.objects.exists()


def test_a_number_goes_before_a_status_that_agrees(sender: Sender) -> None:
    sender.post(SUGGEST, only(DELETED=1, TOXICITY=0.75, REJECTED=1))
    assert Suggestion.objects.get().labels == {"toxic": 0.75}


def test_without_a_community_it_goes_to_the_only_source_of_the_key(owner: User) -> None:
    own = Source.objects.create(slug="own", name="Own")
    key, plaintext = api_key_create(name="k", owner=owner, scopes=["submit"], sources=[own])
    assert Sender(plaintext, key).post(SUGGEST, suggestion()).status_code == 200
    assert Suggestion.objects.get().source == own
