"""Rows that many tests start from, made the way the services make them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from classifier.comments.submission import comment_submit
from classifier.inference.verdict import verdict_for
from classifier.models import Comment, ModelVersion, User
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.tiny_artifact import LABELS


@dataclass(frozen=True)
class FakeResult:
    scores: dict[str, float]
    verdict: str
    windows: int = 1
    spans: tuple[Any, ...] = ()
    read_as: str = ""
    concern: float | None = None
    is_concern: bool = False


class FakeScorer:
    """Toxic where the text says hate, a concern where it says hurt; fails on a batch that holds one of `poison`."""

    backend_name = "fake"

    def __init__(self, poison: Sequence[str] = ()) -> None:
        self.poison = set(poison)
        self.calls: list[list[str]] = []

    def score(self, texts: Sequence[str]) -> list[FakeResult]:
        self.calls.append(list(texts))
        if self.poison & set(texts):
            raise RuntimeError("the engine choked")
        return [self._result(text) for text in texts]

    def _result(self, text: str) -> FakeResult:
        scores = dict.fromkeys(LABELS, 0.9 if "hate" in text else 0.1)
        verdict = verdict_for(scores, dict.fromkeys(LABELS, 0.5), "toxic")
        concern = 0.95 if "hurt" in text else 0.05
        return FakeResult(scores, verdict, concern=concern, is_concern=concern > 0.5)


def version_row(version: str, labels: Sequence[str], **fields: Any) -> ModelVersion:
    """A version as a row alone, without files; `fields` go over what is usual."""
    usual = {
        "name": version,
        "directory": version,
        "sha256": "a" * 64,
        "labels": list(labels),
        "thresholds": dict.fromkeys(labels, 0.5),
        "primary_label": "toxic",
        "manifest": {"version": version},
    }
    return ModelVersion.objects.create(version=version, **{**usual, **fields})


def classified_comment(version: ModelVersion, text: str = "i hate you", by: User | None = None) -> Comment:
    comment = comment_submit(text=text, source="test", by=by)
    pending_classify(scorer=FakeScorer(), model_version=version, limit=1_000)
    comment.refresh_from_db()
    assert comment.status == "classified"
    return comment
