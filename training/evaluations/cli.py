"""`manage.py suite add | list | results`."""

from pathlib import Path
from typing import Any

from classifier.models import User
from training.cli.base import CommandOutput, Verbs, argument
from training.cli.lookups import suite_of
from training.evaluations.suites import suite_create, suite_list, suite_results
from training.models import TestSuite

VERBS = Verbs()


@VERBS.verb(
    "add",
    "take in a CSV of cases or templates",
    argument("file", type=Path, help="CSV of cases or templates"),
    argument("--name", required=True),
    argument("--kind", choices=TestSuite.Kind.values, default=TestSuite.Kind.CASES.value),
    argument("--label", default="toxic", help="whose answer is expected; default toxic"),
    argument("--terms", type=Path, help="CSV of identity terms, for templates"),
    argument("--description", default=""),
)
def _add(output: CommandOutput, *, file: Path, terms: Path | None, **options: Any) -> None:
    suite = suite_create(data=file.read_bytes(), terms=terms.read_bytes() if terms else None, **options)
    output.answer(_fields(suite_list().get(pk=suite.pk)), f"{suite.pk}  {len(suite.cases):,} cases  {suite}")


@VERBS.verb("list", "list test suites")
def _list(output: CommandOutput, *, by: User | None) -> None:
    rows = [_fields(suite) for suite in suite_list()[:500]]
    output.answer(rows, *(f"{row['id']:>6}  {row['cases']:>6,} cases  {row['name']}" for row in rows))


@VERBS.verb("results", "how the versions did on one", argument("suite", metavar="ID-OR-NAME"))
def _results(output: CommandOutput, *, suite: str, by: User | None) -> None:
    rows = suite_results(suite=suite_of(suite))
    output.answer(
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
