"""`manage.py suite add | list | results`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from training.cli.base import Said, Verb, no_arguments
from training.cli.lookups import suite_of
from training.evaluations.suites import suite_create, suite_list, suite_results
from training.models import TestSuite


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="CSV of cases or templates")
    parser.add_argument("--name", required=True)
    parser.add_argument("--kind", choices=TestSuite.Kind.values, default=TestSuite.Kind.CASES.value)
    parser.add_argument("--label", default="toxic", help="whose answer is expected; default toxic")
    parser.add_argument("--terms", type=Path, help="CSV of identity terms, for templates")
    parser.add_argument("--description", default="")


def _add(said: Said, options: dict[str, Any]) -> None:
    suite = suite_create(
        name=options["name"],
        kind=options["kind"],
        data=options["file"].read_bytes(),
        terms=options["terms"].read_bytes() if options["terms"] else None,
        label=options["label"],
        description=options["description"],
        by=options["by"],
    )
    said.answer(_fields(suite_list().get(pk=suite.pk)), f"{suite.pk}  {len(suite.cases):,} cases  {suite}")


def _list(said: Said, options: dict[str, Any]) -> None:
    rows = [_fields(suite) for suite in suite_list()[:500]]
    said.answer(rows, *(f"{row['id']:>6}  {row['cases']:>6,} cases  {row['name']}" for row in rows))


def _results_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("suite", metavar="ID-OR-NAME")


def _results(said: Said, options: dict[str, Any]) -> None:
    rows = suite_results(suite=suite_of(options["suite"]))
    said.answer(
        [{"version": row.model_version.version, "report": row.report} for row in rows],
        *(f"{_percent(row.report.get('accuracy'))}  {row.model_version}" for row in rows),
    )


def _fields(suite: TestSuite) -> dict[str, Any]:
    return {
        "id": suite.pk,
        "name": suite.name,
        "kind": suite.kind,
        "label": suite.label,
        "cases": suite.case_count,  # type: ignore[attr-defined]
        "groups": suite.groups,
        "retired_at": suite.retired_at,
    }


def _percent(share: Any) -> str:
    value = share.get("value") if isinstance(share, dict) else share
    return "   -  " if value is None else f"{value:6.1%}"


VERBS = [
    Verb("add", "take in a CSV of cases or templates", _add_arguments, _add),
    Verb("list", "list test suites", no_arguments, _list),
    Verb("results", "how the versions did on one", _results_arguments, _results),
]
