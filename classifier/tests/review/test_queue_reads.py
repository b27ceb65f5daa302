"""Filters, orders, pages and counts of the queue, and the queues that are kept under a name."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from classifier.accounts.roles import LEAD, MODERATOR
from classifier.core.errors import WrongFilter
from classifier.core.validation import InvalidInput
from classifier.models import Comment, ModelVersion, SavedQueue, User
from classifier.review.filters import QueueFilters
from classifier.review.saved_queues import saved_queue_create, saved_queue_delete, saved_queue_update
from classifier.review.selectors import queue_comments, queue_count, queue_page, saved_queues_of
from classifier.tests.review.conftest import waiting
from classifier.tests.tiny_artifact import LABELS


def found(**filters: Any) -> set[Comment]:
    return set(queue_comments(user=None, filters=QueueFilters.from_data(filters)))


def test_each_filter_finds_its_comments_and_no_other(active_version: ModelVersion) -> None:
    one, two = waiting(active_version, "i hate you", "have a nice day")
    (other,) = waiting(active_version, "third", source="forum", band="remove")
    Comment.objects.filter(pk=two.pk).update(is_escalated=True, report_count=2, disagrees_with_shadow=True)
    assert found() == {one, two, other}
    assert found(source="forum") == {other}
    assert found(label=LABELS[0]) == {one}
    assert found(label=LABELS[0], threshold="0.05") == {one, two, other}
    assert found(label="unknown") == found(label="9" * 30) == found(label="0", threshold=0) == set()
    assert found(band="remove") == {other}
    assert found(newer_hours="1") == {one, two, other}
    assert found(older_hours="1") == set()
    assert found(version=str(active_version)) == {one, two, other}
    assert found(version="another") == set()
    assert found(escalated="yes") == found(reported="1") == found(disagrees="true") == {two}
    assert found(escalated="no") == {one, other}
    assert found(appeal="yes") == set()
    assert found(text="NICE day") == {two}
    assert found(claimed="free") == {one, two, other}
    assert found(ids=[one.pk, two.pk], last_id=one.pk) == {one}
    assert found(status="decided") == set()
    assert found(status="all") == {one, two, other}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"threshold": "0.5"}, "label"),
        ({"label": "toxic", "threshold": "2"}, "threshold"),
        ({"older_hours": "soon"}, "older_hours"),
        ({"older_hours": "nan"}, "older_hours"),
        ({"colour": "red"}, "colour"),
        ({"text": "x" * 201}, "text"),
        ({"escalated": "perhaps"}, "escalated"),
        ({"last_id": "9" * 30}, "last_id"),
        ({"source": ["forum", "nul\x00"]}, "source"),
        ({"source": "x" * 201}, "source"),
        ({"source": 7}, "source"),
        ({"read_at": "soon"}, "read_at"),
        ({"read_at": "2026-11-24T09:30:00"}, "read_at"),
        ({"read_at": 7}, "read_at"),
    ],
)
def test_a_wrong_filter_names_its_field(data: dict[str, Any], field: str) -> None:
    with pytest.raises(WrongFilter, match=r"\.$") as wrong:
        QueueFilters.from_data(data)
    assert wrong.value.field == field


def test_filters_survive_being_written_down() -> None:
    filters = QueueFilters(
        source=("a", "b"), label="toxic", threshold=0.4, escalated=False, older_hours=2.0, ids=(1, 2)
    )
    assert QueueFilters.from_data(filters.to_data()) == filters


@pytest.mark.parametrize("order", ["risk", "uncertainty", "age", "reports", "learn", "newest"])
def test_pages_go_on_where_the_last_one_ended_also_among_equals(
    order: str, active_version: ModelVersion
) -> None:
    comments = waiting(active_version, *[f"comment {number}" for number in range(7)])
    Comment.objects.filter(pk__in=[one.pk for one in comments[:3]]).update(
        risk=0.9, uncertainty=0.01, report_count=5
    )
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = queue_page(user=None, filters=QueueFilters(), order=order, size=2, cursor=cursor)
        seen += [one.pk for one in page.comments]
        cursor = page.next
    ids = [one.pk for one in comments]
    assert seen == (ids[::-1] if order == "newest" else ids)


def test_a_page_knows_no_cursor_that_it_did_not_give(db: None) -> None:
    for cursor in ("x", "1~", "~1", "0.5~99999999999999999999", "soon~3"):
        with pytest.raises(WrongFilter, match=r"^This page does not exist any more\.$"):
            queue_page(user=None, filters=QueueFilters(), order="risk", size=2, cursor=cursor)


def test_counting_stops_at_its_limit(active_version: ModelVersion) -> None:
    waiting(active_version, "one", "two", "three")
    assert str(queue_count(user=None, filters=QueueFilters())) == "3"
    assert str(queue_count(user=None, filters=QueueFilters(), limit=2)) == "2+"


def test_saved_queues_are_checked_and_seen_by_their_roles(moderator: User, admin_person: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_savedqueue$"):
        saved_queue_create(name="mine", filters={}, by=moderator)
    for wrong in ({"name": " "}, {"filters": {"band": "x"}}, {"order": "luck"}, {"roles": ["Nobody"]}):
        values: Any = {"name": "all", "filters": {}, **wrong}
        with pytest.raises(InvalidInput, match=r"^(name|band|order|roles): "):
            saved_queue_create(**values, by=admin_person)
    everybody = saved_queue_create(name="all", filters={}, by=admin_person)
    leads = saved_queue_create(
        name="hard ones", filters={"escalated": "yes"}, order="age", roles=[LEAD], by=admin_person
    )
    with pytest.raises(InvalidInput, match="Another queue"):
        saved_queue_create(name="all", filters={}, by=admin_person)
    assert leads.filters == {"escalated": True}
    assert saved_queues_of(user=moderator, roles=[MODERATOR]) == [everybody]
    saved_queue_update(
        queue=leads, name="hard", filters=leads.filters, order="age", roles=[MODERATOR], by=admin_person
    )
    assert len(saved_queues_of(user=moderator, roles=[MODERATOR])) == 2
    saved_queue_delete(queue=leads, by=admin_person)
    assert SavedQueue.objects.count() == 1
