"""A day's numbers are those that one counts by hand, on the UTC day on which things happened."""

from datetime import date

import pytest

from classifier.models import (
    Appeal,
    BulkAction,
    Comment,
    CommentEvent,
    DayStatistic,
    ModelVersion,
    Prediction,
    Report,
    Source,
    User,
)
from classifier.statistics.daily_counts import day_count
from classifier.statistics.dashboard import summary
from classifier.statistics.day_numbers import added_up, day_numbers, no_numbers
from classifier.tests.quality.conftest import Decided, Said, clock, moment

DAY = date(2026, 3, 10)


def test_a_day_begins_and_ends_at_midnight_utc(
    forum: Source, shop: Source, said: Said, settings: object
) -> None:
    said(forum, "2026-03-09T23:59:59.999999")
    said(forum, "2026-03-10T00:00:00")
    said(forum, "2026-03-10T23:59:59.999999", 0.97)
    said(shop, "2026-03-10T12:00:00", None)
    said(shop, "2026-03-11T00:00:00")
    numbers = day_numbers(DAY)
    assert numbers[forum.pk]["inbound"] == 2
    scores = [0] * 20
    scores[2] = scores[19] = 1
    assert numbers[forum.pk]["versions"] == {"starter-1a2b3c4d": {"toxic": 1, "calm": 1, "scores": scores}}
    assert (numbers[shop.pk]["inbound"], numbers[shop.pk]["unscored"]) == (1, 1)
    assert numbers[shop.pk]["versions"] == {}
    assert set(day_numbers(date(2026, 3, 11))) == {shop.pk}
    assert day_numbers(date(2026, 3, 12)) == {}


def test_the_first_verdict_counts_however_often_a_comment_is_scored_again(
    forum: Source, said: Said, version: ModelVersion
) -> None:
    comment = said(forum, "2026-03-10T10:00:00", 1.0)
    Prediction.objects.create(
        comment=comment, model_version=version, scores={}, verdict="non-toxic", score=0.2, threshold=0.5
    )
    counted = day_numbers(DAY)[forum.pk]["versions"]["starter-1a2b3c4d"]
    assert (counted["toxic"], counted["calm"], counted["scores"][19]) == (1, 0, 1)


def test_decisions_are_told_apart_by_who_made_them_and_how(
    forum: Source, said: Said, decided: Decided, ann: User, bea: User
) -> None:
    comments = [said(forum, "2026-03-01T10:00:00", score) for score in (0.9, 0.9, 0.1, 0.1, 0.9, 0.9, 0.1)]
    bulk = BulkAction.objects.create(action="remove", reason="spam", by=bea)
    decided(comments[0], "2026-03-10T09:00:00", "remove", ann, seconds=4.0)
    decided(comments[1], "2026-03-10T09:01:00", "approve", ann, seconds=8.0)
    decided(comments[2], "2026-03-10T09:02:00", "approve", bea, seconds=2.0)
    decided(comments[3], "2026-03-10T09:03:00", "skip", bea)
    decided(comments[3], "2026-03-10T09:04:00", "escalate", bea, seconds=60.0)
    decided(comments[4], "2026-03-10T09:05:00", "remove", bea, bulk=bulk)
    decided(comments[5], "2026-03-10T09:06:00", "remove", None, automatic=True)
    decided(comments[6], "2026-03-11T09:00:00", "approve", ann)
    numbers = day_numbers(DAY)[forum.pk]
    assert numbers["inbound"] == 0
    assert numbers["manual"] == {"approve": 2, "remove": 2, "escalate": 1, "skip": 1}
    assert numbers["automatic"] == {"approve": 0, "remove": 1, "escalate": 0, "skip": 0}
    assert numbers["bulk"] == 1
    assert numbers["agreement"] == {
        "toxic_remove": 1,
        "toxic_approve": 1,
        "calm_remove": 0,
        "calm_approve": 1,
    }
    assert (numbers["seconds"]["count"], numbers["seconds"]["sum"]) == (4, 74.0)
    assert numbers["seconds"]["bins"] == {"12": 1, "16": 1, "20": 1, "31": 1}
    hers = numbers["people"][str(ann.pk)]
    assert (hers["approve"], hers["remove"], hers["skip"], hers["bulk"]) == (1, 1, 0, 0)
    assert hers["seconds"]["bins"] == {"16": 1, "20": 1}
    assert numbers["people"][str(bea.pk)]["agreement"]["calm_approve"] == 1
    assert numbers["people"][str(bea.pk)]["bulk"] == 1


def test_what_is_taken_back_counts_on_that_day_and_against_whom_it_was(
    forum: Source, said: Said, decided: Decided, ann: User, bea: User
) -> None:
    comments = [said(forum, "2026-03-01T10:00:00", 0.9) for _ in range(5)]
    first = decided(comments[0], "2026-03-09T09:00:00", "remove", ann)
    decided(comments[0], "2026-03-10T09:00:00", "undo", bea, undoes=first)
    second = decided(comments[1], "2026-03-10T09:00:00", "remove", ann)
    decided(comments[1], "2026-03-10T09:00:01", "undo", ann, undoes=second)
    third = decided(comments[2], "2026-03-09T09:00:00", "remove", automatic=True)
    decided(comments[2], "2026-03-10T09:00:00", "undo", bea, undoes=third)
    escalated = decided(comments[3], "2026-03-09T09:00:00", "escalate", ann)
    decided(comments[3], "2026-03-10T09:00:00", "undo", bea, undoes=escalated)
    appealed = decided(comments[4], "2026-03-09T09:00:00", "remove", ann)
    with clock(moment("2026-03-09T10:00:00")):
        appeal = Appeal.objects.create(comment=comments[4], decision=appealed)
    Appeal.objects.filter(pk=appeal.pk).update(status="overturned", resolved_at=moment("2026-03-10T08:00:00"))
    decided(comments[4], "2026-03-10T08:00:00", "undo", bea, undoes=appealed)
    numbers = day_numbers(DAY)[forum.pk]
    assert numbers["undone"] == {"own": 1, "others": 1, "automatic": 1}
    assert numbers["appeals"] == {"opened": 0, "upheld": 0, "overturned": 1}
    assert numbers["people"][str(ann.pk)]["overturned"] == 2
    assert day_numbers(date(2026, 3, 9))[forum.pk]["appeals"]["opened"] == 1


