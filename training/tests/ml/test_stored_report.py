"""Stored reports of every age are read whole, and what they lack is None or empty."""

import json
from pathlib import Path
from typing import Any

import pytest

from training.ml.evaluation.stored import UNKNOWN, Estimate, StoredReport, SuiteReport
from training.ml.json_reader import read

RECORDED = sorted((Path(__file__).parents[2] / "results" / "recorded").glob("*.json"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_every_recorded_report_is_read_whole(path: Path) -> None:
    raw = json.loads(path.read_text())["report"]
    report = StoredReport.of(raw)
    assert report.rows == raw["rows"]
    for label, metrics in raw["metrics"].items():
        assert {name: found.value for name, found in report.metrics[label].items()} == {
            name: found["value"] for name, found in metrics.items() if found["value"] is not None
        }
        assert len(report.curves[label].thresholds) == len(raw["curves"][label]["thresholds"])
    assert [(one.name, one.rows, one.metrics["f1"].value) for one in report.slices] == [
        (one["name"], one["rows"], one["f1"]) for one in raw["slices"]
    ]
    assert (report.size.bytes, report.speed.latency_ms_p50) == (
        raw["size"]["bytes"],
        raw["speed"]["latency_ms_p50"],
    )
    assert [suite.accuracy for suite in report.suites] == [suite["accuracy"] for suite in raw["suites"]]
    assert len(report.train_label_issues) == len(raw["train_label_issues"])


@pytest.mark.parametrize("raw", [None, {}, [], "report", {"metrics": None, "curves": [], "suites": {}}])
def test_an_empty_or_foreign_report_is_an_empty_one(raw: Any) -> None:
    assert StoredReport.of(raw) == StoredReport()
    assert StoredReport.of(raw).metric("toxic", "f1") == UNKNOWN


def test_parts_of_another_type_are_left_out_one_by_one() -> None:
    report = StoredReport.of(
        {
            "rows": True,
            "metrics": {"toxic": {"f1": 0.5, "recall": {"value": float("nan"), "low": "x"}, "brier": None}},
            "curves": {"toxic": {"roc": [[0, 0], [None, 1], [1], [1, 1]]}},
            "errors": [{"text": "you fool", "words": [{"begin": 0}, {"begin": 4, "end": 8, "value": 2}]}, 7],
            "mcnemar": {"b": 3, "c": "many"},
            "marked_words": {},
        }
    )
    assert report.rows is None
    assert report.metrics == {"toxic": {"f1": Estimate(0.5), "recall": UNKNOWN}}
    assert report.curves["toxic"].roc == [(0.0, 0.0), (1.0, 1.0)]
    assert [(word.begin, word.end) for word in report.errors[0].words] == [(4, 8)]
    assert len(report.errors) == 1
    assert (report.mcnemar.b, report.mcnemar.c) == (3, None)
    assert report.marked_words is None


def test_names_of_older_suites_and_slices_are_known() -> None:
    suite = read(
        SuiteReport,
        {"accuracy": 0.9, "by_functionality": [{"name": "spelling", "cases": 4, "accuracy": 0.2}]},
    )
    assert suite.functionality("spelling").rows == 4
    assert suite.weak == ["spelling"]
    assert suite.group("nobody").subgroup_auc == UNKNOWN
    report = StoredReport.of(
        {"slices": [{"name": "short", "metrics": {"f1": 0.3}}, {"name": "long", "f1": 0.4}]}
    )
    assert [one.metrics["f1"].value for one in report.slices] == [0.3, 0.4]
