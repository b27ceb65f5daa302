"""From probabilities and rule hits to what a policy says: approve, review or remove, how risky, how sure, and why.

A policy's bands are data, `{label: {"review": t, "remove": t}}`. A label's score at or above `remove` puts the comment
into the band remove, at or above `review` into review, below both into approve; the worst band of all labels and of
all rules that hit counts. A threshold is a number from 0 to 1, None (never reached) or a word: "model" is the threshold
that the scoring model itself draws for the label, "careful" is that of its careful operating point (flags little) and
"strict" that of its strict one (misses little); where the model has no such point, these two mean its own threshold.
The label "*" stands for the model's primary label, so that a policy written before a model is known still means
something.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from classifier.inference.operating_points import CAREFUL, STRICT, LabelPoints

Band = Literal["approve", "review", "remove"]
Word = Literal["careful", "model", "strict"]
Threshold = float | Word | None
ConcernMode = Literal["", "review", "nothing"]
"""What a policy does about a text whose author tells of their own hurt; "" for any other text."""

APPROVE: Band = "approve"
REVIEW: Band = "review"
REMOVE: Band = "remove"
BANDS: tuple[Band, ...] = (APPROVE, REVIEW, REMOVE)
RANK: Mapping[str, int] = {band: rank for rank, band in enumerate(BANDS)}

PRIMARY = "*"
OF_THE_MODEL: Literal["model"] = "model"
WORDS: tuple[Word, ...] = (CAREFUL, OF_THE_MODEL, STRICT)
"""Thresholds that a model draws, from the highest to the lowest."""
NO_POINTS: Mapping[str, LabelPoints] = {}
DEFAULT_BANDS: Mapping[str, Mapping[str, Threshold]] = {PRIMARY: {"review": OF_THE_MODEL, "remove": None}}
LABEL_MAX_CHARACTERS = 64
LABELS_MAX = 100

REVIEW_RISK = 0.5
"""The risk at a label's `review` threshold; below it a comment is on the side of approve."""
REMOVE_RISK = 0.9
"""The risk at a label's `remove` threshold."""
PASSED_RISK = 0.45
"""The most that the risk of a text is which a rule lets pass: below review."""
CONCERN_RISK = 1.0
"""The risk of a text whose author tells of their own hurt: it comes first in the queue."""


class BandsError(ValueError):
    """Invalid bands; `field` is the path of the mistake, such as `bands.toxic.remove`."""

    def __init__(self, field: str, message: str, code: str = "invalid") -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message, self.code = field, message, code


