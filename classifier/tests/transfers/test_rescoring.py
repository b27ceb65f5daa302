"""History is scored again a chunk at a time, as backlog; what changed is counted once, whatever happens on the way."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from classifier.accounts.roles import LEAD, MODEL_ADMIN
from classifier.comments.edits import comment_edit
from classifier.comments.submission import comments_submit
from classifier.core.validation import InvalidInput
from classifier.model_versions.services import model_version_activate
from classifier.models import AuditEntry, Comment, ModelVersion, SourceAccess, Transfer, User
from classifier.review.claims import claim
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeResult, FakeScorer
from classifier.tests.conftest import person
from classifier.transfers import rescoring
from classifier.transfers.rescoring import rescoring_choice, rescoring_count, rescoring_start
from classifier.transfers.rescoring_selectors import RescoringChoice
from classifier.transfers.services import TransferNotPossible, transfer_cancel, transfer_resume
from classifier.transfers.worker import transfer_work

TEXTS = ["i hate you", "thank you", "i love rain", "rain and hate"]
ALL = RescoringChoice(status="all")
Versions = tuple[ModelVersion, ModelVersion]


class Other(FakeScorer):
    """Another model: toxic where the text says rain."""

    def _result(self, text: str) -> FakeResult:
        return super()._result("hate" if "rain" in text else "calm")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn looks once and lets go."""
    monkeypatch.setattr(rescoring, "TURN_SECONDS", 0.0)


@pytest.fixture
def history(active_version: ModelVersion, candidates: Versions) -> list[Comment]:
    """Scored by the first version; the second one is in production now."""
    made = comments_submit(items=[{"text": text} for text in TEXTS], source="forum")
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=100)
    model_version_activate(model_version=candidates[1], by=None)
    return list(Comment.objects.filter(pk__in=[one.pk for one in made]).order_by("pk"))


def score(candidates: Versions, *texts: str) -> None:
    """What the worker that classifies does meanwhile."""
    pending_classify(scorer=Other(poison=texts), model_version=candidates[1], limit=100)


def turn(transfer: Transfer) -> Transfer:
    transfer_work(transfer_id=transfer.pk)
    transfer.refresh_from_db()
    return transfer


def done(transfer: Transfer, candidates: Versions) -> Transfer:
    for _ in range(20):
        if turn(transfer).status not in ("queued", "running"):
            return transfer
        score(candidates)
    raise AssertionError(f"{transfer.status} at {transfer.done_rows}")


def test_it_counts_what_other_versions_scored_and_scores_that_again(
    history: list[Comment], candidates: Versions, model_admin: User
) -> None:
    first, second, third, fourth = history
    preview = rescoring_count(choice=ALL, by=model_admin)
    assert (preview.total, preview.versions) == (4, [(candidates[0].version, 4)])
    transfer = done(rescoring_start(choice=ALL, by=model_admin), candidates)
    assert (transfer.status, transfer.done_rows, transfer.total_rows) == ("succeeded", 4, 4)
    assert transfer.options["changes"] == {"review>approve": 1, "approve>review": 1}
    assert transfer.options["listed"] == [[first.pk, "review", "approve"], [third.pk, "approve", "review"]]
    assert "chunk" not in transfer.options
    for comment in history:
        assert comment.predictions.count() == 2
        comment.refresh_from_db()
        assert comment.current_prediction is not None
        assert comment.current_prediction.model_version == candidates[1]
        assert f"rescoring {transfer.pk}" in [event.reason for event in comment.history.all()]
    assert rescoring_count(choice=ALL, by=model_admin).total == 0
    assert rescoring_count(choice=RescoringChoice(status="all", again=True), by=model_admin).total == 4
    with pytest.raises(TransferNotPossible, match="nothing to score"):
        rescoring_start(choice=ALL, by=model_admin)
    told = {row.verb: row for row in AuditEntry.objects.filter(verb__startswith="rescore")}
    assert told["rescore.comments"].actor == model_admin
    assert told["rescore.comments_done"].data["changes"] == transfer.options["changes"]
    assert (second.pk, fourth.pk) not in transfer.options["listed"]


def test_a_decision_stands_where_the_band_does_and_is_opened_again_where_not(
    history: list[Comment], candidates: Versions, moderator: User
) -> None:
    first, _, _, fourth = history
    for comment in (first, fourth):
        decision_record(comment=comment, action="remove", by=moderator)
    assert rescoring_count(choice=RescoringChoice(), by=None).total == 2
    transfer = done(rescoring_start(choice=RescoringChoice(status="decided"), by=None), candidates)
    assert (transfer.done_rows, transfer.options["reopened"]) == (2, 1)
    first.refresh_from_db()
    fourth.refresh_from_db()
    assert (first.status, fourth.status) == ("classified", "decided")
    assert first.queued_at is not None


