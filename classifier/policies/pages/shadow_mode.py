"""A policy's draft in shadow mode: its report on live comments, and starting it, stopping it, putting it in force."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from classifier.core.errors import PolicyConflict
from classifier.core.measures import Confusion, share_with_interval, wilson
from classifier.core.validation import InvalidInput, row_id, whole_number
from classifier.inference.bands import Judge
from classifier.model_versions.shadow_report import PAGE
from classifier.models import ShadowJudgement, ShadowPolicy, Source
from classifier.policies.active_policies import current_from, judge_of, policy_for
from classifier.policies.draft_report import (
    PERIODS,
    ShadowPolicyReport,
    changed_judgements,
    shadow_policies_of,
    shadow_policy_report,
)
from classifier.policies.pages.common import SEE, back_to_policy, source_or_404
from classifier.policies.pages.versions import draft_changes
from classifier.policies.services import policy_newest
from classifier.policies.shadow_policies import (
    CHANGE,
    shadow_policy_put_in_force,
    shadow_policy_start,
    shadow_policy_stop,
)
from classifier.web.access import permitted, person_of, reader_of
from classifier.web.charts import NOTHING, Figure, count, lines, share
from toxicsite.lib.lifecycle import IllegalTransition, LostRace

USUAL_DAYS = 7
DRAFTS_SHOWN = 50
FEW_DECIDED = 30


@permitted(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def policy_shadow(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Show the report of a draft in shadow mode, now or earlier; a POST restarts it, stops it or puts it in force."""
    if request.method == "POST" and not person_of(request).has_perm(CHANGE):
        raise PermissionDenied(CHANGE)
    source = source_or_404(request, slug)
    drafts = shadow_policies_of(source=source)
    asked = row_id((request.POST if request.method == "POST" else request.GET).get("draft"))
    shadow = drafts.first() if asked is None else drafts.filter(pk=asked).first()
    if request.method == "POST":
        if shadow is None:
            raise Http404
        return _act(request, source, shadow)
    if shadow is None and asked is not None:
        raise Http404
    user = person_of(request)
    own = policy_newest(source=source)
    now = current_from(own) if own is not None else policy_for(None)
    context: dict[str, Any] = {
        "source": source,
        "shadow": shadow,
        "drafts": list(drafts[:DRAFTS_SHOWN]),
        "seen_version": own.version if own is not None else 0,
        "may_change": user.has_perm(CHANGE) and (source is not None or user.all_sources),
        "may_read": user.has_perm("classifier.view_comment"),
        "days": USUAL_DAYS,
        "periods": [],
    }
    if shadow is not None:
        context |= {"differs": draft_changes(now, shadow), **_report_context(request, shadow)}
    return render(request, "classifier/policies/shadow.html", context)


def _report_context(request: HttpRequest, shadow: ShadowPolicy) -> dict[str, Any]:
    """Build the report of the chosen period, with a page of examples of the chosen change, or of the largest."""
    user = reader_of(request)
    days = whole_number(request.GET.get("days")) or USUAL_DAYS
    days = days if days in PERIODS else USUAL_DAYS
    report = shadow_policy_report(shadow=shadow, user=user, days=days)
    by_key = {line.key: line for line in report.changes}
    usual = max(report.changes, key=lambda line: line.count, default=None)
    change = by_key.get(request.GET.get("change", ""), usual)
    older_than = row_id(request.GET.get("before"))
    judgements = (
        changed_judgements(
            shadow=shadow,
            user=user,
            days=days,
            before=change.before,
            after=change.after,
            older_than=older_than,
        )
        if change is not None
        else []
    )
    return {
        "report": report,
        "days": days,
        "periods": [(number, title, number == days) for number, title in PERIODS.items()],
        "figure": day_figure(report),
        "measures": measures(report),
        "few": report.decided < FEW_DECIDED,
        "change": change,
        "examples": example_rows(shadow, judgements[:PAGE]),
        "older": judgements[PAGE - 1].pk if len(judgements) > PAGE else None,
        "later_page": older_than is not None,
    }


