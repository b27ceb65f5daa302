"""`manage.py experiment record`: one measured run, or a baseline, as a line of the results page."""

import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from training.cli.base import Said, Verb
from training.cli.lookups import experiment_of
from training.experiments.selectors import version_measured
from training.ml.results.runs import RecordedRun, save_recorded
from training.models import Evaluation, Experiment

RECORDED = Path("training") / "results" / "recorded"
BASELINES = ("majority", "tfidf")


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("experiment", metavar="ID")
    parser.add_argument("--name", required=True, help="of the file; the page's sentences know some names")
    parser.add_argument("--title", required=True, help="of the line")
    parser.add_argument("--group", required=True, help="runs on the same rows")
    parser.add_argument("--order", type=int, required=True, help="of the line in its group")
    parser.add_argument("--teacher", metavar="NAME", help="the recorded run that taught it")
    parser.add_argument(
        "--baseline", choices=BASELINES, help="record this baseline of the run's test rows instead of the run"
    )
    parser.add_argument("--folder", type=Path, default=RECORDED, help=f"default: {RECORDED}")


def _record(said: Said, options: dict[str, Any]) -> None:
    if not re.fullmatch("[a-z0-9][a-z0-9_-]*", options["name"]):
        raise CommandError("A name is made of small letters, digits, hyphens and underscores.")
    run = experiment_of(options["experiment"])
    evaluation = _evaluation(run)
    if options["baseline"]:
        evaluation = _baseline(evaluation, options["baseline"], run)
    recorded = RecordedRun(
        name=options["name"],
        title=options["title"],
        group=options["group"],
        order=options["order"],
        teacher=options["teacher"],
        recipe=options["baseline"] or run.recipe,
        card={} if options["baseline"] else {**run.result, "provenance": run.provenance},
        report=evaluation.report,
    )
    path = save_recorded(recorded, options["folder"])
    said.answer({"file": str(path), "name": recorded.name}, f"{recorded.name} is recorded in {path}")


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
    """The baseline on the same test rows, the one that learned from the same rows where there are several."""
    rows = Evaluation.objects.filter(baseline=name, fingerprint=evaluation.fingerprint).order_by("-id")
    trained_on = str(run.dataset.fingerprints.get("train", ""))
    found = rows.filter(trained_on=trained_on).first() or rows.first()
    if found is None:
        raise CommandError(f"The baseline {name} has not been measured on the test rows of {run}.")
    return found


VERBS = [Verb("record", "record a measured run for the results page", _arguments, _record)]
