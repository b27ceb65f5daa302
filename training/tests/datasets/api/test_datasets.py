"""Datasets through the API: upload, hub, decisions, mixture, test set, delete."""

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError

from toxicsite.tests.small_disk import small_disk_or_skip
from training.models import Dataset
from training.tests.api.conftest import Program, assert_problem
from training.tests.experiments.pages.builders import make_dataset, make_run


def csv_file(rows: int = 60, bad_row: int | None = None) -> SimpleUploadedFile:
    lines = [f"comment number {n} about rain,{n % 2}" for n in range(rows)]
    if bad_row is not None:
        lines[bad_row] = "what is this,maybe"
    return SimpleUploadedFile("forum.csv", "\n".join(["body,label", *lines]).encode())


FORM = {"name": "Forum", "text_column": "body", "label_columns": "label=toxic"}


def test_an_upload_is_checked_and_frozen(program: Program) -> None:
    response = program.upload("/datasets/", {**FORM, "train": csv_file()})
    assert response.status_code == 201, response.content
    answer = response.json()
    assert (answer["kind"], answer["state"], answer["labels"]) == ("upload", "ready", ["toxic"])
    assert sum(answer["rows"].values()) == 60
    assert Dataset.objects.get(pk=answer["id"]).file("train").is_file()


def test_a_bad_row_is_told_and_nothing_is_stored(program: Program) -> None:
    response = program.upload("/datasets/", {**FORM, "train": csv_file(bad_row=7)})
    problem = assert_problem(response, 400, "invalid-request")
    assert "forum.csv" in problem["detail"]
    assert not Dataset.objects.exists()


@pytest.mark.parametrize("where", ["while it is copied", "in the child"])
def test_an_upload_that_finds_no_room_leaves_nothing_behind(
    where: str, program: Program, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        if where == "in the child":
            lines = "import os; raise OSError(28, os.strerror(28))"
            command = [sys.executable, "-c", lines]
            run = subprocess.run
            patch.setattr(
                "training.datasets.dataset_builder.subprocess.run",
                lambda _, **options: run(command, **options),
            )
        else:
            patch.setattr("training.datasets.services.run_child", disk_full)
        response = program.upload("/datasets/", {**FORM, "train": csv_file()})
    problem = assert_problem(response, 507, "no-room", "#/file")
    assert "disk is full" in problem["detail"]
    assert not Dataset.objects.exists()
    assert list(Path(settings.DATASETS_DIR).iterdir()) == []


def test_an_upload_to_a_full_disk_is_refused_and_taken_once_there_is_room(
    program: Program, settings: Any, tmp_path: Path
) -> None:
    with small_disk_or_skip(tmp_path / "disk", mebibytes=8) as disk:
        settings.DATASETS_DIR = disk.folder / "datasets"
        settings.DATASETS_DIR.mkdir()
        disk.fill()
        response = program.upload("/datasets/", {**FORM, "train": csv_file()})
        assert_problem(response, 507, "no-room", "#/file")
        assert list(settings.DATASETS_DIR.iterdir()) == []
        assert not Dataset.objects.exists()
        disk.free()
        assert program.upload("/datasets/", {**FORM, "train": csv_file()}).status_code == 201


def test_a_data_set_without_its_row_leaves_no_folder(
    program: Program, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(row: Any) -> bool:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("training.datasets.dataset_builder.try_insert", away)
    assert_problem(program.upload("/datasets/", {**FORM, "train": csv_file()}), 503, "unavailable")
    assert list(Path(settings.DATASETS_DIR).iterdir()) == []


def disk_full(*args: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"colour": "red"}, "#/colour"),
        ({"name": ""}, "#/name"),
        ({"train": "no file"}, "#/train"),
        ({"train": SimpleUploadedFile("empty.csv", b"")}, "#/train"),
    ],
)
def test_a_wrong_field_of_the_form_is_named(program: Program, change: dict[str, Any], pointer: str) -> None:
    response = program.upload("/datasets/", {**FORM, "train": csv_file(), **change})
    assert_problem(response, 400, "invalid-request", pointer)


