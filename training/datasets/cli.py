"""`manage.py dataset add-… | mix | build-mixture | list | show | make-test-set | delete`: datasets from anywhere."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files import File
from django.core.management.base import CommandError

from classifier.inference.files.layout import DELIMITERS
from classifier.models import User
from training.cli.base import CommandOutput, Verbs, argument
from training.cli.lookups import dataset_fields, dataset_line, dataset_of
from training.datasets.from_decisions import dataset_from_decisions
from training.datasets.hub import HUB_PRESETS, dataset_from_hub, dataset_load
from training.datasets.ingredients import ingredients_of, licence_class_of_dataset
from training.datasets.known_answers import dataset_from_known_answers
from training.datasets.mixtures import MixturePart, dataset_mix
from training.datasets.selectors import dataset_list, dataset_uses
from training.datasets.services import (
    FileValues,
    dataset_delete,
    dataset_from_folder,
    dataset_from_upload,
    dataset_make_test_set,
    file_values,
    label_columns_of,
)
from training.ml.mixture.licences import CLASSES
from training.models import SPLITS, Dataset

if TYPE_CHECKING:
    from training.ml.mixture.building import SourceReport
    from training.ml.mixture.sources import Source

FILE_VALUES = (
    argument(
        "--encoding", default="", metavar="NAME", help="of the files, such as cp1252 (default: found out)"
    ),
    argument(
        "--delimiter",
        default="",
        choices=["", *DELIMITERS.values()],
        help="of CSV files (default: found out)",
    ),
    argument("--label-cut", type=float, default=0.5, help="from here on a graded label is 1; default: 0.5"),
    argument("--label-words", default="", help="what labels in words mean, such as OFF=1,NOT=0"),
)
VERBS = Verbs()
DATASET = argument("dataset", metavar="ID-OR-NAME")
NAMED = (argument("--name", required=True), argument("--description", default=""))
COLUMNS = (
    *NAMED,
    argument("--attribution", default=""),
    argument("--license", default="", dest="license_name"),
    argument("--licence-class", default="", choices=["", *CLASSES], help="default: by the licence's name"),
    argument("--text-column", default="text", help="default: text"),
    argument("--labels", default="toxic", help="columns, COLUMN=LABEL where names differ; default: toxic"),
)


@VERBS.verb(
    "add-folder",
    "freeze the files of a folder",
    argument("folder", type=Path, help="with train, validation, test .parquet, .csv, .tsv or .jsonl"),
    *COLUMNS,
    *FILE_VALUES,
)
def _add_folder(output: CommandOutput, *, labels: str, **options: Any) -> None:
    values = file_values_of(options)
    _made(output, dataset_from_folder(label_columns=label_columns_of(labels), values=values, **options))


@VERBS.verb(
    "add-file",
    "freeze files, one a split",
    *(
        argument(f"--{split}", type=Path, metavar="FILE", help=".parquet, .csv, .tsv or .jsonl")
        for split in SPLITS
    ),
    *COLUMNS,
    *FILE_VALUES,
)
def _add_file(output: CommandOutput, *, labels: str, **options: Any) -> None:
    paths = {split: options.pop(split) for split in SPLITS}
    values = file_values_of(options)
    with ExitStack() as stack:
        files = {
            split: File(stack.enter_context(path.open("rb")), name=path.name)
            for split, path in paths.items()
            if path
        }
        dataset = dataset_from_upload(
            files=files, label_columns=label_columns_of(labels), values=values, **options
        )
    _made(output, dataset)


def file_values_of(options: dict[str, Any]) -> FileValues:
    """Take how files are read out of the options."""
    return file_values(
        **{name: options.pop(name) for name in ("encoding", "delimiter", "label_cut", "label_words")}
    )


@VERBS.verb(
    "add-hub",
    "freeze a dataset of the Hugging Face hub",
    argument("hub_name", help=f"such as owner/name, or one of {', '.join(HUB_PRESETS)}"),
    *COLUMNS,
    argument("--configuration", default=""),
    argument("--revision", default=""),
    argument("--here", action="store_true", help="load it in this process, without a worker"),
)
def _add_hub(
    output: CommandOutput, *, hub_name: str, text_column: str, labels: str, here: bool, **options: Any
) -> None:
    known = HUB_PRESETS.get(hub_name)
    dataset = dataset_from_hub(
        hub_name=known.hub_name if known else hub_name,
        text_column=known.text_column if known else text_column,
        label_columns=known.label_columns if known else label_columns_of(labels),
        **options,
    )
    if here:
        dataset_load(dataset_id=dataset.pk)
        dataset.refresh_from_db()
        if dataset.state == "failed":
            raise CommandError(str(dataset.statistics.get("problem")))
    _made(output, dataset)


@VERBS.verb(
    "add-decisions",
    "freeze moderators' decisions",
    *NAMED,
    argument("--test-share", type=float, default=0.1),
    argument("--validation-share", type=float, default=0.1),
    argument("--weight", type=float, default=1.0, help="of each row"),
    argument("--source", action="append", default=[], dest="sources", help="only this one; several times"),
    argument("--suggestions", action="store_true", help="and what came in through the API"),
    argument("--automatic", action="store_true", help="and what policies decided"),
)
def _add_decisions(output: CommandOutput, **options: Any) -> None:
    _made(output, dataset_from_decisions(**options))


@VERBS.verb("add-golden", "freeze known answers into test rows")
def _add_known_answers(output: CommandOutput, *, by: User | None) -> None:
    _made(output, dataset_from_known_answers(by=by))


@VERBS.verb(
    "mix",
    "mix datasets by weight into a new one",
    argument("parts", nargs="+", metavar="DATASET[:WEIGHT]", help="id or name, and a weight"),
    *NAMED,
    argument(
        "--cap", action="append", default=[], metavar="DATASET:ROWS", help="training rows of it at most"
    ),
    argument(
        "--map",
        action="append",
        default=[],
        dest="maps",
        metavar="DATASET:LABEL=NAME",
        help="what a label of it is called in the mixture; several times",
    ),
    argument(
        "--negatives-unknown",
        action="append",
        default=[],
        metavar="DATASET:LABEL",
        help="a 0 of this label says nothing: the set marks one kind of toxicity alone; several times",
    ),
)
def _mix(
    output: CommandOutput,
    *,
    parts: list[str],
    cap: list[str],
    maps: list[str],
    negatives_unknown: list[str],
    **options: Any,
) -> None:
    chosen = {part.dataset.pk: part for part in map(_part, parts)}
    for option, texts in (("--cap", cap), ("--map", maps), ("--negatives-unknown", negatives_unknown)):
        for text in texts:
            name, _, value = text.rpartition(":")
            part = chosen.get(dataset_of(name).pk) if name else None
            if part is None:
                raise CommandError(f"{option} {text}: name a dataset of the mixture before the colon.")
            chosen[part.dataset.pk] = _with_option(part, option, value)
    _made(output, dataset_mix(parts=list(chosen.values()), **options))


def _part(text: str) -> MixturePart:
    name, colon, weight = text.rpartition(":")
    try:
        return MixturePart(dataset_of(name), float(weight)) if colon else MixturePart(dataset_of(text))
    except ValueError:
        return MixturePart(dataset_of(text))


def _with_option(part: MixturePart, option: str, value: str) -> MixturePart:
    if option == "--negatives-unknown":
        return replace(part, negatives_unknown=(*part.negatives_unknown, value))
    if option == "--cap":
        if not value.isdecimal():
            raise CommandError(f"--cap {part.dataset}:{value}: write a whole number of rows.")
        return replace(part, most_rows=int(value))
    label, equals, name = value.partition("=")
    if not (label and equals and name):
        raise CommandError(f"--map {part.dataset}:{value}: write LABEL=NAME.")
    return replace(part, label_names={**part.label_names, label: name})


@VERBS.verb(
    "build-mixture",
    "make the table of public sets that the starter learns from, from their repositories",
    argument("file", type=Path, help="the parquet file to write"),
    argument("--only", nargs="+", default=[], metavar="SOURCE", help="these sets alone"),
    argument(
        "--without-class", nargs="+", default=[], metavar="CLASS", help="leave out sets of a licence class"
    ),
    argument("--cache", type=Path, help="where fetched files are kept; default: VAR_DIR/mixture"),
    argument("--mirror", type=Path, help="folder that is asked before the web, laid out as REPO@COMMIT/PATH"),
    argument("--offline", action="store_true", help="fetch nothing: cache and mirror alone"),
    argument("--hashes", type=Path, help="JSON file of known hashes; default: that of the program"),
    argument(
        "--accept-changed", action="store_true", help="go on with a file whose hash is another, and note it"
    ),
    argument("--skip-missing", action="store_true", help="leave out a set that cannot be fetched or read"),
    argument(
        "--wiki",
        default=HUB_PRESETS["wiki_toxic"].hub_name,
        help="folder or hub name whose validation and test texts are left out; none: '' (default: wiki_toxic)",
    ),
    argument(
        "--leave-out", nargs="+", type=Path, default=[], metavar="FILE", help="files of texts to leave out"
    ),
)
def _build_mixture(
    output: CommandOutput,
    *,
    file: Path,
    only: list[str],
    without_class: list[str],
    by: User | None,
    **options: Any,
) -> None:
    from training.ml.mixture.sources import BY_NAME, SOURCES

    for wrong in set(only) - set(BY_NAME):
        raise CommandError(f"--only: there is no set {wrong}; there are: {', '.join(BY_NAME)}.")
    for wrong in set(without_class) - set(CLASSES):
        raise CommandError(f"--without-class: there is no class {wrong}; there are: {', '.join(CLASSES)}.")
    chosen = [
        source
        for source in SOURCES
        if (not only or source.name in only) and source.licence_class not in without_class
    ]
    if not chosen:
        raise CommandError("No set is left; name other sets or classes.")
    reports = _built(output, file, chosen, **options)
    rows = sum(report.rows for report in reports)
    lines = [report.line() for report in reports]
    output.answer(
        {"file": str(file), "rows": rows, "sources": [asdict(report) for report in reports]},
        *lines,
        f"{rows:,} rows of {sum(not report.problem for report in reports)} sets in {file}",
    )


def _built(
    output: CommandOutput,
    file: Path,
    chosen: "Sequence[Source]",
    *,
    cache: Path | None,
    mirror: Path | None,
    offline: bool,
    hashes: Path | None,
    accept_changed: bool,
    skip_missing: bool,
    wiki: str,
    leave_out: list[Path],
) -> "list[SourceReport]":
    """Build with the errors of reading and fetching as one sentence each."""
    from training.ml.data.tables import DataError
    from training.ml.evaluation.judged_texts import texts_of
    from training.ml.mixture.building import build, texts_of_splits
    from training.ml.mixture.fetching import KNOWN_HASHES, Fetcher, FetchError, Hashes
    from training.ml.mixture.reading import SourceFormatError

    if mirror is not None and not mirror.is_dir():
        raise CommandError(f"--mirror: there is no folder {mirror}.")
    try:
        judged = texts_of_splits(wiki) if wiki else []
        judged += [text for path in leave_out for text in texts_of(path)]
        fetcher = Fetcher(
            cache or Path(settings.VAR_DIR) / "mixture",
            Hashes.read(hashes or KNOWN_HASHES),
            mirror=mirror,
            offline=offline,
            accept_changed=accept_changed,
            report=output.aside,
        )
        with closing(fetcher):
            return build(
                chosen, fetcher, file, leave_out=judged, skip_missing=skip_missing, report=output.aside
            )
    except (FetchError, SourceFormatError, DataError, ValueError) as error:
        raise CommandError(str(error)) from error


@VERBS.verb("list", "list datasets, newest first", argument("--limit", type=int, default=100))
def _list(output: CommandOutput, *, limit: int, by: User | None) -> None:
    rows = list(dataset_list()[: max(limit, 1)])
    output.answer([dataset_fields(row) for row in rows], *map(dataset_line, rows))


@VERBS.verb("show", "show one with its statistics", DATASET)
def _show(output: CommandOutput, *, dataset: str, by: User | None) -> None:
    row = dataset_of(dataset)
    output.answer(
        {
            **dataset_fields(row),
            "description": row.description,
            "license": row.license_name,
            "licence_class": licence_class_of_dataset(row),
            "sources": [one.to_dict() for one in ingredients_of(row)],
            "attribution": row.attribution,
            "statistics": row.statistics,
            "experiments": [run.pk for run in dataset_uses(dataset=row)["experiments"]],
        }
    )


@VERBS.verb("make-test-set", "measure every version on its test rows", DATASET)
def _make_test_set(output: CommandOutput, *, dataset: str, by: User | None) -> None:
    row = dataset_of(dataset)
    dataset_make_test_set(dataset=row, by=by)
    output.answer(dataset_fields(row), f"every version is measured on the test rows of {row} now")


@VERBS.verb("delete", "remove its files; its row stays for the history", DATASET)
def _delete(output: CommandOutput, *, dataset: str, by: User | None) -> None:
    row = dataset_of(dataset)
    name = row.name
    dataset_delete(dataset=row, by=by)
    output.answer({"id": row.pk, "deleted": True}, f"{name} is deleted")


def _made(output: CommandOutput, dataset: Dataset) -> None:
    output.answer(dataset_fields(dataset), dataset_line(dataset))
