"""Plans: several runs that belong together, a later one taught by an earlier one, started with one verb."""

from django.db import transaction

from classifier.core.permissions import require_permission
from classifier.models import User
from training.experiments.configs import rejected, shipped_name
from training.experiments.services import MAY_RUN, experiment_create
from training.ml.config import ConfigError, read_plan
from training.models import Dataset, Experiment


def plan_start(*, plan: str, dataset: Dataset, by: User | None) -> list[Experiment]:
    """Queue every run of a shipped plan on `dataset`, all or none; students wait for their teachers.

    Raises PermissionDenied or ConfigRejected.
    """
    require_permission(by, MAY_RUN)
    shipped_name(plan, "plan")
    try:
        planned = read_plan(plan)
    except ConfigError as error:
        raise rejected(error) from None
    made: dict[str, Experiment] = {}
    with transaction.atomic():
        for run in planned.runs:
            made[run.name] = experiment_create(
                name=run.name,
                recipe=run.recipe,
                preset=run.preset,
                config=run.config,
                teacher=made[run.teacher] if run.teacher else None,
                dataset=dataset,
                notes=f"From the plan {planned.title}.",
                trigger="plan",
                by=by,
            )
    return list(made.values())
