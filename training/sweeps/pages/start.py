"""Starting a sweep: a recipe, rows, the fields to search, what counts, and how long."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from training.core.errors import ConfigRejected
from training.experiments.pages.forms import Start
from training.experiments.pages.run_rows import recipe_word
from training.experiments.pages.start import start_of
from training.experiments.selectors import learnable_datasets, possible_teachers, possible_versions
from training.ml.recipes.recipe import Recipe
from training.ml.recipes.registry import RECIPES
from training.models import Dataset
from training.sweeps.pages.forms import SweepForm
from training.sweeps.services import sweep_create
from training.web.access import RUN_EXPERIMENTS, permitted, person_of

TRIAL_ROWS = 4_000  # proposed: a trial is to rank values, not to be good


@permitted(RUN_EXPERIMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    recipe = RECIPES.get(request.GET.get("recipe", ""), RECIPES["teacher"])
    datasets = learnable_datasets()
    form = _form(request, recipe, datasets)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            sweep = sweep_create(
                name=given["name"],
                recipe=recipe.name,
                config=form.fixed(),
                dataset=Dataset.objects.get(pk=given["dataset"]),
                space=form.space(),
                objectives=[{"metric": metric} for metric in given["objectives"]],
                sampler=given["sampler"],
                pruner=form.chosen_pruner(),
                trials=given["trials"],
                at_once=given["at_once"],
                train_best=given["train_best"],
                full=form.full(),
                by=person_of(request),
                **start_of(given["start"]),
            )
        except ConfigRejected as error:
            form.reject(error.field, error.message)
        else:
            return redirect("training:sweep", sweep.pk)
    context = {
        "form": form,
        "recipe": recipe,
        "recipes": [
            {"recipe": one, "word": recipe_word(one.name), "current": one is recipe}
            for one in RECIPES.values()
        ],
        "datasets": datasets,
    }
    return render(request, "training/sweeps/new.html", context, status=422 if form.is_bound else 200)


def _form(request: HttpRequest, recipe: Recipe, datasets: list[Dataset]) -> SweepForm:
    initial: dict[str, Any] = {
        "name": f"{recipe_word(recipe.name)} sweep, {timezone.now():%d %b %H:%M}",
        "base": next((info.default for info in recipe.fields() if info.name == "base"), ""),
        "data.max_rows": TRIAL_ROWS,
        "objectives": ["f1"],
    }
    initial |= {name: request.GET[name] for name in ("start", "dataset") if request.GET.get(name)}
    return SweepForm(
        recipe,
        datasets=datasets,
        runs=[
            Start(f"run:{run.pk}", f"{run.name} ({recipe_word(run.recipe)})") for run in possible_teachers()
        ],
        versions=[
            Start(f"version:{row.pk}", f"{row.version}{', in production' if row.is_active else ''}")
            for row in possible_versions()
        ],
        values={},
        data=request.POST if request.method == "POST" else None,
        initial=initial,
    )


urlpatterns = [path("sweeps/new/", new, name="sweep-new")]
