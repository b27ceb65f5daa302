"""What a decision may contain: actions, reasons of the policy, corrected labels, marked words, notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classifier.comments.purged_text import purged_problem
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import Comment, DecisionAction
from classifier.policies.active_policies import CurrentPolicy

NOTE_CHARACTERS = 2_000
MARKS_MAX = 200
DAY_SECONDS = 86_400.0
NEEDS_REASON = frozenset({DecisionAction.REMOVE})
ACTIONS = (DecisionAction.APPROVE, DecisionAction.REMOVE, DecisionAction.ESCALATE, DecisionAction.SKIP)


@dataclass(frozen=True)
class DecisionInput:
    """The checked input of a decision; `labels` are 0 or 1, `marks` are in order and overlap nowhere."""

    action: DecisionAction
    reason: str = ""
    labels: dict[str, int] = field(default_factory=dict)
    marks: list[dict[str, int]] = field(default_factory=list)
    note: str = ""


def check_decision(
    *,
    comment: Comment,
    policy: CurrentPolicy,
    action: str,
    reason: str = "",
    labels: Mapping[str, bool | int] | None = None,
    marks: Sequence[Mapping[str, Any]] | None = None,
    note: str = "",
    reason_optional: bool = False,
) -> DecisionInput:
    """Check all at once; raise InvalidInput with every problem found.

    `labels` are of those that the model knows, `reason` is a code of the policy, needed for removing where it says so
    (unless `reason_optional`), `marks` lie inside the text. A comment without its text cannot be decided.
    """
    prediction = comment.current_prediction
    known = prediction.model_version.labels if prediction is not None else []
    corrections = {str(label): int(bool(value)) for label, value in (labels or {}).items()}
    gone = purged_problem(comment)
    if gone is not None:
        raise InvalidInput([gone])
    problems = [
        *_action_problems(action),
        *_reason_problems(action, reason, policy, reason_optional),
        *_label_problems(corrections, known),
        *note_problems(note),
    ]
    try:
        read = _read_marks(marks or (), len(comment.text))
    except (KeyError, TypeError, ValueError) as error:
        message = str(error) if type(error) is ValueError else "A mark is an object of begin and end."
        problems.append(ValidationProblem("marks", message, "invalid"))
    if problems:
        raise InvalidInput(problems)
    return DecisionInput(DecisionAction(action), reason, corrections, read, note.strip())


def note_problems(note: str) -> list[ValidationProblem]:
    """Check a note: at most NOTE_CHARACTERS, no NUL."""
    problems = []
    if len(note) > NOTE_CHARACTERS:
        message = f"This note has {len(note):,} characters; at most {NOTE_CHARACTERS:,} are allowed."
        problems.append(ValidationProblem("note", message, "max_length"))
    if "\x00" in note:
        problems.append(ValidationProblem("note", "NUL characters are not allowed.", "null_characters"))
    return problems


def reason_codes(policy: CurrentPolicy) -> list[str]:
    """List the codes that a policy offers."""
    return [str(reason["code"]) for reason in policy.reasons]


def _action_problems(action: str) -> list[ValidationProblem]:
    if action in ACTIONS:
        return []
    message = f"This must be one of {', '.join(ACTIONS)}."
    return [ValidationProblem("action", message, "invalid_choice")]


def _reason_problems(
    action: str, reason: str, policy: CurrentPolicy, optional: bool
) -> list[ValidationProblem]:
    codes = reason_codes(policy)
    if reason and reason not in codes:
        message = f"The policy knows no reason {reason!r}; it knows {', '.join(codes) or 'none'}."
        return [ValidationProblem("reason", message, "invalid_choice")]
    needed = policy.reason_required and bool(codes) and action in NEEDS_REASON
    if needed and not reason and not optional:
        return [ValidationProblem("reason", "The policy asks for a reason.", "required")]
    return []


def _label_problems(corrections: Mapping[str, int], known: Sequence[str]) -> list[ValidationProblem]:
    unknown = sorted(set(corrections) - set(known))
    if not unknown:
        return []
    message = f"The model knows no label {unknown[0]!r}; it knows {', '.join(known) or 'none'}."
    return [ValidationProblem("labels", message, "invalid_choice")]


def _read_marks(marks: Sequence[Mapping[str, Any]], characters: int) -> list[dict[str, int]]:
    if len(marks) > MARKS_MAX:
        raise ValueError(f"At most {MARKS_MAX} marks are allowed.")
    spans = sorted((_place(mark["begin"]), _place(mark["end"])) for mark in marks)
    merged: list[list[int]] = []
    for begin, end in spans:
        if not 0 <= begin < end <= characters:
            raise ValueError(f"A mark from {begin} to {end} is not inside a text of {characters} characters.")
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return [{"begin": begin, "end": end} for begin, end in merged]


def _place(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("no place in a text")
    return value
