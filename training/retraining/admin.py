"""The retraining plan in the administration, with a button that retrains now; the plan is changed on its own page."""

from django.contrib import admin

from classifier.admin_tools.actions import confirmed_action, link, permission_check
from classifier.admin_tools.columns import column
from classifier.admin_tools.read_only import ReadOnlyAdmin
from classifier.models import User
from training.models import RetrainingPlan
from training.retraining.services import retrain_now, retraining_outlook, retraining_plan


@admin.register(RetrainingPlan)
class RetrainingPlanAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "enabled", "outlook", "last_started_at", "last_experiment"]
    actions_list = ["retrain", "change_plan"]
    fields = [
        *("enabled", "outlook", "after_decisions", "weekly", "on_drift", "drift_days", "recipe", "mix_with"),
        *("decisions_weight", "last_started_at", "last_experiment", "updated_by", "updated_at"),
    ]
    has_run_permission = permission_check("training.run_experiment")

    outlook = column("What comes next", lambda plan: retraining_outlook(plan).sentence)
    change_plan = link("Change the plan", "training:retraining", url_path="change-plan", icon="tune")

    @confirmed_action(
        "Retrain now",
        permission="run",
        icon="model_training",
        title="Retrain now",
        explanation=(
            "The decisions are frozen and a candidate is queued, as the plan says. "
            "Nothing goes into production by itself."
        ),
        done="A candidate is queued for training.",
    )
    def retrain(self, by: User) -> None:
        plan = retraining_plan()
        retrain_now(
            by=by,
            recipe=plan.recipe,
            preset=str(plan.config.get("preset") or ""),
            config=plan.config.get("differences") or {},
            from_active=bool(plan.config.get("from_active", True)),
            mix_with=plan.mix_with,
            decisions_weight=plan.decisions_weight,
        )
