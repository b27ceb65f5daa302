"""`manage.py experiment list | show | cancel | resume | clone | delete | import | compare`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from training.cli.base import Said, Verb
from training.cli.lookups import dataset_of, experiment_fields, experiment_line, experiment_of, started_from
from training.experiments.cli_start import config_arguments, config_of
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
from training.models import RunStatus

COMPARED = ("roc_auc", "pr_auc", "f1", "precision", "recall")


def _one(parser: ArgumentParser) -> None:
    parser.add_argument("experiment", metavar="ID")


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--status", choices=RunStatus.values)
    parser.add_argument("--recipe", choices=RECIPES)
    parser.add_argument("--limit", type=int, default=50)


def _list(said: Said, options: dict[str, Any]) -> None:
    runs = experiments_matching(recipe=options["recipe"], sweep="all")
    if options["status"]:
        runs = runs.filter(status=options["status"])
    rows = list(runs.select_related("dataset", "model_version")[: max(options["limit"], 1)])
    said.answer([experiment_fields(run) for run in rows], *map(experiment_line, rows))


def _show(said: Said, options: dict[str, Any]) -> None:
    run = experiment_of(options["experiment"])
    measured = version_measured(version=run.model_version) if run.model_version else None
    said.answer(
        {
            **experiment_fields(run),
            "config": run.config,
            "card": run.result,
            "provenance": run.provenance,
            "metrics": measured.evaluation.metrics if measured else {},
            "log": run.log,
        }
    )


def _cancel(said: Said, options: dict[str, Any]) -> None:
    run = experiment_of(options["experiment"])
    experiment_cancel(experiment=run, by=options["by"])
    asked = run.status == RunStatus.RUNNING
    said.answer(
        experiment_fields(run), f"{run} is {'asked to stop, which takes seconds' if asked else 'cancelled'}"
    )


def _resume(said: Said, options: dict[str, Any]) -> None:
    run = experiment_of(options["experiment"])
    experiment_resume(experiment=run, by=options["by"])
    said.answer(experiment_fields(run), f"{run} is queued again")


def _clone_arguments(parser: ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("--name")
    parser.add_argument("--dataset", help="id or name; left out: the same")
    config_arguments(parser)


def _clone(said: Said, options: dict[str, Any]) -> None:
    run = experiment_of(options["experiment"])
    changes: dict[str, Any] = {"config": config_of(run.recipe, options), **started_from(options)}
    if options["name"]:
        changes["name"] = options["name"]
    if options["dataset"]:
        changes["dataset"] = dataset_of(options["dataset"])
    clone = experiment_clone(experiment=run, changes=changes, by=options["by"])
    said.answer(experiment_fields(clone), f"experiment {clone.pk} is queued: {clone.name}")


def _delete(said: Said, options: dict[str, Any]) -> None:
    run = experiment_of(options["experiment"])
    experiment_delete(experiment=run, by=options["by"])
    said.answer({"id": run.pk, "deleted": True}, f"{run} is deleted")


def _import_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="of a finished run, as train_teacher or distill wrote it")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dataset", required=True, help="what it learned from: id or name")
    parser.add_argument("--teacher", metavar="EXPERIMENT", help="the run that taught it")


def _import(said: Said, options: dict[str, Any]) -> None:
    run = experiment_import(
        folder=options["folder"],
        name=options["name"],
        dataset=dataset_of(options["dataset"]),
        by=options["by"],
        **started_from({"teacher": options["teacher"]}),
    )
    said.answer(experiment_fields(run), f"experiment {run.pk} is queued to be registered and measured")


def _compare_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("experiments", nargs="+", metavar="ID")
    parser.add_argument("--label", default="toxic")


def _compare(said: Said, options: dict[str, Any]) -> None:
    label = options["label"]
    sides = compared(
        run_ids=[experiment_of(each).pk for each in options["experiments"]], version_ids=[], label=label
    )
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
    said.answer(table, *lines)


def _numbers(report: dict[str, Any], label: str) -> dict[str, float | None]:
    stored = StoredReport.of(report)
    return {name: stored.metric(label, name).value for name in COMPARED}


VERBS = [
    Verb("list", "list runs, newest first", _list_arguments, _list),
    Verb("show", "show one run with all that is known of it", _one, _show),
    Verb("cancel", "cancel a queued or running one", _one, _cancel),
    Verb("resume", "queue a failed or cancelled one again", _one, _resume),
    Verb("clone", "queue a run like another", _clone_arguments, _clone),
    Verb("delete", "remove one that is over, with its files", _one, _delete),
    Verb("import", "take in a run folder made elsewhere", _import_arguments, _import),
    Verb("compare", "put runs side by side, with the baselines", _compare_arguments, _compare),
]
