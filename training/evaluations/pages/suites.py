"""Test suites: uploaded as CSV, run on every version, reported by functionality and by group."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.validation import row_id
from classifier.models import ModelVersion
from classifier.web.formatting import language_title
from classifier.web.refusals import refusals_shown
from training.core.errors import SuiteRejected
from training.evaluations.hub_suites import suite_forget, suite_from_hub, suites_wanted
from training.evaluations.pages.suite_matrix import suite_matrix
from training.evaluations.services import evaluation_start
from training.evaluations.shipped_suites import SLUGS, shipped_results, shipped_suite_rows
from training.evaluations.suites import (
    suite_create,
    suite_list,
    suite_results,
    suite_retire,
    suite_take_back,
)
from training.ml.evaluation.hub_suites import SUITE_PRESETS
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


class HubSuiteForm(forms.Form):
    """A suite of the Hugging Face hub: a well-known one, or the name of another."""

    hub_name = forms.CharField(
        max_length=200,
        label="Name on the hub",
        help_text="OWNER/NAME of a dataset that is open to all, with the columns of HateCheck or of a CSV suite.",
    )
    name = forms.CharField(max_length=150, label="Name")
    label = forms.CharField(max_length=64, initial="toxic", label="Label that is expected")
    description = forms.CharField(max_length=2_000, required=False, label="Description")
    configuration = forms.CharField(
        max_length=100, required=False, label="Configuration", help_text="Where the dataset has several."
    )
    revision = forms.CharField(max_length=100, required=False, label="Revision")


@permitted(SEE_SUITES)
@require_safe
def suites(request: HttpRequest) -> HttpResponse:
    context = {
        "suites": suite_list(),
        "shipped": shipped_suite_rows(),
        "wanted": suites_wanted(),
        "may_add": person_of(request).has_perm(ADD_SUITES),
    }
    return render(request, "training/evaluations/suites/list.html", context)


@permitted(ADD_SUITES)
@require_http_methods(["GET", "HEAD", "POST"])
def suite_hub(request: HttpRequest) -> HttpResponse:
    """Ask for a suite of the hub; the training worker loads it."""
    if request.method == "POST":
        form = HubSuiteForm(request.POST)
        if form.is_valid():
            try:
                wanted = suite_from_hub(**form.cleaned_data, by=person_of(request))
            except SuiteRejected as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
            else:
                messages.success(
                    request, f"“{wanted.name}” is loaded when the training worker is free; reload then."
                )
                return redirect("training:suites")
    else:
        preset = SUITE_PRESETS.get(request.GET.get("preset", ""))
        known = (
            {"hub_name": preset.hub_name, "name": preset.title, "description": preset.description}
            if preset
            else {}
        )
        form = HubSuiteForm(initial={"label": "toxic", **known})
    context = {"form": form, "presets": SUITE_PRESETS}
    return render(
        request, "training/evaluations/suites/new_hub.html", context, status=422 if form.errors else 200
    )


@permitted(ADD_SUITES)
@require_POST
def suite_hub_forget(request: HttpRequest, key: str) -> HttpResponse:
    """Take a hub suite that could not be loaded off the list."""
    suite_forget(key=key, by=person_of(request))
    return redirect("training:suites")


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
    context = {
        **_results_context(suite, [(result.model_version, result.report) for result in results]),
        "active": active,
        "active_waits": active is not None and active.pk not in known and suite.retired_at is None,
        "may_change": person_of(request).has_perm(CHANGE_SUITES),
        "may_run": person_of(request).has_perm(RUN_EXPERIMENTS),
    }
    return render(request, "training/evaluations/suites/suite.html", context)


@permitted(SEE_SUITES)
@require_safe
def suite_shipped(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a suite that ships with the code, and the results of the versions."""
    suite = shipped_suite_rows()[slug]
    context = _results_context(suite, shipped_results(name=suite.name))
    return render(request, "training/evaluations/suites/suite.html", context)


def _results_context(suite: TestSuite, results: list[tuple[ModelVersion, Any]]) -> dict[str, Any]:
    """Return what the page of a suite shows of its cases and of the versions' reports, the weakest kinds first."""
    reports = [read(SuiteReport, report) for _, report in results]
    groups = sorted({part.group for report in reports for part in report.by_group})
    kinds = {part.name for report in reports for part in report.by_functionality}
    rows = [(name, [report.functionality(name) for report in reports]) for name in sorted(kinds)]
    return {
        "suite": suite,
        "case_count": len(suite.cases),
        "cases": _shown_cases(suite.cases),
        "versions": [version for version, _ in results],
        "reports": reports,
        "functionality_rows": sorted(
            rows, key=lambda row: min((c.accuracy or 0.0 for c in row[1]), default=0.0)
        ),
        "language_rows": [
            (language_title(tag), [report.language(tag) for report in reports])
            for tag in sorted({part.language for report in reports for part in report.by_language})
        ],
        "matrix": suite_matrix(reports[0]) if reports else None,
        "group_rows": [(name, [report.group(name) for report in reports]) for name in groups],
    }


def _shown_cases(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return some cases of every functionality, SHOWN_CASES or one of each."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for case in cases:
        by_kind.setdefault(case.get("functionality") or "all", []).append(case)
    each = max(1, SHOWN_CASES // max(1, len(by_kind)))
    return [case for members in by_kind.values() for case in members[:each]]


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
    path("suites/hub/", suite_hub, name="suite-hub"),
    path("suites/hub/<slug:key>/forget/", suite_hub_forget, name="suite-hub-forget"),
    *(path(f"suites/shipped/{slug}/", suite_shipped, {"slug": slug}, name="suite-shipped") for slug in SLUGS),
    path("suites/<int:suite_id>/", suite_detail, name="suite"),
    path("suites/<int:suite_id>/retire/", retire, name="suite-retire"),
    path("suites/<int:suite_id>/run/", run, name="suite-run"),
]
