"""What pages, API and commands read of runs: the list, one run with its curves and numbers, what a new one starts from.

The list is filtered, counted, sorted by what the versions were worth, and read a page at a time. A client that
follows a run gets what is new since its last look (`run_progress`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Count,
    F,
    FloatField,
    Func,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast

from classifier.models import ModelVersion, ModelVersionStatus
from training.models import (
    Dataset,
    DatasetKind,
    Evaluation,
    Experiment,
    MetricPoint,
    RunStatus,
    Sweep,
    TestSuiteResult,
)
from training.models.experiment import ExperimentQuerySet

PAGE_SIZE = 50
MOST = 200  # choices of a form
POINTS_MAX = 1_000  # of a curve, in one turn of following a run
HIGH_IS_GOOD = frozenset({"roc_auc", "pr_auc", "f1"})
Curves = dict[tuple[str, str], list[tuple[int, float]]]  # {(phase, name): [(step, value), …]}
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
    """Return the runs that are not deleted; without `sweep`, those that are no trial of one."""
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
    """Return how many of `experiments` have each status (0 included), and in all under the empty name."""
    rows = experiments.order_by().values_list("status").annotate(Count("id"))
    counts = dict.fromkeys(RunStatus.values, 0) | dict(rows)
    return counts | {"": sum(counts.values())}


def experiment_page(
    *, experiments: ExperimentQuerySet, sort: str = "-newest", number: int = 1, size: int = PAGE_SIZE
) -> ExperimentPage:
    """Return one page; `sort` is newest, name or a metric, with a minus for downwards; runs without it come last."""
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
    """Return the latest evaluation of each version without its curves: {version id: {metrics, speed, size, rows}}."""
    rows = (
        Evaluation.objects.on_test_sets()
        .filter(model_version_id__in=version_ids)
        .order_by("id")
        .values_list("model_version_id", small_report("metrics", "speed", "size", "rows"))
    )
    return {int(version): dict(report) for version, report in rows if version is not None}


def filter_choices() -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Return the datasets and the sweeps that runs can be filtered by, as (id, name)."""
    datasets = Dataset.objects.usable().order_by("name").values_list("pk", "name")
    return list(datasets), list(Sweep.objects.order_by("-id").values_list("pk", "name")[:200])


def small_report(*parts: str) -> Func:
    """Return the SQL of an evaluation's report with these parts alone: reports are large, and lists show little."""
    pairs: list[Any] = []
    for part in parts:
        of_report = Func(F("report"), Value(part), function="jsonb_extract_path", output_field=JSONField())
        pairs += [Value(part), of_report]
    return Func(*pairs, function="jsonb_build_object", output_field=JSONField())


def _metric(name: str) -> Subquery:
    """Return the number that a run's version has in its latest evaluation, for its own primary label."""
    path: tuple[Any, ...] = tuple(Value(part) for part in _PATHS.get(name, ()))
    if not path:
        path = (Value("metrics"), F("model_version__primary_label"), Value(name), Value("value"))
    text = Func(F("report"), *path, function="jsonb_extract_path_text", output_field=TextField())
    evaluations = (
        Evaluation.objects.on_test_sets().filter(model_version=OuterRef("model_version")).order_by("-id")
    )
    return Subquery(evaluations.values_list(Cast(text, FloatField()))[:1])


def learnable_datasets() -> list[Dataset]:
    """Return the datasets with rows to learn from and to choose thresholds on."""
    rows = Dataset.objects.usable().filter(rows__train__gt=0, rows__validation__gt=0)
    return list(rows.only("pk", "name", "rows", "kind"))


def sample_dataset(datasets: list[Dataset]) -> Dataset | None:
    return next((row for row in datasets if row.kind == DatasetKind.SAMPLE), None)


def possible_teachers() -> list[Experiment]:
    """Return runs whose model is there, and runs that will have one: a student waits for its teacher."""
    ready = Q(status=RunStatus.SUCCEEDED) & ~Q(directory="")
    rows = Experiment.objects.visible().filter(
        ready | Q(status__in=[RunStatus.QUEUED, RunStatus.RUNNING]), sweep__isnull=True
    )
    return list(rows.only("pk", "name", "recipe", "status")[:MOST])


def possible_versions() -> list[ModelVersion]:
    return list(ModelVersion.objects.only("pk", "version", "status")[:MOST])


