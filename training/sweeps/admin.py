"""Sweeps: looked at, cancelled, deleted; started and continued on their own pages."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from classifier.admin_tools.base import ReadOnlyAdmin, ReadOnlyInline, badge
from training.admin_tools.base import confirmed
from training.models import RunStatus, Sweep, SweepEvent
from training.sweeps.services import sweep_cancel, sweep_delete


class SweepEventInline(ReadOnlyInline):
    model = SweepEvent
    verbose_name_plural = "history, newest first"
    fields = readonly_fields = ["created_at", "old", "new", "actor", "reason"]


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    list_display = ["name", "status_badge", "recipe", "dataset", "trials_wanted", "created_by", "created_at"]
    list_display_links = ["name"]
    list_filter = [("status", ChoicesDropdownFilter), ("recipe", ChoicesDropdownFilter)]
    list_filter_submit = True
    list_select_related = ["dataset", "created_by"]
    search_fields = ["name"]
    inlines = [SweepEventInline]
    actions_list = ["start"]
    actions_detail = ["look", "cancel", "remove"]
    fieldsets = [
        (None, {"fields": ["name", "status_badge", "failure_reason"]}),
        ("What is searched", {"fields": ["recipe", "dataset", "space", "objectives", "sampler", "pruner"]}),
        ("Trials", {"fields": ["trials_wanted", "seed", "best_experiment"]}),
        ("Times", {"fields": ["created_by", "created_at", "finished_at"]}),
    ]
    readonly_fields = ["status_badge"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sweep]:
        rows: QuerySet[Sweep] = super().get_queryset(request)
        return rows.filter(deleted_at__isnull=True).defer("analysis", "dataset__statistics")

    @display(description="Status", ordering="status")
    def status_badge(self, sweep: Sweep) -> SafeString:
        status = RunStatus(sweep.status)
        return badge(status.label, status.colour)

    def has_run_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("training.run_experiment")

    @action(description="Start a sweep", url_path="start", permissions=["run"], icon="search")
    def start(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(_address("training:sweep-new") or _address("training:sweeps"))

    @action(description="Look at it", url_path="look", icon="monitoring")
    def look(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return HttpResponseRedirect(_address("training:sweep", _found(object_id).pk))

    @action(description="Cancel", url_path="cancel", permissions=["run"], icon="cancel")
    def cancel(self, request: HttpRequest, object_id: int) -> HttpResponse:
        sweep = _found(object_id)
        return confirmed(
            self,
            request,
            title=f"Cancel {sweep}",
            verb="Cancel the sweep",
            explanation="Its running trials stop within seconds; what it found stays.",
            back=_back(sweep),
            do=lambda: sweep_cancel(sweep=sweep, by=request.user),  # type: ignore[arg-type]
            said="The sweep is cancelled, or stops within seconds.",
        )

    @action(description="Delete", url_path="remove", permissions=["run"], icon="delete")
    def remove(self, request: HttpRequest, object_id: int) -> HttpResponse:
        sweep = _found(object_id)
        return confirmed(
            self,
            request,
            title=f"Delete {sweep}",
            verb="Delete the sweep",
            explanation="Its trials go with it; its history stays.",
            back=_back(sweep),
            do=lambda: sweep_delete(sweep=sweep, by=request.user),  # type: ignore[arg-type]
            said=f"{sweep} is deleted.",
            then=reverse("admin:training_sweep_changelist"),
        )


@admin.register(SweepEvent)
class SweepEventAdmin(ReadOnlyAdmin):
    list_display = ["id", "sweep", "old", "new", "actor", "reason", "created_at"]
    list_filter = ["new"]
    list_select_related = ["sweep", "actor"]


def _found(object_id: int) -> Sweep:
    return get_object_or_404(Sweep.objects.filter(deleted_at__isnull=True), pk=object_id)


def _back(sweep: Sweep) -> str:
    return reverse("admin:training_sweep_change", args=[sweep.pk])


def _address(name: str, *args: int) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
