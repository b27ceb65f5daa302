"""The site's navigation: the pages that a person may open, what most work needs first and the rest under "More"."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from classifier.models import User


@dataclass(frozen=True)
class Place:
    """The link is the current one at the address named `name`, and at those whose names begin with one of `names`."""

    title: str
    name: str
    permission: str = ""
    names: tuple[str, ...] = ()
    staff: bool = False
    first: bool = False


@dataclass(frozen=True)
class Link:
    title: str
    url: str
    current: bool


@dataclass(frozen=True)
class Navigation:
    """`here` is the title of the current page where it is one of `more`."""

    first: list[Link]
    more: list[Link]

    @property
    def here(self) -> str:
        return next((link.title for link in self.more if link.current), "")


PLACES = (
    Place("Queue", "queue", "classifier.add_decision", ("queue", "bulk", "saved-queue"), first=True),
    Place("Classify", "classify", first=True),
    Place("Comments", "comments", first=True),
    Place("Dashboard", "dashboard", "classifier.view_daystatistic", first=True),
    Place("Quality", "quality", "classifier.view_goldenitem", ("golden",)),
    Place("Blind review", "quality-look", "classifier.add_secondreview"),
    Place("Policies", "policies", "classifier.view_policy", ("polic",)),
    Place("Rules", "rules", "classifier.view_rule", ("rule",)),
    Place("History", "history", "classifier.view_auditentry"),
    Place("Transfers", "transfers", "classifier.view_transfer", ("transfer",)),
    Place("Compare", "comparisons", "classifier.view_referencecall", ("compar",)),
    Place("Score maps", "score-maps", "classifier.view_scoremap", ("score-map",)),
    Place("Rescoring", "rescoring", "classifier.rescore_comment", ("rescoring",)),
    Place("Privacy", "privacy", "classifier.erase_author", ("privacy",)),
    Place("Users", "people", "classifier.view_user", ("people", "person")),
    Place("API keys", "keys", "classifier.view_apikey", ("key",)),
    Place("References", "references", "classifier.view_referenceservice", ("reference",)),
    Place("Webhooks", "webhooks", "classifier.view_webhook", ("webhook",)),
    Place("Training", "training:experiments", "training.view_experiment", ("training:",), staff=True),
    Place("Admin", "admin:index", staff=True),
    Place("API", "api-docs"),
)


def navigation(request: HttpRequest) -> dict[str, Callable[[], Navigation]]:
    """A context processor; the links are only worked out on pages that show them."""
    return {"navigation": lambda: _navigation(request)}


def _navigation(request: HttpRequest) -> Navigation:
    user: Any = request.user
    match = request.resolver_match
    here = match.view_name if match is not None else ""
    first: list[Link] = []
    more: list[Link] = []
    for place in PLACES if isinstance(user, User) else ():
        if (place.permission and not user.has_perm(place.permission)) or (place.staff and not user.is_staff):
            continue
        try:
            url = reverse(place.name)
        except NoReverseMatch:
            continue
        current = here == place.name or here.startswith(place.names)
        (first if place.first else more).append(Link(place.title, url, current))
    return Navigation(first, more)
