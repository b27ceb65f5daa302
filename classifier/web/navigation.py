"""The site's navigation: the pages that a user may open, the most needed ones first and the rest under "More"."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from classifier.models import User


@dataclass(frozen=True)
class Entry:
    """An entry of the navigation; it is current at the URL `name` and at URLs whose names begin with one of `names`."""

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


ENTRIES = (
    Entry("Queue", "queue", "classifier.add_decision", ("queue", "bulk", "saved-queue"), first=True),
    Entry("Classify", "classify", first=True),
    Entry("Comments", "comments", first=True),
    Entry("Dashboard", "dashboard", "classifier.view_daystatistic", first=True),
    Entry("Quality", "quality", "classifier.view_goldenitem", ("golden",)),
    Entry("Blind review", "quality-look", "classifier.add_secondreview"),
    Entry("Policies", "policies", "classifier.view_policy", ("polic",)),
    Entry("Rules", "rules", "classifier.view_rule", ("rule",)),
    Entry("History", "history", "classifier.view_auditentry"),
    Entry("Transfers", "transfers", "classifier.view_transfer", ("transfer",)),
    Entry("Compare", "comparisons", "classifier.view_referencecall", ("compar",)),
    Entry("Score maps", "score-maps", "classifier.view_scoremap", ("score-map",)),
    Entry("Rescoring", "rescoring", "classifier.rescore_comment", ("rescoring",)),
    Entry("Privacy", "privacy", "classifier.erase_author", ("privacy",)),
    Entry("Users", "people", "classifier.view_user", ("people", "person")),
    Entry("API keys", "keys", "classifier.view_apikey", ("key",)),
    Entry("References", "references", "classifier.view_referenceservice", ("reference",)),
    Entry("Webhooks", "webhooks", "classifier.view_webhook", ("webhook",)),
    Entry("Training", "training:experiments", "training.view_experiment", ("training:",), staff=True),
    Entry("Admin", "admin:index", staff=True),
    Entry("API", "api-docs"),
)


def navigation(request: HttpRequest) -> dict[str, Callable[[], Navigation]]:
    """Add the navigation to template contexts; the links are only computed on pages that show them."""
    return {"navigation": lambda: _navigation(request)}


def _navigation(request: HttpRequest) -> Navigation:
    user: Any = request.user
    match = request.resolver_match
    here = match.view_name if match is not None else ""
    first: list[Link] = []
    more: list[Link] = []
    for entry in ENTRIES if isinstance(user, User) else ():
        if (entry.permission and not user.has_perm(entry.permission)) or (entry.staff and not user.is_staff):
            continue
        try:
            url = reverse(entry.name)
        except NoReverseMatch:
            continue
        current = here == entry.name or here.startswith(entry.names)
        (first if entry.first else more).append(Link(entry.title, url, current))
    return Navigation(first, more)
