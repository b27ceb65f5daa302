"""Which rows the multilingual starter learns from: labelled rows of many languages by a temperature, English for
transfer, and what is kept for measuring it.

The unit is a set in one language. A language with two labelled sets or more has one that nobody trains on, so that its
number says what the model is worth on comments from elsewhere; a set whose licence keeps it out of a model that is
passed on serves for that, too. Sets of harmless sentences alone are negatives where their licence allows it, and else
say how often harmless text is called toxic.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from classifier.inference.labels import JIGSAW_LABELS
from training.ml.config.fields import ConfigError, option
from training.ml.mixture.choose import (
    FEWEST_CHARACTERS,
    HELD_OUT,
    IDENTITY_HATE,
    MOST_CHARACTERS,
    TOXIC,
    USED,
    Rows,
    SecondLook,
    look_again,
    position,
    public_rows,
    read_rows,
    wiki_rows,
    write_table,
)
from training.ml.mixture.licences import MAY_BE_PASSED_ON, SHAREALIKE
from training.ml.mixture.overlap import OverlapReport, without_overlaps
from training.ml.mixture.templates import contrast_sentences

ENGLISH = "en"
FEWEST_OF_EACH = 20
"""A set is labelled in a language where it has so many toxic rows, and so many that are not."""
NO_HATE_WEIGHT = 0.5
"""Of a row of which a set says only that it is no hate: it counts as harmless, and may be rude all the same."""
LIGHTEST, HEAVIEST = 0.4, 2.5
"""Bounds of the weight that evens out how many rows of a language are toxic."""
OLD_CLASSES = {"sa": SHAREALIKE}
WIKI_SHARE = 0.4  # of the English rows
VALIDATION_ROWS = 1_200  # of a language
TEST_ROWS = 2_000  # of a set in a language
HARMLESS_ROWS = 1_000  # of a language, to count false alarms on
LANGUAGE, TRAINED = "language", "trained_on"
"""Columns of the tables: a row's language, and in the one to test on whether its set was trained on."""


@dataclass(frozen=True)
class LanguagesConfig:
    """How the rows of a multilingual model are chosen."""

    rows: int = option(100_000, "Rows to learn from, of all languages.", low=100)
    temperature: float = option(
        0.5,
        "Languages are drawn by this power of their number of rows: 1 as they are, 0 all alike.",
        low=0,
        high=1,
    )
    english_share: float = option(0.25, "Of all rows, in English, for transfer.", low=0, high=0.9)
    toxic_share: float = option(0.4, "Of a set's rows, the most that may be toxic.", above=0, high=1)
    contrast_share: float = option(
        0.1, "Of the English contrast sentences, which teach that naming a group is no attack.", low=0, high=1
    )
    harmless_rows: int = option(
        400, "Rows of a language at most, of sets that hold harmless sentences alone.", low=0
    )
    hold_out: tuple[str, ...] = option(
        (),
        "Sets that nobody trains on, beside those whose licence forbids it. Of a language that has two labelled sets "
        "or more, and none of these, the smallest is held out.",
    )
    any_licence: bool = option(
        False, "Train on sets of every licence, too: the model is then not to be passed on."
    )
    seed: int = option(13, "Decides which rows are drawn.", low=0, high=2**31 - 1)


@dataclass
class LanguageRows:
    """Rows with the language of each."""

    rows: Rows = field(default_factory=Rows)
    languages: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.languages)

    def add(self, text: str, labels: Sequence[int], source: str, language: str, weight: float = 1.0) -> None:
        self.rows.add(text, labels, source, weight)
        self.languages.append(language)

    def take(self, places: Iterable[int]) -> "LanguageRows":
        """Return the rows in `places`, in that order."""
        taken = LanguageRows()
        taken.extend(self, places)
        return taken

    def extend(self, other: "LanguageRows", places: Iterable[int] | None = None) -> None:
        chosen = list(range(len(other)) if places is None else places)
        self.rows.extend(other.rows, chosen)
        self.languages += [other.languages[at] for at in chosen]

    def is_toxic(self, at: int) -> bool:
        return self.rows.labels[at][TOXIC] == 1


