"""Experiments in the administration: listed, filtered, started, cancelled, resumed, cloned, compared, deleted."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from classifier.admin_tools.actions import confirmed_action, link, permission_check
from classifier.admin_tools.columns import choice_badge, column
from classifier.admin_tools.read_only import HistoryInline, ReadOnlyAdmin
from classifier.models import User
from classifier.web.refusals import refusals_shown
from training.experiments.selectors import measured
from training.experiments.services import experiment_cancel, experiment_delete, experiment_resume
from training.ml.evaluation.stored import StoredReport
from training.models import Experiment, ExperimentEvent, RunStatus

COMPARED_MAX = 12


class ExperimentEventInline(HistoryInline):
    model = ExperimentEvent


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    list_display = [
        *("name", "status_badge", "recipe", "dataset", "done", "roc_auc", "model_version"),
        *("created_by", "created_at"),
    ]
    list_filter = ["status", "recipe", "dataset", "sweep"]
    search_fields = ["name", "notes"]
    search_help_text = "Words in the name or the notes"
    inlines = [ExperimentEventInline]
    actions = ["compare", "cancel_chosen", "resume_chosen"]
    actions_list = ["train"]
    actions_detail = ["look", "clone", "cancel", "resume", "remove"]
    fieldsets = [
        (None, {"fields": ["name", "status_badge", "failure_reason", "notes", "page"]}),
        ("What runs", {"fields": ["recipe", "dataset", "teacher", "base_version", "cloned_from", "sweep"]}),
        ("What came of it", {"fields": ["model_version", "roc_auc", "done"]}),
        (
            "Times",
            {"fields": ["created_by", "created_at", "started_at", "finished_at", "device", "attempts"]},
        ),
    ]
    has_run_permission = permission_check("training.run_experiment")

    status_badge = choice_badge("status", RunStatus)
    page = column(
        "Page",
        lambda run: format_html(
            '<a href="{}">Curves, configuration and evaluation</a>',
            reverse("training:experiment", args=[run.pk]),
        ),
    )
    train = link("Train", "training:experiment-new", permission="run", icon="model_training")
    look = link("Look at it", "training:experiment", icon="monitoring")
    clone = link("Clone", "training:experiment-clone", permission="run", icon="content_copy")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Experiment]:
        rows = super().get_queryset(request).filter(deleted_at__isnull=True)
        return rows.defer("log", "provenance", "dataset__statistics", "model_version__manifest")

    @display(description="Progress")
    def done(self, experiment: Experiment) -> str:
        step, steps = experiment.progress.get("step"), experiment.progress.get("steps")
        return f"{step:,} of {steps:,}" if isinstance(step, int) and isinstance(steps, int) and steps else "-"

    @display(description="Test ROC-AUC")
    def roc_auc(self, experiment: Experiment) -> str:
        version = experiment.model_version
        if version is None:
            return "-"
        report = StoredReport.of(measured(version_ids=[version.pk]).get(version.pk))
        value = report.metric(version.primary_label, "roc_auc").value
        return "-" if value is None else f"{value:.4f}"

    @confirmed_action(
        "Cancel",
        permission="run",
        icon="cancel",
        title="Cancel {row.name}",
        button="Cancel the run",
        explanation="A running one stops within seconds and keeps its checkpoint.",
        done="The run is cancelled, or stops within seconds.",
    )
    def cancel(self, run: Experiment, by: User) -> None:
        experiment_cancel(experiment=run, by=by)

    @confirmed_action(
        "Resume",
        permission="run",
        icon="play_arrow",
        title="Resume {row.name}",
        explanation="It is queued again and goes on from its checkpoint where there is one.",
        done="The run is queued again.",
    )
    def resume(self, run: Experiment, by: User) -> None:
        experiment_resume(experiment=run, by=by)

    @confirmed_action(
        "Delete",
        permission="run",
        icon="delete",
        title="Delete {row.name}",
        button="Delete the run",
        explanation="Its folder, its curves and its version go for good; its history stays.",
        done="{row.name} is deleted.",
        row_goes=True,
    )
    def remove(self, run: Experiment, by: User) -> None:
        experiment_delete(experiment=run, by=by)

    @admin.action(description="Compare")
    def compare(self, request: HttpRequest, chosen: QuerySet[Experiment]) -> HttpResponse:
        ids = list(chosen.order_by("id").values_list("pk", flat=True)[:COMPARED_MAX])
        return HttpResponseRedirect(f"{reverse('training:compare')}?{urlencode({'id': ids}, doseq=True)}")

    @admin.action(description="Cancel", permissions=["run"])
    def cancel_chosen(self, request: HttpRequest, chosen: QuerySet[Experiment]) -> None:
        self._do_each(request, chosen, experiment_cancel, "cancelled, or stop within seconds")

    @admin.action(description="Resume", permissions=["run"])
    def resume_chosen(self, request: HttpRequest, chosen: QuerySet[Experiment]) -> None:
        self._do_each(request, chosen, experiment_resume, "queued again")

    def _do_each(self, request: HttpRequest, chosen: QuerySet[Experiment], verb: Any, outcome: str) -> None:
        count = 0
        for run in chosen.select_related("sweep"):
            with refusals_shown(request, f"{run}: ", messages.WARNING):
                verb(experiment=run, by=request.user)
                count += 1
        if count:
            messages.success(request, f"{count} run{'s are' if count > 1 else ' is'} {outcome}.")


@admin.register(ExperimentEvent)
class ExperimentEventAdmin(ReadOnlyAdmin):
    list_display = ["id", "experiment", "old", "new", "actor", "reason", "created_at"]
    list_filter = ["new"]