def test_a_decision_over_a_standing_one_counts_against_whose_it_was(
    forum: Source, said: Said, decided: Decided, ann: User, bea: User
) -> None:
    """Not the same answer again, not after an undo, not over another text, and an appeal only as an appeal."""
    comments = [said(forum, "2026-03-01T10:00:00", 0.9) for _ in range(7)]
    other, own, policy, same, undone, edited, appealed = comments
    for comment in comments:
        automatic = comment is policy
        stood = decided(
            comment, "2026-03-09T09:00:00", "remove", None if automatic else ann, automatic=automatic
        )
        if comment is undone:
            decided(comment, "2026-03-09T10:00:00", "undo", ann, undoes=stood)
        if comment is edited:
            with clock(moment("2026-03-09T11:00:00")):
                reason = "text edited: 5 characters before, 6 now"
                CommentEvent.objects.create(comment=comment, old="decided", new="pending", reason=reason)
        if comment is appealed:
            with clock(moment("2026-03-09T10:00:00")):
                appeal = Appeal.objects.create(comment=comment, decision=stood)
            answered = {"status": "overturned", "resolved_at": moment("2026-03-10T09:00:00")}
            Appeal.objects.filter(pk=appeal.pk).update(**answered)
        decided(comment, "2026-03-10T08:59:00", "escalate", bea)
        action = "remove" if comment is same else "approve"
        decided(comment, "2026-03-10T09:00:00", action, ann if comment is own else bea)
    decided(other, "2026-03-10T09:30:00", "remove", automatic=True)
    numbers = day_numbers(DAY)[forum.pk]
    assert numbers["replaced"] == {"own": 1, "others": 1, "automatic": 1}
    assert numbers["undone"] == {"own": 0, "others": 0, "automatic": 0}
    assert numbers["people"][str(ann.pk)]["overturned"] == 2, "bea's approval, and the appeal"
    assert summary(numbers)["overturned"]["count"] == 3
    assert day_count(day=DAY) == 1
    before = DayStatistic.objects.get().numbers
    Comment.objects.update(text="", text_purged_at=moment("2026-04-01"), edited_at=moment("2026-04-01"))
    day_count(day=DAY)
    assert DayStatistic.objects.get().numbers == before == numbers


def test_days_that_were_kept_without_replaced_decisions_are_read_as_none() -> None:
    kept = {name: value for name, value in no_numbers().items() if name != "replaced"}
    assert summary(added_up([kept]))["overturned"]["count"] == 0


def test_counting_a_day_again_changes_nothing_not_even_after_texts_are_gone(
    forum: Source, shop: Source, said: Said, decided: Decided, ann: User
) -> None:
    comment = said(forum, "2026-03-10T10:00:00", 0.9)
    decided(comment, "2026-03-10T11:00:00", "remove", ann, seconds=3.0)
    with clock(moment("2026-03-10T12:00:00")):
        Report.objects.create(comment=comment, reporter_ref="somebody")
    assert day_count(day=DAY) == 2
    before = list(DayStatistic.objects.order_by("pk").values("pk", "day", "source", "numbers"))
    assert before[0]["numbers"]["reports"] == 1
    assert before[1]["numbers"] == no_numbers()
    Comment.objects.update(text="", author_ref="", text_purged_at=moment("2026-04-01"), current_decision=None)
    day_count(day=DAY)
    assert list(DayStatistic.objects.order_by("pk").values("pk", "day", "source", "numbers")) == before


def test_a_day_that_is_not_over_is_not_written(forum: Source) -> None:
    with clock(moment("2026-03-10T23:59:00")), pytest.raises(ValueError, match="not over"):
        day_count(day=DAY)


def test_numbers_add_up_leaf_by_leaf() -> None:
    one, two = no_numbers(), no_numbers()
    one["versions"] = {"a": {"toxic": 1, "calm": 2, "scores": [1, 2]}}
    two["versions"] = {
        "a": {"toxic": 1, "calm": 0, "scores": [1, 0]},
        "b": {"toxic": 3, "calm": 0, "scores": [3]},
    }
    one["seconds"] = {"sum": 1.5, "count": 2, "bins": {"3": 2}}
    two["seconds"] = {"sum": 0.5, "count": 1, "bins": {"4": 1}}
    total = added_up([one, two])
    assert total["versions"]["a"] == {"toxic": 2, "calm": 2, "scores": [2, 2]}
    assert total["versions"]["b"]["toxic"] == 3
    assert total["seconds"] == {"sum": 2.0, "count": 3, "bins": {"3": 2, "4": 1}}
    assert one["versions"]["a"]["toxic"] == 1
    assert added_up([]) == no_numbers()
