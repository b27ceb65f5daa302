"""The stages that take a comment from "pending" to its verdict: read STAGES first.

Before the stages `classify_pending` claims a batch: it puts a token and a time on each comment, so that two workers
never have the same one. The stages then work on that batch. Reading, scoring and judging happen outside any
transaction; only `write` has one. It is short, and it succeeds only for comments whose claim is still held. The later
stages may be lost when the worker is killed, which does no harm: callers that wait for a verdict read the database.

A text that was scored synchronously (by a dialect's call that stores it) enters after `score`: see STORED_STAGES.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Case, F, OuterRef, Subquery, TextField, Value, When
from django.db.models.functions import Now

from classifier.core.events import COMMENT_CLASSIFIED, emit, listening
from classifier.model_versions.assembly import language_of_source
from classifier.models import COMMENT_TRANSITIONS, Comment, CommentStatus, ModelVersion, Prediction
from classifier.policies.active_policies import policy_for
from classifier.policies.draft_judging import judge_silently
from classifier.policies.judging import Judged, judge_batch
from classifier.review.placement import judged_fields, settle
from classifier.scoring.bell import ring_all_workers
from classifier.scoring.identify import CommonScores
from classifier.scoring.routes import Routed
from classifier.scoring.serving import Serving
from classifier.scoring.verdict_pubsub import announce
from toxicsite.lib import metrics
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.lifecycle import LostRace, transition_many

logger = logging.getLogger(__name__)


class TextScores(CommonScores, Protocol):
    """The scores and the language of one text: results of a scoring call have this form."""

    @property
    def language(self) -> str: ...
    @property
    def language_supported(self) -> bool: ...
    @property
    def concern_score(self) -> float | None: ...


@dataclass
class Batch:
    """Comments under one claim on their way through the stages; each stage fills in its results.

    `results`, `versions` (that judged them) and `judged` are by the comment's id. `comments` are those whose claim is
    still held, so `route` and `write` may shorten the list.
    """

    comments: list[Comment]
    serving: Serving | None = None
    texts: list[str] = field(default_factory=list)
    routes: list[Routed] = field(default_factory=list)
    versions: dict[int, ModelVersion] = field(default_factory=dict)
    results: dict[int, TextScores] = field(default_factory=dict)
    judged: dict[int, Judged] = field(default_factory=dict)
    predictions: list[Prediction] = field(default_factory=list)

    def by_version(self) -> list[tuple[ModelVersion, list[Comment]]]:
        """Return the comments by the version that judged them."""
        groups: dict[int, tuple[ModelVersion, list[Comment]]] = {}
        for comment in self.comments:
            version = self.versions[comment.pk]
            groups.setdefault(version.pk, (version, []))[1].append(comment)
        return list(groups.values())


Stage = Callable[[Batch], None]


def read(batch: Batch) -> None:
    """Read the texts as their format and the policy of their source say; the scorer normalises them, as in training."""
    batch.texts = [read_comment(comment) for comment in batch.comments]


def read_comment(comment: Comment) -> str:
    """Return what the model reads of a comment."""
    return policy_for(comment.source_id).for_scoring(comment.text, comment.text_format).text


def route(batch: Batch) -> None:
    """Find the version that judges each text, and give back the comments of versions that this worker lacks."""
    assert batch.serving is not None
    batch.routes = [
        batch.serving.routed(text, stated=comment.languages, source=language_of_source(comment.source_id))
        for comment, text in zip(batch.comments, batch.texts, strict=True)
    ]
    lacking = [batch.serving.lacks(routed) for routed in batch.routes]
    if not any(lacking):
        return
    left = [
        (comment, route) for comment, route in zip(batch.comments, lacking, strict=True) if route is not None
    ]
    for pk in {route.version.pk for _, route in left}:
        _give_back([comment for comment, route in left if route.version.pk == pk], pk)
    ring_all_workers()
    kept = [at for at, route in enumerate(lacking) if route is None]
    batch.comments = [batch.comments[at] for at in kept]
    batch.texts, batch.routes = [batch.texts[at] for at in kept], [batch.routes[at] for at in kept]


def score(batch: Batch) -> None:
    """Run the engines on the texts: each version on all of its own in one call."""
    assert batch.serving is not None
    if not batch.comments:
        return
    began = time.perf_counter()
    results = batch.serving.score(batch.texts, batch.routes)
    metrics.observe(metrics.SCORING_SECONDS, time.perf_counter() - began, "stored")
    metrics.observe(metrics.SCORING_TEXTS, len(batch.texts), "stored")
    for comment, result in zip(batch.comments, results, strict=True):
        batch.results[comment.pk], batch.versions[comment.pk] = result.identified(), result.version


def judge(batch: Batch) -> None:
    """Ask the policy and the rules of each comment's source for its band, its place in the queue and the reasons."""
    for version, comments in batch.by_version():
        batch.judged |= judge_batch(comments, batch.results, version)


