"""Rows of days that are over, made as the services would have made them then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from classifier.accounts.roles import LEAD, MODERATOR
from classifier.models import Comment, Decision, ModelVersion, Prediction, Source, User
from classifier.tests.builders import version_row

LABELS = ["toxic", "insult"]


@contextmanager
def clock(at: datetime) -> Iterator[None]:
    """Let rows that are made inside be of this moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: at)
        yield


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def version(db: None) -> ModelVersion:
    return version_row("starter-1a2b3c4d", LABELS, status="active", activated_at=timezone.now())


@pytest.fixture
def forum(db: None) -> Source:
    return Source.objects.create(slug="forum", name="Forum")


@pytest.fixture
def shop(db: None) -> Source:
    return Source.objects.create(slug="shop", name="Shop")


def user_of(name: str, role: str) -> User:
    user = User.objects.create_user(name, password="a-long-enough-password")
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def ann(db: None) -> User:
    return user_of("ann", MODERATOR)


@pytest.fixture
def bea(db: None) -> User:
    return user_of("bea", MODERATOR)


@pytest.fixture
def lead(db: None) -> User:
    return user_of("lead", LEAD)


Said = Callable[..., Comment]
Decided = Callable[..., Decision]


@pytest.fixture
def said(version: ModelVersion) -> Said:
    """A comment of a moment, scored at once unless `score` is None."""

    def make(source: Source, at: str, score: float | None = 0.1) -> Comment:
        with clock(moment(at)):
            comment = Comment.objects.create(source=source, text="something said")
            if score is not None:
                prediction = Prediction.objects.create(
                    comment=comment,
                    model_version=version,
                    scores={"toxic": score},
                    verdict="toxic" if score >= 0.5 else "non-toxic",
                    score=score,
                    threshold=0.5,
                )
                Comment.objects.filter(pk=comment.pk).update(
                    status="classified", current_prediction=prediction, classified_at=timezone.now()
                )
                comment.refresh_from_db()
        return comment

    return make


@pytest.fixture
def decided() -> Decided:
    """A decision of a moment about what the comment was said to be."""

    def make(comment: Comment, at: str, action: str, by: User | None = None, **fields: Any) -> Decision:
        with clock(moment(at)):
            decision = Decision.objects.create(
                comment=comment, action=action, by=by, prediction=comment.current_prediction, **fields
            )
            final = action in ("approve", "remove")
            Comment.objects.filter(pk=comment.pk).update(
                current_decision=decision if final else None, status="decided" if final else "classified"
            )
        return decision

    return make
