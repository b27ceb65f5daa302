"""How a version does on a test suite: by functionality, and by group for unintended bias."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.core.measures import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

WORST = 5
POWER = -5.0


def run_suite(
    suite: Mapping[str, Any],
    labels: Sequence[str],
    thresholds: Mapping[str, float],
    score: Callable[[Sequence[str]], "Floats"],
) -> dict[str, Any]:
    """Return the report of a suite ({"id", "name", "kind", "label", "cases"}); a version without its label skips it."""
    about = {key: suite.get(key) for key in ("id", "name", "kind", "label")}
    label, cases = suite["label"], suite["cases"]
    if label not in labels:
        return {
            **about,
            "skipped": f"this version has no label {label}",
            "by_functionality": [],
            "by_group": [],
        }
    scores = score([case["text"] for case in cases])[:, list(labels).index(label)]
    expected = np.array([int(case["expected"]) for case in cases], dtype=np.int64)
    groups = [case.get("group") or "" for case in cases]
    threshold = float(thresholds[label])
    right = (scores >= threshold) == (expected == 1)
    return {
        **about,
        "rows": len(cases),
        "threshold": threshold,
        "accuracy": float(right.mean()),
        "by_functionality": by_functionality(cases, scores, expected, threshold),
        "by_group": by_group(groups, scores, expected, threshold),
        "bias": bias_summary(groups, scores, expected, threshold),
    }


def by_functionality(
    cases: Sequence[Mapping[str, Any]], scores: "Floats", expected: "Ints", threshold: float
) -> list[dict[str, Any]]:
    """Return accuracy with a 95 % interval, mean score and worst errors of each functionality, the weakest first."""
    right = (scores >= threshold) == (expected == 1)
    rows_of: dict[str, list[int]] = {}
    for row, case in enumerate(cases):
        rows_of.setdefault(case.get("functionality") or "all", []).append(row)
    reports = []
    for name, members in rows_of.items():
        rows = np.array(members)
        wrong = rows[~right[rows]]
        wrong = wrong[np.argsort(-np.abs(scores[wrong] - threshold), kind="stable")][:WORST]
        low, high = wilson(int(right[rows].sum()), len(rows))
        reports.append(
            {
                "functionality": name,
                "rows": len(rows),
                "expected": float(expected[rows].mean()),
                "accuracy": float(right[rows].mean()),
                "low": low,
                "high": high,
                "mean_score": float(scores[rows].mean()),
                "errors": [
                    {"text": cases[row]["text"], "expected": int(expected[row]), "score": float(scores[row])}
                    for row in wrong
                ],
            }
        )
    return sorted(reports, key=lambda report: (report["accuracy"], report["functionality"]))


def by_group(
    groups: Sequence[str], scores: "Floats", expected: "Ints", threshold: float
) -> list[dict[str, Any]]:
    """Return the three areas of Borkan et al. 2019 and the error rates of each group against all cases.

    `subgroup_auc` looks at the group's cases alone. `bpsn_auc` sets the group's harmless cases against the others'
    toxic ones: low means that naming the group looks toxic. `bnsp_auc` sets the group's toxic cases against the others'
    harmless ones: low means that insults of the group are missed. None where a class is missing.
    """
    member_of = np.array(groups)
    overall = _rates(scores, expected, threshold)
    reports = []
    for group in sorted(set(groups) - {""}):
        inside = member_of == group
        positive = expected == 1
        rates = _rates(scores[inside], expected[inside], threshold)
        reports.append(
            {
                "group": group,
                "rows": int(inside.sum()),
                "positives": int(expected[inside].sum()),
                "accuracy": float(((scores >= threshold) == positive)[inside].mean()),
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
    groups: Sequence[str], scores: "Floats", expected: "Ints", threshold: float
) -> dict[str, Any] | None:
    """Return the overall area, the groups' generalised means (power -5, near the worst group: Borkan et al. 2019) and
    the false positive and false negative equality differences (Dixon et al. 2018); None without groups."""
    rows = by_group(groups, scores, expected, threshold)
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
        **_rates(scores, expected, threshold),
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


def _rates(scores: "Floats", expected: "Ints", threshold: float) -> dict[str, float | None]:
    flagged, positive = scores >= threshold, expected == 1
    return {
        "fpr": float(flagged[~positive].mean()) if (~positive).any() else None,
        "fnr": float((~flagged)[positive].mean()) if positive.any() else None,
    }


def _difference(value: float | None, reference: float | None) -> float | None:
    return None if value is None or reference is None else value - reference
