"""A draft in the shadow of a policy: what it says about live comments, and starting, stopping, putting it in force."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from classifier.core.errors import PolicyConflict
from classifier.core.validation import InvalidInput, row_id, whole_number
from classifier.model_versions.shadow_report import PAGE
from classifier.models import ShadowPolicy, Source
from classifier.policies.active_policies import current_from, policy_for
from classifier.policies.draft_report import (
    PERIODS,
    changed_judgements,
    shadow_policies_of,
    shadow_policy_report,
)
from classifier.policies.pages.common import SEE, back_to_policy, found_source
from classifier.policies.pages.shadow_report import day_figure, example_rows, measures
from classifier.policies.pages.versions import draft_changes
from classifier.policies.services import policy_newest
from classifier.policies.shadow_policies import (
    CHANGE,
    shadow_policy_put_in_force,
    shadow_policy_start,
    shadow_policy_stop,
)
from classifier.web.access import permitted, person_of, reader_of
from toxicsite.lib.lifecycle import IllegalTransition, LostRace

USUAL_DAYS = 7
DRAFTS_SHOWN = 50
FEW_DECIDED = 30


@permitted(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def policy_shadow(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """The report of the draft that judges, or judged, silently; by POST it is started again, stopped, put in force."""
    if request.method == "POST" and not person_of(request).has_perm(CHANGE):
        raise PermissionDenied(CHANGE)
    source = found_source(request, slug)
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
        context |= {"differs": draft_changes(now, shadow), **_told(request, shadow)}
    return render(request, "classifier/policies/shadow.html", context)


def _told(request: HttpRequest, shadow: ShadowPolicy) -> dict[str, Any]:
    """The report of the period that is asked for, with a page of the change that is asked for, or the largest."""
    user = reader_of(request)
    days = whole_number(request.GET.get("days")) or USUAL_DAYS
    days = days if days in PERIODS else USUAL_DAYS
    report = shadow_policy_report(shadow=shadow, user=user, days=days)
    by_key = {line.key: line for line in report.changes}
    usual = max(report.changes, key=lambda line: line.count, default=None)
    change = by_key.get(request.GET.get("change", ""), usual)
    older_than = row_id(request.GET.get("before"))
    found = (
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
        "examples": example_rows(shadow, found[:PAGE]),
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
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