def _act(request: HttpRequest, source: Source | None, shadow: ShadowPolicy) -> HttpResponse:
    user = person_of(request)
    do = request.POST.get("do", "")
    try:
        if do == "stop":
            shadow_policy_stop(shadow=shadow, by=user)
            messages.success(request, "Shadow mode is stopped. The judgements of the draft stay here.")
        elif do == "start":
            shadow_policy_start(
                source=source, bands=shadow.bands, automatic=shadow.automatic, note=shadow.note, by=user
            )
            messages.success(request, "The draft runs in shadow mode again.")
        elif do == "in_force":
            seen = whole_number(request.POST.get("seen_version"))
            note = request.POST.get("note", "")
            saved = shadow_policy_put_in_force(shadow=shadow, note=note, seen_version=seen, by=user)
            messages.success(request, f"The draft is in force, as version {saved.version}.")
            return back_to_policy(source)
        else:
            raise Http404
    except InvalidInput as error:
        messages.error(request, " ".join(problem.message for problem in error.problems))
    except PolicyConflict as error:
        messages.error(request, f"{error} The comparison below is now with that version.")
    except (IllegalTransition, LostRace):
        messages.error(request, "Somebody else has already ended this draft or put it in force.")
    return redirect(address(source))


def address(source: Source | None) -> str:
    return reverse("policy-shadow", args=[source.slug]) if source else reverse("policy-site-shadow")


@dataclass(frozen=True)
class Measure:
    """One measure of both policies; `help` explains it."""

    title: str
    help: str
    before: str
    after: str


@dataclass(frozen=True)
class Example:
    """A comment that the draft puts into another band; `label` is the riskiest one by the draft."""

    row: ShadowJudgement
    label: str
    score: float | None


def day_figure(report: ShadowPolicyReport) -> Figure:
    """Draw the number of changes by day."""
    days: list[tuple[str, dict[str, Any]]] = [
        (
            day.day.isoformat(),
            {"judged": day.judged, "stricter": day.stricter, "milder": day.milder, "changed": day.changed},
        )
        for day in reversed(report.days)
    ]
    return Figure(
        "shadow-days",
        "Changes by day",
        "Comments that the draft puts into another band than the policy in force. Days begin at midnight UTC.",
        "lines",
        lines(days, {"Stricter": lambda day: day["stricter"], "Milder": lambda day: day["milder"]}),
        ("Day", "Judged", "Stricter", "Milder", "Changed"),
        [
            [at, count(day["judged"]), count(day["stricter"]), count(day["milder"]), _share_of(day)]
            for at, day in reversed(days)
        ],
    )


def measures(report: ShadowPolicyReport) -> list[Measure]:
    """Measure how well "not approved" by each policy matches "removed" by people, with 95 % intervals."""

    def line(title: str, about: str, of: Callable[[Confusion], tuple[int, int]]) -> Measure:
        shown = (_of(*of(confusion)) for confusion in (report.caught_before, report.caught_after))
        return Measure(title, about, *shown)

    return [
        line(
            "Precision", "of what it does not approve, people removed", lambda confusion: confusion.precision
        ),
        line("Recall", "of what people removed, it does not approve", lambda confusion: confusion.recall),
    ]


def example_rows(shadow: ShadowPolicy, rows: Sequence[ShadowJudgement]) -> list[Example]:
    judges: dict[int, Judge] = {}
    examples = []
    for row in rows:
        version = row.prediction.model_version
        if version.pk not in judges:
            judges[version.pk] = judge_of(shadow.bands, version)
        scores = row.prediction.scores
        label = judges[version.pk].judge(scores).label
        examples.append(Example(row, label, scores.get(label)))
    return examples


def _share_of(day: dict[str, Any]) -> str:
    return f"{count(day['changed'])} ({share(day['changed'] / day['judged'])})"


def _of(hits: int, of: int) -> str:
    return f"{share_with_interval(hits / of, wilson(hits, of))} of {of:,}" if of else f"{NOTHING} of 0"
