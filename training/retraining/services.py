"""Training a new candidate from what moderators decided: at once, or by the plan. Nothing here promotes anything."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from classifier.core.permissions import require_permission
from classifier.models import Decision, ModelVersion, User
from classifier.statistics.drift import standing_warnings
from training.core.errors import ConfigRejected, DatasetRejected, NotAllowedNow
from training.datasets.decision_summary import decisions_since_retraining
from training.datasets.from_decisions import dataset_from_decisions, unused_stamp
from training.datasets.mixtures import dataset_mix
from training.experiments.configs import merged, nested
from training.experiments.services import MAY_RUN, experiment_create
from training.ml.config import dotted, presets, read_preset
from training.ml.recipes.registry import RECIPES
from training.models import Dataset, Experiment, RetrainingPlan

MAY_PLAN = "training.change_retrainingplan"
A_WEEK = timedelta(days=7)
FEWEST_DECISIONS = 1
DRIFT_DAYS, DRIFT_DAYS_MOST = 14, 365
LARGEST_WEIGHT = 1_000.0
BLEND_FIELD = "blend.with_start"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outlook:
    """Where the plan stands: `new_decisions` since the last retraining, when a start is due next, what is in the way.

    `drifted`: the scores of the version in production have drifted, and the plan acts on that.
    """

    new_decisions: int
    due: bool
    next_at: datetime | None
    sentence: str
    drifted: bool = False


def retrain_now(
    *,
    by: User | None,
    recipe: str = "teacher",
    config: Mapping[str, Any] | None = None,
    preset: str = "",
    from_active: bool = True,
    mix_with: Dataset | None = None,
    decisions_weight: float = 1.0,
    blend_with_active: bool | None = None,
    trigger: str = "person",
) -> Experiment:
    """Build a dataset of the decisions, mix it with other rows by weight, and queue a run; return it.

    With `from_active` the run starts from the version in production, else from what recipe, preset and `config` name.
    It keeps all labels of that version then, also those that no decision is about. `blend_with_active` averages the
    new weights with that version's by the share that is best on validation; None: wherever that is possible.
    Raises PermissionDenied, ConfigRejected, DatasetRejected (too few decisions, say) or NotAllowedNow.
    """
    require_permission(by, MAY_RUN)
    _check_weight(decisions_weight)
    _check_blend(blend_with_active, recipe=recipe, from_active=from_active)
    start = ModelVersion.objects.active() if from_active else None
    if from_active and start is None:
        raise NotAllowedNow("No version is in production to start from; choose a recipe's own start.")
    latest = Decision.objects.order_by("-id").values_list("pk", flat=True).first() or 0
    stamp = unused_stamp()
    rows = dataset_from_decisions(name=f"Decisions {stamp}", by=by)
    if mix_with is not None:
        rows = dataset_mix(
            name=f"Retraining {stamp}", parts=[(rows, decisions_weight), (mix_with, 1.0)], by=by
        )
    experiment = experiment_create(
        name=f"Retraining {stamp}",
        recipe=recipe,
        config=with_what_stays(
            dict(config or {}), recipe, preset, start=start, rows=rows, blend=blend_with_active
        ),
        preset=preset,
        dataset=rows,
        base_version=start,
        trigger=trigger,
        by=by,
    )
    _started(experiment, latest)
    return experiment


def can_blend(recipe: str) -> bool:
    """Return whether a recipe makes a model of the shape that it starts from, and can average the two."""
    return recipe in RECIPES and any(info.name == BLEND_FIELD for info in RECIPES[recipe].fields())


def _check_blend(wanted: bool | None, *, recipe: str, from_active: bool) -> None:
    """Refuse a blend that was asked for and cannot be. Raises ConfigRejected."""
    if not wanted:
        return
    if not from_active:
        raise ConfigRejected(
            "blend_with_active",
            "Only a retraining that starts from the version in production is blended with it.",
        )
    if not can_blend(recipe):
        able = ", ".join(name for name in RECIPES if can_blend(name))
        raise ConfigRejected(
            "blend_with_active",
            f"The recipe {recipe} makes a model of another shape than it starts from; use one of: {able}.",
        )


def with_what_stays(
    config: dict[str, Any],
    recipe: str,
    preset: str,
    *,
    start: ModelVersion | None,
    rows: Dataset,
    blend: bool | None,
) -> dict[str, Any]:
    """Return the differences with what keeps the knowledge of the version that a retraining starts from.

    That is its labels, in its order, even where no row knows some of them, and the blend with its weights. Labels that
    are asked for stay as they are, and a label that is new to the version makes a fresh head: then nothing is kept.
    Raises ConfigRejected where a blend was asked for that cannot be.
    """
    asked = dotted(nested(config))
    below = dotted(read_preset(preset).config) if preset in {known.name for known in presets()} else {}
    known = [str(label) for label in start.manifest.get("labels") or []] if start is not None else []
    wanted = list(asked.get("data.labels") or known)
    if not known or wanted != known or not set(rows.labels) <= set(known):
        if blend:
            raise ConfigRejected(
                "blend_with_active",
                f"The version in production knows {', '.join(known)}, the candidate would learn "
                f"{', '.join(rows.labels if wanted == known else wanted)}: only heads of the same labels are blended.",
            )
        return config
    stays: dict[str, Any] = {"data.labels": known}
    if set(rows.labels) < set(known):
        stays["data.keep_labels"] = True
    if blend is not False and can_blend(recipe) and BLEND_FIELD not in below:
        stays[BLEND_FIELD] = True
    return merged(nested(stays), nested(config))


def retraining_plan() -> RetrainingPlan:
    """Return the one plan; it is not saved yet on a site that never made one."""
    return RetrainingPlan.objects.select_related("mix_with", "last_experiment").filter(
        pk=1
    ).first() or RetrainingPlan(pk=1)


def retraining_plan_set(
    *,
    by: User | None,
    enabled: bool,
    after_decisions: int | None,
    weekly: bool,
    recipe: str,
    config: Mapping[str, Any],
    mix_with: Dataset | None,
    decisions_weight: float,
    on_drift: bool = False,
    drift_days: int = DRIFT_DAYS,
) -> RetrainingPlan:
    """Set when and how candidates are trained automatically. Raises PermissionDenied or ConfigRejected.

    `config`: {"preset": name, "from_active": bool, "blend_with_active": bool or None, "differences": {…}}, each may be
    missing; a start by the plan that failed adds {"problem": sentence, "problem_at": ISO time}. `on_drift` acts on the
    warning of drift, at the earliest `drift_days` after the last start, whatever caused that one.
    """
    require_permission(by, MAY_PLAN)
    _check_weight(decisions_weight)
    _check_blend(
        config.get("blend_with_active"), recipe=recipe, from_active=bool(config.get("from_active", True))
    )
    if not 1 <= drift_days <= DRIFT_DAYS_MOST:
        raise ConfigRejected("drift_days", f"Say from 1 to {DRIFT_DAYS_MOST} days.")
    if enabled and not weekly and not after_decisions and not on_drift:
        raise ConfigRejected(
            "after_decisions", "Say after how many new decisions, or choose once a week or drift."
        )
    with transaction.atomic():
        RetrainingPlan.objects.bulk_create([RetrainingPlan(pk=1)], ignore_conflicts=True)
        plan = RetrainingPlan.objects.select_for_update().get(pk=1)
        plan.enabled, plan.weekly, plan.after_decisions = enabled, weekly, after_decisions or None
        plan.recipe, plan.config, plan.mix_with = recipe, dict(config), mix_with
        plan.decisions_weight, plan.updated_by = decisions_weight, by
        plan.on_drift, plan.drift_days = on_drift, drift_days
        plan.save()
    return plan


def retraining_outlook(plan: RetrainingPlan, *, now: datetime | None = None) -> Outlook:
    """Tell whether the plan is due, and if not, when or after what it will be."""
    now = now or timezone.now()
    fresh = decisions_since_retraining()
    if not plan.enabled:
        return Outlook(fresh, False, None, "The plan is switched off: only people start a retraining.")
    if plan.last_experiment is not None and not plan.last_experiment.is_over:
        return Outlook(fresh, False, None, "The last retraining is not over yet; the next one waits for it.")
    enough = plan.after_decisions is not None and fresh >= plan.after_decisions
    weekly_at = (plan.last_started_at or plan.updated_at or now) + A_WEEK if plan.weekly else None
    warned_at = _drifted_at(plan)
    timed = [at for at in (weekly_at, warned_at) if at is not None]
    if enough or (fresh >= FEWEST_DECISIONS and any(at <= now for at in timed)):
        because = warned_at is not None and warned_at <= now
        why = " The scores of the version in production have drifted." if because else ""
        return Outlook(fresh, True, now, f"A retraining is due: it starts within seconds.{why}", because)
    ways = []
    if plan.after_decisions is not None:
        missing = plan.after_decisions - fresh
        ways.append(f"after {missing:,} more decision{'s' if missing != 1 else ''}")
    if weekly_at is not None:
        ways.append(_from(weekly_at, now, ", because a week has passed"))
    if warned_at is not None:
        ways.append(f"because of drift {_from(warned_at, now)}")
    elif plan.on_drift:
        ways.append("when the scores drift")
    sentence = f"The next retraining starts {' or '.join(ways)}."
    return Outlook(fresh, False, min(timed, default=None), sentence, warned_at is not None)


def retraining_check() -> Experiment | None:
    """Start a retraining if the plan is due; called every few seconds, by any number of workers at once.

    The worker that takes the due time records it first, so that a plan starts at most once for it; a start that then
    fails is logged, shown on the plan's page, and not tried again before the next due time.
    """
    with transaction.atomic():
        plan = RetrainingPlan.objects.select_for_update(skip_locked=True).filter(pk=1).first()
        outlook = retraining_outlook(plan) if plan is not None and plan.enabled else None
        if plan is None or outlook is None or not outlook.due:
            return None
        RetrainingPlan.objects.filter(pk=1).update(
            last_started_at=timezone.now(),
            last_decision_id=Decision.objects.order_by("-id").values_list("pk", flat=True)[:1],
        )
    try:
        return retrain_now(
            by=None,
            recipe=plan.recipe,
            config=plan.config.get("differences") or {},
            preset=str(plan.config.get("preset") or ""),
            from_active=bool(plan.config.get("from_active", True)),
            mix_with=plan.mix_with,
            decisions_weight=plan.decisions_weight,
            blend_with_active=plan.config.get("blend_with_active"),
            trigger="drift" if outlook.drifted else "schedule",
        )
    except (ConfigRejected, DatasetRejected, NotAllowedNow, PermissionDenied) as error:
        logger.error("The retraining that was due could not start: %s", error)
        _write_down(plan, str(error))
        return None


def _drifted_at(plan: RetrainingPlan) -> datetime | None:
    """Return from when on a start because of drift is due; None without a warning, or if the plan ignores drift."""
    active = ModelVersion.objects.active() if plan.on_drift else None
    warnings = standing_warnings(version=active.version) if active is not None else []
    if not warnings:
        return None
    begun = min(entry.created_at for entry in warnings)
    if plan.last_started_at is None:
        return begun
    return max(begun, plan.last_started_at + timedelta(days=plan.drift_days))


def _from(at: datetime, now: datetime, why: str = "") -> str:
    if at > now:
        return f"on {at:%Y-%m-%d at %H:%M} UTC, if anything was decided by then"
    return f"with the next decision{why}"


def _started(experiment: Experiment, latest_decision: int) -> None:
    with transaction.atomic():
        RetrainingPlan.objects.bulk_create([RetrainingPlan(pk=1)], ignore_conflicts=True)
        plan = RetrainingPlan.objects.select_for_update().get(pk=1)
        plan.last_started_at, plan.last_experiment = timezone.now(), experiment
        plan.last_decision_id = max(plan.last_decision_id, latest_decision)
        plan.config = {key: value for key, value in plan.config.items() if not key.startswith("problem")}
        plan.save(update_fields=["last_started_at", "last_experiment", "last_decision_id", "config"])


def _write_down(plan: RetrainingPlan, problem: str) -> None:
    config = {**plan.config, "problem": problem, "problem_at": timezone.now().isoformat()}
    RetrainingPlan.objects.filter(pk=1).update(config=config)


def _check_weight(weight: float) -> None:
    if not 0.0 < weight <= LARGEST_WEIGHT:
        raise ConfigRejected("decisions_weight", f"A weight is above 0 and at most {LARGEST_WEIGHT:,.0f}.")
