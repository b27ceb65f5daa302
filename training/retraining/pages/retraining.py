"""Retraining: a new candidate trained on moderators' decisions, at once or by the plan."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from classifier.models import ModelVersion
from training.core.errors import ConfigRejected, DatasetRejected, NotAllowedNow
from training.models import Experiment, RetrainingPlan
from training.retraining.pages.forms import FROM_ACTIVE, FROM_RECIPE, PlanForm, StartForm
from training.retraining.services import (
    DRIFT_DAYS,
    MAY_PLAN,
    retrain_now,
    retraining_outlook,
    retraining_plan,
    retraining_plan_set,
)
from training.web.access import RUN_EXPERIMENTS, permitted, person_of

SEE_PLAN = "training.view_retrainingplan"
SHOWN_RUNS = 20


@permitted(SEE_PLAN)
@require_safe
def retraining(request: HttpRequest) -> HttpResponse:
    return _page(request)


@permitted(RUN_EXPERIMENTS)
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    form = StartForm(request.POST, prefix="now")
    if form.is_valid():
        try:
            run = retrain_now(by=person_of(request), **form.start_values())
        except (ConfigRejected, DatasetRejected) as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        except NotAllowedNow as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, "The decisions are a dataset now, and a candidate is queued for training."
            )
            return redirect("training:experiment", run.pk)
    return _page(request, now=form)


@permitted(MAY_PLAN)
@require_POST
def plan_set(request: HttpRequest) -> HttpResponse:
    form = PlanForm(request.POST, prefix="plan")
    if form.is_valid():
        values = form.start_values()
        try:
            retraining_plan_set(
                by=person_of(request),
                enabled=form.cleaned_data["enabled"],
                after_decisions=form.cleaned_data["after_decisions"],
                weekly=form.cleaned_data["weekly"],
                on_drift=form.cleaned_data["on_drift"],
                drift_days=form.cleaned_data["drift_days"] or DRIFT_DAYS,
                recipe=values["recipe"],
                config={
                    **{name: values[name] for name in ("preset", "from_active", "blend_with_active")},
                    "differences": retraining_plan().config.get("differences") or {},  # not on this page
                },
                mix_with=values["mix_with"],
                decisions_weight=values["decisions_weight"],
            )
        except ConfigRejected as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        except PermissionDenied:
            raise
        else:
            messages.success(request, "The plan is saved.")
            return redirect("training:retraining")
    return _page(request, plan_form=form)


def _page(request: HttpRequest, now: Form | None = None, plan_form: Form | None = None) -> HttpResponse:
    plan = retraining_plan()
    initial = _initial(plan)
    runs = (
        Experiment.objects.visible()
        .filter(name__startswith="Retraining ")
        .select_related("model_version", "created_by", "dataset")
        .defer("log", "provenance", "dataset__statistics", "model_version__manifest")[:SHOWN_RUNS]
    )
    context = {
        "plan": plan,
        "outlook": retraining_outlook(plan),
        "problem": plan.config.get("problem"),
        "now": now or StartForm(prefix="now", initial=initial),
        "plan_form": plan_form or PlanForm(prefix="plan", initial=initial),
        "active": ModelVersion.objects.active(),
        "runs": runs,
        "may_run": person_of(request).has_perm(RUN_EXPERIMENTS),
        "may_plan": person_of(request).has_perm(MAY_PLAN),
    }
    status = 422 if (now and now.errors) or (plan_form and plan_form.errors) else 200
    return render(request, "training/retraining/page.html", context, status=status)


def _initial(plan: RetrainingPlan) -> dict[str, Any]:
    return {
        "start": FROM_ACTIVE if plan.config.get("from_active", True) else FROM_RECIPE,
        "recipe": plan.recipe,
        "preset": plan.config.get("preset") or "",
        "mix_with": plan.mix_with_id,
        "decisions_weight": plan.decisions_weight,
        "blend": plan.config.get("blend_with_active") is not False,
        "enabled": plan.enabled,
        "after_decisions": plan.after_decisions,
        "weekly": plan.weekly,
        "on_drift": plan.on_drift,
        "drift_days": plan.drift_days,
    }


urlpatterns = [
    path("retraining/", retraining, name="retraining"),
    path("retraining/start/", start, name="retraining-start"),
    path("retraining/plan/", plan_set, name="retraining-plan"),
]
