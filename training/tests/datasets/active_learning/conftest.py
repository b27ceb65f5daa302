"""A version in production, and comments at chosen distances from its threshold."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from classifier.comments.submission import comments_submit
from classifier.models import Comment, ModelVersion
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.conftest import (
    active_version,
    admin_person,
    artifacts,
    candidates,
    model_admin,
    models_dir,
)

__all__ = ["active_version", "admin_person", "artifacts", "candidates", "model_admin", "models_dir"]
At = Callable[..., Comment]
WORDS = "river stone paper cloud green story table music garden bridge letter winter".split()


@pytest.fixture
def at(active_version: ModelVersion) -> At:
    """Make a classified comment at a distance from the threshold, waiting or not."""
    made = 0

    def make(distance: float, *, waits: bool = False, source: str = "forum", text: str = "") -> Comment:
        nonlocal made
        made += 1
        words = text or f"{WORDS[made % 12]} {made} {WORDS[made * 5 % 12]} {made * 7}"
        [comment] = comments_submit(items=[{"text": words}], source=source)
        pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
        now = timezone.now() if waits else None
        Comment.objects.filter(pk=comment.pk).update(uncertainty=distance, queued_at=now, risk=0.5)
        return Comment.objects.get(pk=comment.pk)

    return make
