"""Starting runs: a form for one of each recipe, a clone of a run with changes, and plans of several runs."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from classifier.models import ModelVersion
from training.core.errors import ConfigRejected
from training.experiments.pages.detail import run_or_404
from training.experiments.pages.forms import ExperimentForm, PlanForm, Start
from training.experiments.pages.run_rows import recipe_word
from training.experiments.selectors import (
    learnable_datasets,
    possible_teachers,
    possible_versions,
    sample_dataset,
)
from training.experiments.services import experiment_clone, experiment_create, plan_start
from training.ml.config import ConfigError, dotted, plans, presets, read_preset
from training.ml.recipes.recipe import Recipe
from training.ml.recipes.registry import RECIPES
from training.models import Dataset, Experiment, RunStatus
from training.web.access import RUN_EXPERIMENTS, permitted, person_of


@permitted(RUN_EXPERIMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    recipe = RECIPES.get(request.GET.get("recipe", ""), RECIPES["teacher"])
    preset, values = _preset_values(request.GET.get("preset", ""), recipe)
    datasets = learnable_datasets()
    form = _form(request, recipe, values, datasets, _first_values(request, recipe, datasets))
    if request.method == "POST" and form.is_valid():
        try:
            run = experiment_create(
                name=form.cleaned_data["name"],
                recipe=recipe.name,
                preset=preset,
                config=form.differences(),
                dataset=Dataset.objects.get(pk=form.cleaned_data["dataset"]),
                notes=form.cleaned_data["notes"],
                quick_measurement=form.cleaned_data["quick_measurement"],
                by=person_of(request),
                **start_of(form.cleaned_data["start"]),
            )
        except ConfigRejected as error:
            form.reject(error.field, error.message)
        else:
            return redirect("training:experiment", run.pk)
    context = {
        "form": form,
        "recipe": recipe,
        "recipes": [_choice(offered, recipe) for offered in RECIPES.values()],
        "presets": _presets(recipe, preset),
        "preset": preset,
        "datasets": datasets,
        "plans": [] if request.method == "POST" else plans(),
    }
    return render(request, "training/experiments/new.html", context, status=_status(form))


@permitted(RUN_EXPERIMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def clone(request: HttpRequest, experiment_id: int) -> HttpResponse:
    source = run_or_404(experiment_id)
    recipe = RECIPES[source.recipe]
    values = dotted(source.config)
    initial = {
        "name": f"{source.name[:143]} (copy)",
        "dataset": source.dataset_id,
        "notes": source.notes,
        "quick_measurement": source.quick_measurement,
        "start": _start_value(source),
        "base": source.config.get("base", ""),
    }
    form = _form(request, recipe, values, learnable_datasets(), initial)
    if request.method == "POST" and form.is_valid():
        start = start_of(form.cleaned_data["start"]) if form.cleaned_data["start"] != initial["start"] else {}
        changes: dict[str, Any] = {
            "name": form.cleaned_data["name"],
            "notes": form.cleaned_data["notes"],
            "quick_measurement": form.cleaned_data["quick_measurement"],
            "dataset": Dataset.objects.get(pk=form.cleaned_data["dataset"]),
            "config": form.differences(),
            **start,
        }
        try:
            run = experiment_clone(experiment=source, changes=changes, by=person_of(request))
        except ConfigRejected as error:
            form.reject(error.field, error.message)
        else:
            return redirect("training:experiment", run.pk)
    context = {"form": form, "recipe": recipe, "source": source, "datasets": form.fields["dataset"].choices}  # type: ignore[attr-defined]
    return render(request, "training/experiments/new.html", context, status=_status(form))


@permitted(RUN_EXPERIMENTS)
@require_POST
def start_plan(request: HttpRequest) -> HttpResponse:
    """Queue every run of a plan, and show them in the list."""
    form = PlanForm(request.POST)
    dataset = None
    if form.is_valid():
        dataset = Dataset.objects.usable().filter(pk=form.cleaned_data["dataset"]).first()
    if dataset is None:
        messages.error(request, "Choose a dataset for the plan.")
        return redirect(f"{reverse('training:experiment-new')}#plans")
    try:
        runs = plan_start(plan=form.cleaned_data["plan"], dataset=dataset, by=person_of(request))
    except ConfigRejected as error:
        messages.error(request, error.message)
        return redirect(f"{reverse('training:experiment-new')}#plans")
    messages.success(request, f"{len(runs)} runs are queued; each student waits for its teacher.")
    return redirect("training:experiments")


def _form(
    request: HttpRequest,
    recipe: Recipe,
    values: dict[str, Any],
    datasets: list[Dataset],
    initial: dict[str, Any],
) -> ExperimentForm:
    runs = [
        Start(f"run:{run.pk}", f"{run.name} ({recipe_word(run.recipe)}{_state(run)})")
        for run in possible_teachers()
    ]
    versions = [
        Start(f"version:{row.pk}", f"{row.version}{', in production' if row.is_active else ''}")
        for row in possible_versions()
    ]
    data = request.POST if request.method == "POST" else None
    return ExperimentForm(
        recipe, datasets=datasets, runs=runs, versions=versions, values=values, data=data, initial=initial
    )


def _state(run: Experiment) -> str:
    return "" if run.status == RunStatus.SUCCEEDED else f", {run.get_status_display().lower()}"


def _first_values(request: HttpRequest, recipe: Recipe, datasets: list[Dataset]) -> dict[str, Any]:
    """Return what the empty form proposes. A first run starts from the model in production: nothing to download."""
    initial: dict[str, Any] = {"name": f"{recipe_word(recipe.name)}, {timezone.now():%d %b %H:%M}"}
    base = next((info.default for info in recipe.fields() if info.name == "base"), "")
    initial["base"] = base
    sample = sample_dataset(datasets)
    if request.GET.get("first") and sample is not None:
        initial["dataset"] = sample.pk
    active = ModelVersion.objects.active() if request.GET.get("first") else None
    if active is not None:
        initial |= {"name": "My first run", "start": f"version:{active.pk}"}
    for name in ("start", "dataset"):
        if request.GET.get(name):
            initial[name] = request.GET[name]
    return initial


def start_of(value: str) -> dict[str, Any]:
    """Return {"teacher": run} or {"base_version": version} of "run:3" or "version:5"; the form offered no others."""
    kind, _, pk = value.partition(":")
    if kind == "run":
        return {"teacher": Experiment.objects.visible().get(pk=pk)}
    return {"base_version": ModelVersion.objects.get(pk=pk)} if kind == "version" else {}


def _start_value(run: Experiment) -> str:
    if run.teacher_id:
        return f"run:{run.teacher_id}"
    return f"version:{run.base_version_id}" if run.base_version_id else ""


def _choice(recipe: Recipe, chosen: Recipe) -> dict[str, Any]:
    return {"recipe": recipe, "word": recipe_word(recipe.name), "current": recipe is chosen}


def _presets(recipe: Recipe, chosen: str) -> list[dict[str, Any]]:
    return [
        {
            "preset": preset,
            "current": preset.name == chosen,
            "query": urlencode({"recipe": recipe.name, "preset": preset.name}),
        }
        for preset in presets(recipe.name)
    ]


def _preset_values(name: str, recipe: Recipe) -> tuple[str, dict[str, Any]]:
    """Return the preset's name and differences by dotted names; empty where it is not one of this recipe."""
    if name not in {preset.name for preset in presets(recipe.name)}:
        return "", {}
    try:
        return name, dotted(read_preset(name).config)
    except ConfigError:
        return "", {}


def _status(form: ExperimentForm) -> int:
    return 422 if form.is_bound else 200


urlpatterns = [
    path("new/", new, name="experiment-new"),
    path("new/plan/", start_plan, name="experiment-plan"),
    path("experiments/<int:experiment_id>/clone/", clone, name="experiment-clone"),
]
