"""The page of one run in every status, with what its model is worth; and the comparison of several."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from training.ml.evaluation.slices import MEAN_OF_SOURCES
from training.ml.evaluation.suites import KINDS
from training.models import Dataset, Evaluation, Experiment
from training.tests.experiments.pages.builders import (
    make_baselines,
    make_curve,
    make_finished,
    make_run,
    report,
)


def test_a_running_one_says_where_it_stands_and_asks_again(as_admin: Client, dataset: Dataset) -> None:
    progress = {"phase": "train", "step": 40, "steps": 160, "rows_per_second": 80.4, "eta_seconds": 125}
    run = make_run(dataset, status="running", progress={**progress, "losses": {"kl": 0.1, "loss": 0.5}})
    part = as_admin.get(f"/training/experiments/{run.pk}/live/").content.decode()
    for words in ("40 of 160", "2 min 05 s left", "0.5000", 'hx-trigger="every 2s"'):
        assert words in part


def test_once_over_the_live_part_asks_for_the_whole_page(as_admin: Client, dataset: Dataset) -> None:
    run = make_run(dataset, status="failed", failure_reason="The disk is full: make room.")
    answer = as_admin.get(f"/training/experiments/{run.pk}/live/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    page = as_admin.get(f"/training/experiments/{run.pk}/").content.decode()
    assert "The disk is full: make room." in page
    assert "Resume" in page


def test_the_curves_come_as_json_and_say_when_to_stop_asking(as_admin: Client, dataset: Dataset) -> None:
    run = make_run(dataset, status="running")
    make_curve(run, steps=5)
    told = as_admin.get(f"/training/experiments/{run.pk}/points.json").json()
    assert [one["name"] for one in told["series"]] == ["loss", "cross entropy", "KL"]
    assert told["over"] is False
    speeds = as_admin.get(f"/training/experiments/{run.pk}/points.json?of=speed").json()
    assert [one["name"] for one in speeds["series"]] == ["rows a second"]


def test_an_evaluated_one_shows_metrics_beside_the_baselines(
    as_admin: Client, dataset: Dataset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    measured = {**report("a"), "mcnemar": {"against": "starter", "b": 9, "c": 8, "p_value": 1.0}}
    run = make_finished(dataset, measured=measured)
    make_baselines(dataset)
    # session, user, permissions, run, its history, curves, evaluation, its data, those beside it, suites
    with django_assert_num_queries(10):
        page = as_admin.get(f"/training/experiments/{run.pk}/").content.decode()
    for words in (
        "TF-IDF and logistic regression",
        "Always “not toxic”",
        "cannot tell the two apart",
        "Identity hate",
    ):
        assert words in page
    assert f"{measured['metrics']['toxic']['roc_auc']['value']:.4f}" in page
    assert 'class="mistakes__text veil"' in page


@pytest.mark.parametrize(
    "old", [{}, {"metrics": {"toxic": {"f1": 0.5}}}, {"metrics": {}, "curves": {"toxic": {}}}]
)
def test_a_report_that_lacks_almost_everything_is_still_a_page(
    as_admin: Client, dataset: Dataset, old: dict[str, Any]
) -> None:
    run = make_finished(dataset, measured=old)
    assert as_admin.get(f"/training/experiments/{run.pk}/").status_code == 200
    assert as_admin.get(f"/training/compare/?id={run.pk}").status_code == 200


def test_the_model_is_a_zip_of_its_folder(as_admin: Client, dataset: Dataset, places: Path) -> None:
    run = make_finished(dataset, directory="1-teacher")
    path = f"/training/experiments/{run.pk}/artifact.zip"
    assert as_admin.get(path).status_code == 404
    folder = places / "runs" / "1-teacher" / "artifact"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"w" * 3_000_000)
    (folder / "link").symlink_to("/etc/hostname")
    answer = as_admin.get(path)
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert archive.testzip() is None
        inside = {name.partition("/")[2]: archive.getinfo(name).file_size for name in archive.namelist()}
    assert inside == {"manifest.json": 2, "model.safetensors": 3_000_000}
    refused = as_admin.get(path, {"purpose": "to_pass_on"}, follow=True)
    assert "This model may not be passed on: nothing says what it learned from." in refused.content.decode()


def test_a_comparison_marks_the_best_names_the_front_and_shows_what_differs(
    as_admin: Client, dataset: Dataset
) -> None:
    make_baselines(dataset)
    one = make_finished(dataset, "One", measured=report("one", 5.0, 3), config={"loop": {"epochs": 2.0}})
    two = make_finished(dataset, "Two", measured=report("two", 3.0, 3, 20_000_000))
    answer = as_admin.get(f"/training/compare/?id={two.pk}&id={one.pk}&id=77&id=x")
    rows = answer.context["own"]
    assert [row.title for row in rows] == ["Two", "One"]
    assert [row.figures[0].best for row in rows] == [False, True]
    size = answer.context["plots"][1]
    assert size["front"] == ["Two", "One"]
    assert [(row.name, row.values) for row in answer.context["differences"]] == [("loop.epochs", ["1", "2"])]
    assert "baseline" in answer.content.decode()


def test_a_comparison_shows_kinds_weakest_first_and_sources(as_admin: Client, dataset: Dataset) -> None:
    def kind(name: str, right: int) -> dict[str, Any]:
        return {"functionality": name, "rows": 20, "accuracy": right / 20}

    def part(name: str, roc_auc: float, **more: Any) -> dict[str, Any]:
        return {"kind": "source", "name": name, "rows": 40, "positives": 9, "roc_auc": roc_auc, **more}

    for title, right, auc in (("One", 12, 0.91), ("Two", 4, 0.85)):
        kinds = [kind("slurs", 15), kind("veiled_threats", right)]
        suite = {"id": None, "name": "Kinds", "accuracy": 0.5, "by_functionality": kinds}
        slices = [part("source tweets", auc, small=True), part(MEAN_OF_SOURCES, auc - 0.01)]
        measured = {**report(title, 5.0, 3), "suites": [suite], "slices": slices}
        make_finished(dataset, title, measured=measured)
    ids = "&".join(f"id={run.pk}" for run in Experiment.objects.all())
    answer = as_admin.get(f"/training/compare/?{ids}")
    [table] = answer.context["suite_tables"]
    assert [(name, sorted(cell.right for cell in cells)) for name, cells in table.rows] == [
        ("veiled_threats", [4, 12]),
        ("slurs", [15, 15]),
    ]
    assert [(row.name, row.small) for row in answer.context["source_rows"]] == [
        ("source tweets", True),
        (MEAN_OF_SOURCES, False),
    ]
    page = answer.content.decode()
    for words in ("veiled threats", "4 of 20", "0.910", "few rows"):
        assert words in page


def test_the_page_shows_wrong_cases_blurred_and_says_what_was_not_measured(
    as_admin: Client, dataset: Dataset
) -> None:
    run = make_finished(dataset, measured=report("a"))
    page = as_admin.get(f"/training/experiments/{run.pk}/").content.decode()
    assert f"<h3>{KINDS}" in page
    assert "29 cases expect an answer about the language and were not measured" in page
    begin = page.index("Cases that it answers wrongly")
    assert 'class="mistakes__text veil"' in page[begin : begin + 1_500]
    assert "Right would be: " in page[begin : begin + 1_500]


def test_the_comparison_is_a_csv_that_no_spreadsheet_runs(as_admin: Client, dataset: Dataset) -> None:
    run = make_finished(dataset, "=HYPERLINK(1)", measured=report("one", 5.0, 3))
    text = as_admin.get(f"/training/compare.csv?id={run.pk}").content.decode()
    [line] = list(csv.DictReader(io.StringIO(text)))
    assert line["name"] == "'=HYPERLINK(1)"
    assert float(line["roc_auc_low"]) <= float(line["roc_auc"]) <= float(line["roc_auc_high"])


def test_nothing_to_compare_is_said(as_admin: Client) -> None:
    assert "Nothing to compare yet" in as_admin.get("/training/compare/?id=5").content.decode()


def test_reasons_held_against_marked_words_are_shown_where_there_are_any(
    as_admin: Client, dataset: Dataset
) -> None:
    plain = make_finished(dataset, measured=report("a"))
    page = as_admin.get(f"/training/experiments/{plain.pk}/").content.decode()
    assert "Its reasons compared with moderators" not in page
    found = {"label": "toxic", "rows": 12, "marked_rows": 14, "words": 31, "share": 0.625}
    Evaluation.objects.filter(model_version=plain.model_version).update(
        report={**report("a"), "marked_words": {**found, "low": 0.5, "high": 0.75, "chance": 0.25}}
    )
    page = as_admin.get(f"/training/experiments/{plain.pk}/").content.decode()
    for words in ("Its reasons compared with moderators", "62.5%", "50.0% to 75.0%", "25.0%", ">31<"):
        assert words in page


def test_the_page_of_a_blend_speaks_of_no_steps_and_leaves_out_the_history_of_its_models(
    as_admin: Client, dataset: Dataset
) -> None:
    run = make_finished(dataset)
    provenance = {**run.provenance, "blended": [{"recipe": "distill", "packages": {"numpy": "9.9.9"}}]}
    Experiment.objects.filter(pk=run.pk).update(recipe="blend", provenance=provenance)
    page = as_admin.get(f"/training/experiments/{run.pk}/").content.decode()
    assert 'id="provenance"' in page
    for words in ("9.9.9", 'id="training"', "imported without its curves", "Rows a second"):
        assert words not in page


def test_a_blend_shows_its_curve_of_shares(as_admin: Client, dataset: Dataset) -> None:
    tried = [
        {"shares": [1 - n / 2, n / 2], "value": 0.9 + n / 100, "sources": {"wiki": 0.95, "games": 0.85}}
        for n in range(3)
    ]
    blend = {
        "models": [{"name": "starter", "version": "starter-3442032f"}, {"name": "tuned here"}],
        "shares": [0.0, 1.0],
        "measure": "roc_auc",
        "label": "toxic",
        "rows": 4000,
        "tried": tried,
    }
    run = make_finished(dataset, result={"labels": ["toxic"], "blend": blend})
    page = as_admin.get(f"/training/experiments/{run.pk}/").content.decode()
    for words in (
        "best ROC-AUC of Toxic on 4,000 validation rows, as the mean over 2 sources",
        "starter-3442032f",
        "Share of tuned here",
        "0.9200",
        'data-source="#blend-curve"',
    ):
        assert words in page, words
    fixed = {**blend, "tried": [], "shares": [0.35, 0.65]}
    Experiment.objects.filter(pk=run.pk).update(result={"blend": fixed})
    page = as_admin.get(f"/training/experiments/{run.pk}/").content.decode()
    assert "The shares were fixed." in page
    assert "#blend-curve" not in page
    Experiment.objects.filter(pk=run.pk).update(result={"blend": {"models": "none", "shares": 3}})
    assert "blend-title" not in as_admin.get(f"/training/experiments/{run.pk}/").content.decode()
