"""The quality gate that a candidate has to pass before it goes into production.

The classifier cannot measure models; the training application can, and registers its checker here when it starts, so
that the classifier need not know it. Without a checker every candidate passes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classifier.models import LanguageSlot, ModelVersion, ModelVersionStatus


@dataclass(frozen=True)
class GateVerdict:
    """What the gate says about a candidate.

    `reasons` are the sentences that block it, `satisfied` those that speak for it, and `unchecked` name what could not
    be compared and does not count. `numbers` is plain JSON with what was compared, `checked_against` the version in
    production, and `unmeasured` the versions that have to be evaluated before the gate can judge. `brief` gives the
    first reason in a few words.
    """

    passed: bool
    reasons: list[str] = field(default_factory=list)
    numbers: Mapping[str, Any] = field(default_factory=dict)
    checked_against: str = ""
    satisfied: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    unmeasured: list[ModelVersion] = field(default_factory=list)
    brief: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what the history keeps."""
        return {
            "passed": self.passed,
            "reasons": list(self.reasons),
            "satisfied": list(self.satisfied),
            "unchecked": list(self.unchecked),
            "numbers": dict(self.numbers),
            "checked_against": self.checked_against,
        }


Checker = Callable[[ModelVersion, ModelVersion], GateVerdict]
LanguageChecker = Callable[[ModelVersion, str, ModelVersion | None, Sequence[str]], GateVerdict]
_checkers: dict[str, Checker] = {}
_THE_GATE = "gate"


def gate_register(checker: Checker | None) -> Checker | None:
    """Let `checker(candidate, active)` judge from now on (None: no checker); return the one before."""
    before = _checkers.pop(_THE_GATE, None)
    if checker is not None:
        _checkers[_THE_GATE] = checker
    return before


def gate_check(candidate: ModelVersion) -> GateVerdict | None:
    """Ask the gate about putting `candidate` into production now; None where the gate does not apply.

    It does not apply to a version that was in production before (rolling back is always possible), on a site without a
    version in production, and where no checker is registered.
    """
    checker = _checkers.get(_THE_GATE)
    active = ModelVersion.objects.active()
    if checker is None or active is None or candidate.status != ModelVersionStatus.CANDIDATE:
        return None
    return checker(candidate, active)


_language_checkers: dict[str, LanguageChecker] = {}


def language_gate_register(checker: LanguageChecker | None) -> LanguageChecker | None:
    """Let `checker(candidate, language, judge, filled)` judge promotions to slots of languages; return the one before.

    `judge` is the version that judges texts in that language now, if any is in production; `filled` are the slots that
    are filled at once.
    """
    before = _language_checkers.pop(_THE_GATE, None)
    if checker is not None:
        _language_checkers[_THE_GATE] = checker
    return before


def language_gate_check(
    candidate: ModelVersion, language: str, filled: Sequence[str] = ()
) -> GateVerdict | None:
    """Ask the gate about putting `candidate` into the slot of `language` now; None where the gate does not apply.

    `filled` are all slots that are filled at once, where it is not this one alone.
    It does not apply to a version that was in that slot before, on a site without a version in production, and where no
    checker is registered.
    """
    checker = _language_checkers.get(_THE_GATE)
    active = ModelVersion.objects.active()
    if checker is None or active is None:
        return None
    if candidate.history.filter(language=language, new=ModelVersionStatus.ACTIVE).exists():
        return None
    slot = LanguageSlot.objects.filter(language=language).select_related("model_version").first()
    judge = slot.model_version if slot is not None and slot.model_version is not None else active
    return checker(candidate, language, judge, filled or [language])
