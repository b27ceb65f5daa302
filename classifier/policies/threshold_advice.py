"""Advice on a threshold from moderators' decisions: precision, recall and queue load at every possible threshold.

Only comments decided by a person count, so recall covers the comments that people have seen, not all that were
written. Intervals are Wilson's (1927) at 95%, because a few hundred decisions are less exact than a percentage looks.
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
    """A threshold and the decided comments: `found` rightly and `wrong` ones at or above it, `missed` ones below it.

    `load` of the `recent` latest comments would have reached it.
    """

    threshold: float
    found: int
    wrong: int
    missed: int
    load: int
    recent: int

    @property
    def precision(self) -> float | None:
        """The share of removed comments among the decided ones at or above the threshold; None if there are none."""
        return self.found / (self.found + self.wrong) if self.found + self.wrong else None

    @property
    def recall(self) -> float:
        """The share of the removed comments that are at or above the threshold."""
        return self.found / (self.found + self.missed)

    @property
    def load_share(self) -> float:
        """The share of the latest comments at or above the threshold, 0 to 1."""
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
    def precision_text(self) -> str:
        """The precision in percent with its interval, for pages; a dash if nothing was caught."""
        if self.precision is None:
            return "\N{EN DASH}"
        return share_with_interval(self.precision, self.precision_interval)

    @property
    def recall_text(self) -> str:
        return share_with_interval(self.recall, self.recall_interval)

    @property
    def load_text(self) -> str:
        return share_with_interval(self.load_share, self.load_interval)


@dataclass(frozen=True)
class Advice:
    """Advice for one goal: `best` is None if no threshold reaches the target; `refused` says why there is no advice."""

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
    """Find the threshold of `label` that reaches `target` (0 to 1) at the least cost to the other measure.

    precision: the lowest threshold with that precision, since it misses least; recall: the highest threshold with that
    recall; load: the lowest threshold that sends at most this share of comments to people. Refused with fewer than 50
    decisions, or fewer than 10 for or against the label.
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
        for _, scores, *_ in latest_predictions(source=source, user=user, limit=LATEST)
        if label in scores
    )
    points = sweep(pairs, recent)
    best = choose(points, goal, target)
    return Advice(label, goal, target, removed, approved, "", best, thinned(points, best))


def decided_scores(
    *, source: Source | None, user: User | None, label: str, primary_label: str
) -> list[tuple[float, bool]]:
    """List (score, whether the label applies) of the comments that people decided last, in one query.

    For the primary label the decision counts, unless the label was corrected. For another label a correction counts,
    and an approval, which means that no label applies. Comments that say nothing about the label are left out. An
    imported decision is paired with the score that its text got here.
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
    """Make one point for each distinct score, highest first; `recent` is in ascending order."""
    ranked = sorted(pairs, reverse=True)
    removed = sum(truth for _, truth in ranked)
    points: list[Point] = []
    right = wrong = 0
    for index, (score, truth) in enumerate(ranked):
        right, wrong = right + truth, wrong + (not truth)
        if index + 1 < len(ranked) and ranked[index + 1][0] == score:
            continue
        load = len(recent) - bisect_left(recent, score)
        points.append(Point(score, right, wrong, removed - right, load, len(recent)))
    return points


def choose(points: Sequence[Point], goal: Goal, target: float) -> Point | None:
    """Choose the point that reaches the target, or None; points come with the highest threshold first."""
    if goal == "precision":
        good = [point for point in points if (point.precision or 0.0) >= target]
        return good[-1] if good else None
    if goal == "recall":
        return next((point for point in points if point.recall >= target), None)
    good = [point for point in points if point.load_share <= target]
    return good[-1] if good else None


def thinned(points: Sequence[Point], best: Point | None, most: int = POINTS_MAX) -> list[Point]:
    """Keep about `most` points, evenly over the ranks, and always the chosen one."""
    step = max(math.ceil(len(points) / most), 1)
    return [point for index, point in enumerate(points) if index % step == 0 or point is best]
