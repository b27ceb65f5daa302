"""`manage.py sweep start | list | show | cancel | resume`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from training.cli.base import Said, Verb, object_of
from training.cli.lookups import dataset_of, started_from, sweep_fields, sweep_of
from training.experiments.cli_start import config_arguments, config_of
from training.ml.recipes.registry import RECIPES
from training.models import Sweep
from training.sweeps.services import sweep_cancel, sweep_create, sweep_resume


def _one(parser: ArgumentParser) -> None:
    parser.add_argument("sweep", metavar="ID-OR-NAME")


def _start_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--name", required=True)
    parser.add_argument("--dataset", required=True, help="id or name")
    parser.add_argument(
        "--space", required=True, help='JSON or a file: {"loop.learning_rate": {"type": "float", "low": …}}'
    )
    parser.add_argument(
        "--objective",
        action="append",
        required=True,
        metavar="METRIC[@LABEL]",
        help="such as f1, roc_auc@insult or latency_ms; up to three times",
    )
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=1, help="trials side by side")
    parser.add_argument("--sampler", default="tpe")
    parser.add_argument("--pruner", default="median")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--train-best", action="store_true", help="train the best in full at the end")
    parser.add_argument("--full", help="differences for that run: JSON or a file")
    config_arguments(parser)


def _start(said: Said, options: dict[str, Any]) -> None:
    sweep = sweep_create(
        name=options["name"],
        recipe=options["recipe"],
        config=config_of(options["recipe"], options),
        dataset=dataset_of(options["dataset"]),
        space=object_of(options["space"]),
        objectives=[_objective(text) for text in options["objective"]],
        sampler=options["sampler"],
        pruner=options["pruner"],
        trials=options["trials"],
        at_once=options["at_once"],
        seed=options["seed"],
        train_best=options["train_best"],
        full=object_of(options["full"]),
        by=options["by"],
        **started_from(options),
    )
    said.answer(sweep_fields(sweep), f"sweep {sweep.pk} is queued: {sweep.name}")


def _objective(text: str) -> dict[str, str]:
    metric, _, label = text.partition("@")
    return {"metric": metric, "label": label} if label else {"metric": metric}


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=50)


def _list(said: Said, options: dict[str, Any]) -> None:
    rows = list(Sweep.objects.filter(deleted_at__isnull=True)[: max(options["limit"], 1)])
    lines = [f"{row.pk:>6}  {row.status:<9}  {row.recipe:<12}  {row.name}" for row in rows]
    said.answer([sweep_fields(row) for row in rows], *lines)


def _show(said: Said, options: dict[str, Any]) -> None:
    sweep = sweep_of(options["sweep"])
    said.answer(
        {
            **sweep_fields(sweep),
            "space": sweep.space,
            "config": sweep.config,
            "options": sweep.options,
            "analysis": sweep.analysis,
        }
    )


def _cancel(said: Said, options: dict[str, Any]) -> None:
    sweep = sweep_of(options["sweep"])
    sweep_cancel(sweep=sweep, by=options["by"])
    sweep.refresh_from_db()
    said.answer(sweep_fields(sweep), f"{sweep} is {'cancelled' if sweep.is_over else 'asked to stop'}")


def _resume_arguments(parser: ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("--trials", type=int, default=10, help="how many more; default 10")


def _resume(said: Said, options: dict[str, Any]) -> None:
    sweep = sweep_of(options["sweep"])
    if options["trials"] < 1:
        raise CommandError("At least one more trial.")
    sweep_resume(sweep=sweep, trials=options["trials"], by=options["by"])
    said.answer(sweep_fields(sweep), f"{sweep} goes on with {options['trials']} more trials")


VERBS = [
    Verb("start", "search the best hyper-parameters", _start_arguments, _start),
    Verb("list", "list sweeps, newest first", _list_arguments, _list),
    Verb("show", "show one with its trials", _one, _show),
    Verb("cancel", "stop one; what is done stays", _one, _cancel),
    Verb("resume", "go on with more trials", _resume_arguments, _resume),
]
