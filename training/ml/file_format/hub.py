"""Reading a dataset of the Hugging Face hub, by the `datasets` library, into checked rows."""

import re
from collections.abc import Mapping
from typing import Any

from training.ml.file_format.rows import SPLITS, Limits, Rows, RowsRejected
from training.ml.file_format.values import Collector, check_columns, check_label_columns

HUB_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?\Z")


def read_hub(
    name: str,
    *,
    text_column: str,
    label_columns: Mapping[str, str],
    limits: Limits,
    configuration: str | None = None,
    revision: str | None = None,
) -> tuple[dict[str, Rows], dict[str, int]]:
    """Load a hub dataset and return its splits, and how many rows were left out, by reason.

    `datasets` also takes a folder below the working directory for a name: run this where there is none. Rows without
    text, and rows flagged `in_train_text` (leakage), are left out. Raises RowsRejected.
    """
    import datasets

    check_hub_name(name)
    check_label_columns(label_columns, text_column)
    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(name, name=configuration, revision=revision)
    except Exception as error:
        raise RowsRejected(why_not_loaded(name, error), field="hub_name") from error
    splits: dict[str, Rows] = {}
    left_out = {"empty": 0, "leaked": 0}
    for split in SPLITS:
        if split not in loaded:
            continue
        part = loaded[split]
        shown = f"{name}:{split}"
        needed = label_columns if split == "train" else dict(list(label_columns.items())[:1])
        check_columns(part.column_names, text_column, needed, shown, limits)
        if len(part) > limits.rows:
            raise RowsRejected(
                f"there are {len(part):,} rows; at most {limits.rows:,} are read (DATASET_MAX_ROWS).",
                file=shown,
            )
        splits[split], empty, leaked = _collect(
            part, shown, text_column, label_columns, limits, partial=split != "train"
        )
        left_out["empty"] += empty
        left_out["leaked"] += leaked
    if "train" not in splits and "test" not in splits:
        raise RowsRejected(
            f"{name} has the splits {', '.join(loaded)}; one called train (or test) is needed.",
            field="hub_name",
        )
    return splits, {reason: count for reason, count in left_out.items() if count}


def check_hub_name(name: str) -> None:
    """Refuse what is no name of a hub dataset, a path above all."""
    if not HUB_NAME.match(name) or ".." in name or "--" in name:
        raise RowsRejected(
            f"{name[:100]!r} is no hub name; write it as OWNER/NAME, for example OxAISH-AL-LLM/wiki_toxic.",
            field="hub_name",
        )


def _collect(
    part: Any,
    shown: str,
    text_column: str,
    label_columns: Mapping[str, str],
    limits: Limits,
    *,
    partial: bool,
) -> tuple[Rows, int, int]:
    columns = {text_column, *label_columns, "weight", "source", "in_train_text"} & set(part.column_names)
    collector = Collector(shown, text_column, label_columns, limits, skip_empty=True, partial=partial)
    leaked = 0
    for batch in part.select_columns(sorted(columns)).iter(batch_size=1_000):
        for values in zip(*batch.values(), strict=True):
            row = dict(zip(batch, values, strict=True))
            if row.pop("in_train_text", False):
                leaked += 1
                continue
            collector.add(row)
    return collector.rows(), collector.empty, leaked


def why_not_loaded(name: str, error: Exception) -> str:
    """Say why the hub dataset `name` could not be loaded, and what to do."""
    kind = type(error).__name__
    first = (str(error).strip().splitlines() or [kind])[0][:200]
    if kind in ("DatasetNotFoundError", "RepositoryNotFoundError"):
        return f"the hub has no dataset {name!r} that is open to all; look at its name again. ({first})"
    if isinstance(error, ConnectionError | TimeoutError) or "Offline" in kind or "Connect" in kind:
        return f"the hub cannot be reached, and {name!r} is not in its cache here; try again later. ({first})"
    return f"{name!r} cannot be loaded: {first}"
