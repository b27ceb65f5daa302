"""The first page of the administration: how things stand, each number with the page behind it; then the tables.

Every part is shown to people who may open the page that it leads to, and counts only the sources that they see.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from classifier.model_versions.assembly import assembly_current
from classifier.models import Decision, ModelVersion, User
from classifier.review.selectors import decisions_visible_to
from classifier.statistics.dashboard import dashboard_of, summary
from classifier.statistics.drift import Drift
from classifier.statistics.pages.figures import time_of
from classifier.web.access import reader_of
from classifier.web.charts import NOTHING, count, share
from classifier.web.formatting import language_title
from toxicsite.first_run import first_run
from training.datasets.decision_summary import decisions_since_retraining
from training.experiments.pages.run_rows import RunRow, progress_of
from training.ml.evaluation.stored import StoredReport
from training.models import Dataset, Experiment
from training.promotion.pages.rows import version_row
from training.promotion.selectors import rows_fingerprint, small_reports
from training.web.formatting import METRIC_OF, Figure, key_figures

RUNS, DECISIONS = 5, 8
COLUMNS = (METRIC_OF["roc_auc"], METRIC_OF["pr_auc"], METRIC_OF["f1"])
DRIFT = {
    "few": "too few comments to tell",
    "stable": "as in the first weeks",
    "watch": "has moved a little",
    "shifted": "is another distribution",
}
GROUPS: dict[str, tuple[str, ...]] = {
    "Comments and review": (
        *("Comment", "Source", "Prediction", "Decision", "Appeal", "Report", "BulkAction", "SavedQueue"),
        *("GoldenItem", "SecondReview", "Suggestion", "Policy", "ShadowPolicy"),
    ),
    "People and connections": (
        *("User", "ApiKey", "ClientSeen", "Webhook", "WebhookDelivery", "ReferenceService", "ReferenceCall"),
        *("NoticeChannel", "NoticeDelivery", "Transfer"),
    ),
    "Models and training": (
        *("ModelVersion", "Experiment", "Dataset", "Evaluation", "TestSuite", "Sweep", "RetrainingPlan"),
    ),
    "Records": (
        *("AuditEntry", "CommentEvent", "ModelVersionEvent", "ExperimentEvent", "SweepEvent", "DayStatistic"),
    ),
}
"""The tables by what they are about; one that is not named here stands under OTHER."""
OTHER = "Other"


@dataclass(frozen=True)
class Tile:
    """One number with what it means and where it leads; `tone` marks what needs somebody."""

    title: str
    value: str
    detail: str
    url: str
    tone: str = ""


@dataclass(frozen=True)
class InProduction:
    """A version that judges comments: which texts, how well, and on which rows that was measured."""

    version: ModelVersion
    judges: str
    figures: list[Figure]
    measured_on: str


@dataclass(frozen=True)
class LastRun:
    row: RunRow
    figures: list[Figure]


def admin_home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the numbers to the context of the admin's first page: Unfold's dashboard callback."""
    user = reader_of(request)
    parts: tuple[tuple[str, str, Callable[[User], Any]], ...] = (
        ("home_tiles", "classifier.view_daystatistic", _tiles),
        ("home_production", "training.view_evaluation", _production),
        ("home_runs", "training.view_experiment", _runs),
        ("home_retraining", "training.view_retrainingplan", _retraining),
        ("home_decisions", "classifier.view_auditentry", _decisions),
        ("home_first_run", "classifier.change_user", first_run),
    )
    shown = {name: make(user) for name, permission, make in parts if user.has_perm(permission)}
    return {**context, **shown, "home_columns": COLUMNS, "home_tables": table_groups(context["app_list"])}