@dataclass(frozen=True)
class LanguageMixture:
    """Rows to learn from, to calibrate on, to test on (with the set's own label), and harmless ones.

    `never_trained` are (language, set) that no row was learned from; `rows` counts those learned from by both.
    """

    train: LanguageRows
    validation: LanguageRows
    test: LanguageRows
    harmless: LanguageRows
    never_trained: frozenset[tuple[str, str]]
    doubted: Counter[str]
    overlap: OverlapReport

    def counts(self) -> dict[str, dict[str, int]]:
        """Count the rows to learn from by language and set."""
        counted: dict[str, Counter[str]] = defaultdict(Counter)
        for language, source in zip(self.train.languages, self.train.rows.sources, strict=True):
            counted[language][source] += 1
        return {language: dict(sorted(counted[language].items())) for language in sorted(counted)}

    def write(self, folder: Path) -> None:
        """Write the four tables as Parquet into `folder`."""
        for name in ("train", "validation", "harmless", "test"):
            table: LanguageRows = getattr(self, name)
            more: dict[str, list[Any]] = {LANGUAGE: table.languages}
            if name == "test":
                pairs = zip(table.languages, table.rows.sources, strict=True)
                more[TRAINED] = [pair not in self.never_trained for pair in pairs]
            write_table(table.rows, folder / f"{name}.parquet", **more)


def choose_languages(
    wiki: Path,
    public: Path,
    second_look: SecondLook,
    judged: Sequence[str],
    config: LanguagesConfig,
) -> LanguageMixture:
    """Choose the rows that a multilingual model learns from and is measured on.

    `wiki` is the folder of wiki_toxic, `public` the table of public sets. A row that equals or nearly equals one of the
    `judged` texts is left out of training. Raises ConfigError where `hold_out` names a set that is not there.
    """
    rng = random.Random(config.seed)  # noqa: S311 - a sample, no secret
    sets, classes = _sets(public)
    if unknown := sorted(set(config.hold_out) - {source for _, source in sets}):
        raise ConfigError(f"{public} has no set {', '.join(unknown)}", "hold_out")
    labelled = {pair for pair, rows in sets.items() if _is_labelled(rows)}
    never = _never_trained(sets, labelled, classes, config)

    candidates: dict[str, dict[str, LanguageRows]] = defaultdict(dict)
    validation, test, harmless = LanguageRows(), LanguageRows(), LanguageRows()
    for pair, rows in sets.items():
        language, source = pair
        if language == ENGLISH and source in USED:
            continue
        if pair not in labelled:
            if not _is_harmless(rows):
                continue
            kept, learned = _harmless_parts(rows, config, rng, may_train=pair not in never)
            harmless.extend(kept)
            if learned:
                candidates[language][source] = learned
        elif pair in never:
            test.extend(_with_own_label(rows.take(_sample(range(len(rows)), TEST_ROWS, rng))))
        elif language != ENGLISH:
            held_out = [at for at in range(len(rows)) if position(rows.rows.texts[at]) < HELD_OUT]
            kept_places = set(held_out)
            test.extend(_with_own_label(rows.take(_sample(held_out, TEST_ROWS, rng))))
            validation.extend(rows, held_out)
            candidates[language][source] = rows.take(at for at in range(len(rows)) if at not in kept_places)

    english, held_out_english, doubted = _english(wiki, public, second_look, config, rng, never)
    validation.extend(held_out_english)
    test.extend(_with_own_label(held_out_english))

    chosen = LanguageRows()
    for language, of_language in _drawn(candidates, config, rng).items():
        if language == ENGLISH:  # of sets of harmless sentences alone
            english.extend(of_language)
        else:
            chosen.extend(_evened_out(of_language))
    chosen.extend(_evened_out(english))
    for sentence in contrast_sentences(config.seed, config.contrast_share) if config.contrast_share else ():
        chosen.add(sentence.text, sentence.labels, f"contrast {sentence.family}", ENGLISH)

    places, overlap = without_overlaps(chosen.rows.texts, judged)
    train = chosen.take(rng.sample(places, len(places)))
    return LanguageMixture(
        train,
        _most_of_each_language(validation, VALIDATION_ROWS, rng),
        test,
        _most_of_each_language(harmless, HARMLESS_ROWS, rng),
        frozenset(never),
        doubted,
        overlap,
    )


