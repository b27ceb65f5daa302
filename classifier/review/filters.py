"""The filters of a review queue: one value that pages, saved queues, bulk actions and claims share.

Each field of `QueueFilters` names how its value is read and which comments match it.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, FloatField, Func, Q, TextField, Value
from django.db.models.functions import Cast, Coalesce, Now
from django.db.models.lookups import GreaterThanOrEqual

from classifier.comments.search import text_condition
from classifier.core.audit import author_pseudonym
from classifier.core.errors import WrongFilter
from classifier.core.validation import whole_number
from classifier.inference.language import normal_tag
from classifier.models import Band, CommentStatus, User
from classifier.models.comment import CommentQuerySet

WAITING = "waiting"
EVERY = "all"
STATUSES = (WAITING, EVERY, *CommentStatus.values)
CLAIMS = ("mine", "free", "others")
SWITCHES = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False}
TEXT_CHARACTERS = 200
IDS_MAX = 10_000
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Filter:
    """How one filter works: `parse` raises ValueError or WrongFilter; `condition` is a lookup or makes a condition."""

    parse: Callable[[Any], Any]
    condition: "str | Callable[[QueueFilters, User | None], Q]"

    def narrow(self, value: Any, filters: "QueueFilters", user: User | None) -> Q:
        """Return the condition on comments where this filter has `value`."""
        if isinstance(self.condition, str):
            return Q(**{self.condition: value})
        return self.condition(filters, user)


def _one_of(*choices: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in choices:
            raise WrongFilter("", f"This must be one of {', '.join(choices)}.")
        return str(value)

    return parse


def _line(value: Any) -> str:
    line = str(value).strip()
    if len(line) > TEXT_CHARACTERS or "\x00" in line:
        raise WrongFilter("", f"At most {TEXT_CHARACTERS} characters, and no NUL, are possible here.")
    return line


def _language(value: Any) -> str:
    try:
        return normal_tag(str(value))
    except ValueError:
        raise WrongFilter("", "This must be a language tag, such as de or pt-BR.") from None


def _lines(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_line, [value] if isinstance(value, str) else value)))


def _probability(value: Any) -> float:
    if not 0 <= (probability := float(value)) <= 1:
        raise WrongFilter("", "A probability is between 0 and 1.")
    return probability


def _hours(value: Any) -> float:
    if not 0 <= (hours := float(value)) <= 1_000_000:
        raise WrongFilter("", "Hours are 0 or more, and at most 1,000,000.")
    return hours


def _switch(value: Any) -> bool:
    if str(value).lower() not in SWITCHES:
        raise WrongFilter("", "This must be yes or no.")
    return SWITCHES[str(value).lower()]


def _moment(value: Any) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None or not EARLIEST <= moment <= LATEST:
        raise ValueError(value)
    return moment.isoformat()


def _id(value: Any) -> int:
    if (number := whole_number(value)) is None:
        raise WrongFilter("", "This is no number of a comment.")
    return number


def _ids(value: Any) -> tuple[int, ...]:
    ids = tuple(dict.fromkeys(map(_id, [value] if isinstance(value, str | int) else value)))
    if len(ids) > IDS_MAX:
        raise WrongFilter("", f"At most {IDS_MAX:,} comments can be named.")
    return ids


def _has_status(filters: "QueueFilters", user: User | None) -> Q:
    if filters.status == WAITING:  # a comment without a verdict may wait too, but it is not shown yet
        return Q(queued_at__isnull=False, status__in=[CommentStatus.CLASSIFIED, CommentStatus.DECIDED])
    return Q() if filters.status == EVERY else Q(status=filters.status)


def _reaches_threshold(filters: "QueueFilters", user: User | None) -> Q:
    def number(of: str) -> Cast:
        entry = Func(
            F(of), Value(filters.label), function="jsonb_extract_path_text", output_field=TextField()
        )
        return Cast(entry, FloatField())

    bound: Any = filters.threshold
    if bound is None:  # a label without a threshold of its own never reaches it
        bound = Coalesce(number("current_prediction__model_version__thresholds"), 2.0)
    return Q(GreaterThanOrEqual(number("current_prediction__scores"), bound))


def _is_older(filters: "QueueFilters", user: User | None) -> Q:
    return Q(created_at__lt=Now() - timedelta(hours=filters.older_hours or 0))


def _is_newer(filters: "QueueFilters", user: User | None) -> Q:
    return Q(created_at__gte=Now() - timedelta(hours=filters.newer_hours or 0))


def _is_reported(filters: "QueueFilters", user: User | None) -> Q:
    return Q(report_count__gt=0) if filters.reported else Q(report_count=0)


def _is_claimed(filters: "QueueFilters", user: User | None) -> Q:
    live = Q(review_by__isnull=False, review_until__gte=Now())
    mine = live & Q(review_by=user)
    return {"free": ~live, "mine": mine, "others": live & ~Q(review_by=user)}[filters.claimed]


def _has_reason(filters: "QueueFilters", user: User | None) -> Q:
    return Q(queue_reasons__contains=[{"kind": filters.reason}])


def _has_words(filters: "QueueFilters", user: User | None) -> Q:
    return text_condition(filters.text)


def _was_not_edited_since(filters: "QueueFilters", user: User | None) -> Q:
    return Q(edited_at=None) | Q(edited_at__lte=filters.read_at)


def _filter(
    parse: Callable[[Any], Any],
    condition: "str | Callable[[QueueFilters, User | None], Q]",
    *,
    unset: Any = None,
) -> Any:
    return field(default=unset, metadata={"filter": Filter(parse, condition)})


@dataclass(frozen=True)
class QueueFilters:
    """Filters of which everything that is set must hold; a switch is None (either way), True or False."""

    # "waiting" is the queue itself, "all" every comment
    status: str = _filter(_one_of(*STATUSES), _has_status, unset=WAITING)
    # slugs
    source: tuple[str, ...] = _filter(_lines, "source__slug__in", unset=())
    # whose score reaches the model's own threshold, or `threshold` where that is set
    label: str = _filter(_line, _reaches_threshold, unset="")
    threshold: float | None = _filter(_probability, lambda filters, user: Q())
    band: str = _filter(_one_of(*Band.values), "band", unset="")
    # since a comment was received
    older_hours: float | None = _filter(_hours, _is_older)
    newer_hours: float | None = _filter(_hours, _is_newer)
    # the model version that made the current prediction
    version: str = _filter(_line, "current_prediction__model_version__version", unset="")
    # the language that a text was identified as, and whether the model knows it
    language: str = _filter(_language, "current_prediction__language", unset="")
    language_supported: bool | None = _filter(_switch, "current_prediction__language_supported")
    # the author tells of their own hurt
    concern: bool | None = _filter(_switch, "is_concern")
    disagrees: bool | None = _filter(_switch, "disagrees_with_shadow")
    escalated: bool | None = _filter(_switch, "is_escalated")
    appeal: bool | None = _filter(_switch, "has_open_appeal")
    reported: bool | None = _filter(_switch, _is_reported)
    claimed: str = _filter(_one_of(*CLAIMS), _is_claimed, unset="")
    # the kind of a queue reason
    reason: str = _filter(_line, _has_reason, unset="")
    author: str = _filter(_line, "author_ref", unset="")
    text: str = _filter(_line, _has_words, unset="")
    # leave out comments received after this one, comments edited after a moment (ISO 8601), and all but these
    last_id: int | None = _filter(_id, "pk__lte")
    read_at: str = _filter(_moment, _was_not_edited_since, unset="")
    ids: tuple[int, ...] = _filter(_ids, "pk__in", unset=())

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "QueueFilters":
        """Read what `to_data` wrote, or a form's values (empty strings count as not set). Raises WrongFilter."""
        filters, errors = cls.read(data)
        if errors:
            raise WrongFilter(*next(iter(errors.items())))
        return filters

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "tuple[QueueFilters, dict[str, str]]":
        """Read what can be read; return it with what is wrong, by field."""
        errors = {name: f"There is no filter {name!r}." for name in sorted(set(data) - set(FILTERS))}
        values: dict[str, Any] = {}
        for name, value in data.items():
            if name in errors or value in ("", None, [], ()):
                continue
            try:
                values[name] = FILTERS[name].parse(value)
            except WrongFilter as error:
                errors[name] = str(error)
            except (TypeError, ValueError, OverflowError):
                errors[name] = f"{value!r} is no value for this filter."
        if "threshold" in values and "label" not in values:
            del values["threshold"]
            errors.setdefault("label", "A probability needs a label that it is of.")
        return cls(**values), errors

    def to_data(self) -> dict[str, Any]:
        """Return only what is set, as JSON can hold it."""
        unset = QueueFilters()
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != getattr(unset, name)
        }

    def to_audit(self) -> dict[str, Any]:
        """Return the same for the audit: the author as the audit names them, and how many ids there are."""
        data = self.to_data()
        if "author" in data:
            data["author"] = author_pseudonym(data["author"])
        if "ids" in data:
            data["ids"] = len(data["ids"])
        return data


FILTERS: dict[str, Filter] = {field.name: field.metadata["filter"] for field in fields(QueueFilters)}


def apply_filters(comments: CommentQuerySet, filters: QueueFilters, user: User | None) -> CommentQuerySet:
    """Narrow `comments`; "mine" means the claims of `user`."""
    values = ((name, getattr(filters, name)) for name in FILTERS)
    return comments.filter(
        *(FILTERS[name].narrow(value, filters, user) for name, value in values if value not in ("", None, ()))
    )


def free_for(user: User | None) -> Q:
    """Select comments that nobody has claimed, whose claim has expired, or that `user` has claimed."""
    free = Q(review_by__isnull=True) | Q(review_until__lt=Now())
    return free if user is None else free | Q(review_by=user)
