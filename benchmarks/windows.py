"""Long texts: how often one abusive comment among harmless ones is found, and harmless ones are not, by kind of window.

Texts are made of labelled rows that the model was not trained on (`--data validation.parquet`): harmless rows of 1,000
characters and more as they are ("long"); short harmless rows joined up to 800 to 4,000 characters ("joined"); and such
texts with one short abusive row at their beginning, middle or end ("buried"). An abusive row counts only if the model
finds it alone. Windows of the model's whole length are the mark: what is chosen must find more, and be wrong about no
more of the harmless texts, both kinds together.
"""

import random
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy
from numpy.typing import NDArray

from benchmarks.core import Options, Row
from classifier.inference.normalise import NormalisedText, normalise
from classifier.inference.scorer import WINDOW_SPREAD, Prepared, Scorer
from classifier.inference.sentences import sentence_spans
from classifier.inference.windows import STRIDE_SHARE, WINDOW_LENGTH, Window

SAMPLE = (
    Path(__file__).resolve().parent.parent / "training" / "data" / "sample" / "validation.parquet",
    "text",
    "toxic",
)
SIZES = (800, 1_600, 2_400, 4_000)
PLACES = ("beginning", "middle", "end")
LONG_CHARACTERS = 1_000
ENOUGH = 500  # harmless texts, without which one more or less that is wrong says nothing
LENGTHS = (96, 128, 160, 192, 256)
OVERLAPS = (0.125, 0.25, 0.5)
SPREADS = numpy.arange(0.0, 2.0, 0.05)

Floats = NDArray[numpy.float64]
Cut = Callable[[NormalisedText, Sequence[int], Sequence[tuple[int, int]]], list[tuple[int, int]]]


@dataclass(frozen=True)
class LongTexts:
    """The texts, and the indices of those of each kind; `alone` is the abusive row of each buried text."""

    texts: list[str]
    long: list[int]
    joined: list[int]
    buried: list[int]
    alone: list[int]
    places: list[str]
    sizes: list[int]


@dataclass(frozen=True)
class Scored:
    """The highest log-odds of each text, and how many windows it has; `seconds` is the time of the model.

    `paired` is the highest mean of two windows that follow each other, the first and the last also alone: with an
    overlap of a half, what both windows that hold a passage say of it.
    """

    highest: Floats
    windows: Floats
    seconds: float
    paired: Floats


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--long-texts", type=int, default=300, help="how many, and four times as many long ones [%(default)s]"
    )
    parser.add_argument("--fewer-cuts", action="store_true", help="only the chosen length and its neighbours")


