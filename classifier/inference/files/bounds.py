"""Bounds on what a file unpacks to, counted while it is read: what it claims of itself is not believed.

A small file may unpack to very much (a parquet file of 1.3 kB to 1.2 GB), so the bound grows with the file.
"""

from dataclasses import dataclass

from classifier.inference.files.lines import FileUnreadable

ANY_FILE = 16 * 1024 * 1024  # bytes that every file may unpack to
RATIO = 200  # and so many for each byte of the file; texts and numbers that people store shrink 3 to 30 times


@dataclass
class Unpacked:
    """Count the bytes that a file has unpacked to; `most` is for files of every size."""

    size: int
    most: int
    bytes: int = 0

    @property
    def allowed(self) -> int:
        return min(self.most, ANY_FILE + RATIO * self.size)

    def add(self, count: int) -> None:
        """Count what was just unpacked. Raises FileUnreadable when the file has unpacked to more than is allowed."""
        self.bytes += count
        if self.bytes > self.allowed:
            raise FileUnreadable(
                f"This file of {self.size:,} bytes unpacks to more than {self.allowed:,} bytes, which is not read. "
                "Bring fewer or shorter rows, or a CSV file."
            )
