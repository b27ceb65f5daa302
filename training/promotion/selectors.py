"""What pages and the gate read about model versions: their measurements on the test rows, without the curves."""

from dataclasses import dataclass, field

from django.db.models import Case, Count, F, Func, JSONField, Value, When

from classifier.models import ModelVersion, ModelVersionStatus
from training.ml.evaluation.stored import StoredReport, SuiteReport
from training.ml.json_reader import read
from training.models import Dataset, Evaluation, TestSuite, TestSuiteResult

PAGE_SIZE = 25
SMALL = ("metrics", "speed", "size", "rows", "differences", "mcnemar", "suites", "slices")
STATUSES = [("", "All"), *ModelVersionStatus.choices]


@dataclass(frozen=True)
class VersionPage:
    """One page of versions, the one in production first and then the newest; `pages` is how many pages there are."""

    versions: list[ModelVersion]
    number: int
    pages: int
    counts: dict[str, int] = field(default_factory=dict)


def version_page(*, status: str = "", number: int = 1, size: int = PAGE_SIZE) -> VersionPage:
    """Return a page of versions, of one status where given, and how many have each."""
    rows = ModelVersion.objects.order_by().values_list("status").annotate(Count("id"))
    counts = dict.fromkeys(ModelVersionStatus.values, 0) | dict(rows)
    counts |= {"": sum(counts.values())}
    pages = max(1, -(-counts.get(status, 0) // size))
    number = min(max(number, 1), pages)
    versions = ModelVersion.objects.filter(status=status) if status else ModelVersion.objects.all()
    versions = versions.prefetch_related("slots")
    in_production = Case(When(status=ModelVersionStatus.ACTIVE, then=0), default=1)
    shown = list(versions.order_by(in_production, "-id")[(number - 1) * size : number * size])
    return VersionPage(shown, number, pages, counts)


def rows_fingerprint(test_set: Dataset | None) -> str:
    """Return what identifies the rows that every version is measured on; empty without a test set."""
    return str(test_set.fingerprints.get("test") or "") if test_set is not None else ""


def small_reports(*, version_ids: list[int], fingerprint: str) -> dict[int, StoredReport]:
    """Return {version id: its report on the rows of this fingerprint, without curves and texts}, in one query."""
    rows = Evaluation.objects.filter(model_version_id__in=version_ids, baseline="", fingerprint=fingerprint)
    reports = rows.values_list("model_version_id", _small())
    return {int(pk): StoredReport.of(report) for pk, report in reports if pk}


def baseline_report(*, baseline: str, fingerprint: str) -> StoredReport:
    """Return the latest small report of a baseline on these rows, empty where there is none."""
    rows = Evaluation.objects.filter(baseline=baseline, fingerprint=fingerprint).order_by("-id")
    return StoredReport.of(rows.values_list(_small(), flat=True).first())


def suite_reports(*, version_ids: list[int]) -> dict[tuple[int, int], SuiteReport]:
    """Return {(suite id, version id): report} of the suites in use."""
    rows = TestSuiteResult.objects.filter(suite__retired_at__isnull=True, model_version_id__in=version_ids)
    return {(row.suite_id, row.model_version_id): read(SuiteReport, row.report) for row in rows}


def suites_in_use() -> list[TestSuite]:
    """Return the suites that every version is run on, without their cases."""
    return list(TestSuite.objects.filter(retired_at__isnull=True).defer("cases"))


def _small() -> Func:
    parts = (
        part
        for key in SMALL
        for part in (
            Value(key),
            Func(F("report"), Value(key), function="jsonb_extract_path", output_field=JSONField()),
        )
    )
    return Func(*parts, function="jsonb_build_object", output_field=JSONField())
