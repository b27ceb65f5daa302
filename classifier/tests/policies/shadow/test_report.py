"""What a draft's report counts: days, changes, work for people, and how it holds against their decisions."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from classifier.comments.edits import comment_edit
from classifier.models import ShadowJudgement, Source, SourceAccess, User
from classifier.policies.draft_report import changed_judgements, shadow_policy_report
from classifier.policies.services import policy_save
from classifier.review.decisions import decision_record, decision_undo
from classifier.tests.policies.shadow.conftest import Classify, started

pytestmark = pytest.mark.django_db


def moved_to(day: datetime, *rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'on'")
        cursor.execute(
            "UPDATE classifier_shadowjudgement SET created_at = %s WHERE id = ANY(%s)", [day, list(rows)]
        )
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'off'")


def test_it_counts_changes_bands_and_work(forum: Source, classify: Classify) -> None:
    policy_save(source=forum, bands={"toxic": {"review": 0.5}}, automatic=["approve"], by=None)
    shadow = started(forum)
    classify("i hate rain", "i hate snow", "lovely day")
    report = shadow_policy_report(shadow=shadow, user=None, days=7)
    assert (report.judged, report.changed, report.looked) == (3, 3, 3)
    assert [(line.key, line.count) for line in report.changes] == [
        ("review-remove", 2),
        ("approve-review", 1),
    ]
    assert report.before == {"approve": 1, "review": 2, "remove": 0}
    assert report.after == {"approve": 0, "review": 1, "remove": 2}
    assert (report.waiting_before, report.waiting_after) == (2, 1)
    assert (report.automatic_before, report.automatic_after) == (1, 2)


def test_days_are_those_of_utc_and_the_period_begins_at_midnight(forum: Source, classify: Classify) -> None:
    shadow = started(forum, {"toxic": {"review": 0.95}})
    classify("i hate rain", "lovely day", "i hate snow")
    rows = list(ShadowJudgement.objects.order_by("pk").values_list("pk", flat=True))
    midnight = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    moved_to(midnight - timedelta(days=6), rows[0])
    moved_to(midnight - timedelta(days=6, seconds=1), rows[1])
    report = shadow_policy_report(shadow=shadow, user=None, days=7)
    assert [(day.day, day.judged, day.stricter, day.milder) for day in report.days] == [
        (midnight.date(), 1, 0, 1),
        (midnight.date() - timedelta(days=6), 1, 0, 1),
    ]
    assert shadow_policy_report(shadow=shadow, user=None, days=30).judged == 3
    assert shadow_policy_report(shadow=shadow, user=None, days=1).judged == 1


def test_decisions_of_people_are_held_against_both_policies(
    forum: Source, classify: Classify, moderator: User
) -> None:
    shadow = started(forum, {"toxic": {"review": 0.05, "remove": 0.8}})
    rain, snow, lovely, nice = classify("i hate rain", "i hate snow", "lovely day", "nice day")
    for comment, action in ((rain, "remove"), (snow, "approve"), (lovely, "remove"), (nice, "approve")):
        decision_record(comment=comment, action=action, by=moderator)
    report = shadow_policy_report(shadow=shadow, user=None, days=1)
    assert report.decided == 4
    before, after = report.caught_before, report.caught_after
    assert (before.tp, before.fp, before.fn, before.tn) == (1, 1, 1, 1)
    assert (after.tp, after.fp, after.fn, after.tn) == (2, 2, 0, 0)
    outcomes = {line.band: line for line in report.outcomes}
    assert (outcomes["review"].removed_before, outcomes["review"].approved_before) == (1, 1)
    assert (outcomes["remove"].removed_after, outcomes["remove"].approved_after) == (1, 1)
    assert (outcomes["approve"].removed_before, outcomes["approve"].removed_after) == (1, 0)
    assert [(line.key, line.removed, line.approved) for line in report.changes] == [
        ("review-remove", 1, 1),
        ("approve-review", 1, 1),
    ]


def test_what_policies_decided_was_undone_or_is_about_another_text_is_left_out(
    forum: Source, classify: Classify, moderator: User
) -> None:
    shadow = started(forum)
    undone, edited = classify("i hate rain", "i hate snow")
    decision_undo(decision=decision_record(comment=undone, action="remove", by=moderator), by=moderator)
    decision_record(comment=edited, action="remove", by=moderator)
    edited.refresh_from_db()
    comment_edit(comment=edited, text="i hate snow and rain", by=None)
    classify()
    policy_save(source=forum, bands={"toxic": {"review": 0.5}}, automatic=["approve"], by=None)
    classify("lovely day")
    report = shadow_policy_report(shadow=shadow, user=None, days=1)
    assert report.judged == 4
    assert [(line.key, line.removed) for line in report.changes][:1] == [("review-remove", 1)]
    assert report.decided == 1


def test_it_reads_decisions_of_the_latest_rows_only_and_says_so(
    forum: Source, classify: Classify, moderator: User
) -> None:
    shadow = started(forum)
    first, *_ = classify("i hate rain", "i hate snow", "i hate hail")
    decision_record(comment=first, action="remove", by=moderator)
    report = shadow_policy_report(shadow=shadow, user=None, days=1, looked=3)
    assert (report.partial, report.decided) == (False, 1)
    assert shadow_policy_report(shadow=shadow, user=None, days=1, looked=2).partial


def test_a_change_is_read_page_by_page_latest_first(forum: Source, classify: Classify) -> None:
    shadow = started(forum)
    comments = classify(*[f"i hate rain {number}" for number in range(22)], "lovely day")
    ask = partial(changed_judgements, shadow=shadow, user=None, days=1, before="review", after="remove")
    page = ask()
    assert [row.prediction.comment_id for row in page] == [one.pk for one in comments[21:0:-1]]
    rest = ask(older_than=page[19].pk)
    assert [row.prediction.comment_id for row in rest] == [comments[1].pk, comments[0].pk]


def test_of_the_sites_draft_people_see_their_sources_alone(
    forum: Source, classify: Classify, moderator: User
) -> None:
    shadow = started(None)
    classify("i hate rain")
    classify("i hate snow", "i hate hail", source="blog")
    User.objects.filter(pk=moderator.pk).update(all_sources=False)
    SourceAccess.objects.create(user=moderator, source=forum)
    narrowed = User.objects.get(pk=moderator.pk)
    assert shadow_policy_report(shadow=shadow, user=narrowed, days=1).judged == 1
    rows = changed_judgements(shadow=shadow, user=narrowed, days=1, before="review", after="remove")
    assert [row.prediction.comment.source for row in rows] == [forum]
    assert shadow_policy_report(shadow=shadow, user=None, days=1).judged == 3


def test_what_somebody_judges_blindly_just_now_is_no_example_for_them(
    forum: Source, classify: Classify, moderator: User
) -> None:
    shadow = started(forum)
    looked_at, other = classify("i hate rain", "i hate snow")
    moderator.looks_at = looked_at.pk
    rows = changed_judgements(shadow=shadow, user=moderator, days=1, before="review", after="remove")
    assert [row.prediction.comment for row in rows] == [other]
