"""What a review queue may be narrowed by: one value that pages, saved queues, bulk actions and claims share."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, FloatField, Func, Q, TextField, Value
from django.db.models.functions import Cast, Coalesce, Now

from classifier.comments.search import matching_text
from classifier.core.audit import author_pseudonym
from classifier.core.errors import WrongFilter
from classifier.core.validation import whole_number
from classifier.models import Band, CommentStatus, User
from classifier.models.comment import CommentQuerySet

WAITING = "waiting"
EVERY = "all"
STATUSES = (WAITING, EVERY, *CommentStatus.values)
CLAIMS = ("mine", "free", "others")
SWITCHES = ("disagrees", "escalated", "appeal", "reported")
TEXT_CHARACTERS = 200
IDS_MAX = 10_000
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class QueueFilters:
    """Everything that is set must hold. `status` "waiting" is the queue itself, "all" every comment.

    `source` holds slugs. `label` alone means that the model's threshold is reached, with `threshold` (0 to 1) that
    probability. Ages are hours since a comment came in. `version` names a model version that the current prediction
    is of. `claimed`: mine, others or free. `reason` is the kind of a queue reason. `last_id` leaves out what came
    later, `read_at` (ISO 8601) what was edited later, `ids` all others. The switches are None (either way), True or
    False.
    """

    status: str = WAITING
    source: tuple[str, ...] = ()
    label: str = ""
    threshold: float | None = None
    band: str = ""
    older_hours: float | None = None
    newer_hours: float | None = None
    version: str = ""
    disagrees: bool | None = None
    escalated: bool | None = None
    appeal: bool | None = None
    reported: bool | None = None
    claimed: str = ""
    reason: str = ""
    author: str = ""
    text: str = ""
    last_id: int | None = None
    read_at: str = ""
    ids: tuple[int, ...] = ()

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "QueueFilters":
        """Read what `to_data` wrote, or a form's values (empty strings count as not set). Raises WrongFilter."""
        unknown = sorted(set(data) - {field.name for field in fields(cls)})
        if unknown:
            raise WrongFilter(unknown[0], f"There is no filter {unknown[0]!r}.")
        given = {name: value for name, value in data.items() if value not in ("", None, [], ())}
        read: dict[str, Any] = {}
        for name, value in given.items():
            try:
                read[name] = _READERS[name](value)
            except WrongFilter as error:
                raise WrongFilter(name, str(error)) from error
            except (TypeError, ValueError, OverflowError) as error:
                raise WrongFilter(name, f"{value!r} is no value for this filter.") from error
        if "threshold" in read and "label" not in read:
            raise WrongFilter("label", "A probability needs a label that it is of.")
        return cls(**read)

    def to_data(self) -> dict[str, Any]:
        """Only what is set, as JSON can hold it."""
        unset = QueueFilters()
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != getattr(unset, name)
        }


def apply_filters(comments: CommentQuerySet, filters: QueueFilters, user: User | None) -> CommentQuerySet:
    """Narrow `comments`; `user` is whose claims "mine" means."""
    chosen = comments.filter(_waits(filters))
    if filters.source:
        chosen = chosen.filter(source__slug__in=filters.source)
    if filters.label:
        chosen = _over(chosen, filters.label, filters.threshold)
    if filters.band:
        chosen = chosen.filter(band=filters.band)
    if filters.older_hours is not None:
        chosen = chosen.filter(created_at__lt=Now() - timedelta(hours=filters.older_hours))
    if filters.newer_hours is not None:
        chosen = chosen.filter(created_at__gte=Now() - timedelta(hours=filters.newer_hours))
    if filters.version:
        chosen = chosen.filter(current_prediction__model_version__version=filters.version)
    if filters.disagrees is not None:
        chosen = chosen.filter(disagrees_with_shadow=filters.disagrees)
    if filters.escalated is not None:
        chosen = chosen.filter(is_escalated=filters.escalated)
    if filters.appeal is not None:
        chosen = chosen.filter(has_open_appeal=filters.appeal)
    if filters.reported is not None:
        chosen = chosen.filter(report_count__gt=0) if filters.reported else chosen.filter(report_count=0)
    if filters.claimed:
        chosen = chosen.filter(_claimed(filters.claimed, user))
    if filters.reason:
        chosen = chosen.filter(queue_reasons__contains=[{"kind": filters.reason}])
    if filters.author:
        chosen = chosen.filter(author_ref=filters.author)
    if filters.text:
        chosen = matching_text(chosen, filters.text)
    if filters.last_id is not None:
        chosen = chosen.filter(pk__lte=filters.last_id)
    if filters.read_at:
        chosen = chosen.filter(Q(edited_at=None) | Q(edited_at__lte=filters.read_at))
    if filters.ids:
        chosen = chosen.filter(pk__in=filters.ids)
    return chosen


