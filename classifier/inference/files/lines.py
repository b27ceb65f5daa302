"""Lines of a file as text, with the byte behind each, in any encoding and with any line ends, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from classifier.inference.errors import InferenceError
from classifier.inference.files.encodings import ENCODINGS, Encoding

LINE_BYTES = 4 * 1024 * 1024
_READ = 1 << 16


class FileUnreadable(InferenceError):
    """The file cannot be read (further); the message says where and why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its end, its number, and the byte behind it; `problem` says why its text is not whole.

    `is_open` where more of the same line follows, as another Line.
    """

    text: str
    number: int
    end: int
    problem: str = ""
    is_open: bool = False


class Lines:
    """The lines of a stream from byte `offset` on, behind `number` lines; it raises FileUnreadable for one too long.

    `newline` is "\\n" or, in a file that has no other, "\\r". A line that is not of the encoding comes with a problem.
    """

    def __init__(self, stream: IO[bytes], encoding: Encoding, newline: str, offset: int, number: int) -> None:
        self.encoding = encoding
        self.offset = offset
        self.number = number
        stream.seek(offset)
        if encoding.width == 1 and newline == "\n":
            self._raw = iter(lambda: stream.readline(LINE_BYTES + 1), b"")
        else:
            self._raw = _split(stream, newline.encode(encoding.name), encoding.width)

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> Line:
        raw = next(self._raw)
        self.number += 1
        if len(raw) > LINE_BYTES * self.encoding.width:
            raise FileUnreadable(f"Line {self.number:,} is longer than {LINE_BYTES:,} bytes.")
        problem = ""
        try:
            text = raw.decode(self.encoding.name)
        except UnicodeDecodeError as error:
            text = raw.decode(self.encoding.name, "replace")
            problem = (
                f"This is not {ENCODINGS[self.encoding.name]}: byte 0x{raw[error.start]:02x} at offset "
                f"{self.offset + error.start:,}. Mend the row, or choose the encoding of the file."
            )
        self.offset += len(raw)
        return Line(text, self.number, self.offset, problem)


def _split(stream: IO[bytes], end: bytes, width: int) -> Iterator[bytes]:
    """Yield pieces that end in `end`, which begins at a multiple of `width` bytes."""
    buffer = b""
    while piece := stream.read(_READ):
        looked = max(0, len(buffer) - width) // width * width
        buffer += piece
        begin = 0
        while (at := _aligned(buffer, end, max(begin, looked), width)) >= 0:
            yield buffer[begin : at + width]
            begin = at + width
        buffer = buffer[begin:]
        if len(buffer) > LINE_BYTES * width:
            break
    if buffer:
        yield buffer


def _aligned(buffer: bytes, end: bytes, begin: int, width: int) -> int:
    at = buffer.find(end, begin)
    while at >= 0 and at % width:
        at = buffer.find(end, at + 1)
    return at
