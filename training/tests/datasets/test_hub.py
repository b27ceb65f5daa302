"""Hub datasets: asked for at once, loaded by the worker with the real `datasets` library, told when they cannot be."""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from classifier.models import User
from training.core.errors import DatasetRejected, NotAllowedNow
from training.datasets.hub import LOAD_LOCK, dataset_from_hub, dataset_load, dataset_load_again
from training.ml.file_format.hub import read_hub
from training.ml.file_format.rows import Limits, RowsRejected
from training.models import Dataset
from training.tests.datasets.conftest import as_jsonl, rows_of


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`datasets` takes acme/toy of the working directory as it takes one of the hub."""
    folder = tmp_path / "hub" / "acme" / "toy"
    folder.mkdir(parents=True)
    rows = [{"comment": row["text"], "label": row["toxic"]} for row in rows_of(40)]
    (folder / "train.jsonl").write_bytes(as_jsonl([*rows, {"comment": " ", "label": 0}]))
    (folder / "test.jsonl").write_bytes(as_jsonl([{"comment": "to measure with", "label": 1}]))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    return tmp_path / "hub"


def wanted(name: str = "Toy", hub_name: str = "acme/toy", **more: Any) -> Dataset:
    return dataset_from_hub(
        name=name,
        hub_name=hub_name,
        text_column="comment",
        label_columns={"label": "toxic"},
        **{"by": None, **more},
    )


def test_it_waits_until_the_worker_has_loaded_it(
    db: None, redis_clean: None, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = wanted()
    assert (dataset.state, dataset.directory, dataset.origin) == ("loading", "", "acme/toy")
    assert dataset not in Dataset.objects.ready()
    # The child runs in an empty folder, where no name can be a path; here that folder holds the "hub".
    monkeypatch.setattr("training.datasets.dataset_builder.EMPTY_FOLDER", str(hub_cache))
    dataset_load(dataset_id=dataset.pk)
    dataset.refresh_from_db()
    assert dataset.state == "ready"
    assert dataset.rows["test"] == 1
    assert dataset.rows["train"] + dataset.rows["validation"] == 40
    assert dataset.statistics["left_out"] == {"empty": 1}
    assert dataset.statistics["cut"] == ["validation"]
    before = dataset.directory
    dataset_load(dataset_id=dataset.pk)  # the bell rings twice
    dataset.refresh_from_db()
    assert dataset.directory == before


def test_what_cannot_be_had_is_failed_with_the_reason_and_can_be_tried_again(
    db: None, redis_clean: None, model_admin: User, datasets_dir: Path
) -> None:
    dataset = wanted(hub_name="acme/does-not-exist")
    dataset_load(dataset_id=dataset.pk)
    dataset.refresh_from_db()
    assert dataset.state == "failed"
    assert "acme/does-not-exist" in dataset.statistics["problem"]
    assert list(datasets_dir.iterdir()) == []
    dataset_load(dataset_id=dataset.pk)  # failed ones wait for a person
    dataset_load_again(dataset=dataset, by=model_admin)
    dataset.refresh_from_db()
    assert dataset.state == "loading"
    with pytest.raises(NotAllowedNow, match=r"^“Toy” has not failed to load\.$"):
        dataset_load_again(dataset=dataset, by=model_admin)


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_load_the_same_one(redis_clean: None, datasets_dir: Path) -> None:
    dataset = wanted()

    def hold(ready: threading.Event, done: threading.Event) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOAD_LOCK, dataset.pk])
            ready.set()
            done.wait(20)
        connection.close()

    ready, done = threading.Event(), threading.Event()
    other = threading.Thread(target=hold, args=(ready, done))
    other.start()
    ready.wait(10)
    dataset_load(dataset_id=dataset.pk)
    done.set()
    other.join(20)
    dataset.refresh_from_db()
    assert dataset.state == "loading"
    assert not datasets_dir.exists()


@pytest.mark.parametrize(
    "name", ["../../etc", "/etc/passwd", "a/b/c", "./data", ".hidden/x", "", "a b/c", "C:\\x"]
)
def test_a_path_is_no_hub_name(name: str, db: None) -> None:
    with pytest.raises(
        DatasetRejected,
        match=r"is no hub name; write it as OWNER/NAME, for example OxAISH-AL-LLM/wiki_toxic\.$",
    ) as refused:
        wanted(hub_name=name)
    assert refused.value.field == "hub_name"
    assert not Dataset.objects.exists()


def test_columns_that_are_not_there_are_named(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(hub_cache)
    with pytest.raises(RowsRejected, match="no column 'text' with the text; there is: comment, label"):
        read_hub("acme/toy", text_column="text", label_columns={"label": "toxic"}, limits=Limits())


def test_rows_over_the_limit_are_refused(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(hub_cache)
    with pytest.raises(RowsRejected, match="41 rows; at most 10"):
        read_hub("acme/toy", text_column="comment", label_columns={"label": "toxic"}, limits=Limits(rows=10))


def test_only_who_may_add_data_sets_asks_for_one(moderator: User, stranger: User) -> None:
    for person in (moderator, stranger):
        with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_dataset$"):
            wanted(by=person)
