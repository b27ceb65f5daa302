"""Rows made of other rows by rule: words disguised, a comment buried among others, quoted, or its group exchanged.

Each function takes a text and a random generator and returns a new text, or None where the rule does not apply. What
a row means stays the same, except for a quotation, whose labels are those of someone who objects to it.
"""

import random
import re
from collections.abc import Callable, Collection, Sequence

Augmentation = Callable[[str, random.Random], str | None]

LEET = {"a": "@4", "e": "3", "i": "1!", "o": "0", "s": "$5", "t": "7", "l": "1", "b": "8", "u": "v"}
VOWELS = "aeiou"
SEPARATORS = (" ", ".", "-", "_", "*", "\u2800")
MASKS = "*#@-._"
JOINTS = (" ", "\n", ". ", " ")
_WORD = re.compile(r"[^\W\d_]{3,}")

# Words that can stand for one another without changing what a sentence says, group by group.
EXCHANGED: tuple[tuple[str, ...], ...] = (
    ("jews", "muslims", "christians", "hindus", "sikhs", "catholics", "atheists", "mormons", "buddhists"),
    ("jewish", "muslim", "christian", "hindu", "sikh", "catholic", "atheist", "buddhist"),
    ("jew", "muslim", "christian", "hindu", "sikh", "catholic", "atheist", "buddhist"),
    ("gays", "lesbians", "homosexuals", "bisexuals", "queers"),
    ("gay", "lesbian", "bisexual", "queer", "trans", "transgender"),
    ("blacks", "whites", "asians", "latinos", "arabs", "africans", "mexicans", "indians"),
    ("black", "white", "asian", "latino", "arab", "african", "mexican", "indian", "chinese", "pakistani", "turkish"),
    ("immigrants", "migrants", "refugees", "foreigners", "asylum seekers"),
    ("immigrant", "migrant", "refugee", "foreigner"),
    ("women", "men", "girls", "boys", "ladies", "females", "males"),
    ("woman", "man", "girl", "boy", "lady", "female", "male"),
    ("disabled", "deaf", "blind", "autistic", "elderly"),
)  # fmt: skip
_GROUP_OF = {word: group for group in EXCHANGED for word in group if " " not in word}
_IDENTITY = re.compile(r"\b(" + "|".join(sorted(_GROUP_OF, key=len, reverse=True)) + r")\b", re.IGNORECASE)


def disguised(word: str, rng: random.Random) -> str:
    """Return a word spelled as people spell it to get past a filter: in one of eight ways, at random."""
    size, way = len(word), rng.randrange(8)
    if way == 0:
        return "".join(_leet(letter, rng) if rng.random() < 0.7 else letter for letter in word)
    if way == 1:
        return rng.choice(SEPARATORS).join(word)
    if way == 2 and size > 3:
        at = rng.randrange(1, size - 1)
        return word[:at] + rng.choice(MASKS) * rng.choice((1, 1, 2)) + word[at + 1 :]
    if way == 3:
        at = rng.randrange(size)
        return word[:at] + word[at] * rng.randrange(2, 6) + word[at + 1 :]
    if way == 4 and size > 3:
        at = rng.randrange(1, size - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if way == 5 and size > 3:
        return word[0] + "".join(c for c in word[1:] if c.lower() not in VOWELS or rng.random() < 0.2)
    if way == 6 and size > 4:
        at = rng.randrange(2, size - 1)
        return word[:at] + rng.choice(" -./") + word[at:]
    return "".join(_leet(letter, rng) if rng.random() < 0.4 else letter for letter in word)


def _leet(letter: str, rng: random.Random) -> str:
    return rng.choice(LEET.get(letter.lower(), letter))


def disguising(words: Collection[str]) -> Augmentation:
    """Return the augmentation that disguises those of `words` (in lower case) which a text holds; None without any."""

    def augment(text: str, rng: random.Random) -> str | None:
        pieces = text.split(" ")
        chosen = [at for at, piece in enumerate(pieces) if piece.strip(".,!?\"'").lower() in words]
        for at in chosen:
            pieces[at] = disguised(pieces[at], rng)
        return " ".join(pieces) if chosen else None

    return augment


def disguise_any(text: str, rng: random.Random) -> str | None:
    """Disguise one or two words of any kind, so that a strange spelling alone means nothing."""
    words = list(_WORD.finditer(text))
    if not words:
        return None
    for match in sorted(rng.sample(words, min(len(words), rng.choice((1, 2)))), key=lambda m: -m.start()):
        text = text[: match.start()] + disguised(match[0], rng) + text[match.end() :]
    return text


def burying(harmless: Sequence[str], most: int = 6) -> Augmentation:
    """Return the augmentation that puts a text somewhere among one to `most` of the `harmless` ones."""

    def augment(text: str, rng: random.Random) -> str | None:
        pieces = rng.sample(harmless, rng.randrange(1, most + 1))
        pieces.insert(rng.randrange(len(pieces) + 1), text)
        return rng.choice(JOINTS).join(piece.strip() for piece in pieces)

    return augment


def quoting(frames: Sequence[str]) -> Augmentation:
    """Return the augmentation that puts a text into one of `frames`, each of which holds {x}."""

    def augment(text: str, rng: random.Random) -> str | None:
        return rng.choice(frames).replace("{x}", text.strip().strip('"'))

    return augment


def exchange_identity(text: str, rng: random.Random) -> str | None:
    """Put another group of the same kind for every group that the text names; None where it names none."""
    exchanged: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        word = match[0].lower()
        if word not in exchanged:
            exchanged[word] = rng.choice([term for term in _GROUP_OF[word] if term != word])
        term = exchanged[word]
        return term.capitalize() if match[0][0].isupper() else term

    changed = _IDENTITY.sub(other, text)
    return changed if exchanged else None
