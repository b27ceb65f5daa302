"""The page of likely label errors: each row fixed and undone in its place, with and without scripts."""

import pytest
from django.test import Client

from classifier.models import User
from classifier.tests.builders import version_row
from training.models import Dataset, Evaluation, Experiment, LabelFix
from training.tests.datasets.conftest import MakeDataset
from training.tests.experiments.pages.builders import ISSUE

HTMX = {"HX-Request": "true"}


@pytest.fixture
def evaluation(write: MakeDataset) -> Evaluation:
    """Create an evaluation in which one row of the test set and one of the training rows look mislabelled."""
    dataset = write()
    version = version_row("student-1a2b3c4d", ("toxic",))
    run = Experiment.objects.create(name="Student", recipe="teacher", dataset=dataset, status="succeeded")
    report = {"label_issues": [{**ISSUE, "row": 1}], "train_label_issues": [{**ISSUE, "row": 4}]}
    return Evaluation.objects.create(
        model_version=version, experiment=run, dataset=dataset, fingerprint="f" * 64, report=report
    )


@pytest.fixture
def page(evaluation: Evaluation, model_admin: User, client: Client) -> Client:
    client.force_login(model_admin)
    return client


def url(evaluation: Evaluation, ending: str = "") -> str:
    return f"/training/evaluations/{evaluation.pk}/labels/{ending}"


def test_it_lists_test_rows_and_training_rows_blurred(page: Client, evaluation: Evaluation) -> None:
    shown = page.get(url(evaluation)).content.decode()
    assert shown.count("data-label-row") == 2
    for words in ("doubted by this version", "doubted by a word counter", 'data-key="f"', "js/labels.js"):
        assert words in shown
    assert shown.count('class="label-row__text veil"') == 2
    assert "Undo the fix of this row" in shown  # the sheet of keys


def test_a_fix_without_scripts_leads_back_to_its_row(page: Client, evaluation: Evaluation) -> None:
    answer = page.post(url(evaluation, "train-4-toxic/fix/"))
    assert answer.headers["Location"] == f"{url(evaluation)}#row-train-4-toxic"
    fix = LabelFix.objects.get()
    assert (fix.split, fix.row, fix.label) == ("train", 4, "toxic")
    assert "corrected by model-admin" in page.get(url(evaluation)).content.decode()
    page.post(url(evaluation, "train-4-toxic/undo/"))
    assert LabelFix.objects.count() == 2
    assert "corrected by" not in page.get(url(evaluation)).content.decode()


def test_with_scripts_the_row_alone_comes_back(page: Client, evaluation: Evaluation) -> None:
    row = page.post(url(evaluation, "test-1-toxic/fix/"), headers=HTMX).content.decode()
    assert row.startswith('<li class="label-row is-fixed" id="row-test-1-toxic"')
    assert 'data-key="u"' in row
    twice = page.post(url(evaluation, "test-1-toxic/fix/"), headers=HTMX).content.decode()
    assert "corrected already" in twice
    row = page.post(url(evaluation, "test-1-toxic/undo/"), headers=HTMX).content.decode()
    assert 'data-key="f"' in row
    assert (
        "taken back already"
        in page.post(url(evaluation, "test-1-toxic/undo/"), headers=HTMX).content.decode()
    )


def test_only_what_is_listed_can_be_fixed_there(page: Client, evaluation: Evaluation) -> None:
    for key in ("train-5-toxic", "test-4-toxic", "nonsense"):
        assert page.post(url(evaluation, f"{key}/fix/")).status_code == 404
    assert not LabelFix.objects.exists()


def test_the_data_set_says_so_and_is_frozen_anew(page: Client, evaluation: Evaluation) -> None:
    page.post(url(evaluation, "train-4-toxic/fix/"))
    address = f"/training/datasets/{evaluation.dataset_id}/"
    assert "Create dataset with the corrections" in page.get(address).content.decode()
    answer = page.post(f"{address}correct/")
    made = Dataset.objects.get(kind="corrected")
    assert answer.headers["Location"] == f"/training/datasets/{made.pk}/"
    shown = page.get(f"/training/datasets/{made.pk}/").content.decode()
    assert "1 label is corrected against the dataset" in shown
    assert "Create dataset with the corrections" not in shown


def test_golden_items_are_listed_without_the_button(page: Client, evaluation: Evaluation) -> None:
    Dataset.objects.filter(pk=evaluation.dataset_id).update(kind="golden")
    Experiment.objects.update(dataset=Dataset.objects.create(name="Gone", kind="upload", labels=["toxic"]))
    shown = page.get(url(evaluation)).content.decode()
    assert "These are known answers" in shown
    assert "data-label-row" in shown
    assert 'data-key="f"' not in shown


def test_moderators_neither_see_nor_fix(evaluation: Evaluation, moderator: User, client: Client) -> None:
    client.force_login(moderator)
    assert client.get(url(evaluation)).status_code == 403
    assert client.post(url(evaluation, "train-4-toxic/fix/")).status_code == 403
    assert not LabelFix.objects.exists()


def test_the_evaluation_leads_there(page: Client, evaluation: Evaluation) -> None:
    shown = page.get(f"/training/versions/{evaluation.model_version_id}/").content.decode()
    assert f'href="{url(evaluation)}"' in shown


def test_rows_of_an_imported_report_come_without_their_text(page: Client, evaluation: Evaluation) -> None:
    bare = {name: value for name, value in ISSUE.items() if name != "text"}
    Evaluation.objects.filter(pk=evaluation.pk).update(report={"train_label_issues": [bare]})
    assert page.get(url(evaluation)).content.decode().count("data-label-row") == 1
