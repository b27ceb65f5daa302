"""Policies: the list, editing one with a preview before saving, its versions, and advice on a threshold."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.errors import PolicyConflict
from classifier.core.validation import InvalidInput, whole_number
from classifier.core.visibility import visible_sources
from classifier.inference.bands import PRIMARY, check_automatic, check_bands
from classifier.models import ModelVersion, Policy, Source
from classifier.policies.active_policies import current_from, policy_for
from classifier.policies.draft_report import shadow_policies_of, shadow_policies_running
from classifier.policies.fields import policy_check, policy_languages
from classifier.policies.pages.common import SAVE, SEE, back_to_policy, source_or_404
from classifier.policies.pages.extremes import extreme_thresholds
from classifier.policies.pages.forms import PolicyForm, title_of
from classifier.policies.pages.presets import PRESET_BANDS, presets_of, without_points
from classifier.policies.pages.shadow_mode import address
from classifier.policies.pages.versions import version_rows
from classifier.policies.preview import Draft, PolicyPreview, policy_preview
from classifier.policies.services import policy_newest, policy_restore, policy_save
from classifier.policies.shadow_policies import shadow_policy_start
from classifier.policies.threshold_advice import Advice, threshold_advice
from classifier.policies.versions import policy_versions
from classifier.review.judge_again import waiting_under_earlier
from classifier.web.access import permitted, person_of

PAGE = 50
SAVE_EXTREME = "save-extreme"
GOALS = (
    ("precision", "Precision: share of right ones among the caught"),
    ("recall", "Recall: share of caught ones among the removed"),
    ("load", "Queue load: at most this share of all comments"),
)


@permitted(SEE)
@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """List every source that the user sees, with the policy in force for it."""
    sources = visible_sources(person_of(request)).order_by("name")
    newest = {
        policy.source_id: policy
        for policy in Policy.objects.order_by("source_id", "-version")
        .distinct("source_id")
        .select_related("created_by")
    }
    running = set(shadow_policies_running().values_list("source", flat=True))
    rows: list[dict[str, Any]] = [
        {"source": None, "policy": newest.get(None), "own": True, "draft": None in running}
    ]
    rows += [
        {
            "source": source,
            "policy": newest.get(source.pk) or newest.get(None),
            "own": source.pk in newest,
            "draft": source.pk in running,
        }
        for source in sources
    ]
    return render(request, "classifier/policies/list.html", {"rows": rows})


@permitted(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Show one policy: its fields, a preview of them, advice and versions; a POST previews, saves or tries a draft."""
    source, by = source_or_404(request, slug), person_of(request)
    newest = policy_newest(source=source)
    in_force = current_from(newest) if newest else policy_for(None)
    data = request.POST if request.method == "POST" else None
    active, preset = ModelVersion.objects.active(), request.GET.get("preset", "")
    if data is None and preset in PRESET_BANDS:
        form = PolicyForm(policy=replace(in_force, bands=PRESET_BANDS[preset]), model=active)
        names = ("automatic", "unknown_language", "concern", "language_bands")
        tried = {name: getattr(in_force, name) for name in names}
        preview = _preview(request, source, {**tried, "bands": PRESET_BANDS[preset]})
        return _page(request, source, form, preview=preview)
    form = PolicyForm(data, policy=in_force, model=active)
    if data is None:
        return _page(request, source, form)
    seen = whole_number(data.get("seen_version"))
    if not form.is_valid():
        return _page(request, source, form, seen_version=seen, status=422)
    policy_fields = form.policy_fields()
    try:
        extremes = extreme_thresholds(policy_fields)
        if data.get("act") == "save" and extremes:
            policy_check(**policy_fields)
            preview = _preview(request, source, policy_fields)
            return _page(request, source, form, seen_version=seen, preview=preview, extremes=extremes)
        if data.get("act") in ("save", SAVE_EXTREME):
            saved = policy_save(source=source, **policy_fields, seen_version=seen, by=by)
            messages.success(request, f"Version {saved.version} is saved. Workers use it within seconds.")
            return back_to_policy(source)
        if data.get("act") == "shadow":
            draft = {name: policy_fields[name] for name in ("bands", "automatic", "note")}
            shadow_policy_start(source=source, **draft, by=by)
            messages.success(request, "The draft now runs in shadow mode.")
            return redirect(address(source))
        policy_check(**policy_fields)
        preview = _preview(request, source, policy_fields)
    except InvalidInput as error:
        form.add_problems(error)
        return _page(request, source, form, seen_version=seen, status=422)
    except PolicyConflict as error:
        seen = error.newest.version
        return _page(request, source, form, seen_version=seen, conflict=str(error), status=409)
    return _page(request, source, form, seen_version=seen, preview=preview)


