"""Imports and exports through the API: raw and in a form, followed, cancelled, narrowed, and refused with reasons."""

import csv
import errno
import json
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from classifier.api_keys.services import api_key_create
from classifier.models import AuditEntry, Comment, Source, Transfer, User
from classifier.tests.transfers.conftest import imported
from classifier.transfers.services import transfers_sweep
from classifier.transfers.worker import transfer_work
from toxicsite.tests.small_disk import SmallDisk, small_disk_or_skip

pytestmark = pytest.mark.django_db


class Program:
    def __init__(self, owner: User, *scopes: str, sources: Any = ()) -> None:
        _, plaintext = api_key_create(
            name="program", owner=owner, scopes=scopes or ("admin",), sources=sources, by=None
        )
        self.headers: Any = {"Authorization": f"Bearer {plaintext}"}
        self.client = Client()

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query, headers=self.headers)

    def post(self, path: str, body: Any, content_type: str = "text/csv") -> Any:
        extra: Any = {"CONTENT_TYPE": content_type}  # the test client leaves it out of an empty body
        return self.client.post(
            f"/api/v1/{path}", body, content_type=content_type, headers=self.headers, **extra
        )

    def form(self, path: str, fields: Any) -> Any:
        return self.client.post(f"/api/v1/{path}", fields, headers=self.headers)


@pytest.fixture
def program(admin_person: User) -> Program:
    return Program(admin_person)


def streamed(response: Any) -> str:
    return str(b"".join(response.streaming_content).decode())


def test_a_file_is_sent_as_the_body_and_followed_to_its_end(program: Program) -> None:
    sent = program.post(
        "imports/?source=forum&name=old.csv&columns=text:body,external_id:key", b"body,key\nhi,1\n,2\n"
    )
    assert sent.status_code == 202
    body = sent.json()
    assert (body["status"], body["name"], body["source"], body["total_rows"]) == (
        "queued",
        "old.csv",
        "forum",
        None,
    )
    assert sent.headers["Location"] == body["url"]
    transfer_work(transfer_id=body["id"])
    done = program.get(f"transfers/{body['id']}/").json()
    assert (done["status"], done["stored"], done["error_rows"], done["rows_per_second"]) == (
        "succeeded",
        1,
        1,
        None,
    )
    told = program.get(f"transfers/{body['id']}/errors/")
    assert [row["error_field"] for row in csv.DictReader(StringIO(streamed(told)))] == ["text"]
    assert [one["id"] for one in program.get("transfers/").json()["items"]] == [body["id"]]
    assert AuditEntry.objects.get(verb="import.comments").api_key is not None


def test_a_file_is_sent_in_a_form(program: Program) -> None:
    file = SimpleUploadedFile("given.jsonl", b'{"text": "hello"}\n')
    sent = program.form("imports/?source=forum", {"file": file})
    assert (sent.status_code, sent.json()["name"], sent.json()["format"]) == (202, "given.jsonl", "jsonl")
    assert program.form("imports/", {}).status_code == 400


def test_a_chunked_body_is_read_as_it_comes(program: Program) -> None:
    extra: Any = {
        "CONTENT_TYPE": "text/csv",
        "wsgi.input": BytesIO(b"text\nhello\n"),
        "wsgi.input_terminated": True,
    }
    headers = {**program.headers, "Transfer-Encoding": "chunked"}
    sent = program.client.generic("POST", "/api/v1/imports/", b"", headers=headers, **extra)
    assert sent.status_code == 202
    transfer_work(transfer_id=sent.json()["id"])
    assert Comment.objects.get().text == "hello"


def test_a_chunked_body_that_breaks_off_is_refused_and_leaves_no_file(
    program: Program, transfers_dir: Path
) -> None:
    class BreaksOff(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise KeyError("servers raise what they like")
            return super().read(size)

    extra: Any = {
        "CONTENT_TYPE": "text/csv",
        "wsgi.input": BreaksOff(b"text\nhello\n"),
        "wsgi.input_terminated": True,
    }
    headers = {**program.headers, "Transfer-Encoding": "chunked"}
    sent = program.client.generic("POST", "/api/v1/imports/", b"", headers=headers, **extra)
    assert sent.status_code == 400, sent.content
    assert not Transfer.objects.exists()
    assert not list(transfers_dir.iterdir())


@pytest.mark.parametrize(
    ("query", "body", "content_type", "status", "words"),
    [
        ("", b"", "text/csv", 400, "empty"),
        ("", b"words\nhi\n", "text/csv", 400, "which column holds the text"),
        ("", b"PK\x03\x04", "application/octet-stream", 400, "zip archive"),
        ("?columns=colour:text", b"text\nhi\n", "text/csv", 400, "no such field"),
        ("?source=no%20slug", b"text\nhi\n", "text/csv", 400, "letters, digits"),
        ("?format=xls", b"text\nhi\n", "text/csv", 400, "must be one of"),
        ("?shape=round", b"text\nhi\n", "text/csv", 400, "is unknown"),
        ("?encoding=klingon", b"text\nhi\n", "text/csv", 400, "no encoding"),
        ("?time_zone=Mars/Base", b"text\nhi\n", "text/csv", 400, "no time zone"),
        ("?decisions=bin:burn", b"text\nhi\n", "text/csv", 400, "must be mapped to"),
        ("", b"{}", "application/json", 415, "text/csv"),
    ],
)
def test_what_cannot_be_imported_is_a_problem_and_leaves_nothing(
    query: str, body: bytes, content_type: str, status: int, words: str, program: Program, transfers_dir: Any
) -> None:
    answer = program.post(f"imports/{query}", body, content_type)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.content.decode()
    assert not Transfer.objects.exists()
    assert not list(transfers_dir.glob("*"))


def test_an_import_is_cancelled_once(program: Program) -> None:
    made = program.post("imports/", b"text\nhi\n").json()["id"]
    cancelled = program.post(f"transfers/{made}/cancel/", "{}", "application/json")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "failed")
    assert program.post(f"transfers/{made}/cancel/", "{}", "application/json").status_code == 409
    assert program.get(f"transfers/{made}/errors/").status_code == 404


