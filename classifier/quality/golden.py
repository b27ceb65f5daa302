"""Known answers: comments whose right answer a lead has recorded, to measure moderators by."""

from django.db import transaction
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import FINAL_ACTIONS, Comment, GoldenItem, User
from toxicsite.lib.upsert import get_or_insert

NOTE_CHARACTERS = 500


def golden_add(*, comment: Comment, expected: str, by: User | None, note: str = "") -> GoldenItem:
    """Make `comment` a known answer with the answer `expected` (approve or remove); a retired one comes back.

    Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.add_goldenitem")
    require_source(by, comment.source)
    note = note.strip()
    problems = []
    if expected not in FINAL_ACTIONS:
        problems.append(ValidationProblem("expected", "This must be approve or remove.", "invalid_choice"))
    if len(note) > NOTE_CHARACTERS or "\x00" in note:
        message = f"At most {NOTE_CHARACTERS} characters, and no NUL, are allowed."
        problems.append(ValidationProblem("note", message, "max_length"))
    if comment.text_purged_at is not None:
        problems.append(ValidationProblem("comment", "The text of this comment was erased.", "purged"))
    elif comment.current_prediction_id is None:
        problems.append(ValidationProblem("comment", "This comment has no verdict yet.", "pending"))
    if problems:
        raise InvalidInput(problems)
    with transaction.atomic():
        item, is_new = get_or_insert(
            GoldenItem.objects.select_for_update(),
            comment=comment,
            defaults={"expected": expected, "note": note, "created_by": by},
        )
        if not is_new:
            if item.retired_at is None:
                raise InvalidInput(
                    [ValidationProblem("comment", "This is a known answer already.", "unique")]
                )
            item.expected, item.note, item.created_by, item.retired_at = expected, note, by, None
            item.created_at = timezone.now()  # the answer is to the text as it is now
            item.save()
        _audit("golden.add", item, by)
    return item


def golden_retire(*, item: GoldenItem, by: User | None) -> bool:
    """Show it to nobody from now on; answers given so far still count. Return False when it was retired already.

    Raises PermissionDenied.
    """
    require_permission(by, "classifier.change_goldenitem")
    require_source(by, item.comment.source)
    with transaction.atomic():
        now = timezone.now()
        if GoldenItem.objects.filter(pk=item.pk, retired_at__isnull=True).update(retired_at=now) == 0:
            return False
        item.retired_at = now
        _audit("golden.retire", item, by)
    return True


def _audit(verb: str, item: GoldenItem, by: User | None) -> None:
    comment = item.comment
    audit_record(
        verb=verb,
        by=by,
        source=comment.source,
        subject=f"comment {comment.pk}",
        data={"expected": item.expected},
    )
