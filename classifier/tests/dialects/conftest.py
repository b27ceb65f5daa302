"""A key, a version in production, and verdicts without a worker: what is tested here is the wire."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.test import Client

from classifier.api_keys.services import api_key_create
from classifier.core.validation import validate_texts
from classifier.model_versions.assembly import Assembly
from classifier.models import ApiKey, ModelVersion, User
from classifier.scoring.routes import routed
from classifier.scoring.score_texts import ScoredText, TextProblem
from classifier.tests.api.conftest import person

ANALYZE = "/v1alpha1/comments:analyze"
SUGGEST = "/v1alpha1/comments:suggestscore"
MODERATIONS = "/v1/moderations"
PREDICT = "/predict"
SCORES = {
    "toxic": 0.75,
    "severe_toxic": 0.125,
    "obscene": 0.5,
    "threat": 0.25,
    "insult": 0.625,
    "identity_hate": 0.375,
}


@pytest.fixture
def owner(db: None) -> User:
    return person("owner", "add_comment")


class Sender:
    """A client of another service, as far as a test needs one: a path, a key, a body."""

    def __init__(self, plaintext: str, key: ApiKey) -> None:
        self.plaintext, self.key = plaintext, key
        self.client = Client(raise_request_exception=False)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.plaintext}", **headers}
        return self.client.post(path, data, content_type="application/json", headers=sent)


@pytest.fixture
def sender(owner: User) -> Sender:
    key, plaintext = api_key_create(name="forum", owner=owner, scopes=["score", "submit"])
    return Sender(plaintext, key)


@pytest.fixture
def score_only(owner: User) -> Sender:
    key, plaintext = api_key_create(name="reader", owner=owner, scopes=["score"])
    return Sender(plaintext, key)


Answer = Callable[[str], ScoredText | TextProblem]


@pytest.fixture
def asked(
    active_version: ModelVersion, redis_clean: None, monkeypatch: pytest.MonkeyPatch
) -> list[list[str]]:
    """The texts of each question to the worker, whose answer is SCORES; half of that where the text says "half"."""
    questions: list[list[str]] = []

    def answer(*, texts: Sequence[str], deadline: float, **more: Any) -> list[Any]:
        questions.append(validate_texts(texts))
        return [verdict(text, active_version, more.get("languages", ())) for text in texts]

    monkeypatch.setattr("classifier.dialects.scoring.score_texts", answer)
    return questions


def verdict(text: str, version: ModelVersion, stated: Sequence[str] = ()) -> ScoredText | TextProblem:
    if "endless" in text:
        return TextProblem("too_long", "This text needs 99 windows to be scored whole; the limit is 64.")
    share = 0.5 if "half" in text else 1.0
    scores = {label: value * share for label, value in SCORES.items()}
    said = "toxic" if scores["toxic"] >= version.threshold else "non-toxic"
    found = routed(text, Assembly(version), stated=stated, detect=True)
    return ScoredText(
        scores,
        said,
        scores["toxic"],
        version.threshold,
        1,
        version.version,
        language=found.routes[0].language,
        language_supported=found.routes[0].is_supported,
        detected=found.detected,
    )
