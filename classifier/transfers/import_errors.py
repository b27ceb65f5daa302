"""The file of rows that an import could not take: CSV that is safe to open, never longer than what was committed."""

import csv
import io
import os
from pathlib import Path

from classifier.core.validation import ValidationProblem
from toxicsite.lib.spreadsheets import cell

COLUMNS = ("line", "field", "message", "row")
KEPT = 100_000


class ErrorFile:
    """Written before the transaction that counts its rows; what a killed worker wrote beyond that is cut off."""

    def __init__(self, path: Path, *, size: int, rows: int) -> None:
        self.path = path
        self.size = size
        self.rows = rows

    def add(self, errors: list[tuple[int, list[ValidationProblem], str]]) -> None:
        """Append the problems of rows (line, problems, what stood there), and have them on the disk."""
        if not errors:
            return
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        if self.size == 0:
            writer.writerow(COLUMNS)
        for line, problems, raw in errors:
            if self.rows >= KEPT:
                break
            for problem in problems:
                writer.writerow([line, problem.field, problem.message, cell(raw)])
            self.rows += 1
        data = buffer.getvalue().encode()
        if not self.path.exists():  # it was tidied away since
            self.size = 0
        with self.path.open("r+b" if self.path.exists() else "w+b") as stream:
            stream.truncate(self.size)
            stream.seek(self.size)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        self.size += len(data)
