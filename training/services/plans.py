"""Plans: several runs that belong together, a later one taught by an earlier one, started with one verb."""

import json
from typing import Any

from django.db import transaction

from classifier.models import User
from classifier.services.permissions import require_permission
from training.ml.config import PRESETS
from training.models import Dataset, Experiment
from training.services.errors import ConfigRejected
from training.services.experiments import MAY_RUN, experiment_create

PLANS = PRESETS / "plans"


def plans() -> list[dict[str, Any]]:
    """Every plan: name, title, description and its experiments as the file says them."""
    found = []
    for path in sorted(PLANS.glob("*.json")):
        values = json.loads(path.read_text())
        found.append(
            {
                "name": path.stem,
                "title": values.get("title") or path.stem,
                "description": values.get("description", ""),
                "experiments": values["experiments"],
            }
        )
    return found


def plan_start(*, plan: str, dataset: Dataset, by: User | None) -> list[Experiment]:
    """Queue every run of a plan on `dataset`, all or none; students wait for their teachers.

    Raises PermissionDenied or ConfigRejected.
    """
    require_permission(by, MAY_RUN)
    known = {entry["name"]: entry for entry in plans()}
    if plan not in known:
        raise ConfigRejected("plan", f"There is no plan {plan!r}; there are: {', '.join(known) or 'none'}.")
    made: dict[str, Experiment] = {}
    with transaction.atomic():
        for entry in known[plan]["experiments"]:
            made[entry["name"]] = experiment_create(
                name=entry["name"],
                recipe=entry["recipe"],
                preset=entry.get("preset", ""),
                config=entry.get("config", {}),
                teacher=_teacher(entry, made),
                dataset=dataset,
                notes=f"From the plan {plan}.",
                trigger="plan",
                by=by,
            )
    return list(made.values())


def _teacher(entry: dict[str, Any], made: dict[str, Experiment]) -> Experiment | None:
    wanted = entry.get("teacher")
    if not wanted:
        return None
    teacher = made.get(str(wanted).removeprefix("@"))
    if teacher is None:
        raise ConfigRejected(
            "teacher", f"The plan's run {entry['name']} names {wanted}, which is not before it."
        )
    return teacher
