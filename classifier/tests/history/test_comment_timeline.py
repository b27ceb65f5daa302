"""The history of one comment: everything, one row an action, and nothing that a person may not see."""

import pytest

from classifier.accounts.roles import LEAD, VIEWER
from classifier.core.visible_comments import comment_detail, comments_visible_to
from classifier.history.comment_timeline import comment_timeline
from classifier.models import Comment, ModelVersion, User
from classifier.privacy.services import comment_erase
from classifier.review.appeals import appeal_open, appeal_resolve
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.reports import report_add
from classifier.tests.conftest import active_version, artifacts, candidates, models_dir, person
from classifier.tests.review.conftest import waiting

__all__ = ["active_version", "artifacts", "candidates", "models_dir"]
pytestmark = pytest.mark.django_db


def rows(comment: Comment, user: User) -> list[tuple[str, str]]:
    row = comment_detail(comments=comments_visible_to(user=user), comment_id=comment.pk)
    return [(entry.title, entry.who) for entry in comment_timeline(row, user)]


@pytest.fixture
def told(active_version: ModelVersion) -> Comment:
    """A comment that was removed, undone, removed again, appealed against, put back, and reported."""
    first, second = person("ann", LEAD), person("ben", LEAD)
    [comment] = waiting(active_version, "words that somebody minded")
    decision_undo(decision=decision_record(comment=comment, action="remove", by=first), by=first)
    comment.refresh_from_db()
    decision_record(comment=comment, action="remove", by=first)
    appeal = appeal_open(comment=comment, message="It was a joke", by=None)
    appeal_resolve(appeal=appeal, uphold=False, answer="We were wrong", by=second)
    report_add(comment=comment, reporter_ref="reader-7", reason="rude", by=None)
    return comment


def test_every_action_has_one_row(told: Comment) -> None:
    seen = rows(told, User.objects.get(username="ben"))
    assert [row for row in seen if row[0] not in ("Classified", "Pending")] == [
        ("Reported", "reader-7"),
        ("Appeal overturned: approved", "ben"),
        ("Appealed", "the author"),
        ("Removed", "ann"),
        ("Undone: removed", "ann"),
        ("Removed", "ann"),
        ("Received", ""),
    ]


def test_who_undid_the_decision_of_another_is_told_with_whose_it_was(active_version: ModelVersion) -> None:
    first, second = person("ann", LEAD), person("ben", LEAD)
    [comment] = waiting(active_version, "words that somebody minded")
    decision_undo(decision=decision_record(comment=comment, action="remove", by=first), by=second)
    row = comment_detail(comments=comments_visible_to(user=second), comment_id=comment.pk)
    undone = comment_timeline(row, second)[0]
    assert (undone.title, undone.who, undone.why) == ("Undone: removed", "ben", "of ann")


def test_an_erasure_is_told_from_the_audit(told: Comment) -> None:
    comment_erase(comment=told, by=None)
    assert rows(told, User.objects.get(username="ben"))[0] == ("Text erased", "the system")


def test_a_viewer_is_not_told_of_appeals_and_reports(told: Comment) -> None:
    titles = [title for title, _ in rows(told, person("vic", VIEWER))]
    assert not [title for title in titles if title.startswith(("Appeal", "Reported"))]
    assert titles.count("Removed") == 2
    assert titles[-1] == "Received"
