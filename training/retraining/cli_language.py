"""`manage.py language add | show`: train a language into a version, and read what that did to every language."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import CommandError

from classifier.inference.language import identified_languages
from classifier.model_versions.services import model_version_register
from classifier.models import ModelVersion, User
from training.cli.base import CommandOutput, Verbs, argument
from training.cli.lookups import dataset_of, experiment_fields, experiment_of, version_of
from training.datasets.cli import FILE_VALUES, file_values_of
from training.datasets.services import label_columns_of
from training.experiments.cli_start import CHANGES, config_of, follow, fresh, run_here
from training.ml.mixture.licences import CLASSES
from training.ml.recipes.registry import RECIPES
from training.models import Dataset, Experiment, RunStatus
from training.retraining.languages import (
    RowsFile,
    language_add,
    language_checked,
    language_rows_from_decisions,
    language_rows_from_file,
    version_judging,
)
from training.retraining.services import can_blend

VERBS = Verbs()
FROM_FILE = ("held_out", "text_column", "labels", "attribution", "license_name", "licence_class")


@VERBS.verb(
    "add",
    "train a language into a new version, from a file of labelled rows or from decisions",
    argument("language", metavar="CODE", help="such as de or uk"),
    [
        argument("--data", type=Path, metavar="FILE", help=".parquet, .csv, .tsv, .jsonl or .json"),
        argument("--decisions", action="store_true", help="moderators' decisions about texts in it"),
    ],
    argument(
        "--held-out", type=Path, metavar="FILE", help="rows of another source, which nobody learns from"
    ),
    argument(
        "--hold-out",
        action="append",
        default=[],
        metavar="SOURCE",
        help="a source of the rows that nobody learns from; several times. Default: the smallest of several",
    ),
    argument("--text-column", default="text", help="default: text"),
    argument("--labels", default="toxic", help="columns, COLUMN=LABEL where names differ; default: toxic"),
    argument("--attribution", default=""),
    argument("--license", default="", dest="license_name"),
    argument("--licence-class", default="", choices=["", *CLASSES], help="default: by the licence's name"),
    *FILE_VALUES,
    argument(
        "--start",
        metavar="VERSION-OR-FOLDER",
        help="the version to start from; default: the one that judges the language now",
    ),
    argument(
        "--mix-with",
        action="append",
        metavar="DATASET",
        help=(
            "rows that keep other languages: id or name; several times. Default: decisions in other languages, and "
            "the dataset of the test set"
        ),
    ),
    argument("--rehearsal-rows", type=int, help="training rows of each of these at most"),
    argument("--recipe", choices=[*filter(can_blend, RECIPES)], default="teacher", help="default: teacher"),
    argument("--preset", default=""),
    *CHANGES,
    argument(
        "--blend", choices=["yes", "no"], help="average the weights with the start's; default: if possible"
    ),
    argument("--name", default="", help="of the run"),
    [
        argument("--wait", action="store_true", help="follow a worker's progress until it is over"),
        argument("--here", action="store_true", help="run it in this process' place, without a worker"),
    ],
)
def _add(
    output: CommandOutput,
    *,
    language: str,
    data: Path | None,
    decisions: bool,
    start: str | None,
    mix_with: list[str] | None,
    rehearsal_rows: int | None,
    recipe: str,
    preset: str,
    config: str | None,
    changes: list[str],
    blend: str | None,
    name: str,
    wait: bool,
    here: bool,
    by: User | None,
    **options: Any,
) -> None:
    code = language_checked(language)
    others = None if mix_with is None else [dataset_of(named) for named in mix_with]
    differences = config_of(recipe, config, changes)
    version = _start(start, by) if start else version_judging(code)
    run = language_add(
        language=code,
        rows=_rows(code, data, decisions, options, by),
        start=version,
        mix_with=others,
        rehearsal_rows=rehearsal_rows,
        recipe=recipe,
        preset=preset,
        config=differences,
        blend=None if blend is None else blend == "yes",
        name=name,
        by=by,
    )
    output.aside(f"experiment {run.pk} is queued: {run.name}")
    output.aside(run.notes)
    if code not in identified_languages():
        output.aside(
            f"Texts in {code} are not identified as such: state their language, or set it for their source "
            "(manage.py source_language)."
        )
    if here:
        run_here(run)
    if here or wait:
        follow(output, run)
    _answer(output, fresh(run))


@VERBS.verb(
    "show", "what a run that adds a language did to every language", argument("experiment", metavar="ID")
)
def _show(output: CommandOutput, *, experiment: str, by: User | None) -> None:
    _answer(output, experiment_of(experiment))


def _rows(
    language: str, data: Path | None, decisions: bool, options: dict[str, Any], by: User | None
) -> Dataset:
    hold_out = options.pop("hold_out")
    values = file_values_of(options)
    of_file = {name: options.pop(name) for name in FROM_FILE}
    if decisions:
        if of_file["held_out"] is not None:
            raise CommandError("--held-out goes with --data; name a source of the decisions with --hold-out.")
        return language_rows_from_decisions(language=language, hold_out=hold_out, by=by)
    if data is None:
        raise CommandError("Give the rows: --data FILE, or --decisions.")
    with ExitStack() as stack:
        file, held_out = (
            File(stack.enter_context(path.open("rb")), name=path.name) if path is not None else None
            for path in (data, of_file.pop("held_out"))
        )
        assert file is not None
        labels = label_columns_of(of_file.pop("labels"))
        given = RowsFile(file, held_out, label_columns=labels, values=values, **of_file)
        return language_rows_from_file(language=language, given=given, hold_out=hold_out, by=by)


def _start(named: str, by: User | None) -> ModelVersion:
    """Return a registered version, or register the model in a folder."""
    folder = Path(named)
    if (folder / "manifest.json").is_file():
        return model_version_register(directory=folder, by=by)
    return version_of(named)


def _answer(output: CommandOutput, run: Experiment) -> None:
    change = run.result.get("languages") or {}
    lines = [f"{run.pk}  {run.status}"]
    if change:
        lines = [
            f"{run.model_version}, a candidate, started from {change['start']}",
            f"{'':<10}  {'rows':>7}  {'before':>7}  {'after':>7}",
            *(_line(tag, one, change) for tag, one in change["languages"].items()),
        ]
        if change["not_measured"]:
            lines.append(f"too few rows to measure: {', '.join(change['not_measured'])}")
        if change["unknown_pieces"]:
            lines.append(f"unknown wordpieces in {change['added']}: {change['unknown_pieces']:.1%}")
        lines.append(f"next: manage.py model show {run.model_version} --language {change['added']}")
    output.answer({**experiment_fields(run), "languages": change or None}, *lines)
    if run.status == RunStatus.FAILED:
        raise CommandError(f"Experiment {run.pk} failed: {run.failure_reason}")


def _line(tag: str, one: dict[str, Any], change: dict[str, Any]) -> str:
    before, after = ("-" if one[when] is None else f"{one[when]:.4f}" for when in ("before", "after"))
    status = "shipped" if tag in change["shipped"] else "experimental"
    return f"{tag:<10}  {one['rows']:>7,}  {before:>7}  {after:>7}  {status}"
