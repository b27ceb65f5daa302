"""What happens becomes events for who subscribed, in the same transaction, and costs nothing where nobody did."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from classifier.comments.submission import comment_submit
from classifier.core.events import DRIFT_WARNING, emit
from classifier.model_versions.services import model_version_activate
from classifier.models import Comment, ModelVersion, Source, User, Webhook, WebhookDelivery, WebhookEvent
from classifier.policies import active_policies as in_force
from classifier.review.appeals import appeal_open, appeal_resolve
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.reports import report_add, reports_mark
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer, classified_comment
from classifier.webhooks import outbox as webhook_outbox
from classifier.webhooks.services import webhook_disable

AddWebhook = Callable[..., tuple[Webhook, str]]
URL = "https://forum.example.org/hooks"


def told() -> list[tuple[str, dict[str, Any]]]:
    return list(WebhookEvent.objects.order_by("created_at").values_list("type", "data"))


def test_a_verdict_is_told_by_ids_and_codes_and_never_with_the_text(
    add_webhook: AddWebhook, active_version: ModelVersion, settings: Any
) -> None:
    settings.SITE_URL = "https://moderation.example.org"
    add_webhook(URL)
    comment = comment_submit(text="i hate you", source="forum", external_id="post-81", by=None)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    ((kind, data),) = told()
    assert kind == "comment.classified"
    assert data == {
        "comment_id": comment.pk,
        "external_id": "post-81",
        "source": "forum",
        "url": f"https://moderation.example.org/comments/{comment.pk}/",
        "model_version": active_version.version,
        "verdict": "toxic",
        "score": 0.9,
        "band": "review",
        "language": "und",
        "language_supported": True,
        "concern": False,
    }
    assert "hate you" not in json.dumps(data)


def test_a_verdict_tells_of_a_language_that_the_model_does_not_know_and_of_concerns(
    add_webhook: AddWebhook, active_version: ModelVersion
) -> None:
    add_webhook(URL)
    comment_submit(text="Ich habe das gestern schon gelesen und finde es sehr schlecht.", source="forum")
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    ((_, foreign),) = told()
    assert (foreign["language"], foreign["language_supported"], foreign["concern"]) == ("de", False, False)
    comment_submit(text="they hurt me every day", source="forum")
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    hurt = told()[-1][1]
    assert (hurt["language_supported"], hurt["concern"]) == (True, True)


def test_decisions_undoing_and_appeals_are_told(
    add_webhook: AddWebhook, active_version: ModelVersion, admin_person: User
) -> None:
    add_webhook(URL, events=["comment.decided", "appeal.opened", "appeal.resolved"])
    comment = classified_comment(active_version, by=admin_person)
    decision = decision_record(comment=comment, action="remove", by=None)
    comment.refresh_from_db()
    appeal = appeal_open(comment=comment, message="It was a quote.", by=admin_person)
    overturned = appeal_resolve(appeal=appeal, uphold=False, by=admin_person)
    decision_undo(decision=overturned, by=admin_person)
    kinds = [kind for kind, _ in told()]
    assert kinds == [
        "comment.decided",
        "appeal.opened",
        "appeal.resolved",
        "comment.decided",
        "comment.decided",
    ]
    first, opened, resolved, approved, undone = (data for _, data in told())
    assert (first["action"], first["decision_id"]) == ("remove", decision.pk)
    assert opened["appeal_id"] == appeal.pk
    assert resolved["outcome"] == "overturned"
    assert approved["action"] == "approve"
    assert undone["undoes"] == overturned.pk
    assert "quote" not in json.dumps([data for _, data in told()])


def test_what_reports_hide_and_what_is_shown_again_is_told(
    add_webhook: AddWebhook, active_version: ModelVersion, admin_person: User, settings: Any
) -> None:
    settings.REPORTS_TO_HIDE = 2
    add_webhook(URL, events=["comment.held"])
    comment = classified_comment(active_version, by=admin_person)
    decision_record(comment=comment, action="approve", by=None)
    for reader in ("ann", "ben", "cem"):
        report_add(comment=comment, reporter_ref=reader, reason="rude words", by=admin_person)
    ((kind, data),) = told()
    assert (kind, data["comment_id"], data["action"], data["reports"]) == (
        *("comment.held", comment.pk),
        *("hold", 2),
    )
    assert "rude" not in json.dumps(data)
    reports_mark(comment=comment, harmless=True, by=admin_person)
    assert [(kind, data["action"], data["reports"]) for kind, data in told()[1:]] == [
        ("comment.held", "publish", 3)
    ]


def test_reports_of_a_comment_that_is_removed_tell_nothing_new(
    add_webhook: AddWebhook, active_version: ModelVersion, admin_person: User, settings: Any
) -> None:
    settings.REPORTS_TO_HIDE = 1
    add_webhook(URL, events=["comment.held"])
    comment = classified_comment(active_version, by=admin_person)
    decision_record(comment=comment, action="remove", by=None)
    report_add(comment=comment, by=admin_person)
    reports_mark(comment=comment, harmless=True, by=admin_person)
    assert told() == []


def test_a_promotion_names_both_versions(
    add_webhook: AddWebhook, active_version: ModelVersion, candidates: tuple[ModelVersion, ModelVersion]
) -> None:
    add_webhook(URL, events=["model.promoted"])
    model_version_activate(model_version=candidates[1], by=None)
    assert told() == [
        (
            "model.promoted",
            {"model_version": candidates[1].version, "previous_version": active_version.version},
        )
    ]


def test_drift_is_told_with_its_source(add_webhook: AddWebhook, forum: Source) -> None:
    add_webhook(URL)
    numbers = {"version": "v1", "index": 0.3, "reference": 2_000, "recent": 1_500}
    with transaction.atomic():
        emit(DRIFT_WARNING, {"source": forum.pk, **numbers})
    ((_, data),) = told()
    assert data == {
        "source": "forum",
        "model_version": "v1",
        "index": 0.3,
        "reference": 2_000,
        "recent": 1_500,
    }


def test_only_subscribed_types_and_sources_are_kept(
    add_webhook: AddWebhook, active_version: ModelVersion, forum: Source
) -> None:
    of_forum, _ = add_webhook(URL, sources=[forum], events=["comment.classified"])
    of_all, _ = add_webhook(URL, events=["comment.classified"])
    add_webhook(URL, events=["model.promoted"])
    off, _ = add_webhook(URL)
    webhook_disable(webhook=off, by=None)
    for slug in ("forum", "shop"):
        comment_submit(text=f"i hate {slug}", source=slug, by=None)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    kept = WebhookDelivery.objects.values_list("webhook_id", "event__source__slug").order_by(
        "webhook_id", "pk"
    )
    assert list(kept) == [(of_forum.pk, "forum"), (of_all.pk, "forum"), (of_all.pk, "shop")]


def test_what_is_rolled_back_was_never_told(add_webhook: AddWebhook, active_version: ModelVersion) -> None:
    add_webhook(URL)
    comment = classified_comment(active_version)
    WebhookEvent.objects.all().delete()
    with pytest.raises(RuntimeError, match=r"^the disk is full$"), transaction.atomic():  # noqa: PT012 (the error is raised within on purpose)
        decision_record(comment=comment, action="approve", by=None)
        raise RuntimeError("the disk is full")
    assert told() == []


def statements_of_a_verdict(version: ModelVersion, texts: int) -> int:
    for number in range(texts):
        comment_submit(text=f"i hate you {number} {Comment.objects.count()}", source="test", by=None)
    webhook_outbox.subscriptions()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        pending_classify(scorer=FakeScorer(), model_version=version, limit=100)
    return len(captured)


def test_without_webhooks_a_verdict_costs_no_statement_more_and_with_one_a_fixed_number(
    add_webhook: AddWebhook, active_version: ModelVersion, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.POLICY_CACHE_SECONDS = 60
    statements_of_a_verdict(active_version, 1)  # policies and the like are known from here on
    with_nobody = statements_of_a_verdict(active_version, 1)
    with monkeypatch.context() as patched:
        patched.setattr("classifier.core.events._inside", [])
        assert statements_of_a_verdict(active_version, 1) == with_nobody
    add_webhook(URL, events=["model.promoted"])
    assert statements_of_a_verdict(active_version, 1) == with_nobody
    add_webhook(URL, events=["comment.classified"])
    one = statements_of_a_verdict(active_version, 1)
    assert with_nobody < one <= with_nobody + 4
    assert statements_of_a_verdict(active_version, 20) == one
    in_force.forget()


def test_a_batch_is_told_of_in_as_many_statements_as_one(
    add_webhook: AddWebhook, active_version: ModelVersion
) -> None:
    add_webhook(URL)
    for number in range(5):
        comment_submit(text=f"i hate you {number}", source="test", by=None)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    assert WebhookEvent.objects.count() == 5
    assert len({data["comment_id"] for _, data in told()}) == 5
