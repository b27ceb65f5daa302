"""A sweep's row as the plan that the learning room works with, and the configuration of its trials."""

from collections.abc import Mapping
from typing import Any

from training.experiments.configs import nested
from training.ml.config import dotted
from training.ml.recipes.registry import recipe as recipe_named
from training.ml.search.objectives import Objective, parse_objectives
from training.ml.search.space import overrides, parse_space
from training.ml.search.study import PROBE_SHARE, SweepPlan
from training.models import Sweep


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
