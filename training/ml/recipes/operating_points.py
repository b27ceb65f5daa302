"""Operating points for a model folder that has none, measured on rows as it is served, and written into the folder."""

from pathlib import Path
from typing import Any

from training.ml.artifact.export import write_operating_points
from training.ml.data.tables import DataError, TextTable
from training.ml.evaluation.operating_points import measured_rows, points_by_label
from training.ml.evaluation.subject import Evaluation, evaluate_artifact
from training.ml.progress import Listener


def add_operating_points(
    folder: Path, rows: TextTable, *, name: str, backend: str = "auto", listener: Listener | None = None
) -> dict[str, Any]:
    """Measure the operating points of the artifact in `folder` on `rows` and write them into it; return the manifest.

    `rows` are validation rows that the model did not learn from, `name` says which they are. The model is scored as it
    is served; its thresholds, weights and version stay. Raises DataError where no row has a label of the model, and
    Cancelled.
    """
    return points_added(
        folder, rows, evaluate_artifact(folder, rows, backend=backend, listener=listener), name
    )


def points_added(folder: Path, rows: TextTable, measured: Evaluation, name: str) -> dict[str, Any]:
    """Write the operating points by scores that are there already; see add_operating_points."""
    known = [label for label in measured.labels if label in rows.labels]
    columns = [rows.labels.index(label) for label in known]
    of_model = TextTable(rows.texts, rows.targets[:, columns], rows.weights, tuple(known), rows.sources)
    scores = measured.scores[:, [measured.labels.index(label) for label in known]]
    points = points_by_label(scores, of_model, measured.thresholds)
    if not points:
        raise DataError(f"no row of {name} has one of the model's labels, {', '.join(measured.labels)}")
    return write_operating_points(folder, points, measured_rows(name, rows).to_dict())
