"""The quality gate before the slot of a language: what a candidate is worth there, beside the version that judges it.

Numbers come from where training.promotion.judged_languages finds them. Beside that, what the manifest states counts:
`languages` are those that a model was measured in on rows that it never learned from, `experimental_languages` those
that it reads without that. Languages beside the slot that change hands with it must not fall either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from classifier.inference.language import base_language
from classifier.model_versions.assembly import Assembly
from classifier.model_versions.language_slots import assembly_with
from classifier.model_versions.promotion_gate import GateVerdict
from classifier.models import ModelVersion
from training.promotion.judged_languages import (
    Handed,
    compare,
    handed_over,
    judge_languages,
    slices_by_language,
)


@dataclass
class _Judgement:
    reasons: list[str] = field(default_factory=list)
    satisfied: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)
    unmeasured: list[ModelVersion] = field(default_factory=list)
    brief: str = ""


def language_gate(
    candidate: ModelVersion, language: str, judge: ModelVersion | None, filled: Sequence[str] = ()
) -> GateVerdict:
    """Judge `candidate` for the slot of `language`, whose texts `judge` judges now.

    `filled` are all slots that are filled at once; the verdict on the first one looks at the languages beside them.
    """
    gate = _Judgement()
    _knows(gate, candidate, language)
    lost = [label for label in judge.labels if label not in candidate.labels] if judge is not None else []
    if judge is not None and lost:
        gate.reasons.append(f"It does not know {', '.join(lost)}, which {judge} answers with.")
    _compared(gate, candidate, language, judge)
    gate.brief = "for another language" if gate.reasons else ""
    filled = filled or [language]
    if language == filled[0]:
        _others(gate, candidate, filled)
    return GateVerdict(
        passed=not gate.reasons,
        reasons=gate.reasons,
        numbers=gate.numbers,
        checked_against=judge.version if judge is not None else "",
        satisfied=gate.satisfied,
        unchecked=gate.unchecked,
        unmeasured=gate.unmeasured,
        brief=gate.brief,
    )


def _knows(gate: _Judgement, candidate: ModelVersion, language: str) -> None:
    if language in map(base_language, candidate.experimental_languages):
        gate.reasons.append(
            f"Its manifest calls {language} experimental: it was not measured there on rows that it never learned from."
        )
    elif language in map(base_language, candidate.languages):
        gate.satisfied.append(f"Its manifest says that it was measured in {language}.")
    else:
        gate.reasons.append(f"Its manifest does not name {language}.")


def _compared(gate: _Judgement, candidate: ModelVersion, language: str, judge: ModelVersion | None) -> None:
    """Compare both on the same rows in that language, where the judge knows it."""
    if judge is None or language not in map(base_language, judge.languages):
        gate.satisfied.append(f"No version in production knows {language} now.")
        return
    compared = compare(Handed(language, judge, candidate), slices_by_language([candidate, judge]))
    if compared is None:
        gate.unchecked.append(
            f"The test set has too few rows in {language} that both were measured on, so they were not compared there."
        )
        return
    most = settings.GATE_MAX_ROC_AUC_LOSS
    gate.numbers["roc_auc"] = {
        "candidate": compared.after,
        "active": compared.before,
        "allowed_loss": most,
        "measured_on": compared.where,
        "rows": compared.rows,
    }
    areas = f"{compared.after:.4f}, that of {judge} {compared.before:.4f}"
    sentence = f"Its ROC-AUC in {language} is {areas}, on {compared.where}"
    if compared.before - compared.after <= most:
        gate.satisfied.append(f"{sentence}.")
    else:
        gate.reasons.append(f"{sentence}; at most {most:g} below is allowed.")


def _others(gate: _Judgement, candidate: ModelVersion, filled: Sequence[str]) -> None:
    """Check that no language outside these slots falls that changes hands with them."""
    before = assembly_with({})
    after = Assembly(before.default, {**before.slots, **dict.fromkeys(filled, candidate)})
    findings = judge_languages(one for one in handed_over(before, after) if one.language not in filled)
    gate.brief = gate.brief or findings.brief
    gate.reasons += findings.reasons
    gate.satisfied += findings.satisfied
    gate.unchecked += findings.unchecked
    if findings.numbers:
        gate.numbers["languages"] = findings.numbers
