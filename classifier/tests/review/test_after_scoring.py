"""After scoring: the policy's band decides whether a comment waits, is decided, or is left alone."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from classifier.comments.submission import comments_submit
from classifier.models import Comment, ModelVersion, User
from classifier.policies import active_policies as in_force
from classifier.policies.rules import rule_create
from classifier.policies.services import policy_save
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.placement import queue_put
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.tiny_artifact import LABELS


def classify(version: ModelVersion, *texts: str) -> list[Comment]:
    made = comments_submit(items=[{"text": text} for text in texts], source="test")
    pending_classify(scorer=FakeScorer(), model_version=version, limit=1_000)
    return list(Comment.objects.filter(pk__in=[one.pk for one in made]).order_by("id"))


def automatic(*bands: str, remove: float | None = 0.8) -> Any:
    return policy_save(
        source=None, bands={LABELS[0]: {"review": 0.5, "remove": remove}}, automatic=bands, by=None
    )


def test_what_is_toxic_waits_with_band_risk_reasons_and_policy_and_the_rest_does_not(
    active_version: ModelVersion,
) -> None:
    toxic, calm = classify(active_version, "i hate you so much, all of you", "thank you")
    assert (toxic.band, toxic.status, calm.band, calm.status) == (
        "review",
        "classified",
        "approve",
        "classified",
    )
    assert toxic.queued_at is not None
    assert calm.queued_at is None
    assert toxic.queue_reasons[0]["kind"] == "band"
    assert toxic.policy is not None
    assert toxic.policy.source is None
    assert (toxic.risk or 0) > (calm.risk or 0)
    assert toxic.uncertainty == pytest.approx(0.4)
    assert toxic.text_hash is not None
    assert len(toxic.sketch or []) == 8
    assert calm.sketch is None


def test_automatic_bands_are_decided_without_a_person_and_say_so(active_version: ModelVersion) -> None:
    policy = automatic("approve", "remove")
    removed, approved = classify(active_version, "i hate you", "thank you")
    for comment, action in ((removed, "remove"), (approved, "approve")):
        decision = comment.current_decision
        assert decision is not None
        assert (decision.action, decision.automatic, decision.by) == (action, True, None)
        assert (decision.policy, decision.prediction) == (policy, comment.current_prediction)
        assert (comment.status, comment.queued_at) == ("decided", None)
        assert [event.new for event in comment.history.all()] == ["decided", "classified"]
    assert f"automatically by policy v{policy.version}" in removed.history.all()[0].reason


def test_a_person_may_undo_what_a_policy_decided(active_version: ModelVersion, moderator: User) -> None:
    automatic("remove")
    (comment,) = classify(active_version, "i hate you")
    assert comment.current_decision is not None
    decision_undo(decision=comment.current_decision, by=moderator)
    comment.refresh_from_db()
    assert (comment.status, comment.queued_at is not None) == ("classified", True)
    assert decision_record(comment=comment, action="approve", by=moderator).automatic is False


def test_a_verdict_costs_no_statement_more_for_many_comments(
    active_version: ModelVersion, settings: Any
) -> None:
    settings.POLICY_CACHE_SECONDS = 60
    classify(active_version, "warm up")
    counts = []
    for size in (1, 20):
        comments_submit(items=[{"text": f"i hate {place} of you"} for place in range(size)], source="test")
        with CaptureQueriesContext(connection) as queries:
            pending_classify(scorer=FakeScorer(), model_version=active_version, limit=100)
        counts.append(len(queries))
    in_force.forget()
    assert counts[0] == counts[1]


def test_what_was_reported_before_its_verdict_waits_after_it(active_version: ModelVersion) -> None:
    (comment,) = comments_submit(items=[{"text": "thank you"}], source="test")
    queue_put(comment=comment, kind="report", reason="spam")
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    comment.refresh_from_db()
    assert (comment.band, comment.queued_at is not None) == ("approve", True)
    assert comment.queue_reasons == [{"kind": "report", "reason": "spam"}]


def rescan(comment: Comment, version: ModelVersion, text: str) -> None:
    """As an edit does it: the text is another one, and the comment pends again with its decision."""
    Comment.objects.filter(pk=comment.pk).update(text=text, status="pending", attempts=0)
    pending_classify(scorer=FakeScorer(), model_version=version, limit=10)
    comment.refresh_from_db()


def test_a_decision_stands_while_an_edit_changes_no_band_and_is_reopened_when_it_does(
    active_version: ModelVersion, moderator: User
) -> None:
    (comment,) = classify(active_version, "thank you")
    decision = decision_record(comment=comment, action="approve", by=moderator)
    rescan(comment, active_version, "thank you all")
    assert (comment.status, comment.current_decision, comment.queued_at) == ("decided", decision, None)
    rescan(comment, active_version, "i hate you all")
    assert (comment.status, comment.current_decision) == ("classified", None)
    assert comment.queued_at is not None
    assert {"kind": "edit", "before": "approve"} in comment.queue_reasons


def test_a_rule_that_hits_is_a_reason_beside_the_model(active_version: ModelVersion) -> None:
    rule_create(name="greed", kind="phrase", pattern="free money", band="remove", by=None)
    (comment,) = classify(active_version, "get fr33 m0ney here")
    assert (comment.band, comment.queued_at is not None) == ("remove", True)
    assert (comment.queue_reasons[0]["kind"], comment.queue_reasons[0]["name"]) == ("rule", "greed")


def test_a_comment_that_cannot_be_judged_is_shown_to_a_person(
    active_version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.inference.bands.Judge.judge", lambda *args: 1 / 0)
    (comment,) = classify(active_version, "thank you")
    assert (comment.status, comment.band) == ("classified", "review")
    assert comment.queue_reasons == [{"kind": "unjudged"}]


def test_comments_from_before_the_queue_get_their_place_by_a_command(active_version: ModelVersion) -> None:
    automatic("remove", "approve")
    toxic, calm = classify(active_version, "i hate you", "thank you")
    Comment.objects.update(
        status="classified",
        current_decision=None,
        band="",
        risk=None,
        text_hash=None,
        sketch=None,
        policy=None,
        queue_reasons=[],
    )
    call_command("judge_comments", verbosity=0)
    toxic.refresh_from_db()
    calm.refresh_from_db()
    assert (toxic.band, toxic.status, toxic.queued_at is not None) == ("remove", "classified", True)
    assert (calm.band, calm.status, calm.queued_at) == ("approve", "classified", None)
    assert calm.text_hash is not None
