"""Building the mixture: reading every source, merging equal texts, leaving out what models are judged by, one table.

The columns are text, label (the set's own), split, source, lang, the six labels, and licence_class. A text that several
sets have becomes one row: that of the set with the freest licence, the first of the catalogue among equals. Sets of one
licence class add what they know of a label; where they disagree, it is unknown. What a stricter licence covers
never changes a row of a freer one, so that leaving its class out leaves nothing of it behind.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toxicsite.lib.files import replacing
from training.ml.data.tables import DataError, load_rows
from training.ml.file_format.rows import text_digest
from training.ml.mixture.fetching import Fetcher, FetchError
from training.ml.mixture.licences import STRICTEST
from training.ml.mixture.reading import LABELS, UNKNOWN, Row, SourceFormatError, usable
from training.ml.mixture.sources import Source

TEXT_COLUMNS = ("comment_text", "text")


@dataclass
class SourceReport:
    """What became of one source: rows read, of them with label 1 and 0, rows in the table, hashes of its files."""

    name: str
    expected: tuple[int, int, int]
    read: int = 0
    positive: int = 0
    negative: int = 0
    unusable: int = 0
    merged: int = 0
    left_out: int = 0
    nothing_known: int = 0
    rows: int = 0
    files: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    def line(self) -> str:
        """Return the numbers in one line, with those of the first mixture."""
        if self.problem:
            return f"{self.name}: left out: {self.problem}"
        return (
            f"{self.name}: {self.read:,} rows read ({self.positive:,} / {self.negative:,}), "
            f"expected {self.expected[0]:,} ({self.expected[1]:,} / {self.expected[2]:,}); {self.rows:,} in the table, "
            f"{self.merged:,} merged, {self.left_out:,} judged elsewhere, {self.nothing_known:,} without a known label"
        )


@dataclass
class _Merged:
    """One text of the table: its row, which source it is, and labels on which sets have disagreed."""

    row: Row
    source: Source
    report: SourceReport
    labels: dict[str, int]
    label: int
    disputed: set[str] = field(default_factory=set)

    def add(self, row: Row) -> None:
        """Add what another row of the same text knows."""
        self.label = self._agreed("label", self.label, row.label)
        for name in LABELS:
            self.labels[name] = self._agreed(name, self.labels[name], row.labels.get(name, UNKNOWN))

    def _agreed(self, name: str, mine: int, other: int) -> int:
        if name in self.disputed or other == UNKNOWN:
            return mine
        if mine in (UNKNOWN, other):
            return other
        self.disputed.add(name)
        return UNKNOWN


def build(
    sources: Sequence[Source],
    fetcher: Fetcher,
    output: Path,
    *,
    leave_out: Iterable[str] = (),
    skip_missing: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> list[SourceReport]:
    """Write the table of these sources to `output` (parquet) and return what became of each, in catalogue order.

    `leave_out` are texts that must not be in it, such as those of wiki_toxic's validation and test: equal after
    normalising, whatever the case. Raises FetchError and SourceFormatError at the first source that cannot be had; with
    `skip_missing` such a source is reported and left out.
    """
    judged = {text_digest(text) for text in leave_out}
    merged: dict[bytes, _Merged] = {}
    reports = {source.name: SourceReport(source.name, source.expected) for source in sources}
    for source in sorted(sources, key=lambda source: STRICTEST.index(source.licence_class)):
        own = reports[source.name]
        try:
            files, own.files = fetcher.files(source)
            rows = list(_counted(source.read(files), own))
        except (FetchError, SourceFormatError) as error:
            if not skip_missing:
                raise type(error)(f"{source.name}: {error}") from error
            reports[source.name] = SourceReport(source.name, source.expected, problem=str(error))
            continue
        except (KeyError, ValueError, TypeError, IndexError) as error:
            problem = f"{source.name}: its files are not in the format that they had ({type(error).__name__}: {error})."
            raise SourceFormatError(problem) from error
        _merge(source, rows, own, merged, judged)
        report(f"{source.name}: {own.read:,} rows read")
    fetcher.hashes.write()
    table = []
    for entry in merged.values():
        if any(value != UNKNOWN for value in entry.labels.values()):
            table.append(entry)
            entry.report.rows += 1
        else:
            entry.report.nothing_known += 1
    order = {source.name: index for index, source in enumerate(sources)}
    table.sort(key=lambda entry: order[entry.source.name])  # stable: rows of a source stay in their order
    _write(table, output)
    return [reports[source.name] for source in sources]


def texts_of_splits(source: str, splits: Sequence[str] = ("validation", "test")) -> list[str]:
    """Return the texts of these splits of a folder or a hub dataset, as wiki_toxic has them. Raises DataError."""
    texts: list[str] = []
    for split in splits:
        rows = load_rows(source, split)
        column = next((name for name in TEXT_COLUMNS if name in rows.column_names), None)
        if column is None:
            raise DataError(f"{source} has none of the columns {', '.join(TEXT_COLUMNS)}")
        texts += [text for text in rows[column] if text]
    return texts


def _counted(rows: Iterable[Row], own: SourceReport) -> Iterator[Row]:
    for row in rows:
        if not usable(row.text):
            own.unusable += 1
            continue
        own.read += 1
        own.positive += row.label == 1
        own.negative += row.label == 0
        yield row


def _merge(
    source: Source,
    rows: Iterable[Row],
    own: SourceReport,
    merged: dict[bytes, _Merged],
    judged: Collection[bytes],
) -> None:
    for row in rows:
        digest = text_digest(row.text)
        if digest in judged:
            own.left_out += 1
            continue
        entry = merged.get(digest)
        if entry is None:
            labels = {name: row.labels.get(name, UNKNOWN) for name in LABELS}
            merged[digest] = _Merged(row, source, own, labels, row.label)
            continue
        own.merged += 1
        if entry.source.licence_class == source.licence_class:
            entry.add(row)


def _write(table: Sequence[_Merged], output: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {
        "text": pa.array([entry.row.text for entry in table], pa.string()),
        "label": pa.array([entry.label for entry in table], pa.int8()),
        "split": pa.array([entry.row.split for entry in table], pa.string()),
        "source": pa.array([entry.source.name for entry in table], pa.string()),
        "lang": pa.array([entry.row.language for entry in table], pa.string()),
    }
    for name in LABELS:
        columns[name] = pa.array([entry.labels[name] for entry in table], pa.int8())
    columns["licence_class"] = pa.array([entry.source.licence_class for entry in table], pa.string())
    output.parent.mkdir(parents=True, exist_ok=True)
    with replacing(output) as aside:
        pq.write_table(pa.table(columns), aside, compression="zstd", compression_level=9)
