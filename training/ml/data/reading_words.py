"""`python -m training.ml.data.reading_words OUTPUT FILE …`: count the words that the reading of disguised texts knows.

The reading (`classifier.inference.reading`) undoes a disguise only where an ordinary word comes out. Which words are
ordinary is counted here, in rows of labelled data: in how many rows a word stands, in how many of these the label is
1, and whether it is mostly written small. Nothing is chosen by hand, and no row's text is kept.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from classifier.inference.normalise import normalise_text
from classifier.inference.reading_words import NAME, WORD, line_of

ROWS_MIN = 8
"""A word that stands in fewer rows is left out: among them are more misspellings than words."""
ORDINARY_SHARE = 0.5
"""A word is a name or an abbreviation where less than this share of its uses, sentence starts aside, is small."""
LETTERS_MAX = 24

# A word between white space, with the punctuation around it; "f*ck" and "re-do" hold none.
_WORD = re.compile(r"(?<!\S)[^\w\s]*([A-Za-z]+)(?:['\u2019][st])?[^\w\s]*(?!\S)")
_REPEATED = re.compile(r"([a-z])\1\1")
_ADDRESS = re.compile(r"\S*(?:://|www\.|@)\S*")
_SENTENCE_START = re.compile(r"(?:\A|[.!?:\n\"'=*|]\s*)\Z")


def count_words(rows: Iterable[tuple[str, int]]) -> Iterator[tuple[str, str, int, int]]:
    """Yield (word, kind, rows, rows with label 1) by falling number of rows, from (text, label 0 or 1).

    The kind is that of `classifier.inference.reading_words`. Words with a letter three times in a row are left out,
    because they are a way of writing another word.
    """
    seen: Counter[str] = Counter()
    toxic: Counter[str] = Counter()
    small: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for text, label in rows:
        text = _ADDRESS.sub(" ", normalise_text(text))
        tells_case = not text.islower() and not text.isupper()
        words = set()
        for match in _WORD.finditer(text):
            written = match[1]
            word = written.lower()
            words.add(word)
            if tells_case and not _SENTENCE_START.search(text, max(0, match.start() - 3), match.start(1)):
                (small if written.islower() else capital)[word] += 1
        seen.update(words)
        if label == 1:
            toxic.update(words)
    for word, number in sorted(seen.items(), key=lambda item: (-item[1], item[0])):
        if (
            number < ROWS_MIN
            or (len(word) == 1 and word not in "ai")
            or len(word) > LETTERS_MAX
            or _REPEATED.search(word)
        ):
            continue
        uses = small[word] + capital[word]
        ordinary = small[word] >= ORDINARY_SHARE * uses
        yield word, WORD if ordinary else NAME, number, toxic[word]


def read_rows(file: Path, text_column: str, label_column: str) -> Iterator[tuple[str, int]]:
    """Yield (text, label) of a parquet file; rows of other languages than English and of licence class `caution`,
    where the file tells them, and rows whose label is unknown (-1) are left out."""
    import pyarrow.parquet as parquet

    reader = parquet.ParquetFile(file)
    names = set(reader.schema_arrow.names)
    column = text_column if text_column in names else "comment_text"
    wanted = [column, label_column, *sorted({"lang", "licence_class"} & names)]
    for batch in reader.iter_batches(columns=wanted):
        for row in batch.to_pylist():
            if row.get("lang", "en") != "en" or row.get("licence_class") == "caution":
                continue
            if row[label_column] in (0, 1):
                yield row[column], row[label_column]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.ml.data.reading_words", description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    options = parser.parse_args(arguments)
    rows = (
        row for file in options.files for row in read_rows(file, options.text_column, options.label_column)
    )
    lines = [line_of(*counted) for counted in count_words(rows)]
    options.output.write_text("".join(lines), encoding="ascii")
    sys.stdout.write(f"{len(lines):,} words written to {options.output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
