"""What an import stores: each column, decisions and reports brought along, doubles, rows that are no comment."""

import csv
import json
from datetime import UTC, datetime
from io import StringIO

import pytest

from classifier.comments.submission import comment_submit
from classifier.core.validation import InvalidInput
from classifier.models import (
    AuditEntry,
    Comment,
    Decision,
    ModelVersion,
    Report,
    Source,
    SourceAccess,
    Transfer,
    User,
)
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.transfers.conftest import bring, imported, jsonl
from classifier.transfers.services import errors_file_of, file_of

pytestmark = pytest.mark.django_db


def errors_of(transfer: Transfer) -> str:
    path = errors_file_of(transfer)
    assert path is not None
    return path.read_text(encoding="utf-8")


def test_every_column_reaches_the_comment() -> None:
    transfer = imported(
        "Text;ID;author;source;created_at;extra\n"
        'Say "hi"\u00e9;7;ann;blog;2024-05-01T10:00:00+02:00;x\n'
        '"two\nlines; one";8;;;2024-05-02;y\n'
    )
    assert (transfer.status, transfer.done_rows, transfer.total_rows, transfer.error_rows) == (
        "succeeded",
        2,
        2,
        0,
    )
    one, two = Comment.objects.select_related("source").order_by("id")
    assert (one.text, one.external_id, one.author_ref, one.source.slug) == (
        'Say "hi"\u00e9',
        "7",
        "ann",
        "blog",
    )
    assert one.created_at == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert (two.text, two.source.slug, two.author_ref) == ("two\nlines; one", "forum", "")
    assert {one.status, two.status} == {"pending"}
    assert one.is_backlog
    assert file_of(transfer) is None
    assert list(AuditEntry.objects.order_by("id").values_list("verb", "count")) == [
        ("import.comments", None),
        ("import.comments_done", 2),
    ]


def test_json_lines_may_differ_in_their_fields_and_have_numbers_as_ids() -> None:
    imported(jsonl({"text": "one", "id": 1}, {"body": "no", "text": "two"}, {"text": "three", "id": None}))
    rows = Comment.objects.order_by("id").values_list("text", "external_id")
    assert list(rows) == [("one", "1"), ("two", None), ("three", None)]


def test_a_byte_order_mark_and_other_line_ends_are_no_part_of_the_data() -> None:
    imported("\ufefftext,id\r\none,1\r\n\r\ntwo,2\r\n".encode())
    assert list(Comment.objects.order_by("id").values_list("text", flat=True)) == ["one", "two"]


def test_columns_may_be_named_otherwise() -> None:
    imported("words,key\nhello,k\n", columns={"text": "words", "external_id": "key"})
    assert Comment.objects.get().external_id == "k"
    with pytest.raises(
        InvalidInput, match=r"^columns\.text: This file has no column 'word' for the text\.$"
    ) as wrong:
        bring("words\nhello\n", columns={"text": "word"})
    assert wrong.value.problems[0].field == "columns.text"
    with pytest.raises(
        InvalidInput, match=r"^columns\.text: Say which column holds the text\. Line 1 was taken as the"
    ) as wrong:
        bring("words\nhello\n")
    assert "which column holds the text" in str(wrong.value)


def test_what_the_source_has_already_is_skipped_and_left_alone() -> None:
    comment_submit(text="old text", source="forum", external_id="1")
    transfer = imported("text,id,action\nnew text,1,remove\nother,2,\nother again,2,\n")
    assert (transfer.options["stored"], transfer.options["skipped"], transfer.done_rows) == (1, 2, 3)
    assert sorted(Comment.objects.values_list("text", flat=True)) == ["old text", "other"]
    assert not Decision.objects.exists()


