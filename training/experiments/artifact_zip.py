"""A folder as a zip file that is made while it is sent; weights do not compress, so nothing is compressed."""

import json
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from training.core.errors import NotAllowedNow
from training.ml.mixture.licences import PassingOnRefused, check_passing_on, sources_of

CHUNK = 1024 * 1024


def check_folder_to_pass_on(folder: Path) -> None:
    """Raise NotAllowedNow where what the model of a folder learned from keeps it from being passed on."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    try:
        check_passing_on(sources_of(manifest))
    except PassingOnRefused as error:
        raise NotAllowedNow(str(error)) from error


class _Outbox:
    """A file that keeps what zipfile writes until it is taken; unseekable, so sizes follow the data, as zip allows."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing; zipfile expects the method of a file."""

    def take(self) -> bytes:
        taken, self.parts = b"".join(self.parts), []
        return taken


def zip_stream(folder: Path, *, inside: str) -> Iterator[bytes]:
    """Yield the bytes of a zip that holds `folder`'s files under the directory `inside`; links are left out."""
    outbox = _Outbox()
    with ZipFile(outbox, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            info = ZipInfo.from_file(path, f"{inside}/{path.relative_to(folder)}", strict_timestamps=False)
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    yield outbox.take()
    yield outbox.take()
