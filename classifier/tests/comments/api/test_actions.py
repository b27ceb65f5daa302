"""What the API tells another system to do: by decision, by band, by how the policy fails, and whether to nudge."""

from typing import Any

import pytest
from django.test import Client

from classifier.comments.submission import comment_submit
from classifier.models import ModelVersion, Source, User
from classifier.policies.recommended_actions import of_comment
from classifier.policies.rules import rule_create
from classifier.policies.services import policy_save
from classifier.review.decisions import decision_record
from classifier.scoring.score_texts import ScoredText
from classifier.tests.api.conftest import COMMENTS, SCORE, Caller, assert_problem
from classifier.tests.builders import classified_comment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]
BANDS = {"toxic": {"review": 0.5, "remove": 0.95}}


@pytest.fixture
def source() -> Source:
    return Source.objects.create(slug="test", name="Test")


@pytest.mark.parametrize(("mode", "action"), [("open", "publish"), ("closed", "hold")])
def test_without_a_verdict_the_policy_says_publish_or_hold(
    program: Caller, source: Source, mode: str, action: str
) -> None:
    policy_save(source=source, bands=BANDS, fail_mode=mode, by=None)
    stored = program.post(COMMENTS, {"text": "x", "source": "test"})
    assert (stored.status_code, stored.json()["action"], stored.json()["nudge"]) == (202, action, False)
    scored = program.post(SCORE, {"text": "x", "source": "test"})
    assert_problem(scored, 503, "no-worker")
    assert scored.json()["action"] == action


def test_a_decision_goes_before_the_band(
    active_version: ModelVersion, source: Source, moderator: User
) -> None:
    policy_save(source=source, bands=BANDS, nudge_threshold=0.4, by=None)
    calm = classified_comment(active_version, "hello")
    toxic = classified_comment(active_version, "i hate you")
    assert (of_comment(calm).action, of_comment(calm).nudge) == ("publish", False)
    assert (of_comment(toxic).action, of_comment(toxic).nudge) == ("review", True)
    decision_record(comment=toxic, action="remove", by=moderator)
    toxic.refresh_from_db()
    assert of_comment(toxic).action == "remove"


def test_a_comment_that_failed_is_as_one_without_a_verdict(source: Source) -> None:
    comment = comment_submit(text="x", source=source, by=None)
    comment.status = "failed"
    assert of_comment(comment).action == "hold"


def test_scoring_is_a_dry_run_of_the_source_s_policy_and_rules(
    program: Caller, active_version: ModelVersion, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy_save(source=source, bands=BANDS, automatic=["remove"], nudge_threshold=0.2, by=None)
    rule_create(name="Insult", kind="phrase", pattern="idiot", band="remove", source=source, by=None)

    def ask(**kwargs: Any) -> list[ScoredText]:
        scores = dict.fromkeys(active_version.labels, 0.3)
        return [ScoredText(scores, "non-toxic", 0.3, 0.5, 1, active_version.version) for _ in kwargs["texts"]]

    monkeypatch.setattr("classifier.scoring.api.score_each", ask)
    body = {"texts": ["hello", "1d10t"], "source": "test"}
    calm, insult = program.post(SCORE, body).json()["results"]
    assert (calm["band"], calm["action"], calm["nudge"], calm["reasons"]) == ("approve", "publish", True, [])
    assert (insult["band"], insult["action"]) == ("remove", "remove")
    assert insult["reasons"][0]["spans"] == [{"begin": 0, "end": 5}]
    elsewhere = program.post(SCORE, {"text": "1d10t", "source": "unheard"}).json()["results"][0]
    assert (elsewhere["band"], elsewhere["nudge"]) == ("approve", False)
    assert program.post(SCORE, {"text": "x", "source": "a b"}).status_code == 400


def test_who_does_not_see_a_source_does_not_learn_its_policy(source: Source, owner: User) -> None:
    policy_save(source=source, bands=BANDS, fail_mode="open", by=None)
    User.objects.filter(pk=owner.pk).update(all_sources=False)
    client = Client()
    client.force_login(owner)
    answer = client.post(SCORE, {"text": "x", "source": "test"}, content_type="application/json")
    assert answer.status_code == 503
    assert answer.json()["action"] == "hold"