def free_for(user: User | None) -> Q:
    """Claimed by nobody, or so long ago that the claim has expired, or by `user`."""
    free = Q(review_by__isnull=True) | Q(review_until__lt=Now())
    return free if user is None else free | Q(review_by=user)


def _waits(filters: QueueFilters) -> Q:
    if filters.status == WAITING:  # what has no verdict yet may wait too, but nobody can look at it
        return Q(queued_at__isnull=False, status__in=[CommentStatus.CLASSIFIED, CommentStatus.DECIDED])
    return Q() if filters.status == EVERY else Q(status=filters.status)


def _over(comments: CommentQuerySet, label: str, threshold: float | None) -> CommentQuerySet:
    def number(of: str) -> Cast:
        found = Func(F(of), Value(label), function="jsonb_extract_path_text", output_field=TextField())
        return Cast(found, FloatField())

    bound: Any = threshold
    if threshold is None:  # a label without one of its own is never over
        bound = Coalesce(number("current_prediction__model_version__thresholds"), 2.0)
    return comments.alias(label_score=number("current_prediction__scores")).filter(label_score__gte=bound)


def _claimed(claimed: str, user: User | None) -> Q:
    live = Q(review_by__isnull=False, review_until__gte=Now())
    mine = live & Q(review_by=user)
    return {"free": ~live, "mine": mine, "others": live & ~Q(review_by=user)}[claimed]


def _one_of(*choices: str) -> Any:
    def read(value: Any) -> str:
        if value not in choices:
            raise WrongFilter("", f"This must be one of {', '.join(choices)}.")
        return str(value)

    return read


def _words(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_line, [value] if isinstance(value, str) else value)))


def _line(value: Any) -> str:
    line = str(value).strip()
    if len(line) > TEXT_CHARACTERS or "\x00" in line:
        raise WrongFilter("", f"At most {TEXT_CHARACTERS} characters, and no NUL, are possible here.")
    return line


def _share(value: Any) -> float:
    if not 0 <= (share := float(value)) <= 1:
        raise WrongFilter("", "A probability is between 0 and 1.")
    return share


def _hours(value: Any) -> float:
    if not 0 <= (hours := float(value)) <= 1_000_000:
        raise WrongFilter("", "Hours are 0 or more, and at most 1,000,000.")
    return hours


def _switch(value: Any) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False}
    return known[str(value).lower()] if str(value).lower() in known else _wrong_switch()


def _wrong_switch() -> bool:
    raise WrongFilter("", "This must be yes or no.")


def _id(value: Any) -> int:
    if (number := whole_number(value)) is None:
        raise WrongFilter("", "This is no number of a comment.")
    return number


def _moment(value: Any) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None or not EARLIEST <= moment <= LATEST:
        raise ValueError(value)
    return moment.isoformat()


def _ids(value: Any) -> tuple[int, ...]:
    numbers = tuple(dict.fromkeys(_id(one) for one in ([value] if isinstance(value, str | int) else value)))
    if len(numbers) > IDS_MAX:
        raise WrongFilter("", f"At most {IDS_MAX:,} comments can be named.")
    return numbers


_READERS: dict[str, Any] = {
    "status": _one_of(*STATUSES),
    "source": _words,
    "label": _line,
    "threshold": _share,
    "band": _one_of(*Band.values),
    "older_hours": _hours,
    "newer_hours": _hours,
    "version": _line,
    "claimed": _one_of(*CLAIMS),
    "reason": _line,
    "author": _line,
    "text": _line,
    "last_id": _id,
    "read_at": _moment,
    "ids": _ids,
    **dict.fromkeys(SWITCHES, _switch),
}


def told_filters(filters: QueueFilters) -> dict[str, Any]:
    """What the audit keeps of filters: an author only as the audit calls them, and how many ids there were."""
    data = filters.to_data()
    if "author" in data:
        data["author"] = author_pseudonym(data["author"])
    if "ids" in data:
        data["ids"] = len(data["ids"])
    return data
