"""The encoding of a file of text: by its byte order mark, else UTF-8 where that is valid, else guessed."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Literal, Protocol

ENCODINGS = {  # what a person may choose: name for Python and in the API, name for people
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16, little-endian",
    "utf-16-be": "UTF-16, big-endian",
    "utf-32-le": "UTF-32, little-endian",
    "utf-32-be": "UTF-32, big-endian",
    "cp1252": "Windows-1252 (Western Europe)",
    "iso8859-15": "ISO-8859-15 (Western Europe)",
    "cp1250": "Windows-1250 (Central Europe)",
    "iso8859-2": "ISO-8859-2 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8-r": "KOI8-R (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "cp1258": "Windows-1258 (Vietnamese)",
    "cp874": "Windows-874 (Thai)",
    "cp932": "Shift-JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp949": "EUC-KR (Korean)",
    "mac_roman": "Mac Roman",
}
WIDTHS = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of UTF-16, so it comes first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ALIASES = {
    "shift_jis": "cp932",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "euc_kr": "cp949",
    "big5hkscs": "big5",
}
_LATIN = {"iso8859-1": "cp1252", "ascii": "utf-8", "utf_8_sig": "utf-8"}  # as browsers read them
LOOKED_AT = (
    256 * 1024 * 1024
)  # bytes that are checked to be UTF-8; a later line that is not breaks its row alone
_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_FEW = 8  # bytes above ASCII that are too little to tell a script by


class Openable(Protocol):
    """What can be read from its begin, several times: a path or, of what is in memory, a MemoryFile."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]: ...


@dataclass(frozen=True)
class MemoryFile:
    """A small file that is in memory already."""

    data: bytes

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        return BytesIO(self.data)


@dataclass(frozen=True)
class Encoding:
    """The encoding of a file: its name in ENCODINGS, the bytes of its mark, and whether it is no more than a guess."""

    name: str
    mark: int = 0
    guessed: bool = False

    @property
    def width(self) -> int:
        """Bytes that a newline takes."""
        return WIDTHS.get(self.name, 1)


def known_encoding(name: str) -> str | None:
    """Return the name in ENCODINGS of what a person or a program calls it (latin-1, Shift_JIS, UTF8), or None."""
    try:
        found = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return None
    for table in (_ALIASES, _LATIN):
        found = table.get(found.replace("-", "_"), table.get(found, found))
    if found == "utf-16":
        return "utf-16-le"
    return next((known for known in ENCODINGS if codecs.lookup(known).name == found), None)


def encoding_of(path: Openable, chosen: str = "") -> Encoding:
    """Find the encoding of a file; `chosen`, one of ENCODINGS, is taken as it is. A mark at its begin is never text."""
    with path.open("rb") as stream:
        start = stream.read(_SAMPLE)
    mark, marked = next(((mark, name) for mark, name in _MARKS if start.startswith(mark)), (b"", ""))
    if chosen:
        return Encoding(chosen, len(mark) if chosen == marked else 0)
    if marked:
        return Encoding(marked, len(mark))
    if wide := _wide(start):
        return Encoding(wide, guessed=True)
    good, bad, sample = _utf8_lines(path)
    if not bad or good > bad:
        return Encoding("utf-8")
    return Encoding(guess_encoding(sample), guessed=True)


def _wide(start: bytes) -> str:
    """Tell UTF-16 without a mark by the zero bytes that every ASCII character brings."""
    start = start[: len(start) // 2 * 2]
    if len(start) < 4:
        return ""
    even, odd = start[::2].count(0), start[1::2].count(0)
    half = len(start) // 2
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return ""


def _utf8_lines(path: Openable) -> tuple[int, int, bytes]:
    """Count the lines above ASCII that are UTF-8 and those that are not; the latter come back as a sample."""
    good = bad = 0
    sample = bytearray()
    for block in _blocks(path):
        if block.isascii():
            continue
        try:
            block.decode("utf-8")
        except UnicodeDecodeError:
            for line in block.splitlines():
                if line.isascii():
                    continue
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    bad += 1
                    if len(sample) < _SAMPLE:
                        sample += line[:_SAMPLE] + b"\n"
                else:
                    good += 1
        else:
            good += 1
    return good, bad, bytes(sample)


def _blocks(path: Openable) -> Iterator[bytes]:
    """Yield the file in blocks that end at the end of a line, as far as lines are no longer than a block."""
    rest, seen = b"", 0
    with path.open("rb") as stream:
        while seen < LOOKED_AT and (piece := stream.read(_BLOCK)):
            seen += len(piece)
            piece = rest + piece
            cut = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
            if cut == 0 and len(piece) < 8 * _BLOCK:
                rest = piece
                continue
            cut = cut or len(piece)
            yield piece[:cut]
            rest = piece[cut:]
    if rest and seen < LOOKED_AT:
        yield rest


def guess_encoding(sample: bytes) -> str:
    """Guess the encoding of text that is not UTF-8: by the script in which its bytes make sense, else Windows-1252.

    Letters above ASCII stand alone in Western languages, and side by side in Cyrillic and East Asian ones. A guess is
    always shown, and a person may choose another.
    """
    high = [at for at, byte in enumerate(sample) if byte > 0x7F]
    beside = sum(
        (at > 0 and sample[at - 1] > 0x7F) or (at + 1 < len(sample) and sample[at + 1] > 0x7F) for at in high
    )
    for name, share, least in (("cp932", _kana, 4), ("euc_jp", _kana, 4)):
        if len(high) >= least and share(_decoded(sample, name)) > 0.3:
            return name
    if len(high) < _FEW or beside < 0.6 * len(high):
        return "cp1252"
    if _share(_decoded(sample, "cp949"), _is_hangul) > 0.95:
        return "cp949"
    if _decoded(sample, "gb2312"):
        return "gb18030"
    if _decoded(sample, "big5"):
        return "big5"
    scripts = {"cp1251": ("а", "я"), "koi8-r": ("а", "я"), "cp1253": ("ά", "ώ")}  # noqa: RUF001
    shares = {name: _share(_decoded(sample, name), _between(*ends)) for name, ends in scripts.items()}
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] > 0.5 else "cp1252"


def _decoded(sample: bytes, name: str) -> str:
    """Return the sample as text, without a character that its end cuts; empty where it is not of this encoding."""
    try:
        return sample.decode(name)
    except UnicodeDecodeError as error:
        return sample[: error.start].decode(name) if error.start >= len(sample) - 4 and error.start else ""


def _share(text: str, holds: Callable[[str], bool]) -> float:
    letters = [character for character in text if not character.isascii()]
    return sum(map(holds, letters)) / len(letters) if letters else 0.0


def _kana(text: str) -> float:
    return _share(text, _between("\u3041", "\u30ff"))


def _is_hangul(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"


def _between(first: str, last: str) -> Callable[[str], bool]:
    return lambda character: first <= character <= last
