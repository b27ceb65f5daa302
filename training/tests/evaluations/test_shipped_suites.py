"""The suites that ship with the code: listed, with the results of every version, by page, API and command."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from classifier.models import User
from classifier.tests.tiny_artifact import tiny_artifact
from training.evaluations.shipped_suites import shipped_results
from training.ml.evaluation.suites import KINDS
from training.tests.cli.conftest import run, run_json
from training.tests.promotion.conftest import Measure, Pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(pair: Pair, measure: Measure) -> Pair:
    for version, right in zip(pair, (4, 15), strict=True):
        kinds = [{"functionality": "veiled_threats", "rows": 20, "accuracy": right / 20, "errors": []}]
        suite = {"id": None, "name": KINDS, "accuracy": right / 20, "by_functionality": kinds}
        evaluation = measure(version)
        evaluation.report = {**evaluation.report, "suites": [suite]}
        evaluation.save()
    return pair


def test_results_are_read_from_evaluations_the_newest_version_first(answered: Pair) -> None:
    assert [(version, report["accuracy"]) for version, report in shipped_results(name=KINDS)] == [
        (answered[1], 0.75),
        (answered[0], 0.2),
    ]


def test_the_pages_list_them_and_show_kinds_by_version(
    answered: Pair, client: Client, model_admin: User, settings: Any, tmp_path: Path
) -> None:
    settings.RUNS_DIR = tmp_path
    client.force_login(model_admin)
    assert KINDS in client.get("/training/suites/").content.decode()
    page = client.get("/training/suites/shipped/kinds/").content.decode()
    for words in (
        "15 of 20",
        "4 of 20",
        "veiled threats",
        "language not supported",
        "It ships with toxicsite",
    ):
        assert words in page
    assert client.get("/training/suites/shipped/poems/").status_code == 404


def test_the_commands_know_them_by_their_short_name(answered: Pair) -> None:
    assert "368 cases" in run("suite", "list")
    lines = run("suite", "results", "kinds").splitlines()
    assert lines[0].split() == ["75.0%", answered[1].version]
    assert lines[1].split() == ["75.0%", "15", "of", "20", "veiled_threats"]
    assert run_json("suite", "results", KINDS)[1]["report"]["accuracy"] == 0.2


def test_a_model_folder_is_run_on_them_at_once(tmp_path: Path) -> None:
    out = StringIO()
    call_command(
        "suite", "run", str(tiny_artifact(tmp_path / "model")), "--backend", "fp32", "--json", stdout=out
    )
    suites = {suite["name"]: suite for suite in json.loads(out.getvalue())["suites"]}
    kinds = {kind["functionality"]: kind for kind in suites[KINDS]["by_functionality"]}
    assert len(kinds) == 15
    assert (suites[KINDS]["rows"], suites[KINDS]["not_measured"]) == (368, 0)
    assert kinds["not_english"]["right"] >= 20  # whatever a tiny model says: the language is told by itself
