"""What a run did to every language of the version that it started from, as its page shows it."""

from dataclasses import dataclass, field

from classifier.web.formatting import language_title
from training.ml.json_reader import read
from training.models import Experiment
from training.web.formatting import DASH, percent


@dataclass(frozen=True)
class Change:
    """ROC-AUC on the same rows, of the start and of what became of it."""

    rows: int = 0
    toxic: int = 0
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True)
class LanguagesCard:
    """What a run keeps of its languages."""

    start: str = ""
    added: str = ""
    allowed_loss: float = 0.0
    unknown_pieces: float | None = None
    not_measured: list[str] = field(default_factory=list)
    shipped: list[str] = field(default_factory=list)
    languages: dict[str, Change] = field(default_factory=dict)


@dataclass(frozen=True)
class LanguageRow:
    """A language in the table; `falls` by more than the gate allows."""

    title: str
    rows: int
    toxic: int
    before: str
    after: str
    status: str
    falls: bool


@dataclass(frozen=True)
class LanguagesView:
    """The table, and what could not be measured."""

    start: str
    added: str
    allowed_loss: float
    unknown: str
    not_measured: str
    rows: list[LanguageRow]


def languages_view(run: Experiment) -> LanguagesView | None:
    """Return the languages of a run, None for a run that was not measured by language."""
    card = read(LanguagesCard, run.result.get("languages"))
    if not card.start:
        return None
    return LanguagesView(
        card.start,
        language_title(card.added) if card.added else "",
        card.allowed_loss,
        "" if card.unknown_pieces is None else percent(card.unknown_pieces),
        ", ".join(map(language_title, card.not_measured)),
        [_row(tag, change, card) for tag, change in card.languages.items()],
    )


def _row(tag: str, change: Change, card: LanguagesCard) -> LanguageRow:
    before, after = (DASH if area is None else f"{area:.4f}" for area in (change.before, change.after))
    known = change.before is not None and change.after is not None
    falls = known and (change.before or 0.0) - (change.after or 0.0) > card.allowed_loss
    status = "shipped" if tag in card.shipped else "experimental"
    return LanguageRow(language_title(tag), change.rows, change.toxic, before, after, status, falls)
