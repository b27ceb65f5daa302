"""Sweeps in the administration: looked at, cancelled, deleted; started and continued on their own pages."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from classifier.admin_tools.actions import confirmed_action, link, permission_check
from classifier.admin_tools.columns import choice_badge
from classifier.admin_tools.read_only import HistoryInline, ReadOnlyAdmin
from classifier.models import User
from training.models import RunStatus, Sweep, SweepEvent
from training.sweeps.services import sweep_cancel, sweep_delete


class SweepEventInline(HistoryInline):
    model = SweepEvent


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    list_display = ["name", "status_badge", "recipe", "dataset", "trials_wanted", "created_by", "created_at"]
    list_filter = ["status", "recipe"]
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
    has_run_permission = permission_check("training.run_experiment")

    status_badge = choice_badge("status", RunStatus)
    start = link("Start a sweep", "training:sweep-new", permission="run", icon="search")
    look = link("Look at it", "training:sweep", icon="monitoring")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sweep]:
        rows = super().get_queryset(request).filter(deleted_at__isnull=True)
        return rows.defer("analysis", "dataset__statistics")

    @confirmed_action(
        "Cancel",
        permission="run",
        icon="cancel",
        button="Cancel the sweep",
        explanation="Its running trials stop within seconds; what it found stays.",
        done="The sweep is cancelled, or stops within seconds.",
    )
    def cancel(self, sweep: Sweep, by: User) -> None:
        sweep_cancel(sweep=sweep, by=by)

    @confirmed_action(
        "Delete",
        permission="run",
        icon="delete",
        button="Delete the sweep",
        explanation="Its trials go with it; its history stays.",
        done="{row} is deleted.",
        row_goes=True,
    )
    def remove(self, sweep: Sweep, by: User) -> None:
        sweep_delete(sweep=sweep, by=by)


@admin.register(SweepEvent)
class SweepEventAdmin(ReadOnlyAdmin):
    list_display = ["id", "sweep", "old", "new", "actor", "reason", "created_at"]
    list_filter = ["new"]
