"""`manage.py retrain now | plan`."""

from argparse import ArgumentParser
from typing import Any

from training.cli.base import Said, Verb, object_of
from training.cli.lookups import dataset_of, experiment_fields
from training.ml.recipes.registry import RECIPES
from training.retraining.services import retrain_now, retraining_outlook, retraining_plan, retraining_plan_set


def _how(parser: ArgumentParser) -> None:
    parser.add_argument("--recipe", choices=RECIPES)
    parser.add_argument("--preset")
    parser.add_argument("--config", help="differences to the defaults: JSON or a file")
    parser.add_argument(
        "--from", choices=["active", "recipe"], dest="start", help="what it starts from; default: active"
    )
    parser.add_argument("--mix-with", metavar="DATASET", help="id or name")
    parser.add_argument("--decisions-weight", type=float, help="against a row of the other dataset, 1")


def _now(said: Said, options: dict[str, Any]) -> None:
    run = retrain_now(
        by=options["by"],
        recipe=options["recipe"] or "teacher",
        config=object_of(options["config"]),
        preset=options["preset"] or "",
        from_active=options["start"] != "recipe",
        mix_with=dataset_of(options["mix_with"]) if options["mix_with"] else None,
        decisions_weight=options["decisions_weight"] or 1.0,
    )
    said.answer(experiment_fields(run), f"experiment {run.pk} is queued: {run.name}")


def _plan_arguments(parser: ArgumentParser) -> None:
    switch = parser.add_mutually_exclusive_group()
    switch.add_argument("--on", action="store_true", default=None, dest="enabled")
    switch.add_argument("--off", action="store_false", default=None, dest="enabled")
    parser.add_argument("--after-decisions", type=int, help="0: no longer")
    parser.add_argument("--weekly", choices=["yes", "no"])
    parser.add_argument("--on-drift", choices=["yes", "no"], help="when the scores have drifted")
    parser.add_argument(
        "--drift-days", type=int, help="because of drift at the earliest after the last start"
    )
    _how(parser)


def _plan(said: Said, options: dict[str, Any]) -> None:
    plan = retraining_plan()
    given = ("enabled", "after_decisions", "weekly", "recipe", "preset", "config", "start", "mix_with")
    if any(options[name] is not None for name in (*given, "decisions_weight", "on_drift", "drift_days")):
        old = plan.config
        plan = retraining_plan_set(
            by=options["by"],
            enabled=plan.enabled if options["enabled"] is None else options["enabled"],
            after_decisions=(
                plan.after_decisions if options["after_decisions"] is None else options["after_decisions"]
            ),
            weekly=plan.weekly if options["weekly"] is None else options["weekly"] == "yes",
            recipe=options["recipe"] or plan.recipe,
            config={
                "preset": old.get("preset", "") if options["preset"] is None else options["preset"],
                "from_active": (
                    old.get("from_active", True) if options["start"] is None else options["start"] == "active"
                ),
                "differences": (
                    old.get("differences") or {}
                    if options["config"] is None
                    else object_of(options["config"])
                ),
            },
            mix_with=dataset_of(options["mix_with"]) if options["mix_with"] else plan.mix_with,
            decisions_weight=options["decisions_weight"] or plan.decisions_weight,
            on_drift=plan.on_drift if options["on_drift"] is None else options["on_drift"] == "yes",
            drift_days=plan.drift_days if options["drift_days"] is None else options["drift_days"],
        )
    outlook = retraining_outlook(plan)
    fields = {
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
    }
    said.answer({**fields, "outlook": outlook.sentence}, outlook.sentence)


VERBS = [
    Verb("now", "train a candidate from moderators' decisions now", _how, _now),
    Verb("plan", "show or change when that happens by itself", _plan_arguments, _plan),
]
