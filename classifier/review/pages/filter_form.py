"""The filters of the queue as a form: read from an address with each mistake named at its field, and written back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from classifier.core.errors import WrongFilter
from classifier.core.visibility import visible_sources
from classifier.inference.language import NAMED, ROMANISED_HINDI
from classifier.models import Band, CommentStatus, ModelVersion, User
from classifier.review.filters import EVERY, FILTERS, WAITING, QueueFilters
from classifier.review.pages.reasons import known_kinds
from classifier.review.selectors import ORDERS, queue_order
from classifier.web.formatting import label_title

LISTS = ("source", "ids")
SUGGESTED = 50
YES_NO = [("", "Either"), ("1", "Yes"), ("0", "No")]


@dataclass(frozen=True)
class Field:
    """One control; `choices` make it a select, `suggestions` a box with a list."""

    name: str
    title: str
    value: str
    error: str = ""
    choices: Sequence[tuple[str, str]] = ()
    kind: str = "text"
    step: str = ""
    values: tuple[str, ...] = ()
    suggestions: Sequence[str] = ()

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        chosen = self.values or (self.value,)
        return [(value, title, value in chosen) for value, title in self.choices]

    @property
    def many(self) -> bool:
        return len(self.values) > 1


@dataclass(frozen=True)
class Chosen:
    """What an address asks for; `filters` hold what could be read, `errors` name what could not, by field."""

    filters: QueueFilters
    order: str
    errors: dict[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        """Return whether filters narrow anything, whatever the order."""
        return bool(self.filters.to_data()) or bool(self.errors)

    @property
    def query(self) -> str:
        return query_of(self.filters, self.order)


def read_chosen(data: QueryDict, order: str = "risk") -> Chosen:
    """Read filters and order from a query or a posted form; names that are no filters are ignored."""
    given: dict[str, Any] = {}
    for name in FILTERS:
        value: Any = (
            [entry for entry in data.getlist(name) if entry] if name in LISTS else data.get(name, "").strip()
        )
        if value:
            given[name] = value
    filters, errors = QueueFilters.read(given)
    order = data.get("order") or order
    try:
        queue_order(order)
    except WrongFilter as wrong:
        errors["order"], order = str(wrong), "risk"
    return Chosen(filters, order, errors, given)


def names_a_queue(data: QueryDict) -> bool:
    """Return whether a query chooses anything at all."""
    return any(name in data for name in (*FILTERS, "order"))


def query_of(filters: QueueFilters, order: str = "") -> str:
    """Return filters and order as a query string."""
    data: dict[str, Any] = {}
    for name, value in filters.to_data().items():
        data[name] = {True: "1", False: "0"}[value] if isinstance(value, bool) else value
    if order:
        data["order"] = order
    return urlencode(data, doseq=True)


def filter_fields(chosen: Chosen, user: User, *, statuses: bool = True) -> list[Field]:
    """Return the controls, with the values given and what is wrong with them."""
    given, errors = chosen.given, chosen.errors

    def control(name: str, title: str, **more: Any) -> Field:
        value = given.get(name, "")
        shown = value[0] if isinstance(value, list) and value else value
        values = tuple(map(str, value)) if isinstance(value, list) else ()
        return Field(name, title, str(shown or ""), errors.get(name, ""), values=values, **more)

    sources = visible_sources(user).order_by("name")
    versions = list(ModelVersion.objects.order_by("-id")[:SUGGESTED].only("version", "labels"))
    labels = list(dict.fromkeys(label for version in versions for label in version.labels))
    languages = sorted(NAMED | {"en", "ru", "uk", "ar", "fa", "he", "hi", "ja", "ko", "zh", ROMANISED_HINDI})
    status = [(WAITING, "Waiting"), (EVERY, "Every comment"), *CommentStatus.choices]
    fields = [
        control("text", "Words in the text", kind="search"),
        control("status", "Status", choices=status),
        control(
            "source",
            "Source",
            choices=[("", "Every source"), *((source.slug, source.name) for source in sources)],
        ),
        control("band", "Band", choices=[("", "Any band"), *Band.choices]),
        control(
            "label", "Label", choices=[("", "Any label"), *((label, label_title(label)) for label in labels)]
        ),
        control("threshold", "Its score from", kind="number", step="0.01"),
        control("reason", "Why it waits", choices=[("", "Any reason"), *known_kinds()]),
        control("claimed", "Claimed", choices=[("", "Either"), *CLAIMS]),
        control("older_hours", "Older than, hours", kind="number", step="any"),
        control("newer_hours", "Newer than, hours", kind="number", step="any"),
        control("author", "Author"),
        control("version", "Model version", suggestions=[version.version for version in versions]),
        control("language", "Language", suggestions=languages),
        control("language_supported", "Language known", choices=YES_NO),
        control("concern", "Concern", choices=YES_NO),
        control("reported", "Reported", choices=YES_NO),
        control("appeal", "Appealed", choices=YES_NO),
        control("escalated", "Escalated", choices=YES_NO),
        control("disagrees", "Shadow disagrees", choices=YES_NO),
    ]
    return fields if statuses else [field for field in fields if field.name != "status"]


def order_field(chosen: Chosen) -> Field:
    choices = [(name, order.title) for name, order in ORDERS.items()]
    return Field("order", "Order", chosen.order, chosen.errors.get("order", ""), choices)


CLAIMS = [("free", "By nobody"), ("mine", "By me"), ("others", "By others")]
MORE = (
    "older_hours",
    "newer_hours",
    "author",
    "version",
    "language",
    "language_supported",
    "concern",
    "reported",
    "appeal",
    "escalated",
    "disagrees",
)


SWITCHES_IN_WORDS = {
    "disagrees": "shadow disagrees",
    "language_supported": "in a language of the model",
    "concern": "a concern",
}


def in_words(filters: QueueFilters) -> list[str]:
    """Describe the filters that are set, for a heading."""
    titles = {
        "older_hours": "older than {} h",
        "newer_hours": "newer than {} h",
        "text": "“{}”",
        "author": "author {}",
        "version": "version {}",
        "language": "language {}",
        "label": "{} over",
        "threshold": "from {}",
        "band": "band {}",
        "claimed": "claimed: {}",
        "status": "status {}",
        "last_id": "up to comment {}",
    }
    words = []
    for name, value in filters.to_data().items():
        if name == "read_at":  # set by a preview, not chosen by a person
            continue
        if isinstance(value, bool):
            words.append(f"{'' if value else 'not '}{SWITCHES_IN_WORDS.get(name, name)}")
        elif name == "ids":
            words.append(f"{len(value):,} chosen comments")
        elif isinstance(value, list):
            words.append(f"{name} {', '.join(map(str, value))}")
        else:
            words.append(titles.get(name, name + " {}").format(value))
    return words