def test_one_chunk_waits_at_a_time_as_backlog_behind_what_is_live(
    history: list[Comment], candidates: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "CHUNK", 3)
    transfer = rescoring_start(choice=ALL, by=None)
    turn(transfer)
    waiting = Comment.objects.pending()
    assert (waiting.count(), waiting.filter(is_backlog=True).count()) == (3, 3)
    assert (turn(transfer).done_rows, waiting.count()) == (0, 3)
    (live,) = comments_submit(items=[{"text": "live"}], source="forum")
    pending_classify(scorer=Other(), model_version=candidates[1], limit=1)
    live.refresh_from_db()
    assert live.status == "classified"
    assert waiting.count() == 3
    assert done(transfer, candidates).done_rows == 4


def test_an_edit_of_what_waits_as_backlog_is_live_again(history: list[Comment], candidates: Versions) -> None:
    turn(rescoring_start(choice=ALL, by=None))
    comment_edit(comment=history[0], text="another text", by=None)
    history[0].refresh_from_db()
    assert (history[0].status, history[0].is_backlog) == ("pending", False)


def test_a_worker_that_dies_between_two_turns_is_followed_without_counting_twice(
    history: list[Comment], candidates: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any) -> None:
        raise KeyboardInterrupt

    transfer = rescoring_start(choice=ALL, by=None)
    with monkeypatch.context() as patch:
        patch.setattr(rescoring, "_scored", die)
        with pytest.raises(KeyboardInterrupt):
            turn(transfer)
    transfer.refresh_from_db()
    assert (transfer.status, len(transfer.options["chunk"]["before"])) == ("running", 4)
    Transfer.objects.filter(pk=transfer.pk).update(status="queued")  # what the sweep does
    score(candidates)
    assert done(transfer, candidates).options["changes"] == {"review>approve": 1, "approve>review": 1}
    assert Comment.objects.get(pk=history[0].pk).predictions.count() == 2


def test_it_is_cancelled_and_goes_on_and_both_are_written_down(
    history: list[Comment], candidates: Versions, monkeypatch: pytest.MonkeyPatch, model_admin: User
) -> None:
    monkeypatch.setattr(rescoring, "CHUNK", 2)
    transfer = rescoring_start(choice=ALL, by=model_admin)
    turn(transfer)
    with pytest.raises(TransferNotPossible, match="Another rescoring"):
        rescoring_start(choice=ALL, by=model_admin)
    transfer_cancel(transfer=transfer, by=model_admin)
    score(candidates)
    assert (turn(transfer).status, transfer.done_rows) == ("failed", 0)
    transfer_resume(transfer=transfer, by=model_admin)
    assert done(transfer, candidates).done_rows == 4
    assert sum(transfer.options["changes"].values()) == 2
    verbs = list(AuditEntry.objects.filter(verb__startswith="rescore").values_list("verb", flat=True))
    assert verbs == ["rescore.comments_done", "rescore.resume", "rescore.cancel", "rescore.comments"]


def test_what_somebody_looks_at_is_left_out_and_what_fails_is_counted(
    history: list[Comment], candidates: Versions, moderator: User, settings: Any
) -> None:
    claim(comment=history[0], by=moderator)
    transfer = rescoring_start(choice=ALL, by=None)
    turn(transfer)
    for _ in range(4):
        score(candidates, TEXTS[1])
    assert done(transfer, candidates).options["skipped"] == 1
    assert (transfer.done_rows, transfer.error_rows) == (4, 1)
    history[0].refresh_from_db()
    assert history[0].predictions.count() == 1


def test_dates_source_version_and_status_narrow_it_and_nonsense_is_named(
    history: list[Comment], candidates: Versions
) -> None:
    day = history[0].created_at.date().isoformat()

    def total(**given: str) -> int:
        return rescoring_count(choice=rescoring_choice({"status": "all", **given}, by=None), by=None).total

    assert total(begin=day, end=day, source="forum", version=candidates[0].version) == 4
    assert total(begin="2100-01-01") == total(end="2000-01-01") == total(status="decided") == 0
    with pytest.raises(
        InvalidInput, match=r"^begin: This must be a day such as 2026-11-24\.; status: This must be one"
    ) as wrong:
        rescoring_choice({"begin": "soon", "status": "odd", "source": "none", "version": "none"}, by=None)
    assert {problem.field for problem in wrong.value.problems} == {"begin", "status", "source", "version"}
    with pytest.raises(InvalidInput, match="before the first"):
        rescoring_choice({"begin": "2026-02-02", "end": "2026-02-01"}, by=None)


def test_leads_rescore_their_sources_only_and_moderators_nothing(
    history: list[Comment], candidates: Versions, moderator: User
) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.rescore_comment$"):
        rescoring_count(choice=ALL, by=moderator)
    (own,) = comments_submit(items=[{"text": "i hate you"}], source="mine")
    pending_classify(scorer=FakeScorer(), model_version=candidates[0], limit=9)
    lead = person("lead", LEAD)
    User.objects.filter(pk=lead.pk).update(all_sources=False)
    SourceAccess.objects.create(user=lead, source=own.source)
    lead.refresh_from_db()
    transfer = done(rescoring_start(choice=ALL, by=lead), candidates)
    assert (transfer.done_rows, own.predictions.count(), history[0].predictions.count()) == (1, 2, 1)
    assert person("models", MODEL_ADMIN).has_perm("classifier.rescore_comment")
