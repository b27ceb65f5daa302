"""Display of verdicts: label bars, verdict cards, highlighted words."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from classifier.inference.language import UNDETERMINED
from classifier.models import Comment, CommentStatus, Prediction, Verdict
from classifier.policies.active_policies import policy_for
from classifier.scoring.pages.format_note import format_note
from classifier.scoring.score_texts import ExplainedWord, ScoredText, TextExplanation
from classifier.web.formatting import LABEL_TITLES, duration, language_title, percent, svg_length

CONCERN_MEANS = "The author seems to tell of their own hurt: see it as a call for help, not as a violation."
LEVELS = 4
QUIET_SHARE = 0.08
"""A word with less than this share of the strongest word's contribution is not highlighted."""
TOP_WORDS = 10
TOOK_MOST_SECONDS = 86_400
"""A verdict that took longer is shown without its duration: the comment was imported and is older than this site."""


@dataclass(frozen=True)
class LabelBar:
    """One label's probability; `threshold` is None where the model names none."""

    label: str
    probability: float
    threshold: float | None

    @property
    def title(self) -> str:
        return LABEL_TITLES.get(self.label, self.label.replace("_", " ").capitalize())

    @property
    def over(self) -> bool:
        return self.threshold is not None and self.probability >= self.threshold

    @property
    def percent(self) -> str:
        return percent(self.probability)

    @property
    def width(self) -> str:
        return svg_length(self.probability)

    @property
    def tick(self) -> str | None:
        return None if self.threshold is None else svg_length(self.threshold)

    @property
    def threshold_percent(self) -> str:
        return "" if self.threshold is None else percent(self.threshold)


def label_bars(
    scores: Mapping[str, float], thresholds: Mapping[str, float], order: Sequence[str] = ()
) -> list[LabelBar]:
    """Make the bars in the model's own order of labels; labels that it does not list come last."""
    known = [label for label in order if label in scores]
    names = known + [label for label in scores if label not in known]
    return [LabelBar(name, float(scores[name]), thresholds.get(name)) for name in names]


@dataclass(frozen=True)
class Segment:
    """A run of the text; `level` 0 is unmarked, 1 to 4 grow with strength; `towards` is "up" or "down"."""

    text: str
    level: int = 0
    towards: str = ""

    @property
    def css(self) -> str:
        return f"{self.towards}-{self.level}"


@dataclass(frozen=True)
class WordRow:
    text: str
    towards: str
    level: int
    value: float

    @property
    def signed(self) -> str:
        return f"{self.value:+.2f}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class WordsView:
    """The text cut into highlighted runs, and its strongest words as rows."""

    segments: list[Segment]
    top: list[WordRow]
    label: str
    model_version: str
    problem: str = ""
    note: str = ""


def _level(value: float, strongest: float) -> int:
    if strongest <= 0 or abs(value) < strongest * QUIET_SHARE:
        return 0
    return min(LEVELS, math.ceil(abs(value) / strongest * LEVELS))


def _towards(value: float) -> str:
    return "up" if value > 0 else "down"


def text_segments(text: str, words: Iterable[ExplainedWord]) -> list[Segment]:
    """Cut `text` at the words' offsets; the runs joined give the text again, whatever the offsets are."""
    ordered = sorted(words, key=lambda word: word.begin)
    strongest = max((abs(word.value) for word in ordered), default=0.0)
    segments: list[Segment] = []
    at = 0
    for word in ordered:
        level = _level(word.value, strongest)
        begin, end = max(word.begin, at), min(word.end, len(text))
        if level == 0 or begin >= end:
            continue
        if begin > at:
            segments.append(Segment(text[at:begin]))
        segments.append(Segment(text[begin:end], level, _towards(word.value)))
        at = end
    if at < len(text):
        segments.append(Segment(text[at:]))
    return segments


def words_view(text: str, explanation: TextExplanation, model_version: str, note: str = "") -> WordsView:
    words = explanation.words
    strongest = max((abs(word.value) for word in words), default=0.0)
    ranked = sorted(words, key=lambda word: -abs(word.value))[:TOP_WORDS]
    top = [
        WordRow(word.text, _towards(word.value), level, word.value)
        for word in ranked
        if (level := _level(word.value, strongest))
    ]
    return WordsView(text_segments(text, words), top, explanation.label, model_version, note=note)


def words_note(scored: ScoredText, *, concern: bool) -> str:
    """Say what the marked words do not mean, where the headline is another than toxic or non-toxic."""
    if not scored.language_supported:
        language = language_title(scored.language)
        return f"The model does not know {language}: its scores mean little, and so do these marks."
    if concern:
        return f"These marks are about the toxic score of {percent(scored.score)}. They do not explain the concern."
    return ""


