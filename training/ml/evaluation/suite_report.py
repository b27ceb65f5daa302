"""How a version does on a test suite: by functionality, by language, and by group for unintended bias."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.core.measures import wilson
from training.ml.evaluation.suites import UNSUPPORTED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.evaluation.subject import Answered

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LanguageSupported = Callable[[Sequence[str]], Sequence[bool]]

WORST = 5
POWER = -5.0


def run_suite(
    suite: Mapping[str, Any],
    labels: Sequence[str],
    thresholds: Mapping[str, float],
    score: Callable[[Sequence[str]], "Floats"],
    language_supported: LanguageSupported | None = None,
    *,
    judge: "Callable[[Sequence[str]], Answered] | None" = None,
) -> dict[str, Any]:
    """Return the report of a suite ({"id", "name", "kind", "label", "cases"}); a version without its label skips it.

    `judge` gives verdicts about the suite's label, which count instead of the threshold.
    `language_supported` says of each text whether the version knows its language. Without it, the cases that expect an
    `outcome` are not measured: they count in `not_measured` and in no other number. `accuracy` is None where nothing
    was measured.
    """
    about = {key: suite.get(key) for key in ("id", "name", "kind", "label")}
    label, cases = suite["label"], suite["cases"]
    if label not in labels:
        return {
            **about,
            "skipped": f"this version has no label {label}",
            "by_functionality": [],
            "by_language": [],
            "by_group": [],
        }
    threshold = float(thresholds[label])
    measured = [case for case in cases if language_supported is not None or not case.get("outcome")]
    texts = [case["text"] for case in measured]
    column = list(labels).index(label)
    if not texts:
        scores, flagged = np.zeros(0), np.zeros(0, dtype=np.bool_)
    elif judge is not None:
        answered = judge(texts)
        scores, flagged = answered.scores[:, column], answered.toxic
    else:
        scores = score(texts)[:, column]
        flagged = scores >= threshold
    right = _right(measured, flagged, language_supported)
    answers = Answers(measured, scores, flagged, right, threshold)
    verdicts = [row for row, case in enumerate(measured) if case.get("outcome") != UNSUPPORTED]
    groups = [measured[row].get("group") or "" for row in verdicts]
    expected = np.array([int(measured[row]["expected"]) for row in verdicts], dtype=np.int64)
    return {
        **about,
        "rows": len(measured),
        "right": int(answers.right.sum()),
        "not_measured": len(cases) - len(measured),
        "threshold": threshold,
        "accuracy": float(answers.right.mean()) if measured else None,
        "by_functionality": by_functionality(answers, _unmeasured(cases, measured)),
        "by_language": by_language(answers),
        "by_group": by_group(groups, scores[verdicts], expected, flagged[verdicts]),
        "bias": bias_summary(groups, scores[verdicts], expected, flagged[verdicts]),
    }


@dataclass(frozen=True)
class Answers:
    """What a version answered to cases: `scores`, `flagged` (it said yes) and `right` are [cases]."""

    cases: Sequence[Mapping[str, Any]]
    scores: "Floats"
    flagged: "Bools"
    right: "Bools"
    threshold: float

    def is_concern(self, row: int) -> bool:
        """Return whether the case reaches the threshold and its verdict is non-toxic: it was called a concern."""
        return bool(self.scores[row] >= self.threshold and not self.flagged[row])


def _right(
    cases: Sequence[Mapping[str, Any]],
    flagged: "Bools",
    language_supported: LanguageSupported | None,
) -> "Bools":
    """Return whether each case is answered rightly: the verdict, and the language where an outcome is expected."""
    expected = np.array([int(case["expected"]) for case in cases], dtype=np.int64)
    right: Bools = flagged == (expected == 1)
    asked = [row for row, case in enumerate(cases) if case.get("outcome")]
    if asked and language_supported is not None:
        known = language_supported([cases[row]["text"] for row in asked])
        for row, supported in zip(asked, known, strict=True):
            if cases[row]["outcome"] == UNSUPPORTED:
                right[row] = not supported
            else:
                right[row] = right[row] and supported
    return right


def _unmeasured(cases: Sequence[Mapping[str, Any]], measured: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many cases of each functionality were not measured."""
    return Counter(_functionality(case) for case in cases) - Counter(
        _functionality(case) for case in measured
    )


def _functionality(case: Mapping[str, Any]) -> str:
    return case.get("functionality") or "all"


