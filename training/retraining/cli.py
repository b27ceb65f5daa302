"""`manage.py retrain now | plan`."""

from typing import Any

from classifier.models import User
from training.cli.base import CommandOutput, Verbs, argument, object_of
from training.cli.lookups import dataset_of, experiment_fields
from training.ml.recipes.registry import RECIPES
from training.models import RetrainingPlan
from training.retraining.services import retrain_now, retraining_outlook, retraining_plan, retraining_plan_set

VERBS = Verbs()
HOW = (
    argument("--recipe", choices=RECIPES),
    argument("--preset"),
    argument("--config", help="differences to the defaults: JSON or a file"),
    argument(
        "--from", choices=["active", "recipe"], dest="start", help="what it starts from; default: active"
    ),
    argument("--mix-with", metavar="DATASET", help="id or name"),
    argument("--decisions-weight", type=float, help="against a row of the other dataset, 1"),
    argument(
        "--blend",
        choices=["yes", "no"],
        help="average the new weights with those of the version in production; default: wherever that is possible",
    ),
)


@VERBS.verb("now", "train a candidate from moderators' decisions now", *HOW)
def _now(
    output: CommandOutput,
    *,
    recipe: str | None,
    preset: str | None,
    config: str | None,
    start: str | None,
    mix_with: str | None,
    decisions_weight: float | None,
    blend: str | None,
    by: User | None,
) -> None:
    run = retrain_now(
        by=by,
        recipe=recipe or "teacher",
        config=object_of(config),
        preset=preset or "",
        from_active=start != "recipe",
        mix_with=dataset_of(mix_with) if mix_with else None,
        decisions_weight=decisions_weight or 1.0,
        blend_with_active=None if blend is None else blend == "yes",
    )
    output.answer(experiment_fields(run), f"experiment {run.pk} is queued: {run.name}")


@VERBS.verb(
    "plan",
    "show or change when that happens by itself",
    [
        argument("--on", action="store_true", default=None, dest="enabled"),
        argument("--off", action="store_false", default=None, dest="enabled"),
    ],
    argument("--after-decisions", type=int, help="0: no longer"),
    argument("--weekly", choices=["yes", "no"]),
    argument("--on-drift", choices=["yes", "no"], help="when the scores have drifted"),
    argument("--drift-days", type=int, help="because of drift at the earliest after the last start"),
    *HOW,
)
def _plan(output: CommandOutput, *, by: User | None, **options: Any) -> None:
    plan = retraining_plan()
    if any(value is not None for value in options.values()):
        plan = _changed(plan, options, by)
    outlook = retraining_outlook(plan)
    output.answer(
        {
            "enabled": plan.enabled,
            "after_decisions": plan.after_decisions,
            "weekly": plan.weekly,
            "on_drift": plan.on_drift,
            "drift_days": plan.drift_days,
            "recipe": plan.recipe,
            "config": plan.config,
            "mix_with": plan.mix_with.name if plan.mix_with else None,
            "decisions_weight": plan.decisions_weight,
            "new_decisions": outlook.new_decisions,
            "next_at": outlook.next_at,
            "outlook": outlook.sentence,
        },
        outlook.sentence,
    )


def _changed(plan: RetrainingPlan, options: dict[str, Any], by: User | None) -> RetrainingPlan:
    """Save the plan with every given option laid over it."""
    given = {name: value for name, value in options.items() if value is not None}
    for name in ("weekly", "on_drift"):
        if name in given:
            given[name] = given[name] == "yes"
    config = dict(plan.config)
    return retraining_plan_set(
        by=by,
        enabled=given.get("enabled", plan.enabled),
        after_decisions=given.get("after_decisions", plan.after_decisions),
        weekly=given.get("weekly", plan.weekly),
        recipe=given.get("recipe") or plan.recipe,
        config={
            "preset": given.get("preset", config.get("preset", "")),
            "from_active": given["start"] == "active"
            if "start" in given
            else config.get("from_active", True),
            "blend_with_active": (
                given["blend"] == "yes" if "blend" in given else config.get("blend_with_active")
            ),
            "differences": (
                object_of(given["config"]) if "config" in given else config.get("differences") or {}
            ),
        },
        mix_with=dataset_of(given["mix_with"]) if given.get("mix_with") else plan.mix_with,
        decisions_weight=given.get("decisions_weight") or plan.decisions_weight,
        on_drift=given.get("on_drift", plan.on_drift),
        drift_days=given.get("drift_days", plan.drift_days),
    )
