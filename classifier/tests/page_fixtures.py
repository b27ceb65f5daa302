"""Three people, signed in, and comments in every status."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from classifier.accounts.roles import MODERATOR
from classifier.models import Comment, CommentEvent, ModelVersion, Prediction, Source, User
from classifier.scoring.score_texts import ExplainedWord, ScoredText, TextExplanation
from classifier.tests.builders import version_row

LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
HTMX = {"HX-Request": "true"}
PASSWORD = "a-long-enough-password"


def client_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def moderator(name: str) -> User:
    user = User.objects.create_user(name, password=PASSWORD)
    user.groups.add(Group.objects.get(name=MODERATOR))
    return user


@pytest.fixture
def owner(db: None, redis_clean: None) -> User:
    return moderator("owner")


@pytest.fixture
def colleague(owner: User) -> User:
    """A moderator too: may look at everybody's comments."""
    return moderator("colleague")


@pytest.fixture
def stranger(owner: User) -> User:
    """Has an account and no role."""
    return User.objects.create_user("stranger", password=PASSWORD)


@pytest.fixture
def as_owner(owner: User) -> Client:
    return client_of(owner)


@pytest.fixture
def version(db: None) -> ModelVersion:
    return version_row("starter-1a2b3c4d", LABELS, status="active", activated_at=timezone.now())


MakeComment = Callable[..., Comment]


@pytest.fixture
def comment_with(owner: User, version: ModelVersion) -> MakeComment:
    """Make a comment; with a score it is classified, with a failure it failed, otherwise it is pending."""

    def make(
        text: str, *, by: User = owner, score: float | None = None, failure: str = "", source: str = "web"
    ) -> Comment:
        row, _ = Source.objects.get_or_create(slug=source, defaults={"name": source})
        comment = Comment.objects.create(source=row, text=text, submitted_by=by)
        if score is not None:
            prediction = Prediction.objects.create(
                comment=comment,
                model_version=version,
                scores=dict.fromkeys(LABELS, score),
                verdict="toxic" if score >= 0.5 else "non-toxic",
                score=score,
                threshold=0.5,
            )
            Comment.objects.filter(pk=comment.pk).update(
                status="classified",
                current_prediction=prediction,
                classified_at=comment.created_at + timedelta(milliseconds=40),
            )
            CommentEvent.objects.create(comment=comment, old="pending", new="classified")
        elif failure:
            Comment.objects.filter(pk=comment.pk).update(status="failed", failure_reason=failure, attempts=3)
        comment.refresh_from_db()
        return comment

    return make


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Let scoring answer (or raise) this, in every view that asks for it."""

    def set_answer(answer: Any) -> None:
        def ask(**kwargs: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return [answer] if "texts" in kwargs else answer

        monkeypatch.setattr("classifier.scoring.pages.classify.score_texts", ask)
        monkeypatch.setattr("classifier.scoring.pages.words.score_texts", ask)
        monkeypatch.setattr("classifier.scoring.pages.words.comment_explain", ask)

    return set_answer


def scored(text: str, score: float, *words: tuple[str, float]) -> ScoredText:
    """What the worker answers about `text`, with these contributions of its words."""
    explained = tuple(
        ExplainedWord(text.index(word), text.index(word) + len(word), word, value) for word, value in words
    )
    return ScoredText(
        scores=dict.fromkeys(LABELS, score),
        verdict="toxic" if score >= 0.5 else "non-toxic",
        score=score,
        threshold=0.5,
        windows=1,
        model_version="starter-1a2b3c4d",
        explanation=TextExplanation("toxic", score, 0.1, explained) if words else None,
    )
