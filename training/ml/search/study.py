"""A sweep as an Optuna study: asks for configurations, is told what came of them, prunes, and says what mattered.

Everything can be killed between any two steps: a trial lives in the storage from the moment it is asked for, its
values are drawn once and read back afterwards, and telling twice does nothing. Optuna (Akiba et al. 2019) is imported
only inside: the web process never loads it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.ml.search.objectives import Objective, can_prune
from training.ml.search.space import Dimension, SpaceError, grid_size

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage, RDBStorage
    from optuna.trial import FrozenTrial, Trial

SAMPLERS = ("tpe", "random", "grid", "nsga2")
PRUNERS = ("median", "hyperband", "halving", "none")
PROBE_SHARE = 0.1  # a trial that may be pruned is scored after every tenth of its steps
PROBES = round(1 / PROBE_SHARE) - 1
FIRST_UNPRUNED = 4  # trials that always run to the end, to have something to compare with
FEWEST_FOR_IMPORTANCE = 4
PRUNED, FAILURE = "pruned", "failure"  # user attributes of a trial


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep searches, wants and how."""

    dimensions: tuple[Dimension, ...]
    objectives: tuple[Objective, ...]
    sampler: str
    pruner: str
    trials: int
    seed: int

    @property
    def prunes(self) -> bool:
        return self.pruner != "none"


def checked_plan(plan: SweepPlan) -> SweepPlan:
    """Check how sampler, pruner and objectives fit; a grid bounds the number of trials. Raises SpaceError."""
    if plan.sampler not in SAMPLERS:
        raise SpaceError("sampler", f"Use one of {', '.join(SAMPLERS)}.")
    if plan.pruner not in PRUNERS:
        raise SpaceError("pruner", f"Use one of {', '.join(PRUNERS)}.")
    if plan.sampler == "nsga2" and len(plan.objectives) < 2:
        raise SpaceError("sampler", "nsga2 weighs several objectives; with one, use tpe.")
    if plan.prunes and not can_prune(plan.objectives):
        raise SpaceError(
            "pruner",
            "Trials can be pruned only with a single objective that is known while a run learns (F1, ROC-AUC or "
            "PR-AUC of the first label); choose none.",
        )
    if plan.trials < 1:
        raise SpaceError("trials", "At least one trial.")
    if plan.sampler == "grid":
        size = grid_size(plan.dimensions)
        return SweepPlan(
            plan.dimensions, plan.objectives, plan.sampler, plan.pruner, min(plan.trials, size), plan.seed
        )
    return plan


def open_storage(connect: Callable[[], Any], *, create: bool) -> "RDBStorage":
    """Open the studies behind `connect`, which opens psycopg2 connections (the search path chooses the schema).

    Connections are not kept, so that nobody is stopped from dropping or restarting the database. With `create` the
    tables are made where they are missing; only one process may do that at a time.
    """
    import optuna
    from sqlalchemy.pool import NullPool

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.storages.RDBStorage(
        "postgresql+psycopg2://",
        engine_kwargs={"creator": connect, "poolclass": NullPool},
        skip_table_creation=not create,
    )


def open_study(plan: SweepPlan, storage: "BaseStorage", name: str) -> "Study":
    """Make the study, or go on with it."""
    import optuna
    from optuna.study import StudyDirection

    study = optuna.create_study(
        storage=storage,
        study_name=name,
        directions=[StudyDirection[objective.direction.upper()] for objective in plan.objectives],
        load_if_exists=True,
    )
    study.sampler = _sampler(plan, len(study.get_trials(deepcopy=False)))
    study.pruner = _pruner(plan)
    return study


def forget_study(storage: "BaseStorage", name: str) -> None:
    """Delete a study and its trials; does nothing where there is none."""
    import optuna

    try:
        optuna.delete_study(study_name=name, storage=storage)
    except KeyError:
        return


def ask(study: "Study", plan: SweepPlan) -> "Trial":
    """Ask for a new trial, with every value drawn."""
    study.sampler = _sampler(plan, len(study.get_trials(deepcopy=False)))
    trial = study.ask()
    suggest(trial, plan)
    return trial


def unfinished(study: "Study", plan: SweepPlan) -> "list[Trial]":
    """Return the trials that were asked for and not told about, oldest first, and draw what a kill left undrawn."""
    from optuna.trial import Trial, TrialState

    trials = []
    for frozen in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        trial = Trial(study, frozen._trial_id)
        suggest(trial, plan)
        trials.append(trial)
    return trials


def suggest(trial: "Trial", plan: SweepPlan) -> dict[str, Any]:
    """Draw the values of a trial by dotted name, or read back those that it has."""
    values: dict[str, Any] = {}
    for d in plan.dimensions:
        if d.kind == "categorical":
            values[d.name] = trial.suggest_categorical(d.name, d.choices)
        elif d.kind == "int":
            step = int(d.step) if d.step is not None else 1
            values[d.name] = trial.suggest_int(d.name, int(d.low), int(d.high), step=step, log=d.log)
        else:
            values[d.name] = trial.suggest_float(d.name, d.low, d.high, step=d.step, log=d.log)
    return values


