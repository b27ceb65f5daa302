"""`manage.py experiment list | show | cancel | resume | clone | delete | import | compare | record`."""

import re
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from classifier.models import User
from training.cli.base import CommandOutput, Verbs, argument
from training.cli.lookups import dataset_of, experiment_fields, experiment_line, experiment_of, started_from
from training.experiments.cli_start import CONFIG, config_of
from training.experiments.comparison import baselines_of, compared
from training.experiments.imports import experiment_import
from training.experiments.selectors import experiments_matching, version_measured
from training.experiments.services import (
    experiment_cancel,
    experiment_clone,
    experiment_delete,
    experiment_resume,
)
from training.ml.evaluation.stored import StoredReport
from training.ml.recipes.registry import RECIPES
from training.ml.results.runs import RecordedRun, save_recorded
from training.models import Evaluation, Experiment, RunStatus

VERBS = Verbs()
EXPERIMENT = argument("experiment", metavar="ID")
COMPARED = ("roc_auc", "pr_auc", "f1", "precision", "recall")
RECORDED = Path("training") / "results" / "recorded"
BASELINES = ("majority", "tfidf")


@VERBS.verb(
    "list",
    "list runs, newest first",
    argument("--status", choices=RunStatus.values),
    argument("--recipe", choices=RECIPES),
    argument("--limit", type=int, default=50),
)
def _list(
    output: CommandOutput, *, status: str | None, recipe: str | None, limit: int, by: User | None
) -> None:
    runs = experiments_matching(recipe=recipe, sweep="all")
    if status:
        runs = runs.filter(status=status)
    rows = list(runs.select_related("dataset", "model_version")[: max(limit, 1)])
    output.answer([experiment_fields(run) for run in rows], *map(experiment_line, rows))


@VERBS.verb("show", "show one run with all that is known of it", EXPERIMENT)
def _show(output: CommandOutput, *, experiment: str, by: User | None) -> None:
    run = experiment_of(experiment)
    measured = version_measured(version=run.model_version) if run.model_version else None
    output.answer(
        {
            **experiment_fields(run),
            "config": run.config,
            "card": run.result,
            "provenance": run.provenance,
            "metrics": measured.evaluation.metrics if measured else {},
            "log": run.log,
        }
    )


@VERBS.verb("cancel", "cancel a queued or running one", EXPERIMENT)
def _cancel(output: CommandOutput, *, experiment: str, by: User | None) -> None:
    run = experiment_of(experiment)
    experiment_cancel(experiment=run, by=by)
    state = "asked to stop, which takes seconds" if run.status == RunStatus.RUNNING else "cancelled"
    output.answer(experiment_fields(run), f"{run} is {state}")


@VERBS.verb("resume", "queue a failed or cancelled one again", EXPERIMENT)
def _resume(output: CommandOutput, *, experiment: str, by: User | None) -> None:
    run = experiment_of(experiment)
    experiment_resume(experiment=run, by=by)
    output.answer(experiment_fields(run), f"{run} is queued again")


@VERBS.verb(
    "clone",
    "queue a run like another",
    EXPERIMENT,
    argument("--name"),
    argument("--dataset", help="id or name; left out: the same"),
    *CONFIG,
)
def _clone(
    output: CommandOutput,
    *,
    experiment: str,
    name: str | None,
    dataset: str | None,
    config: str | None,
    changes: list[str],
    teacher: str | None,
    base_version: str | None,
    by: User | None,
) -> None:
    run = experiment_of(experiment)
    differences: dict[str, Any] = {
        "config": config_of(run.recipe, config, changes),
        **started_from(teacher, base_version),
    }
    if name:
        differences["name"] = name
    if dataset:
        differences["dataset"] = dataset_of(dataset)
    clone = experiment_clone(experiment=run, changes=differences, by=by)
    output.answer(experiment_fields(clone), f"experiment {clone.pk} is queued: {clone.name}")


@VERBS.verb("delete", "remove one that is over, with its files", EXPERIMENT)
def _delete(output: CommandOutput, *, experiment: str, by: User | None) -> None:
    run = experiment_of(experiment)
    experiment_delete(experiment=run, by=by)
    output.answer({"id": run.pk, "deleted": True}, f"{run} is deleted")


