"""The quality gate before the slot of a language: what a candidate is worth there, beside the version that judges it.

Numbers come from stored evaluations on the test rows, from their slice of that language. Where the test set has too few
such rows, what the manifest states counts: `languages` are those that a model was measured in on rows that it never
learned from, `experimental_languages` those that it reads without that.
"""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from classifier.inference.language import base_language
from classifier.model_versions.promotion_gate import GateVerdict
from classifier.models import ModelVersion
from training.ml.evaluation.slices import LANGUAGE
from training.ml.evaluation.stored import Slice
from training.models import Dataset, Evaluation
from training.promotion.selectors import rows_fingerprint


@dataclass
class _Judgement:
    reasons: list[str] = field(default_factory=list)
    satisfied: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)
    unmeasured: list[ModelVersion] = field(default_factory=list)


def language_gate(candidate: ModelVersion, language: str, judge: ModelVersion | None) -> GateVerdict:
    """Judge `candidate` for the slot of `language`, whose texts `judge` judges now."""
    gate = _Judgement()
    _knows(gate, candidate, language)
    lost = [label for label in judge.labels if label not in candidate.labels] if judge is not None else []
    if judge is not None and lost:
        gate.reasons.append(f"It does not know {', '.join(lost)}, which {judge} answers with.")
    _compared(gate, candidate, language, judge)
    return GateVerdict(
        passed=not gate.reasons,
        reasons=gate.reasons,
        numbers=gate.numbers,
        checked_against=judge.version if judge is not None else "",
        satisfied=gate.satisfied,
        unchecked=gate.unchecked,
        unmeasured=gate.unmeasured,
        brief="for another language" if gate.reasons else "",
    )


def _knows(gate: _Judgement, candidate: ModelVersion, language: str) -> None:
    if language in map(base_language, candidate.languages):
        gate.satisfied.append(f"Its manifest says that it was measured in {language}.")
    elif language in map(base_language, candidate.experimental_languages):
        gate.reasons.append(
            f"Its manifest calls {language} experimental: it was not measured there on rows that it never learned from."
        )
    else:
        gate.reasons.append(f"Its manifest does not name {language}.")


def _compared(gate: _Judgement, candidate: ModelVersion, language: str, judge: ModelVersion | None) -> None:
    """Compare both on the test rows in that language, where the judge knows it."""
    if judge is None or language not in map(base_language, judge.languages):
        gate.satisfied.append(f"No version in production knows {language} now.")
        return
    test_set = Dataset.objects.test_set()
    fingerprint = rows_fingerprint(test_set)
    slices = _slices([candidate, judge], language, fingerprint) if fingerprint else {}
    ours, theirs = slices.get(candidate.pk), slices.get(judge.pk)
    mine, other = (_area(found) for found in (ours, theirs))
    if mine is None or other is None:
        gate.unchecked.append(
            f"The test set has too few rows in {language} that both were measured on, so they were not compared there."
        )
        return
    most = settings.GATE_MAX_ROC_AUC_LOSS
    gate.numbers["roc_auc"] = {"candidate": mine, "active": other, "allowed_loss": most}
    sentence = f"Its ROC-AUC in {language} is {mine:.4f}, that of {judge} {other:.4f}"
    if other - mine <= most:
        gate.satisfied.append(f"{sentence}.")
    else:
        gate.reasons.append(f"{sentence}; at most {most:g} below is allowed.")


def _slices(versions: list[ModelVersion], language: str, fingerprint: str) -> dict[int, Slice]:
    """Return the slice of the language by version, from the reports on the rows of this fingerprint."""
    rows = Evaluation.objects.filter(
        model_version_id__in=[version.pk for version in versions], baseline="", fingerprint=fingerprint
    )
    found: dict[int, Slice] = {}
    for pk, reported in rows.values_list("model_version_id", "report__slices"):
        parts = [part for raw in reported or [] if (part := Slice.from_json(raw)) is not None]
        part = next((part for part in parts if (part.kind, part.name) == (LANGUAGE, language)), None)
        if pk is not None and part is not None:
            found[pk] = part
    return found


def _area(found: Slice | None) -> float | None:
    estimate = found.metrics.get("roc_auc") if found is not None and not found.small else None
    return estimate.value if estimate is not None else None
