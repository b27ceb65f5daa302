"""`manage.py evaluate_model --full`: the whole report, with suites of one's own and another model beside it."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from classifier.tests.tiny_artifact import tiny_artifact
from training.tests.ml.tiny import write_rows


def test_it_gives_the_whole_report_with_a_suite_and_another_model(tmp_path: Path) -> None:
    model, other = tiny_artifact(tmp_path / "model"), tiny_artifact(tmp_path / "other", seed=1)
    rows = write_rows(tmp_path / "rows.jsonl", 60)
    (tmp_path / "mine.csv").write_text("text,expected,functionality\nyou fool,1,insult\nthank you,0,thanks\n")
    out = StringIO()
    call_command(
        "evaluate_model", model, "--data", str(rows), "--labels", "toxic,insult", "--full", "--against", other,
        "--suite", tmp_path / "mine.csv", "--resamples", "20", "--backend", "fp32", stdout=out,
    )  # fmt: skip
    found = json.loads(out.getvalue())
    assert found["data"] == str(rows)
    assert found["mcnemar"]["against"].startswith("tiny-")
    assert found["metrics"]["toxic"]["roc_auc"]["low"] <= found["metrics"]["toxic"]["roc_auc"]["high"]
    assert found["suites"][0]["name"] == "mine"
    assert found["suites"][0]["rows"] == 2


def test_a_broken_suite_stops_it_before_anything_is_scored(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", 5)
    (tmp_path / "mine.csv").write_text("text,expected\nyou fool,perhaps\n")
    with pytest.raises(
        CommandError, match=r"mine.csv: row 2, column expected: 'perhaps' is no expected answer"
    ):
        call_command(
            "evaluate_model",
            tmp_path / "gone",
            data=str(rows),
            labels="toxic",
            full=True,
            suite=[tmp_path / "mine.csv"],
        )
