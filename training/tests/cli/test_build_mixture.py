"""`manage.py dataset build-mixture`: the table of public sets, from a mirror as from the web."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError

from training.tests.cli.conftest import run, run_json
from training.tests.ml.mixture.small_copies import write_mirror


@pytest.fixture
def words(tmp_path: Path) -> list[object]:
    """Return the options that keep a build on this machine, and away from the program's own hashes."""
    mirror = write_mirror(tmp_path / "mirror", "gahd_de", "ro_offense_ro", "ruddit_en")
    options = {"--cache": tmp_path / "cache", "--mirror": mirror, "--hashes": tmp_path / "hashes.json"}
    return [*(word for pair in options.items() for word in pair), "--offline", "--wiki", ""]


def test_it_writes_the_sets_that_were_asked_for_and_says_what_became_of_each(
    tmp_path: Path, words: list[object]
) -> None:
    file = tmp_path / "mix.parquet"
    (tmp_path / "judged.jsonl").write_text(json.dumps({"text": "la NAIBA"}))
    only = ("--only", "gahd_de", "ro_offense_ro", "ruddit_en", "--without-class", "caution")
    made = run_json("dataset", "build-mixture", file, *words, *only, "--leave-out", tmp_path / "judged.jsonl")
    assert {each["name"]: (each["rows"], each["left_out"]) for each in made["sources"]} == {
        "gahd_de": (2, 0),
        "ro_offense_ro": (3, 1),
    }
    assert made["rows"] == pq.read_metadata(file).num_rows == 5
    assert len(json.loads((tmp_path / "hashes.json").read_text())) == 3
    told = run("dataset", "build-mixture", file, *words, *only)
    assert "gahd_de: 2 rows read (1 / 1), expected 10,979 (4,660 / 6,319); 2 in the table" in told
    assert told.endswith(f"6 rows of 2 sets in {file}\n")


def test_a_changed_file_a_missing_set_and_wrong_names_are_told(tmp_path: Path, words: list[object]) -> None:
    build = ("dataset", "build-mixture", tmp_path / "mix.parquet", *words)
    run(*build, "--only", "gahd_de")
    copy = next((tmp_path / "cache").rglob("gahd.csv"))
    copy.write_text(copy.read_text() + "g3,Noch eine Zeile,0,R4,test,\n")
    with pytest.raises(CommandError, match=r"gahd.csv is not the file that it was"):
        run(*build, "--only", "gahd_de")
    assert "3 in the table" in run(*build, "--only", "gahd_de", "--accept-changed")
    with pytest.raises(CommandError, match=r"curse_ko: .* is not in .*; --offline fetches nothing"):
        run(*build, "--only", "curse_ko")
    assert "curse_ko: left out" in run(*build, "--only", "curse_ko", "gahd_de", "--skip-missing")
    with pytest.raises(CommandError, match="--only: there is no set nothing; there are: beep_ko"):
        run(*build, "--only", "nothing")
    with pytest.raises(CommandError, match="--without-class: there is no class free"):
        run(*build, "--without-class", "free")
    with pytest.raises(CommandError, match="No set is left"):
        run(*build, "--only", "ruddit_en", "--without-class", "caution")
    with pytest.raises(CommandError, match="--mirror: there is no folder"):
        run("dataset", "build-mixture", tmp_path / "mix.parquet", "--mirror", tmp_path / "none")
