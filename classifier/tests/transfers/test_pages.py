"""The pages of imports and exports: bring, look, start, watch, download; without scripts, by admins only."""

import errno
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifier.models import AuditEntry, Comment, Transfer, User
from classifier.tests.transfers.conftest import imported
from classifier.transfers.exports import export_create, filters_of
from classifier.transfers.worker import transfer_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(admin_person: User) -> Client:
    client = Client()
    client.force_login(admin_person)
    return client


def brought(client: Client, text: str, name: str = "forum.csv", **more: str) -> Any:
    file = SimpleUploadedFile(name, text.encode(), "text/csv")
    return client.post("/transfers/import/", {"file": file, **more})


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_file_is_looked_at_before_it_is_stored_and_then_watched(client: Client) -> None:
    answer = brought(client, "body;key;colour\n<b>hello</b>;1;red\n;2;blue\n", source="forum")
    transfer = Transfer.objects.get()
    assert answer.headers["Location"] == f"/transfers/{transfer.pk}/"
    draft = page(client, f"/transfers/{transfer.pk}/")
    assert "&lt;b&gt;hello&lt;/b&gt;" in draft
    assert "Not read: key, colour." in draft
    assert "Line 3: <b>text</b> This field may not be empty." in draft
    assert not Comment.objects.exists()

    address = f"/transfers/{transfer.pk}/start/"
    values = {"source": "forum", "column-text": "body", "column-external_id": "key"}
    looked = client.post(address, {**values, "look": "1"})
    assert "Not read: colour." in looked.content.decode()
    wrong = client.post(address, {"source": "no slug", "column-text": ""})
    assert wrong.status_code == 422
    assert "Say which column holds the text." in wrong.content.decode()
    assert client.post(address, values).headers["Location"] == f"/transfers/{transfer.pk}/"
    assert "Waits for the worker" in page(client, f"/transfers/{transfer.pk}/")
    assert 'hx-trigger="every 2s"' in page(client, "/transfers/live/")

    transfer_work(transfer_id=transfer.pk)
    done = page(client, f"/transfers/{transfer.pk}/?live=1")
    assert "Succeeded" in done
    assert "hx-trigger" not in done
    errors = client.get(f"/transfers/{transfer.pk}/errors/")
    assert b"3,text,This field may not be empty." in b"".join(errors.streaming_content)  # type: ignore[attr-defined]
    assert AuditEntry.objects.get(verb="import.errors").data == {"transfer": transfer.pk}
    assert Comment.objects.get().external_id == "1"
    again = client.post(address, values, follow=True)
    assert "has begun already" in again.content.decode()


@pytest.mark.parametrize(
    ("text", "words"), [("", "This file is empty."), ("\x00\x01\n", "NUL"), ("PK\x03\x04", "zip archive")]
)
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(
    text: str, words: str, client: Client, transfers_dir: Path
) -> None:
    answer = brought(client, text)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Transfer.objects.exists()
    assert not list(transfers_dir.glob("import-*"))
    assert client.post("/transfers/import/").status_code == 422


def test_a_draft_is_discarded_and_a_running_import_cancelled_and_resumed(client: Client) -> None:
    brought(client, "text\nhello\n")
    first = Transfer.objects.get()
    assert client.post(f"/transfers/{first.pk}/cancel/").headers["Location"] == "/transfers/"
    assert not Transfer.objects.exists()
    brought(client, "text\nhello\n")
    second = Transfer.objects.get()
    client.post(f"/transfers/{second.pk}/start/", {"source": "forum", "column-text": "text"})
    client.post(f"/transfers/{second.pk}/cancel/")
    assert "Cancelled by admin-person." in page(client, f"/transfers/{second.pk}/")
    client.post(f"/transfers/{second.pk}/resume/")
    transfer_work(transfer_id=second.pk)
    assert Comment.objects.get().text == "hello"


def test_few_comments_are_sent_at_once_and_many_become_a_file(client: Client, settings: Any) -> None:
    imported("text\none\ntwo\nthree\n")
    assert '<span class="num">3</span> comments' in page(client, "/transfers/export/")
    assert '<span class="num">1</span> comment<' in page(client, "/transfers/export/?text=two")
    sent = client.post("/transfers/export/", {"format": "csv", "text": "two"})
    assert b"two" in b"".join(sent.streaming_content)  # type: ignore[attr-defined]
    assert "attachment" in sent.headers["Content-Disposition"]

    settings.EXPORT_DIRECT_ROWS = 2
    made = client.post("/transfers/export/", {"format": "jsonl"})
    export = Transfer.objects.get(kind="export")
    assert made.headers["Location"] == f"/transfers/{export.pk}/"
    assert "Download" not in page(client, f"/transfers/{export.pk}/")
    assert client.post(f"/transfers/{export.pk}/file/").status_code == 302
    transfer_work(transfer_id=export.pk)
    assert "Download" in page(client, f"/transfers/{export.pk}/")
    file = client.post(f"/transfers/{export.pk}/file/")
    assert len(b"".join(file.streaming_content).splitlines()) == 3  # type: ignore[attr-defined]
    assert AuditEntry.objects.filter(verb="export.download", count=3).exists()


def test_a_wrong_filter_is_named_and_exports_nothing(client: Client) -> None:
    assert client.get("/transfers/export/?threshold=7").status_code == 422
    assert client.post("/transfers/export/", {"format": "csv", "band": "x"}).status_code == 422
    assert client.post("/transfers/export/", {"format": "xls"}).status_code == 422
    assert not AuditEntry.objects.filter(verb="export.comments").exists()


def test_who_does_not_see_every_source_sees_only_their_own_transfers(
    client: Client, admin_person: User
) -> None:
    other = export_create(filters=filters_of({}), file_format="csv", by=None)
    mine = export_create(filters=filters_of({}), file_format="csv", by=admin_person)
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    assert client.get(f"/transfers/{other.pk}/").status_code == 404
    assert client.post(f"/transfers/{other.pk}/file/").status_code == 404
    listed = page(client, "/transfers/")
    assert f"Export {mine.pk}" in listed
    assert f"Export {other.pk}" not in listed


def test_the_limit_of_a_file_is_that_of_imports(client: Client, settings: Any) -> None:
    settings.TRANSFER_MAX_BYTES = 1_000
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert brought(client, "text\n" + "x\n" * 5_000).status_code == 413
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000
    answer = brought(client, "text\n" + "x\n" * 5_000)
    assert answer.status_code == 422
    assert "larger than 1,000 bytes" in answer.content.decode()


def test_a_file_that_cannot_be_read_to_its_end_is_not_offered_again(client: Client) -> None:
    transfer = imported("text\n" + "hello\n" * 3_000 + "x" * 5_000_000)
    shown = page(client, f"/transfers/{transfer.pk}/")
    assert "longer than 4,194,304 bytes" in shown
    assert "Resume" not in shown


def test_an_upload_that_finds_no_room_is_told_on_the_page(
    client: Client, transfers_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("classifier.transfers.services.os.fsync", disk_full)
    answer = brought(client, "text\nhi\n")
    assert answer.status_code == 507
    assert "The server&#x27;s disk is full, so nothing of this was stored." in answer.content.decode()
    assert not Transfer.objects.exists()
    assert list(transfers_dir.iterdir()) == []