def test_comments_are_exported_by_the_filters_of_the_queue(program: Program) -> None:
    imported("text,source\none,blog\ntwo,forum\n")
    rows = [json.loads(line) for line in streamed(program.get("exports/comments/")).splitlines()]
    assert [row["text"] for row in rows] == ["one", "two"]
    answer = program.get("exports/comments/", format="csv", source="forum", status="pending")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert [row["text"] for row in csv.DictReader(StringIO(streamed(answer), newline=""))] == ["two"]
    assert program.get("exports/comments/", band="x").status_code == 400
    assert program.get("exports/comments/", order="risk").status_code == 400


def test_a_key_for_some_sources_exports_and_imports_only_those(admin_person: User) -> None:
    imported("text,source\none,blog\ntwo,forum\n")
    blog = Source.objects.get(slug="blog")
    program = Program(admin_person, sources=[blog])
    assert '"two"' not in streamed(program.get("exports/comments/"))
    assert program.post("imports/?source=forum", b"text\nhi\n").status_code == 400
    made = program.post("imports/?source=blog", b"text,source\nhi,\nho,forum\n").json()["id"]
    transfer_work(transfer_id=made)
    assert sorted(Comment.objects.values_list("text", flat=True)) == ["hi", "one", "two"]
    assert [one["id"] for one in program.get("transfers/").json()["items"]] == [made]


def test_a_key_needs_the_scope_and_its_owner_the_permission(admin_person: User, moderator: User) -> None:
    for program in (Program(admin_person, "submit", "moderate"), Program(moderator, "admin")):
        assert program.post("imports/", b"text\nhi\n").status_code == 403
        assert program.get("transfers/").status_code == 403
        assert program.get("exports/comments/").status_code == 403


@pytest.mark.parametrize("in_a_form", [False, True])
def test_an_upload_that_finds_no_room_leaves_nothing_behind(
    in_a_form: bool, program: Program, transfers_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("classifier.transfers.services.os.fsync", disk_full)
        if in_a_form:
            sent = program.form("imports/", {"file": SimpleUploadedFile("a.csv", b"text\nhi\n")})
        else:
            sent = program.post("imports/", b"text\nhi\n")
    assert (sent.status_code, sent["Content-Type"]) == (507, "application/problem+json")
    assert [error["pointer"] for error in sent.json()["errors"]] == ["#/file"]
    assert "disk is full" in sent.json()["detail"]
    assert list(transfers_dir.iterdir()) == []
    assert not Transfer.objects.exists()
    assert program.post("imports/", b"text\nhi\n").status_code == 202


def test_an_import_that_finds_no_room_waits_for_it(
    program: Program, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = program.post("imports/", b"text,external_id\nhi,1\n,2\n").json()
    with monkeypatch.context() as patch:
        patch.setattr("classifier.transfers.file_run.os.fsync", disk_full)
        transfer_work(transfer_id=made["id"])
    assert not Comment.objects.exists()
    assert program.get(f"transfers/{made['id']}/").json()["status"] == "running"
    Transfer.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    transfers_sweep()
    transfer_work(transfer_id=made["id"])
    found = program.get(f"transfers/{made['id']}/").json()
    assert (found["status"], found["stored"], found["error_rows"]) == ("succeeded", 1, 1)


@pytest.fixture
def disk(tmp_path: Path, settings: Any) -> Iterator[SmallDisk]:
    """A small disk for files of imports and exports."""
    with small_disk_or_skip(tmp_path / "disk", mebibytes=8) as disk:
        settings.TRANSFERS_DIR = disk.folder / "transfers"
        settings.TRANSFERS_DIR.mkdir()
        yield disk


@pytest.mark.parametrize("full_from_the_start", [True, False])
def test_an_upload_to_a_disk_that_is_full_is_refused_and_taken_once_there_is_room(
    full_from_the_start: bool, program: Program, disk: SmallDisk, settings: Any
) -> None:
    rows = b"text\n" + b"A kind word for everybody.\n" * 400_000  # 10 MiB: more than the whole disk
    if full_from_the_start:
        disk.fill()
        rows = b"text\nhi\n"
    sent = program.post("imports/", rows)
    assert (sent.status_code, sent.json()["type"].rpartition(":")[2]) == (507, "no-room")
    assert [error["pointer"] for error in sent.json()["errors"]] == ["#/file"]
    assert list(settings.TRANSFERS_DIR.iterdir()) == []
    assert not Transfer.objects.exists()
    if full_from_the_start:
        disk.free()
    assert program.post("imports/", b"text\nhi\n").status_code == 202


def test_an_import_whose_file_of_errors_finds_no_room_goes_on_once_there_is(
    program: Program, disk: SmallDisk
) -> None:
    made = program.post("imports/", b"text,external_id\nhi,1\n,2\n").json()
    disk.fill()
    transfer_work(transfer_id=made["id"])
    assert not Comment.objects.exists()
    assert program.get(f"transfers/{made['id']}/").json()["status"] == "running"
    disk.free()
    Transfer.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    transfers_sweep()
    transfer_work(transfer_id=made["id"])
    found = program.get(f"transfers/{made['id']}/").json()
    assert (found["status"], found["stored"], found["error_rows"]) == ("succeeded", 1, 1)


def disk_full(*args: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
