"""Files that are not what they say: a clear sentence, and nothing stored."""

import gzip
import json
import zipfile
from io import BytesIO

import pytest

from classifier.core.validation import InvalidInput
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
        (gzip.compress(b"text\nhello\n", mtime=0), "gzip"),
        ("text\nhello\n".encode("utf-16"), "UTF-16"),
        ("text\nh\u00e9llo\n".encode("latin-1"), "not UTF-8: byte 0xe9 at offset 6"),
        (b"\x00\x01\x02\x03\n\x00", "NUL"),
        (b"text,text\na,b\n", "'text'"),
        (b",".join(b"c%d" % number for number in range(300)) + b"\n", "at most 200 columns"),
        (b'[{"text": "hello"}]', "one JSON list"),
        (b"text\n" + b"x" * 5_000_000, "longer than 4,194,304 bytes"),
    ],
)
def test_the_start_of_a_file_tells(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        bring(data)
    assert words in str(wrong.value)


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        (b'"never closed\n' + b"more\n" * 10, "is never closed"),
        (b'"never closed\n' + b"more\n" * 40_000, "is never closed"),
        (b'"never closed\n' + b"more\n" * 900_000, "longer than 4,194,304 characters"),
        (b'"a"b\n', "line 3,002 is not CSV"),
        (b"caf\xe9\n", "Line 3,002 is not UTF-8"),
        (b"x" * 5_000_000, "longer than 4,194,304 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_stores_nothing(tail: bytes, words: str) -> None:
    transfer = imported(b"text\n" + GOOD.encode() + tail)
    assert transfer.status == "failed"
    assert words in transfer.failure_reason
    assert not Comment.objects.exists()


@pytest.mark.parametrize(
    "line",
    ["[" * 100_000, '{"text": ' * 50_000, '{"text": ' + "9" * 10_000 + "}", "{'text': 1}", '"text"', "nul"],
)
def test_a_line_that_is_no_json_spoils_no_other(line: str) -> None:
    transfer = imported(f'{{"text": "before"}}\n{line}\n{{"text": "after"}}\n')
    assert (transfer.status, transfer.error_rows, Comment.objects.count()) == ("succeeded", 1, 2)


def test_an_upload_over_the_limit_leaves_nothing_behind() -> None:
    with pytest.raises(InvalidInput) as wrong:
        upload_store([b"x" * 600, b"x" * 600], limit=1_000)
    assert "larger than 1,000 bytes" in str(wrong.value)
    with pytest.raises(InvalidInput):
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
    assert len(written) < 10_000


def test_a_day_that_no_calendar_has_is_told_in_our_words() -> None:
    transfer = imported(b"text,created_at\nhello,2026-02-30\n")
    written = (transfers_dir() / transfer.errors_file).read_text()
    assert "2,created_at,This must be a time such as 2026-11-24T09:30:00Z." in written