def _sets(public: Path) -> tuple[dict[tuple[str, str], LanguageRows], dict[str, str]]:
    """Return the rows of the table by language and set, and the class of each set's licence.

    Rows of which nothing is known are left out. Outside English, where no second look is taken, no hate is harmless.
    """
    sets: dict[tuple[str, str], LanguageRows] = defaultdict(LanguageRows)
    classes: dict[str, str] = {}
    for row in read_rows(public, "text", ["source", "lang", "licence_class"]):
        text, source, language = row["text"], row["source"], row["lang"]
        labels = [int(row[label]) for label in JIGSAW_LABELS]
        if not FEWEST_CHARACTERS <= len(text) <= MOST_CHARACTERS or max(labels) < 0:
            continue
        weight = 1.0
        if language != ENGLISH and labels[TOXIC] < 0 and labels[IDENTITY_HATE] == 0:
            labels[TOXIC], weight = 0, NO_HATE_WEIGHT
        sets[language, source].add(text, labels, source, language, weight)
        classes[source] = OLD_CLASSES.get(row["licence_class"], row["licence_class"])
    return dict(sorted(sets.items())), classes


def _is_labelled(rows: LanguageRows) -> bool:
    toxic = Counter(own_label(labels) for labels in rows.rows.labels)
    return min(toxic[0], toxic[1]) >= FEWEST_OF_EACH


def _is_harmless(rows: LanguageRows) -> bool:
    return all(max(labels) <= 0 and labels[TOXIC] == 0 for labels in rows.rows.labels)


def own_label(labels: Sequence[int]) -> int:
    """Return whether a row's set calls it toxic (1) or not what it marks (0), hate alone for some; -1: unknown."""
    return 0 if labels[TOXIC] < 0 and labels[IDENTITY_HATE] == 0 else labels[TOXIC]


def _with_own_label(rows: LanguageRows) -> LanguageRows:
    own = LanguageRows()
    for at, labels in enumerate(rows.rows.labels):
        if (toxic := own_label(labels)) >= 0:
            own.add(
                rows.rows.texts[at], (toxic, -1, -1, -1, -1, -1), rows.rows.sources[at], rows.languages[at]
            )
    return own


def _never_trained(
    sets: Mapping[tuple[str, str], LanguageRows],
    labelled: set[tuple[str, str]],
    classes: Mapping[str, str],
    config: LanguagesConfig,
) -> set[tuple[str, str]]:
    """Return the (language, set) that nobody trains on: by licence, by choice, or a language's smallest of several."""
    never = {
        pair
        for pair in sets
        if pair[1] in config.hold_out or not (config.any_licence or classes[pair[1]] in MAY_BE_PASSED_ON)
    }
    for language in sorted({language for language, _ in labelled}):
        of_language = sorted(
            (pair for pair in labelled if pair[0] == language), key=lambda pair: (len(sets[pair]), pair)
        )
        if language != ENGLISH and len(of_language) >= 2 and not never & set(of_language):
            never.add(of_language[0])
    return never


def _harmless_parts(
    rows: LanguageRows, config: LanguagesConfig, rng: random.Random, *, may_train: bool
) -> tuple[LanguageRows, LanguageRows]:
    """Return (rows to measure on, rows to learn from) of a set of harmless sentences, by the hash of their texts."""
    if not may_train:
        return rows, LanguageRows()
    learned = [at for at in range(len(rows)) if position(rows.rows.texts[at]) >= 0.5]
    kept = set(learned)
    return (
        rows.take(at for at in range(len(rows)) if at not in kept),
        rows.take(_sample(learned, config.harmless_rows, rng)),
    )