def table_groups(app_list: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the admin's tables under the titles of GROUPS, in their order there; empty groups are left out."""
    tables = {table["object_name"]: table for app in app_list for table in app["models"]}
    groups = [
        (title, [tables.pop(name) for name in names if name in tables]) for title, names in GROUPS.items()
    ]
    return [(title, rows) for title, rows in (*groups, (OTHER, list(tables.values()))) if rows]


def _tiles(user: User) -> list[Tile]:
    board = dashboard_of(user=user, source=None, days=1, now=timezone.now())
    today, queue, dashboard = summary(board.total), board.queue, reverse("dashboard")
    waiting = f"{reverse('queue-list')}?status=waiting"
    people, policies = sum(today["manual"].values()), sum(today["automatic"].values())
    inbound, toxic = today["inbound"], today["toxic"]
    tiles = [
        Tile(
            "Waiting for a person",
            count(queue.waiting),
            _waiting_detail(queue.escalated, queue.appeals),
            waiting,
        ),
        Tile(
            "Oldest",
            time_of(queue.oldest),
            f"{count(queue.over_day)} over a day",
            f"{waiting}&order=age",
            "warn" if queue.over_day else "",
        ),
        Tile(
            "Decided today",
            count(people + policies),
            f"{count(people)} by people, {count(policies)} by policies",
            dashboard,
        ),
        Tile(
            "Toxic today",
            share(toxic / inbound if inbound else None),
            f"{count(toxic)} of {count(inbound)} that came in",
            dashboard,
        ),
        _drift_tile(board.drifts, dashboard),
    ]
    if queue.pending or queue.failed:
        detail = (
            f"{count(queue.failed)} failed" if queue.failed else "scored by the worker as it comes to them"
        )
        tiles.append(
            Tile(
                "Without a verdict",
                count(queue.pending + queue.failed),
                detail,
                f"{reverse('comments')}",
                "warn" if queue.failed else "",
            )
        )
    return tiles


def _waiting_detail(escalated: int, appeals: int) -> str:
    return f"{count(escalated)} escalated, {count(appeals)} appeal{'' if appeals == 1 else 's'}"


def _drift_tile(drifts: list[Drift], dashboard: str) -> Tile:
    """Show the drift that has moved most; what cannot be told comes last."""
    known = [drift for drift in drifts if drift.index is not None]
    if not known:
        return Tile("Drift of scores", NOTHING, DRIFT["few"], f"{dashboard}#drift")
    most = max(known, key=lambda drift: drift.index or 0.0)
    where = language_title(most.language) if most.language else str(most.source or "all sources")
    tone = "warn" if most.level in ("watch", "shifted") else ""
    return Tile(
        "Drift of scores", f"{most.index:.3f}", f"{DRIFT[most.level]} ({where})", f"{dashboard}#drift", tone
    )


def _production(user: User) -> list[InProduction]:
    assembly = assembly_current()
    versions = ModelVersion.objects.in_bulk([version.pk for version in assembly.versions])
    reports = _reports(list(versions))
    rows = []
    for entry in assembly.versions:
        version = versions[entry.pk]
        row = version_row(version, reports.get(version.pk, StoredReport()), None)
        slots = [language_title(tag) for tag, judge in assembly.slots.items() if judge.pk == version.pk]
        default = assembly.default is not None and assembly.default.pk == version.pk
        judges = ", ".join(
            (["every text" if not assembly.slots else "all other texts"] if default else []) + slots
        )
        figures = [figure for figure in row.figures if figure.metric in COLUMNS]
        measured = (
            "not measured" if all(figure.estimate.value is None for figure in figures) else "the test set"
        )
        rows.append(InProduction(version, judges, figures, row.from_manifest or measured))
    return rows


def _runs(user: User) -> list[LastRun]:
    runs = list(Experiment.objects.visible().select_related("model_version", "dataset")[:RUNS])
    reports = _reports([run.model_version_id for run in runs if run.model_version_id])
    now = timezone.now()
    rows = []
    for run in runs:
        report = reports.get(run.model_version_id or 0, StoredReport())
        primary = run.model_version.primary_label if run.model_version is not None else ""
        figures = [figure for figure in key_figures(report, primary) if figure.metric in COLUMNS]
        rows.append(LastRun(RunRow(run, figures, progress_of(run), now), figures))
    return rows


def _retraining(user: User) -> dict[str, Any]:
    return {"new": decisions_since_retraining(user=user), "may": user.has_perm("training.run_experiment")}


def _decisions(user: User) -> list[Decision]:
    return list(decisions_visible_to(user=user).filter(automatic=False)[:DECISIONS])


def _reports(versions: list[int]) -> dict[int, StoredReport]:
    return small_reports(version_ids=versions, fingerprint=rows_fingerprint(Dataset.objects.test_set()))
