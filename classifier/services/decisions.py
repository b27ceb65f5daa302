"""What moderators decide about comments, and undoing it."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction

from classifier.models import COMMENT_TRANSITIONS, Comment, CommentStatus, Decision, DecisionAction, User
from classifier.services.errors import DecisionConflict
from classifier.services.permissions import require_permission
from classifier.services.validation import InvalidInput, ValidationProblem
from toxicsite.lib.lifecycle import IllegalTransition, LostRace, transition

NOTE_CHARACTERS = 2_000
ALREADY = "Somebody has decided on this comment in the meantime. Look at their decision; it can be undone."
NOT_YET = "This comment has no verdict yet. It can be decided once it is classified."
UNDONE_ALREADY = "This decision does not stand any more: it was undone, or another one followed."


def decision_record(
    *,
    comment: Comment,
    action: str,
    labels: Mapping[str, bool | int] | None = None,
    note: str = "",
    by: User | None,
) -> Decision:
    """Approve or remove a classified comment: `classified -> decided`, with the decision that counts from now on.

    `labels` are corrections, {label: whether it holds}, of labels that the model knows; those not named stay as the
    model said. Raises DecisionConflict (decided by somebody else, or not classified), InvalidInput, PermissionDenied.
    """
    require_permission(by, "classifier.add_decision")
    prediction = comment.current_prediction
    known = prediction.model_version.labels if prediction is not None else []
    corrections = {str(label): int(bool(value)) for label, value in (labels or {}).items()}
    _check(action, corrections, known, note)
    if comment.status != CommentStatus.CLASSIFIED:
        raise DecisionConflict(ALREADY if comment.status == CommentStatus.DECIDED else NOT_YET)
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                comment=comment,
                action=action,
                labels=corrections,
                note=note.strip(),
                by=by,
                prediction=prediction,
            )
            transition(
                comment,
                to=CommentStatus.DECIDED,
                allowed={"classified": COMMENT_TRANSITIONS["classified"]},
                by=by,
                reason=DecisionAction(action).label.lower(),
                current_decision=decision,
            )
    except (IllegalTransition, LostRace) as error:
        raise DecisionConflict(ALREADY) from error
    return decision


def decision_undo(*, decision: Decision, by: User | None, note: str = "") -> Decision:
    """Take back the decision that counts: `decided -> classified`. The decision stays; undoing is a row of its own.

    Raises DecisionConflict when it does not count any more, InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.add_decision")
    _check(DecisionAction.UNDO, {}, [], note)
    try:
        with transaction.atomic():
            comment = Comment.objects.select_for_update(of=("self",)).get(pk=decision.comment_id)
            if comment.current_decision_id != decision.pk:
                raise DecisionConflict(UNDONE_ALREADY)
            undo = Decision.objects.create(
                comment=comment,
                action=DecisionAction.UNDO,
                undoes=decision,
                note=note.strip(),
                by=by,
                prediction_id=comment.current_prediction_id,
            )
            transition(
                comment,
                to=CommentStatus.CLASSIFIED,
                allowed={"decided": COMMENT_TRANSITIONS["decided"]},
                by=by,
                reason="decision undone",
                current_decision=None,
            )
    except (IntegrityError, IllegalTransition, LostRace) as error:
        raise DecisionConflict(UNDONE_ALREADY) from error
    return undo


def _check(action: str, labels: Mapping[str, int], known: list[str], note: str) -> None:
    problems = []
    if action not in DecisionAction.values:
        problems.append(ValidationProblem("action", "This must be approve or remove.", "invalid_choice"))
    unknown = sorted(set(labels) - set(known))
    if unknown:
        message = f"The model knows no label {unknown[0]!r}; it knows {', '.join(known) or 'none'}."
        problems.append(ValidationProblem("labels", message, "invalid_choice"))
    if len(note) > NOTE_CHARACTERS:
        message = f"This note has {len(note):,} characters; at most {NOTE_CHARACTERS:,} are allowed."
        problems.append(ValidationProblem("note", message, "max_length"))
    if "\x00" in note:
        problems.append(ValidationProblem("note", "NUL characters are not allowed.", "null_characters"))
    if problems:
        raise InvalidInput(problems)
