"""A rescoring with the real worker that classifies: chunks are scored by the version in production."""

from collections.abc import Callable

import pytest

from classifier.comments.submission import comments_submit
from classifier.model_versions.services import model_version_activate
from classifier.models import Comment, ModelVersion, Transfer
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.worker_process import WorkerProcess
from classifier.transfers import rescoring
from classifier.transfers.rescoring import rescoring_start
from classifier.transfers.rescoring_selectors import RescoringChoice
from classifier.transfers.worker import transfer_work

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_worker_scores_what_a_rescoring_lets_wait(
    candidates: tuple[ModelVersion, ModelVersion],
    start_worker: Callable[..., WorkerProcess],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, new = candidates
    model_version_activate(model_version=old, by=None)
    comments_submit(items=[{"text": f"i hate number {at}"} for at in range(25)], source="forum")
    pending_classify(scorer=FakeScorer(), model_version=old, limit=100)
    model_version_activate(model_version=new, by=None)
    start_worker().wait_until_ready()
    monkeypatch.setattr(rescoring, "CHUNK", 10)
    monkeypatch.setattr(rescoring, "TURN_SECONDS", 30.0)
    transfer = rescoring_start(choice=RescoringChoice(status="all"), by=None)
    transfer_work(transfer_id=transfer.pk)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.done_rows) == (Transfer.Status.SUCCEEDED, 25)
    by_version = Comment.objects.filter(current_prediction__model_version=new)
    assert by_version.count() == 25
    assert not Comment.objects.pending().exists()
