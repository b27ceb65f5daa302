"""Known answers become test rows with one click, versions are measured on them, and nothing ever learns from them."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from classifier.comments.edits import comment_edit
from classifier.models import Comment, GoldenItem, ModelVersion, User
from classifier.quality.golden import golden_retire
from classifier.review.decisions import decision_record
from classifier.tests.conftest import active_version, artifacts, candidates, models_dir
from training.core.errors import DatasetRejected, NotAllowedNow
from training.datasets.from_decisions import dataset_from_decisions
from training.datasets.known_answers import dataset_from_known_answers, known_answers_summary
from training.datasets.mixtures import dataset_mix
from training.evaluations.services import evaluation_run, evaluation_start, evaluation_state
from training.experiments.selectors import version_measured
from training.ml.file_format.rows import read_splits
from training.models import Dataset, Evaluation
from training.tests.datasets.conftest import MakeDataset, rows_of
from training.tests.datasets.test_decisions import comments, decide, frozen_rows

__all__ = ["active_version", "artifacts", "candidates", "models_dir"]
URL = "/training/datasets/freeze/golden/"


@pytest.fixture
def golden(active_version: ModelVersion) -> list[Comment]:
    """Create twelve known answers, every third to be removed."""
    found = comments(active_version, [f"golden words {i}" for i in range(12)])
    for place, comment in enumerate(found):
        GoldenItem.objects.create(comment=comment, expected="approve" if place % 3 else "remove")
    return found


@pytest.fixture(autouse=True)
def runs_dir(tmp_path: Path, settings: Any) -> None:
    settings.RUNS_DIR = tmp_path / "runs"


def test_items_in_use_are_test_rows_and_nothing_else(golden: list[Comment], model_admin: User) -> None:
    golden_retire(item=GoldenItem.objects.get(comment=golden[1]), by=None)
    comment_edit(comment=golden[2], text="edited since", by=None)
    before = known_answers_summary()
    assert (before.approve, before.remove, before.edited) == (6, 4, 1)
    made = dataset_from_known_answers(by=model_admin)
    assert (made.kind, made.rows, made.labels) == ("golden", {"test": 10}, ["toxic"])
    assert made.statistics["left_out"] == {"edited": 1}
    frozen = frozen_rows(made)
    assert (frozen["golden words 0"]["toxic"], frozen["golden words 4"]["toxic"]) == (1, 0)
    assert not {"golden words 1", "golden words 2", "edited since"} & set(frozen)
    assert not Dataset.objects.trainable().exists()


def test_nothing_learns_from_them_not_even_from_the_same_words_elsewhere(
    golden: list[Comment], active_version: ModelVersion, moderator: User, upload: MakeDataset
) -> None:
    twin, *others = comments(active_version, ["Golden  WORDS 0", *(f"words {i}" for i in range(24))])
    decision_record(comment=twin, action="remove", by=moderator)
    decision_record(comment=golden[4], action="approve", by=moderator)
    decide(others, moderator)
    made = dataset_from_decisions(name="Decisions", by=None)
    assert set(frozen_rows(made)) == {f"words {i}" for i in range(24)}
    assert made.statistics["left_out"] == {"golden": 1}
    frozen = dataset_from_known_answers(by=None)
    with pytest.raises(DatasetRejected, match="for measuring alone"):
        dataset_mix(name="Mixed", parts=[(made, 1.0), (frozen, 1.0)], by=None)


def test_a_version_is_measured_on_them_beside_the_test_set(
    golden: list[Comment], active_version: ModelVersion, upload: MakeDataset, redis_clean: None
) -> None:
    test_set = upload("Test", test=rows_of(40))
    Dataset.objects.filter(pk=test_set.pk).update(is_test_set=True)
    frozen = dataset_from_known_answers(by=None)
    evaluation_start(model_version=active_version, by=None, on=frozen)
    assert evaluation_state(active_version) is None
    assert (evaluation_state(active_version, frozen) or {})["state"] == "queued"
    assert evaluation_run(model_version_id=active_version.pk, dataset_id=frozen.pk)
    measured = Evaluation.objects.get(model_version=active_version)
    assert (measured.dataset, measured.report["rows"]) == (frozen, 12)
    assert version_measured(version=active_version) is None  # what pages and lists compare is the test set
    assert version_measured(version=active_version, on=frozen.pk) is not None
    assert read_splits(frozen.path)["test"].table().fingerprint() == measured.fingerprint
    with pytest.raises(NotAllowedNow, match="only known answers"):
        evaluation_start(model_version=active_version, by=None, on=test_set)


def test_too_few_or_one_sided_ones_are_refused(active_version: ModelVersion) -> None:
    with pytest.raises(DatasetRejected, match="There are 0 known answers"):
        dataset_from_known_answers(by=None)
    for comment in comments(active_version, [f"words {i}" for i in range(10)]):
        GoldenItem.objects.create(comment=comment, expected="approve")
    with pytest.raises(DatasetRejected, match="No known answer has the answer “remove”"):
        dataset_from_known_answers(by=None)


def test_moderators_do_not_freeze_them(golden: list[Comment], moderator: User, client: Client) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_dataset$"):
        dataset_from_known_answers(by=moderator)
    client.force_login(moderator)
    assert client.post(URL).status_code == 403


def test_the_pages_freeze_and_measure(
    golden: list[Comment], active_version: ModelVersion, model_admin: User, client: Client, redis_clean: None
) -> None:
    client.force_login(model_admin)
    assert "Create dataset from known answers" in client.get("/training/datasets/freeze/").content.decode()
    version_url = f"/training/versions/{active_version.pk}/"
    assert 'id="golden"' not in client.get(version_url).content.decode()
    answer = client.post(URL)
    made = Dataset.objects.get(kind="golden")
    assert answer.headers["Location"] == f"/training/datasets/{made.pk}/"
    assert "Not measured yet on" in client.get(version_url).content.decode()
    client.post(f"{version_url}evaluate-golden/")
    assert evaluation_run(model_version_id=active_version.pk, dataset_id=made.pk)
    page = client.get(version_url).content.decode()
    assert f'href="?on={made.pk}#evaluation"' in page
    assert "Wrongly flagged" in page
    assert "12 frozen test rows" in client.get(f"{version_url}?on={made.pk}").content.decode()
    GoldenItem.objects.all().delete()
    refused = client.post(URL)
    assert refused.status_code == 422
    assert "There are 0 known answers" in refused.content.decode()
