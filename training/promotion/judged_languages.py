"""What a promotion does to every language that changes hands with it: the numbers of the old judge and of the new one.

Numbers come from the first of these that has both: the evaluations on the test rows, from their slices by language; the
change that the candidate's manifest states beside the version that it started from; the sets that both manifests were
measured on. Nothing is measured here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from classifier.inference.language import base_language, supports
from classifier.model_versions.assembly import Assembly, languages_in_words
from classifier.models import ModelVersion
from training.ml.artifact.languages import BY_LANGUAGE, CHANGE
from training.ml.evaluation.slices import LANGUAGE
from training.ml.evaluation.stored import Slice
from training.ml.json_reader import number
from training.models import Dataset, Evaluation
from training.promotion.selectors import rows_fingerprint

Slices = Mapping[int, Mapping[str, Slice]]
TEST_ROWS, BESIDE_START, SAME_SETS = "the test rows", "the rows of its training", "the sets of both manifests"


@dataclass(frozen=True)
class Handed:
    """A language whose texts `before` judges now, and `after` would."""

    language: str
    before: ModelVersion
    after: ModelVersion


@dataclass(frozen=True)
class Compared:
    """ROC-AUC of both judges of a language, and what it was measured on; `rows` are None where it is not known."""

    before: float
    after: float
    where: str
    rows: int | None = None


@dataclass
class Findings:
    """What the gate says of the languages, in sentences and numbers; `brief` gives the first reason in a few words."""

    reasons: list[str] = field(default_factory=list)
    satisfied: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)
    brief: str = ""


def handed_over(before: Assembly, after: Assembly, more: Iterable[str] = ()) -> list[Handed]:
    """Return the languages that another version would judge, where their judge knows them; `more` are looked at too.

    Languages that nobody knows change nothing: their texts wait for a person.
    """
    tags = dict.fromkeys(map(base_language, (*before.slots, *before.languages, *more)))
    handed = []
    for language in tags:
        judge, next_judge = before.version_for(language), after.version_for(language)
        if judge is None or next_judge is None or judge.pk == next_judge.pk:
            continue
        if language in before.slots or supports(judge.languages, language):
            handed.append(Handed(language, judge, next_judge))
    return sorted(handed, key=lambda one: one.language)


def judge_languages(handed: Iterable[Handed], known: Slices | None = None) -> Findings:
    """Compare the old and the new judge of each language by GATE_MAX_ROC_AUC_LOSS.

    `known` are slices that were read already, by version; those of other versions are read here.
    """
    handed, findings, slices = list(handed), Findings(), dict(known or {})
    versions = {version.pk: version for one in handed for version in (one.before, one.after)}
    if unread := [version for pk, version in versions.items() if pk not in slices]:
        slices |= slices_by_language(unread)
    most = settings.GATE_MAX_ROC_AUC_LOSS
    held: list[str] = []
    unmeasured: list[str] = []
    for one in handed:
        if not _names(one.after, one.language):
            findings.reasons.append(
                f"{one.after} would judge the texts in {one.language} that {one.before} judges now, and does not name "
                "this language."
            )
            findings.brief = findings.brief or f"does not know {one.language}"
            findings.numbers[one.language] = {"judge": one.before.version, "known": False}
            continue
        compared = compare(one, slices)
        if compared is None:
            unmeasured.append(one.language)
            continue
        findings.numbers[one.language] = {
            "judge": one.before.version,
            "candidate": compared.after,
            "active": compared.before,
            "allowed_loss": most,
            "measured_on": compared.where,
            "rows": compared.rows,
        }
        if compared.before - compared.after <= most:
            held.append(one.language)
            continue
        findings.reasons.append(
            f"In {one.language} its ROC-AUC is {compared.after:.4f}, that of {one.before}, which judges it now, "
            f"{compared.before:.4f}, on {compared.where}; at most {most:g} below is allowed."
        )
        findings.brief = findings.brief or f"falls in {one.language}"
    if held:
        findings.satisfied.append(
            f"In {languages_in_words(held)} it is at most {most:g} below the version that judges them now."
        )
    if unmeasured:
        findings.unchecked.append(
            f"Neither the test rows nor the manifests compare both versions in {languages_in_words(unmeasured)}, so "
            "these languages were left out of account."
        )
    return findings


def compare(one: Handed, slices: Slices) -> Compared | None:
    """Return the numbers of both judges of a language; None where they were not measured on the same rows."""
    before, after = (slices.get(version.pk, {}).get(one.language) for version in (one.before, one.after))
    areas = [_area(part) for part in (before, after)]
    if before is not None and areas[0] is not None and areas[1] is not None:
        return Compared(areas[0], areas[1], TEST_ROWS, before.rows)
    return _beside_start(one) or _on_same_sets(one)


def slices_by_language(versions: Iterable[ModelVersion]) -> Slices:
    """Return the slices by language of the versions' evaluations on the test rows, by version."""
    fingerprint = rows_fingerprint(Dataset.objects.test_set())
    if not fingerprint:
        return {}
    rows = Evaluation.objects.filter(
        model_version_id__in=[version.pk for version in versions], baseline="", fingerprint=fingerprint
    )
    found: dict[int, dict[str, Slice]] = {}
    for pk, reported in rows.values_list("model_version_id", "report__slices"):
        parts = [part for raw in reported or [] if (part := Slice.from_json(raw)) is not None]
        found[int(pk or 0)] = languages_of(parts)
    return found


def languages_of(slices: Iterable[Slice]) -> dict[str, Slice]:
    """Return the slices of a report that are about a language, by language."""
    return {part.name: part for part in slices if part.kind == LANGUAGE}


def _area(part: Slice | None) -> float | None:
    estimate = part.metrics.get("roc_auc") if part is not None and not part.small else None
    return estimate.value if estimate is not None else None


def _beside_start(one: Handed) -> Compared | None:
    change = _mapping(one.after.manifest.get(CHANGE))
    if change.get("start") != one.before.version:
        return None
    of_language = _mapping(_mapping(change.get("languages")).get(one.language))
    before, after = number(of_language.get("before")), number(of_language.get("after"))
    if before is None or after is None:
        return None
    rows = number(of_language.get("rows"))
    return Compared(before, after, BESIDE_START, None if rows is None else int(rows))


def _on_same_sets(one: Handed) -> Compared | None:
    """Compare the mean over sets of one name and size, which both manifests have."""
    before, after = (_sets(version, one.language) for version in (one.before, one.after))
    common = [name for name in before if name in after and before[name][0] == after[name][0]]
    if not common:
        return None
    means = [sum(sets[name][1] for name in common) / len(common) for sets in (before, after)]
    return Compared(means[0], means[1], SAME_SETS, sum(before[name][0] for name in common))


def _sets(version: ModelVersion, language: str) -> dict[str, tuple[int, float]]:
    of_language = _mapping(_mapping(version.manifest.get(BY_LANGUAGE)).get(language))
    sets = {}
    for name, one in _mapping(of_language.get("sets")).items():
        rows, area = number(_mapping(one).get("rows")), number(_mapping(one).get("roc_auc"))
        if rows is not None and area is not None:
            sets[name] = int(rows), area
    return sets


def _names(version: ModelVersion, language: str) -> bool:
    """Return whether a version names a language, or no language at all: then it judges texts in any."""
    named = {base_language(tag) for tag in (*version.languages, *version.experimental_languages)}
    return not named or language in named


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