def _english(
    wiki: Path,
    public: Path,
    second_look: SecondLook,
    config: LanguagesConfig,
    rng: random.Random,
    never: set[tuple[str, str]],
) -> tuple[LanguageRows, LanguageRows, Counter[str]]:
    """Return English rows to learn from, rows held out, and how many negatives the second look doubts, by set."""
    wanted = round(config.rows * config.english_share)
    others, held_out = public_rows(public, rng)
    unused = {source for language, source in never if language == ENGLISH}
    places = [at for at in range(len(others)) if others.sources[at] not in unused]
    chosen = _of_rows(others, _balanced(others, places, wanted - round(wanted * WIKI_SHARE), config, rng))
    doubted = look_again(chosen.rows, second_look)
    chosen = chosen.take(at for at in range(len(chosen)) if max(chosen.rows.labels[at]) >= 0)
    known = wiki_rows(wiki / "train.parquet")
    chosen.extend(
        _of_rows(known, _balanced(known, range(len(known)), round(wanted * WIKI_SHARE), config, rng))
    )

    kept = _of_rows(held_out, [at for at in range(len(held_out)) if held_out.sources[at] not in unused])
    kept = kept.take(_sample(range(len(kept)), TEST_ROWS, rng))
    look_again(kept.rows, second_look)
    kept = kept.take(at for at in range(len(kept)) if max(kept.rows.labels[at]) >= 0)
    wiki_held_out = wiki_rows(wiki / "validation.parquet")
    kept.extend(_of_rows(wiki_held_out, _sample(range(len(wiki_held_out)), TEST_ROWS // 2, rng)))
    return chosen, kept, doubted


def _of_rows(rows: Rows, places: Iterable[int]) -> LanguageRows:
    chosen = LanguageRows()
    for at in places:
        chosen.add(rows.texts[at], rows.labels[at], rows.sources[at], ENGLISH, rows.weights[at])
    return chosen


def _drawn(
    candidates: Mapping[str, Mapping[str, LanguageRows]], config: LanguagesConfig, rng: random.Random
) -> dict[str, LanguageRows]:
    """Return the rows to learn from by language: its part by the temperature, its sets in the same way."""
    sizes = {language: sum(map(len, sets.values())) for language, sets in candidates.items()}
    parts = shares(sizes, round(config.rows * (1 - config.english_share)), config.temperature)
    drawn = {}
    for language, sets in candidates.items():
        of_sets = shares(
            {name: len(rows) for name, rows in sets.items()}, parts[language], config.temperature
        )
        drawn[language] = LanguageRows()
        for name, rows in sets.items():
            places = _balanced(rows.rows, range(len(rows)), of_sets[name], config, rng)
            drawn[language].extend(rows, places)
    return drawn


def shares(sizes: Mapping[str, int], total: int, temperature: float) -> dict[str, int]:
    """Return how many of `total` rows each gets: by the power `temperature` of its size, and no more than it has.

    What one lacks goes to the others in the same proportion.
    """
    result: dict[str, int] = {}
    waiting = {name: float(size) ** temperature for name, size in sizes.items() if size}
    left = total
    while waiting:
        whole = sum(waiting.values())
        full = [name for name, power in waiting.items() if left * power / whole >= sizes[name]]
        if not full:
            result |= {name: int(left * power / whole) for name, power in waiting.items()}
            break
        for name in full:
            result[name] = sizes[name]
            left -= sizes[name]
            del waiting[name]
    return {name: result.get(name, 0) for name in sizes}


def _balanced(
    rows: Rows, places: Sequence[int] | range, wanted: int, config: LanguagesConfig, rng: random.Random
) -> list[int]:
    """Return `wanted` of the places, toxic rows up to their share first, and as many of the others as that leaves."""
    toxic = [at for at in places if rows.labels[at][TOXIC] == 1]
    others = [at for at in places if rows.labels[at][TOXIC] != 1]
    taken = min(len(toxic), max(round(wanted * config.toxic_share), wanted - len(others)))
    return _sample(toxic, taken, rng) + _sample(others, wanted - taken, rng)


def _evened_out(rows: LanguageRows) -> LanguageRows:
    """Return a language's rows with weights by which as much of them is toxic as is not, within bounds.

    Sets differ in how many of their rows are toxic for how they were collected; a model would learn from it that
    French is toxic.
    """
    labels = np.array([own[TOXIC] for own in rows.rows.labels])
    weights = np.array(rows.rows.weights)
    toxic, harmless = weights[labels == 1].sum(), weights[labels == 0].sum()
    if toxic and harmless:
        half = (toxic + harmless) / 2
        for value, weight in ((1, toxic), (0, harmless)):
            weights[labels == value] *= np.clip(half / weight, LIGHTEST, HEAVIEST)
    rows.rows.weights = [float(weight) for weight in weights]
    return rows


def _sample(places: Sequence[int] | range, most: int, rng: random.Random) -> list[int]:
    return sorted(rng.sample(places, max(0, min(most, len(places)))))


def _most_of_each_language(rows: LanguageRows, most: int, rng: random.Random) -> LanguageRows:
    of_language: dict[str, list[int]] = defaultdict(list)
    for at, language in enumerate(rows.languages):
        of_language[language].append(at)
    return rows.take(at for places in of_language.values() for at in _sample(places, most, rng))
