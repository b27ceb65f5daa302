"""Scoring files: parquet in and out, going on after an end in the middle, and a command that knows no Django."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from classifier.inference import score_files
from classifier.inference.artifact import load_manifest
from classifier.inference.score_command import main
from classifier.inference.score_files import FileJob, ScoreFileError, score_file
from classifier.inference.scorer import Scorer, ScoreResult

ROWS = 50


class Ended(Exception):
    """Stands for the end of a process in the middle of its work."""


@pytest.fixture
def scorer(model: Path, monkeypatch: pytest.MonkeyPatch) -> Scorer:
    monkeypatch.setattr(score_files, "PART_TEXTS", 8)
    return Scorer(model, "fp32")


@pytest.fixture
def comments(tmp_path: Path) -> Path:
    texts = [f"you are number {at} " + "word " * (at * 7 % 60) for at in range(ROWS)]
    texts[20] = None  # type: ignore[call-overload]
    table = pa.table({"id": pa.array(range(ROWS), pa.int64()), "body": pa.array(texts), "more": ["x"] * ROWS})
    pq.write_table(table, tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


def ignore(done: int) -> None:
    pass


def ends_at(texts: int) -> Any:
    def progress(done: int) -> None:
        if done >= texts:
            raise Ended("in the middle")

    return progress


@pytest.mark.parametrize("name", ["out.parquet", "out.jsonl"])
def test_a_job_that_ended_in_the_middle_goes_on_and_writes_the_same_bytes(
    name: str, scorer: Scorer, comments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = FileJob(comments, tmp_path / f"whole-{name}", "body", ("id",))
    assert score_file(scorer, whole, ignore) == 1
    job = FileJob(comments, tmp_path / name, "body", ("id",))
    with pytest.raises(Ended, match="in the middle"):
        score_file(scorer, job, ends_at(30))
    assert not job.output.exists()
    scored: list[str] = []
    real = scorer.score

    def noting(texts: Sequence[str]) -> list[ScoreResult]:
        scored.extend(texts)
        return real(texts)

    monkeypatch.setattr(scorer, "score", noting)
    assert score_file(scorer, job, ignore) == 1
    assert len(scored) == ROWS - 24, "three parts of eight were done"
    assert job.output.read_bytes() == whole.output.read_bytes()
    assert not job.parts.exists()


def test_parquet_holds_a_row_for_each_with_the_kept_columns_and_the_version(
    scorer: Scorer, comments: Path, tmp_path: Path
) -> None:
    score_file(scorer, FileJob(comments, tmp_path / "out.parquet", "body", ("id", "more")), ignore)
    table = pq.read_table(tmp_path / "out.parquet")
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == list(range(ROWS))
    assert table.schema.field("id").type == pa.int64()
    assert {row["model_version"] for row in rows} == {scorer.version}
    assert (rows[20]["verdict"], rows[20]["error"]) == (None, "'body' is null.")
    [alone] = scorer.score([rows[7]["text"]])
    assert {label: rows[7][label] for label in scorer.labels} == pytest.approx(alone.scores, abs=1e-6)
    assert rows[7]["verdict"] == alone.verdict


def test_parts_of_another_job_are_neither_used_nor_thrown_away(
    scorer: Scorer, comments: Path, tmp_path: Path
) -> None:
    job = FileJob(comments, tmp_path / "out.jsonl", "body")
    with pytest.raises(Ended, match="in the middle"):
        score_file(scorer, job, ends_at(20))
    other = FileJob(comments, tmp_path / "out.jsonl", "more")
    with pytest.raises(
        ScoreFileError, match=r"--output: .*out\.jsonl\.parts holds parts of a job with another column"
    ):
        score_file(scorer, other, ignore)
    assert score_file(scorer, job, ignore) == 1


def test_values_of_json_and_a_lone_surrogate_become_texts_of_parquet(scorer: Scorer, tmp_path: Path) -> None:
    lines = ['{"text": "a \\ud800", "id": 7}', '{"text": "b", "id": {"deep": "\u20ac"}}', '{"text": "c"}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    score_file(scorer, FileJob(tmp_path / "in.jsonl", tmp_path / "out.parquet", keep=("id",)), ignore)
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["id"] for row in rows] == ["7", '{"deep": "\u20ac"}', None]
    assert rows[0]["text"] == "a ?"


def test_a_kept_column_that_the_output_has_itself_is_refused(
    scorer: Scorer, comments: Path, tmp_path: Path
) -> None:
    table = pq.read_table(comments).rename_columns(["id", "body", "verdict"])
    pq.write_table(table, comments)
    with pytest.raises(ScoreFileError, match="--keep: 'verdict' is a column of the output itself"):
        score_file(scorer, FileJob(comments, tmp_path / "out.parquet", "body", ("verdict",)), ignore)


def test_the_command_by_itself_knows_neither_django_nor_a_queue(model: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from classifier.inference.score_command import main; code = main(sys.argv[1:]);"
        "known = {name.split('.')[0] for name in sys.modules};"
        "print(sorted(known & {'django', 'celery', 'redis', 'psycopg2', 'rest_framework', 'training'}), code)"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(settings.BASE_DIR)}
    command = [sys.executable, "-c", code, "you fool", "--version", str(model), "--backend", "fp32"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    line, known = done.stdout.splitlines()
    assert json.loads(line)["model_version"] == load_manifest(model).version
    assert known == "[] 0"


def test_the_command_names_its_faults_and_its_exit_code(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 1
    assert "give either texts or --input FILE" in capsys.readouterr().err
    assert main(["x", "--models", str(tmp_path)]) == 1
    assert "--version: name the folder of a model" in capsys.readouterr().err
    assert main(["x", "--keep", "id", "--version", str(model)]) == 1
    assert "--keep: names columns of --input" in capsys.readouterr().err
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n{bad\n')
    assert main(["--input", str(tmp_path / "in.jsonl"), "--version", str(model)]) == 3
    assert "could not be read: 1" in capsys.readouterr().err


def test_a_wheel_holds_what_the_command_needs_and_names_it(model: Path, tmp_path: Path) -> None:
    """What pip installs, on a path without this checkout."""
    checkout, copy = (
        Path(settings.BASE_DIR),
        tmp_path / "checkout",
    )  # a build leaves its own files beside the source
    for name in ("classifier", "toxicsite"):
        shutil.copytree(checkout / name, copy / name, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(checkout / name, copy)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*build, "--wheel-dir", str(tmp_path), str(copy)], check=True, cwd=tmp_path)
    [wheel] = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--quiet",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True)
    assert not (site / "classifier" / "models").exists()
    command = [
        str(site / "bin" / "toxicsite-score"),
        "you fool",
        "--version",
        str(model),
        "--backend",
        "fp32",
    ]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(site)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["text"] == "you fool"


def test_a_named_old_version_gives_the_same_bytes_each_time(tmp_path: Path) -> None:
    """The shipped starter of the first release, by its id, on one backend."""
    earlier = Path(settings.EARLIER_STARTER_DIR)
    version = load_manifest(earlier).version
    (tmp_path / "in.csv").write_text("text\n" + "\n".join(f"you are {at} times a fool" for at in range(40)))
    written = []
    for name in ("first.parquet", "second.parquet"):
        arguments = ["--input", str(tmp_path / "in.csv"), "--output", str(tmp_path / name)]
        chosen = ["--version", version, "--models", str(earlier.parent), "--backend", "fp32"]
        assert main([*arguments, *chosen]) == 0
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert set(pq.read_table(tmp_path / "first.parquet")["model_version"].to_pylist()) == {version}
