"""A dataset, a sweep, and runs that end as a test says, without learning anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from classifier.accounts.roles import ADMIN, MODEL_ADMIN, MODERATOR, user_roles_set
from classifier.models import User
from toxicsite.lib.lifecycle import transition
from training.models import RUN_TRANSITIONS, Dataset, Experiment, MetricPoint, RunStatus, Sweep
from training.sweeps.services import sweep_create
from training.sweeps.steps import sweep_step

SPACE = {
    "loop.learning_rate": {"type": "float", "low": 1e-5, "high": 1e-2, "log": True},
    "loop.weight_decay": {"type": "float", "low": 0.0, "high": 0.1},
}


def person(username: str, role: str) -> User:
    user = User.objects.create_user(username=username, password="a-long-enough-pass")
    user_roles_set(user=user, roles=[role], by=None)
    return user


@pytest.fixture
def moderator(db: None) -> User:
    return person("moderator", MODERATOR)


@pytest.fixture
def model_admin(db: None) -> User:
    return person("model-admin", MODEL_ADMIN)


@pytest.fixture
def admin_person(db: None) -> User:
    return person("admin-person", ADMIN)


@pytest.fixture
def dataset(db: None, tmp_path: Path, settings: Any) -> Dataset:
    settings.RUNS_DIR, settings.DATASETS_DIR = tmp_path / "runs", tmp_path / "datasets"
    return Dataset.objects.create(
        name="few rows",
        kind="upload",
        labels=["toxic", "insult"],
        rows={"train": 600, "validation": 200},
        directory="few",
    )


@pytest.fixture
def new_sweep(dataset: Dataset) -> Callable[..., Sweep]:
    def create(**changes: Any) -> Sweep:
        asked: dict[str, Any] = {
            "name": "rates",
            "recipe": "teacher",
            "config": {"base": "some/encoder"},
            "dataset": dataset,
            "space": SPACE,
            "objectives": [{"metric": "f1"}],
            "pruner": "none",
            "trials": 4,
            "by": None,
        }
        return sweep_create(**{**asked, **changes})

    return create


def begin(run: Experiment) -> None:
    transition(run, to=RunStatus.RUNNING, allowed=RUN_TRANSITIONS)


def end(run: Experiment, to: str = "succeeded", **result: Any) -> None:
    """Bring a run to its end; `f1` and so on are its validation metrics."""
    if run.status == RunStatus.QUEUED:
        begin(run)
    quality = {name: result.pop(name) for name in ("f1", "roc_auc") if name in result}
    card = {"labels": ["toxic", "insult"], "validation": {"toxic": quality}, **result}
    transition(run, to=to, allowed=RUN_TRANSITIONS, result=card, finished_at=timezone.now())


def score(run: Experiment, *values: float) -> None:
    """Write the scores on the way of a running run."""
    for place, value in enumerate(values, start=1):
        MetricPoint.objects.get_or_create(
            experiment=run,
            phase="teacher",
            name="validation_f1",
            step=10 * place,
            defaults={"value": value},
        )


def waiting(sweep: Sweep) -> Experiment:
    """The one run that the sweep waits for."""
    return sweep.experiments.get(status__in=("queued", "running"))


def play(sweep: Sweep, outcome: Callable[[Experiment], dict[str, Any]], most: int = 100) -> None:
    """Step the sweep until it is over, each run ending as `outcome` says."""
    for _ in range(most):
        sweep_step(sweep=sweep)
        if sweep.is_over:
            return
        run = waiting(sweep)
        end(run, **outcome(run))
    raise AssertionError("the sweep never ends")