def tell_values(study: "Study", number: int, values: Sequence[float]) -> None:
    study.tell(number, list(values), skip_if_finished=True)


def tell_pruned(study: "Study", number: int) -> None:
    from optuna.trial import TrialState

    study.tell(number, state=TrialState.PRUNED, skip_if_finished=True)


def tell_failed(study: "Study", number: int, why: str) -> None:
    from optuna.trial import Trial, TrialState

    frozen = study.get_trials(deepcopy=False)[number]
    if not frozen.state.is_finished():
        Trial(study, frozen._trial_id).set_user_attr(FAILURE, why)
    study.tell(number, state=TrialState.FAIL, skip_if_finished=True)


def is_hopeless(trial: "Trial", points: Mapping[int, float], prunes: bool) -> bool:
    """Report the scores on the way ({moment: score}; moments are counted from 1) and ask the pruner.

    A trial once found hopeless stays so: it is marked before its run is stopped, so that a kill in between loses
    nothing.
    """
    if PRUNED in trial.user_attrs:
        return True
    if not prunes:
        return False
    known = trial.study._storage.get_trial(trial._trial_id).intermediate_values
    for moment in sorted(set(points) - set(known)):
        trial.report(points[moment], moment)
    if points and trial.should_prune():
        trial.set_user_attr(PRUNED, max(points))
        return True
    return False


def analyse(study: "Study", plan: SweepPlan) -> dict[str, Any]:
    """Return what a page shows, as plain JSON.

    {"trials": [{"number", "state", "params", "values", "why", "moments"}], "importance": {objective title:
    {field: share}}, "front": [numbers of the best trials], "best": number or null}. With several objectives the front
    holds the trials that no other beats in all of them, and the best is the one of these that is best in the first.
    """
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    done = [t for t in trials if t.state == TrialState.COMPLETE]
    front = sorted(t.number for t in study.best_trials) if done else []
    if len(plan.objectives) == 1:
        front = front[:1]
    sign = -1 if plan.objectives[0].direction == "maximize" else 1
    at_front = [t for t in done if t.number in front]
    best = min(at_front, key=lambda t: (sign * t.values[0], t.number)).number if at_front else None
    return {
        "trials": [_row(t) for t in trials],
        "importance": {
            objective.title: importance(study, plan, index) for index, objective in enumerate(plan.objectives)
        },
        "front": front,
        "best": best,
    }


def importance(study: "Study", plan: SweepPlan, objective_index: int) -> dict[str, float]:
    """Return how much of an objective's variance each field explains (fANOVA, Hutter et al. 2014); {} if unknown."""
    import optuna
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(done) < FEWEST_FOR_IMPORTANCE or len({t.values[objective_index] for t in done}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=32, max_depth=32, seed=plan.seed)
    try:
        shares = optuna.importance.get_param_importances(
            study, evaluator=evaluator, target=lambda trial: float(trial.values[objective_index])
        )
    except (RuntimeError, ValueError):  # every value of every field is the same
        return {}
    return {name: round(float(share), 6) for name, share in shares.items()}


def _row(trial: "FrozenTrial") -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "params": dict(trial.params),
        "values": list(trial.values) if trial.values else [],
        "moments": {str(step): value for step, value in sorted(trial.intermediate_values.items())},
        "why": trial.user_attrs.get(FAILURE, ""),
    }


def _sampler(plan: SweepPlan, known: int) -> "BaseSampler":
    """Make the sampler as it must be after `known` trials: it is made anew at every step and must not repeat itself."""
    from optuna.samplers import GridSampler, NSGAIISampler, RandomSampler, TPESampler

    class AskedGrid(GridSampler):
        """A grid for asking and telling: there is no loop that it could stop once every cell was visited."""

        def after_trial(self, *args: Any, **kwargs: Any) -> None:
            return None

    seed = (plan.seed * 1_000_003 + known) % 2**32
    if plan.sampler == "random":
        return RandomSampler(seed=seed)
    if plan.sampler == "grid":
        return AskedGrid({d.name: d.grid() for d in plan.dimensions}, seed=plan.seed)
    if plan.sampler == "nsga2":
        return NSGAIISampler(population_size=min(50, max(6, plan.trials // 5)), seed=seed)
    return TPESampler(n_startup_trials=min(10, max(4, plan.trials // 4)), seed=seed)


def _pruner(plan: SweepPlan) -> "BasePruner":
    from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner

    if plan.pruner == "median":
        return MedianPruner(n_startup_trials=FIRST_UNPRUNED, n_warmup_steps=1)
    if plan.pruner == "hyperband":
        return HyperbandPruner(min_resource=1, max_resource=PROBES, reduction_factor=3)
    if plan.pruner == "halving":
        return SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    return NopPruner()