def write(batch: Batch) -> None:
    """Write predictions, status, history and place in the queue in one short transaction, under the claim."""
    claimed = batch.comments
    if not claimed:
        return
    try:
        batch.predictions = _write_all(batch)
    except LostRace:  # a claim has expired, which is rare: only then read which claims are still held
        with transaction.atomic():
            batch.comments = list(
                Comment.objects.pending()
                .filter(pk__in=batch.results, claim_token=claimed[0].claim_token)
                .select_for_update()
                .only("id", "status", "claim_token")
                .order_by("id")
            )
            batch.judged |= {
                comment.pk: replace(batch.judged[comment.pk], comment=comment) for comment in batch.comments
            }
            batch.predictions = _write_all(batch)
    if len(batch.comments) < len(claimed):
        lost = len(claimed) - len(batch.comments)
        logger.warning("%d of %d claims had expired; others score them", lost, len(claimed))


def tell(batch: Batch) -> None:
    """Count the verdicts, and wake the callers that wait for one of them."""
    for version, comments in batch.by_version():
        bands = Counter(batch.judged[comment.pk].band for comment in comments)
        for band, number in bands.items():
            metrics.count(metrics.VERDICTS, version.version, band or "none", amount=number)
    tell_waiting(batch.comments)


def shadow(batch: Batch) -> None:
    """Let policies' drafts in shadow mode judge the same scores, once everything is committed."""
    for version, _ in batch.by_version():
        own = [row for row in batch.predictions if row.model_version_id == version.pk]
        judge_silently(batch.judged, own, version)


STAGES: tuple[Stage, ...] = (read, route, score, judge, write, tell, shadow)
STORED_STAGES: tuple[Stage, ...] = (judge, write, tell, shadow)


def run(batch: Batch, stages: Sequence[Stage] = STAGES) -> list[Prediction]:
    """Take a batch through the stages; return the predictions that were written."""
    for stage in stages:
        stage(batch)
    return batch.predictions


def verdict_store(comment: Comment, scored: TextScores, model_version: ModelVersion) -> list[Prediction]:
    """Write and announce the verdict on a comment that was scored already, under its claim."""
    batch = Batch([comment], versions={comment.pk: model_version}, results={comment.pk: scored})
    return run(batch, STORED_STAGES)


def tell_waiting(comments: Sequence[Comment]) -> None:
    """Wake the callers that wait for one of these comments; without Redis none does, and they read the database."""
    try:
        announce([comment.pk for comment in comments])
    except NoBroker:
        logger.warning("Redis does not answer; %d verdicts were not announced", len(comments))


def _write_all(batch: Batch) -> list[Prediction]:
    """Write the results of comments under one claim, all or none. Raises LostRace when one is not held any more."""
    comments = batch.comments
    if not comments:
        return []
    token = comments[0].claim_token
    judged = [batch.judged[comment.pk] for comment in comments]
    with transaction.atomic():
        predictions = Prediction.objects.bulk_create(
            [
                _prediction(comment, batch.results[comment.pk], batch.versions[comment.pk])
                for comment in comments
            ]
        )
        latest = Prediction.objects.filter(comment=OuterRef("pk")).order_by("-id").values("pk")[:1]
        for version, own in batch.by_version():
            transition_many(
                own,
                to=CommentStatus.CLASSIFIED,
                allowed=COMMENT_TRANSITIONS,
                reason=f"scored by {version}",
                where={"claim_token": token},
                savepoint=False,
                claimed_at=None,
                claim_token=None,
                classified_at=Now(),
                failure_reason="",
                current_prediction=Subquery(latest),
                read_as=_read_as(own, batch.results),
                **judged_fields([batch.judged[comment.pk] for comment in own]),
            )
        if listening():
            emit(COMMENT_CLASSIFIED, *[_payload(row, batch.judged[row.comment_id]) for row in predictions])
        settle(judged, predictions)
    return predictions


def _give_back(comments: Sequence[Comment], version_id: int) -> None:
    """Release the claims of comments that wait for a worker with this version, and undo their attempt."""
    ours = Comment.objects.pending().filter(
        pk__in=[comment.pk for comment in comments], claim_token=comments[0].claim_token
    )
    ours.update(claimed_at=None, claim_token=None, attempts=F("attempts") - 1, waits_for_version=version_id)


def _read_as(comments: Sequence[Comment], results: Mapping[int, TextScores]) -> Case:
    """Return what was read in each comment as an expression, so that one update writes them all."""
    read = {comment.pk: results[comment.pk].read_as for comment in comments}
    whens = [When(pk=number, then=Value(text)) for number, text in read.items() if text]
    return Case(*whens, default=Value(""), output_field=TextField())


def _prediction(comment: Comment, result: TextScores, version: ModelVersion) -> Prediction:
    return Prediction(
        comment=comment,
        model_version=version,
        scores=result.scores,
        verdict=result.verdict,
        score=result.scores[version.primary_label],
        threshold=version.threshold,
        windows=result.windows,
        language=result.language,
        language_supported=result.language_supported,
        concern_score=result.concern_score,
        is_concern=result.is_concern,
    )


def _payload(prediction: Prediction, judged: Judged) -> dict[str, Any]:
    return {
        "comment": prediction.comment_id,
        "source": judged.comment.source_id,
        "prediction": prediction.pk,
        "model_version": prediction.model_version_id,
        "verdict": prediction.verdict,
        "score": prediction.score,
        "band": judged.band,
        "language": prediction.language,
        "language_supported": prediction.language_supported,
        "concern": judged.is_concern,
    }
