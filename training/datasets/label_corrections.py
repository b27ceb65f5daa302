"""Correcting the label of one frozen row, taking that back, and making the dataset that holds the corrections.

A frozen file never changes. A correction is a row of its own, which the next dataset takes over: the corrected one
that is made here, a mixture of which this dataset is a part, and the next dataset of decisions that has the text.
"""

from django.db import transaction
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.models import User
from toxicsite.lib.upsert import try_insert
from training.core.errors import DatasetRejected, NotAllowedNow
from training.datasets.correction_selectors import fixes_of, standing_fixes
from training.datasets.dataset_builder import check_new, dataset_store, incoming_folder, run_child
from training.ml.frozen.rows import text_digest
from training.ml.frozen.store import pick_rows
from training.models import SPLITS, Dataset, DatasetKind, LabelFix

MAY_FIX = "training.add_dataset"
FIX, UNDO = "dataset.fix_label", "dataset.undo_fix"


def label_fix(*, dataset: Dataset, split: str, row: int, label: str, by: User | None) -> LabelFix:
    """Say that the label of a row (counted from 0) is the other one.

    Raises NotAllowedNow (there is no such row or label, it is unknown, or corrected already) and PermissionDenied.
    """
    require_permission(by, MAY_FIX)
    if dataset.kind == DatasetKind.GOLDEN:
        raise NotAllowedNow("These rows are known answers: correct the known answer, then freeze anew.")
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
    """Take a correction back; what was made with it stays as it is. Raises NotAllowedNow and PermissionDenied."""
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
    """Freeze the rows again with the corrections that stand, as a dataset of its own.

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
            created_by=by,
        )


def _row(dataset: Dataset, split: str, row: int, label: str) -> tuple[str, int]:
    """The text, and the label's value, as frozen."""
    if not dataset.directory or dataset.deleted_at is not None or split not in SPLITS:
        raise NotAllowedNow(f"“{dataset}” has no such rows.")
    if label not in dataset.labels:
        raise NotAllowedNow(f"“{dataset}” has no label {label}.")
    try:
        found = pick_rows(dataset.file(split), [row])
    except FileNotFoundError:
        found = []
    if not found:
        raise NotAllowedNow(f"“{dataset}” has no such row.")
    return str(found[0]["text"]), int(found[0][label])


def _audit(verb: str, fix: LabelFix, by: User | None) -> None:
    place = {"split": fix.split, "row": fix.row, "label": fix.label}
    data = {**place, "given": fix.given, "fixed": fix.fixed}
    audit_record(verb=verb, by=by, subject=f"dataset {fix.dataset_id}", data=data)
