"""Comments whose text was purged: nobody can judge them any more, and their pages say when and why."""

from django.db.models import Case, When
from django.db.models.functions import Coalesce, Now
from django.utils.timezone import localtime

from classifier.core.validation import ValidationProblem
from classifier.models import Comment

GONE = "The text of this comment was purged, so nobody can judge it any more. What was decided stays."


def purged_problem(comment: Comment) -> ValidationProblem | None:
    """Say why nothing can be decided about this comment, or None."""
    return ValidationProblem("text", GONE, "purged") if comment.text_purged_at is not None else None


def queued_again() -> Case:
    """Build the `queued_at` of an update that puts comments into the queue (again), unless their text was purged."""
    return Case(When(text_purged_at__isnull=True, then=Coalesce("queued_at", Now())), default=None)


def purged_note(comment: Comment) -> str:
    """Say in a sentence when and why the text was purged; empty if it was not."""
    if comment.text_purged_at is None:
        return ""
    days = comment.source.retention_days
    kept = (
        f"texts of {comment.source.name} are kept for {days:,} day{'s' if days != 1 else ''}, or it or its author "
        if days is not None
        else "its source kept texts for a limited time, or it or its author "
    )
    when = f"{localtime(comment.text_purged_at):%-d %B %Y, %H:%M} UTC"
    return f"The text was purged on {when}: {kept}was erased. Verdicts, decisions and counts stay."