def by_functionality(answers: Answers, not_measured: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
    """Return accuracy with a 95 % interval, mean score and worst errors of each functionality, the weakest first.

    Where cases name a language, `languages` counts the functionality's cases by it: {tag: {"rows", "right"}}.
    Functionalities of which no case was measured come last, without numbers.
    """
    absent = dict(not_measured or {})
    rows_of: dict[str, list[int]] = {}
    for row, case in enumerate(answers.cases):
        rows_of.setdefault(_functionality(case), []).append(row)
    reports = []
    for name, members in rows_of.items():
        rows = np.array(members)
        right = int(answers.right[rows].sum())
        low, high = wilson(right, len(rows))
        reports.append(
            {
                "functionality": name,
                "rows": len(rows),
                "right": right,
                "not_measured": absent.pop(name, 0),
                "expected": float(np.mean([int(answers.cases[row]["expected"]) for row in members])),
                "accuracy": right / len(rows),
                "low": low,
                "high": high,
                "mean_score": float(answers.scores[rows].mean()),
                **_of_languages(answers, members),
                "errors": _worst_errors(answers, rows),
            }
        )
    reports.sort(key=lambda report: (report["accuracy"], report["functionality"]))
    return reports + [
        {
            "functionality": name,
            "rows": 0,
            "right": 0,
            "not_measured": count,
            "accuracy": None,
            "errors": [],
        }
        for name, count in sorted(absent.items())
    ]


def by_language(answers: Answers) -> list[dict[str, Any]]:
    """Return rows, accuracy with a 95 % interval and ROC-AUC of each language that cases name, the weakest first.

    `roc_auc` is None where a language has harmless cases alone, or toxic ones alone.
    """
    reports = []
    for language, members in _rows_by_language(answers, range(len(answers.cases))).items():
        rows = np.array(members)
        right = int(answers.right[rows].sum())
        low, high = wilson(right, len(rows))
        toxic = np.array([int(answers.cases[row]["expected"]) == 1 for row in members], dtype=np.bool_)
        reports.append(
            {
                "language": language,
                "rows": len(rows),
                "right": right,
                "accuracy": right / len(rows),
                "low": low,
                "high": high,
                "roc_auc": auc(answers.scores[rows[toxic]], answers.scores[rows[~toxic]]),
            }
        )
    return sorted(reports, key=lambda report: (report["accuracy"], report["language"]))


def _of_languages(answers: Answers, members: Sequence[int]) -> dict[str, Any]:
    counts = {
        language: {"rows": len(rows), "right": int(answers.right[rows].sum())}
        for language, rows in sorted(_rows_by_language(answers, members).items())
    }
    return {"languages": counts} if counts else {}


def _rows_by_language(answers: Answers, members: Sequence[int]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row in members:
        if language := answers.cases[row].get("language"):
            rows.setdefault(language, []).append(row)
    return rows


def _worst_errors(answers: Answers, rows: "Ints") -> list[dict[str, Any]]:
    """Return the wrongly answered cases among `rows` that are farthest from the threshold."""
    wrong = rows[~answers.right[rows]]
    wrong = wrong[np.argsort(-np.abs(answers.scores[wrong] - answers.threshold), kind="stable")][:WORST]
    return [
        {
            "text": answers.cases[row]["text"],
            "expected": int(answers.cases[row]["expected"]),
            "score": float(answers.scores[row]),
            **({"outcome": outcome} if (outcome := answers.cases[row].get("outcome")) else {}),
            **({"concern": True} if answers.is_concern(row) else {}),
        }
        for row in wrong.tolist()
    ]


def by_group(
    groups: Sequence[str], scores: "Floats", expected: "Ints", flagged: "Bools"
) -> list[dict[str, Any]]:
    """Return the three areas of Borkan et al. 2019 and the error rates of each group against all cases.

    `subgroup_auc` looks at the group's cases alone. `bpsn_auc` sets the group's harmless cases against the others'
    toxic ones: low means that naming the group looks toxic. `bnsp_auc` sets the group's toxic cases against the others'
    harmless ones: low means that insults of the group are missed. None where a class is missing.
    """
    member_of = np.array(groups)
    overall = _rates(flagged, expected)
    reports = []
    for group in sorted(set(groups) - {""}):
        inside = member_of == group
        positive = expected == 1
        rates = _rates(flagged[inside], expected[inside])
        reports.append(
            {
                "group": group,
                "rows": int(inside.sum()),
                "positives": int(expected[inside].sum()),
                "accuracy": float((flagged == positive)[inside].mean()),
                "subgroup_auc": auc(scores[inside & positive], scores[inside & ~positive]),
                "bpsn_auc": auc(scores[~inside & positive], scores[inside & ~positive]),
                "bnsp_auc": auc(scores[inside & positive], scores[~inside & ~positive]),
                **rates,
                "fpr_gap": _difference(rates["fpr"], overall["fpr"]),
                "fnr_gap": _difference(rates["fnr"], overall["fnr"]),
            }
        )
    return reports


def bias_summary(
    groups: Sequence[str], scores: "Floats", expected: "Ints", flagged: "Bools"
) -> dict[str, Any] | None:
    """Return the overall area, the groups' generalised means (power -5, near the worst group: Borkan et al. 2019) and
    the false positive and false negative equality differences (Dixon et al. 2018); None without groups."""
    rows = by_group(groups, scores, expected, flagged)
    if not rows:
        return None
    means = {
        name: power_mean([row[name] for row in rows if row[name] is not None])
        for name in ("subgroup_auc", "bpsn_auc", "bnsp_auc")
    }
    return {
        "overall_auc": auc(scores[expected == 1], scores[expected == 0]),
        "power": POWER,
        **means,
        **_rates(flagged, expected),
        "fpr_equality_difference": sum(abs(row["fpr_gap"]) for row in rows if row["fpr_gap"] is not None),
        "fnr_equality_difference": sum(abs(row["fnr_gap"]) for row in rows if row["fnr_gap"] is not None),
    }


def auc(positive: "Floats", negative: "Floats") -> float | None:
    """Return how often a positive score beats a negative one, equals counting half; None when one side is empty."""
    if not len(positive) or not len(negative):
        return None
    below = np.sort(negative)
    wins = np.searchsorted(below, positive, "left") + np.searchsorted(below, positive, "right")
    return float(wins.sum() / (2 * len(positive) * len(negative)))


def power_mean(values: Sequence[float], power: float = POWER) -> float | None:
    """Return the generalised mean; 0 when a value is 0, None without values."""
    if not values:
        return None
    if min(values) <= 0:
        return 0.0
    return float(np.mean(np.array(values) ** power) ** (1 / power))


def _rates(flagged: "Bools", expected: "Ints") -> dict[str, float | None]:
    positive = expected == 1
    return {
        "fpr": float(flagged[~positive].mean()) if (~positive).any() else None,
        "fnr": float((~flagged)[positive].mean()) if positive.any() else None,
    }


def _difference(value: float | None, reference: float | None) -> float | None:
    return None if value is None or reference is None else value - reference
