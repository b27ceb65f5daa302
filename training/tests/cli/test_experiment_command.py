"""`manage.py experiment`: every verb, and one real run in the command's own place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from classifier.models import User
from training.ml.results.runs import load_recorded
from training.models import Dataset, Evaluation, Experiment
from training.tests.cli.conftest import run, run_json
from training.tests.experiments.pages.builders import PRINT, make_finished, make_run

QUICK = (
    "--set", "loop.epochs=1", "--set", "data.max_length=32", "--set", "loop.token_budget=256",
    "--set", "loop.precision=fp32", "--set", "loop.threads=1",
)  # fmt: skip


SMALL: dict[str, Any] = {
    "labels": ["toxic"],
    "metrics": {"toxic": {"roc_auc": {"value": 0.97, "low": 0.96, "high": 0.98}}},
    "errors": [{"text": "you idiot", "words": []}],
}


def add_baseline(dataset: Dataset, name: str, roc_auc: float) -> None:
    """Add a baseline that stands beside every run of these test rows."""
    report = {"labels": ["toxic"], "metrics": {"toxic": {"roc_auc": {"value": roc_auc}}}}
    Evaluation.objects.create(baseline=name, dataset=dataset, fingerprint=PRINT, report=report)


def test_it_queues_what_was_asked_for(dataset: Dataset) -> None:
    answer = run_json(
        "experiment", "start", "teacher", "--name", "Mine", "--dataset", "wiki_toxic",
        "--set", "base=some/encoder", "--set", "loop.epochs=2", "--set", "data.labels=toxic, insult",
        "--config", '{"loop": {"seed": 4}}',
    )  # fmt: skip
    made = Experiment.objects.get(pk=answer["id"])
    assert (made.name, made.status, made.created_by) == ("Mine", "queued", None)
    assert (made.config["loop"]["epochs"], made.config["loop"]["seed"]) == (2.0, 4)
    assert made.config["data"]["labels"] == ["toxic", "insult"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--set", "loop.epochs=-1"), "loop.epochs: "),
        (("--set", "wings=2"), "wings: "),
        (("--set", "loop.epochs"), "--set wants FIELD=VALUE"),
        (("--config", "{"), "This is not JSON"),
        (("--teacher", "77"), "There is no experiment 77."),
        (("--by", "nobody"), "There is no person with the username nobody."),
    ],
)
def test_a_mistake_is_one_sentence(dataset: Dataset, words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence.replace("(", "\\(")) as caught:
        run("experiment", "start", "teacher", "--dataset", dataset.pk, "--set", "base=some/encoder", *words)
    assert "\n" not in str(caught.value)
    assert not Experiment.objects.exists()


def test_a_person_without_the_permission_may_not_by_command_either(dataset: Dataset) -> None:
    User.objects.create_user("stranger")
    made = make_run(dataset)
    with pytest.raises(CommandError, match="lacks the permission"):
        run("experiment", "cancel", made.pk, "--by", "stranger")


def test_one_is_listed_shown_cancelled_resumed_cloned_and_deleted(dataset: Dataset) -> None:
    made = make_run(dataset, "First")
    assert [each["id"] for each in run_json("experiment", "list", "--status", "queued")] == [made.pk]
    assert "First" in run("experiment", "list")
    assert run_json("experiment", "show", made.pk)["config"] == made.config
    assert "cancelled" in run("experiment", "cancel", made.pk)
    with pytest.raises(CommandError, match="The run is cancelled already"):
        run("experiment", "cancel", made.pk)
    assert "queued again" in run("experiment", "resume", made.pk)
    clone = run_json("experiment", "clone", made.pk, "--set", "loop.seed=9", "--name", "Second")
    assert Experiment.objects.get(pk=clone["id"]).config["loop"]["seed"] == 9
    run("experiment", "cancel", made.pk)
    assert run_json("experiment", "watch", made.pk)["status"] == "cancelled"
    assert "is deleted" in run("experiment", "delete", made.pk)
    assert [each["name"] for each in run_json("experiment", "list")] == ["Second"]


def test_runs_stand_side_by_side_with_the_baselines(dataset: Dataset) -> None:
    one = make_finished(dataset, "One", measured=SMALL)
    add_baseline(dataset, "tfidf", 0.9)
    add_baseline(dataset, "majority", 0.5)
    table = run_json("experiment", "compare", one.pk)
    assert [row["name"] for row in table] == [str(one), "tfidf", "majority"]
    assert table[0]["roc_auc"] > table[2]["roc_auc"]
    assert "roc_auc" in run("experiment", "compare", one.pk)


def test_a_measured_run_and_its_baseline_are_recorded_without_texts(dataset: Dataset, tmp_path: Path) -> None:
    one = make_finished(dataset, "One", measured=SMALL)
    add_baseline(dataset, "tfidf", 0.9)
    add_baseline(dataset, "majority", 0.5)
    place = ("--group", "subset", "--folder", tmp_path)
    run("experiment", "record", one.pk, "--name", "teacher", "--title", "Teacher", "--order", 2, *place)
    run(
        "experiment", "record", one.pk, "--name", "tfidf", "--title", "TF-IDF", "--order", 1,
        "--baseline", "tfidf", *place,
    )  # fmt: skip
    first, second = load_recorded(tmp_path)
    assert (first.recipe, second.recipe) == ("tfidf", "teacher")
    assert second.report["metrics"]["toxic"] == SMALL["metrics"]["toxic"]
    assert second.card["provenance"]["commit"] == "0" * 40
    assert "errors" not in second.report


def test_a_run_that_was_not_measured_is_not_recorded(dataset: Dataset, tmp_path: Path) -> None:
    bare = make_finished(dataset, "Bare")
    words = ("--name", "x", "--title", "X", "--group", "g", "--order", 1, "--folder", tmp_path)
    with pytest.raises(CommandError, match="has not been measured"):
        run("experiment", "record", bare.pk, *words)


@pytest.mark.django_db(transaction=True)
def test_a_run_here_trains_registers_and_measures_without_a_worker(
    places: Path, base: Path, write_dataset: Callable[..., Dataset], redis_clean: None
) -> None:
    rows = write_dataset(train=160)
    answer = run_json(
        "experiment", "start", "teacher", "--name", "Here", "--dataset", rows.pk, "--here",
        "--set", f"base={base}", *QUICK,
    )  # fmt: skip
    made = Experiment.objects.get(pk=answer["id"])
    assert (answer["status"], made.attempts) == ("succeeded", 1)
    assert made.model_version is not None
    assert made.worker.startswith("command@")
    assert made.evaluations.get(baseline="").metrics["toxic"]["roc_auc"]["value"] > 0
