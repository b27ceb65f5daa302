"""The list of runs: filtered, counted, sorted by what their version was worth, a page at a time."""

from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Count,
    F,
    FloatField,
    Func,
    JSONField,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast

from training.models import Dataset, Evaluation, Experiment, RunStatus, Sweep
from training.models.experiment import ExperimentQuerySet

PAGE_SIZE = 50
HIGH_IS_GOOD = frozenset({"roc_auc", "pr_auc", "f1"})
_PATHS = {"latency": ("speed", "latency_ms_p50"), "size": ("size", "bytes")}


@dataclass(frozen=True)
class ExperimentPage:
    """One page of runs; `pages` is how many there are."""

    experiments: list[Experiment]
    number: int
    pages: int


def experiments_matching(
    *,
    recipe: str | None = None,
    dataset: int | None = None,
    sweep: str | None = None,
    search: str | None = None,
) -> ExperimentQuerySet:
    """The runs that are not deleted; without `sweep`, those that are no trial of one."""
    runs = Experiment.objects.visible()
    if recipe:
        runs = runs.filter(recipe=recipe)
    if dataset:
        runs = runs.filter(dataset_id=dataset)
    if search:
        runs = runs.filter(name__icontains=search)
    if sweep == "all":
        return runs
    return runs.filter(sweep_id=int(sweep)) if sweep else runs.filter(sweep__isnull=True)


def experiment_counts(*, experiments: ExperimentQuerySet) -> dict[str, int]:
    """How many of `experiments` have each status (0 is told too), and in all under the empty name."""
    rows = experiments.order_by().values_list("status").annotate(Count("id"))
    counts = dict.fromkeys(RunStatus.values, 0) | dict(rows)
    return counts | {"": sum(counts.values())}


def experiment_page(
    *, experiments: ExperimentQuerySet, sort: str = "-newest", number: int = 1, size: int = PAGE_SIZE
) -> ExperimentPage:
    """One page; `sort` is newest, name or a metric, with a minus for downwards. Runs without the metric come last."""
    name, down = sort.removeprefix("-"), sort.startswith("-")
    rows: QuerySet[Experiment] = experiments
    if name == "newest":
        rows = rows.order_by("-id" if down else "id")
    elif name == "name":
        rows = rows.order_by("-name" if down else "name", "-id")
    else:
        key = F("sort_key")
        rows = rows.annotate(sort_key=_metric(name))
        rows = rows.order_by(key.desc(nulls_last=True) if down else key.asc(nulls_last=True), "-id")
    total = experiments.count()
    pages = max(1, -(-total // size))
    number = min(number, pages)
    rows = rows.select_related("dataset", "model_version", "created_by", "sweep")
    chosen = rows.defer("log", "dataset__statistics", "model_version__manifest")
    return ExperimentPage(list(chosen[(number - 1) * size : number * size]), number, pages)


def measured(*, version_ids: list[int]) -> dict[int, dict[str, Any]]:
    """What each version's latest evaluation says, without its curves: {version id: {metrics, speed, size, rows}}."""
    small = Func(
        *(
            part
            for key in ("metrics", "speed", "size", "rows")
            for part in (Value(key), _at(key, JSONField()))
        ),
        function="jsonb_build_object",
        output_field=JSONField(),
    )
    rows = (
        Evaluation.objects.on_test_sets()
        .filter(model_version_id__in=version_ids)
        .order_by("id")
        .values_list("model_version_id", small)
    )
    return {int(version): dict(report) for version, report in rows if version is not None}


def filter_choices() -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The datasets and the sweeps that runs can be filtered by, as (id, name)."""
    datasets = Dataset.objects.usable().order_by("name").values_list("pk", "name")
    return list(datasets), list(Sweep.objects.order_by("-id").values_list("pk", "name")[:200])


def _at(key: str, output: Any) -> Func:
    return Func(F("report"), Value(key), function="jsonb_extract_path", output_field=output)


def _metric(name: str) -> Subquery:
    """The number that a run's version has in its latest evaluation, for its own primary label."""
    path: tuple[Any, ...] = tuple(Value(part) for part in _PATHS.get(name, ()))
    if not path:
        path = (Value("metrics"), F("model_version__primary_label"), Value(name), Value("value"))
    text = Func(F("report"), *path, function="jsonb_extract_path_text", output_field=TextField())
    found = Evaluation.objects.on_test_sets().filter(model_version=OuterRef("model_version")).order_by("-id")
    return Subquery(found.values_list(Cast(text, FloatField()))[:1])
