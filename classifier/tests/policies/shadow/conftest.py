"""Sources, drafts, and comments that are classified the way a worker does it."""

from collections.abc import Callable
from typing import Any

import pytest

from classifier.comments.submission import comment_submit
from classifier.models import Comment, ModelVersion, ShadowJudgement, ShadowPolicy, Source
from classifier.policies.shadow_policies import shadow_policy_start
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer

STRICT = {"toxic": {"review": 0.05, "remove": 0.8}}
Classify = Callable[..., list[Comment]]


@pytest.fixture
def forum(db: None) -> Source:
    return Source.objects.create(slug="forum", name="The forum")


@pytest.fixture
def classify(active_version: ModelVersion, django_capture_on_commit_callbacks: Any) -> Classify:
    """Submits texts (0.9 with "hate", else 0.1) and classifies them; the test's transaction counts as committed."""

    def classified(*texts: str, source: str = "forum", by: Any = None) -> list[Comment]:
        comments = [comment_submit(text=text, source=source, by=by) for text in texts]
        with django_capture_on_commit_callbacks(execute=True):
            pending_classify(scorer=FakeScorer(), model_version=active_version, limit=1_000)
        for comment in comments:
            comment.refresh_from_db()
        return comments

    return classified


def started(source: Source | None, bands: Any = STRICT, **fields: Any) -> ShadowPolicy:
    return shadow_policy_start(source=source, bands=bands, **{"automatic": ["remove"], "by": None, **fields})


def said(shadow: ShadowPolicy) -> list[tuple[str, str]]:
    rows = ShadowJudgement.objects.filter(shadow_policy=shadow).order_by("pk")
    return list(rows.values_list("before", "after"))
