"""Bulk decisions on pages: counted first, a reason, leads only, one undo."""

import json

import pytest
from django.test import Client

from classifier.core.source_access import source_access_set
from classifier.models import BulkAction, Comment, Decision, ModelVersion, User
from classifier.review.bulk import bulk_decide
from classifier.review.decisions import decision_record
from classifier.review.filters import QueueFilters
from classifier.tests.review.conftest import waiting

pytestmark = pytest.mark.django_db


def test_the_ticked_are_counted_decided_for_a_reason_and_taken_back(
    active_version: ModelVersion, as_lea: Client
) -> None:
    first, second, third = waiting(active_version, "one", "two", "three")
    page = as_lea.post(
        "/queue/bulk/preview/", {"scope": "ids", "ids": [first.pk, second.pk], "band": "review"}
    )
    counted = page.context["counted"]
    assert counted.count == 2
    assert Decision.objects.count() == 0
    form = {"filters": page.context["filters"], "count": "2", "action": "remove"}
    assert as_lea.post("/queue/bulk/decide/", form).status_code == 422
    assert as_lea.post("/queue/bulk/decide/", {**form, "reason": "Spam"}).status_code == 302
    assert set(Comment.objects.filter(status="decided")) == {first, second}
    third.refresh_from_db()
    assert third.status == "classified"
    bulk = BulkAction.objects.get()
    assert "Spam" in as_lea.get("/queue/bulk/").content.decode()
    as_lea.post(f"/queue/bulk/{bulk.pk}/undo/")
    assert Comment.objects.filter(status="decided").count() == 0
    again = as_lea.post(f"/queue/bulk/{bulk.pk}/undo/", follow=True)
    assert "undone already" in again.content.decode()


def test_a_whole_filter_decides_no_more_than_it_counted(active_version: ModelVersion, as_lea: Client) -> None:
    waiting(active_version, "one", "two")
    page = as_lea.post("/queue/bulk/preview/", {"scope": "filter", "band": "review", "ids": ["1"]})
    assert page.context["counted"].count == 2
    waiting(active_version, "later")
    as_lea.post(
        "/queue/bulk/decide/",
        {"filters": page.context["filters"], "count": "2", "action": "approve", "reason": "Fine"},
    )
    assert Comment.objects.filter(status="decided").count() == 2


def test_what_others_decided_meanwhile_is_told(
    active_version: ModelVersion, as_lea: Client, mo: User
) -> None:
    first, _ = waiting(active_version, "one", "two")
    page = as_lea.post("/queue/bulk/preview/", {"scope": "filter"})
    decision_record(comment=first, action="approve", by=mo)
    form = {"filters": page.context["filters"], "count": "2", "action": "approve", "reason": "Fine"}
    answer = as_lea.post("/queue/bulk/decide/", form, follow=True)
    assert "1 comment is approved. 1 left alone: decided or edited meanwhile." in answer.content.decode()


def test_more_than_was_counted_is_a_conflict_that_keeps_the_reason(
    active_version: ModelVersion, as_lea: Client
) -> None:
    waiting(active_version, "one", "two")
    form = {"filters": json.dumps({}), "count": "1", "action": "approve", "reason": "Fine so far"}
    answer = as_lea.post("/queue/bulk/decide/", form)
    assert answer.status_code == 409
    assert "Fine so far</textarea>" in answer.content.decode()
    assert Decision.objects.count() == 0


def test_nothing_ticked_is_told(active_version: ModelVersion, as_lea: Client) -> None:
    answer = as_lea.post("/queue/bulk/preview/", {"scope": "ids"}, follow=True)
    assert "No comment was chosen" in answer.content.decode()


def test_a_moderator_decides_nothing_in_bulk(active_version: ModelVersion, as_mo: Client) -> None:
    waiting(active_version, "one")
    assert "Decide the ticked" not in as_mo.get("/queue/list/").content.decode()
    assert as_mo.post("/queue/bulk/preview/", {"scope": "filter"}).status_code == 403
    form = {"filters": "{}", "count": "1", "action": "approve", "reason": "x"}
    assert as_mo.post("/queue/bulk/decide/", form).status_code == 403
    assert Decision.objects.count() == 0


def test_a_lead_sees_and_undoes_no_bulk_action_in_other_sources(
    active_version: ModelVersion, as_lea: Client, lea: User
) -> None:
    (comment,) = waiting(active_version, "one", source="far")
    bulk = bulk_decide(
        filters=QueueFilters(), action="remove", reason="A far raid", expected_count=1, by=None
    )
    source_access_set(user=lea, all_sources=False, by=None)
    assert "A far raid" not in as_lea.get("/queue/bulk/").content.decode()
    assert as_lea.post(f"/queue/bulk/{bulk.pk}/undo/").status_code == 404
    comment.refresh_from_db()
    assert comment.status == "decided"
