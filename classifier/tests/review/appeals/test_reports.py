"""Reports count each reporter once, and bring a comment before a person however it was judged."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from pytest_django import Settings

from classifier.accounts.roles import VIEWER
from classifier.comments.edits import comment_edit
from classifier.comments.submission import comment_submit
from classifier.core.errors import DecisionConflict
from classifier.core.validation import InvalidInput
from classifier.models import AuditEntry, Comment, ModelVersion, Report, Source, SourceAccess, User
from classifier.policies.recommended_actions import of_comment
from classifier.review.appeals import appeal_open
from classifier.review.decisions import decision_record
from classifier.review.reports import report_add, reports_mark
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer, classified_comment
from classifier.tests.conftest import person
from classifier.tests.review.appeals.conftest import removed


@pytest.fixture
def harmless(active_version: ModelVersion) -> Comment:
    comment = classified_comment(active_version, "good morning")
    assert comment.queued_at is None
    return comment


def fresh(comment: Comment) -> Comment:
    return Comment.objects.get(pk=comment.pk)


def test_a_comment_that_no_policy_asks_about_comes_into_the_queue(harmless: Comment, site: User) -> None:
    report, new = report_add(comment=harmless, reporter_ref="reader-1", reason="rude", by=site)
    after = fresh(harmless)
    assert new
    assert (report.reason, after.report_count) == ("rude", 1)
    assert after.queued_at is not None
    assert after.queue_reasons == [{"kind": "report", "count": 1}]


def test_a_reporter_with_a_name_counts_once(harmless: Comment, site: User) -> None:
    first, _ = report_add(comment=harmless, reporter_ref="reader-1", reason="rude", by=site)
    again, new = report_add(comment=harmless, reporter_ref="reader-1", reason="very rude", by=site)
    assert (again, new) == (first, False)
    assert fresh(harmless).report_count == Report.objects.count() == 1


def test_without_a_name_each_report_counts(harmless: Comment, site: User) -> None:
    for _ in range(3):
        report_add(comment=harmless, by=site)
    assert fresh(harmless).report_count == 3
    assert fresh(harmless).queue_reasons == [{"kind": "report", "count": 3}]


def test_the_reasons_of_reporters_are_kept_in_one_place_only(harmless: Comment, site: User) -> None:
    report_add(comment=harmless, reporter_ref="reader-1", reason="my name is Ann", by=site)
    assert "Ann" not in str(fresh(harmless).queue_reasons)


def test_an_approved_comment_comes_back_after_enough_new_reports(
    harmless: Comment, site: User, settings: Settings
) -> None:
    settings.REPORTS_TO_REOPEN = 2
    report_add(comment=harmless, reporter_ref="reader-1", by=site)
    decision = decision_record(comment=fresh(harmless), action="approve", by=None)
    report_add(comment=harmless, reporter_ref="reader-2", by=site)
    assert fresh(harmless).queued_at is None
    report_add(comment=harmless, reporter_ref="reader-3", by=site)
    after = fresh(harmless)
    assert after.queued_at is not None
    assert (after.status, after.current_decision) == ("decided", decision)


def test_what_is_removed_stays_out_of_the_queue(harmless: Comment, site: User) -> None:
    removed(harmless, None)
    report_add(comment=harmless, reporter_ref="reader-1", by=site)
    assert fresh(harmless).queued_at is None
    assert fresh(harmless).report_count == 1


def test_what_waits_for_an_answer_to_an_appeal_keeps_its_reason(comment: Comment, site: User) -> None:
    removed(comment, None)
    appeal = appeal_open(comment=comment, by=site)
    report_add(comment=comment, reporter_ref="reader-1", by=site)
    kinds = {reason["kind"] for reason in fresh(comment).queue_reasons}
    assert {"appeal", "report"} <= kinds
    assert fresh(comment).has_open_appeal
    assert appeal.status == "open"


def test_a_report_of_what_has_no_verdict_yet_is_kept_by_scoring(
    active_version: ModelVersion, site: User
) -> None:
    comment = comment_submit(text="good morning", source="test", by=site)
    report_add(comment=comment, reporter_ref="reader-1", by=site)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    after = fresh(comment)
    assert (after.status, after.band) == ("classified", "approve")
    assert after.queued_at is not None
    assert [reason["kind"] for reason in after.queue_reasons] == ["report"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "a\x00"}, "reason"),
        ({"reporter_ref": "x" * 201}, "reporter_ref"),
        ({"reporter_ref": 5}, "reporter_ref"),
    ],
)
def test_a_report_is_text_of_some_length(
    harmless: Comment, site: User, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput, match=r"^(reason|reporter_ref): ") as refused:
        report_add(comment=harmless, by=site, **given)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert not Report.objects.exists()


def test_it_takes_the_permission_and_the_source(harmless: Comment, site: User, model_admin: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_report$"):
        report_add(comment=harmless, by=model_admin)
    User.objects.filter(pk=site.pk).update(all_sources=False)
    site.refresh_from_db()
    SourceAccess.objects.create(user=site, source=Source.objects.create(slug="shop", name="Shop"))
    with pytest.raises(PermissionDenied, match="does not see the source test"):
        report_add(comment=harmless, by=site)


def test_reports_that_are_harmless_do_not_bring_an_approved_comment_back(
    harmless: Comment, site: User, moderator: User
) -> None:
    report_add(comment=harmless, reporter_ref="reader-1", by=site)
    decision_record(comment=fresh(harmless), action="approve", by=None)
    report_add(comment=harmless, reporter_ref="reader-2", by=site)
    assert fresh(harmless).queued_at is not None
    reports_mark(comment=fresh(harmless), harmless=True, by=moderator)
    assert (fresh(harmless).queued_at, fresh(harmless).queue_reasons) == (None, [])
    report_add(comment=harmless, reporter_ref="reader-3", by=site)
    after = fresh(harmless)
    assert (after.queued_at, after.report_count, Report.objects.count()) == (None, 3, 3)
    reports_mark(comment=after, harmless=False, by=moderator)
    report_add(comment=harmless, reporter_ref="reader-4", by=site)
    assert fresh(harmless).queued_at is not None
    verbs = AuditEntry.objects.filter(verb__startswith="reports.").order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == ["reports.harmless", "reports.count"]


def test_a_changed_text_lets_reports_count_again(harmless: Comment, site: User) -> None:
    decision_record(comment=fresh(harmless), action="approve", by=None)
    reports_mark(comment=harmless, harmless=True, by=None)
    comment_edit(comment=fresh(harmless), text="good evening", by=None)
    assert not fresh(harmless).reports_harmless


def test_an_open_appeal_keeps_its_place_when_reports_are_harmless(comment: Comment, site: User) -> None:
    removed(comment, None)
    appeal_open(comment=comment, by=site)
    report_add(comment=comment, reporter_ref="reader-1", by=site)
    reports_mark(comment=fresh(comment), harmless=True, by=None)
    assert fresh(comment).queued_at is not None


def test_only_who_decides_says_that_reports_are_harmless(harmless: Comment, db: None) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_decision$"):
        reports_mark(comment=harmless, harmless=True, by=person("viewer", VIEWER))
    assert not fresh(harmless).reports_harmless


def test_a_reported_comment_that_was_approved_is_decided_anew(
    harmless: Comment, site: User, moderator: User
) -> None:
    first = decision_record(comment=fresh(harmless), action="approve", by=None)
    with pytest.raises(
        DecisionConflict, match=r"^Somebody has decided on this comment in the meantime: approved\. Look at"
    ):
        decision_record(comment=fresh(harmless), action="remove", by=moderator)
    report_add(comment=harmless, reporter_ref="reader-1", by=site)
    second = decision_record(comment=fresh(harmless), action="remove", by=moderator)
    assert fresh(harmless).current_decision == second != first
    with pytest.raises(
        DecisionConflict, match=r"^moderator has decided on this comment in the meantime: removed\. Look at"
    ):
        decision_record(comment=fresh(harmless), action="approve", by=moderator)


def test_many_reports_hold_a_comment_until_a_person_decides(
    harmless: Comment, site: User, moderator: User, settings: Settings
) -> None:
    settings.REPORTS_TO_HIDE = 2
    report_add(comment=harmless, reporter_ref="reader-1", by=site)
    assert of_comment(fresh(harmless)).action == "publish"
    report_add(comment=harmless, reporter_ref="reader-2", by=site)
    assert of_comment(fresh(harmless)).action == "hold"
    decision_record(comment=fresh(harmless), action="approve", by=moderator)
    assert of_comment(fresh(harmless)).action == "publish"
    report_add(comment=harmless, reporter_ref="reader-3", by=site)
    assert of_comment(fresh(harmless)).action == "publish"
    report_add(comment=harmless, reporter_ref="reader-4", by=site)
    assert of_comment(fresh(harmless)).action == "hold"
    reports_mark(comment=fresh(harmless), harmless=True, by=moderator)
    assert of_comment(fresh(harmless)).action == "publish"
    report_add(comment=harmless, reporter_ref="reader-5", by=site)
    assert of_comment(fresh(harmless)).action == "publish"


def test_what_reports_hold_stays_held_through_an_edit_and_an_automatic_decision(
    harmless: Comment, site: User, settings: Settings
) -> None:
    settings.REPORTS_TO_HIDE = 1
    report_add(comment=harmless, reporter_ref="reader-1", by=site)
    decision_record(comment=fresh(harmless), action="approve", by=None, automatic=True)
    assert of_comment(fresh(harmless)).action == "hold"
    comment_edit(comment=fresh(harmless), text="good evening", by=None)
    assert of_comment(fresh(harmless)).action == "hold"


def test_without_the_setting_no_number_of_reports_holds_a_comment(harmless: Comment, site: User) -> None:
    for _ in range(5):
        report_add(comment=harmless, by=site)
    assert of_comment(fresh(harmless)).action == "publish"
