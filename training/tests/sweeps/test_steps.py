"""A sweep on the real database: trials become runs, come back as values, and survive being killed anywhere."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from classifier.models import User
from training.core.errors import ConfigRejected, NotAllowedNow
from training.ml.search import study as studies
from training.models import Experiment, RunStatus, Sweep
from training.sweeps import steps as sweep_steps
from training.sweeps.optuna_storage import sweep_storage
from training.sweeps.selectors import plan_of
from training.sweeps.services import sweep_cancel, sweep_delete, sweep_resume, sweep_train_best
from training.sweeps.steps import sweep_step
from training.tests.sweeps.conftest import begin, end, play, score, waiting

NewSweep = Callable[..., Sweep]


class Killed(BaseException):
    """Ends a step there and then, as a kill would."""


def killed(*args: Any, **kwargs: Any) -> Any:
    raise Killed


def f1_of(run: Experiment) -> dict[str, Any]:
    """Return an F1 that is best at a learning rate of 1e-3; the weight decay hardly counts."""
    loop = run.config["loop"]
    return {"f1": 0.9 - 0.1 * abs(math.log10(loop["learning_rate"]) + 3) - 0.01 * loop["weight_decay"]}


def study_of(sweep: Sweep) -> Any:
    return studies.open_study(plan_of(sweep), sweep_storage(), sweep.study_name)


def test_a_sweep_runs_its_trials_and_names_the_best(new_sweep: NewSweep) -> None:
    sweep = new_sweep(trials=5, name="rates", config={"base": "some/encoder", "data": {"max_rows": 50}})
    play(sweep, f1_of)
    runs = list(sweep.experiments.order_by("trial_number"))
    assert [run.trial_number for run in runs] == list(range(5))
    assert len({run.config["loop"]["learning_rate"] for run in runs}) == 5  # no step repeats the one before
    assert {run.trigger for run in runs} == {"sweep"}
    assert {run.config["data"]["max_rows"] for run in runs} == {50}
    assert sweep.status == RunStatus.SUCCEEDED
    best = max(runs, key=lambda run: run.result["validation"]["toxic"]["f1"])
    assert sweep.best_experiment == best
    assert sweep.analysis["best"] == best.trial_number
    shares = sweep.analysis["importance"]["F1"]
    assert set(shares) == {"loop.learning_rate", "loop.weight_decay"}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-4)


def test_a_kill_between_asking_and_starting_loses_no_trial(
    new_sweep: NewSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = new_sweep(trials=2)
    monkeypatch.setattr(sweep_steps, "experiment_create", killed)
    with pytest.raises(Killed):  # noqa: PT011 - it has no message
        sweep_step(sweep=sweep)
    monkeypatch.undo()
    (asked,) = study_of(sweep).get_trials()
    assert not sweep.experiments.exists()
    sweep_step(sweep=sweep)
    run = waiting(sweep)
    assert run.trial_number == asked.number == 0
    assert run.config["loop"]["learning_rate"] == asked.params["loop.learning_rate"]


def test_a_kill_between_the_end_of_a_run_and_telling_tells_it_once(
    new_sweep: NewSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = new_sweep(trials=2)
    sweep_step(sweep=sweep)
    end(waiting(sweep), f1=0.5)
    monkeypatch.setattr(sweep_steps, "_remember", killed)
    with pytest.raises(Killed):  # noqa: PT011 - it has no message
        sweep_step(sweep=sweep)  # told, and killed before anything was written beside the sweep
    monkeypatch.undo()
    sweep_step(sweep=sweep)
    sweep_step(sweep=sweep)
    assert [t.values for t in study_of(sweep).get_trials()] == [[0.5], None]
    assert sweep.experiments.count() == 2
    assert sweep.analysis["trials"][0]["values"] == [0.5]


def test_several_objectives_end_in_a_front_that_nothing_beats(new_sweep: NewSweep) -> None:
    sweep = new_sweep(
        objectives=[{"metric": "f1"}, {"metric": "size_mb"}], sampler="nsga2", trials=5, name="two wishes"
    )
    outcomes = iter([(0.9, 40), (0.8, 20), (0.85, 30), (0.7, 25), (0.6, 50)])

    def outcome(run: Experiment) -> dict[str, Any]:
        f1, size = next(outcomes)
        return {"f1": f1, "measured": {"size_mb": size}}

    play(sweep, outcome)
    assert sweep.analysis["front"] == [0, 1, 2]
    assert sweep.analysis["best"] == 0
    assert set(sweep.analysis["importance"]) == {"F1", "Size, MB"}


def test_a_hopeless_trial_is_stopped_and_told_as_pruned(new_sweep: NewSweep) -> None:
    sweep = new_sweep(pruner="median", trials=6)
    for place in range(4):  # the first ones run to their end
        sweep_step(sweep=sweep)
        run = waiting(sweep)
        assert run.config["loop"]["evaluate_share"] == studies.PROBE_SHARE
        begin(run)
        score(run, 0.5, 0.6, 0.7)
        sweep_step(sweep=sweep)
        run.refresh_from_db()
        assert run.cancel_requested_at is None
        end(run, f1=0.8 + place / 100)
    sweep_step(sweep=sweep)
    run = waiting(sweep)
    begin(run)
    score(run, 0.1, 0.1)
    sweep_step(sweep=sweep)
    run.refresh_from_db()
    assert run.cancel_requested_at is not None
    sweep_step(sweep=sweep)  # asking twice does no harm
    end(run, to="cancelled")
    sweep_step(sweep=sweep)
    assert sweep.analysis["trials"][4]["state"] == "pruned"
    assert sweep.analysis["trials"][4]["moments"] == {"1": 0.1, "2": 0.1}
    end(waiting(sweep), f1=0.9)
    sweep_step(sweep=sweep)
    assert sweep.status == RunStatus.SUCCEEDED
    assert sweep.analysis["best"] == 5


def test_failed_trials_are_told_and_three_in_a_row_end_the_sweep(new_sweep: NewSweep) -> None:
    sweep = new_sweep(trials=10)
    for number in range(4):
        sweep_step(sweep=sweep)
        run = waiting(sweep)
        if number == 0:
            end(run, f1=0.5)
            continue
        Experiment.objects.filter(pk=run.pk).update(failure_reason="out of memory")
        end(run, to="failed")
    sweep_step(sweep=sweep)
    assert sweep.status == RunStatus.FAILED
    assert sweep.failure_reason == "The last 3 trials failed: out of memory"
    assert sweep.best_experiment is not None
    assert sweep.experiments.count() == 4


def test_a_cancelled_sweep_stops_its_trial_and_goes_on_later_with_what_it_learned(
    new_sweep: NewSweep,
) -> None:
    sweep = new_sweep(trials=10)
    sweep_step(sweep=sweep)
    end(waiting(sweep), f1=0.7)
    sweep_step(sweep=sweep)
    run = waiting(sweep)
    begin(run)
    sweep_cancel(sweep=sweep, by=None)
    sweep_step(sweep=sweep)
    assert sweep.status == RunStatus.RUNNING  # until its run has stopped
    run.refresh_from_db()
    assert run.cancel_requested_at is not None
    end(run, to="cancelled")
    sweep_step(sweep=sweep)
    assert sweep.status == RunStatus.CANCELLED
    sweep_resume(sweep=sweep, trials=2, by=None)
    play(sweep, f1_of)
    states = [trial["state"] for trial in sweep.analysis["trials"]]
    assert states == ["complete", "fail", "complete", "complete"]


def test_a_finished_sweep_takes_more_trials_and_a_finished_grid_does_not(new_sweep: NewSweep) -> None:
    grid = {"loop.dropout": {"type": "categorical", "choices": [0.0, 0.1]}}
    sweep = new_sweep(space=grid, sampler="grid", trials=50)
    assert sweep.trials_wanted == 2
    play(sweep, lambda run: {"f1": 0.5 + run.config["loop"]["dropout"]})
    assert sorted(t["params"]["loop.dropout"] for t in sweep.analysis["trials"]) == [0.0, 0.1]
    with pytest.raises(NotAllowedNow, match="2 cells"):
        sweep_resume(sweep=sweep, trials=1, by=None)


def test_the_best_is_trained_in_full_when_asked(new_sweep: NewSweep) -> None:
    sweep = new_sweep(
        trials=2,
        train_best=True,
        pruner="median",
        config={"base": "some/encoder", "data.max_rows": 50},
        full={"data.max_rows": None},
    )
    play(sweep, f1_of)
    full = Experiment.objects.get(sweep=None)
    assert full.config["data"]["max_rows"] is None
    assert full.config["loop"]["evaluate_share"] == 0
    assert sweep.best_experiment is not None
    assert full.config["loop"]["learning_rate"] == sweep.best_experiment.config["loop"]["learning_rate"]
    assert sweep_train_best(sweep=sweep, by=None, number=0).name == "rates, trial 0 in full"
    with pytest.raises(NotAllowedNow, match=r"^No such trial has finished; choose one that has\.$"):
        sweep_train_best(sweep=sweep, by=None, number=7)


def test_a_deleted_sweep_frees_its_name_and_its_study(new_sweep: NewSweep) -> None:
    sweep = new_sweep(trials=1)
    with pytest.raises(NotAllowedNow, match=r"^The sweep is not over; cancel it first\.$"):
        sweep_delete(sweep=sweep, by=None)
    play(sweep, f1_of)
    sweep_delete(sweep=sweep, by=None)
    sweep_step(sweep=sweep)
    assert new_sweep(trials=1).pk != sweep.pk
    assert study_of(sweep).get_trials() == []


def test_what_is_wrong_is_said_before_anything_runs(
    new_sweep: NewSweep, moderator: User, model_admin: User
) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.run_experiment$"):
        new_sweep(by=moderator)
    with pytest.raises(
        ConfigRejected, match=r"^It is searched; leave it out of the fixed values\.$"
    ) as error:
        new_sweep(config={"base": "some/encoder", "loop.learning_rate": 1e-4})
    assert error.value.field == "loop.learning_rate"
    new_sweep(by=model_admin)
    with pytest.raises(ConfigRejected, match="this name"):
        new_sweep(by=model_admin)
    assert Sweep.objects.count() == 1
