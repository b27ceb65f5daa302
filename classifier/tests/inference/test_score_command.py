"""`manage.py score`: one JSON object a line, in order, and nothing by halves."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from classifier.inference.artifact import load_manifest


def score(*arguments: object) -> tuple[list[dict[str, Any]], str]:
    out, err = StringIO(), StringIO()
    call_command("score", *map(str, arguments), stdout=out, stderr=err)
    return [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def test_it_scores_texts_in_order_with_exactly_five_fields(model: Path) -> None:
    rows, progress = score("I hate you", "thank you", "--version", model)
    manifest = load_manifest(model)
    assert [row["text"] for row in rows] == ["I hate you", "thank you"]
    for row in rows:
        assert list(row) == ["text", "verdict", "scores", "read_as", "model_version"]
        assert row["verdict"] in ("toxic", "non-toxic")
        assert tuple(row["scores"]) == manifest.labels
        assert row["model_version"] == manifest.version
    assert "2 texts scored" in progress


def test_it_finds_a_version_by_its_id(model: Path, settings: Any) -> None:
    settings.MODELS_DIR = model.parent
    version = load_manifest(model).version
    assert score("hello", "--version", version)[0][0]["model_version"] == version


def test_an_unknown_version_is_named_with_the_known_ones(model: Path, settings: Any) -> None:
    settings.MODELS_DIR = model.parent
    with pytest.raises(CommandError, match=f"--version: 'nope-1'.*{load_manifest(model).version}"):
        score("hello", "--version", "nope-1")


def test_a_file_is_scored_into_a_file(model: Path, tmp_path: Path) -> None:
    texts = [f"text number {at} \u20ac" for at in range(1_100)]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps({"body": text}) for text in texts))
    rows, _ = score(
        "--input",
        tmp_path / "in.jsonl",
        "--text-column",
        "body",
        "--output",
        tmp_path / "out.jsonl",
        "--version",
        model,
    )
    assert rows == []
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in found] == texts
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_bad_row_is_answered_in_its_place_and_by_the_exit_code(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n{bad\n{"text": "b"}\n')
    with pytest.raises(CommandError, match="could not be read: 1") as stopped:
        score("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl", "--version", model)
    assert stopped.value.returncode == 3
    first, bad, last = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert (first["text"], bad["line"], last["text"]) == ("a", 2, "b")
    assert "is not JSON" in bad["error"]


def test_a_file_that_cannot_be_read_to_its_end_leaves_the_old_output_untouched(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n' * 600 + "x" * 5_000_000)
    (tmp_path / "out.jsonl").write_text("old")
    with pytest.raises(CommandError, match="Line 601 is longer than"):
        score("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl", "--version", model)
    assert (tmp_path / "out.jsonl").read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_text_that_is_too_long_is_named_by_its_number(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\n" + "fine\n" * 700 + "you " * 2_000 + "\n")
    with pytest.raises(CommandError, match=r"text 701: needs 5 windows, the limit is 3.*--max-windows"):
        score("--input", tmp_path / "in.csv", "--version", model, "--max-windows", 3)


def test_a_lone_surrogate_stays_json(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a \\ud800"}\n')
    score("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl", "--version", model)
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))["text"] == "a \ud800"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "either texts or --input"),
        (["hello", "--input", "in.csv"], "either texts or --input"),
        (["bad \udcff"], "TEXT 1: is not valid UTF-8"),
        (["--input", "same.csv", "--output", "same.csv"], "--output: is the same file"),
        (["hello", "--max-windows", "0"], "--max-windows"),
        (["hello", "--output", "/nowhere/at/all/out.jsonl"], "--output: cannot write"),
    ],
)
def test_it_refuses_and_says_why(model: Path, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        score(*arguments, "--version", model)


def test_a_spoiled_model_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    with pytest.raises(CommandError, match=r"config\.json"):
        score("hello", "--version", folder)
