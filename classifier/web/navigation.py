"""The navigation: the pages that a user may open, the most needed in the header, the rest in a menu of groups."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from classifier.models import User


@dataclass(frozen=True)
class Entry:
    """An entry of the navigation; it is current at the URL `name` and at URLs whose names begin with one of `names`.

    `group` is its heading in the menu; without one it stands in the header itself. With the parameter and the
    value of `but`, which is also what the page takes without the parameter, the page belongs to another entry. `manual`
    is the page of the manual about it.
    """

    title: str
    name: str
    permission: str = ""
    names: tuple[str, ...] = ()
    staff: bool = False
    group: str = ""
    query: str = ""
    but: tuple[str, str] | None = None
    manual: str = ""


@dataclass(frozen=True)
class Link:
    title: str
    url: str
    current: bool
    name: str = ""
    manual: str = ""


@dataclass(frozen=True)
class Navigation:
    """`groups` are the links of the menu by heading; `here` is the title of the current page where it is among them."""

    first: list[Link]
    groups: list[tuple[str, list[Link]]]

    @property
    def more(self) -> list[Link]:
        """All links of the menu."""
        return [link for _, links in self.groups for link in links]

    @property
    def here(self) -> str:
        return next((link.title for link in self.more if link.current), "")

    @property
    def help(self) -> str:
        """The address of the manual's page about the current one, or of its first page."""
        manual = next((link.manual for link in (*self.first, *self.more) if link.current), "")
        return reverse("help-page", args=[manual]) if manual else reverse("help")


REVIEW, POLICY, CONNECTIONS, DATA, SITE = "Review", "Policy", "Connections", "Data", "Site"
ENTRIES = (
    Entry(
        "Queue", "queue", "classifier.add_decision", ("queue", "bulk", "saved-queue"), manual="guide/queue"
    ),
    Entry("Classify", "classify", manual="guide/classify"),
    Entry(
        "Comments",
        "queue-list",
        "classifier.view_comment",
        ("comment-",),
        query="?status=all",
        but=("status", "waiting"),
        manual="guide/queue",
    ),
    Entry("Dashboard", "dashboard", "classifier.view_daystatistic", manual="guide/dashboard"),
    Entry("My comments", "comments", "classifier.add_comment", group=REVIEW),
    Entry(
        "Quality",
        "quality",
        "classifier.view_goldenitem",
        ("golden",),
        group=REVIEW,
        manual="guide/known-answers",
    ),
    Entry(
        "Blind review",
        "quality-look",
        "classifier.add_secondreview",
        group=REVIEW,
        manual="guide/blind-reviews",
    ),
    Entry("History", "history", "classifier.view_auditentry", group=REVIEW, manual="guide/undo"),
    Entry(
        "Policies", "policies", "classifier.view_policy", ("polic",), group=POLICY, manual="guide/policies"
    ),
    Entry("Rules", "rules", "classifier.view_rule", ("rule",), group=POLICY, manual="guide/policies"),
    Entry(
        "Score maps",
        "score-maps",
        "classifier.view_scoremap",
        ("score-map",),
        group=POLICY,
        manual="migrate/thresholds",
    ),
    Entry(
        "Sources",
        "sources",
        "classifier.change_source",
        ("source",),
        group=CONNECTIONS,
        manual="guide/sources",
    ),
    Entry(
        "API keys", "keys", "classifier.view_apikey", ("key",), group=CONNECTIONS, manual="api/quick-start"
    ),
    Entry(
        "Webhooks",
        "webhooks",
        "classifier.view_webhook",
        ("webhook",),
        group=CONNECTIONS,
        manual="api/webhooks",
    ),
    Entry(
        "References",
        "references",
        "classifier.view_referenceservice",
        ("reference",),
        group=CONNECTIONS,
        manual="migrate/reference-services",
    ),
    Entry(
        "Compare",
        "comparisons",
        "classifier.view_referencecall",
        ("compar",),
        group=CONNECTIONS,
        manual="migrate/thresholds",
    ),
    Entry("API", "api-docs", group=CONNECTIONS, manual="api"),
    Entry(
        "Transfers",
        "transfers",
        "classifier.view_transfer",
        ("transfer",),
        group=DATA,
        manual="operate/transfers",
    ),
    Entry(
        "Rescoring",
        "rescoring",
        "classifier.rescore_comment",
        ("rescoring",),
        group=DATA,
        manual="operate/rescoring",
    ),
    Entry(
        "Training",
        "training:experiments",
        "training.view_experiment",
        ("training:",),
        staff=True,
        group=DATA,
        manual="train",
    ),
    Entry(
        "Users", "people", "classifier.view_user", ("people", "person"), group=SITE, manual="operate/users"
    ),
    Entry(
        "Privacy", "privacy", "classifier.erase_author", ("privacy",), group=SITE, manual="operate/privacy"
    ),
    Entry("Admin", "admin:index", staff=True, group=SITE),
)


def navigation(request: HttpRequest) -> dict[str, Callable[[], Navigation]]:
    """Add the navigation to template contexts; the links are only computed on pages that show them."""
    return {"navigation": lambda: _navigation(request)}


def _navigation(request: HttpRequest) -> Navigation:
    user: Any = request.user
    match = request.resolver_match
    here = match.view_name if match is not None else ""
    shown: dict[str, list[Link]] = {}
    offered = [entry for entry in ENTRIES if isinstance(user, User) and _may_open(user, entry)]
    exact = any(_is_page(request, here, entry) for entry in offered)
    for entry in offered:
        try:
            url = reverse(entry.name) + entry.query
        except NoReverseMatch:
            continue
        current = _is_page(request, here, entry) if exact else here.startswith(entry.names)
        shown.setdefault(entry.group, []).append(Link(entry.title, url, current, entry.name, entry.manual))
    first = shown.pop("", [])
    return Navigation(first, list(shown.items()))


def _is_page(request: HttpRequest, here: str, entry: Entry) -> bool:
    if here != entry.name or entry.but is None:
        return here == entry.name
    parameter, value = entry.but
    return request.GET.get(parameter, value) != value


def _may_open(user: User, entry: Entry) -> bool:
    return (not entry.permission or user.has_perm(entry.permission)) and (not entry.staff or user.is_staff)
