"""What versions know beside their labels, on pages: languages, and people who tell of their own hurt."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from classifier.models import ModelVersion
from classifier.web.formatting import language_title
from training.ml.json_reader import read
from training.web.formatting import DASH, count, digits, percent

EVERY = "every language"
MEASURES = (
    ("Threshold", "A probability at or above it makes a text a concern"),
    ("Held-out rows", "The fit did not see them, nor others of their pattern"),
    ("Recall", "Share of their concerns that are found"),
    ("Precision", "Share of what is found that is a concern"),
    ("False alarms", "Share of real harmless rows that are marked"),
    ("Suite: concerns found", "Texts of the shipped suite by people who tell of their own hurt"),
    (
        "Suite: others marked",
        "Its texts that mock or threaten such people, and are marked as concerns all the same",
    ),
)


@dataclass(frozen=True)
class Measure:
    """A number about the output for concerns, in words."""

    title: str
    help: str
    value: str


@dataclass(frozen=True)
class SuiteCount:
    """Texts of the shipped suite: `concerns` tell of hurt, of which `recall` is found; `alarms` of `others` are not."""

    concerns: int | None = None
    recall: float | None = None
    others: int | None = None
    alarms: int | None = None


@dataclass(frozen=True)
class ConcernNumbers:
    """The manifest's `concern`: the threshold, and how good the output is on rows that were held out.

    An output that was made elsewhere may tell its threshold alone.
    """

    threshold: float | None = None
    rows: int | None = None
    concerns: int | None = None
    held_out: int | None = None
    precision: float | None = None
    recall: float | None = None
    alarms: float | None = None
    suite: SuiteCount = field(default_factory=SuiteCount)


@dataclass(frozen=True)
class Knowledge:
    """One version; `languages` says in brackets where the site sets them, `concern` is None without such an output."""

    title: str
    languages: str
    concern: ConcernNumbers | None

    @property
    def concern_word(self) -> str:
        return "recognised" if self.concern is not None else "not recognised"

    @property
    def is_measured(self) -> bool:
        """Whether the manifest says how good the output for concerns is."""
        return self.concern is not None and self.concern.recall is not None

    @property
    def measures(self) -> list[Measure]:
        """The numbers of the output for concerns; a dash where there is none, or nothing was measured."""
        known = self.concern or ConcernNumbers()
        suite, found, marked = known.suite, DASH, DASH
        if suite.concerns and suite.recall is not None:
            found = f"{round(suite.concerns * suite.recall)} of {suite.concerns}"
        if suite.others is not None and suite.alarms is not None:
            marked = f"{suite.alarms} of {suite.others}"
        values = (
            digits(known.threshold, 3),
            count(known.held_out),
            percent(known.recall),
            percent(known.precision),
            percent(known.alarms),
            found,
            marked,
        )
        return [Measure(*about, value) for about, value in zip(MEASURES, values, strict=True)]


def knowledge(version: ModelVersion) -> Knowledge:
    """Return what a version knows."""
    manifest = version.manifest
    return _knowledge(str(version), manifest.get("languages"), manifest.get("concern"))


def knowledge_of_versions(versions: Sequence[tuple[str, int]]) -> list[Knowledge]:
    """Return what versions know, by title and id, in their order. One query."""
    stored = {
        pk: parts
        for pk, *parts in ModelVersion.objects.filter(pk__in=[pk for _, pk in versions]).values_list(
            "pk", "manifest__languages", "manifest__concern"
        )
    }
    return [_knowledge(title, *stored[pk]) for title, pk in versions if pk in stored]


def _knowledge(title: str, languages: Any, concern: Any) -> Knowledge:
    numbers = read(ConcernNumbers, concern) if isinstance(concern, dict) else None
    return Knowledge(title, _languages(languages), numbers)


def _languages(declared: Any) -> str:
    """Name the languages: the manifest's, or those of MODEL_LANGUAGES where it names none."""
    tags = [tag for tag in declared if isinstance(tag, str)] if isinstance(declared, list) else []
    names = ", ".join(language_title(tag) for tag in tags or settings.MODEL_LANGUAGES)
    if tags:
        return names
    return f"{names or EVERY} (by MODEL_LANGUAGES)"
