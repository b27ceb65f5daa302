"""Model versions: what each is worth, which one is in production, and changing that behind the quality gate."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from classifier.core.validation import whole_number
from classifier.model_versions.model_files import shipped_candidate
from classifier.model_versions.promotion_gate import gate_check
from classifier.model_versions.services import (
    model_version_activate,
    model_version_before_active,
    model_version_roll_back,
)
from classifier.model_versions.shadow_report import shadow_report
from classifier.models import ModelVersion
from classifier.scoring.heartbeat import WorkerStatus, workers
from classifier.web.refusals import NOTHING_CHANGED, refusals_shown
from training.core.errors import NotAllowedNow
from training.datasets.known_answers import known_answers_summary
from training.evaluations.pages.report import evaluation_context, known_answers_context
from training.evaluations.services import evaluation_start, evaluation_state
from training.experiments.pages.run_facts import version_card
from training.ml.evaluation.stored import StoredReport
from training.models import Dataset
from training.promotion.pages.knowledge import knowledge
from training.promotion.pages.operating_points import points_table
from training.promotion.pages.rows import (
    event_rows,
    facts,
    gate_view,
    manifest_text,
    provenance,
    shadow_facts,
    version_row,
)
from training.promotion.selectors import STATUSES, rows_fingerprint, small_reports, version_page
from training.web.access import RUN_EXPERIMENTS, permitted, person_of
from training.web.formatting import KEY_COLUMNS

SEE_VERSIONS = "training.view_evaluation"
PROMOTE = "classifier.activate_modelversion"
REASON_CHARACTERS = 300


class ReasonForm(forms.Form):
    """An optional reason, for the history."""

    reason = forms.CharField(max_length=REASON_CHARACTERS, required=False, label="Reason")


class OverrideForm(forms.Form):
    """The reason for overriding a closed gate, which is required."""

    reason = forms.CharField(
        max_length=REASON_CHARACTERS,
        label="Reason for the override",
        error_messages={"required": "Give a reason for overriding the gate; the history keeps it."},
    )


@permitted(SEE_VERSIONS)
@require_safe
def version_list(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    status = status if status in dict(STATUSES) else ""
    page = version_page(status=status, number=whole_number(request.GET.get("page")) or 1)
    test_set = Dataset.objects.test_set()
    reports = small_reports(
        version_ids=[version.pk for version in page.versions], fingerprint=rows_fingerprint(test_set)
    )
    context = {
        "rows": [
            version_row(version, reports.get(version.pk, StoredReport()), gate_check(version))
            for version in page.versions
        ],
        "columns": KEY_COLUMNS,
        "test_set": test_set,
        "tabs": [
            {"name": name, "count": page.counts[key], "current": key == status, "query": _query(status=key)}
            for key, name in STATUSES
        ],
        "status": status,
        "broken": broken_models(),
        "offered": shipped_candidate(),
        "in_production": ModelVersion.objects.active(),
        "page": page,
        "earlier": page.number > 1 and _query(status=status, page=page.number - 1),
        "later": page.number < page.pages and _query(status=status, page=page.number + 1),
        **_roll_back(request),
    }
    return render(request, "training/promotion/list.html", context)


@permitted(SEE_VERSIONS)
@require_safe
def version_detail(request: HttpRequest, version_id: int) -> HttpResponse:
    version = version_or_404(version_id)
    shadows = shadow_report(model_version=version)
    known_answers = known_answers_context(version)
    dataset = known_answers.get("golden_set")
    on = dataset.pk if dataset and request.GET.get("on") == str(dataset.pk) else None
    context = {
        "status": version.get_status_display(),
        "facts": facts(version),
        "runs": version.experiments.filter(deleted_at__isnull=True),
        "shadows": shadows,
        "shadow_facts": shadow_facts(shadows),
        "operating_points": points_table(version),
        "knowledge": knowledge(version),
        "provenance": provenance(version),
        "card": version_card(version),
        "manifest": manifest_text(version),
        "history": event_rows(version),
        **production_context(request, version),
        **_roll_back(request),
        **known_answers,
        **evaluation_context(version, on),
        "on": on,
    }
    return render(request, "training/promotion/version.html", context)


def production_context(request: HttpRequest, version: ModelVersion) -> dict[str, Any]:
    """Return what production.html needs to show the verdict of the gate and to promote the version."""
    verdict = gate_check(version)
    return {
        "version": version,
        "gate": gate_view(version, verdict),
        "measuring": evaluation_state(version),
        "unmeasured": verdict.unmeasured if verdict is not None else [],
        "active": ModelVersion.objects.active(),
        "other_shadow": ModelVersion.objects.filter(is_shadow=True).exclude(pk=version.pk).first(),
        "running": sum(version.version in {status.model_version, *status.versions} for status in workers()),
        "broken": broken_models(version=version),
        "may_promote": person_of(request).has_perm(PROMOTE),
        "may_run": person_of(request).has_perm(RUN_EXPERIMENTS),
        "test_set": Dataset.objects.test_set(),
    }


@permitted(PROMOTE)
@require_POST
def activate(request: HttpRequest, version_id: int) -> HttpResponse:
    version = version_or_404(version_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The reason is too long: at most 300 characters.")
        return redirect("training:version", version.pk)
    return tried(
        request,
        version,
        lambda: model_version_activate(
            model_version=version, by=person_of(request), reason=form.cleaned_data["reason"]
        ),
        f"{version} is in production; workers load it within seconds.",
    )


@permitted(PROMOTE)
@require_POST
def override(request: HttpRequest, version_id: int) -> HttpResponse:
    """Put a version into production past a closed gate, with the reason that the history keeps."""
    version = version_or_404(version_id)
    form = OverrideForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was changed: {form.errors['reason'][0]}")
        return HttpResponseRedirect(f"{reverse('training:version', args=[version.pk])}#production")
    reason = form.cleaned_data["reason"]
    return tried(
        request,
        version,
        lambda: model_version_activate(
            model_version=version, by=person_of(request), reason=reason, override_reason=reason
        ),
        f"{version} is in production although the gate was closed; workers load it within seconds.",
    )


@permitted(PROMOTE)
@require_POST
def roll_back(request: HttpRequest) -> HttpResponse:
    with refusals_shown(request, NOTHING_CHANGED):
        target = model_version_roll_back(
            by=person_of(request), reason=request.POST.get("reason", "").strip()[:300] or "rolled back"
        )
        messages.success(request, f"{target} is in production again; workers load it within seconds.")
        return redirect("training:version", target.pk)
    return redirect("training:versions")


@permitted(RUN_EXPERIMENTS)
@require_POST
def evaluate(request: HttpRequest, version_id: int) -> HttpResponse:
    """Measure the version on the test rows; before it, the one in production where the gate needs that."""
    version = version_or_404(version_id)
    verdict = gate_check(version)
    others = [
        other for other in (verdict.unmeasured if verdict is not None else []) if other.pk != version.pk
    ]

    def start() -> None:
        for measured in [*others, version]:
            evaluation_start(model_version=measured, by=person_of(request))

    names = " and ".join(str(measured) for measured in [*others, version])
    return tried(
        request, version, start, f"{names} will be measured when the training worker is free; reload then."
    )


@permitted(RUN_EXPERIMENTS)
@require_POST
def evaluate_on_known_answers(request: HttpRequest, version_id: int) -> HttpResponse:
    """Measure the version on the newest dataset of known answers."""
    version = version_or_404(version_id)
    last = known_answers_summary().last
    back = f"{reverse('training:version', args=[version.pk])}#golden"

    def start() -> None:
        if last is None:
            raise NotAllowedNow("Create a dataset from known answers first.")
        evaluation_start(model_version=version, on=last, by=person_of(request))

    success = f"{version} will be measured on “{last}” when the training worker is free; reload then."
    return tried(request, version, start, success, back=back)


def broken_models(version: ModelVersion | None = None) -> list[WorkerStatus]:
    """Return what workers report about versions (or this one) that they cannot load, each state once."""
    reports = [
        status
        for status in workers()
        if status.broken and (version is None or status.broken == version.version)
    ]
    return list({(status.problem, status.notice, status.detail): status for status in reports}.values())


def version_or_404(version_id: int) -> ModelVersion:
    try:
        return ModelVersion.objects.get(pk=version_id)
    except ModelVersion.DoesNotExist:
        raise Http404 from None


def tried(
    request: HttpRequest, version: ModelVersion, verb: Callable[[], Any], success: str, back: str = ""
) -> HttpResponseRedirect:
    """Call `verb`, show `success` or the sentence of its refusal, and go `back`."""
    with refusals_shown(request, NOTHING_CHANGED):
        verb()
        messages.success(request, success)
    return HttpResponseRedirect(back or reverse("training:version", args=[version.pk]))


def _roll_back(request: HttpRequest) -> dict[str, Any]:
    may = person_of(request).has_perm(PROMOTE)
    return {"back_to": model_version_before_active() if may else None, "may_promote": may}


def _query(**filters: Any) -> str:
    return urlencode({name: value for name, value in filters.items() if value and value != 1})


urlpatterns = [
    path("versions/", version_list, name="versions"),
    path("versions/roll-back/", roll_back, name="versions-roll-back"),
    path("versions/<int:version_id>/", version_detail, name="version"),
    path("versions/<int:version_id>/activate/", activate, name="version-activate"),
    path("versions/<int:version_id>/override/", override, name="version-override"),
    path("versions/<int:version_id>/evaluate/", evaluate, name="version-evaluate"),
    path(
        "versions/<int:version_id>/evaluate-golden/",
        evaluate_on_known_answers,
        name="version-evaluate-golden",
    ),
]
