"""`manage.py sweep start | list | show | cancel | resume`."""

from typing import Any

from django.core.management.base import CommandError

from classifier.models import User
from training.cli.base import CommandOutput, Verbs, argument, object_of
from training.cli.lookups import dataset_of, started_from, sweep_fields, sweep_of
from training.experiments.cli_start import CONFIG, config_of
from training.ml.recipes.registry import RECIPES
from training.models import Sweep
from training.sweeps.services import sweep_cancel, sweep_create, sweep_resume

VERBS = Verbs()
SWEEP = argument("sweep", metavar="ID-OR-NAME")


@VERBS.verb(
    "start",
    "search the best hyper-parameters",
    argument("recipe", choices=RECIPES),
    argument("--name", required=True),
    argument("--dataset", required=True, help="id or name"),
    argument(
        "--space", required=True, help='JSON or a file: {"loop.learning_rate": {"type": "float", "low": …}}'
    ),
    argument(
        "--objective",
        action="append",
        required=True,
        metavar="METRIC[@LABEL]",
        help="such as f1, roc_auc@insult or latency_ms; up to three times",
    ),
    argument("--trials", type=int, default=20),
    argument("--at-once", type=int, default=1, help="trials side by side"),
    argument("--sampler", default="tpe"),
    argument("--pruner", default="median"),
    argument("--seed", type=int, default=13),
    argument("--train-best", action="store_true", help="train the best in full at the end"),
    argument("--full", help="differences for that run: JSON or a file"),
    *CONFIG,
)
def _start(
    output: CommandOutput,
    *,
    recipe: str,
    dataset: str,
    space: str,
    objective: list[str],
    full: str | None,
    config: str | None,
    changes: list[str],
    teacher: str | None,
    base_version: str | None,
    **options: Any,
) -> None:
    sweep = sweep_create(
        recipe=recipe,
        config=config_of(recipe, config, changes),
        dataset=dataset_of(dataset),
        space=object_of(space),
        objectives=[_objective(text) for text in objective],
        full=object_of(full),
        **started_from(teacher, base_version),
        **options,
    )
    output.answer(sweep_fields(sweep), f"sweep {sweep.pk} is queued: {sweep.name}")


def _objective(text: str) -> dict[str, str]:
    metric, _, label = text.partition("@")
    return {"metric": metric, "label": label} if label else {"metric": metric}


@VERBS.verb("list", "list sweeps, newest first", argument("--limit", type=int, default=50))
def _list(output: CommandOutput, *, limit: int, by: User | None) -> None:
    rows = list(Sweep.objects.filter(deleted_at__isnull=True)[: max(limit, 1)])
    lines = [f"{row.pk:>6}  {row.status:<9}  {row.recipe:<12}  {row.name}" for row in rows]
    output.answer([sweep_fields(row) for row in rows], *lines)


@VERBS.verb("show", "show one with its trials", SWEEP)
def _show(output: CommandOutput, *, sweep: str, by: User | None) -> None:
    row = sweep_of(sweep)
    more = {"space": row.space, "config": row.config, "options": row.options, "analysis": row.analysis}
    output.answer({**sweep_fields(row), **more})


@VERBS.verb("cancel", "stop one; what is done stays", SWEEP)
def _cancel(output: CommandOutput, *, sweep: str, by: User | None) -> None:
    row = sweep_of(sweep)
    sweep_cancel(sweep=row, by=by)
    row.refresh_from_db()
    output.answer(sweep_fields(row), f"{row} is {'cancelled' if row.is_over else 'asked to stop'}")


@VERBS.verb(
    "resume",
    "go on with more trials",
    SWEEP,
    argument("--trials", type=int, default=10, help="how many more; default 10"),
)
def _resume(output: CommandOutput, *, sweep: str, trials: int, by: User | None) -> None:
    row = sweep_of(sweep)
    if trials < 1:
        raise CommandError("At least one more trial.")
    sweep_resume(sweep=row, trials=trials, by=by)
    output.answer(sweep_fields(row), f"{row} goes on with {trials} more trials")
