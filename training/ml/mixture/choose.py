"""Which rows the starter learns from: wiki_toxic, public sets by weight and cap, a second look at their negatives,
rows made by rule.

The table of public sets is what `manage.py dataset build-mixture` writes. The split is by hash of the text, so that a
text that was once held out for validation is held out in every later mixture.
"""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.labels import JIGSAW_LABELS
from training.ml.mixture import augment
from training.ml.mixture.concern import CONCERN_PATTERNS, is_held_out, tells_of_hurt
from training.ml.mixture.identity import WordBalance, balance_identities
from training.ml.mixture.long_texts import long_texts
from training.ml.mixture.overlap import OverlapReport, without_overlaps
from training.ml.mixture.templates import contrast_sentences, quotation_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

SecondLook = Callable[[Sequence[str]], "NDArray[np.float64]"]
"""(texts) -> P(toxic) of each, by a model that never learned from them."""

TOXIC, OBSCENE, INSULT, IDENTITY_HATE = (
    JIGSAW_LABELS.index(label) for label in ("toxic", "obscene", "insult", "identity_hate")
)
HELD_OUT = 0.04  # of each public set, for validation
LIKELY_TOXIC = 0.25  # a "negative" of a set about hate alone that scores this much is unknown, not harmless
SURELY_HARMLESS = 0.1  # one of which the set says only that it is no hate is harmless when it scores less
CONTRAST_SHARE = 0.75  # of the contrast sentences that the patterns ask for
LONG_TEXTS = 7000  # coherent ones, half of them with an abusive sentence
WIKI_SHARE = 0.42  # of all rows
WIKI_VALIDATION_ROWS = 8000
EVERYDAY_SETS = {"wiki_toxic", "benign_tasks_en", "paradetox_en"}  # whose harmless rows tell of no hurt
FEWEST_CHARACTERS, MOST_CHARACTERS = 2, 4000


@dataclass(frozen=True)
class PublicSet:
    """How a public set is used: weight of a row in the loss, most rows taken, whether its negatives need a second look.

    A set that marks hate alone calls other abuse negative; such a row teaches that insults are fine.
    """

    weight: float = 1.0
    most_rows: int | None = None
    second_look: bool = False


USED: dict[str, PublicSet] = {
    "paradetox_en": PublicSet(most_rows=20_000, second_look=True),
    "goemotions_benign_en": PublicSet(0.7, most_rows=16_000, second_look=True),
    "benign_tasks_en": PublicSet(0.5, most_rows=6_000),
    "toxic_spans_civil_en": PublicSet(),
    "convabuse_en": PublicSet(),
    "davidson_en": PublicSet(0.6, second_look=True),
    "gab_hate_en": PublicSet(0.6, most_rows=12_000, second_look=True),
    "hatexplain_part_en": PublicSet(0.6, second_look=True),
    "implicit_hate_en": PublicSet(0.6, most_rows=14_000, second_look=True),
    "edos_en": PublicSet(0.6),
    "online_misogyny_en": PublicSet(0.6),
    "hatemojibuild_en": PublicSet(0.8, second_look=True),
}


