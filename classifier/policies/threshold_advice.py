"""Where to put a threshold, by what moderators decided so far: precision, recall and queue load at every place.

Only comments that a person decided count, so recall is of what people have seen, not of everything that was written;
intervals are Wilson's (1927) at 95%, because a few hundred decisions say less than a round percentage pretends.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.db.models import Q
from django.db.models.functions import Coalesce

from classifier.core.measures import share_with_interval, wilson
from classifier.core.visibility import narrow
from classifier.models import Comment, Source, User
from classifier.policies.preview import LATEST, latest_predictions

Goal = Literal["precision", "recall", "load"]

DECISIONS_MAX = 20_000
DECISIONS_MIN = 50
OF_EACH_MIN = 10
POINTS_MAX = 40


@dataclass(frozen=True)
class Point:
    """A threshold with what it would have caught: `found` rightly and `wrong` of the decided, `missed` below it.

    `load` of `recent` latest comments would have reached it.
    """

    threshold: float
    found: int
    wrong: int
    missed: int
    load: int
    recent: int

    @property
    def precision(self) -> float | None:
        """Of the decided comments at or above it, the share that was removed; None where there is none."""
        return self.found / (self.found + self.wrong) if self.found + self.wrong else None

    @property
    def recall(self) -> float:
        """Of the decided comments that were removed, the share at or above it."""
        return self.found / (self.found + self.missed)

    @property
    def load_share(self) -> float:
        """Of the latest comments, the share at or above it; 0 to 1."""
        return self.load / self.recent if self.recent else 0.0

    @property
    def precision_interval(self) -> tuple[float, float]:
        return wilson(self.found, self.found + self.wrong)

    @property
    def recall_interval(self) -> tuple[float, float]:
        return wilson(self.found, self.found + self.missed)

    @property
    def load_interval(self) -> tuple[float, float]:
        return wilson(self.load, self.recent)

    @property
    def precision_said(self) -> str:
        """In percent with its interval, for people; a dash where nothing was caught."""
        if self.precision is None:
            return "\N{EN DASH}"
        return share_with_interval(self.precision, self.precision_interval)

    @property
    def recall_said(self) -> str:
        return share_with_interval(self.recall, self.recall_interval)

    @property
    def load_said(self) -> str:
        return share_with_interval(self.load_share, self.load_interval)


@dataclass(frozen=True)
class Advice:
    """`refused` says why there is none; `best` is None where no threshold reaches the target."""

    label: str
    goal: Goal
    target: float
    removed: int = 0
    approved: int = 0
    refused: str = ""
    best: Point | None = None
    points: list[Point] = field(default_factory=list)


def threshold_advice(
    *, source: Source | None, user: User | None, label: str, primary_label: str, goal: Goal, target: float
) -> Advice:
    """The threshold of `label` that reaches `target` (0 to 1) at the least cost of the other kind.

    precision: the lowest threshold that precise (so it misses least); recall: the highest that still finds so much;
    load: the lowest that sends at most this share of comments to people. Refused with fewer than 50 decisions or
    fewer than 10 of either kind.
    """
    pairs = decided_scores(source=source, user=user, label=label, primary_label=primary_label)
    removed = sum(truth for _, truth in pairs)
    approved = len(pairs) - removed
    if len(pairs) < DECISIONS_MIN or min(removed, approved) < OF_EACH_MIN:
        why = (
            f"There are {len(pairs):,} decisions about this label ({removed:,} for, {approved:,} against). A threshold "
            f"needs at least {DECISIONS_MIN}, and {OF_EACH_MIN} of each kind."
        )
        return Advice(label, goal, target, removed, approved, why)
    recent = sorted(
        float(scores[label])
        for _, scores, _, _ in latest_predictions(source=source, user=user, limit=LATEST)
        if label in scores
    )
    points = sweep(pairs, recent)
    best = choose(points, goal, target)
    return Advice(label, goal, target, removed, approved, "", best, thinned(points, best))


def decided_scores(
    *, source: Source | None, user: User | None, label: str, primary_label: str
) -> list[tuple[float, bool]]:
    """(score, whether the label holds) of what people decided last, one query; what nobody said is left out.

    Of the primary label the decision itself speaks unless it was corrected; of another label a correction, and an
    approval, which says that nothing was wrong. A decision that an import brought is told by the score that its text
    got here.
    """
    rows = (
        narrow(Comment.objects.all(), user)
        .filter(
            Q(current_decision__prediction__isnull=False)
            | Q(current_prediction__isnull=False, edited_at__isnull=True),
            current_decision__automatic=False,
            current_decision__action__in=["approve", "remove"],
        )
        .order_by("-current_decision_id")
        .values_list(
            "current_decision__action",
            "current_decision__labels",
            Coalesce("current_decision__prediction__scores", "current_prediction__scores"),
        )
    )
    if source is not None:
        rows = rows.filter(source=source)
    pairs = []
    for action, labels, scores in rows[:DECISIONS_MAX]:
        if label not in scores:
            continue
        if label in labels:
            pairs.append((float(scores[label]), bool(labels[label])))
        elif action == "approve" or label == primary_label:
            pairs.append((float(scores[label]), action == "remove"))
    return pairs


def sweep(pairs: Sequence[tuple[float, bool]], recent: Sequence[float]) -> list[Point]:
    """One point for each different score, highest first; `recent` is sorted upwards."""
    ranked = sorted(pairs, reverse=True)
    removed = sum(truth for _, truth in ranked)
    points: list[Point] = []
    found = wrong = 0
    for place, (score, truth) in enumerate(ranked):
        found, wrong = found + truth, wrong + (not truth)
        if place + 1 < len(ranked) and ranked[place + 1][0] == score:
            continue
        load = len(recent) - bisect_left(recent, score)
        points.append(Point(score, found, wrong, removed - found, load, len(recent)))
    return points


def choose(points: Sequence[Point], goal: Goal, target: float) -> Point | None:
    """The point that reaches the target; points come with the highest threshold first."""
    if goal == "precision":
        good = [point for point in points if (point.precision or 0.0) >= target]
        return good[-1] if good else None
    if goal == "recall":
        return next((point for point in points if point.recall >= target), None)
    good = [point for point in points if point.load_share <= target]
    return good[-1] if good else None


def thinned(points: Sequence[Point], best: Point | None, most: int = POINTS_MAX) -> list[Point]:
    """At most `most` points, evenly over the ranks, the chosen one among them."""
    step = max(math.ceil(len(points) / most), 1)
    return [point for place, point in enumerate(points) if place % step == 0 or point is best]
