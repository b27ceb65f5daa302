"""Evaluations and test suites in the administration; suites are added and retired on their pages, too."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action, display

from classifier.admin_tools.actions import confirmed_action, link, permission_check
from classifier.admin_tools.columns import column
from classifier.admin_tools.read_only import ReadOnlyAdmin, ReadOnlyInline
from classifier.models import User
from training.core.errors import NotAllowedNow
from training.evaluations.services import evaluation_start
from training.evaluations.suites import suite_list, suite_retire
from training.models import Evaluation, TestSuite, TestSuiteResult


def metric_of(evaluation: Evaluation, name: str) -> str:
    """Return a metric of the label that makes the verdict; of a baseline, of its first label."""
    version, report = evaluation.model_version, evaluation.stored_report
    label = version.primary_label if version is not None else next(iter(report.metrics), "")
    value = report.metric(label, name).value
    return "-" if value is None else f"{value:.4f}"


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ["id", "measured", "dataset", "roc_auc", "f1", "latency", "created_at"]
    list_filter = ["dataset", "baseline"]
    list_select_related = ["model_version"]
    search_fields = ["model_version__version"]
    actions_detail = ["look", "again"]
    fields = ["measured", "dataset", "fingerprint", "roc_auc", "f1", "latency", "experiment", "created_at"]
    has_run_permission = permission_check("training.run_experiment")

    measured = column(
        "Measured", lambda evaluation: evaluation.model_version or f"Baseline {evaluation.baseline}"
    )
    roc_auc = column("ROC-AUC", lambda evaluation: metric_of(evaluation, "roc_auc"))
    f1 = column("F1", lambda evaluation: metric_of(evaluation, "f1"))

    @display(description="Latency, ms")
    def latency(self, evaluation: Evaluation) -> str:
        value = evaluation.stored_report.speed.latency_ms_p50
        return "-" if value is None else f"{value:.1f}"

    @action(description="Look at it", permissions=["view"], icon="monitoring")
    def look(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self.get_row(request, object_id).model_version
        if version is None:
            return HttpResponseRedirect(reverse("training:versions"))
        return HttpResponseRedirect(reverse("training:version", args=[version.pk]))

    @confirmed_action(
        "Measure again",
        permission="run",
        icon="refresh",
        title="Measure {row.model_version} again",
        explanation="On the present test rows, when the training worker is free.",
        done="{row.model_version} will be measured when the training worker is free.",
    )
    def again(self, evaluation: Evaluation, by: User) -> None:
        if evaluation.model_version is None:
            raise NotAllowedNow("A baseline is measured with the versions, not by itself.")
        evaluation_start(model_version=evaluation.model_version, by=by)


class TestSuiteResultInline(ReadOnlyInline):
    model = TestSuiteResult
    verbose_name_plural = "results by version"
    fields = ["model_version", "right", "created_at"]

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
    has_bring_permission = permission_check("training.add_testsuite")
    has_retire_permission = permission_check("training.change_testsuite")

    case_count = column("Cases", lambda suite: suite.case_count, spec=",")
    bring = link("Bring a suite", "training:suite-new", permission="bring", icon="upload")
    look = link("Look at it", "training:suite", icon="table_rows")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return suite_list()

    @confirmed_action(
        "Retire",
        permission="retire",
        icon="archive",
        explanation="Versions are no longer run on it; its results stay.",
        done="{row} is retired.",
    )
    def retire(self, suite: TestSuite, by: User) -> None:
        suite_retire(suite=suite, by=by)
