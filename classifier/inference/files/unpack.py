"""Unpacking files that are compressed with gzip, as many backups are, without trusting what they hold."""

import gzip
import zlib
from pathlib import Path

from classifier.inference.files.lines import FileUnreadable

MAGIC = b"\x1f\x8b"
SMALL = 64 * 1024 * 1024
RATIO_MAX = 100  # text is packed to a tenth or so; a file of nothing but zeros to a thousandth
_BLOCK = 1 << 20


def is_gzip(path: Path) -> bool:
    """Tell by its first bytes whether a file is compressed with gzip."""
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def unpack(path: Path, target: Path, *, limit: int) -> None:
    """Write what a file of gzip holds to `target`, which is new. Raises FileUnreadable.

    It may have at most `limit` bytes and, beyond SMALL, RATIO_MAX times those of the file: a small file that unpacks to
    a full disk is refused in time. Nothing is left of `target` then.
    """
    most = min(limit, max(SMALL, RATIO_MAX * path.stat().st_size))
    size = 0
    try:
        with gzip.open(path) as packed, target.open("xb") as stream:
            while block := packed.read(_BLOCK):
                size += len(block)
                if size > most:
                    raise FileUnreadable(
                        f"Unpacked, this file is larger than {most:,} bytes, the limit here. Unpack and split it."
                    )
                stream.write(block)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        target.unlink(missing_ok=True)
        raise FileUnreadable(f"This file is compressed with gzip and cannot be unpacked: {error}") from None
    except BaseException:
        target.unlink(missing_ok=True)
        raise
