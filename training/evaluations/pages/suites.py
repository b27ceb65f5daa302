"""Test suites: brought as CSV, run on every version, reported by functionality and by group."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.validation import row_id
from classifier.models import ModelVersion
from training.core.errors import NotAllowedNow, SuiteRejected
from training.evaluations.pages.forms import SuiteForm
from training.evaluations.selectors import suite_list, suite_results
from training.evaluations.services import evaluation_start
from training.evaluations.suites import suite_create, suite_retire, suite_take_back
from training.models import TestSuite
from training.web.access import RUN_EXPERIMENTS, permitted, person_of
from training.web.formatting import number, percent

SEE_SUITES = "training.view_testsuite"
ADD_SUITES = "training.add_testsuite"
CHANGE_SUITES = "training.change_testsuite"
SHOWN_CASES = 30


@permitted(SEE_SUITES)
@require_safe
def suites(request: HttpRequest) -> HttpResponse:
    context = {"suites": suite_list(), "may_add": person_of(request).has_perm(ADD_SUITES)}
    return render(request, "training/evaluations/suites/list.html", context)


@permitted(ADD_SUITES)
@require_http_methods(["GET", "HEAD", "POST"])
def suite_new(request: HttpRequest) -> HttpResponse:
    form = SuiteForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = suite_create(
                name=data["name"],
                kind=data["kind"],
                data=data["file"].read(),
                terms=data["terms"].read() if data["terms"] else None,
                label=data["label"],
                description=data["description"],
                by=person_of(request),
            )
        except SuiteRejected as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(
                request, f"“{made}” is kept; every version is run on it with its next evaluation."
            )
            return redirect("training:suite", made.pk)
    status = 422 if form.errors else 200
    return render(request, "training/evaluations/suites/new.html", {"form": form}, status=status)


@permitted(SEE_SUITES)
@require_safe
def suite(request: HttpRequest, suite_id: int) -> HttpResponse:
    found = _found(suite_id)
    results = suite_results(suite=found)
    known = {result.model_version_id for result in results}
    active = ModelVersion.objects.active()
    groups = sorted(
        {str(row.get("group")) for result in results for row in result.report.get("by_group") or []}
    )
    functionalities = sorted(
        {str(row["functionality"]) for one in results for row in one.report.get("by_functionality") or []}
    )
    context = {
        "suite": found,
        "case_count": len(found.cases),
        "cases": found.cases[:SHOWN_CASES],
        "versions": [result.model_version for result in results],
        "overall": [percent(result.report.get("accuracy")) for result in results],
        "functionality_rows": [
            (name, [_right(result.report, name) for result in results]) for name in functionalities
        ],
        "group_rows": [(name, [_auc(result.report, name) for result in results]) for name in groups],
        "active": active,
        "active_waits": active is not None and active.pk not in known and found.retired_at is None,
        "may_change": person_of(request).has_perm(CHANGE_SUITES),
        "may_run": person_of(request).has_perm(RUN_EXPERIMENTS),
    }
    return render(request, "training/evaluations/suites/suite.html", context)


@permitted(CHANGE_SUITES)
@require_POST
def retire(request: HttpRequest, suite_id: int) -> HttpResponse:
    found = _found(suite_id)
    verb = suite_take_back if request.POST.get("do") == "take-back" else suite_retire
    try:
        verb(suite=found, by=person_of(request))
        messages.success(request, f"“{found}” is {'retired' if found.retired_at else 'in use again'}.")
    except NotAllowedNow as error:
        messages.error(request, str(error))
    return redirect("training:suite", found.pk)


@permitted(RUN_EXPERIMENTS)
@require_POST
def run(request: HttpRequest, suite_id: int) -> HttpResponse:
    """Run it, with the rest of an evaluation, on the version in production or the one named `version`."""
    found = _found(suite_id)
    version = row_id(request.POST.get("version"))
    target = ModelVersion.objects.filter(Q(status="active") if version is None else Q(pk=version)).first()
    if target is None:
        messages.error(request, "No version is in production.")
        return redirect("training:suite", found.pk)
    try:
        evaluation_start(model_version=target, by=person_of(request))
        messages.success(
            request, f"{target} will be run on it when the training worker is free; reload then."
        )
    except NotAllowedNow as error:
        messages.error(request, str(error))
    return redirect("training:suite", found.pk)


def _found(suite_id: int) -> TestSuite:
    try:
        return TestSuite.objects.select_related("created_by").get(pk=suite_id)
    except TestSuite.DoesNotExist:
        raise Http404 from None


def _right(report: dict[str, Any], functionality: str) -> str:
    for row in report.get("by_functionality") or []:
        if row.get("functionality") == functionality:
            return percent(row.get("accuracy"))
    return percent(None)


def _auc(report: dict[str, Any], group: str) -> list[str]:
    """Subgroup, BPSN and BNSP AUC of one group."""
    for row in report.get("by_group") or []:
        if str(row.get("group")) == group:
            return [_digits(row.get(key)) for key in ("subgroup_auc", "bpsn_auc", "bnsp_auc")]
    return [_digits(None)] * 3


def _digits(value: Any) -> str:
    known = number(value.get("value") if isinstance(value, dict) else value)
    return "\N{EN DASH}" if known is None else f"{known:.3f}"


urlpatterns = [
    path("suites/", suites, name="suites"),
    path("suites/new/", suite_new, name="suite-new"),
    path("suites/<int:suite_id>/", suite, name="suite"),
    path("suites/<int:suite_id>/retire/", retire, name="suite-retire"),
    path("suites/<int:suite_id>/run/", run, name="suite-run"),
]