@permitted(SEE, SAVE)
@require_POST
def restore(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Save an old version again, as the newest one."""
    source = source_or_404(request, slug)
    number = whole_number(request.POST.get("version"))
    old = None if number is None else policy_versions(source=source).filter(version=number).first()
    if old is None:
        raise Http404
    seen = whole_number(request.POST.get("seen_version"))
    try:
        saved = policy_restore(policy=old, seen_version=seen, by=person_of(request))
    except PolicyConflict as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Version {old.version} is in force again, as version {saved.version}.")
    return back_to_policy(source)


def _page(
    request: HttpRequest,
    source: Source | None,
    form: PolicyForm,
    *,
    seen_version: int | None = None,
    preview: PolicyPreview | None = None,
    conflict: str = "",
    extremes: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    active = ModelVersion.objects.active()
    user = person_of(request)
    versions = policy_versions(source=source)
    newest = versions.first()
    newest_version = newest.version if newest is not None else 0
    older_than = whole_number(request.GET.get("older_than"))
    shown = list((versions if older_than is None else versions.filter(version__lt=older_than))[: PAGE + 1])
    context = {
        "source": source,
        "form": form,
        "preview": preview,
        "conflict": conflict,
        "extremes": extremes,
        "save_extreme": SAVE_EXTREME,
        "may_save": user.has_perm(SAVE) and (source is not None or user.all_sources),
        "own": source is None or newest is not None,
        "newest_version": newest_version,
        "seen_version": newest_version if seen_version is None else seen_version,
        "versions": version_rows(shown[:PAGE]),
        "older_than": older_than,
        "older": shown[PAGE - 1].version if len(shown) > PAGE else None,
        "advice": _advice(request, source, active),
        "advice_labels": [(label, title_of(label)) for label in active.labels] if active else [],
        "asked": request.GET,
        "target_is_bad": bool(request.GET.get("goal")) and _target(request) is None,
        "goals": GOALS,
        "model": active,
        "main_points": presets_of(active, PRIMARY).lines,
        "preset_names": list(PRESET_BANDS),
        "without_points": without_points(active),
        "earlier": waiting_under_earlier(source=source, user=user).count(),
        "shadow": shadow_policies_of(source=source).first(),
        "shadow_url": address(source),
    }
    return render(request, "classifier/policies/policy.html", context, status=status)


def _advice(request: HttpRequest, source: Source | None, active: ModelVersion | None) -> Advice | None:
    label, goal = request.GET.get("label", ""), request.GET.get("goal", "")
    target = _target(request)
    if active is None or label not in active.labels or goal not in dict(GOALS) or target is None:
        return None
    return threshold_advice(
        source=source,
        user=person_of(request),
        label=label,
        primary_label=active.primary_label,
        goal=goal,  # type: ignore[arg-type]
        target=target / 100,
    )


def _target(request: HttpRequest) -> float | None:
    """Read the percentage from the query; None if it is not a number above 0 and up to 100."""
    try:
        target = float(request.GET.get("target", "").strip().removesuffix("%").replace(",", "."))
    except ValueError:
        return None
    return target if 0 < target <= 100 else None


def _preview(request: HttpRequest, source: Source | None, fields: dict[str, Any]) -> PolicyPreview:
    now = policy_for(source.pk if source else None)
    automatic = frozenset(check_automatic(fields["automatic"]))
    before = Draft(now.bands, now.automatic, now.unknown_language, now.concern, now.language_bands)
    after = Draft(
        check_bands(fields["bands"]),
        automatic,
        fields["unknown_language"],
        fields["concern"],
        policy_languages(fields["language_bands"]),
    )
    return policy_preview(source=source, user=person_of(request), before=before, after=after)
