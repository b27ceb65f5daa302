"""After an erasure neither the author's name nor their words are left in rows about them, in filters or in files."""

import json
from pathlib import Path

import pytest

from classifier.core.audit import audit_record, author_pseudonym
from classifier.models import (
    AuditEntry,
    BulkAction,
    Comment,
    CommentStatus,
    ModelVersion,
    SavedQueue,
    Transfer,
)
from classifier.privacy.erasure import READ_BYTES, files_forget
from classifier.privacy.services import author_erase
from classifier.review.bulk import bulk_decide
from classifier.review.filters import EVERY, QueueFilters
from classifier.review.reports import report_add
from classifier.review.saved_queues import saved_queue_create
from classifier.tests.builders import classified_comment
from classifier.tests.review.conftest import waiting
from classifier.transfers.exports import export_create
from classifier.transfers.worker import transfer_work
from toxicsite.lib.lifecycle import transition

pytestmark = pytest.mark.django_db
ANN = 'ann "the hammer" ölsen'
WORDS = "i hate badgers"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: pytest.FixtureRequest) -> Path:
    settings.TRANSFERS_DIR = tmp_path / "transfers"  # type: ignore[attr-defined]
    return tmp_path / "transfers"


@pytest.fixture
def comment(active_version: ModelVersion) -> Comment:
    made = classified_comment(active_version, WORDS)
    Comment.objects.filter(pk=made.pk).update(author_ref=ANN)
    made.refresh_from_db()
    return made


def test_what_others_and_errors_quote_of_a_text_goes_with_it(comment: Comment) -> None:
    report_add(comment=comment, reporter_ref="bob", reason=f"They wrote: {WORDS}", by=None)
    anew = {status: frozenset({"pending", "failed"}) for status in CommentStatus.values}
    transition(comment, to="pending", allowed=anew)
    transition(comment, to="failed", allowed=anew, reason=f"{WORDS} is too odd", failure_reason=WORDS)
    author_erase(author=ANN, source=None, by=None)
    report = comment.reports.get()
    assert (report.reason, report.reporter_ref) == ("", "bob")
    assert not comment.history.filter(reason__contains="badgers").exists()
    assert comment.history.filter(new="failed").values_list("reason", flat=True)[0] == "The text was erased."


def test_filters_by_the_name_keep_the_audits_name_for_it(comment: Comment) -> None:
    filters = QueueFilters(author=ANN)
    bulk_decide(filters=filters, action="remove", reason="raid", expected_count=1, by=None)
    saved_queue_create(name="one author", filters=filters, by=None)
    export_create(filters=filters, file_format="csv", by=None)
    transfer = Transfer.objects.get()
    transfer_work(transfer_id=transfer.pk)
    assert AuditEntry.objects.get(verb="queue.bulk").data["filters"]["author"] == author_pseudonym(ANN)
    author_erase(author=ANN, source=None, by=None)
    transfer.refresh_from_db()
    kept = [BulkAction.objects.get().filters, SavedQueue.objects.get().filters, transfer.options["filters"]]
    assert {one["author"] for one in kept} == {author_pseudonym(ANN)}
    assert "ölsen" not in json.dumps([entry.data for entry in AuditEntry.objects.all()], ensure_ascii=False)


def test_filters_keep_a_name_of_which_something_is_left_elsewhere(
    active_version: ModelVersion, comment: Comment
) -> None:
    other = waiting(active_version, "somewhere else", source="elsewhere")[0]
    Comment.objects.filter(pk=other.pk).update(author_ref=ANN)
    saved_queue_create(name="one author", filters=QueueFilters(author=ANN), by=None)
    author_erase(author=ANN, source=comment.source, by=None)
    assert SavedQueue.objects.get().filters["author"] == ANN
    author_erase(author=ANN, source=other.source, by=None)
    assert SavedQueue.objects.get().filters["author"] == author_pseudonym(ANN)


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_exports_on_this_machine_that_name_the_author_are_deleted(
    comment: Comment, active_version: ModelVersion, folder: Path, file_format: str
) -> None:
    waiting(active_version, "of nobody", source="calm")
    for filters in (QueueFilters(status=EVERY), QueueFilters(status=EVERY, source=("calm",))):
        made = export_create(filters=filters, file_format=file_format, by=None)
        transfer_work(transfer_id=made.pk)
    with_ann, without = Transfer.objects.order_by("pk")
    assert "badgers" in (folder / with_ann.file).read_text()
    author_erase(author=ANN, source=None, by=None)
    with_ann.refresh_from_db()
    assert with_ann.file == ""
    assert [path.name for path in folder.iterdir()] == [without.file]


def test_a_file_of_errors_that_quotes_the_author_is_deleted(comment: Comment, folder: Path) -> None:
    folder.mkdir()
    (folder / "errors-1.csv").write_text(
        f"error_line,error_field,error_message,text\r\n{'x' * 1_048_570}{json.dumps(ANN)}\r\n"
    )
    ended = Transfer.objects.create(kind="import", status="succeeded", errors_file="errors-1.csv")
    audit_record(verb="import.comments", data={"transfer": ended.pk})
    author_erase(author=ANN, source=None, by=None)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("inside", [1, 5, len(ANN.encode()) - 1, len(ANN.encode())])
@pytest.mark.parametrize("pieces", [1, 2])
def test_a_name_across_the_border_of_two_pieces_is_found(folder: Path, inside: int, pieces: int) -> None:
    """`inside` bytes of the name lie before the border: all but its last one, or all of it, too."""
    folder.mkdir()
    name = ANN.encode()
    border = pieces * READ_BYTES
    for number, content in enumerate((name, name[:-1] + b"X")):
        (folder / f"{number}.csv").write_bytes(b"x" * (border - inside) + content + b"y" * 10)
        Transfer.objects.create(kind="export", status="succeeded", file=f"{number}.csv")
    assert files_forget(ANN) == 1
    assert [path.name for path in folder.iterdir()] == ["1.csv"]
    assert list(Transfer.objects.order_by("pk").values_list("file", flat=True)) == ["", "1.csv"]
