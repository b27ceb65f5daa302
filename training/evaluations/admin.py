"""Evaluations and test suites: what versions were worth, to be read; suites are brought and retired on their pages."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from classifier.admin_tools.base import ReadOnlyAdmin, ReadOnlyInline
from training.admin_tools.base import confirmed
from training.evaluations.services import evaluation_start
from training.evaluations.suites import suite_list, suite_retire
from training.models import Evaluation, TestSuite, TestSuiteResult


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ["id", "measured", "dataset", "roc_auc", "f1", "latency", "created_at"]
    list_filter = [("dataset", RelatedDropdownFilter), "baseline"]
    list_filter_submit = True
    list_select_related = ["model_version", "dataset"]
    search_fields = ["model_version__version"]
    actions_detail = ["look", "again"]
    fields = ["measured", "dataset", "fingerprint", "roc_auc", "f1", "latency", "experiment", "created_at"]
    readonly_fields = ["measured", "roc_auc", "f1", "latency"]

    @display(description="Measured")
    def measured(self, evaluation: Evaluation) -> str:
        return str(evaluation.model_version or f"Baseline {evaluation.baseline}")

    @display(description="ROC-AUC")
    def roc_auc(self, evaluation: Evaluation) -> str:
        return _metric(evaluation, "roc_auc")

    @display(description="F1")
    def f1(self, evaluation: Evaluation) -> str:
        return _metric(evaluation, "f1")

    @display(description="Latency, ms")
    def latency(self, evaluation: Evaluation) -> str:
        value = (evaluation.report.get("speed") or {}).get("latency_ms_p50")
        return f"{value:.1f}" if isinstance(value, float | int) else "-"

    def has_run_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("training.run_experiment")

    @action(description="Look at it", url_path="look", icon="monitoring")
    def look(self, request: HttpRequest, object_id: int) -> HttpResponse:
        version = get_object_or_404(Evaluation, pk=object_id).model_version
        if version is None:
            return HttpResponseRedirect(reverse("training:versions"))
        return HttpResponseRedirect(reverse("training:version", args=[version.pk]))

    @action(description="Measure again", url_path="again", permissions=["run"], icon="refresh")
    def again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        evaluation = get_object_or_404(Evaluation.objects.exclude(model_version=None), pk=object_id)
        version = evaluation.model_version
        assert version is not None
        return confirmed(
            self,
            request,
            title=f"Measure {version} again",
            verb="Measure again",
            explanation="On the present test rows, when the training worker is free.",
            back=reverse("admin:training_evaluation_change", args=[evaluation.pk]),
            do=lambda: evaluation_start(model_version=version, by=request.user),  # type: ignore[arg-type]
            said=f"{version} will be measured when the training worker is free.",
        )


class TestSuiteResultInline(ReadOnlyInline):
    model = TestSuiteResult
    verbose_name_plural = "results by version"
    fields = readonly_fields = ["model_version", "right", "created_at"]

    @display(description="Right answers")
    def right(self, result: TestSuiteResult) -> str:
        value = result.report.get("accuracy")
        return f"{value:.1%}" if isinstance(value, float | int) else "-"


@admin.register(TestSuite)
class TestSuiteAdmin(ReadOnlyAdmin):
    list_display = ["name", "kind", "label", "case_count", "created_by", "created_at", "retired_at"]
    list_filter = ["kind"]
    search_fields = ["name"]
    inlines = [TestSuiteResultInline]
    actions_list = ["bring"]
    actions_detail = ["look", "retire"]
    fields = ["name", "kind", "label", "description", "case_count", "groups", "fingerprint", "created_by"]
    readonly_fields = ["case_count"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TestSuite]:
        return suite_list()

    @display(description="Cases")
    def case_count(self, suite: Any) -> str:
        return f"{suite.case_count:,}"

    def has_bring_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("training.add_testsuite")

    def has_retire_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("training.change_testsuite")

    @action(description="Bring a suite", url_path="bring", permissions=["bring"], icon="upload")
    def bring(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("training:suite-new"))

    @action(description="Look at it", url_path="look", icon="table_rows")
    def look(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("training:suite", args=[object_id]))

    @action(description="Retire", url_path="retire", permissions=["retire"], icon="archive")
    def retire(self, request: HttpRequest, object_id: int) -> HttpResponse:
        suite = get_object_or_404(TestSuite, pk=object_id)
        return confirmed(
            self,
            request,
            title=f"Retire {suite}",
            verb="Retire",
            explanation="Versions are no longer run on it; its results stay.",
            back=reverse("admin:training_testsuite_change", args=[suite.pk]),
            do=lambda: suite_retire(suite=suite, by=request.user),  # type: ignore[arg-type]
            said=f"{suite} is retired.",
        )


def _metric(evaluation: Evaluation, name: str) -> str:
    """Of the label that makes the verdict; of a baseline, of its first label."""
    version, metrics = evaluation.model_version, evaluation.metrics
    label = version.primary_label if version is not None else next(iter(metrics), "")
    value = ((metrics.get(label) or {}).get(name) or {}).get("value")
    return f"{value:.4f}" if isinstance(value, float) else "-"
