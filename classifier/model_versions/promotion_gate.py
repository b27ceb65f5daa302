"""The gate that a candidate passes before it goes into production; who judges registers a checker here.

The classifier cannot measure models (that is the training application's trade), so the arrow is turned round: the
application that can registers its checker when it starts. Without one, nothing stands in the way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from classifier.models import ModelVersion, ModelVersionStatus


@dataclass(frozen=True)
class GateVerdict:
    """`reasons` are the sentences that keep the gate closed, `satisfied` those that speak for the candidate,
    `unchecked` what could not be looked at and was left out of account.

    `numbers` is plain JSON with what was compared, `checked_against` the version in production, and `unmeasured`
    the versions that have to be evaluated before the gate can judge. `brief` says the first reason in a few words.
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
        """What the history keeps."""
        return {
            "passed": self.passed,
            "reasons": list(self.reasons),
            "satisfied": list(self.satisfied),
            "unchecked": list(self.unchecked),
            "numbers": dict(self.numbers),
            "checked_against": self.checked_against,
        }


Checker = Callable[[ModelVersion, ModelVersion], GateVerdict]
_checkers: dict[str, Checker] = {}
_THE_GATE = "gate"


def gate_register(checker: Checker | None) -> Checker | None:
    """Let `checker(candidate, active)` judge from now on (None: nobody); return the one before."""
    before = _checkers.pop(_THE_GATE, None)
    if checker is not None:
        _checkers[_THE_GATE] = checker
    return before


def gate_check(candidate: ModelVersion) -> GateVerdict | None:
    """What the gate says about putting `candidate` into production now; None where it is not asked.

    It is not asked about a version that was in production before (the way back is always open), on a site without a
    version in production, and where no checker is registered.
    """
    checker = _checkers.get(_THE_GATE)
    active = ModelVersion.objects.active()
    if checker is None or active is None or candidate.status != ModelVersionStatus.CANDIDATE:
        return None
    return checker(candidate, active)