def test_an_upload_must_be_a_form(program: Program) -> None:
    problem = assert_problem(program("POST", "/datasets/", FORM), 415, "unsupported-media-type")
    assert "multipart/form-data" in problem["detail"]


def test_a_form_that_is_too_large_is_refused_unread(program: Program, settings: Any) -> None:
    settings.DATASET_MAX_BYTES = 1
    big = SimpleUploadedFile("big.csv", b"x" * 2_000_000)
    assert_problem(program.upload("/datasets/", {**FORM, "train": big}), 413, "body-too-large")


def test_a_hub_data_set_waits_for_the_worker(program: Program) -> None:
    body = {"name": "wiki", "hub_name": "OxAISH-AL-LLM/wiki_toxic", "text_column": "comment_text"}
    response = program("POST", "/datasets/hub/", {**body, "label_columns": {"label": "toxic"}})
    assert response.status_code == 201
    assert response.json()["state"] == "loading"
    again = program("POST", "/datasets/hub/", {**body, "label_columns": {"label": "toxic"}})
    assert_problem(again, 400, "invalid-request", "#/name")
    wrong = program("POST", "/datasets/hub/", {**body, "name": "b", "hub_name": "../../etc"})
    assert_problem(wrong, 400, "invalid-request", "#/hub_name")
    pk = response.json()["id"]
    assert_problem(program("POST", f"/datasets/{pk}/load-again/"), 409, "not-allowed-now")


def test_too_few_decisions_are_a_sentence(program: Program) -> None:
    problem = assert_problem(program("POST", "/datasets/decisions/", {"name": "D"}), 400, "invalid-request")
    assert "at least 20 are needed" in problem["detail"]
    wrong = program("POST", "/datasets/decisions/", {"name": "D", "test_share": 2})
    assert_problem(wrong, 400, "invalid-request", "#/test_share")


def test_a_part_that_is_not_there_is_named(program: Program, dataset: Dataset) -> None:
    body = {"name": "Mixed", "parts": [{"dataset": dataset.pk}, {"dataset": 999_999, "weight": 2}]}
    assert_problem(program("POST", "/datasets/mixture/", body), 400, "invalid-request", "#/parts/1/dataset")
    heavy = {
        "name": "Mixed",
        "parts": [{"dataset": dataset.pk}, {"dataset": make_dataset("b").pk, "weight": -1}],
    }
    assert_problem(program("POST", "/datasets/mixture/", heavy), 400, "invalid-request", "#/parts")


def test_one_becomes_the_test_set_and_can_then_not_be_deleted(program: Program, dataset: Dataset) -> None:
    other = make_dataset("Other", is_test_set=True)
    assert program("POST", f"/datasets/{dataset.pk}/make-test-set/").json()["is_test_set"] is True
    assert_problem(program("DELETE", f"/datasets/{dataset.pk}/"), 409, "not-allowed-now")
    make_run(other)
    problem = assert_problem(program("DELETE", f"/datasets/{other.pk}/"), 409, "not-allowed-now")
    assert "is not over" in problem["detail"]


def test_a_deleted_one_is_gone_from_list_and_address(program: Program, dataset: Dataset) -> None:
    assert program("GET", f"/datasets/{dataset.pk}/").json()["rows"]["train"] == 127_656
    assert program("DELETE", f"/datasets/{dataset.pk}/").status_code == 204
    assert program("GET", "/datasets/").json()["items"] == []
    assert_problem(program("GET", f"/datasets/{dataset.pk}/"), 404, "not-found")


def test_what_freezing_would_take_in_is_counted_before(program: Program) -> None:
    answer = program("GET", "/datasets/decisions/").json()
    assert answer["total"] == 0
    assert set(answer["left_out"]) == {"by_policies", "golden", "purged", "edited"}


def test_golden_items_that_are_too_few_are_a_sentence(program: Program) -> None:
    problem = assert_problem(program("POST", "/datasets/golden/"), 400, "invalid-request")
    assert "at least 10 are needed" in problem["detail"]
