"""Correcting the label of one row of a dataset, undoing that, and building the dataset that holds the corrections.

The files of a dataset never change. A correction is a row of its own, which the next dataset takes over: the corrected
one that is built here, a mixture of which this dataset is a part, and the next dataset of decisions that has the text.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.models import User
from toxicsite.lib.upsert import try_insert
from training.core.errors import DatasetRejected, NotAllowedNow
from training.datasets.dataset_builder import check_new, dataset_store, incoming_folder, run_child
from training.ml.evaluation.stored import LabelIssue
from training.ml.file_format.rows import pick_rows, text_digest
from training.models import SPLITS, Dataset, DatasetKind, Evaluation, LabelFix

MAY_FIX = "training.add_dataset"
FIX, UNDO = "dataset.fix_label", "dataset.undo_fix"
RowLabel = tuple[str, int, str]
"""Split, row and label: what a correction is about."""


@dataclass(frozen=True)
class LabelError:
    """A row whose given label a model doubts, and the correction that stands, if any."""

    dataset: Dataset
    split: str
    issue: LabelIssue
    fix: LabelFix | None

    @property
    def key(self) -> str:
        """Name the row on its page."""
        return f"{self.split}-{self.issue.row}-{self.issue.label}"


def standing_fixes() -> "QuerySet[LabelFix]":
    """Select the corrections that nobody has undone."""
    return LabelFix.objects.filter(undoes__isnull=True, undone_by__isnull=True).order_by("id")


def fixes_of(dataset: Dataset) -> list[dict[str, Any]]:
    """Return the corrections that a dataset made of this one takes over: [{"split", "row", "label", "fixed"}, …]."""
    rows = standing_fixes().filter(dataset=dataset)
    return [dict(row) for row in rows.values("split", "row", "label", "fixed")]


def fixes_by_text() -> dict[str, list[tuple[datetime, str, int]]]:
    """Return {digest of a text: [(when, label, value), …], the oldest first} over all datasets."""
    fixes: dict[str, list[tuple[datetime, str, int]]] = defaultdict(list)
    rows = standing_fixes().values_list("digest", "created_at", "label", "fixed")
    for digest, created_at, label, fixed in rows:
        fixes[digest].append((created_at, label, fixed))
    return dict(fixes)


def label_errors(*, evaluation: Evaluation) -> list[LabelError]:
    """List the doubtful rows that an evaluation found in the test rows and in the training rows, the worst first.

    Rows of a dataset that is deleted are left out: nothing can be made of it any more.
    """
    run, report = evaluation.experiment, evaluation.stored_report
    splits = [
        ("test", evaluation.dataset, report.label_issues),
        ("train", run.dataset if run is not None else None, report.train_label_issues),
    ]
    errors: list[LabelError] = []
    for split, dataset, issues in splits:
        if dataset is None or not dataset.directory or dataset.deleted_at is not None:
            continue
        fixes: dict[RowLabel, LabelFix] = {
            (fix.split, fix.row, fix.label): fix
            for fix in standing_fixes().filter(dataset=dataset, split=split).select_related("by")
        }
        errors += [
            LabelError(dataset, split, issue, fixes.get((split, issue.row, issue.label))) for issue in issues
        ]
    return errors


def label_fix(*, dataset: Dataset, split: str, row: int, label: str, by: User | None) -> LabelFix:
    """Correct the label of a row (counted from 0) to the other value.

    Raises NotAllowedNow (there is no such row or label, it is unknown, or corrected already) and PermissionDenied.
    """
    require_permission(by, MAY_FIX)
    if dataset.kind == DatasetKind.GOLDEN:
        raise NotAllowedNow(
            "These rows are known answers: correct the known answer, then create the dataset again."
        )
    text, given = _row(dataset, split, row, label)
    if given not in (0, 1):
        raise NotAllowedNow(
            f"Whether {label} holds is not known of this row, so there is nothing to correct."
        )
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=dataset.pk)  # two people, one row
        if standing_fixes().filter(dataset=dataset, split=split, row=row, label=label).exists():
            raise NotAllowedNow("This label is corrected already.")
        fix = LabelFix.objects.create(
            dataset=dataset,
            split=split,
            row=row,
            digest=text_digest(text).hex(),
            label=label,
            given=given,
            fixed=1 - given,
            by=by,
        )
        _audit(FIX, fix, by)
    return fix


def label_fix_undo(*, fix: LabelFix, by: User | None) -> LabelFix:
    """Undo a correction; what was made with it stays as it is. Raises NotAllowedNow and PermissionDenied."""
    require_permission(by, MAY_FIX)
    if fix.undoes_id is not None:
        raise NotAllowedNow("This is not a correction.")
    names = ("dataset_id", "split", "row", "digest", "label", "given", "fixed")
    undo = LabelFix(**{name: getattr(fix, name) for name in names}, undoes=fix, by=by)
    with transaction.atomic():
        if not try_insert(undo):
            raise NotAllowedNow("This correction was taken back already.")
        _audit(UNDO, fix, by)
    return undo


def dataset_correct(*, dataset: Dataset, by: User | None) -> Dataset:
    """Build a dataset of its own from the rows with the corrections that stand.

    Raises DatasetRejected (there are none, or the files are gone) and PermissionDenied.
    """
    stamp = f"{timezone.now():%Y-%m-%d %H:%M:%S}"
    name = check_new(name=f"{dataset.name[:110]}, corrected {stamp}", by=by)
    fixes = fixes_of(dataset)
    if not fixes or not dataset.directory or dataset.deleted_at is not None:
        raise DatasetRejected("", f"No label of “{dataset}” is corrected, or it is gone.")
    with incoming_folder() as folder:
        job = {"reader": "corrected", "path": str(dataset.path.resolve()), "fixes": fixes}
        report = run_child(job, folder, bounded=False)
        report["statistics"]["corrected"] = len(fixes)
        if "decisions" in dataset.statistics:
            report["statistics"]["decisions"] = dataset.statistics["decisions"]
        return dataset_store(
            folder=folder,
            report=report,
            name=name,
            kind=DatasetKind.CORRECTED,
            parts=[{"dataset": dataset.pk, "name": dataset.name, "weight": 1.0, "rows": dataset.rows}],
            description=dataset.description,
            attribution=dataset.attribution,
            license_name=dataset.license_name,
            licence_class=dataset.licence_class,
            created_by=by,
        )


def _row(dataset: Dataset, split: str, row: int, label: str) -> tuple[str, int]:
    """Return the text of a row and the value of its label, as the files have them."""
    if not dataset.directory or dataset.deleted_at is not None or split not in SPLITS:
        raise NotAllowedNow(f"“{dataset}” has no such rows.")
    if label not in dataset.labels:
        raise NotAllowedNow(f"“{dataset}” has no label {label}.")
    try:
        rows = pick_rows(dataset.file(split), [row])
    except FileNotFoundError:
        rows = []
    if not rows:
        raise NotAllowedNow(f"“{dataset}” has no such row.")
    return str(rows[0]["text"]), int(rows[0][label])


def _audit(verb: str, fix: LabelFix, by: User | None) -> None:
    position = {"split": fix.split, "row": fix.row, "label": fix.label}
    data = {**position, "given": fix.given, "fixed": fix.fixed}
    audit_record(verb=verb, by=by, subject=f"dataset {fix.dataset_id}", data=data)