@dataclass(frozen=True)
class Measured:
    """A version's latest evaluation, and what is shown beside it: baselines and the version in production."""

    evaluation: Evaluation
    baselines: list[Evaluation]
    active: Evaluation | None
    suites: list[TestSuiteResult]


def experiment_detail(*, experiment_id: int) -> Experiment:
    """Return a run that is not deleted, with all that its page names. Raises Experiment.DoesNotExist."""
    runs = Experiment.objects.visible().select_related(
        "dataset", "teacher", "base_version", "cloned_from", "sweep", "created_by", "model_version"
    )
    return runs.prefetch_related("history__actor").get(pk=experiment_id)


def experiment_curves(*, experiment_ids: Iterable[int]) -> dict[int, Curves]:
    """Return the points of each run, by phase and name, in the order of their steps: one query for all runs."""
    curves_of: dict[int, Curves] = {pk: {} for pk in experiment_ids}
    points = MetricPoint.objects.filter(experiment_id__in=list(curves_of)).order_by("id")
    for pk, phase, name, step, value in points.values_list("experiment_id", "phase", "name", "step", "value"):
        curves_of[pk].setdefault((phase, name), []).append((step, value))
    for curves in curves_of.values():
        for curve in curves.values():
            curve.sort()
    return curves_of


def version_measured(*, version: ModelVersion, on: int | None = None) -> Measured | None:
    """Return the version's latest evaluation, or None. The baselines are those of the same test rows.

    `on` is the number of a dataset, such as one of known answers; without it the latest on a test set is taken.
    """
    rows = Evaluation.objects.filter(model_version=version).select_related("dataset", "model_version")
    own = (rows.on_test_sets() if on is None else rows.filter(dataset_id=on)).first()
    if own is None:
        return None
    beside = (
        Evaluation.objects.filter(fingerprint=own.fingerprint)
        .filter(Q(model_version__isnull=True) | Q(model_version__status=ModelVersionStatus.ACTIVE))
        .exclude(pk=own.pk)
        .select_related("model_version")
    )
    trained_on = _trained_on(own)
    baselines: dict[str, Evaluation] = {}
    active: Evaluation | None = None
    for evaluation in beside.order_by("id"):
        if evaluation.model_version is not None:
            active = evaluation
        elif evaluation.baseline not in baselines or evaluation.trained_on == trained_on:
            baselines[evaluation.baseline] = evaluation
    order = [baselines[name] for name in ("tfidf", "majority") if name in baselines]
    suites = (
        TestSuiteResult.objects.filter(model_version=version).select_related("suite").order_by("suite__name")
    )
    return Measured(own, order, active, list(suites))


def _trained_on(evaluation: Evaluation) -> str:
    """Return the fingerprint of the rows that the version learned from, to show its own TF-IDF beside it."""
    prints = (
        Experiment.objects.filter(model_version_id=evaluation.model_version_id)
        .values_list("dataset__fingerprints", flat=True)
        .first()
    )
    return str((prints or {}).get("train", ""))


@dataclass(frozen=True)
class Turn:
    """`points` are new since the last turn: (id, phase, name, step, value); `cursor` is the last one's id."""

    status: str
    progress: dict[str, Any]
    points: list[tuple[int, str, str, int, float]]
    cursor: int
    model_version: int | None
    failure_reason: str

    @property
    def is_over(self) -> bool:
        return RunStatus(self.status).is_over


def run_progress(*, experiment_id: int, after: int = 0) -> Iterator[Turn | None]:
    """Yield what has changed, None when nothing has; end after the turn in which the run is over or gone.

    `after` is the cursor of an earlier turn. The points of one run are written by one process, one batch after another,
    so none appears behind a later one.
    """
    columns = ("status", "progress", "model_version_id", "failure_reason")
    before: Any = None
    while True:
        run = Experiment.objects.visible().filter(pk=experiment_id).values_list(*columns).first()
        if run is None:
            return
        points = list(
            MetricPoint.objects.filter(experiment_id=experiment_id, id__gt=after)
            .order_by("id")
            .values_list("id", "phase", "name", "step", "value")[:POINTS_MAX]
        )
        is_last = len(points) < POINTS_MAX
        after = points[-1][0] if points else after
        status, progress, model_version, failure_reason = run
        if points or run != before:
            shown = status if is_last else RunStatus.RUNNING.value
            turn = Turn(shown, progress, points, after, model_version, failure_reason)
            yield turn
            if turn.is_over:
                return
            before = run if is_last else None
        else:
            yield None