def test_a_decision_that_was_brought_stands_whatever_the_model_says(active_version: ModelVersion) -> None:
    imported(
        "text,action,decided_at,reason\n"
        "i hate you,approve,2024-05-01T10:00:00Z,\n"
        "have a nice day,REMOVE,,spam\n"
        "i hate rain,,,\n"
    )
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    comments = Comment.objects.select_related("current_decision").order_by("id")
    assert [comment.status for comment in comments] == ["decided", "decided", "classified"]
    kept, removed, undecided = comments
    assert kept.current_decision is not None
    assert removed.current_decision is not None
    assert kept.current_decision.created_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert (kept.current_decision.action, kept.queued_at) == ("approve", None)
    assert (removed.current_decision.action, removed.current_decision.reason) == ("remove", "spam")
    assert undecided.queued_at is not None
    assert "decided before it came here" in kept.history.values_list("reason", flat=True)


def test_reports_that_were_brought_let_it_wait_for_a_person(active_version: ModelVersion) -> None:
    imported("text,reports\nhave a nice day,3\nfine,0\n")
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    reported, fine = Comment.objects.order_by("id")
    assert (reported.report_count, Report.objects.filter(comment=reported).count()) == (3, 3)
    assert reported.queued_at is not None
    assert {"kind": "report", "count": 3} in reported.queue_reasons
    assert (fine.report_count, fine.queued_at) == (0, None)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "  "}, "text"),
        ({"text": 5}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"text": "a\ud800b"}, "text"),
        ({"text": "x" * 20_481}, "text"),
        ({"text": "x", "id": "i" * 201}, "external_id"),
        ({"text": "x", "id": [1]}, "external_id"),
        ({"text": "x", "author": "a" * 201}, "author"),
        ({"text": "x", "source": "no slug"}, "source"),
        ({"text": "x", "created_at": "yesterday"}, "created_at"),
        ({"text": "x", "created_at": "2999-01-01"}, "created_at"),
        ({"text": "x", "created_at": "2024-02-31"}, "created_at"),
        ({"text": "x", "action": "perhaps"}, "action"),
        ({"text": "x", "decided_at": "2024-01-01"}, "decided_at"),
        ({"text": "x", "action": "remove", "reason": "r" * 65}, "reason"),
        ({"text": "x", "reports": -1}, "reports"),
        ({"text": "x", "reports": 10**9}, "reports"),
        ([1], ""),
    ],
)
def test_a_row_that_is_no_comment_is_told_of_with_its_line_and_field(row: object, field: str) -> None:
    transfer = imported(jsonl({"text": "good"}, row, {"text": "good too"}))
    assert (transfer.status, transfer.error_rows, Comment.objects.count()) == ("succeeded", 1, 2)
    (told,) = map(json.loads, errors_of(transfer).splitlines())
    assert (told["error_line"], told["error_field"]) == (2, field)
    assert told["error_message"]


def test_all_problems_of_a_row_are_told_and_no_cell_is_a_formula() -> None:
    transfer = imported("text,created_at\n,never\n=1+1,\n@x,soon,ragged\n")
    rows = list(csv.reader(StringIO(errors_of(transfer))))
    assert rows[0] == ["error_line", "error_field", "error_message", "text", "created_at"]
    assert [row[:2] for row in rows[1:]] == [["2", "text, created_at"], ["4", ""]]
    assert "text: This field may not be empty. created_at: This must be a time" in rows[1][2]
    assert "3 fields, the header has 2" in rows[2][2]
    assert rows[2][3:] == ["'@x", "soon,ragged"]


def test_only_into_sources_that_one_sees(admin_person: User) -> None:
    own = Source.objects.create(slug="own", name="Own")
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    SourceAccess.objects.create(user=admin_person, source=own)
    by = User.objects.get(pk=admin_person.pk)
    with pytest.raises(InvalidInput, match=r"^source: You do not see this source\.$"):
        bring("text\nhello\n", by=by, source="other")
    transfer = imported("text,source\nhello,\nworld,other\n", by=by, source="own")
    assert (transfer.error_rows, Comment.objects.get().source) == (1, own)
    assert not Source.objects.filter(slug="other").exists()


def test_a_column_of_many_new_sources_is_taken_for_a_mistake() -> None:
    rows = "".join(f"hello,s{number}\n" for number in range(150))
    transfer = imported(f"text,source\n{rows}")
    assert transfer.status == "failed"
    assert "more than 100 new sources" in transfer.failure_reason
