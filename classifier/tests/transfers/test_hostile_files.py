"""Files that are not what they say: a clear sentence, and nothing stored."""

import gzip
import json
import zipfile
from io import BytesIO

import pytest
from pytest_django import Settings

from classifier.core.validation import InvalidInput
from classifier.inference.files import unpack
from classifier.models import Comment
from classifier.tests.transfers.conftest import bring, imported
from classifier.transfers.services import transfers_dir, upload_store

pytestmark = pytest.mark.django_db
GOOD = "".join(f"row number {number}\n" for number in range(3_000))


def archive() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("data.csv", "text\nhello\n")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"  \n \n", "empty"),
        (archive(), "zip archive"),
        (gzip.compress(b"text\nhello\n", mtime=0)[:-9], "cannot be unpacked"),
        (b"\x1f\x8b and no more", "cannot be unpacked"),
        (gzip.compress(gzip.compress(b"text\nhello\n")), "compressed with gzip"),
        (gzip.compress(archive()), "zip archive"),
        (b"\x00\x01\x02\x03\n\x00", "NUL"),
        (b"text,text\na,b\n", "'text'"),
        (b",".join(b"c%d" % number for number in range(300)) + b"\n", "at most 200 columns"),
        (b'[{"text": "hello"}', "not closed"),
        (b'[{"text": "hello"}] and more', "goes on"),
        (b"[" * 200_000, "nested too deeply"),
        (b"PAR1 and so on", "parquet file; export it"),
        (b"text\n" + b"x" * 5_000_000, "longer than 4,194,304 bytes"),
    ],
    ids=map(str, range(14)),  # packed bytes hold the time, and names of tests must not
)
def test_the_start_of_a_file_tells(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=r"^file: ") as wrong:
        bring(data)
    assert words in str(wrong.value)
    assert list(transfers_dir().iterdir()) == []


def test_a_file_of_gzip_is_unpacked_when_it_arrives() -> None:
    imported(gzip.compress(b"text\nhello\n") + gzip.compress(b"goodbye\n"))
    assert list(Comment.objects.order_by("id").values_list("text", flat=True)) == ["hello", "goodbye"]


@pytest.mark.parametrize(("small", "limit"), [(1_000_000, 10**9), (10**9, 1_000_000)])
def test_a_small_file_that_unpacks_to_a_full_disk_is_refused_in_time(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, small: int, limit: int
) -> None:
    monkeypatch.setattr(unpack, "SMALL", small)
    settings.TRANSFER_MAX_BYTES = limit
    bomb = gzip.compress(b"text\n" + b"0" * 20_000_000)
    assert len(bomb) < 30_000
    with pytest.raises(InvalidInput, match="Unpacked, this file is larger than"):
        bring(bomb)
    assert list(transfers_dir().iterdir()) == []


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        (b"x" * 5_000_000, "longer than 4,194,304 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_stores_nothing(tail: bytes, words: str) -> None:
    transfer = imported(b"text\n" + GOOD.encode() + tail)
    assert transfer.status == "failed"
    assert words in transfer.failure_reason
    assert not Comment.objects.exists()


def test_a_file_of_quotes_that_are_never_closed_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.inference.files.rows.LINE_BYTES", 10_000)
    monkeypatch.setattr("classifier.inference.files.rows.REREAD_MOST", 80_000)
    with pytest.raises(InvalidInput, match="too many quotes are never closed"):
        bring(b"id,text\n" + b'a","\n' * 20_000)
    assert not Comment.objects.exists()


@pytest.mark.parametrize(
    ("tail", "stored", "words"),
    [
        (b'"never closed\n' + b"more\n" * 10, 3_010, "3002,,A quote that opens in this row is never closed."),
        (b'"a"b\nmore\n', 3_001, "3002,,This row is not CSV: a quote within a quoted field is not doubled."),
        ("caf\u00e9\n".encode() + b"caf\xe9\nmore\n", 3_002, '3003,,"This is not UTF-8: byte 0xe9 at offset'),
    ],
)
def test_a_row_that_cannot_be_read_spoils_no_other(tail: bytes, stored: int, words: str) -> None:
    transfer = imported(b"text\n" + GOOD.replace("3", "\u00e9").encode() + tail)
    assert (transfer.status, transfer.error_rows, Comment.objects.count()) == ("succeeded", 1, stored)
    assert words in (transfers_dir() / transfer.errors_file).read_text()


@pytest.mark.parametrize(
    "line",
    ["[" * 100_000, '{"text": ' * 50_000, '{"text": ' + "9" * 10_000 + "}", "{'text': 1}", '"text"', "nul"],
)
def test_a_line_that_is_no_json_spoils_no_other(line: str) -> None:
    transfer = imported(f'{{"text": "before"}}\n{line}\n{{"text": "after"}}\n')
    assert (transfer.status, transfer.error_rows, Comment.objects.count()) == ("succeeded", 1, 2)


def test_an_upload_over_the_limit_leaves_nothing_behind() -> None:
    with pytest.raises(
        InvalidInput, match=r"^file: This file is larger than 1,000 bytes, the limit here\. Split it\.$"
    ) as wrong:
        upload_store([b"x" * 600, b"x" * 600], limit=1_000)
    assert "larger than 1,000 bytes" in str(wrong.value)
    with pytest.raises(InvalidInput, match=r"^file: This file is empty\.$"):
        upload_store([])
    assert not list(transfers_dir().iterdir())


def test_an_import_never_uses_the_name_of_the_file_as_a_path() -> None:
    transfer = bring(json.dumps({"text": "hello"}))
    assert transfer.file.startswith("import-")
    assert "/" not in transfer.file


def test_a_cell_of_a_megabyte_is_a_fault_of_its_row_alone() -> None:
    transfer = imported(b'text\nbefore\n"' + b"a\n" * 500_000 + b'"\nafter\n')
    assert (transfer.status, transfer.done_rows, transfer.error_rows) == ("succeeded", 3, 1)
    assert sorted(Comment.objects.values_list("text", flat=True)) == ["after", "before"]
    written = (transfers_dir() / transfer.errors_file).read_text()
    assert "3,text," in written
    assert len(written) < 40_000


def test_a_day_that_no_calendar_has_is_told_in_our_words() -> None:
    transfer = imported(b"text,created_at\nhello,2026-02-30\n")
    written = (transfers_dir() / transfer.errors_file).read_text()
    assert "2,created_at,This must be a time such as 2026-11-24T09:30:00Z." in written
