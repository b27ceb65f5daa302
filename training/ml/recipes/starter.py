"""Starter: the model that ships with toxicsite, from base encoder to evaluated artifact.

manage.py train_starter --base thenlper/gte-small --data FOLDER
"""

from pathlib import Path
from typing import Any

from training.ml.artifact.export import WIKI_TOXIC_ATTRIBUTION, export_artifact, update_metrics
from training.ml.data.tables import load_table
from training.ml.evaluation.subject import evaluate_artifact
from training.ml.progress import Listener
from training.ml.recipes.distill import DistillConfig, distill
from training.ml.recipes.teacher import TeacherConfig, train_teacher

BASE_CREDIT = "Fine-tuned from gte-small by thenlper (MIT)."


def make_starter(
    teacher: TeacherConfig, student: DistillConfig, *, data: str, work: Path, output: Path, listener: Listener
) -> dict[str, Any]:
    """Train what is not trained yet, export the student to `output`, measure both on `data`'s test rows.

    Returns the manifest, whose metrics hold validation, test and the teacher's test.
    """
    # teacher, then the student made of its even layers
    if not (work / "teacher" / "run.json").is_file():
        train_teacher(teacher, work / "teacher", listener)
    if not (work / "student" / "run.json").is_file():
        distill(student, work / "student", listener)

    # artifacts of both, so that both are measured as they would be served
    export_artifact(work / "teacher", work / "teacher-model", name="starter-teacher")
    credit = (
        f"{WIKI_TOXIC_ATTRIBUTION} {BASE_CREDIT}" if "gte-small" in teacher.base else WIKI_TOXIC_ATTRIBUTION
    )
    export_artifact(work / "student", output, name="starter", attribution=credit, languages=["en"])

    # the official test rows, once each, leaked ones left out
    test = load_table(data, "test", text_column=student.data.text_column, labels=student.data.labels)
    measured = {
        name: evaluate_artifact(folder, test, listener=listener).metrics
        for name, folder in (("test", output), ("teacher_test", work / "teacher-model"))
    }
    return update_metrics(output, measured)
