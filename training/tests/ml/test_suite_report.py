"""A suite's report by hand: functionalities, the areas of Borkan et al. 2019, gaps, disguises."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from classifier.core.measures import wilson
from training.ml.data.tables import TextTable
from training.ml.evaluation.obfuscation import TRANSFORMATIONS, disguise, obfuscation_report
from training.ml.evaluation.subject import Answered, Size
from training.ml.evaluation.suite_report import auc, power_mean, run_suite

#        text  score expected group
CASES = [
    ("a", 0.9, 1, "x"),
    ("b", 0.3, 1, "x"),
    ("c", 0.4, 0, "x"),
    ("d", 0.8, 1, "y"),
    ("e", 0.6, 1, "y"),
    ("f", 0.1, 0, "y"),
    ("g", 0.7, 0, "y"),
]


def report(label: str = "toxic") -> dict[str, Any]:
    scores = {text: score for text, score, *_ in CASES}
    suite = {
        "id": 7,
        "name": "mine",
        "kind": "cases",
        "label": label,
        "cases": [
            {"text": text, "expected": expected, "functionality": "f" + group, "group": group}
            for text, _, expected, group in CASES
        ],
    }
    return run_suite(
        suite, ("insult", "toxic"), {"toxic": 0.5}, lambda texts: np.array([[0, scores[t]] for t in texts])
    )


def test_groups_are_measured_as_counted_by_hand() -> None:
    x, y = report()["by_group"]
    assert (x["group"], x["rows"], x["positives"]) == ("x", 3, 2)
    assert x["subgroup_auc"] == pytest.approx(1 / 2)  # 0.9 beats 0.4, 0.3 does not
    assert x["bpsn_auc"] == pytest.approx(2 / 2)  # y's 0.8 and 0.6 against x's 0.4
    assert x["bnsp_auc"] == pytest.approx(3 / 4)  # x's 0.9 beats 0.1 and 0.7, 0.3 beats 0.1 alone
    assert y["bpsn_auc"] == pytest.approx(3 / 4)
    assert y["bnsp_auc"] == pytest.approx(2 / 2)
    assert (x["fpr"], x["fnr"]) == (0, 0.5)
    assert (y["fpr"], y["fnr"]) == (0.5, 0)
    assert x["fpr_gap"] == pytest.approx(-1 / 3)
    assert x["fnr_gap"] == pytest.approx(0.5 - 1 / 4)


def test_the_summary_means_lean_to_the_worst_group() -> None:
    bias = report()["bias"]
    assert bias["bpsn_auc"] == pytest.approx(((1**-5 + 0.75**-5) / 2) ** (-1 / 5))
    assert 0.75 < bias["bpsn_auc"] < (1 + 0.75) / 2
    assert bias["fpr_equality_difference"] == pytest.approx(1 / 3 + 1 / 6)
    assert power_mean([]) is None
    assert power_mean([0.0, 1.0]) == 0.0


def test_functionalities_come_weakest_first_with_their_worst_errors() -> None:
    found = report()
    assert found["accuracy"] == pytest.approx(5 / 7)
    assert [(one["functionality"], one["rows"]) for one in found["by_functionality"]] == [
        ("fx", 3),
        ("fy", 4),
    ]
    assert found["by_functionality"][0]["errors"] == [{"text": "b", "expected": 1, "score": 0.3}]
    assert found["id"] == 7


def test_verdicts_count_instead_of_the_threshold_where_the_version_gives_them() -> None:
    cases = [
        {"text": "hurt", "expected": 0, "group": "x"},
        {"text": "die", "expected": 1, "group": "x"},
        {"text": "fool", "expected": 1, "group": "y"},
        {"text": "tea", "expected": 0, "group": "y"},
    ]
    suite = {"id": None, "name": "mine", "kind": "cases", "label": "toxic", "cases": cases}
    scores = np.array([[0.8], [0.7], [0.9], [0.1]])

    def judge(texts: Sequence[str]) -> Answered:
        return Answered(scores, np.array([False, False, True, False]))

    found = run_suite(suite, ("toxic",), {"toxic": 0.5}, lambda texts: scores, judge=judge)
    assert (found["right"], found["rows"]) == (3, 4)
    assert found["by_functionality"][0]["errors"] == [
        {"text": "die", "expected": 1, "score": 0.7, "concern": True}
    ]
    x, y = found["by_group"]
    assert (x["accuracy"], x["fpr"], x["fnr"]) == (0.5, 0.0, 1.0)
    assert (y["accuracy"], y["fpr"], y["fnr"]) == (1.0, 0.0, 0.0)
    without = run_suite(suite, ("toxic",), {"toxic": 0.5}, lambda texts: scores)
    assert [error["text"] for error in without["by_functionality"][0]["errors"]] == ["hurt"]


def languages(supported: bool | None) -> dict[str, Any]:
    cases = [
        {"text": "hola", "expected": 0, "functionality": "language", "outcome": "unsupported"},
        {"text": "bye", "expected": 0, "functionality": "language", "outcome": "supported"},
        {"text": "fool", "expected": 1, "functionality": "insult"},
    ]
    suite = {"id": None, "name": "mine", "kind": "cases", "label": "toxic", "cases": cases}
    scores = {"hola": 0.9, "bye": 0.1, "fool": 0.9}
    known = None if supported is None else lambda texts: [supported] * len(texts)
    return run_suite(
        suite, ("toxic",), {"toxic": 0.5}, lambda texts: np.array([[scores[text]] for text in texts]), known
    )


def test_cases_about_the_language_are_not_measured_where_the_version_cannot_tell() -> None:
    report = languages(None)
    assert (report["rows"], report["right"], report["not_measured"], report["accuracy"]) == (1, 1, 2, 1.0)
    assert [
        (part["functionality"], part["rows"], part["accuracy"]) for part in report["by_functionality"]
    ] == [
        ("insult", 1, 1.0),
        ("language", 0, None),
    ]


def test_the_right_answer_to_a_foreign_text_is_its_language_whatever_the_score() -> None:
    assert [part["right"] for part in languages(False)["by_functionality"]] == [1, 1]
    assert languages(False)["by_functionality"][0]["errors"] == [
        {"text": "bye", "expected": 0, "score": 0.1, "outcome": "supported"}
    ]
    blind = languages(True)["by_functionality"][0]
    assert (blind["right"], blind["rows"], blind["not_measured"]) == (1, 2, 0)
    assert blind["errors"] == [{"text": "hola", "expected": 0, "score": 0.9, "outcome": "unsupported"}]


def test_a_version_without_the_label_skips_the_suite() -> None:
    assert report("threat")["skipped"] == "this version has no label threat"


def test_an_area_needs_both_sides_and_equals_count_half() -> None:
    assert auc(np.array([0.5]), np.array([])) is None
    assert auc(np.array([0.5]), np.array([0.5])) == 0.5


def test_the_interval_of_a_share_holds_up_at_its_ends() -> None:
    low, high = wilson(10, 10)
    assert high == pytest.approx(1.0)
    assert 0.7 < low < 0.75


def test_each_disguise_changes_long_words_and_leaves_short_ones() -> None:
    for name, transform in TRANSFORMATIONS.items():
        hidden = disguise("you are idiots", transform)
        assert hidden.startswith("you are "), name
        assert hidden != "you are idiots", name
    assert disguise("idiots", TRANSFORMATIONS["digits for letters"]) == "1d1075"
    assert disguise("idiots", TRANSFORMATIONS["two letters swapped"]) == "idoits"


class Spotter:
    """Finds the plain word only."""

    version, backend, labels, primary = "spotter", "none", ("toxic",), "toxic"
    thresholds = {"toxic": 0.5}
    size = Size(0, 0, None)

    def score(self, texts: Sequence[str], listener: object = None) -> np.ndarray:
        return np.array([[0.9 if "idiot" in text.casefold() else 0.1] for text in texts])

    def explain(self, text: str, label: str) -> list[dict[str, Any]]:
        return []


def test_recall_lost_to_each_disguise_is_told() -> None:
    texts = ["you idiot", "what an idiot you are", "dumb", "thanks"]
    table = TextTable(texts, np.array([[1], [1], [1], [0]], np.float32), np.ones(4, np.float32), ("toxic",))
    spotter = Spotter()
    found = obfuscation_report(spotter, table, "toxic", spotter.score(texts)[:, 0])
    assert found is not None
    loss = {one["functionality"]: one["recall_loss"] for one in found["by_functionality"]}
    assert found["rows"] == 2  # only what it recognises undisguised
    assert loss["capital letters"] == 0
    assert loss["digits for letters"] == 1
    assert obfuscation_report(spotter, table.take([2, 3]), "toxic", np.array([0.1, 0.1])) is None
