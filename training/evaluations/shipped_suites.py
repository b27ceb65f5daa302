"""The test suites that ship with the code: they have no row in the database, and their results lie in evaluations."""

from typing import Any

from classifier.models import ModelVersion
from training.experiments.selectors import small_report
from training.ml.evaluation.suites import IDENTITIES, KINDS, shipped_suites
from training.models import Evaluation, TestSuite

SLUGS = {"kinds": KINDS, "identities": IDENTITIES}
DESCRIPTIONS = {
    KINDS: (
        "Disguised words, hate without swear words, veiled threats, abuse inside long texts, and harmless texts that "
        "look like abuse; each kind with cases on both sides."
    ),
    IDENTITIES: "Each identity term in the same neutral and insulting sentences.",
}


def shipped_suite_rows() -> dict[str, TestSuite]:
    """Return the shipped suites by their short name, as rows that are not in the database."""
    by_name = {suite["name"]: suite for suite in shipped_suites()}
    return {slug: _row(by_name[name]) for slug, name in SLUGS.items()}


def _row(suite: dict[str, Any]) -> TestSuite:
    return TestSuite(
        name=suite["name"],
        kind=suite["kind"],
        label=suite["label"],
        cases=suite["cases"],
        groups=sorted({case["group"] for case in suite["cases"] if case["group"]}),
        description=DESCRIPTIONS[suite["name"]],
    )


def shipped_results(*, name: str, limit: int = 200) -> list[tuple[ModelVersion, dict[str, Any]]]:
    """Return (version, report) on a shipped suite of the versions that were run on it, the newest version first."""
    rows = Evaluation.objects.on_test_sets().filter(model_version__isnull=False).order_by("id")
    reports: dict[int, dict[str, Any]] = {}
    for version_id, report in rows.values_list("model_version_id", small_report("suites")):
        for suite in report.get("suites") or []:
            if suite.get("id") is None and suite.get("name") == name:
                reports[int(version_id or 0)] = suite
    newest = sorted(reports, reverse=True)[:limit]
    versions = ModelVersion.objects.defer("manifest").in_bulk(newest)
    return [(versions[pk], reports[pk]) for pk in newest]
