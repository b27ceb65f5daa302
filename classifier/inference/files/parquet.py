"""Rows of a parquet file in small batches; nothing of what it claims is believed before it is bounded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.inference.files.bounds import Unpacked
from classifier.inference.files.lines import FileUnreadable

BATCH_ROWS = 256
LONGEST_FOOTER_STRING, MOST_FOOTER_ITEMS = 8 * 1024 * 1024, 1_000_000


@dataclass(frozen=True)
class ParquetLimits:
    """What a file may hold at most; `batch` are the bytes of BATCH_ROWS rows. None of `columns` reads all of them."""

    rows: int = 100_000_000
    unpacked: int = 64 * 1024**3
    batch: int = 512 * 1024**2
    columns: tuple[str, ...] | None = None


NO_LIMITS = ParquetLimits()


def parquet_columns(path: Path) -> dict[str, str]:
    """Return the columns with their types, as `schema` shows them. Raises FileUnreadable."""
    with _opened(path) as file:
        return {field.name: str(field.type) for field in file.schema_arrow}


def parquet_rows(path: Path, begin: int, limits: ParquetLimits) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each row, from 1, and its values, behind the first `begin` rows. Raises FileUnreadable."""
    import pyarrow as pa

    try:
        with _opened(path) as file:
            names = [
                name for name in file.schema_arrow.names if limits.columns is None or name in limits.columns
            ]
            _check_claims(file.metadata, names, limits)
            number = 0
            unpacked = Unpacked(path.stat().st_size, limits.unpacked)
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names, use_threads=False):
                unpacked.add(batch.nbytes)
                if number + batch.num_rows <= begin:
                    number += batch.num_rows
                    continue
                if batch.nbytes > limits.batch:
                    raise MemoryError
                for values in batch.to_pylist():
                    number += 1
                    if number > begin:
                        yield number, values
    except MemoryError:
        raise FileUnreadable("Unpacking this file takes more memory than is allowed.") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"This is no readable parquet file ({_first_line(error)}).") from None


def _opened(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(
            path,
            pre_buffer=False,
            thrift_string_size_limit=LONGEST_FOOTER_STRING,
            thrift_container_size_limit=MOST_FOOTER_ITEMS,
        )
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"This is no readable parquet file ({_first_line(error)}).") from None


def _check_claims(metadata: Any, names: list[str], limits: ParquetLimits) -> None:
    """Check what the footer claims before a single page is unpacked."""
    if metadata.num_rows > limits.rows:
        raise FileUnreadable(f"There are {metadata.num_rows:,} rows; at most {limits.rows:,} are read.")
    unpacked = sum(
        metadata.row_group(group).column(column).total_uncompressed_size
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
        if metadata.row_group(group).column(column).path_in_schema.partition(".")[0] in names
    )
    if unpacked > limits.unpacked:
        raise FileUnreadable(f"Unpacked it has {unpacked:,} bytes; at most {limits.unpacked:,} are read.")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
