"""Test suites and how the versions did on them."""

from django.db.models import Func, IntegerField, QuerySet

from training.models import TestSuite, TestSuiteResult


def suite_list() -> QuerySet[TestSuite]:
    """Every suite with the number of its cases as `case_count`, those in use first; the cases stay in the database."""
    count = Func("cases", function="jsonb_array_length", output_field=IntegerField())
    return (
        TestSuite.objects.annotate(case_count=count)
        .defer("cases")
        .select_related("created_by")
        .order_by("retired_at", "name")
    )


def suite_results(*, suite: TestSuite) -> list[TestSuiteResult]:
    """The results of every version on it, the newest version first."""
    rows = TestSuiteResult.objects.filter(suite=suite).select_related("model_version")
    return list(rows.defer("model_version__manifest").order_by("-model_version_id"))
