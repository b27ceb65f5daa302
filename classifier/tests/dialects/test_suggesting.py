"""`comments:suggestscore`: what is kept, under which names, and what is refused."""

from typing import Any

import pytest

from classifier.models import ModelVersion, Suggestion
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
    assert response.json() == {"clientToken": "t", "detectedLanguages": ["en"], "requestedLanguages": ["en"]}
    kept = Suggestion.objects.get()
    assert (kept.text, kept.source.slug, kept.languages) == ("you idiot", "forum", ["en"])
    assert kept.labels == {"toxic": 1.0, "identity_hate": 0.0}
    assert kept.context == {"context": context, "communityId": "forum", "sessionId": "s"}
    assert (kept.by, kept.api_key) == (sender.key.owner, sender.key)


def test_the_least_that_can_be_sent_is_enough(sender: Sender) -> None:
    response = sender.post(SUGGEST, suggestion())
    assert response.json() == {"detectedLanguages": ["en"], "requestedLanguages": []}
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
            invalid("Two attributes say different things of the same label: TOXICITY@2"),
        ),
        ({"sessionId": "s" * 201}, invalid("'sessionId' has more than 200 characters")),
        ({"context": {"entries": [{"text": "a" * 70_000}]}}, invalid("'context' is larger than 65536 bytes")),
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
