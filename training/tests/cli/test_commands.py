"""The training commands, as an operator types them, without a database."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from classifier.inference.artifact import load_manifest
from training.tests.ml.tiny import write_base, write_rows

QUICK = {
    "labels": "toxic,insult",
    "precision": "fp32",
    "learning_rate": 3e-3,
    "head_learning_rate": 3e-3,
    "token_budget": 256,
    "max_length": 32,
}


def run(command: str, *args: Any, **options: Any) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def test_teacher_student_model_folder_and_evaluation_by_command(tmp_path: Path) -> None:
    write_base(tmp_path / "base")
    for seed, split in enumerate(("train", "validation", "test")):
        write_rows(tmp_path / f"{split}.jsonl", 400, seed=seed)
    said = run(
        "train_teacher",
        base=str(tmp_path / "base"),
        train=str(tmp_path),
        output=tmp_path / "teacher",
        epochs=6.0,
        **QUICK,
    )
    assert json.loads(said)["validation"]["toxic"]["roc_auc"] > 0.9
    run(
        "distill", teacher=str(tmp_path / "teacher"), train=str(tmp_path), layers="spread", epochs=3.0,
        temperature=3.0, output=tmp_path / "student", **QUICK,
    )  # fmt: skip
    card = json.loads((tmp_path / "student" / "run.json").read_text())
    assert card["layers"] == [1, 4]
    assert card["provenance"]["config"]["loss"]["temperature"] == 3.0
    assert card["provenance"]["data"]["train_rows"] == 400
    version = run("export_model", tmp_path / "student", tmp_path / "model", name="mine").strip()
    assert version.startswith("mine-")
    report = tmp_path / "report.json"
    run(
        "evaluate_model",
        tmp_path / "model",
        data=str(tmp_path),
        labels="toxic,insult",
        backend="fp32",
        output=report,
    )
    found = json.loads(report.read_text())
    assert found["version"] == version
    assert found["rows"] == 400
    assert set(found["metrics"]) == {"toxic", "insult", "macro"}

    # the run's card and the artifact have three thresholds of each label; the command measures them anew
    assert set(card["operating_points"]) == {"toxic", "insult"}
    assert card["operating_points_rows"]["rows"] == card["provenance"]["data"]["validation_rows"]
    before = load_manifest(tmp_path / "model")
    assert {label: of.to_dict() for label, of in before.operating_points.items()} == card["operating_points"]
    run(
        "evaluate_model", tmp_path / "model", data=str(tmp_path), split="train", labels="toxic,insult",
        backend="fp32", operating_points=True,
    )  # fmt: skip
    after = load_manifest(tmp_path / "model")
    assert (after.version, after.thresholds) == (before.version, before.thresholds)
    assert after.operating_points["toxic"].rows == 400
    assert after.raw["operating_points_rows"]["name"].endswith(":train")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"preset": "nothing"}, "no preset 'nothing'"),
        ({"train": "gone.parquet"}, "there is no file gone.parquet"),
        ({"base": "no-such-folder/at-all"}, "no tokenizer at no-such-folder/at-all"),
    ],
)
def test_a_mistake_ends_in_one_sentence(options: dict[str, str], sentence: str, tmp_path: Path) -> None:
    rows = str(write_rows(tmp_path / "rows.jsonl", 5))
    asked = {
        "base": str(write_base(tmp_path / "base")),
        "train": rows,
        "output": tmp_path / "out",
        **QUICK,
        **options,
    }
    with pytest.raises(CommandError, match=sentence):
        run("train_teacher", **asked)


def test_a_layer_outside_the_teacher_is_named(tmp_path: Path) -> None:
    rows = str(write_rows(tmp_path / "rows.jsonl", 30))
    run(
        "train_teacher",
        base=str(write_base(tmp_path / "base")),
        train=rows,
        output=tmp_path / "teacher",
        epochs=0.1,
        **QUICK,
    )
    with pytest.raises(CommandError, match="layer 9 is not among the teacher's layers 1 to 4"):
        run(
            "distill",
            teacher=str(tmp_path / "teacher"),
            train=rows,
            layers="9",
            output=tmp_path / "student",
            **QUICK,
        )


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not the result of a training run"):
        run("export_model", tmp_path, tmp_path / "model", name="mine")
