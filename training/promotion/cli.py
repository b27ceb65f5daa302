"""`manage.py model list | show | evaluate | compare | activate | roll-back | shadow | languages`."""

from typing import Any

from django.core.management.base import CommandError

from classifier.model_versions.language_slots import (
    languages_check,
    slot_empty,
    slot_roll_back,
    slot_shadow_start,
    slot_shadow_stop,
    slots_by_version,
    slots_fill,
)
from classifier.model_versions.promotion_gate import gate_check, language_gate_check
from classifier.model_versions.services import model_version_activate, model_version_roll_back
from classifier.model_versions.shadow import shadow_start, shadow_stop
from classifier.models import ModelVersion, User
from training.cli.base import CommandOutput, Verbs, argument
from training.cli.lookups import version_fields, version_of
from training.datasets.known_answers import known_answers_summary
from training.evaluations.flips import version_flips
from training.evaluations.services import evaluation_run, evaluation_start, evaluation_state
from training.experiments.selectors import version_measured

VERBS = Verbs()
VERSION = argument("version", metavar="ID-OR-VERSION")
REASON = argument("--reason", default="")
LANGUAGE = argument("--language", default="", metavar="CODE", help="the slot of a language, such as de")


@VERBS.verb("list", "list model versions, newest first", argument("--limit", type=int, default=100))
def _list(output: CommandOutput, *, limit: int, by: User | None) -> None:
    rows = list(ModelVersion.objects.all()[: max(limit, 1)])
    lines = [
        f"{row.pk:>6}  {row.status:<9}  {'shadow' if row.is_shadow else '':<6}  {row.version}" for row in rows
    ]
    output.answer([version_fields(row) for row in rows], *lines)


@VERBS.verb(
    "show",
    "show one with what the quality gate says, of a language's slot too",
    VERSION,
    LANGUAGE,
)
def _show(output: CommandOutput, *, version: str, language: str, by: User | None) -> None:
    row = version_of(version)
    measured = version_measured(version=row)
    gate = (
        language_gate_check(row, languages_check([language], "language")[0]) if language else gate_check(row)
    )
    output.answer(
        {
            **version_fields(row),
            "metrics": measured.evaluation.metrics if measured else {},
            "evaluating": evaluation_state(row),
            "gate": gate.to_dict() if gate else None,
            "manifest": row.manifest,
        }
    )


@VERBS.verb(
    "evaluate",
    "measure one on the test rows",
    VERSION,
    argument("--here", action="store_true", help="measure it in this process' place"),
    argument("--golden", action="store_true", help="on the newest dataset of known answers"),
)
def _evaluate(output: CommandOutput, *, version: str, here: bool, golden: bool, by: User | None) -> None:
    row = version_of(version)
    on = known_answers_summary().last if golden else None
    if golden and on is None:
        raise CommandError("known answers have not been frozen yet: manage.py dataset add-golden")
    evaluation_start(model_version=row, by=by, on=on)
    if not here:
        output.answer(version_fields(row), f"{row} is queued to be measured")
        return
    on = None if on is not None and on.is_test_set else on
    evaluation_run(model_version_id=row.pk, dataset_id=on.pk if on else None)
    state = evaluation_state(row, on)
    measured = version_measured(version=row, on=on.pk if on else None)
    metrics = measured.evaluation.metrics if measured else {}
    output.answer(
        {**version_fields(row), "metrics": metrics, "evaluating": state},
        f"{row}: {state['message'] if state else 'measured'}",
    )


@VERBS.verb(
    "compare",
    "count the verdicts on the test rows that differ between two, by language",
    VERSION,
    argument("against", metavar="OTHER", help="id or version"),
)
def _compare(output: CommandOutput, *, version: str, against: str, by: User | None) -> None:
    row, other = version_of(version), version_of(against)
    flips = version_flips(version=row, against=other)
    lines = [
        f"verdicts of {row} that differ from those of {other}",
        f"{'':<8}  {'rows':>7}  {'to toxic':>8}  {'to calm':>8}  {'right':>6}  {'wrong':>6}",
    ]
    lines += [
        f"{one['language']:<8}  {one['rows']:>7,}  {one['to_toxic']:>8,}  {one['to_calm']:>8,}  "
        f"{one['right']:>6,}  {one['wrong']:>6,}"
        for one in flips["languages"]
    ]
    output.answer({"version": row.version, **flips}, *lines)


@VERBS.verb(
    "activate",
    "put one into production, past the quality gate",
    VERSION,
    REASON,
    argument("--override-reason", default="", help="why, though the quality gate is closed"),
    argument("--languages", nargs="+", default=[], metavar="CODE", help="for texts in these languages alone"),
)
def _activate(output: CommandOutput, *, version: str, languages: list[str], **options: Any) -> None:
    row = version_of(version)
    if languages:
        filled = slots_fill(languages=languages, model_version=row, **options)
        output.answer(version_fields(row), f"{row} is in production for {', '.join(filled)}")
        return
    model_version_activate(model_version=row, **options)
    output.answer(version_fields(row), f"{row} is in production")


@VERBS.verb("roll-back", "go back to the one before", REASON, LANGUAGE)
def _roll_back(output: CommandOutput, *, reason: str, language: str, by: User | None) -> None:
    if language:
        before = slot_roll_back(language=language, by=by, reason=reason)
        fields = version_fields(before) if before is not None else {"slot": language, "version": None}
        output.answer(fields, f"{before or 'no version of its own'} is in production again for {language}")
        return
    row = model_version_roll_back(by=by, reason=reason)
    output.answer(version_fields(row), f"{row} is in production again")


@VERBS.verb(
    "languages",
    "list what judges which language, or --empty a slot",
    LANGUAGE,
    REASON,
    argument("--empty", action="store_true"),
)
def _languages(output: CommandOutput, *, language: str, reason: str, empty: bool, by: User | None) -> None:
    if empty:
        slot_empty(language=language, by=by, reason=reason)
    active = ModelVersion.objects.active()
    rows = [{"language": "", "version": str(active) if active is not None else None}]
    versions = ModelVersion.objects.in_bulk(slots_by_version())
    for pk, slots in slots_by_version().items():
        rows += [{"language": slot, "version": versions[pk].version} for slot in slots]
    lines = [f"{row['language'] or 'default':<8}  {row['version'] or 'none'}" for row in rows]
    output.answer(rows, *lines)


@VERBS.verb(
    "shadow",
    "let one score live traffic silently",
    VERSION,
    REASON,
    LANGUAGE,
    argument("--stop", action="store_true", help="end it"),
)
def _shadow(
    output: CommandOutput, *, version: str, reason: str, language: str, stop: bool, by: User | None
) -> None:
    row = version_of(version)
    if language and stop:
        slot_shadow_stop(language=language, by=by, reason=reason)
    elif language:
        slot_shadow_start(language=language, model_version=row, by=by, reason=reason)
    else:
        (shadow_stop if stop else shadow_start)(model_version=row, by=by, reason=reason)
    does = "no longer scores" if stop else "scores"
    output.answer(version_fields(row), f"{row} {does} live traffic silently")
