"""What analyze stores is judged as what is submitted: by bands, rules, automatic decisions, and by shadows."""

from typing import Any

import pytest

from classifier.comments.submission import comment_submit
from classifier.model_versions.shadow import shadow_start
from classifier.models import Comment, ModelVersion, ShadowJudgement, ShadowPrediction
from classifier.policies.rules import rule_create
from classifier.policies.services import policy_save
from classifier.policies.shadow_policies import shadow_policy_start
from classifier.privacy.services import comment_erase
from classifier.scoring.classify_pending import pending_classify
from classifier.scoring.shadow_runner import ShadowRunner
from classifier.tests.builders import FakeResult, FakeScorer
from classifier.tests.dialects.conftest import ANALYZE, SCORES, Sender
from classifier.tests.dialects.test_analyze import request
from classifier.tests.tiny_artifact import LABELS
from toxicsite.lib.broker import client

TEXT = "the badger sings every morning in my garden"
FIELDS = ("status", "band", "risk", "uncertainty", "queue_reasons", "policy", "text_hash", "sketch")


class SameScorer(FakeScorer):
    """The scores that the dialect's tests answer with."""

    def _result(self, text: str) -> FakeResult:
        return FakeResult(SCORES, "toxic")


class RainyScorer(FakeScorer):
    """Finds nothing toxic."""

    def _result(self, text: str) -> FakeResult:
        return FakeResult(dict.fromkeys(LABELS, 0.1), "non-toxic")


def both(sender: Sender, version: ModelVersion) -> tuple[Comment, Comment]:
    """The same text through analyze, and submitted and scored by a worker with the same scores."""
    assert sender.post(ANALYZE, request(TEXT, doNotStore=False, communityId="forum")).status_code == 200
    analyzed = Comment.objects.get()
    submitted = comment_submit(text=TEXT, source="forum")
    pending_classify(scorer=SameScorer(), model_version=version, limit=10)
    submitted.refresh_from_db()
    return analyzed, submitted


def told(comment: Comment) -> dict[str, Any]:
    decision = comment.current_decision
    return {
        **{name: getattr(comment, name) for name in FIELDS},
        "waits": comment.queued_at is not None,
        "decision": decision and (decision.action, decision.automatic, decision.policy, decision.by),
        "history": [(event.old, event.new, event.reason) for event in comment.history.all()],
    }


@pytest.mark.parametrize("automatic", [[], ["remove"], ["approve"]])
@pytest.mark.parametrize("remove", [None, 0.7])
@pytest.mark.parametrize("ruled", [False, True])
def test_bands_rules_and_automatic_decisions_are_the_same(
    sender: Sender,
    asked: list[list[str]],
    active_version: ModelVersion,
    automatic: list[str],
    remove: float | None,
    ruled: bool,
) -> None:
    policy_save(
        source=None, bands={LABELS[0]: {"review": 0.5, "remove": remove}}, automatic=automatic, by=None
    )
    if ruled:
        rule_create(name="badgers", kind="phrase", pattern="badger", band="remove", by=None)
    analyzed, submitted = (told(each) for each in both(sender, active_version))
    assert analyzed == submitted
    assert analyzed["band"] == ("remove" if remove or ruled else "review")
    assert (analyzed["decision"] is not None) == (analyzed["band"] in automatic)


def test_a_draft_of_a_policy_judges_both(
    sender: Sender,
    asked: list[list[str]],
    active_version: ModelVersion,
    django_capture_on_commit_callbacks: Any,
) -> None:
    shadow_policy_start(source=None, bands={LABELS[0]: {"review": 0.9, "remove": None}}, by=None)
    with django_capture_on_commit_callbacks(execute=True):
        both(sender, active_version)
    judged = ShadowJudgement.objects.values_list("before", "after", "changed")
    assert list(judged) == [("review", "approve", True)] * 2


def test_the_shadow_version_scores_what_analyze_has_stored(
    sender: Sender,
    asked: list[list[str]],
    candidates: tuple[ModelVersion, ModelVersion],
    active_version: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr("classifier.scoring.model_loading.load_scorer", lambda version: RainyScorer())
    shadow_start(model_version=candidates[1], by=None)
    with django_capture_on_commit_callbacks(execute=True):
        sender.post(ANALYZE, request(TEXT, doNotStore=False))
        sender.post(ANALYZE, request("not to be stored", doNotStore=True))
    assert TEXT not in repr([client().dump(name) for name in client().scan_iter()])
    runner = ShadowRunner()
    runner.turn()
    assert runner._loading is not None
    runner._loading.join(10)
    assert runner.turn()
    assert not runner.turn()
    shadow = ShadowPrediction.objects.get()
    assert (shadow.prediction.comment.text, shadow.disagrees) == (TEXT, True)
    assert Comment.objects.get().disagrees_with_shadow


def test_a_text_that_was_erased_meanwhile_is_not_scored_silently(
    sender: Sender,
    asked: list[list[str]],
    candidates: tuple[ModelVersion, ModelVersion],
    active_version: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr("classifier.scoring.model_loading.load_scorer", lambda version: RainyScorer())
    shadow_start(model_version=candidates[1], by=None)
    with django_capture_on_commit_callbacks(execute=True):
        sender.post(ANALYZE, request(TEXT, doNotStore=False))
    comment_erase(comment=Comment.objects.get(), by=None)
    runner = ShadowRunner()
    runner.turn()
    assert runner._loading is not None
    runner._loading.join(10)
    assert not runner.turn()
    assert not ShadowPrediction.objects.exists()
