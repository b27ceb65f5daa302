"""`manage.py dataset add-… | mix | list | show | make-test-set | delete`: datasets from files, the hub, decisions."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import CommandError

from training.cli.base import Said, Verb
from training.cli.lookups import dataset_fields, dataset_line, dataset_of
from training.datasets.from_decisions import dataset_from_decisions
from training.datasets.hub import HUB_PRESETS, dataset_from_hub, dataset_load
from training.datasets.known_answers import dataset_from_known_answers
from training.datasets.mixtures import dataset_mix
from training.datasets.selectors import dataset_list, dataset_uses
from training.datasets.services import (
    dataset_delete,
    dataset_from_folder,
    dataset_from_upload,
    dataset_make_test_set,
    label_columns_of,
)
from training.models import SPLITS, Dataset


def _one(parser: ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="ID-OR-NAME")


def _named(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True)
    parser.add_argument("--description", default="")


def _columns(parser: ArgumentParser, text: str = "text", labels: str = "toxic") -> None:
    _named(parser)
    parser.add_argument("--attribution", default="")
    parser.add_argument("--license", default="", dest="license_name")
    parser.add_argument("--text-column", default=text, help=f"default: {text}")
    parser.add_argument(
        "--labels", default=labels, help=f"columns, COLUMN=LABEL where names differ; default: {labels}"
    )


def _credits(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in ("name", "description", "attribution", "license_name", "by")}


def _made(said: Said, dataset: Dataset) -> None:
    said.answer(dataset_fields(dataset), dataset_line(dataset))


def _folder_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="with train, validation, test .parquet, .csv or .jsonl")
    _columns(parser)


def _add_folder(said: Said, options: dict[str, Any]) -> None:
    columns = label_columns_of(options["labels"])
    made = dataset_from_folder(
        folder=options["folder"],
        text_column=options["text_column"],
        label_columns=columns,
        **_credits(options),
    )
    _made(said, made)


def _file_arguments(parser: ArgumentParser) -> None:
    for split in SPLITS:
        parser.add_argument(f"--{split}", type=Path, metavar="FILE", help=".parquet, .csv or .jsonl")
    _columns(parser)


def _add_file(said: Said, options: dict[str, Any]) -> None:
    opened = {}
    try:
        for split in SPLITS:
            if options[split]:
                opened[split] = File(options[split].open("rb"), name=options[split].name)
        made = dataset_from_upload(
            files=opened,
            text_column=options["text_column"],
            label_columns=label_columns_of(options["labels"]),
            **_credits(options),
        )
    finally:
        for file in opened.values():
            file.close()
    _made(said, made)


def _hub_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("hub_name", help=f"such as owner/name, or one of {', '.join(HUB_PRESETS)}")
    _columns(parser)
    parser.add_argument("--configuration", default="")
    parser.add_argument("--revision", default="")
    parser.add_argument("--here", action="store_true", help="load it in this process, without a worker")


def _add_hub(said: Said, options: dict[str, Any]) -> None:
    known = HUB_PRESETS.get(options["hub_name"])
    columns: dict[str, Any] = {
        "hub_name": known.hub_name if known else options["hub_name"],
        "text_column": known.text_column if known else options["text_column"],
        "label_columns": known.label_columns if known else label_columns_of(options["labels"]),
    }
    made = dataset_from_hub(
        configuration=options["configuration"], revision=options["revision"], **columns, **_credits(options)
    )
    if options["here"]:
        dataset_load(dataset_id=made.pk)
        made.refresh_from_db()
        if made.state == "failed":
            raise CommandError(str(made.statistics.get("problem")))
    _made(said, made)


def _decisions_arguments(parser: ArgumentParser) -> None:
    _named(parser)
    parser.add_argument("--test-share", type=float, default=0.1)
    parser.add_argument("--validation-share", type=float, default=0.1)
    parser.add_argument("--weight", type=float, default=1.0, help="of each row")
    parser.add_argument("--source", action="append", default=[], help="only this one; several times")
    parser.add_argument("--suggestions", action="store_true", help="and what came in through the API")
    parser.add_argument("--automatic", action="store_true", help="and what policies decided")


def _add_decisions(said: Said, options: dict[str, Any]) -> None:
    made = dataset_from_decisions(
        name=options["name"],
        description=options["description"],
        test_share=options["test_share"],
        validation_share=options["validation_share"],
        weight=options["weight"],
        sources=options["source"],
        suggestions=options["suggestions"],
        automatic=options["automatic"],
        by=options["by"],
    )
    _made(said, made)


def _no_arguments(parser: ArgumentParser) -> None:
    """Everything in use goes in."""


def _add_golden(said: Said, options: dict[str, Any]) -> None:
    _made(said, dataset_from_known_answers(by=options["by"]))


def _mix_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("parts", nargs="+", metavar="DATASET[:WEIGHT]", help="id or name, and a weight")
    _named(parser)


def _mix(said: Said, options: dict[str, Any]) -> None:
    parts = [_part(text) for text in options["parts"]]
    _made(
        said,
        dataset_mix(name=options["name"], parts=parts, description=options["description"], by=options["by"]),
    )


def _part(text: str) -> tuple[Dataset, float]:
    named, colon, weight = text.rpartition(":")
    try:
        return (dataset_of(named), float(weight)) if colon else (dataset_of(text), 1.0)
    except ValueError:
        return dataset_of(text), 1.0


def _nothing(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=100)


def _list(said: Said, options: dict[str, Any]) -> None:
    rows = list(dataset_list()[: max(options["limit"], 1)])
    said.answer([dataset_fields(row) for row in rows], *map(dataset_line, rows))


def _show(said: Said, options: dict[str, Any]) -> None:
    dataset = dataset_of(options["dataset"])
    uses = [run.pk for run in dataset_uses(dataset=dataset)["experiments"]]
    said.answer(
        {
            **dataset_fields(dataset),
            "description": dataset.description,
            "license": dataset.license_name,
            "attribution": dataset.attribution,
            "statistics": dataset.statistics,
            "experiments": uses,
        }
    )


def _make_test_set(said: Said, options: dict[str, Any]) -> None:
    dataset = dataset_of(options["dataset"])
    dataset_make_test_set(dataset=dataset, by=options["by"])
    said.answer(dataset_fields(dataset), f"every version is measured on the test rows of {dataset} now")


def _delete(said: Said, options: dict[str, Any]) -> None:
    dataset = dataset_of(options["dataset"])
    name = dataset.name
    dataset_delete(dataset=dataset, by=options["by"])
    said.answer({"id": dataset.pk, "deleted": True}, f"{name} is deleted")


VERBS = [
    Verb("add-folder", "freeze the files of a folder", _folder_arguments, _add_folder),
    Verb("add-file", "freeze files, one a split", _file_arguments, _add_file),
    Verb("add-hub", "freeze a dataset of the Hugging Face hub", _hub_arguments, _add_hub),
    Verb("add-decisions", "freeze moderators' decisions", _decisions_arguments, _add_decisions),
    Verb("add-golden", "freeze known answers into test rows", _no_arguments, _add_golden),
    Verb("mix", "mix datasets by weight into a new one", _mix_arguments, _mix),
    Verb("list", "list datasets, newest first", _nothing, _list),
    Verb("show", "show one with its statistics", _one, _show),
    Verb("make-test-set", "measure every version on its test rows", _one, _make_test_set),
    Verb("delete", "remove its files; its row stays for the history", _one, _delete),
]
