"""The retraining plan: where it stands, with a button that retrains now; it is changed on its own page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action, display

from classifier.admin_tools.base import ReadOnlyAdmin
from training.admin_tools.base import confirmed
from training.models import RetrainingPlan
from training.retraining.services import retrain_now, retraining_outlook, retraining_plan


@admin.register(RetrainingPlan)
class RetrainingPlanAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "enabled", "outlook", "last_started_at", "last_experiment"]
    actions_list = ["retrain", "change_plan"]
    fields = [
        "enabled",
        "outlook",
        "after_decisions",
        "weekly",
        "on_drift",
        "drift_days",
        "recipe",
        "mix_with",
        "decisions_weight",
        "last_started_at",
        "last_experiment",
        "updated_by",
        "updated_at",
    ]
    readonly_fields = ["outlook"]

    @display(description="What comes next")
    def outlook(self, plan: RetrainingPlan) -> str:
        return retraining_outlook(plan).sentence

    def has_run_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("training.run_experiment")

    @action(description="Retrain now", url_path="retrain", permissions=["run"], icon="model_training")
    def retrain(self, request: HttpRequest) -> HttpResponse:
        plan = retraining_plan()
        config: dict[str, Any] = plan.config
        return confirmed(
            self,
            request,
            title="Retrain now",
            verb="Retrain now",
            explanation=(
                "The decisions are frozen and a candidate is queued, as the plan says. "
                "Nothing goes into production by itself."
            ),
            back=reverse("admin:training_retrainingplan_changelist"),
            do=lambda: retrain_now(
                by=request.user,  # type: ignore[arg-type]
                recipe=plan.recipe,
                preset=str(config.get("preset") or ""),
                config=config.get("differences") or {},
                from_active=bool(config.get("from_active", True)),
                mix_with=plan.mix_with,
                decisions_weight=plan.decisions_weight,
            ),
            said="A candidate is queued for training.",
        )

    @action(description="Change the plan", url_path="change-plan", icon="tune")
    def change_plan(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("training:retraining"))
