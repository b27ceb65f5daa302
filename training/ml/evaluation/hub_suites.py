"""Test suites of the Hugging Face hub, read by the `datasets` library: HateCheck, Multilingual HateCheck, or any other.

    python -m training.ml.evaluation.hub_suites FOLDER

FOLDER/job.json says what to read: {"hub_name", "configuration", "revision"}. FOLDER/cases.json gets the cases, or
FOLDER/error.json why not. `datasets` takes a folder below the working directory for a hub name, so this runs in a
process of its own whose working directory is empty.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.ml.evaluation.suites import MOST_CASES, Case, SuiteError, cases_of_rows, column_places
from training.ml.file_format.hub import check_hub_name, why_not_loaded
from training.ml.file_format.rows import RowsRejected

REFUSED = 2
LICENCE = "CC BY 4.0"
LANGUAGES = (
    *(
        "Arabic",
        "Dutch",
        "French",
        "German",
        "Hindi",
        "Italian",
        "Mandarin",
        "Polish",
        "Portuguese",
        "Spanish",
    ),
)


@dataclass(frozen=True)
class SuitePreset:
    """A well-known suite of the hub, with the description that a suite made of it gets."""

    hub_name: str
    title: str
    description: str


SUITE_PRESETS = {
    "hatecheck": SuitePreset(
        "Paul/hatecheck",
        "HateCheck",
        "Functional tests of hate speech detection in English: 3,728 cases in 29 functionalities (Röttger et al. "
        f"2021, {LICENCE}).",
    ),
    **{
        f"hatecheck-{language.lower()}": SuitePreset(
            f"Paul/hatecheck-{language.lower()}",
            f"HateCheck, {language}",
            f"Functional tests of hate speech detection in {language}, of Multilingual HateCheck (Röttger et al. "
            f"2022, {LICENCE}).",
        )
        for language in LANGUAGES
    },
}


def read_hub_suite(name: str, *, configuration: str | None = None, revision: str | None = None) -> list[Case]:
    """Return the cases of a hub dataset with the columns of suites: its split called test, or its only one.

    HateCheck (functionality, case_id, test_case, label_gold, target_ident, …) and Multilingual HateCheck (mhc_case_id,
    functionality, test_case, label_gold, target_ident, …) are of this kind. Raises SuiteError, and RowsRejected for
    a name that the hub does not have.
    """
    import datasets

    check_hub_name(name)
    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(name, name=configuration, revision=revision)
    except Exception as error:
        raise RowsRejected(why_not_loaded(name, error), field="hub_name") from error
    if "test" not in loaded and len(loaded) > 1:
        raise SuiteError(
            f"{name} has the splits {', '.join(loaded)}", "one called test, or a single one, is needed"
        )
    part = loaded["test"] if "test" in loaded else next(iter(loaded.values()))
    if len(part) > MOST_CASES:
        raise SuiteError(f"{name} has {len(part):,} rows", f"at most {MOST_CASES:,} cases make a suite")
    return cases_of_rows(_rows(part))


def _rows(part: Any) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (row number, the first row of data being 2 as in a file with a header; cells by our own column names)."""
    names = list(part.column_names)
    columns = {own: names[place] for own, place in column_places(names).items()}
    row = 1
    for batch in part.select_columns(sorted(set(columns.values()))).iter(batch_size=1_000):
        for place in range(len(batch[columns["text"]])):
            row += 1
            yield row, {own: _cell(batch[column][place]) for own, column in columns.items()}


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def main(folder: Path) -> int:
    """Read what FOLDER/job.json names; 0 when done, 2 when it was refused."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    try:
        cases = read_hub_suite(
            job["hub_name"],
            configuration=job.get("configuration") or None,
            revision=job.get("revision") or None,
        )
    except (RowsRejected, SuiteError) as error:
        field = error.field if isinstance(error, RowsRejected) else "hub_name"
        (folder / "error.json").write_text(
            json.dumps({"field": field, "message": str(error)}), encoding="utf-8"
        )
        return REFUSED
    (folder / "cases.json").write_text(json.dumps([case.to_dict() for case in cases]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
