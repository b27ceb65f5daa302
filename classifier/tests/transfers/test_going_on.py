"""A transfer whose worker is killed, cancelled or asked to leave goes on where it was, and does nothing twice."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from classifier.models import Comment, Transfer, User
from classifier.tests.transfers.conftest import bring
from classifier.transfers import file_run, import_run
from classifier.transfers.exports import export_create, filters_of
from classifier.transfers.services import (
    TransferLost,
    TransferNotPossible,
    errors_file_of,
    file_of,
    tidy_up,
    transfer_cancel,
    transfer_claim,
    transfer_resume,
    transfers_dir,
    transfers_sweep,
)
from classifier.transfers.worker import transfer_work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_clean")]
ROWS = 50


class Killed(BaseException):
    """As if the process had gone."""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_run.ImportRun, "chunk_rows", 7)


def rows(bad: int = 10) -> str:
    """A CSV whose every `bad`-th text is empty; none has an ID that would keep it from being stored twice."""
    return "text\n" + "".join(f'"line\n{n}"\n' if n % bad else '" "\n' for n in range(1, ROWS + 1))


def texts() -> list[str]:
    return list(Comment.objects.order_by("id").values_list("text", flat=True))


def expected() -> list[str]:
    return [f"line\n{number}" for number in range(1, ROWS + 1) if number % 10]


def killed_after(transfer: Transfer, chunks: int) -> None:
    """Work on it until `chunks` are stored, then vanish with half a row in the file of errors."""
    claimed = transfer_claim(transfer_id=transfer.pk)
    assert claimed is not None
    seen = 0

    def told(row: Transfer) -> None:
        nonlocal seen
        seen += 1
        if seen == chunks:
            with (transfers_dir() / row.errors_file).open("ab") as stream:
                stream.write(b"99,text,half a ro")
            raise Killed

    with pytest.raises(Killed):  # noqa: PT011 - it has no message
        import_run.import_run(transfer=claimed, report=told)


def make_old(transfer: Transfer, **fields: Any) -> None:
    Transfer.objects.filter(pk=transfer.pk).update(heartbeat_at=timezone.now() - timedelta(hours=1), **fields)


def test_a_killed_import_goes_on_without_doubles_and_tells_every_error_once() -> None:
    transfer = bring(rows())
    for _ in range(2):
        killed_after(transfer, 2)
        make_old(transfer)
        transfers_sweep()
    transfer_work(transfer_id=transfer.pk)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.done_rows, transfer.error_rows) == ("succeeded", ROWS, 5)
    assert texts() == expected()
    path = errors_file_of(transfer)
    assert path is not None
    told = list(csv.DictReader(StringIO(path.read_text())))
    assert [row["error_line"] for row in told] == ["20", "39", "58", "77", "96"]


def test_an_error_in_the_middle_of_a_chunk_leaves_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    transfer = bring(rows())
    claimed = transfer_claim(transfer_id=transfer.pk)
    assert claimed is not None

    def dies(**kwargs: Any) -> None:
        if "position" in kwargs:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(file_run, "transfer_progress", dies)
        with pytest.raises(Killed):  # noqa: PT011 - it has no message
            import_run.import_run(transfer=claimed)
    assert texts() == []
    make_old(transfer)
    transfers_sweep()
    transfer_work(transfer_id=transfer.pk)
    assert texts() == expected()


def test_of_two_workers_that_both_believe_to_have_it_one_stops() -> None:
    transfer = bring(rows())
    slow = transfer_claim(transfer_id=transfer.pk)
    assert slow is not None
    assert transfer_claim(transfer_id=transfer.pk) is None
    killed_row = Transfer.objects.get(pk=transfer.pk)
    make_old(killed_row)
    transfers_sweep()
    transfer_work(transfer_id=transfer.pk)
    with pytest.raises(TransferLost, match=r"^import \d+ has another worker, or was cancelled$"):
        import_run.import_run(transfer=slow)
    assert texts() == expected()


def test_a_worker_that_is_asked_to_stop_gives_it_back_at_the_next_chunk() -> None:
    transfer = bring(rows())
    transfer_work(transfer_id=transfer.pk, shutdown_requested=lambda: True)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.done_rows) == ("queued", 7)
    transfer_work(transfer_id=transfer.pk)
    assert texts() == expected()


def test_a_cancelled_import_stops_keeps_what_it_stored_and_may_go_on(
    admin_person: User, moderator: User
) -> None:
    transfer = bring(rows())
    claimed = transfer_claim(transfer_id=transfer.pk)
    assert claimed is not None
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.change_transfer$"):
        transfer_cancel(transfer=transfer, by=moderator)
    with pytest.raises(TransferLost, match=r"^import \d+ has another worker, or was cancelled$"):
        import_run.import_run(
            transfer=claimed, report=lambda row: transfer_cancel(transfer=row, by=admin_person)
        )
    transfer.refresh_from_db()
    assert (transfer.status, transfer.failure_reason) == ("failed", "Cancelled by admin-person.")
    assert len(texts()) == 7
    with pytest.raises(TransferNotPossible, match=r"^This import is failed already\.$"):
        transfer_cancel(transfer=transfer, by=admin_person)
    transfer_resume(transfer=transfer, by=admin_person)
    transfer_work(transfer_id=transfer.pk)
    assert texts() == expected()
    with pytest.raises(TransferNotPossible, match=r"^This import is succeeded; only a failed one goes on\.$"):
        transfer_resume(transfer=transfer, by=admin_person)


def test_a_draft_is_not_begun_by_the_sweep_and_goes_with_its_file_when_cancelled(admin_person: User) -> None:
    transfer = bring(rows(), draft=True)
    transfers_sweep()
    assert transfer_claim(transfer_id=transfer.pk) is None
    transfer_cancel(transfer=transfer, by=admin_person)
    assert not Transfer.objects.exists()
    assert not list(transfers_dir().iterdir())


def test_a_killed_export_goes_on_behind_its_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    transfer_work(transfer_id=bring(rows()).pk)
    monkeypatch.setattr("classifier.transfers.exports.PAGE", 7)
    export = export_create(filters=filters_of({}), file_format="csv", by=None)
    claimed = transfer_claim(transfer_id=export.pk)
    assert claimed is not None
    transfer_work(transfer_id=export.pk)  # finds nothing to do
    make_old(export, status="queued")
    transfer_work(transfer_id=export.pk, shutdown_requested=lambda: True)
    path = transfers_dir() / f"export-{export.pk}.csv"
    with path.open("ab") as stream:
        stream.write(b"half a row")
    transfer_work(transfer_id=export.pk)
    export.refresh_from_db()
    assert (export.status, export.done_rows) == ("succeeded", 45)
    found = list(csv.DictReader(StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert [row["text"] for row in found] == expected()


def test_files_go_some_time_after_their_transfer_has_ended() -> None:
    done = bring(rows())
    transfer_work(transfer_id=done.pk)
    export = export_create(filters=filters_of({}), file_format="jsonl", by=None)
    transfer_work(transfer_id=export.pk)
    draft = bring(rows(), draft=True)
    assert tidy_up() == 0
    long_ago = timezone.now() - timedelta(days=9)
    Transfer.objects.exclude(pk=draft.pk).update(finished_at=long_ago)
    Transfer.objects.filter(pk=draft.pk).update(created_at=long_ago)
    assert tidy_up() == 3
    assert not list(transfers_dir().iterdir())
    export.refresh_from_db()
    assert file_of(export) is None
    assert not Transfer.objects.filter(pk=draft.pk).exists()


def test_an_export_that_goes_on_without_its_file_begins_anew(
    monkeypatch: pytest.MonkeyPatch, admin_person: User
) -> None:
    transfer_work(transfer_id=bring(rows()).pk)
    monkeypatch.setattr("classifier.transfers.exports.PAGE", 7)
    export = export_create(filters=filters_of({}), file_format="jsonl", by=admin_person)
    transfer_work(transfer_id=export.pk, shutdown_requested=lambda: True)
    transfer_cancel(transfer=export, by=admin_person)
    (transfers_dir() / f"export-{export.pk}.jsonl").unlink()
    transfer_resume(transfer=export, by=admin_person)
    transfer_work(transfer_id=export.pk)
    export.refresh_from_db()
    path = file_of(export)
    assert path is not None
    assert export.done_rows == len(path.read_text().splitlines()) == 45
