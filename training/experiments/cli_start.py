"""`manage.py experiment start | watch`: queue a run and follow it, or run it here without a worker."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError

from classifier.models import User
from training.cli.base import CommandOutput, Verbs, argument, object_of
from training.cli.lookups import dataset_of, experiment_fields, experiment_of, started_from
from training.experiments.runner import experiment_run
from training.experiments.services import experiment_create, plan_start
from training.ml.config import parse_text
from training.ml.recipes.registry import RECIPES
from training.models import Experiment, RunStatus

TICK_SECONDS = 1.0


VERBS = Verbs()
CHANGES = (
    argument("--config", help="differences to the defaults: a JSON object, or a .json file"),
    argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="changes",
        help="one difference, such as loop.epochs=2; may be given several times",
    ),
)
CONFIG = (
    *CHANGES,
    argument("--teacher", metavar="EXPERIMENT", help="the run to learn from"),
    argument("--base-version", metavar="VERSION", help="the model version to start from"),
)


def config_of(recipe: str, config: str | None, changes: list[str]) -> dict[str, Any]:
    """Read --config, and lay every --set over it. Raises CommandError or ConfigError."""
    differences = object_of(config)
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise CommandError(f"--set wants FIELD=VALUE, not {change}.")
        differences[name.strip()] = _plain(parse_text(RECIPES[recipe].config_class, name.strip(), text))
    return differences


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@VERBS.verb(
    "start",
    "queue a run, or every run of a plan",
    argument("recipe", nargs="?", choices=RECIPES, help="left out with --plan"),
    argument("--name"),
    argument("--dataset", required=True, help="id or name"),
    argument("--preset", default=""),
    argument("--plan", help="start every run of a shipped plan instead"),
    argument("--notes", default=""),
    argument(
        "--quick-measurement", action="store_true", help="measure only what is measured quickly afterwards"
    ),
    *CONFIG,
    [
        argument("--wait", action="store_true", help="follow a worker's progress until it is over"),
        argument("--here", action="store_true", help="run it in this process' place, without a worker"),
    ],
)
def _start(
    output: CommandOutput,
    *,
    recipe: str | None,
    name: str | None,
    dataset: str,
    plan: str | None,
    config: str | None,
    changes: list[str],
    teacher: str | None,
    base_version: str | None,
    wait: bool,
    here: bool,
    by: User | None,
    **options: Any,
) -> None:
    rows = dataset_of(dataset)
    if plan:
        runs = plan_start(plan=plan, dataset=rows, by=by)
    elif recipe:
        run = experiment_create(
            name=name or recipe,
            recipe=recipe,
            config=config_of(recipe, config, changes),
            dataset=rows,
            by=by,
            **started_from(teacher, base_version),
            **options,
        )
        runs = [run]
    else:
        raise CommandError("Name a recipe, or a plan with --plan.")
    for run in runs:
        output.aside(f"experiment {run.pk} is queued: {run.name}")
        if here:
            run_here(run)
        if here or wait:
            follow(output, run)
    shown = [experiment_fields(fresh(run)) for run in runs]
    output.answer(shown if plan else shown[0], *(f"{fields['id']}  {fields['status']}" for fields in shown))
    failed = next((fields for fields in shown if fields["status"] == RunStatus.FAILED), None)
    if failed is not None:
        raise CommandError(f"Experiment {failed['id']} failed: {failed['failure_reason']}")


def run_here(run: Experiment) -> None:
    """Run the experiment in this process, unless a worker was quicker and has it; the caller follows it then."""
    with _asked_to_leave() as leave:
        taken = experiment_run(
            experiment_id=run.pk, worker=f"command@{socket.gethostname()}", shutdown_requested=leave.is_set
        )
        if leave.is_set():
            raise CommandError(f"Stopped; experiment {run.pk} is queued and goes on from its checkpoint.")
    if not taken and fresh(run).status == RunStatus.QUEUED:
        raise CommandError(
            f"Experiment {run.pk} cannot run here now: its teacher is not there yet, or another run has this "
            "machine's device. It stays queued."
        )


@contextmanager
def _asked_to_leave() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set, so that a checkpoint is saved first; only in the main thread."""
    leave = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield leave
        return
    before = {
        number: signal.signal(number, lambda *_: leave.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield leave
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def follow(output: CommandOutput, run: Experiment) -> Experiment:
    """Print the progress of a run until it is over; Ctrl-C ends the printing, not the run."""
    last = ""
    while True:
        row = fresh(run)
        line = progress_line(row)
        if line != last:
            output.aside(line)
            last = line
        if row.is_over:
            return row
        time.sleep(TICK_SECONDS)


def progress_line(run: Experiment) -> str:
    progress = run.progress or {}
    if run.status != RunStatus.RUNNING or not progress:
        return f"{run.pk}: {run.status}"
    parts = [f"{run.pk}: {progress.get('phase', '')}"]
    if progress.get("steps"):
        parts.append(f"{progress.get('step', 0):,} of {progress['steps']:,}")
    if progress.get("rows_per_second"):
        parts.append(f"{progress['rows_per_second']:.0f} rows/s")
    parts += [f"{name} {value:.4f}" for name, value in (progress.get("losses") or {}).items()]
    if progress.get("eta_seconds") is not None:
        parts.append(f"{progress['eta_seconds']:.0f} s left")
    return ", ".join(parts)


def fresh(run: Experiment) -> Experiment:
    return Experiment.objects.select_related("dataset", "model_version").get(pk=run.pk)


@VERBS.verb("watch", "follow a run until it is over", argument("experiment", metavar="ID"))
def _watch(output: CommandOutput, *, experiment: str, by: User | None) -> None:
    row = follow(output, experiment_of(experiment))
    output.answer(experiment_fields(row), f"{row.pk}  {row.status}")
