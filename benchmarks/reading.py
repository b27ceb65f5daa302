"""Reading of disguised texts: harmless texts with a reading or another verdict, recall gained, time.

Bar: the verdict of at most 0.1 % of the harmless rows becomes toxic by the reading, in English and in every other
language. `--data` takes a file of labelled texts (`--text-column`, `--label-column`); where it has a column `lang`, or
`language`, recall and time are those of the English rows.
"""

import random
import sys
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.core import Options, Row
from classifier.inference.disguises import is_offensive
from classifier.inference.reading import reading
from classifier.inference.reading_words import shipped_words
from classifier.inference.scorer import Scorer, ScoreResult

SAMPLE = Path(__file__).resolve().parent.parent / "training" / "data" / "sample" / "validation.parquet"
ENGLISH = "en"
FLIPS_BAR = 0.001
TIMED_TEXTS = 300
CHUNK = 256
WORDS_MAX = 40


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--harmless", type=int, default=40_000, help="harmless rows at most [%(default)s]")
    parser.add_argument(
        "--harmless-language", type=int, default=1_000, help="of other languages, each [%(default)s]"
    )
    parser.add_argument("--disguised", type=int, default=150, help="toxic rows to disguise [%(default)s]")
    parser.add_argument(
        "--changed", type=Path, help="write the harmless rows with another verdict to this file"
    )


def run(options: Options) -> list[Row]:
    """Return the harm among harmless rows, the recall of each disguise without and with the reading, and the time."""
    by_language = labelled(options.data or SAMPLE, options.text_column, options.label_column)
    for of_language in by_language.values():
        random.Random(0).shuffle(of_language)
    rows = by_language.get(ENGLISH, [])
    harmless = [text for text, label in rows if label == 0][: options.harmless]
    written, read = Scorer(options.model, reads=False), Scorer(options.model)
    toxic = recognised([text for text, label in rows if label == 1], written, options.disguised)
    return [
        harm(harmless, written, read, options.changed),
        *(
            harm(texts[: options.harmless_language], written, read, None, language)
            for language, of_language in sorted(by_language.items())
            if language != ENGLISH and (texts := [text for text, label in of_language if label == 0])
        ),
        *gain(toxic, written, read),
        *cost(harmless[:TIMED_TEXTS], written, read, options.repeats),
    ]


def labelled(file: Path, text_column: str, label_column: str) -> dict[str, list[tuple[str, int]]]:
    """Return (text, label) of the rows whose label is known, by language; without a column of it all are English."""
    import pyarrow.parquet as parquet

    names = set(parquet.read_schema(file).names)
    column = text_column if text_column in names else "text"
    language = next((name for name in ("lang", "language") if name in names), "")
    table = parquet.read_table(file, columns=[column, label_column, *([language] if language else [])])
    rows: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in table.to_pylist():
        if row[label_column] in (0, 1) and row[column].strip():
            rows[row.get(language, ENGLISH)].append((row[column], row[label_column]))
    return rows


def harm(
    harmless: Sequence[str], written: Scorer, read: Scorer, changed: Path | None, language: str = ENGLISH
) -> Row:
    """Return the share of harmless rows with a reading, and of those that the reading makes toxic."""
    texts = [text for text in harmless if reading(text) is not None]
    before, after = scored(written, texts), scored(read, texts)
    flips = [
        (text, new)
        for text, old, new in zip(texts, before, after, strict=True)
        if old.verdict != "toxic" and new.verdict == "toxic"
    ]
    if changed is not None:
        primary = read.manifest.primary_label
        lines = (f"{new.scores[primary]:.3f}\t{text!r}\t{new.read_as!r}\n" for text, new in flips)
        changed.write_text("".join(lines), encoding="utf-8")
    share = len(flips) / len(harmless)
    values = {
        "rows": f"{len(harmless):,}",
        "with a reading": f"{len(texts) / len(harmless):.2%}",
        "verdict becomes toxic": f"{len(flips)} ({share:.3%})",
    }
    what = "harmless rows" if language == ENGLISH else f"harmless rows: {language}"
    return Row(what, values, share <= FLIPS_BAR)


def recognised(texts: Sequence[str], scorer: Scorer, most: int) -> list[str]:
    """Return up to `most` short texts that are called toxic, with a word in them that a writer would disguise."""
    words = shipped_words()
    texts = [
        text
        for text in texts
        if len(text.split()) <= WORDS_MAX and any(is_offensive(word.lower(), words) for word in text.split())
    ][: 3 * most]
    found = zip(texts, scored(scorer, texts), strict=True)
    return [text for text, result in found if result.verdict == "toxic"][:most]


def gain(toxic: Sequence[str], written: Scorer, read: Scorer) -> Iterator[Row]:
    """Yield for each disguise the recall of texts whose offensive words, or all whose words, wear it."""
    from training.ml.evaluation.obfuscation import TRANSFORMATIONS, disguise

    words = shipped_words()

    def offends(word: str) -> bool:
        return is_offensive(word.strip(".,!?\"'").lower(), words)

    sums: dict[str, float] = {}
    for name, transform in TRANSFORMATIONS.items():
        few = [disguise(text, transform, offends) for text in toxic]
        every = [disguise(text, transform) for text in toxic]
        shares = {
            "offensive words: written": recall(written, few),
            "offensive words: read": recall(read, few),
            "every word: written": recall(written, every),
            "every word: read": recall(read, every),
        }
        sums = {column: sums.get(column, 0.0) + share for column, share in shares.items()}
        yield Row(f"disguise: {name}", {"rows": f"{len(toxic):,}", **_percent(shares)})
    means = {column: share / len(TRANSFORMATIONS) for column, share in sums.items()}
    yield Row("mean of the disguises", {"rows": f"{len(toxic):,}", **_percent(means)})


def cost(texts: Sequence[str], written: Scorer, read: Scorer, repeats: int) -> Iterator[Row]:
    """Yield the processor time of scoring with the reading, and without: one text in every way after the other."""
    ways: dict[str, Callable[[str], object]] = {
        "the reading alone": reading,
        "scored as written": lambda text: written.score([text]),
        "scored as written and as read": lambda text: read.score([text]),
    }
    seconds = dict.fromkeys(ways, 0.0)
    for round_number in range(repeats + 1):  # the first one pays for imports and kernels
        for text in texts:
            for what, way in ways.items():
                began = time.process_time()
                way(text)
                if round_number:
                    seconds[what] += time.process_time() - began
    for what, spent in seconds.items():
        per_text = spent / repeats / len(texts) * 1e3
        times = f"{spent / seconds['scored as written']:.3f}"
        yield Row(what, {"processor ms a text": f"{per_text:.2f}", "times": times})


def recall(scorer: Scorer, texts: Sequence[str]) -> float:
    return sum(result.verdict == "toxic" for result in scored(scorer, texts)) / max(len(texts), 1)


def scored(scorer: Scorer, texts: Sequence[str]) -> list[ScoreResult]:
    """Score texts in chunks, so that memory stays bounded."""
    score: Callable[[Sequence[str]], list[ScoreResult]] = scorer.score
    return [result for begin in range(0, len(texts), CHUNK) for result in score(texts[begin : begin + CHUNK])]


def _percent(shares: dict[str, float]) -> dict[str, str]:
    return {column: f"{share:.1%}" for column, share in shares.items()}


if __name__ == "__main__":
    sys.exit("run it as: python -m benchmarks reading")
