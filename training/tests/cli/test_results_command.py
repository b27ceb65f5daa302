"""`manage.py results`: the committed page is what the recorded runs give."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from training.management.commands.results import HOME
from training.ml.results.page import BEGIN, END, readme_part
from training.ml.results.runs import RecordedRun, load_recorded, save_recorded
from training.tests.cli.conftest import run
from training.tests.experiments.pages.builders import report

README = HOME.parent.parent / "README.md"

PROVENANCE = {
    "data": {
        "train_rows": 600,
        "train_positive_rows": 200,
        "train_rows_available": 1000,
        "validation_rows": 100,
    },
    "config": {"data": {"max_length": 64}},
    "hardware": {"cores": 2, "cpu": "a processor"},
    "packages": {"torch": "2", "transformers": "5"},
    "loop": {"steps": 10, "rows": 600, "tokens": 6000, "precision": "fp32"},
    "duration_seconds": 60.0,
    "peak_memory_mib": 900,
}


def record(folder: Path) -> None:
    for place, (name, skill) in enumerate((("tfidf", 2.0), ("teacher", 4.0))):
        card: dict[str, Any] = {"provenance": PROVENANCE}
        save_recorded(
            RecordedRun(name, name, "subset", place, None, name, card, report(name, skill)),
            folder / "recorded",
        )


def test_page_plots_and_readme_are_made_of_the_recorded_runs(tmp_path: Path) -> None:
    record(tmp_path)
    readme = tmp_path / "R.md"
    readme.write_text(f"before\n{BEGIN}\nlast year\n{END}\nafter\n")
    run("results", "--folder", tmp_path, "--readme", readme)
    page = (tmp_path / "README.md").read_text()
    assert "teacher" in page
    assert (tmp_path / "plots" / "intervals.svg").is_file()
    assert "plots/intervals.svg" in page
    assert readme.read_text().startswith("before\n")
    assert "last year" not in readme.read_text()
    run("results", "--folder", tmp_path, "--readme", readme)
    assert (tmp_path / "README.md").read_text() == page


def test_without_recorded_runs_it_says_how_to_record_one(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="experiment record"):
        run("results", "--folder", tmp_path)


def test_the_committed_page_is_what_the_recorded_runs_give(tmp_path: Path) -> None:
    runs = load_recorded(HOME / "recorded")
    if not runs:
        pytest.skip("no run is recorded yet")
    (tmp_path / "recorded").symlink_to(HOME / "recorded")
    readme = tmp_path / "R.md"
    readme.write_text(README.read_text())
    run("results", "--folder", tmp_path, "--readme", readme)
    assert (tmp_path / "README.md").read_text() == (HOME / "README.md").read_text(), "run `make results`"
    for plot in (tmp_path / "plots").iterdir():
        assert plot.read_bytes() == (HOME / "plots" / plot.name).read_bytes(), "run `make results`"
    assert readme_part(runs) in README.read_text(), "run `make results`"
