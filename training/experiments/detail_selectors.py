"""What the page of one run reads: the run with what it came from, its curves, its evaluation beside the others."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from classifier.models import ModelVersion, ModelVersionStatus
from training.models import Evaluation, Experiment, MetricPoint, TestSuiteResult

Curves = dict[tuple[str, str], list[tuple[int, float]]]


@dataclass(frozen=True)
class Measured:
    """A version's latest evaluation, and what is shown beside it: baselines and the version in production."""

    evaluation: Evaluation
    baselines: list[Evaluation]
    active: Evaluation | None
    suites: list[TestSuiteResult]


def experiment_detail(*, experiment_id: int) -> Experiment:
    """A run that is not deleted, with all that its page names. Raises Experiment.DoesNotExist."""
    runs = Experiment.objects.visible().select_related(
        "dataset", "teacher", "base_version", "cloned_from", "sweep", "created_by", "model_version"
    )
    return runs.prefetch_related("history__actor").get(pk=experiment_id)


def experiment_curves(*, experiment_ids: Iterable[int]) -> dict[int, Curves]:
    """The points of each run, by phase and name, in the order of their steps: one query for all runs."""
    found: dict[int, Curves] = {pk: {} for pk in experiment_ids}
    points = MetricPoint.objects.filter(experiment_id__in=list(found)).order_by("id")
    for pk, phase, name, step, value in points.values_list("experiment_id", "phase", "name", "step", "value"):
        found[pk].setdefault((phase, name), []).append((step, value))
    for curves in found.values():
        for curve in curves.values():
            curve.sort()
    return found


def version_measured(*, version: ModelVersion, on: int | None = None) -> Measured | None:
    """The version's latest evaluation, or None. The baselines are those of the same test rows.

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
    for found in beside.order_by("id"):
        if found.model_version is not None:
            active = found
        elif found.baseline not in baselines or found.trained_on == trained_on:
            baselines[found.baseline] = found
    order = [baselines[name] for name in ("tfidf", "majority") if name in baselines]
    suites = (
        TestSuiteResult.objects.filter(model_version=version).select_related("suite").order_by("suite__name")
    )
    return Measured(own, order, active, list(suites))


def _trained_on(evaluation: Evaluation) -> str:
    """The fingerprint of the training rows of the run that made the version, to show its own TF-IDF beside it."""
    prints = (
        Experiment.objects.filter(model_version_id=evaluation.model_version_id)
        .values_list("dataset__fingerprints", flat=True)
        .first()
    )
    return str((prints or {}).get("train", ""))
