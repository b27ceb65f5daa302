"""The log of events of comments, in the order in which they happened, for clients that follow it.

History rows get their ids before their transactions commit, so a row may appear later than one with a higher id. A
follower therefore reads the last SETTLE_SECONDS again and remembers what it has sent; the cursor that it hands out
lies before them. A client that continues from a cursor gets everything at least once.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db.models import Max, QuerySet
from django.db.models.functions import Now

from classifier.core.visibility import seen_by
from classifier.models import CommentEvent, User

SETTLE_SECONDS = 10
TURN_MAX = 500


def comment_events(
    *, user: User, after: int | None, source: str = "", statuses: Sequence[str] = ()
) -> Iterator[tuple[int, list[CommentEvent]]]:
    """Yield for ever the cursor to continue from and the events since the last turn, oldest first.

    `after` is such a cursor; None begins now, at this call. Only events of comments that `user` may see, of this source
    and with these new statuses if given. At most TURN_MAX a turn; the rest comes in the next.
    """
    chosen = CommentEvent.objects.filter(seen_by(user, "comment__source"))
    if not user.has_perm("classifier.view_comment"):
        chosen = chosen.filter(comment__submitted_by=user)
    if source:
        chosen = chosen.filter(comment__source__slug=source)
    if statuses:
        chosen = chosen.filter(new__in=statuses)
    chosen = chosen.select_related("comment__source", "comment__current_prediction__model_version")
    chosen = chosen.select_related("comment__current_decision").order_by("id")
    return _follow(chosen, _newest() if after is None else after)


def _follow(chosen: QuerySet[CommentEvent], cursor: int) -> Iterator[tuple[int, list[CommentEvent]]]:
    sent: set[int] = set()
    while True:
        settled = _settled(cursor)
        events = list(chosen.filter(id__gt=cursor).exclude(id__in=sent)[:TURN_MAX])
        sent |= {event.pk for event in events}
        if len(events) == TURN_MAX:
            settled = min(settled, events[-1].pk)
        cursor = max(cursor, settled)
        sent = {pk for pk in sent if pk > cursor}
        yield cursor, events


def _newest() -> int:
    newest: int | None = CommentEvent.objects.aggregate(newest=Max("id"))["newest"]
    return newest or 0


def _settled(cursor: int) -> int:
    """Return the id up to which every transaction has surely ended, at least `cursor`."""
    old = CommentEvent.objects.filter(created_at__lt=Now() - timedelta(seconds=SETTLE_SECONDS))
    newest = old.order_by("-created_at").values_list("id", flat=True).first()
    return max(cursor, newest or 0)