def run(options: Options) -> list[Row]:
    """Return a row for each way to cut, and to combine the windows of, a long text."""
    data = (options.data, options.text_column, options.label_column) if options.data else SAMPLE
    sample = long_texts(*rows(*data), options.long_texts)
    scorer = Scorer(options.model)
    print(
        f"{len(sample.long)} long, {len(sample.joined)} joined and {len(sample.buried)} buried texts\n",
        flush=True,
    )
    primary = scorer.manifest.primary_label
    threshold = scorer.manifest.thresholds[primary]
    bench = Bench(scorer, sample, float(numpy.log(threshold / (1.0 - threshold))))
    whole = bench.scored(tokens(scorer.manifest.max_length - 2, scorer.manifest.max_length * 3 // 4))
    report = Report(bench, whole)
    report.add(f"{scorer.manifest.max_length}, overlap 1/4: highest", whole.highest, whole)
    lengths = (WINDOW_LENGTH,) if options.fewer_cuts else LENGTHS
    for length in lengths:
        for overlap in _overlaps(length, fewer=options.fewer_cuts):
            scored = bench.scored(tokens(length - 2, round(length * (1 - overlap))))
            chosen = length == WINDOW_LENGTH and overlap == 1 - STRIDE_SHARE
            report.add_ways(f"{length}, overlap {overlap:g}", scored, chosen=chosen)
        if not options.fewer_cuts and length in (128, 160):
            report.add_ways(f"{length}, at ends of sentences", bench.scored(sentences(length - 2)))
    return report.rows


def _overlaps(length: int, *, fewer: bool) -> tuple[float, ...]:
    if length != WINDOW_LENGTH:
        return (0.25,)
    return (0.25, 0.5) if fewer else OVERLAPS


class Bench:
    """A model and the texts it is measured with, tokenised once."""

    def __init__(self, scorer: Scorer, sample: LongTexts, threshold: float) -> None:
        self.scorer, self.sample, self.threshold = scorer, sample, threshold
        self.cleaned = [normalise(text) for text in sample.texts]
        self.encodings = [
            scorer.windower.tokenizer.encode(text.text, add_special_tokens=False) for text in self.cleaned
        ]

    def scored(self, cut: Cut) -> Scored:
        """Score all texts in windows that `cut` gives as ranges of tokens."""
        framed = self.scorer.windower.framed
        windows = [
            Window(index, framed(encoding.ids[begin:end]), 0, 0)
            for index, (text, encoding) in enumerate(zip(self.cleaned, self.encodings, strict=True))
            for begin, end in cut(text, encoding.ids, encoding.offsets)
        ]
        began = time.process_time()
        logits = self.scorer.run(Prepared(len(self.cleaned), tuple(windows)))
        seconds = time.process_time() - began
        probabilities = self.scorer.probabilities(logits)
        column = numpy.clip(
            probabilities[:, self.scorer.labels.index(self.scorer.manifest.primary_label)], 1e-9, 1 - 1e-9
        )
        highest = numpy.full(len(self.cleaned), -numpy.inf)
        owners = numpy.array([window.text for window in windows])
        odds = numpy.log(column / (1 - column))
        numpy.maximum.at(highest, owners, odds)
        follows = numpy.append(owners[1:] == owners[:-1], [False])
        paired = numpy.full(len(self.cleaned), -numpy.inf)
        is_edge = ~follows | ~numpy.insert(follows[:-1], 0, False)
        numpy.maximum.at(paired, owners[is_edge], odds[is_edge])
        first = numpy.flatnonzero(follows)
        numpy.maximum.at(paired, owners[first], (odds[first] + odds[first + 1]) / 2)
        counts = numpy.bincount(owners, minlength=len(self.cleaned)).astype(float)
        return Scored(highest, counts, seconds, paired)


class Report:
    """The rows of the table; the mark is the score of whole windows."""

    def __init__(self, bench: Bench, whole: Scored) -> None:
        self.bench, self.whole, self.rows = bench, whole, list[Row]()
        sample = bench.sample
        self.counted = [
            at for at, alone in enumerate(sample.alone) if whole.highest[alone] >= bench.threshold
        ]
        self.harmless = [*sample.long, *sample.joined]
        self.fitted, self.held_out = self.harmless[::2], self.harmless[1::2]

    def add_ways(self, what: str, scored: Scored, *, chosen: bool = False) -> None:
        """Add the ways to combine: the highest, the highest lowered for the number of windows, and with the whole."""
        chance = numpy.sqrt(2 * numpy.log(scored.windows))
        self.add(f"{what}: highest", scored.highest, scored)
        spread = self._smallest(lambda value: scored.highest - value * chance)
        self.add(
            f"{what}: lowered by {spread:.2f} sqrt(2 ln n), fitted", scored.highest - spread * chance, scored
        )
        log = self._smallest(lambda value: scored.highest - value * numpy.log(scored.windows))
        self.add(
            f"{what}: lowered by {log:.2f} ln n, fitted",
            scored.highest - log * numpy.log(scored.windows),
            scored,
        )
        pairs = self._smallest(lambda value: scored.paired - value * chance)
        self.add(
            f"{what}: pairs, lowered by {pairs:.2f} sqrt(2 ln n), fitted",
            scored.paired - pairs * chance,
            scored,
        )
        both = replace(scored, seconds=scored.seconds + self.whole.seconds)
        self.add(
            f"{what}: higher of this and the whole", numpy.maximum(scored.highest, self.whole.highest), both
        )
        self.add(f"{what}: mean with the whole", (scored.highest + self.whole.highest) / 2, both)
        if chosen:
            lowered = scored.highest - WINDOW_SPREAD * chance
            self.add(
                f"{what}: lowered by {WINDOW_SPREAD:g} sqrt(2 ln n), as shipped", lowered, scored, bar=True
            )

    def add(self, what: str, odds: Floats, scored: Scored, *, bar: bool = False) -> None:
        sample = self.bench.sample
        values = {"found": _share(self._found(odds, self.counted))}
        for place in PLACES:
            of_place = [at for at in self.counted if sample.places[at] == place]
            values[place] = _share(self._found(odds, of_place))
        longest = [at for at in self.counted if sample.sizes[at] == SIZES[-1]]
        values[f"of {SIZES[-1]:,}"] = _share(self._found(odds, longest))
        values["wrong: long"] = _share(self._over(odds, sample.long))
        values["joined"] = _share(self._over(odds, sample.joined))
        values["unfitted half"] = _share(self._over(odds, self.held_out))
        values["time"] = f"{scored.seconds / self.whole.seconds:.2f}"
        passed = None
        if bar and len(self.harmless) >= ENOUGH:
            better = self._found(odds, self.counted) > self._found(self.whole.highest, self.counted)
            wrong, mark = self._over(odds, self.harmless), self._over(self.whole.highest, self.harmless)
            passed = bool(better and wrong <= mark)
        self.rows.append(Row(what, values, passed))
        print(f"{what}: {values}", flush=True)

    def _found(self, odds: Floats, buried: Sequence[int]) -> float:
        return self._over(odds, [self.bench.sample.buried[at] for at in buried])

    def _over(self, odds: Floats, indices: Sequence[int]) -> float:
        return float((odds[list(indices)] >= self.bench.threshold).mean()) if indices else 0.0

    def _smallest(self, lowered: Callable[[float], Floats]) -> float:
        """Return the smallest correction with no more wrong ones in the fitted half than whole windows have."""
        mark = self._over(self.whole.highest, self.fitted)
        return next(
            (float(value) for value in SPREADS if self._over(lowered(float(value)), self.fitted) <= mark),
            float(SPREADS[-1]),
        )


def tokens(room: int, step: int) -> Cut:
    """Cut after a fixed number of tokens, as the scorer does."""

    def cut(
        text: NormalisedText, ids: Sequence[int], offsets: Sequence[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        count = 1 if len(ids) <= room else -(-(len(ids) - room) // step) + 1
        return [(number * step, min(number * step + room, len(ids))) for number in range(count)]

    return cut


def sentences(room: int) -> Cut:
    """Cut at the ends of sentences, each window beginning with the last quarter of the one before."""

    def cut(
        text: NormalisedText, ids: Sequence[int], offsets: Sequence[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        if len(ids) <= room:
            return [(0, len(ids))]
        places = [text.original_span(begin, max(begin, end))[0] for begin, end in offsets]
        starts = sorted(
            {int(numpy.searchsorted(places, begin)) for begin, _ in sentence_spans(text.original)} | {0}
        )
        units = list(_units([*starts, len(ids)], room // 2))
        windows: list[tuple[int, int]] = []
        first = 0
        while True:
            last = first
            while last < len(units) and units[last][1] - units[first][0] <= room:
                last += 1
            windows.append((units[first][0], units[last - 1][1]))
            if last == len(units):
                return windows
            first, end = last, units[last - 1][1]
            while (
                first - 1 > 0
                and units[first - 1][0] > windows[-1][0]
                and end - units[first - 1][0] <= room // 4
            ):
                first -= 1

    return cut


def _units(starts: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    for begin, end in pairwise(starts):
        for at in range(begin, end, most):
            yield at, min(at + most, end)


def rows(data: Path, text_column: str, label_column: str) -> tuple[list[str], list[str]]:
    """Return the harmless and the abusive texts of a parquet file, shuffled, the same every time."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(data, columns=[text_column, label_column])
    texts, labels = table[text_column].to_pylist(), table[label_column].to_pylist()
    pairs = [(text, label) for text, label in zip(texts, labels, strict=True) if text and label in (0, 1)]
    random.Random(7).shuffle(pairs)
    return [text for text, label in pairs if not label], [text for text, label in pairs if label]


def long_texts(harmless: Sequence[str], abusive: Sequence[str], count: int) -> LongTexts:
    """Return `count` joined and buried texts and four times as many long ones, as far as the rows reach."""
    generator = random.Random(7)
    long = [text for text in harmless if len(text) >= LONG_CHARACTERS][: 4 * count]
    fillers = iter([text for text in harmless if 60 <= len(text) <= 400])
    shorts = iter([text for text in abusive if 15 <= len(text) <= 160])
    texts, joined, buried, alone = list(long), list[int](), list[int](), list[int]()
    places, sizes = list[str](), list[int]()
    for number in range(count):
        size, place = SIZES[number % len(SIZES)], PLACES[number % len(PLACES)]
        parts, filler = list[str](), next(fillers, None)
        while filler is not None and sum(map(len, parts)) + len(filler) < size:
            parts.append(filler)
            filler = next(fillers, None)
        row = next(shorts, None)
        if filler is None or row is None or not parts:
            break
        gap = generator.choice((" ", "\n", "\n\n"))
        at = {"beginning": 0, "middle": len(parts) // 2, "end": len(parts)}[place]
        joined.append(len(texts))
        buried.append(len(texts) + 1)
        alone.append(len(texts) + 2)
        texts += [gap.join(parts), gap.join([*parts[:at], row, *parts[at:]]), row]
        places.append(place)
        sizes.append(size)
    return LongTexts(texts, list(range(len(long))), joined, buried, alone, places, sizes)


def _share(value: float) -> str:
    return f"{value:.1%}"
