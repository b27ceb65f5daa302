"""What the quality gate says of languages: those that change hands with a promotion, and the gate of one slot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classifier.core.validation import InvalidInput
from classifier.inference.language import base_language
from classifier.model_versions.language_slots import languages_check
from classifier.model_versions.promotion_gate import GateVerdict, language_gate_check
from classifier.models import ModelVersion
from classifier.web.formatting import language_title
from training.ml.json_reader import number
from training.promotion.pages.rows import gate_view
from training.web.formatting import DASH


@dataclass(frozen=True)
class LanguageRow:
    """A language that would change hands: who judges it now, and ROC-AUC before and after on the same rows.

    `is_lost`: the version that would judge it does not name it.
    """

    title: str
    judge: str
    before: str
    after: str
    measured_on: str
    falls: bool
    is_lost: bool = False


def language_rows(verdict: GateVerdict | None) -> list[LanguageRow]:
    """Return the languages that a verdict has numbers of."""
    listed = verdict.numbers.get("languages") if verdict is not None else None
    if not isinstance(listed, Mapping):
        return []
    return [_row(tag, one) for tag, one in sorted(listed.items()) if isinstance(one, Mapping)]


def slot_gate(version: ModelVersion, language: str) -> dict[str, Any]:
    """Return what production.html shows of the gate of a slot; the choice of languages alone where none is named."""
    named = {base_language(tag) for tag in (*version.languages, *version.experimental_languages)}
    context: dict[str, Any] = {"slot_choices": [(tag, language_title(tag)) for tag in sorted(named)]}
    if not language:
        return context
    try:
        [slot] = languages_check([language], "language")
    except InvalidInput:
        return context
    if version.slots.filter(language=slot).exists():
        return {**context, "slot": slot, "slot_title": language_title(slot), "slot_held": True}
    verdict = language_gate_check(version, slot)
    return {
        **context,
        "slot": slot,
        "slot_title": language_title(slot),
        "slot_gate": gate_view(version, verdict),
        "slot_languages": language_rows(verdict),
        "slot_against": verdict.checked_against if verdict is not None else "",
    }


def _row(tag: str, one: Mapping[str, Any]) -> LanguageRow:
    before, after, most = (number(one.get(name)) for name in ("active", "candidate", "allowed_loss"))
    falls = before is not None and after is not None and before - after > (most or 0.0)
    return LanguageRow(
        language_title(tag),
        str(one.get("judge") or ""),
        DASH if before is None else f"{before:.4f}",
        DASH if after is None else f"{after:.4f}",
        str(one.get("measured_on") or DASH),
        falls,
        one.get("known") is False,
    )
