"""What the model would learn most from: comments near a threshold, counted, and offered to the queue.

Everything is read from bounded pieces: the first QUEUED of the queue's own index of uncertainty, the latest LATEST
comments outside the queue, and at most DECIDED decisions.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from classifier.core.audit import audit_record
from classifier.core.measures import share_with_interval, wilson
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.visibility import narrow
from classifier.models import Comment, CommentStatus, Source, User
from classifier.models.comment import CommentQuerySet
from classifier.review.filters import QueueFilters
from classifier.review.placement import queue_put
from classifier.review.selectors import LEARN, learn_candidates, queue_comments
from training.core.errors import NotAllowedNow
from training.datasets.decision_summary import decisions_since_retraining, new_decisions

MAY_OFFER = "training.add_dataset"
OFFER_MOST = 200
QUEUED = 5_000
LATEST = 20_000
DECIDED = 20_000
EXAMPLES = 8
NEAR = 0.1  # a distance below this counts as uncertain
STEPS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
LOOK = 256  # unqueued comments that are compared with each other


@dataclass(frozen=True)
class Group:
    """Counts for one source and band: comments that wait for a decision, and those of them near a threshold."""

    source: str
    band: str
    waiting: int
    near: int


@dataclass(frozen=True)
class DecidedGroup:
    """Decisions of people since the last retraining, and how many of them went against the model's verdict."""

    title: str
    decided: int
    corrected: int

    @property
    def share(self) -> str:
        """The share of corrected ones in percent with its interval; empty where nothing was decided."""
        if not self.decided:
            return ""
        return share_with_interval(self.corrected / self.decided, wilson(self.corrected, self.decided))


@dataclass(frozen=True)
class LearningOutlook:
    """What waits near a threshold, and what earlier offers brought.

    `new` counts the decisions since the last retraining, `brought` at most the latest DECIDED of them, by kind.
    `steps` are (largest distance, comments in the queue, comments outside it). `beside` is how many comments outside
    the queue were looked at, and `beside_near` how many of them are near a threshold.
    """

    waiting: int = 0
    more: bool = False
    groups: list[Group] = field(default_factory=list)
    steps: list[tuple[float, int, int]] = field(default_factory=list)
    beside: int = 0
    beside_near: int = 0
    brought: list[DecidedGroup] = field(default_factory=list)
    new: int = 0
    examples: list[Comment] = field(default_factory=list)

    @property
    def near(self) -> int:
        return sum(group.near for group in self.groups)

    @property
    def brought_is_part(self) -> bool:
        """Whether there are more decisions than were looked at one by one."""
        return self.new > DECIDED

    @property
    def beside_more(self) -> bool:
        return self.beside >= LATEST


def learning_outlook(*, user: User | None) -> LearningOutlook:
    """Count comments near a threshold in the sources that `user` sees; six queries."""
    queue = _undecided(user)
    rows = list(
        queue.order_by("uncertainty", "id").values_list("source__name", "band", "uncertainty")[: QUEUED + 1]
    )
    waiting = [(source, band, float(distance or 0.0)) for source, band, distance in rows[:QUEUED]]
    distances = _beside(user, None).values_list("uncertainty", flat=True)[:LATEST]
    beside = [float(distance or 0.0) for distance in distances]
    groups = Counter((source, band) for source, band, _ in waiting)
    near = Counter((source, band) for source, band, distance in waiting if distance < NEAR)
    queued = _steps([distance for _, _, distance in waiting])
    others = _steps(beside)
    chosen: list[int] = []
    for pk in learn_candidates(queue):
        chosen.append(pk)
        if len(chosen) == EXAMPLES:
            break
    comments = Comment.objects.with_verdict().in_bulk(chosen)
    return LearningOutlook(
        waiting=len(waiting),
        more=len(rows) > QUEUED,
        groups=[
            Group(source, band, count, near[source, band]) for (source, band), count in sorted(groups.items())
        ],
        steps=list(zip(STEPS, queued, others, strict=True)),
        beside=len(beside),
        beside_near=sum(distance < NEAR for distance in beside),
        brought=_brought(user),
        new=decisions_since_retraining(user=user),
        examples=[comments[pk] for pk in chosen if pk in comments],
    )


def learn_offer(*, count: int, source: Source | None = None, by: User | None) -> int:
    """Put the `count` undecided comments nearest to a threshold into the queue; one row in the audit.

    Those that wait already are not counted, near-duplicates are offered once. Returns how many were offered. Raises
    PermissionDenied, and NotAllowedNow unless 1 <= count <= OFFER_MOST.
    """
    require_permission(by, MAY_OFFER)
    if source is not None:
        require_source(by, source)
    if not 1 <= count <= OFFER_MOST:
        raise NotAllowedNow(f"At most {OFFER_MOST} comments are offered at once, and at least 1.")
    ids = candidates_beside(user=by, source=source, count=count)
    for comment in Comment.objects.filter(pk__in=ids).only("pk"):
        queue_put(comment=comment, kind=LEARN, by=by)
    if ids:
        audit_record(verb="queue.learn", by=by, source=source, subject="offered for learning", count=len(ids))
    return len(ids)


def candidates_beside(*, user: User | None, source: Source | None, count: int) -> list[int]:
    """Return up to `count` ids of comments outside the queue nearest to a threshold; near-duplicates only once."""
    latest = _beside(user, source).values_list("pk", "uncertainty")[:LATEST]
    nearest = sorted(latest, key=lambda row: (row[1], row[0]))[: max(count * 2, LOOK)]
    chosen = Comment.objects.filter(pk__in=[pk for pk, _ in nearest])
    return list(learn_candidates(chosen, copies=False))[:count]


def _undecided(user: User | None) -> CommentQuerySet:
    return queue_comments(user=user, filters=QueueFilters()).filter(
        status=CommentStatus.CLASSIFIED, uncertainty__isnull=False
    )


def _beside(user: User | None, source: Source | None) -> CommentQuerySet:
    rows: Any = narrow(Comment.objects.filter(status=CommentStatus.CLASSIFIED), user)
    if source is not None:
        rows = rows.filter(source=source)
    beside: CommentQuerySet = rows.filter(
        queued_at__isnull=True, uncertainty__isnull=False, text_purged_at__isnull=True
    ).order_by("-id")
    return beside


def _steps(distances: Sequence[float]) -> list[int]:
    counts = Counter(sum(distance > step for step in STEPS[:-1]) for distance in distances)
    return [counts[index] for index in range(len(STEPS))]


def _brought(user: User | None) -> list[DecidedGroup]:
    """Count the new decisions on comments that were offered, on others near a threshold, and on the rest."""
    rows = new_decisions(user)
    counts = {"offered": [0, 0], "near": [0, 0], "rest": [0, 0]}
    values = rows.order_by("-pk").values_list(
        "action", "prediction__verdict", "comment__uncertainty", "comment__queue_reasons"
    )
    for action, verdict, distance, reasons in values[:DECIDED]:
        offered = any(reason.get("kind") == LEARN for reason in reasons or ())
        near = distance is not None and distance < NEAR
        count = counts["offered" if offered else "near" if near else "rest"]
        count[0] += 1
        count[1] += verdict is not None and (action == "remove") != (verdict == "toxic")
    titles = {
        "offered": "Offered for learning",
        "near": f"Within {NEAR:g} of a threshold",
        "rest": "All others",
    }
    return [DecidedGroup(titles[key], *numbers) for key, numbers in counts.items()]
