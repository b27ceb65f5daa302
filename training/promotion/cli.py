"""`manage.py model list | show | evaluate | activate | roll-back | shadow`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from classifier.model_versions.promotion_gate import gate_check
from classifier.model_versions.services import model_version_activate, model_version_roll_back
from classifier.model_versions.shadow import shadow_start, shadow_stop
from classifier.models import ModelVersion
from training.cli.base import Said, Verb
from training.cli.lookups import version_fields, version_of
from training.datasets.known_answers import known_answers_summary
from training.evaluations.services import evaluation_run, evaluation_start, evaluation_state
from training.experiments.selectors import version_measured


def _one(parser: ArgumentParser) -> None:
    parser.add_argument("version", metavar="ID-OR-VERSION")


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=100)


def _list(said: Said, options: dict[str, Any]) -> None:
    rows = list(ModelVersion.objects.all()[: max(options["limit"], 1)])
    lines = [
        f"{row.pk:>6}  {row.status:<9}  {'shadow' if row.is_shadow else '':<6}  {row.version}" for row in rows
    ]
    said.answer([version_fields(row) for row in rows], *lines)


def _show(said: Said, options: dict[str, Any]) -> None:
    version = version_of(options["version"])
    measured = version_measured(version=version)
    gate = gate_check(version)
    said.answer(
        {
            **version_fields(version),
            "metrics": measured.evaluation.metrics if measured else {},
            "evaluating": evaluation_state(version),
            "gate": gate.to_dict() if gate else None,
            "manifest": version.manifest,
        }
    )


def _evaluate_arguments(parser: ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("--here", action="store_true", help="measure it in this process' place")
    parser.add_argument("--golden", action="store_true", help="on the newest dataset of known answers")


def _evaluate(said: Said, options: dict[str, Any]) -> None:
    version = version_of(options["version"])
    on = known_answers_summary().last if options["golden"] else None
    if options["golden"] and on is None:
        raise CommandError("known answers have not been frozen yet: manage.py dataset add-golden")
    evaluation_start(model_version=version, by=options["by"], on=on)
    if not options["here"]:
        said.answer(version_fields(version), f"{version} is queued to be measured")
        return
    on = None if on is not None and on.is_test_set else on
    evaluation_run(model_version_id=version.pk, dataset_id=on.pk if on else None)
    state = evaluation_state(version, on)
    measured = version_measured(version=version, on=on.pk if on else None)
    said.answer(
        {
            **version_fields(version),
            "metrics": measured.evaluation.metrics if measured else {},
            "evaluating": state,
        },
        f"{version}: {state['message'] if state else 'measured'}",
    )


def _activate_arguments(parser: ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("--reason", default="")
    parser.add_argument("--override-reason", default="", help="why, though the quality gate is closed")


def _activate(said: Said, options: dict[str, Any]) -> None:
    version = version_of(options["version"])
    model_version_activate(
        model_version=version,
        by=options["by"],
        reason=options["reason"],
        override_reason=options["override_reason"],
    )
    said.answer(version_fields(version), f"{version} is in production")


def _reason(parser: ArgumentParser) -> None:
    parser.add_argument("--reason", default="")


def _roll_back(said: Said, options: dict[str, Any]) -> None:
    version = model_version_roll_back(by=options["by"], reason=options["reason"])
    said.answer(version_fields(version), f"{version} is in production again")


def _shadow_arguments(parser: ArgumentParser) -> None:
    _one(parser)
    _reason(parser)
    parser.add_argument("--stop", action="store_true", help="end it")


def _shadow(said: Said, options: dict[str, Any]) -> None:
    version = version_of(options["version"])
    change = shadow_stop if options["stop"] else shadow_start
    change(model_version=version, by=options["by"], reason=options["reason"])
    does = "no longer scores" if options["stop"] else "scores"
    said.answer(version_fields(version), f"{version} {does} live traffic silently")


VERBS = [
    Verb("list", "list model versions, newest first", _list_arguments, _list),
    Verb("show", "show one with what the quality gate says", _one, _show),
    Verb("evaluate", "measure one on the test rows", _evaluate_arguments, _evaluate),
    Verb("activate", "put one into production, past the quality gate", _activate_arguments, _activate),
    Verb("roll-back", "go back to the one before", _reason, _roll_back),
    Verb("shadow", "let one score live traffic silently", _shadow_arguments, _shadow),
]
