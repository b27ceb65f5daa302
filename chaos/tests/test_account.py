"""The account finds what is lost, doubled or stuck, each by itself; where all is well it finds nothing."""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from chaos.invariants import account, unsettled
from chaos.ledger import SOURCE, Ledger
from classifier.comments.submission import comment_submit
from classifier.models import (
    Comment,
    CommentStatus,
    Decision,
    DecisionAction,
    ModelVersion,
    Prediction,
    Transfer,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from classifier.models.comment import CommentEvent

pytestmark = pytest.mark.django_db


def rows(query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


class Settled:
    """A site that did everything with one comment: scored, decided, told, received."""

    def __init__(self) -> None:
        self.ledger, self.name = Ledger(), uuid.uuid4().hex
        self.comment = comment_submit(text="A kind word.", source=SOURCE, external_id=self.name)
        self.version = ModelVersion.objects.create(
            name="m",
            version="m-1",
            directory="m-1",
            sha256="0" * 64,
            labels=["toxic"],
            primary_label="toxic",
            manifest={},
            thresholds={"toxic": 0.5},
        )
        verdict = self.predict()
        Comment.objects.filter(pk=self.comment.pk).update(
            status=CommentStatus.CLASSIFIED, current_prediction=verdict, classified_at=timezone.now()
        )
        self.score()
        self.ledger.comment_accepted(self.name, self.comment.pk)
        self.decision = self.decide()
        self.ledger.decision_accepted("a note", self.decision.pk)
        self.webhook = Webhook.objects.create(name="w", url="http://localhost/", events=[], sealed_secret=b"")
        self.event = self.tell()
        self.ledger.message_received(str(self.event.pk))

    def predict(self) -> Prediction:
        return Prediction.objects.create(
            comment=self.comment,
            model_version=self.version,
            scores={"toxic": 0.1},
            verdict="non-toxic",
            score=0.1,
            threshold=0.5,
        )

    def score(self) -> None:
        CommentEvent.objects.create(comment=self.comment, old="pending", new="classified")

    def decide(self) -> Decision:
        return Decision.objects.create(comment=self.comment, action=DecisionAction.APPROVE, note="a note")

    def tell(self) -> WebhookEvent:
        event = WebhookEvent.objects.create(type="comment.classified", data={"comment_id": self.comment.pk})
        WebhookDelivery.objects.create(webhook=self.webhook, event=event, status="delivered")
        return event

    def found(self) -> list[str]:
        return account(rows, self.ledger).examples


@pytest.fixture
def site() -> Settled:
    return Settled()


def test_nothing_is_found_where_all_is_well(site: Settled) -> None:
    assert site.found() == []
    assert account(rows, site.ledger).held
    assert account(rows, site.ledger).totals == {
        "comments": 1,
        "uploaded rows": 0,
        "decisions": 1,
        "webhook events": 1,
    }
    assert unsettled(rows) == 0


def test_a_comment_that_was_accepted_and_is_not_there_is_lost(site: Settled) -> None:
    site.ledger.comments["never-stored"] = 4_711
    assert [one.partition(":")[0] for one in site.found()] == ["comments", "webhook events"]
    assert account(rows, site.ledger).lost == {
        "comments": 1,
        "uploaded rows": 0,
        "decisions": 0,
        "webhook events": 1,
    }
    assert not account(rows, site.ledger).held


def test_an_answer_with_another_id_is_found(site: Settled) -> None:
    site.ledger.comment_accepted(site.name, site.comment.pk + 1)
    assert site.found() == [f"comments: 1 were answered with two ids: {site.name}"]


def test_a_second_verdict_is_doubled(site: Settled) -> None:
    site.predict()
    assert site.found() == [f"comments: 1 are stored or scored twice: {site.name}"]


def test_a_second_entry_in_the_history_is_doubled(site: Settled) -> None:
    site.score()
    assert site.found() == [f"comments: 1 are stored or scored twice: {site.name}"]


def test_a_comment_without_a_verdict_is_stuck(site: Settled) -> None:
    Comment.objects.filter(pk=site.comment.pk).update(status=CommentStatus.PENDING)
    assert site.found() == [f"comments: 1 have no verdict: {site.name}"]
    assert unsettled(rows) == 1


def test_a_decision_that_is_gone_is_lost_and_one_kept_twice_is_doubled(site: Settled) -> None:
    site.ledger.decisions["another note"] = 4_711
    assert site.found() == ["decisions: 1 are not stored: another note"]
    del site.ledger.decisions["another note"]
    site.decide()
    assert site.found() == ["decisions: 1 are stored twice: a note"]


def test_a_message_that_never_came_is_stuck(site: Settled) -> None:
    site.ledger.received.clear()
    assert site.found() == [f"webhook events: 1 were not received: {site.event.pk}"]


def test_a_delivery_that_waits_is_stuck(site: Settled) -> None:
    WebhookDelivery.objects.update(status="waiting")
    assert site.found() == [f"webhook events: 1 are not marked as delivered: {site.event.pk}"]
    assert unsettled(rows) == 1


def test_a_verdict_told_twice_under_two_ids_is_doubled(site: Settled) -> None:
    site.ledger.message_received(str(site.tell().pk))
    assert site.found() == [f"webhook events: 1 comments have two events: {site.comment.pk}"]


def test_a_message_received_twice_under_one_id_is_as_promised(site: Settled) -> None:
    site.ledger.message_received(str(site.event.pk))
    assert site.found() == []


def test_an_import_that_did_not_succeed_is_stuck_and_its_rows_are_lost(site: Settled) -> None:
    transfer = Transfer.objects.create(kind=Transfer.Kind.IMPORT, status="failed", finished_at=timezone.now())
    site.ledger.upload_accepted(transfer.pk, ["row"])
    assert site.found() == [
        "uploaded rows: 1 are not stored: row",
        f"uploaded rows: 1 imports did not succeed: {transfer.pk}",
    ]