class Hit(Protocol):
    """What a rule found, as far as judging needs it (classifier.inference.rules.RuleHit)."""

    @property
    def band(self) -> str: ...

    def reason(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a policy says of one comment.

    `label` is the label that is worst by the policy ("" where the policy looks at none). `risk`, 0 to 1, is how far
    that label's score has come on the way from 0 over its `review` threshold (risk 0.5) and its `remove` threshold
    (0.9) to 1, so that labels and sources with different thresholds stand in one order; a rule that hits counts as its
    band's threshold. `uncertainty` is the distance of the nearest score to a threshold, 0 to 1: the smaller, the less
    sure. `reasons` say why it is not approved, the worst first, as JSON: {"kind": "band", "band", "label", "score",
    "threshold"}, {"kind": "rule", …}, {"kind": "labels_unknown"} where the policy names no label that the model has,
    {"kind": "language", "language"} where the scores do not count, or {"kind": "concern"}.
    `concern`: the author tells of their own hurt, by a model whose scores count and are below every `remove` threshold.
    """

    band: Band
    risk: float
    uncertainty: float
    label: str
    reasons: tuple[dict[str, Any], ...]
    concern: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """One label's thresholds as numbers; infinity is never reached. `knee` is where review begins for the risk."""

    label: str
    review: float
    remove: float

    def band(self, score: float) -> Band:
        if score >= self.remove:
            return REMOVE
        return REVIEW if score >= self.review else APPROVE

    def risk(self, score: float) -> float:
        if score >= self.remove:
            return _between(score, self.remove, 1.0, REMOVE_RISK, 1.0)
        begin = min(self.review, self.remove, 1.0)
        if score < begin:
            return REVIEW_RISK * score / begin
        return _between(score, begin, min(self.remove, 1.0), REVIEW_RISK, REMOVE_RISK)

    def distance(self, score: float) -> float:
        return min(abs(score - self.review), abs(score - self.remove))


class Judge:
    """A policy's bands prepared for the labels and thresholds of one model; judging a comment takes microseconds."""

    def __init__(
        self,
        bands: Mapping[str, Mapping[str, Any]],
        thresholds: Mapping[str, float],
        primary_label: str,
        points: Mapping[str, LabelPoints] = NO_POINTS,
    ) -> None:
        """Prepare `bands` that passed `check_bands`; the rest is of the scoring model (`points` by label).

        Bands that name no label of the model fall back to the default: a person looks at what the model calls toxic.
        """
        self.limits = _limits(bands, thresholds, primary_label, points)
        self.labels_unknown = bool(bands) and not self.limits
        if self.labels_unknown:
            self.limits = _limits(DEFAULT_BANDS, thresholds, primary_label, points)

    def judge(
        self,
        scores: Mapping[str, float],
        hits: Iterable[Hit] = (),
        unread: str = "",
        concern: ConcernMode = "",
    ) -> Judgement:
        """Return the policy's judgement of one comment with these scores; a label without a score is never reached.

        `unread` is the language of a text that the model cannot read: its scores do not count, and a person looks.
        `concern` says what to do about an author who tells of their own hurt: with "review" a person looks, whatever
        rules match. Scores that reach a `remove` threshold count before it: such a text is no concern. A hit of the
        band approve lets a text pass that would be reviewed, and none that would be removed.
        """
        reasons: list[tuple[int, float, dict[str, Any]]] = []
        worst, risk, uncertainty, label = 0, 0.0, 1.0, ""
        if unread:
            worst, risk, uncertainty = RANK[REVIEW], REVIEW_RISK, 0.0
            reasons.append((worst, risk, {"kind": "language", "language": unread}))
        for limits in () if unread else self.limits:
            score = scores.get(limits.label)
            if score is None:
                continue
            band = limits.band(score)
            reached = limits.risk(score)
            uncertainty = min(uncertainty, limits.distance(score))
            if not label or reached > risk:
                label, risk = limits.label, reached
            rank = RANK[band]
            worst = max(worst, rank)
            if rank:
                reasons.append((rank, reached, _band_reason(band, limits, score)))
        if reasons and self.labels_unknown and not unread:
            reasons.append((0, 0.0, {"kind": "labels_unknown"}))
        passes = False
        is_concern = bool(concern) and not unread and worst < RANK[REMOVE]
        for hit in hits:
            rank = RANK[hit.band]
            if not rank:
                passes = True
                reasons.append((rank, 0.0, hit.reason()))
                continue
            floor = REMOVE_RISK if hit.band == REMOVE else REVIEW_RISK
            worst, risk = max(worst, rank), max(risk, floor)
            reasons.append((rank, floor, hit.reason()))
        if passes and worst == RANK[REVIEW]:
            worst, risk = RANK[APPROVE], min(risk, PASSED_RISK)
        reasons.sort(key=lambda item: (-item[0], -item[1]))
        why = [reason for _, _, reason in reasons]
        if is_concern and concern == "review":
            worst, risk, uncertainty = RANK[REVIEW], CONCERN_RISK, 0.0
            why.insert(0, {"kind": "concern"})
        return Judgement(BANDS[worst], risk, uncertainty, label, tuple(why), is_concern)


def judge(
    scores: Mapping[str, float],
    bands: Mapping[str, Mapping[str, Any]],
    rule_hits: Iterable[Hit] = (),
    *,
    thresholds: Mapping[str, float],
    primary_label: str,
    points: Mapping[str, LabelPoints] = NO_POINTS,
) -> Judgement:
    """Judge one comment; to judge many, keep a `Judge`."""
    return Judge(bands, thresholds, primary_label, points).judge(scores, rule_hits)


def fallbacks(
    bands: Mapping[str, Mapping[str, Any]],
    thresholds: Mapping[str, float],
    primary_label: str,
    points: Mapping[str, LabelPoints],
) -> list[str]:
    """List the thresholds, as label.band, that ask for an operating point which the model does not have.

    The model's own threshold applies in their place. Labels that the model does not have are left out.
    """
    missing = []
    for name, limits in bands.items():
        label = primary_label if name == PRIMARY else name
        known = points.get(label)
        for band in (REVIEW, REMOVE):
            word = limits.get(band)
            if (
                word in (CAREFUL, STRICT)
                and label in thresholds
                and (known is None or word not in known.points)
            ):
                missing.append(f"{name}.{band}")
    return missing


def check_bands(bands: Any, field: str = "bands") -> dict[str, dict[str, Threshold]]:
    """Return the bands in their canonical form (both thresholds named, numbers as floats). Raises BandsError."""
    if not isinstance(bands, Mapping):
        raise BandsError(field, "This must be an object of labels.", "invalid_type")
    if not bands:
        raise BandsError(field, "Name at least one label.", "required")
    if len(bands) > LABELS_MAX:
        raise BandsError(field, f"At most {LABELS_MAX} labels are allowed.", "max_items")
    checked: dict[str, dict[str, Threshold]] = {}
    for label, limits in bands.items():
        path = f"{field}.{label}"
        if (
            not isinstance(label, str)
            or not label.strip()
            or len(label) > LABEL_MAX_CHARACTERS
            or "\x00" in label
        ):
            raise BandsError(path, f"A label has 1 to {LABEL_MAX_CHARACTERS} characters.", "invalid")
        if not isinstance(limits, Mapping):
            raise BandsError(path, "This must be an object with review and remove.", "invalid_type")
        for name in limits:
            if name not in (REVIEW, REMOVE):
                raise BandsError(f"{path}.{name}", "A label has the thresholds review and remove.", "unknown")
        review = _checked(limits.get(REVIEW), f"{path}.{REVIEW}")
        remove = _checked(limits.get(REMOVE), f"{path}.{REMOVE}")
        if isinstance(review, float) and isinstance(remove, float) and remove < review:
            message = (
                f"Removing begins at {remove:g}, before review at {review:g}; it must be at or above it."
            )
            raise BandsError(f"{path}.{REMOVE}", message, "below_review")
        if review in WORDS and remove in WORDS and WORDS.index(remove) > WORDS.index(review):
            message = f'"{remove}" is below "{review}"; removing must begin at or above review.'
            raise BandsError(f"{path}.{REMOVE}", message, "below_review")
        checked[label] = {REVIEW: review, REMOVE: remove}
    return checked


def check_automatic(automatic: Any, field: str = "automatic") -> list[str]:
    """Return the bands that are decided without a person, in their order. Raises BandsError."""
    if not isinstance(automatic, list | tuple | set | frozenset):
        raise BandsError(field, "This must be a list of bands.", "invalid_type")
    for band in automatic:
        if band not in (APPROVE, REMOVE):
            raise BandsError(field, "Only approve and remove can be decided automatically.", "invalid_choice")
    return [band for band in (APPROVE, REMOVE) if band in automatic]


def _checked(value: Any, field: str) -> Threshold:
    if value is None or value in WORDS:
        return None if value is None else WORDS[WORDS.index(value)]
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = 'This must be a number from 0 to 1, null, "careful", "model" or "strict".'
        raise BandsError(field, message, "invalid_type")
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise BandsError(field, "This must be a number from 0 to 1.", "out_of_range")
    return float(value)


def _limits(
    bands: Mapping[str, Mapping[str, Any]],
    thresholds: Mapping[str, float],
    primary_label: str,
    points: Mapping[str, LabelPoints],
) -> list[Limits]:
    """Return the limits of the labels that the model has; a label's own entry goes before that of "*"."""
    by_label: dict[str, Mapping[str, Any]] = {}
    for name, limits in bands.items():
        label = primary_label if name == PRIMARY else name
        if label in thresholds and (name != PRIMARY or label not in bands):
            by_label[label] = limits
    return [
        Limits(
            label,
            *(_number(limits.get(name), thresholds[label], points.get(label)) for name in (REVIEW, REMOVE)),
        )
        for label, limits in by_label.items()
    ]


def _number(threshold: Threshold, own: float, points: LabelPoints | None) -> float:
    return math.inf if threshold is None else drawn_at(threshold, own, points)


def drawn_at(threshold: float | Word, own: float, points: LabelPoints | None) -> float:
    """Return a threshold as a number, for a label with the model's threshold `own` and these operating points."""
    if not isinstance(threshold, str):
        return float(threshold)
    if threshold == OF_THE_MODEL or points is None:
        return float(own)
    drawn = points.threshold(CAREFUL if threshold == CAREFUL else STRICT)
    return float(own if drawn is None else drawn)


def _between(score: float, begin: float, end: float, low: float, high: float) -> float:
    """Return the value of `score` on the line from (begin, low) to (end, high)."""
    return low if end <= begin else low + (high - low) * min((score - begin) / (end - begin), 1.0)


def _band_reason(band: Band, limits: Limits, score: float) -> dict[str, Any]:
    threshold = limits.remove if band == REMOVE else limits.review
    return {"kind": "band", "band": band, "label": limits.label, "score": score, "threshold": threshold}
