"""How much recall is lost when people disguise their words: made at run time from toxic rows that are recognised."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.core.measures import wilson
from training.ml.evaluation.suite_report import WORST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.data.tables import TextTable
    from training.ml.evaluation.subject import Subject

MOST_ROWS = 150
MOST_WORDS = 40
FEWEST_LETTERS = 4  # shorter words stay as they are, as people leave them
LEET = str.maketrans("aeiostAEIOST", "431057431057")
LOOK_ALIKE = str.maketrans("aceiopxyACEIOPXY", "асеіорхуАСЕІОРХУ")  # noqa: RUF001 - the disguise itself
FULL_WIDTH = {code: code + 0xFEE0 for code in (*range(65, 91), *range(97, 123))}
VOWELS = "aeiouAEIOU"
BOLD = {code: code + 0x1D3BF for code in range(65, 91)} | {code: code + 0x1D3B9 for code in range(97, 123)}
SQUARED = {code: code - 32 + 0x1F12F for code in range(97, 123)} | {
    code: code + 0x1F12F for code in range(65, 91)
}
SMALL_CAPITALS = str.maketrans(
    "abcdefghijklmnoprstuvwz",
    "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c"
    "\u1d20\u1d21\u1d22",
)


def _inner_vowels(word: str, replace: Callable[[str], str]) -> str:
    return word[0] + "".join(replace(c) if c in VOWELS else c for c in word[1:-1]) + word[-1]


def _parted(word: str, between: str) -> str:
    middle = len(word) // 2
    return word[:middle] + between + word[middle:]


def _tagged(word: str, opening: str, closing: str) -> str:
    return word[0] + opening + word[1:-1] + closing + word[-1]


def _swapped(word: str) -> str:
    middle = len(word) // 2
    return word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]


TRANSFORMATIONS: dict[str, Callable[[str], str]] = {
    "capital letters": str.upper,
    "digits for letters": lambda word: word.translate(LEET),
    "spaces between letters": " ".join,
    "full stops between letters": ".".join,
    "zero-width spaces between letters": "\u200b".join,
    "asterisks for vowels": lambda word: _inner_vowels(word, lambda c: "*"),
    "vowels left out": lambda word: _inner_vowels(word, lambda c: ""),
    "vowels repeated": lambda word: _inner_vowels(word, lambda c: c * 3),
    "two letters swapped": _swapped,
    "Cyrillic look-alikes": lambda word: word.translate(LOOK_ALIKE),
    "full-width letters": lambda word: word.translate(FULL_WIDTH),
    "mathematical letters": lambda word: word.translate(BOLD),
    "small capitals": lambda word: word.translate(SMALL_CAPITALS),
    "squared letters": lambda word: word.translate(SQUARED),
    "letters struck through": lambda word: "".join(c + "\u0336" for c in word),
    "dashes between letters": "-".join,
    "Braille blanks between letters": "\u2800".join,
    "a space in the middle": lambda word: _parted(word, " "),
    "a full stop in the middle": lambda word: _parted(word, "."),
    "a soft hyphen's entity in the middle": lambda word: _parted(word, "&shy;"),
    "entities for letters": lambda word: "".join(f"&#{ord(c)};" for c in word),
    "tags around inner letters": lambda word: _tagged(word, "<b>", "</b>"),
    "Markdown around inner letters": lambda word: _tagged(word, "**", "**"),
    "asterisks for inner letters": lambda word: word[0] + "*" * (len(word) - 2) + word[-1],
    "accents": lambda word: "".join(c + "\u0301" if c in VOWELS else c for c in word),
}


def disguise(
    text: str, transform: Callable[[str], str], chosen: Callable[[str], bool] = lambda word: True
) -> str:
    """Return the text with every word of at least FEWEST_LETTERS letters transformed: the worst a writer can do.

    `chosen` narrows that down to the words that a writer has reason to disguise.
    """
    return " ".join(
        transform(word) if sum(c.isalpha() for c in word) >= FEWEST_LETTERS and chosen(word) else word
        for word in text.split()
    )


def obfuscation_report(
    subject: "Subject",
    table: "TextTable",
    label: str,
    scores: "NDArray[np.float64]",
    *,
    seed: int = 0,
    most: int = MOST_ROWS,
) -> dict[str, Any] | None:
    """Return recall after each disguise of up to `most` recognised positive rows of at most MOST_WORDS words.

    Before the disguise recall is 1 by construction, so `recall_loss` is 1 - recall. Rows count once each. None when no
    positive row is recognised.
    """
    threshold = float(subject.thresholds[label])
    targets = table.targets[:, table.labels.index(label)]
    rows = [
        int(row)
        for row in np.flatnonzero((targets == 1) & (scores >= threshold))
        if 0 < len(table.texts[row].split()) <= MOST_WORDS
    ]
    if not rows:
        return None
    chosen = np.sort(np.random.default_rng(seed).permutation(rows)[:most])
    column = list(subject.labels).index(label)
    disguises = [
        _one(
            name,
            [disguise(table.texts[row], transform) for row in chosen],
            scores[chosen],
            threshold,
            subject,
            column,
        )
        for name, transform in TRANSFORMATIONS.items()
    ]
    return {
        "id": None,
        "name": "Disguised insults",
        "kind": "obfuscation",
        "label": label,
        "rows": len(chosen),
        "threshold": threshold,
        "accuracy": float(np.mean([disguise_report["accuracy"] for disguise_report in disguises])),
        "by_functionality": sorted(disguises, key=lambda disguise_report: disguise_report["accuracy"]),
        "by_group": [],
        "bias": None,
    }


def _one(
    name: str,
    texts: Sequence[str],
    before: "NDArray[np.float64]",
    threshold: float,
    subject: "Subject",
    column: int,
) -> dict[str, Any]:
    after = subject.score(texts)[:, column]
    hits = int((after >= threshold).sum())
    low, high = wilson(hits, len(texts))
    missed = np.flatnonzero(after < threshold)
    missed = missed[np.argsort(after[missed], kind="stable")][:WORST]
    return {
        "functionality": name,
        "rows": len(texts),
        "expected": 1.0,
        "accuracy": hits / len(texts),
        "low": low,
        "high": high,
        "recall_loss": 1 - hits / len(texts),
        "mean_score": float(after.mean()),
        "mean_score_before": float(before.mean()),
        "errors": [{"text": texts[i], "expected": 1, "score": float(after[i])} for i in missed.tolist()],
    }
