"""What training a language into a model does to every language of it: the same rows before and after.

A language that was added is *shipped* where a labelled source that nobody trained on says so, as in
training.ml.evaluation.languages. One that the start was shipped in stays so where it was measured again, is still worth
it, and did not fall by more than is allowed. All others are experimental.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.language import UNDETERMINED, base_language, identify
from training.ml.artifact.languages import BY_LANGUAGE, SHIPPED_ROC_AUC
from training.ml.data.tables import DataError
from training.ml.evaluation.languages import (
    FEWEST_OF_EACH,
    LanguageMeasure,
    LanguageTable,
    measure_languages,
)
from training.ml.evaluation.metrics import label_metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.data.tables import TextTable

    Floats = NDArray[np.float64]

UNKNOWN_ROWS = 1_000
MOST_UNKNOWN = 0.3
"""A start that reads a larger share of a language's pieces as unknown cannot learn it."""


@dataclass(frozen=True)
class RowsOf:
    """Rows to measure on; `language` is that of all of them, empty where each is identified. `name` is the source of
    rows that name none."""

    table: "TextTable"
    language: str = ""
    name: str = ""


@dataclass(frozen=True)
class Change:
    """ROC-AUC of the start and of what became of it, on the same `rows` of a language that neither learned from here.

    None where too few rows are toxic, or too few are not.
    """

    rows: int
    toxic: int
    before: float | None
    after: float | None

    @property
    def fall(self) -> float | None:
        """By how much it is lower than before."""
        return None if self.before is None or self.after is None else self.before - self.after


@dataclass(frozen=True)
class MeasuredRows:
    """The rows of all tables, each text once, with language and source of each."""

    texts: list[str]
    targets: "Floats"
    languages: list[str]
    sources: list[str]

    def take(self, places: Sequence[int]) -> "MeasuredRows":
        return MeasuredRows(
            [self.texts[at] for at in places],
            self.targets[list(places)],
            [self.languages[at] for at in places],
            [self.sources[at] for at in places],
        )


def rows_by_language(tables: Sequence[RowsOf], label: str, known: Collection[str]) -> MeasuredRows:
    """Return the rows that know `label`, in one of the `known` base languages; of equal texts the first one stays."""
    texts: dict[str, tuple[float, str, str]] = {}
    for rows in tables:
        if label not in rows.table.labels:
            continue
        targets = rows.table.targets[:, rows.table.labels.index(label)]
        sources = rows.table.sources or [""] * len(rows.table)
        for at, text in enumerate(rows.table.texts):
            if targets[at] < 0 or text in texts:
                continue
            language = rows.language or base_language(identify(text).language)
            texts[text] = (float(targets[at]), language, sources[at] or rows.name)
    chosen = {text: row for text, row in texts.items() if row[1] in known}
    return MeasuredRows(
        list(chosen),
        np.array([row[0] for row in chosen.values()], dtype=np.float64),
        [row[1] for row in chosen.values()],
        [row[2] for row in chosen.values()],
    )


def changes(rows: MeasuredRows, before: "Floats", after: "Floats") -> dict[str, Change]:
    """Return the change of each language that has any row."""
    result = {}
    for language in sorted(set(rows.languages)):
        here = np.array([own == language for own in rows.languages], dtype=np.bool_)
        targets = rows.targets[here]
        toxic = int((targets == 1).sum())
        enough = min(toxic, len(targets) - toxic) >= FEWEST_OF_EACH
        areas = [_area(scores[here], targets) if enough else None for scores in (before, after)]
        result[language] = Change(len(targets), toxic, areas[0], areas[1])
    return result


def measured_with_status(
    rows: MeasuredRows,
    scores: "Floats",
    validation: MeasuredRows,
    validation_scores: "Floats",
    presets: Mapping[str, float],
    *,
    learned: Collection[str],
    added: str,
    shipped: Collection[str],
    change: Mapping[str, Change],
    allowed_loss: float,
) -> dict[str, LanguageMeasure]:
    """Return what the model is worth by language, with the status that the languages have from now on.

    `learned` are the sources that were trained on, here or by the start; `added` is the language that was trained in,
    empty for none; `shipped` are the base languages that the start was shipped in.
    """
    table = _language_table(rows, scores, learned)
    own = _language_table(validation, validation_scores, learned)
    harmless = LanguageTable(np.zeros(0), np.zeros(0), [], [], [])
    measured = measure_languages(table, own, harmless, presets)
    return {
        language: one
        if language == added
        else replace(
            one, status="shipped" if _stays(language, shipped, change, allowed_loss) else "experimental"
        )
        for language, one in measured.items()
    }


def _stays(
    language: str, shipped: Collection[str], change: Mapping[str, Change], allowed_loss: float
) -> bool:
    of_language = change.get(language)
    if (
        language not in shipped
        or of_language is None
        or of_language.fall is None
        or of_language.after is None
    ):
        return False
    return of_language.after >= SHIPPED_ROC_AUC and of_language.fall <= allowed_loss


def learned_sources(start: Mapping[str, Any], here: Collection[str]) -> set[str]:
    """Return the sources that were trained on: those of this run, and those that the start's manifest names."""
    sets = (
        (name, one)
        for of_language in (start.get(BY_LANGUAGE) or {}).values()
        for name, one in (of_language.get("sets") or {}).items()
    )
    named = {str(entry.get("name")) for entry in start.get("sources") or [] if isinstance(entry, Mapping)}
    return {*here, *named, *(name for name, one in sets if one.get("trained_on"))}


def unknown_share(tokenizer: Path, texts: Sequence[str]) -> float:
    """Return the share of pieces of these texts that a tokenizer.json reads as unknown; 0 for one that knows all."""
    from tokenizers import Tokenizer

    reader = Tokenizer.from_file(str(tokenizer))
    reader.no_truncation()
    reader.no_padding()
    unknown = next(
        (place for piece in ("<unk>", "[UNK]") if (place := reader.token_to_id(piece)) is not None), None
    )
    if unknown is None:
        return 0.0
    pieces = [
        place
        for encoded in reader.encode_batch(list(texts[:UNKNOWN_ROWS]), add_special_tokens=False)
        for place in encoded.ids
    ]
    return pieces.count(unknown) / len(pieces) if pieces else 0.0


def check_reads(tokenizer: Path, texts: Sequence[str], language: str) -> float:
    """Return the share of unknown pieces. Raises DataError where the start cannot read the language."""
    share = unknown_share(tokenizer, texts)
    if share > MOST_UNKNOWN:
        raise DataError(
            f"the start reads {share:.0%} of the wordpieces of these rows as unknown, so it cannot learn {language}; "
            "start from a version whose vocabulary has its letters (--start)"
        )
    return share


def changes_to_dict(change: Mapping[str, Change]) -> dict[str, dict[str, Any]]:
    return {language: asdict(one) for language, one in change.items()}


def known_languages(*groups: Collection[str]) -> list[str]:
    """Return base languages, each once, without undetermined ones."""
    bases = dict.fromkeys(base_language(tag) for group in groups for tag in group)
    return [base for base in bases if not base.startswith(UNDETERMINED)]


def _language_table(rows: MeasuredRows, scores: "Floats", learned: Collection[str]) -> LanguageTable:
    return LanguageTable(
        scores, rows.targets, rows.sources, rows.languages, [source in learned for source in rows.sources]
    )


def _area(scores: "Floats", targets: "Floats") -> float | None:
    return label_metrics(scores, targets, 0.5).get("roc_auc")
