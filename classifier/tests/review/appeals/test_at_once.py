"""Several people and a worker at the same moment: one appeal, a right count, and no verdict of an old text."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connections

from classifier.accounts.roles import LEAD
from classifier.comments.edits import comment_edit
from classifier.core.errors import DecisionConflict, NotPossibleNow
from classifier.models import Appeal, Comment, ModelVersion, Report, User
from classifier.review.appeals import appeal_open, appeal_resolve
from classifier.review.decisions import decision_record
from classifier.review.reports import report_add
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeResult, FakeScorer
from classifier.tests.conftest import person
from classifier.tests.review.appeals.conftest import removed

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Each call on a thread and connection of its own; what it returned or raised."""

    def call(one: Callable[[], Any]) -> Any:
        try:
            return one()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def test_of_two_appeals_one_is_opened(comment: Comment, site: User) -> None:
    removed(comment, None)
    answers = at_once([lambda: appeal_open(comment=comment, by=site)] * 4)
    assert sum(isinstance(answer, Appeal) for answer in answers) == 1
    assert sum(isinstance(answer, NotPossibleNow) for answer in answers) == 3
    assert Appeal.objects.count() == 1


def test_of_two_answers_one_counts(comment: Comment, site: User) -> None:
    removed(comment, None)
    appeal = appeal_open(comment=comment, by=site)
    leads = [person(f"lead-{number}", LEAD) for number in range(3)]
    answers = at_once(
        [
            partial(appeal_resolve, appeal=appeal, uphold=bool(number % 2), by=by)
            for number, by in enumerate(leads)
        ]
    )
    lost = [answer for answer in answers if isinstance(answer, NotPossibleNow | DecisionConflict)]
    assert len(lost) == 2
    assert comment.decisions.count() == 2


def test_a_storm_of_reports_is_counted_right(comment: Comment, site: User) -> None:
    calls = [
        partial(report_add, comment=comment, reporter_ref=f"reader-{number % 8}", by=site)
        for number in range(24)
    ]
    answers = at_once(calls)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert sum(new for _, new in answers) == 8
    after = Comment.objects.get(pk=comment.pk)
    assert after.report_count == Report.objects.count() == 8
    assert {"kind": "report", "count": 8} in after.queue_reasons


def test_reports_and_a_decision_leave_the_count_right(comment: Comment, site: User) -> None:
    calls: list[Callable[[], Any]] = [
        partial(report_add, comment=comment, reporter_ref=f"reader-{number}", by=site) for number in range(6)
    ]
    calls.insert(3, lambda: decision_record(comment=comment, action="approve", by=None))
    answers = at_once(calls)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    after = Comment.objects.get(pk=comment.pk)
    assert (after.report_count, after.status) == (6, "decided")


class EditedMeanwhile(FakeScorer):
    """Somebody edits the comment while the model reads its old text."""

    def __init__(self, edit: Callable[[], Any]) -> None:
        super().__init__()
        self.edit: Callable[[], Any] | None = edit

    def score(self, texts: Sequence[str]) -> list[FakeResult]:
        edit, self.edit = self.edit, None
        if edit is not None:
            edit()
        return super().score(texts)


def test_a_worker_that_scores_the_old_text_writes_nothing(
    comment: Comment, active_version: ModelVersion, site: User
) -> None:
    comment_edit(comment=comment, text="i hate all of you", by=site)
    scorer = EditedMeanwhile(lambda: comment_edit(comment=comment, text="good morning", by=site))
    pending_classify(scorer=scorer, model_version=active_version, limit=10)
    waiting = Comment.objects.get(pk=comment.pk)
    assert waiting.status == "pending"
    assert waiting.current_prediction == comment.current_prediction
    assert waiting.predictions.count() == 1
    pending_classify(scorer=scorer, model_version=active_version, limit=10)
    after = Comment.objects.get(pk=comment.pk)
    assert scorer.calls == [["i hate all of you"], ["good morning"]]
    assert after.current_prediction is not None
    assert (after.current_prediction.verdict, after.predictions.count()) == ("non-toxic", 2)