@VERBS.verb(
    "import",
    "take in a run folder made elsewhere",
    argument("folder", type=Path, help="of a finished run, as train_teacher or distill wrote it"),
    argument("--name", required=True),
    argument("--dataset", required=True, help="what it learned from: id or name"),
    argument("--teacher", metavar="EXPERIMENT", help="the run that taught it"),
)
def _import(output: CommandOutput, *, dataset: str, teacher: str | None, **options: Any) -> None:
    run = experiment_import(dataset=dataset_of(dataset), **started_from(teacher), **options)
    output.answer(experiment_fields(run), f"experiment {run.pk} is queued to be registered and measured")


@VERBS.verb(
    "compare",
    "put runs side by side, with the baselines",
    argument("experiments", nargs="+", metavar="ID"),
    argument("--label", default="toxic"),
)
def _compare(output: CommandOutput, *, experiments: list[str], label: str, by: User | None) -> None:
    run_ids = [experiment_of(experiment).pk for experiment in experiments]
    sides = compared(run_ids=run_ids, version_ids=[], label=label)
    prints = {side.fingerprint for side in sides if side.fingerprint}
    if len(prints) > 1:
        raise CommandError(
            "They were measured on different test rows, so they cannot be compared: evaluate them again."
        )
    known = baselines_of(fingerprint=prints.pop(), label=label) if prints else []
    rows = [(str(side.run), side.report) for side in sides] + [(name, side.report) for name, side in known]
    table = [{"name": name, **_numbers(report, label)} for name, report in rows]
    width = max(len(name) for name, _ in rows)
    lines = [f"{'':<{width}}  " + "  ".join(f"{name:>9}" for name in COMPARED)]
    for row in table:
        numbers = "  ".join(
            f"{'-' if row[name] is None else format(row[name], '.4f'):>9}" for name in COMPARED
        )
        lines.append(f"{row['name']:<{width}}  {numbers}")
    output.answer(table, *lines)


def _numbers(report: dict[str, Any], label: str) -> dict[str, float | None]:
    stored = StoredReport.of(report)
    return {name: stored.metric(label, name).value for name in COMPARED}


@VERBS.verb(
    "record",
    "record a measured run for the results page",
    EXPERIMENT,
    argument("--name", required=True, help="of the file; the page's sentences know some names"),
    argument("--title", required=True, help="of the line"),
    argument("--group", required=True, help="runs on the same rows"),
    argument("--order", type=int, required=True, help="of the line in its group"),
    argument("--teacher", metavar="NAME", help="the recorded run that taught it"),
    argument(
        "--baseline", choices=BASELINES, help="record this baseline of the run's test rows instead of the run"
    ),
    argument("--folder", type=Path, default=RECORDED, help=f"default: {RECORDED}"),
)
def _record(
    output: CommandOutput,
    *,
    experiment: str,
    name: str,
    baseline: str | None,
    folder: Path,
    by: User | None,
    **options: Any,
) -> None:
    if not re.fullmatch("[a-z0-9][a-z0-9_-]*", name):
        raise CommandError("A name is made of small letters, digits, hyphens and underscores.")
    run = experiment_of(experiment)
    evaluation = _evaluation(run)
    if baseline:
        evaluation = _baseline(evaluation, baseline, run)
    recorded = RecordedRun(
        name=name,
        recipe=baseline or run.recipe,
        card={} if baseline else {**run.result, "provenance": run.provenance},
        report=evaluation.report,
        **options,
    )
    path = save_recorded(recorded, folder)
    output.answer({"file": str(path), "name": recorded.name}, f"{recorded.name} is recorded in {path}")


def _evaluation(run: Experiment) -> Evaluation:
    if run.model_version is None:
        raise CommandError(f"{run} has no model: only a run that succeeded is recorded.")
    measured = version_measured(version=run.model_version)
    if measured is None:
        raise CommandError(
            f"{run.model_version} has not been measured on the test rows; run: manage.py model evaluate "
            f"{run.model_version_id}"
        )
    return measured.evaluation


def _baseline(evaluation: Evaluation, name: str, run: Experiment) -> Evaluation:
    """Find the baseline on the same test rows; of several, the one that learned from the same rows."""
    rows = Evaluation.objects.filter(baseline=name, fingerprint=evaluation.fingerprint).order_by("-id")
    trained_on = str(run.dataset.fingerprints.get("train", ""))
    baseline = rows.filter(trained_on=trained_on).first() or rows.first()
    if baseline is None:
        raise CommandError(f"The baseline {name} has not been measured on the test rows of {run}.")
    return baseline
