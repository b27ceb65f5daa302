"""Experiments: listed, filtered, started, cancelled, resumed, cloned, compared, deleted; their history to be read."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from classifier.admin_tools.base import ReadOnlyAdmin, ReadOnlyInline, badge
from classifier.web.refusals import refusals_shown
from training.admin_tools.base import confirmed
from training.experiments.deletion import experiment_delete
from training.experiments.selectors import measured
from training.experiments.services import experiment_cancel, experiment_resume
from training.models import Experiment, ExperimentEvent, RunStatus

MAY_RUN = "training.run_experiment"
COMPARED_MAX = 12


class ExperimentEventInline(ReadOnlyInline):
    model = ExperimentEvent
    verbose_name_plural = "history, newest first"
    fields = readonly_fields = ["created_at", "old", "new", "actor", "reason"]


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    list_display = [
        "name",
        "status_badge",
        "recipe",
        "dataset",
        "done",
        "roc_auc",
        "model_version",
        "created_by",
        "created_at",
    ]
    list_display_links = ["name"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("recipe", ChoicesDropdownFilter),
        ("dataset", RelatedDropdownFilter),
        ("sweep", RelatedDropdownFilter),
    ]
    list_filter_submit = True
    list_select_related = ["dataset", "model_version", "created_by"]
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
    readonly_fields = ["status_badge", "page", "roc_auc", "done"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Experiment]:
        rows: QuerySet[Experiment] = super().get_queryset(request).filter(deleted_at__isnull=True)
        return rows.defer("log", "provenance", "dataset__statistics", "model_version__manifest")

    @display(description="Status", ordering="status")
    def status_badge(self, experiment: Experiment) -> SafeString:
        status = RunStatus(experiment.status)
        return badge(status.label, status.colour)

    @display(description="Progress")
    def done(self, experiment: Experiment) -> str:
        step, steps = experiment.progress.get("step"), experiment.progress.get("steps")
        return f"{step:,} of {steps:,}" if isinstance(step, int) and isinstance(steps, int) and steps else "-"

    @display(description="Test ROC-AUC")
    def roc_auc(self, experiment: Experiment) -> str:
        version = experiment.model_version
        if version is None:
            return "-"
        report = measured(version_ids=[version.pk]).get(version.pk) or {}
        found = ((report.get("metrics") or {}).get(version.primary_label) or {}).get("roc_auc") or {}
        value = found.get("value")
        return f"{value:.4f}" if isinstance(value, float) else "-"

    @display(description="Page")
    def page(self, experiment: Experiment) -> SafeString:
        return format_html('<a href="{}">Curves, configuration and evaluation</a>', _page(experiment))

    # By method and not by name: the theme looks names up in the database already when it checks the code, and
    # so before the first migration.
    def has_run_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm(MAY_RUN)

    @action(description="Train", url_path="train", permissions=["run"], icon="model_training")
    def train(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("training:experiment-new"))

    @action(description="Look at it", url_path="look", icon="monitoring")
    def look(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return HttpResponseRedirect(_page(_found(object_id)))

    @action(description="Clone", url_path="clone", permissions=["run"], icon="content_copy")
    def clone(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("training:experiment-clone", args=[_found(object_id).pk]))

    @action(description="Cancel", url_path="cancel", permissions=["run"], icon="cancel")
    def cancel(self, request: HttpRequest, object_id: int) -> HttpResponse:
        run = _found(object_id)
        return confirmed(
            self,
            request,
            title=f"Cancel {run.name}",
            verb="Cancel the run",
            explanation="A running one stops within seconds and keeps its checkpoint.",
            back=_back(run),
            do=lambda: experiment_cancel(experiment=run, by=request.user),  # type: ignore[arg-type]
            said="The run is cancelled, or stops within seconds.",
        )

    @action(description="Resume", url_path="resume", permissions=["run"], icon="play_arrow")
    def resume(self, request: HttpRequest, object_id: int) -> HttpResponse:
        run = _found(object_id)
        return confirmed(
            self,
            request,
            title=f"Resume {run.name}",
            verb="Resume",
            explanation="It is queued again and goes on from its checkpoint where there is one.",
            back=_back(run),
            do=lambda: experiment_resume(experiment=run, by=request.user),  # type: ignore[arg-type]
            said="The run is queued again.",
        )

    @action(description="Delete", url_path="remove", permissions=["run"], icon="delete")
    def remove(self, request: HttpRequest, object_id: int) -> HttpResponse:
        run = _found(object_id)
        return confirmed(
            self,
            request,
            title=f"Delete {run.name}",
            verb="Delete the run",
            explanation="Its folder, its curves and its version go for good; its history stays.",
            back=_back(run),
            do=lambda: experiment_delete(experiment=run, by=request.user),  # type: ignore[arg-type]
            said=f"{run.name} is deleted.",
            then=reverse("admin:training_experiment_changelist"),
        )

    @admin.action(description="Compare")
    def compare(self, request: HttpRequest, chosen: QuerySet[Experiment]) -> HttpResponse:
        ids = list(chosen.order_by("id").values_list("pk", flat=True)[:COMPARED_MAX])
        return HttpResponseRedirect(f"{reverse('training:compare')}?{urlencode({'id': ids}, doseq=True)}")

    @admin.action(description="Cancel", permissions=["run"])
    def cancel_chosen(self, request: HttpRequest, chosen: QuerySet[Experiment]) -> None:
        self._each(request, chosen, experiment_cancel, "cancelled, or stop within seconds")

    @admin.action(description="Resume", permissions=["run"])
    def resume_chosen(self, request: HttpRequest, chosen: QuerySet[Experiment]) -> None:
        self._each(request, chosen, experiment_resume, "queued again")

    def _each(self, request: HttpRequest, chosen: QuerySet[Experiment], verb: Any, said: str) -> None:
        done = 0
        for run in chosen.select_related("sweep"):
            with refusals_shown(request, f"{run}: ", messages.WARNING):
                verb(experiment=run, by=request.user)
                done += 1
        if done:
            messages.success(request, f"{done} run{'s are' if done > 1 else ' is'} {said}.")


@admin.register(ExperimentEvent)
class ExperimentEventAdmin(ReadOnlyAdmin):
    list_display = ["id", "experiment", "old", "new", "actor", "reason", "created_at"]
    list_filter = ["new"]
    list_select_related = ["experiment", "actor"]


def _found(object_id: int) -> Experiment:
    return get_object_or_404(Experiment.objects.visible(), pk=object_id)


def _page(run: Experiment) -> str:
    return reverse("training:experiment", args=[run.pk])


def _back(run: Experiment) -> str:
    return reverse("admin:training_experiment_change", args=[run.pk])
