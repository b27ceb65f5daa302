"""`manage.py suite add | add-hub | list | results | run`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from classifier.models import User
from training.cli.base import CommandOutput, Verbs, argument
from training.cli.lookups import suite_of, version_of
from training.evaluations.hub_suites import suite_forget, suite_from_hub, suite_load, suites_wanted
from training.evaluations.shipped_suites import SLUGS, shipped_results, shipped_suite_rows
from training.evaluations.suites import suite_create, suite_list, suite_results
from training.ml.evaluation.hub_suites import SUITE_PRESETS
from training.ml.evaluation.run import suite_reports
from training.ml.evaluation.stored import SuiteReport
from training.ml.evaluation.subject import ServedModel
from training.ml.evaluation.suites import shipped_suites
from training.ml.json_reader import read
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


@VERBS.verb(
    "add-hub",
    "take in a suite of the Hugging Face hub, such as HateCheck",
    argument("hub_name", help=f"such as owner/name, or one of {', '.join(SUITE_PRESETS)}"),
    argument("--name", default="", help="default: the title of a known one, or the name on the hub"),
    argument("--label", default="toxic", help="whose answer is expected; default toxic"),
    argument("--description", default=""),
    argument("--configuration", default=""),
    argument("--revision", default=""),
    argument("--here", action="store_true", help="load it in this process' place, without a worker"),
)
def _add_hub(output: CommandOutput, *, here: bool, **options: Any) -> None:
    wanted = suite_from_hub(**options)
    if not here:
        output.answer(asdict(wanted), f"{wanted.name} is queued to be loaded from {wanted.hub_name}")
        return
    suite = suite_load(key=wanted.key)
    if suite is None:
        failed = [row for row in suites_wanted() if row.key == wanted.key]
        suite_forget(key=wanted.key, by=None)
        raise CommandError(failed[0].problem if failed else f"{wanted.name} is being loaded by a worker")
    output.answer(_fields(suite_list().get(pk=suite.pk)), f"{suite.pk}  {len(suite.cases):,} cases  {suite}")


@VERBS.verb("list", "list test suites")
def _list(output: CommandOutput, *, by: User | None) -> None:
    rows = [{"id": slug, **_described(suite)} for slug, suite in shipped_suite_rows().items()]
    rows += [_fields(suite) for suite in suite_list()[:500]]
    output.answer(rows, *(f"{row['id']:>10}  {row['cases']:>6,} cases  {row['name']}" for row in rows))


@VERBS.verb(
    "results",
    "how the versions did on one, kind by kind",
    argument("suite", metavar="ID-OR-NAME", help="of a suite, or one that ships: kinds, identities"),
)
def _results(output: CommandOutput, *, suite: str, by: User | None) -> None:
    name = SLUGS.get(suite, suite)
    if name in SLUGS.values():
        results = shipped_results(name=name)
    else:
        results = [(row.model_version, row.report) for row in suite_results(suite=suite_of(suite))]
    lines = []
    for version, report in results:
        lines += [f"{_percent(report.get('accuracy'))}  {version}", *_kind_lines(report)]
    output.answer([{"version": version.version, "report": report} for version, report in results], *lines)


@VERBS.verb(
    "run",
    "run suites on a version or a model folder now, kind by kind; nothing is saved",
    argument("model", metavar="VERSION-OR-FOLDER"),
    argument(
        "--suite",
        action="append",
        default=[],
        dest="suites",
        metavar="ID-OR-NAME",
        help="a suite of the site instead of those that ship; several times",
    ),
    argument("--backend", default="auto", help="auto, fp32, bf16, int8, generic or cuda; default auto"),
    argument("--errors", action="store_true", help="also print cases that are answered wrongly"),
)
def _run(
    output: CommandOutput, *, model: str, suites: list[str], backend: str, errors: bool, by: User | None
) -> None:
    folder = Path(model) if Path(model).is_dir() else version_of(model).path
    subject = ServedModel(folder, backend, settings.MODEL_LANGUAGES)
    wanted = [
        {name: getattr(suite, name) for name in ("id", "name", "kind", "label", "cases")}
        for suite in map(suite_of, suites)
    ]
    reports = suite_reports(subject, wanted or shipped_suites())
    lines = []
    for report in reports:
        lines += [
            f"{_percent(report.get('accuracy'))}  {report['name']}",
            *_kind_lines(report, errors=errors),
        ]
    output.answer({"version": subject.version, "suites": reports}, *lines)


def _kind_lines(report: dict[str, Any], *, errors: bool = False) -> list[str]:
    """Return a line for each functionality, the weakest first, and with `errors` its wrong cases below it.

    Where the cases name languages, each functionality has its numbers by language beside it, and lines for the
    languages follow.
    """
    lines = []
    whole = read(SuiteReport, report)
    for part in whole.by_functionality:
        if part.accuracy is None:
            lines.append(f"    not measured: {part.not_measured:>4}  {part.name}")
            continue
        by_language = "  ".join(f"{tag} {one.right}/{one.rows}" for tag, one in part.languages.items())
        line = f"    {part.accuracy:6.1%}  {part.right or 0:>4} of {part.rows or 0:<4}  {part.name}  {by_language}"
        lines.append(line.rstrip())
        lines += [f"{'':>20}{case.score or 0.0:.3f}  {case.text!r}" for case in part.errors if errors]
    for of_language in whole.by_language:
        area = "" if of_language.roc_auc is None else f"  ROC-AUC {of_language.roc_auc:.3f}"
        lines.append(
            f"    {of_language.accuracy or 0.0:6.1%}  {of_language.right:>4} of {of_language.rows:<4}  "
            f"in {of_language.language}{area}"
        )
    return lines


def _fields(suite: TestSuite) -> dict[str, Any]:
    cases: int = suite.case_count  # type: ignore[attr-defined]
    return {"id": suite.pk, **_described(suite, cases), "retired_at": suite.retired_at}


def _described(suite: TestSuite, cases: int | None = None) -> dict[str, Any]:
    return {
        "name": suite.name,
        "kind": suite.kind,
        "label": suite.label,
        "cases": len(suite.cases) if cases is None else cases,
        "groups": suite.groups,
    }


def _percent(share: Any) -> str:
    value = share.get("value") if isinstance(share, dict) else share
    return "   -  " if value is None else f"{value:6.1%}"
