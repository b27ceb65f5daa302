"""`manage.py dataset`, `sweep`, `model`, `suite` and `retrain`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError

from classifier.model_versions.promotion_gate import GateVerdict, gate_register
from classifier.model_versions.services import model_version_activate
from classifier.models import ModelVersion
from training.models import Dataset, RetrainingPlan, TestSuiteResult
from training.tests.cli.conftest import run, run_json
from training.tests.experiments.pages.builders import make_dataset, make_version

SPACE = json.dumps({"loop.learning_rate": {"type": "float", "low": 1e-5, "high": 1e-3, "log": True}})


@pytest.mark.django_db
def test_files_of_a_folder_are_frozen_listed_and_deleted(places: Path) -> None:
    lines = [f"comment number {n} about rain,{n % 2}" for n in range(60)]
    (places / "train.csv").write_text("\n".join(["body,label", *lines]))
    columns = ("--text-column", "body", "--labels", "label=toxic")
    made = run_json("dataset", "add-folder", places, "--name", "Forum", *columns)
    assert (made["labels"], sum(made["rows"].values())) == (["toxic"], 60)
    file = run_json("dataset", "add-file", "--train", places / "train.csv", "--name", "File", *columns)
    assert file["kind"] == "upload"
    assert run_json("dataset", "show", "Forum")["statistics"]
    assert "test rows of Forum" in run("dataset", "make-test-set", "Forum")
    with pytest.raises(CommandError, match="Every version is measured"):
        run("dataset", "delete", "Forum")
    assert "File is deleted" in run("dataset", "delete", "File")
    assert [each["name"] for each in run_json("dataset", "list")] == ["Forum"]


def test_a_folder_without_rows_is_a_sentence(dataset: Dataset, places: Path) -> None:
    with pytest.raises(CommandError, match="has no train"):
        run("dataset", "add-folder", places, "--name", "Empty")
    with pytest.raises(CommandError, match="already"):
        run("dataset", "add-hub", "owner/data", "--name", dataset.name)


def test_a_hub_data_set_is_known_by_its_short_name(db: None) -> None:
    made = run_json("dataset", "add-hub", "wiki_toxic", "--name", "wiki")
    assert (made["state"], made["origin"]) == ("loading", "OxAISH-AL-LLM/wiki_toxic")


def test_decisions_and_mixtures_say_what_is_missing(dataset: Dataset) -> None:
    with pytest.raises(CommandError, match="at least 20 are needed"):
        run("dataset", "add-decisions", "--name", "D")
    make_dataset("other")
    with pytest.raises(CommandError, match="weight of “other”"):
        run("dataset", "mix", dataset.pk, "other:-1", "--name", "M")
    with pytest.raises(CommandError, match="There is no dataset nowhere"):
        run("dataset", "mix", dataset.pk, "nowhere:2", "--name", "M")
    mix = ("dataset", "mix", dataset.pk, "other:1", "--name", "M")
    with pytest.raises(CommandError, match="--cap other:many: write a whole number of rows"):
        run(*mix, "--cap", "other:many")
    with pytest.raises(CommandError, match="--map other:hate: write LABEL=NAME"):
        run(*mix, "--map", "other:hate")
    with pytest.raises(CommandError, match="--negatives-unknown toxic: name a dataset of the mixture"):
        run(*mix, "--negatives-unknown", "toxic")
    with pytest.raises(CommandError, match="must give at least 1 row"):
        run(
            *mix, "--cap", "other:0", "--map", "other:hate=identity_hate", "--negatives-unknown", "other:hate"
        )


def test_a_sweep_is_started_listed_cancelled_and_goes_on(dataset: Dataset) -> None:
    words = ("--dataset", dataset.pk, "--set", "base=some/encoder", "--trials", 3)
    made = run_json(
        "sweep", "start", "teacher", "--name", "Rates", "--space", SPACE, "--objective", "f1", *words
    )
    assert (made["status"], made["trials_wanted"]) == ("queued", 3)
    assert "Rates" in run("sweep", "list")
    assert "cancelled" in run("sweep", "cancel", "Rates")
    assert run_json("sweep", "resume", made["id"], "--trials", 5)["trials_wanted"] == 5
    assert list(run_json("sweep", "show", made["id"])["space"]) == ["loop.learning_rate"]
    with pytest.raises(CommandError, match="objectives: "):
        run("sweep", "start", "teacher", "--name", "B", "--space", SPACE, "--objective", "beauty", *words)


@pytest.fixture
def closed_gate() -> Iterator[None]:
    before = gate_register(lambda candidate, active: GateVerdict(False, ["Not good enough."]))
    yield
    gate_register(before)


def test_a_version_goes_into_production_past_the_gate_and_back(
    candidates: tuple[ModelVersion, ModelVersion], closed_gate: None
) -> None:
    one, two = candidates
    model_version_activate(model_version=one, by=None)
    assert run_json("model", "show", two.version)["gate"]["reasons"] == ["Not good enough."]
    with pytest.raises(CommandError, match="Not good enough"):
        run("model", "activate", two.pk)
    assert "silently" in run("model", "shadow", two.pk)
    assert "no longer" in run("model", "shadow", two.pk, "--stop")
    assert run_json("model", "activate", two.pk, "--override-reason", "because")["status"] == "active"
    assert run_json("model", "roll-back")["version"] == one.version
    with pytest.raises(CommandError, match="no test set"):
        run("model", "evaluate", two.pk)
    assert {each["status"] for each in run_json("model", "list")} == {"active", "retired"}


def test_a_suite_is_added_and_its_results_are_read(db: None, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("text,expected,functionality\nyou idiot,1,insult\nthank you,0,thanks\n")
    made = run_json("suite", "add", tmp_path / "c.csv", "--name", "Ours")
    assert made["cases"] == 2
    TestSuiteResult.objects.create(
        suite_id=made["id"], model_version=make_version("v-1"), report={"accuracy": 0.5}
    )
    assert "50.0%  v-1" in run("suite", "results", "Ours")
    assert "Ours" in run("suite", "list")
    with pytest.raises(CommandError, match="called “Ours” already"):
        run("suite", "add", tmp_path / "c.csv", "--name", "Ours")


def test_the_plan_of_retraining_is_changed_field_by_field(dataset: Dataset) -> None:
    assert run_json("retrain", "plan")["enabled"] is False
    run("retrain", "plan", "--on", "--after-decisions", 50, "--mix-with", dataset.pk)
    answer = run_json("retrain", "plan", "--weekly", "yes", "--config", '{"loop.epochs": 1}')
    assert (answer["after_decisions"], answer["weekly"], answer["mix_with"]) == (50, True, "wiki_toxic")
    assert RetrainingPlan.objects.get().config["differences"] == {"loop.epochs": 1}
    with pytest.raises(CommandError, match="decisions"):
        run("retrain", "now", "--from", "recipe")


def test_an_unknown_verb_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        run("model", "worship")
