"""`manage.py compare_scores`: reads, scores, reports, and tells the lines that it leaves out."""

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from classifier.core.errors import NoWorker
from classifier.scoring.score_texts import Read, ScoredText, TextProblem

HEAD = "text,TOXICITY,removed\n"


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores a text `t0.3` with the square of its number."""

    def answer(*, texts: Sequence[str], read: Read, deadline: float) -> list[Any]:
        return [score(read(text).text) for text in texts]

    monkeypatch.setattr("classifier.management.commands.compare_scores.score_texts", answer)


def score(text: str) -> ScoredText | TextProblem:
    if text == "endless":
        return TextProblem("too_long", "This text needs 99 windows.")
    value = float(text.removeprefix("t")) ** 2
    return ScoredText({"toxic": value, "insult": 0.0}, "toxic", value, 0.5, 1, "v-1")


def file(tmp_path: Path, *lines: str, rows: int = 100) -> str:
    many = [f"t{number / rows},{number / rows},{int(number / rows >= 0.8)}" for number in range(rows)]
    path = tmp_path / "old.csv"
    path.write_text(HEAD + "\n".join([*lines, *many]) + "\n")
    return str(path)


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("compare_scores", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_texts_are_read_in_the_format_that_is_named(worker: None, tmp_path: Path) -> None:
    out, _ = run(file(tmp_path, "<b>t</b>0.5,0.5,0"), "--format", "html")
    assert "101 rows" in out


def test_it_reports_correlation_map_and_thresholds(worker: None, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    out, err = run(file(tmp_path), "--threshold", "0.25", "-o", str(report))
    assert err == ""
    assert "100 rows, toxic by v-1" in out
    found = json.loads(report.read_text())
    assert (found["rows"], found["model_version"], found["spearman"]) == (100, "v-1", pytest.approx(1.0))
    by_old = {row["old"]: row for row in found["translations"]}
    assert by_old[0.25]["new"] == pytest.approx(0.0625)
    assert by_old[0.9]["new"] == pytest.approx(0.81)
    assert found["policy"] == {
        "bands": {"toxic": {"review": pytest.approx(0.49), "remove": pytest.approx(0.81)}}
    }
    assert found["left_out"] == []


def test_a_wished_precision_needs_what_people_decided(worker: None, tmp_path: Path) -> None:
    path = file(tmp_path)
    out, _ = run(path, "--label-column", "removed", "--target-precision", "1")
    assert "precision 1: 0.640 flags 20 with precision 1.000 and recall 1.000" in out
    with pytest.raises(CommandError, match="go together"):
        run(path, "--target-precision", "0.9")


def test_lines_that_cannot_be_compared_are_told_and_left_out(worker: None, tmp_path: Path) -> None:
    path = file(
        tmp_path, '"two\nlines",2,0', ",0.5,0", "t0.1,high,0", "t0.1,nan,1", "endless,0.1,0", "t0.1,0.1"
    )
    report = tmp_path / "report.json"
    _, err = run(path, "-o", str(report))
    left = {row["line"]: row["reason"] for row in json.loads(report.read_text())["left_out"]}
    assert left == {
        2: "TOXICITY: is not from 0 to 1",
        4: "text: This field may not be empty",
        5: "TOXICITY: is no number",
        6: "TOXICITY: is no number",
        7: "This text needs 99 windows.",
        8: "This row has 2 fields, the header has 3.",
    }
    assert "line 5: TOXICITY: is no number; left out" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--score-column", "old"], "has no column old; its columns are text, TOXICITY, removed"),
        (["--attribute", "THREAT", "--score-column", "TOXICITY"], "v-1 has no label threat"),
        (["--model", "x"], "--model needs --here"),
    ],
)
def test_what_cannot_be_done_is_said(
    worker: None, tmp_path: Path, arguments: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        run(file(tmp_path), *arguments)


def test_a_few_rows_or_a_file_of_bytes_are_refused(worker: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="9 rows are too few"):
        run(file(tmp_path, rows=9))
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"\x00\x01\x02,TOXICITY\n\xff,0\n")
    with pytest.raises(CommandError, match="not a text file"):
        run(str(broken))
    with pytest.raises(CommandError, match="cannot be read"):
        run(str(tmp_path / "nothing.csv"))


def test_without_a_worker_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def away(**_: Any) -> None:
        raise NoWorker("No classification worker is running.")

    monkeypatch.setattr("classifier.management.commands.compare_scores.score_texts", away)
    with pytest.raises(CommandError, match="score in this process with --here"):
        run(file(tmp_path))


def test_it_scores_in_this_process_when_asked(artifacts: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text("text,INSULT\n" + "".join(f"i hate you {n},{n / 20}\n" for n in range(20)))
    out, _ = run(str(path), "--attribute", "INSULT", "--here", "--model", str(artifacts[0]))
    assert "20 rows, insult by tiny-" in out


def test_several_attributes_are_compared_in_one_run(worker: None, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    lines = [f"t{n / 20},{n / 20},{'' if n == 3 else n / 40}" for n in range(20)]
    path.write_text("text,tox,abuse\n" + "\n".join([*lines, "t0.5,,"]) + "\n")
    report = tmp_path / "report.json"
    told = StringIO()
    call_command(
        "compare_scores", str(path), "--attribute", "TOXICITY=tox", "--attribute", "INSULT=abuse",
        "-o", str(report), stdout=told, stderr=StringIO(),
    )  # fmt: skip
    found = json.loads(report.read_text())
    assert [(one["attribute"], one["rows"]) for one in found["attributes"]] == [
        ("TOXICITY", 20),
        ("INSULT", 19),
    ]
    assert found["left_out"] == [{"line": 22, "reason": "tox, abuse: there is no score"}]
    assert "20 rows, toxic by v-1" in told.getvalue()
    assert "19 rows, insult by v-1" in told.getvalue()


def test_several_score_columns_are_scores_of_what_they_are_called(worker: None, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    lines = [f"t{n / 20},{n / 20},0.1" for n in range(20)]
    path.write_text("text,TOXICITY,INSULT\n" + "\n".join(lines) + "\n")
    told = StringIO()
    call_command(
        "compare_scores", str(path), "--score-column", "TOXICITY", "--score-column", "INSULT", stdout=told
    )
    assert "insult by v-1" in told.getvalue()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--attribute", "TOXICITY=a", "--score-column", "b"], "not by both"),
        (["--attribute", "TOXICITY", "--attribute", "INSULT", "--score-column", "b"], "one for each"),
        (["--attribute", "TOXICITY", "--attribute", "TOXICITY"], "each attribute once"),
        (["--attribute", "TOXICITY="], "each attribute once"),
        (["--source", "forum"], "need --store"),
        (["--store"], "needs --source"),
    ],
)
def test_columns_that_contradict_are_refused(
    worker: None, tmp_path: Path, options: list[str], why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("compare_scores", file(tmp_path), *options)


@pytest.mark.django_db
def test_pairs_can_be_kept_for_the_page(worker: None, tmp_path: Path) -> None:
    from classifier.models import ReferenceCall, Transfer
    from classifier.tests.builders import version_row

    with pytest.raises(CommandError, match="knows no version v-1"):
        call_command("compare_scores", file(tmp_path), "--store", "--source", "forum", stdout=StringIO())
    version = version_row("v-1", ["toxic", "insult"])
    told = StringIO()
    call_command(
        "compare_scores", file(tmp_path, "t0.5,x,0"), "--store", "--source", "forum", "--keep-texts",
        stdout=told, stderr=StringIO(),
    )  # fmt: skip
    transfer = Transfer.objects.get()
    assert f"kept 100 pairs; they are shown at /comparisons/{transfer.pk}/" in told.getvalue()
    assert (transfer.kind, transfer.status, transfer.done_rows, transfer.error_rows) == (
        *("compare", "succeeded", 101, 1),
    )
    call = ReferenceCall.objects.order_by("pk").last()
    assert call is not None
    assert (call.text, call.theirs, call.model_version) == ("t0.99", {"TOXICITY": 0.99}, version)
    assert call.ours == {"TOXICITY": 0.99**2}
    assert call.source is not None
