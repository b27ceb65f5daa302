"""`manage.py export_model --to-pass-on`: licences are looked at before anything is read or written."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError

from training.management.commands.export_model import sources_for
from training.tests.cli.conftest import run


def test_a_model_whose_data_forbid_it_is_refused_by_name(tmp_path: Path) -> None:
    export = ("export_model", tmp_path / "run", tmp_path / "model", "--name", "m", "--to-pass-on")
    with pytest.raises(CommandError, match="nothing says what it learned from"):
        run(*export)
    sources = tmp_path / "sources.json"
    sources.write_text(
        json.dumps([{"name": "paper", "licence": "CC-BY-NC-4.0"}, {"name": "forum", "licence": "MIT"}])
    )
    with pytest.raises(CommandError, match=r"“paper” \(CC-BY-NC-4.0: not for commercial use"):
        run(*export, "--sources", sources)
    sources.write_text(json.dumps([{"name": "forum", "licence": "MIT"}]))
    with pytest.raises(
        CommandError, match="is not the result of a training run"
    ):  # licences are fine, the run is none
        run(*export, "--sources", sources)
    with pytest.raises(CommandError, match="is not the result of a training run"):
        run("export_model", tmp_path / "run", tmp_path / "model", "--name", "m", "--own-use")
    with pytest.raises(CommandError, match="not allowed with"):
        run(*export, "--own-use")


def test_the_sources_are_those_of_the_file_else_of_the_runs_job(tmp_path: Path) -> None:
    assert sources_for(tmp_path, None) == []
    listed = [{"name": "forum", "licence": "CC BY-SA 4.0", "rows": 7, "weight": 3.5, "attribution": "Us"}]
    (tmp_path / "job.json").write_text(json.dumps({"artifact": {"name": "m", "sources": listed}}))
    (one,) = sources_for(tmp_path, None)
    assert (one.name, one.rows, one.weight, one.licence_class) == ("forum", 7, 3.5, "sharealike")
    for content in ("{", "{}", "[1]", '[{"licence": "MIT"}]'):
        (tmp_path / "sources.json").write_text(content)
        with pytest.raises(CommandError, match=r"sources.json"):
            sources_for(tmp_path, tmp_path / "sources.json")