@dataclass
class Rows:
    """Texts with six labels (1, 0, -1 unknown), a weight, a source, and whether they are a concern (1, 0, -1) each."""

    texts: list[str] = field(default_factory=list)
    labels: list[tuple[int, ...]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    concerns: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def add(
        self, text: str, labels: Sequence[int], source: str, weight: float = 1.0, concern: int | None = None
    ) -> None:
        """Add a row; where `concern` is not given, what is toxic is none, nor what everyday sets call harmless."""
        self.texts.append(text)
        self.labels.append(tuple(labels))
        self.weights.append(weight)
        self.sources.append(source)
        if concern is None:
            everyday = source in EVERYDAY_SETS and labels[TOXIC] == 0
            concern = 0 if everyday or labels[TOXIC] == 1 else -1
        self.concerns.append(concern)

    def extend(self, other: "Rows", places: Sequence[int] | None = None) -> None:
        """Add the rows of `other`, or those in `places`."""
        for at in range(len(other)) if places is None else places:
            self.add(
                other.texts[at], other.labels[at], other.sources[at], other.weights[at], other.concerns[at]
            )

    def where(self, wanted: Callable[[int], bool]) -> list[int]:
        return [at for at in range(len(self)) if wanted(at)]


def read_rows(path: Path, text_column: str, columns: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file with the text, the six labels and `columns`."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=[text_column, *JIGSAW_LABELS, *columns]):
            yield from batch.to_pylist()


def wiki_rows(path: Path) -> Rows:
    """Return a split of wiki_toxic; where the six labels are unknown, `toxic` is the row's `label`."""
    rows = Rows()
    for row in read_rows(path, "comment_text", ["label"]):
        labels = [int(row[label]) for label in JIGSAW_LABELS]
        if max(labels) < 0:
            labels[TOXIC] = int(row["label"])
        rows.add(row["comment_text"], labels, "wiki_toxic")
    return rows


def public_rows(path: Path, rng: random.Random) -> tuple[Rows, Rows]:
    """Return (rows to learn from, rows held out) of the public sets that are used, English, each at most to its cap."""
    by_set: dict[str, Rows] = {name: Rows() for name in USED}
    held_out = Rows()
    for row in read_rows(path, "text", ["source", "lang", "licence_class"]):
        name, text = row["source"], row["text"]
        labels = [int(row[label]) for label in JIGSAW_LABELS]
        if name not in USED or row["lang"] != "en" or row["licence_class"] == "caution":
            continue
        if (
            not FEWEST_CHARACTERS <= len(text) <= MOST_CHARACTERS
            or max(labels) < 0
            or _left_out(name, labels)
        ):
            continue
        rows = held_out if position(text) < HELD_OUT else by_set[name]
        rows.add(text, labels, name, USED[name].weight)
    chosen = Rows()
    for name, rows in by_set.items():
        chosen.extend(rows, _capped(rows, USED[name].most_rows, rng))
    return chosen, held_out


def _left_out(name: str, labels: Sequence[int]) -> bool:
    """Leave out davidson's merely "offensive" tweets: a known bias against African American English."""
    return name == "davidson_en" and labels[TOXIC] == 1 and labels[IDENTITY_HATE] != 1


def _capped(rows: Rows, most: int | None, rng: random.Random) -> list[int]:
    """Return the places of at most `most` rows: friendly swearing first, then the toxic ones, then the others."""
    if most is None or len(rows) <= most:
        return list(range(len(rows)))
    order = list(range(len(rows)))
    rng.shuffle(order)
    order.sort(key=lambda at: (not _friendly_swearing(rows.labels[at]), rows.labels[at][TOXIC] != 1))
    first = [at for at in order if _friendly_swearing(rows.labels[at])]
    toxic = [at for at in order if rows.labels[at][TOXIC] == 1][: most // 2]
    others = [at for at in order if rows.labels[at][TOXIC] != 1 and not _friendly_swearing(rows.labels[at])]
    return (first + toxic + others)[:most]


def _friendly_swearing(labels: Sequence[int]) -> bool:
    return labels[OBSCENE] == 1 and labels[TOXIC] == 0


def position(text: str) -> float:
    """Return the place of a text in [0, 1) by the hash of its letters and digits, whatever surrounds them."""
    digest = hashlib.sha256(plain(text).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def plain(text: str) -> str:
    """Return the letters and digits of a text in lower case: what two copies of it share."""
    return re.sub(r"[\W_]+", "", text.lower())


def by_the_sets_own_label(rows: Rows) -> Rows:
    """Return the rows with the one label that their set gives: toxic, or not what the set marks (hate alone, for some).

    It is what models are compared by: a second look takes from the negatives what the model that looks would get wrong.
    """
    own = Rows()
    for at, labels in enumerate(rows.labels):
        toxic = 0 if labels[TOXIC] < 0 and labels[IDENTITY_HATE] == 0 else labels[TOXIC]
        if toxic >= 0:
            own.add(rows.texts[at], (toxic, -1, -1, -1, -1, -1), rows.sources[at])
    return own


def look_again(rows: Rows, second_look: SecondLook) -> Counter[str]:
    """Ask a model about the negatives of sets that mark hate alone; return how many became unknown, by set.

    What it doubts is no longer harmless but unknown; what is known only to be no hate, and it does not doubt, is
    harmless.
    """
    places = rows.where(lambda at: USED[rows.sources[at]].second_look and rows.labels[at][TOXIC] < 1)
    scores = second_look([rows.texts[at] for at in places])
    doubted: Counter[str] = Counter()
    for at, score in zip(places, scores, strict=True):
        labels = list(rows.labels[at])
        if labels[TOXIC] == 0 and score >= LIKELY_TOXIC and not _friendly_swearing(labels):
            labels[TOXIC] = labels[INSULT] = labels[OBSCENE] = -1
            doubted[rows.sources[at]] += 1
        elif labels[TOXIC] < 0 and labels[IDENTITY_HATE] == 0 and score < SURELY_HARMLESS:
            labels[TOXIC] = 0
        rows.labels[at] = tuple(labels)
    return doubted


def made_rows(base: Rows, swear_words: set[str], seed: int, contrast_share: float = CONTRAST_SHARE) -> Rows:
    """Return the rows made by rule of the others: disguised, buried, quoted, with groups exchanged, contrasted."""
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    toxic = base.where(lambda at: base.labels[at][TOXIC] == 1)
    harmless = base.where(lambda at: max(base.labels[at]) <= 0 and base.labels[at][TOXIC] == 0)
    short_toxic = [at for at in toxic if len(base.texts[at]) < 300]
    short_harmless = [at for at in harmless if len(base.texts[at]) < 300]
    brief = [base.texts[at] for at in harmless if len(base.texts[at]) < 250]
    hateful = [
        at for at in toxic
        if 8 <= len(base.texts[at]) <= 70 and 1 in (base.labels[at][IDENTITY_HATE], base.labels[at][INSULT])
    ]  # fmt: skip
    named = [at for at in range(len(base)) if len(base.texts[at]) < 200 and base.labels[at][TOXIC] >= 0]
    made = Rows()

    def make(
        source: str,
        places: list[int],
        count: int,
        rule: augment.Augmentation,
        labels: Sequence[int] | None = None,
    ) -> None:
        for number, at in enumerate(rng.sample(places, len(places))):
            if number == count * 20 or count == 0:
                return
            text = rule(base.texts[at], rng)
            if text is not None and text != base.texts[at]:
                made.add(text, labels or base.labels[at], source)
                count -= 1

    objected, endorsed = (quotation_frames(endorsed=side) for side in (False, True))
    make("disguised", short_toxic, 9000, augment.disguising(swear_words))
    make("disguised", short_harmless, 4000, augment.disguise_any)
    make("buried", short_toxic, 2500, augment.burying(brief))
    make("buried", short_harmless, 2500, augment.burying(brief))
    make("quoted", hateful, 2200, augment.quoting(objected), (0, 0, -1, 0, 0, 0))
    make("quoted", hateful, 700, augment.quoting(endorsed))
    make("exchanged", named, 4000, augment.exchange_identity)
    contrast = contrast_sentences(seed, contrast_share)
    no_concerns = [
        sentence for sentence in contrast if not tells_of_hurt(sentence) and not is_held_out(sentence, seed)
    ]
    for source, sentences in (
        ("contrast {family}", contrast),
        ("contrast {family}", long_texts(round(LONG_TEXTS * contrast_share), no_concerns, seed)),
        ("contrast concern", contrast_sentences(seed, contrast_share, patterns=CONCERN_PATTERNS)),
    ):
        for sentence in sentences:
            if not is_held_out(sentence, seed):
                made.add(
                    sentence.text,
                    sentence.labels,
                    source.format(family=sentence.family),
                    concern=int(tells_of_hurt(sentence)),
                )
    return made


def write_table(rows: Rows, path: Path, **more: Sequence[Any]) -> None:
    """Write rows as Parquet: comment_text, source, weight, the six labels, concern, and further columns."""
    import pyarrow
    import pyarrow.parquet

    columns: dict[str, Any] = {
        **more,
        "comment_text": rows.texts,
        "source": rows.sources,
        "weight": pyarrow.array(rows.weights, pyarrow.float32()),
    }
    for at, label in enumerate(JIGSAW_LABELS):
        columns[label] = pyarrow.array([labels[at] for labels in rows.labels], pyarrow.int8())
    columns["concern"] = pyarrow.array(rows.concerns, pyarrow.int8())
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), path, compression="zstd")


@dataclass(frozen=True)
class Mixture:
    """Rows to learn from and rows to validate on, with what the model card tells of how they were chosen.

    `test` holds the rows to validate on with the label that their set gives, before the second look. `doubted` counts
    the negatives that were made unknown, by set; `identities` are the balanced identity words.
    """

    train: Rows
    validation: Rows
    test: Rows
    doubted: Counter[str]
    overlap: OverlapReport
    identities: list[WordBalance]


def choose_mixture(
    wiki: Path,
    public: Path,
    second_look: SecondLook,
    swear_words: set[str],
    judged: Sequence[str],
    *,
    contrast_share: float = CONTRAST_SHARE,
    seed: int = 13,
) -> Mixture:
    """Choose the rows that the starter learns from, and those that it is calibrated on.

    `wiki` is the folder of wiki_toxic, `public` the table of public sets. Every toxic row of wiki_toxic is kept, and as
    many of the others as make it WIKI_SHARE of all rows, where there are so many. A row that equals or nearly equals
    one of the `judged` texts is left out; rows that name groups of people are weighted so that a name alone means
    nothing.
    """
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    others, held_out = public_rows(public, rng)
    test = Rows()
    test.extend(held_out)
    doubted = look_again(others, second_look)
    look_again(held_out, second_look)
    known = wiki_rows(wiki / "train.parquet")
    base = Rows()
    base.extend(others)
    base.extend(known)
    made = made_rows(base, swear_words, seed, contrast_share)
    wanted = round((len(others) + len(made)) * WIKI_SHARE / (1 - WIKI_SHARE))
    toxic = known.where(lambda at: max(known.labels[at]) > 0)
    harmless = known.where(lambda at: max(known.labels[at]) <= 0)
    kept = toxic + rng.sample(harmless, max(0, min(len(harmless), wanted - len(toxic))))
    chosen = Rows()
    chosen.extend(others, others.where(lambda at: max(others.labels[at]) >= 0))
    chosen.extend(made)
    chosen.extend(known, kept)

    places, overlap = without_overlaps(chosen.texts, judged)
    train = Rows()
    train.extend(chosen, rng.sample(places, len(places)))
    toxicity = np.array([labels[TOXIC] for labels in train.labels], np.int8)
    weights, identities = balance_identities(train.texts, toxicity, np.array(train.weights, np.float32))
    train.weights = [float(weight) for weight in weights]

    wiki_validation = wiki_rows(wiki / "validation.parquet")
    drawn = rng.sample(range(len(wiki_validation)), min(WIKI_VALIDATION_ROWS, len(wiki_validation)))
    validation = Rows()
    validation.extend(wiki_validation, sorted(drawn))
    validation.extend(held_out, held_out.where(lambda at: max(held_out.labels[at]) >= 0))
    test.extend(validation, range(len(drawn)))
    return Mixture(train, validation, by_the_sets_own_label(test), doubted, overlap, identities)
