"""Runs and versions side by side: each with its run, its version and the measured numbers, in the order asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Func, JSONField, Value

from classifier.models import ModelVersion
from training.experiments.selectors import small_report
from training.models import Evaluation, Experiment

MOST = 30
SMALL = ("metrics", "speed", "size", "rows", "labels", "suites", "slices")


@dataclass(frozen=True)
class Compared:
    """One side of a comparison; `report` is {} where nothing was measured, `curves` are of one label."""

    run: Experiment | None
    version: ModelVersion | None
    report: dict[str, Any] = field(default_factory=dict)
    curves: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    dataset: str = ""


def compared(*, run_ids: Sequence[int], version_ids: Sequence[int], label: str) -> list[Compared]:
    """Return the runs, then the versions that none of them made; whatever does not exist is left out. Four queries."""
    runs = (
        Experiment.objects.visible()
        .select_related("dataset", "teacher", "model_version", "base_version")
        .defer("log", "model_version__manifest", "base_version__manifest", "dataset__statistics")
        .in_bulk(list(run_ids)[:MOST])
    )
    ordered = [runs[pk] for pk in dict.fromkeys(run_ids) if pk in runs]
    made = {run.model_version_id for run in ordered}
    others = ModelVersion.objects.in_bulk([pk for pk in dict.fromkeys(version_ids) if pk not in made][:MOST])
    makers = {
        maker.model_version_id: maker
        for maker in Experiment.objects.visible()
        .filter(model_version__in=others)
        .select_related("dataset", "teacher")
        .defer("log")
    }
    sides: list[tuple[Experiment | None, ModelVersion | None]] = [(run, run.model_version) for run in ordered]
    sides += [(makers.get(pk), others[pk]) for pk in dict.fromkeys(version_ids) if pk in others]
    measured = _measured([version.pk for _, version in sides if version is not None], label)
    return [
        Compared(run, version, **measured.get(version.pk if version else 0, {}))
        for run, version in sides[:MOST]
    ]


def baselines_of(*, fingerprint: str, label: str) -> list[tuple[str, Compared]]:
    """Return the latest of each baseline on these test rows."""
    rows = Evaluation.objects.filter(fingerprint=fingerprint).exclude(baseline="").order_by("id")
    sides = {
        baseline: Compared(None, None, report=dict(report), fingerprint=fingerprint)
        for baseline, report in rows.values_list("baseline", small_report(*SMALL))
    }
    return [(name, sides[name]) for name in ("tfidf", "majority") if name in sides]


def addable(*, besides: Sequence[int]) -> list[tuple[int, str]]:
    """Return finished runs that could join the comparison, newest first."""
    runs = Experiment.objects.visible().filter(model_version__isnull=False).exclude(pk__in=besides)
    return list(runs.values_list("pk", "name")[:200])


def _measured(version_ids: list[int], label: str) -> dict[int, dict[str, Any]]:
    curves = Func(
        F("report"),
        Value("curves"),
        Value(label),
        function="jsonb_extract_path",
        output_field=JSONField(),
    )
    rows = Evaluation.objects.on_test_sets().filter(model_version_id__in=version_ids).order_by("id")
    measured = {}
    for pk, print_, name, report, drawn in rows.values_list(
        "model_version_id", "fingerprint", "dataset__name", small_report(*SMALL), curves
    ):
        measured[int(pk or 0)] = {
            "report": dict(report),
            "curves": dict(drawn or {}),
            "fingerprint": print_,
            "dataset": name,
        }
    return measured
