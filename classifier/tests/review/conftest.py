"""Rows of the review queue, and the people who work on it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classifier.comments.submission import comments_submit
from classifier.models import Comment, ModelVersion, User
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.conftest import person

WAITS: dict[str, Any] = {"band": "review", "risk": 0.6, "uncertainty": 0.1}


def waiting(version: ModelVersion, *texts: str, source: str = "test", **fields: Any) -> list[Comment]:
    """Classified comments that wait, the first since longest; `fields` override what scoring wrote."""
    made = comments_submit(items=[{"text": text} for text in texts], source=source)
    pending_classify(scorer=FakeScorer(), model_version=version, limit=1_000)
    now = timezone.now()
    for place, comment in enumerate(made):
        since = now - timedelta(seconds=len(made) - place)
        Comment.objects.filter(pk=comment.pk).update(**{**WAITS, "queued_at": since, **fields})
    found = {comment.pk: comment for comment in Comment.objects.filter(pk__in=[one.pk for one in made])}
    return [found[one.pk] for one in made]


@pytest.fixture
def people(db: None) -> Callable[..., list[User]]:
    """Makes people with one role."""

    def make(role: str, count: int) -> list[User]:
        return [person(f"{role.lower()}-{number}", role) for number in range(count)]

    return make