@dataclass(frozen=True)
class VerdictCard:
    """Everything that the verdict card shows; a card without `verdict` says why there is none.

    `text_format` is that of a text that is not stored, for the requests that follow; `format_read` says it in words.
    """

    text: str
    verdict: str = ""
    score: float = 0.0
    threshold: float = 0.0
    bars: list[LabelBar] = field(default_factory=list)
    model_version: str = ""
    primary_label: str = "toxic"
    windows: int = 1
    read_as: str = ""
    language: str = ""
    language_supported: bool = True
    is_concern: bool = False
    author_text: str = ""
    text_format: str = ""
    format_read: str = ""
    took: str = ""
    scored_at: datetime | None = None
    comment: Comment | None = None

    @property
    def is_toxic(self) -> bool:
        return self.verdict == Verdict.TOXIC

    @property
    def word(self) -> str:
        if not self.language_supported:
            return "Language not supported"
        if self.is_concern:
            return "Concern"
        return "Toxic" if self.is_toxic else "Non-toxic"

    @property
    def icon(self) -> str:
        if not self.language_supported:
            return "gavel"
        if self.is_concern:
            return "concern"
        return "toxic" if self.is_toxic else "calm"

    @property
    def language_name(self) -> str:
        """The language in words; empty where it was not identified."""
        return language_title(self.language) if self.language not in ("", UNDETERMINED) else ""

    @property
    def tone(self) -> str:
        if not self.language_supported:
            return "wait"
        if self.is_concern:
            return "concern"
        return ("toxic" if self.is_toxic else "calm") if self.verdict else "wait"

    @property
    def concern_means(self) -> str:
        return CONCERN_MEANS

    @property
    def percent(self) -> str:
        return percent(self.score)

    @property
    def threshold_percent(self) -> str:
        return percent(self.threshold)

    @property
    def also_over(self) -> str:
        """The other labels that reached their thresholds, beside the one that makes the verdict."""
        return ", ".join(
            bar.title.lower() for bar in self.bars if bar.over and bar.label != self.primary_label
        )

    @property
    def format_note(self) -> str:
        """How the text was read, worked out only where it is shown; empty for plain text that is read whole."""
        return self.format_read if self.comment is None else format_note(self.comment)

    @property
    def stored(self) -> bool:
        return self.comment is not None

    @property
    def pending(self) -> bool:
        return self.comment is not None and self.comment.status == CommentStatus.PENDING

    @property
    def failed(self) -> bool:
        return self.comment is not None and self.comment.status == CommentStatus.FAILED

    @property
    def announcement(self) -> str:
        """What a screen reader hears when the card arrives."""
        if self.verdict:
            kept = f"Stored as comment {self.comment.pk}." if self.comment else "Not stored."
            if not self.language_supported:
                return f"{self.word}: {self.language_name}. A person has to look. {kept}"
            if self.is_concern:
                return f"{self.word}. {CONCERN_MEANS} {kept}"
            return f"{self.word}, {self.percent} probability of being toxic. {kept}"
        return (
            "No verdict on this comment: scoring failed."
            if self.failed
            else "Stored; waiting for its verdict."
        )


def card_of_comment(comment: Comment) -> VerdictCard:
    prediction = comment.current_prediction
    if prediction is None or comment.status in (CommentStatus.PENDING, CommentStatus.FAILED):
        return VerdictCard(text=comment.text, comment=comment)
    took = ""
    if comment.classified_at is not None:
        seconds = (comment.classified_at - (comment.edited_at or comment.created_at)).total_seconds()
        took = duration(seconds) if seconds < TOOK_MOST_SECONDS else ""
    return VerdictCard(
        text=comment.text,
        verdict=prediction.verdict,
        score=prediction.score,
        threshold=prediction.threshold,
        bars=bars_of_prediction(prediction),
        model_version=prediction.model_version.version,
        primary_label=prediction.model_version.primary_label,
        windows=prediction.windows,
        read_as=comment.read_as,
        language=prediction.language,
        language_supported=prediction.language_supported,
        is_concern=comment.is_concern,
        author_text=policy_for(comment.source_id).author_text(concern=True) if comment.is_concern else "",
        took=took,
        scored_at=prediction.created_at,
        comment=comment,
    )


def bars_of_prediction(prediction: Prediction) -> list[LabelBar]:
    version = prediction.model_version
    thresholds = {**version.thresholds, version.primary_label: prediction.threshold}
    return label_bars(prediction.scores, thresholds, version.labels)


def card_of_scored(
    text: str,
    scored: ScoredText,
    thresholds: Mapping[str, float],
    labels: Sequence[str],
    seconds: float,
    *,
    is_concern: bool = False,
    author_text: str = "",
    text_format: str = "",
    format_read: str = "",
) -> VerdictCard:
    """Return the card of a text that is not stored; concern and the text for its author are by the site's policy."""
    return VerdictCard(
        text=text,
        verdict=scored.verdict,
        score=scored.score,
        threshold=scored.threshold,
        bars=label_bars(scored.scores, thresholds, labels),
        model_version=scored.model_version,
        windows=scored.windows,
        read_as=scored.read_as,
        language=scored.language,
        language_supported=scored.language_supported,
        is_concern=is_concern,
        author_text=author_text,
        text_format=text_format,
        format_read=format_read,
        took=duration(seconds),
    )
