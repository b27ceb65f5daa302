"""The one door to a model: texts in, label probabilities and verdicts out, in order, whatever runs underneath.

Importing this module loads neither torch nor any other engine; making a `Scorer` does.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy
from numpy.typing import NDArray

from classifier.inference import artifact, backends
from classifier.inference.errors import ScoreNotFinite, TextTooLong
from classifier.inference.reading import reading
from classifier.inference.verdict import NON_TOXIC, Verdict, verdict_for
from classifier.inference.windows import Window, Windower

Logits = NDArray[numpy.float32]
WINDOW_SPREAD = 0.45
"""In log-odds: how far the scores of a harmless text's windows spread, as far as chance goes."""


@dataclass(frozen=True, slots=True)
class WindowScore:
    """The probabilities of one window of a text; `begin` and `end` are code points of the text as it was given.

    `concern` is the probability that it tells of its author's own hurt; None where the model has no output for it.
    """

    begin: int
    end: int
    scores: dict[str, float]
    concern: float | None = None


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What the model says of one text: each label's probability is that of `of_windows` over the text's windows.

    Where a person reads something else than what is written, the windows of that reading count too. `read_as` is the
    reading if it raised the score of the primary label, else "". `windows` and `spans` are of the text as written.
    `concern` is the highest probability of all windows and readings that the author tells of their own hurt (None: the
    model has no output for it), `is_concern` whether it reaches the model's threshold. The verdict is non-toxic where
    that is so and the window that looks most toxic is more surely a concern than toxic.
    """

    scores: dict[str, float]
    verdict: Verdict
    windows: int
    spans: tuple[WindowScore, ...]
    read_as: str = ""
    concern: float | None = None
    is_concern: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """Tokenised texts, ready to be run; making one needs no model, so it may happen beside a running one.

    `readings` are what is read in some of the texts, by the number that stands in `Window.text` for their windows; each
    with the number of its text.
    """

    texts: int
    windows: tuple[Window, ...]
    readings: Mapping[int, tuple[int, str]] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        return sum(len(window.ids) for window in self.windows)


class Scorer:
    """A verified model folder with an engine that runs it.

    `backend` is auto, fp32, bf16, int8, generic or cuda; `token_budget` is how many tokens run at once;
    a text that needs more than `max_windows` windows of the model's whole length raises `TextTooLong`.
    `window_length` overrides the manifest's (see classifier.inference.windows). Without `reads` only what is written
    counts.
    """

    def __init__(
        self,
        artifact_dir: Path | str,
        backend: str = "auto",
        token_budget: int = 2_048,
        max_windows: int = 64,
        window_length: int | None = None,
        *,
        reads: bool = True,
    ) -> None:
        self.directory = Path(artifact_dir)
        self.manifest = artifact.verify(self.directory)
        self.token_budget, self.max_windows, self.reads = token_budget, max_windows, reads
        config = artifact.read_json(self.directory, "config.json")
        self.windower = Windower(
            artifact.read_verified(self.directory, self.manifest, "tokenizer.json"),
            self.manifest.max_length,
            int(config["vocab_size"]),
            window_length or self.manifest.window_length,
        )
        self._backend = backends.load(backend, self.directory, self.manifest, config)

    @property
    def labels(self) -> tuple[str, ...]:
        return self.manifest.labels

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def backend_name(self) -> str:
        return self._backend.name

    def score(self, texts: Sequence[str]) -> list[ScoreResult]:
        """Return one result for each text, in order."""
        prepared = self.prepare(texts)
        return self.finish(prepared, self.run(prepared))

    def prepare(self, texts: Sequence[str]) -> Prepared:
        """Clean, tokenise and cut into windows, the texts as written and what is read in them."""
        if isinstance(texts, str):
            raise TypeError("texts must be a list of strings, not one string")
        windows = self.windower.windows(texts, self.max_windows)
        readings: dict[int, tuple[int, str]] = {}
        for number, text in enumerate(texts) if self.reads else ():
            view = reading(text)
            if view is None or not view.text:
                continue
            with suppress(TextTooLong):  # longer than the text, with words for emoji: the text alone counts
                read = self.windower.windows([view], self.max_windows)
                written = [window.ids.tolist() for window in windows if window.text == number]
                if len(read) > 1:  # the others hold what is written, cut at other places
                    read = [part for part in read if reading(text[part.begin : part.end]) is not None] or read
                if [window.ids.tolist() for window in read] != written:  # else the same to this tokenizer
                    at = len(texts) + len(readings)
                    readings[at] = (number, view.text)
                    windows.extend(replace(window, text=at) for window in read)
        return Prepared(len(texts), tuple(windows), readings)

    def run(self, prepared: Prepared) -> Logits:
        """Return the logits [windows, outputs] of every window; alike lengths run together under the token budget."""
        windows = prepared.windows
        logits = numpy.empty((len(windows), self.manifest.outputs), dtype=numpy.float32)
        for pack in packs([len(window.ids) for window in windows], self.token_budget):
            logits[pack] = self._backend.logits([windows[at].ids for at in pack])
        return logits

    def finish(self, prepared: Prepared, logits: Logits) -> list[ScoreResult]:
        """Return probabilities and verdicts from the logits of `run`."""
        if not numpy.isfinite(logits).all():
            raise ScoreNotFinite(
                f"model {self.version} gave a logit that is not a number on {self.backend_name}"
            )
        probabilities, concerns = self.probabilities(logits), self.concerns(logits)
        spans: list[list[WindowScore]] = [[] for _ in range(prepared.texts + len(prepared.readings))]
        for window, row, concern in zip(prepared.windows, probabilities.tolist(), concerns, strict=True):
            spans[window.text].append(
                WindowScore(window.begin, window.end, dict(zip(self.labels, row, strict=True)), concern)
            )
        results = [self._result(tuple(parts)) for parts in spans[: prepared.texts]]
        for at, (text, read_as) in prepared.readings.items():
            results[text] = self._with_reading(results[text], spans[at], read_as)
        return results

    def probabilities(self, logits: Logits) -> NDArray[numpy.float64]:
        """Turn logits [n, outputs] into probabilities [n, labels], by the manifest's activation."""
        wide = logits.astype(numpy.float64)
        if self.manifest.activation == "softmax":
            wide = wide[:, 1:2] - wide[:, 0:1]
        return numpy.asarray(0.5 * (1.0 + numpy.tanh(0.5 * wide[:, : len(self.labels)])))

    def concerns(self, logits: Logits) -> list[float | None]:
        """Return the probability of each row of logits [n, outputs] that its author tells of their own hurt."""
        if self.manifest.concern is None:
            return [None] * len(logits)
        wide = logits[:, self.manifest.concern.output].astype(numpy.float64)
        values: list[float | None] = (0.5 * (1.0 + numpy.tanh(0.5 * wide))).tolist()
        return values

    def _with_reading(self, written: ScoreResult, read: Sequence[WindowScore], read_as: str) -> ScoreResult:
        """Return the result with each window's scores raised to those of the reading's windows amid it."""
        spans = []
        for span in written.spans:
            amid = [part.scores for part in read if span.begin <= (part.begin + part.end) // 2 <= span.end]
            scores = {label: max(part[label] for part in (span.scores, *amid)) for label in self.labels}
            spans.append(WindowScore(span.begin, span.end, scores, span.concern))
        result = self._result(tuple(spans), [part.concern for part in read])
        primary = self.manifest.primary_label
        return (
            replace(result, read_as=read_as) if result.scores[primary] > written.scores[primary] else result
        )

    def _result(
        self, spans: tuple[WindowScore, ...], read_concerns: Sequence[float | None] = ()
    ) -> ScoreResult:
        scores = {label: of_windows([span.scores[label] for span in spans]) for label in self.labels}
        verdict = verdict_for(scores, self.manifest.thresholds, self.manifest.primary_label)
        result = ScoreResult(scores, verdict, len(spans), spans)
        if self.manifest.concern is None:
            return result
        concern = max(
            value for value in (*read_concerns, *(span.concern for span in spans)) if value is not None
        )
        if concern < self.manifest.concern.threshold:
            return replace(result, concern=concern)
        primary = self.manifest.primary_label
        worst = max(spans, key=lambda span: span.scores[primary])
        if worst.concern is not None and worst.concern > worst.scores[primary]:
            verdict = NON_TOXIC
        return replace(result, verdict=verdict, concern=concern, is_concern=True)


def of_windows(probabilities: Sequence[float]) -> float:
    """Return the probability of a text from those of its windows: the highest, lowered for their number in log-odds.

    The highest of n values is high by chance alone: of n independent normal ones it lies about sqrt(2 ln n) standard
    deviations above the mean. Without the correction, more long harmless texts would reach a threshold than when they
    are read whole. WINDOW_SPREAD is measured: see `python -m benchmarks windows`.
    """
    highest = max(probabilities)
    if len(probabilities) < 2 or not 0.0 < highest < 1.0:
        return highest
    lowered = math.log(highest / (1.0 - highest)) - WINDOW_SPREAD * math.sqrt(
        2.0 * math.log(len(probabilities))
    )
    return 0.5 * (1.0 + math.tanh(0.5 * lowered))


def packs(lengths: Sequence[int], token_budget: int) -> list[list[int]]:
    """Return groups of indices of similar length, longest first, at most `token_budget` tokens each (or one window)."""
    groups: list[list[int]] = []
    total = 0
    for at in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if not groups or total + lengths[at] > token_budget:
            groups.append([])
            total = 0
        groups[-1].append(at)
        total += lengths[at]
    return groups
