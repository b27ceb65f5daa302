"""What is read of sweeps: the list, one with its runs, and its row as the plan that the learning code works with."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet

from training.experiments.configs import nested
from training.ml.config import dotted
from training.ml.recipes.registry import recipe as recipe_named
from training.ml.search.objectives import Objective, parse_objectives
from training.ml.search.space import overrides, parse_space
from training.ml.search.study import PROBE_SHARE, SweepPlan
from training.models import Experiment, RunStatus, Sweep


def sweeps_listed() -> QuerySet[Sweep]:
    """Return the sweeps that are not deleted, newest first, each with `runs_active`."""
    active = Q(experiments__status__in=(RunStatus.QUEUED, RunStatus.RUNNING))
    return (
        Sweep.objects.filter(deleted_at__isnull=True)
        .select_related("dataset", "created_by")
        .annotate(runs_active=Count("experiments", filter=active))
    )


def sweep_detail(*, sweep_id: int) -> Sweep:
    """Return a sweep that is not deleted, with all that its page names. Raises Sweep.DoesNotExist."""
    sweeps = Sweep.objects.filter(deleted_at__isnull=True).select_related(
        "dataset", "teacher", "base_version", "best_experiment", "created_by"
    )
    return sweeps.prefetch_related("history__actor").get(pk=sweep_id)


def sweep_runs(*, sweep: Sweep) -> dict[int, Experiment]:
    """Return the runs of a sweep's trials by trial number."""
    return {run.trial_number: run for run in sweep.experiments.all() if run.trial_number is not None}


def full_runs(*, sweep: Sweep) -> list[Experiment]:
    """Return the runs in full that were started from this sweep's trials."""
    marked = Experiment.objects.visible().filter(sweep__isnull=True, trigger="sweep")
    return list(marked.filter(notes__endswith=f"of the sweep “{sweep.name}”.")[:10])


def plan_of(sweep: Sweep) -> SweepPlan:
    """Return the plan of a stored, hence checked, sweep."""
    return SweepPlan(
        parse_space(sweep.recipe, sweep.space),
        parse_objectives(sweep.objectives),
        sweep.sampler,
        sweep.pruner,
        sweep.trials_wanted,
        sweep.seed,
    )


def objectives_of(sweep: Sweep) -> tuple[Objective, ...]:
    return parse_objectives(sweep.objectives)


def trial_config(sweep: Sweep, plan: SweepPlan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the differences of one trial: the sweep's own, the sampled values, and scores on the way if it prunes."""
    differences = dotted(sweep.config) | overrides(plan.dimensions, sweep.recipe, values)
    if plan.prunes:
        probes = [f.name for f in recipe_named(sweep.recipe).fields() if f.name.endswith(".evaluate_share")]
        differences |= dict.fromkeys(probes, PROBE_SHARE)
    return nested(differences)


def full_config(sweep: Sweep, trial: Mapping[str, Any]) -> dict[str, Any]:
    """Return the differences to train a trial's values in full: what made trials cheap is taken back."""
    sampled = overrides(parse_space(sweep.recipe, sweep.space), sweep.recipe, trial["params"])
    return nested(dotted(sweep.config) | dict(sweep.options.get("full") or {}) | sampled)
