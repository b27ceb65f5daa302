"""Test suites: uploaded as CSV, run on every version, reported by functionality and by group."""

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.validation import row_id
from classifier.models import ModelVersion
from classifier.web.refusals import refusals_shown
from training.core.errors import SuiteRejected
from training.evaluations.services import evaluation_start
from training.evaluations.suites import (
    suite_create,
    suite_list,
    suite_results,
    suite_retire,
    suite_take_back,
)
from training.ml.evaluation.stored import SuiteReport
from training.ml.json_reader import read
from training.models import TestSuite
from training.web.access import RUN_EXPERIMENTS, permitted, person_of

SEE_SUITES = "training.view_testsuite"
ADD_SUITES = "training.add_testsuite"
CHANGE_SUITES = "training.change_testsuite"
SHOWN_CASES = 30


class SuiteForm(forms.Form):
    """The CSV of a test suite, and what it is for."""

    name = forms.CharField(max_length=150, label="Name")
    kind = forms.ChoiceField(choices=TestSuite.Kind.choices, label="What the file holds")
    label = forms.CharField(max_length=64, initial="toxic", label="Label that is expected")
    description = forms.CharField(max_length=2_000, required=False, label="Description")
    file = forms.FileField(
        label="CSV file", error_messages={"required": "Choose a CSV file.", "empty": "This file is empty."}
    )
    terms = forms.FileField(
        required=False,
        label="Identity terms (for templates)",
        help_text="Optional second CSV with a column term, and group where several terms mean one.",
    )


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
                request, f"“{made}” is saved; every version is run on it with its next evaluation."
            )
            return redirect("training:suite", made.pk)
    status = 422 if form.errors else 200
    return render(request, "training/evaluations/suites/new.html", {"form": form}, status=status)


@permitted(SEE_SUITES)
@require_safe
def suite_detail(request: HttpRequest, suite_id: int) -> HttpResponse:
    suite = _suite_or_404(suite_id)
    results = suite_results(suite=suite)
    known = {result.model_version_id for result in results}
    active = ModelVersion.objects.active()
    reports = [read(SuiteReport, result.report) for result in results]
    groups = sorted({part.group for report in reports for part in report.by_group})
    functionalities = sorted({part.name for report in reports for part in report.by_functionality})
    context = {
        "suite": suite,
        "case_count": len(suite.cases),
        "cases": suite.cases[:SHOWN_CASES],
        "versions": [result.model_version for result in results],
        "reports": reports,
        "functionality_rows": [
            (name, [report.functionality(name) for report in reports]) for name in functionalities
        ],
        "group_rows": [(name, [report.group(name) for report in reports]) for name in groups],
        "active": active,
        "active_waits": active is not None and active.pk not in known and suite.retired_at is None,
        "may_change": person_of(request).has_perm(CHANGE_SUITES),
        "may_run": person_of(request).has_perm(RUN_EXPERIMENTS),
    }
    return render(request, "training/evaluations/suites/suite.html", context)


@permitted(CHANGE_SUITES)
@require_POST
def retire(request: HttpRequest, suite_id: int) -> HttpResponse:
    suite = _suite_or_404(suite_id)
    verb = suite_take_back if request.POST.get("do") == "take-back" else suite_retire
    with refusals_shown(request):
        verb(suite=suite, by=person_of(request))
        messages.success(request, f"“{suite}” is {'retired' if suite.retired_at else 'in use again'}.")
    return redirect("training:suite", suite.pk)


@permitted(RUN_EXPERIMENTS)
@require_POST
def run(request: HttpRequest, suite_id: int) -> HttpResponse:
    """Measure the version in production, or the one named `version`, so that it is run on the suite."""
    suite = _suite_or_404(suite_id)
    version = row_id(request.POST.get("version"))
    target = ModelVersion.objects.filter(Q(status="active") if version is None else Q(pk=version)).first()
    if target is None:
        messages.error(request, "No version is in production.")
        return redirect("training:suite", suite.pk)
    with refusals_shown(request):
        evaluation_start(model_version=target, by=person_of(request))
        messages.success(
            request, f"{target} will be run on it when the training worker is free; reload then."
        )
    return redirect("training:suite", suite.pk)


def _suite_or_404(suite_id: int) -> TestSuite:
    try:
        return TestSuite.objects.select_related("created_by").get(pk=suite_id)
    except TestSuite.DoesNotExist:
        raise Http404 from None


urlpatterns = [
    path("suites/", suites, name="suites"),
    path("suites/new/", suite_new, name="suite-new"),
    path("suites/<int:suite_id>/", suite_detail, name="suite"),
    path("suites/<int:suite_id>/retire/", retire, name="suite-retire"),
    path("suites/<int:suite_id>/run/", run, name="suite-run"),
]
