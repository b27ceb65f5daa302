"""What an export holds, who may have it, and what it leaves in the audit."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from classifier.core.validation import InvalidInput
from classifier.models import AuditEntry, Comment, ModelVersion, Source, SourceAccess, Transfer, User
from classifier.review.decisions import decision_record
from classifier.tests.review.conftest import waiting
from classifier.tests.transfers.conftest import imported
from classifier.transfers import exports
from classifier.transfers.exports import export_create, export_downloaded, export_stream, filters_of
from classifier.transfers.services import TransferNotPossible, file_of
from classifier.transfers.worker import transfer_work
from toxicsite.lib.spreadsheets import cell

pytestmark = pytest.mark.django_db


def exported(file_format: str = "jsonl", by: User | None = None, **filters: Any) -> list[dict[str, Any]]:
    text = "".join(export_stream(filters=filters_of(filters), file_format=file_format, by=by))
    if file_format == "csv":
        return list(csv.DictReader(StringIO(text, newline="")))
    return [json.loads(line) for line in text.splitlines()]


def test_a_row_has_verdict_policy_and_decision(active_version: ModelVersion, admin_person: User) -> None:
    (comment,) = waiting(active_version, "i hate you")
    decision_record(
        comment=comment,
        action="remove",
        reason="insult",
        labels={active_version.primary_label: True},
        note="really",
        by=admin_person,
    )
    (row,) = exported()
    assert (row["id"], row["text"], row["source"], row["status"]) == (
        comment.pk,
        "i hate you",
        "test",
        "decided",
    )
    assert (row["verdict"], row["score"], row["model_version"]) == ("toxic", 0.9, str(active_version))
    assert row["scores"][active_version.primary_label] == 0.9
    assert (row["action"], row["reason"], row["note"], row["decided_by"], row["automatic"]) == (
        "remove",
        "insult",
        "really",
        "admin-person",
        False,
    )
    (flat,) = exported("csv")
    assert json.loads(flat["scores"]) == row["scores"]
    assert (flat["automatic"], flat["external_id"], flat["decided_at"]) == ("false", "", row["decided_at"])


def test_filters_are_those_of_the_queue_and_no_cell_is_a_formula(active_version: ModelVersion) -> None:
    waiting(active_version, "=HYPERLINK(1)", "have a nice day")
    imported("text\nstill pending\n")
    assert [row["text"] for row in exported()] == ["=HYPERLINK(1)", "have a nice day", "still pending"]
    assert [row["text"] for row in exported(status="waiting", text="nice")] == ["have a nice day"]
    assert exported("csv", text="hyperlink")[0]["text"] == "'=HYPERLINK(1)"
    assert exported("csv", text="nowhere") == []


@pytest.mark.parametrize(
    "begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_whatever_a_formula_may_begin_with_is_quoted(begin: str) -> None:
    assert cell(f"{begin}1+1") == f"'{begin}1+1"


def test_pages_go_on_behind_the_last_id(monkeypatch: pytest.MonkeyPatch) -> None:
    imported("text\n" + "".join(f"row {number}\n" for number in range(25)))
    for size in (1, 7, 24, 25, 26):
        last = exports.export_last_id(user=None, filters=filters_of({}))
        pages = exports.export_pages(user=None, filters=filters_of({}), last_id=last, size=size)
        found = [comment.text for page in pages for comment in page]
        assert found == [f"row {number}" for number in range(25)]


def test_what_comes_after_the_beginning_is_no_part_of_it() -> None:
    imported("text\none\n")
    text = export_stream(filters=filters_of({}), file_format="jsonl", by=None)
    export = export_create(filters=filters_of({}), file_format="jsonl", by=None)
    imported("text\ntwo\n")
    transfer_work(transfer_id=export.pk)
    export.refresh_from_db()
    path = file_of(export)
    assert path is not None
    assert len(path.read_text().splitlines()) == export.done_rows == 1
    assert len("".join(text).splitlines()) == 2  # a stream begins when it is read


def test_only_what_one_sees_is_exported_and_only_by_who_may(
    active_version: ModelVersion, admin_person: User, moderator: User
) -> None:
    waiting(active_version, "mine", source="own")
    waiting(active_version, "not mine", source="other")
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    SourceAccess.objects.create(user=admin_person, source=Source.objects.get(slug="own"))
    by = User.objects.get(pk=admin_person.pk)
    assert [row["text"] for row in exported(by=by)] == ["mine"]
    export = export_create(filters=filters_of({}), file_format="csv", by=by)
    transfer_work(transfer_id=export.pk)
    export.refresh_from_db()
    path = file_of(export)
    assert path is not None
    assert "not mine" not in path.read_text()
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_transfer$"):
        export_stream(filters=filters_of({}), file_format="csv", by=moderator)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_transfer$"):
        export_create(filters=filters_of({}), file_format="csv", by=moderator)
    with pytest.raises(InvalidInput, match=r"^format: This must be csv or jsonl\.$"):
        export_create(filters=filters_of({}), file_format="xls", by=None)


def test_the_audit_knows_of_exports_their_size_and_each_download(admin_person: User) -> None:
    imported("text,author\none,ann\ntwo,bob\n")
    AuditEntry.objects.all()
    before = AuditEntry.objects.latest("id").pk
    exported(author="ann", by=admin_person)
    stopped = export_stream(filters=filters_of({}), file_format="csv", by=admin_person)
    next(stopped)
    stopped.close()
    export = export_create(filters=filters_of({}), file_format="csv", by=admin_person)
    with pytest.raises(
        TransferNotPossible, match=r"^There is no file \(any more\); make the export again\.$"
    ):
        export_downloaded(transfer=export, by=admin_person)
    transfer_work(transfer_id=export.pk)
    export.refresh_from_db()
    export_downloaded(transfer=export, by=admin_person)
    rows = AuditEntry.objects.filter(pk__gt=before).order_by("id")
    assert [(row.verb, row.count) for row in rows] == [
        ("export.comments", None),
        ("export.comments_sent", 1),
        ("export.comments", None),
        ("export.comments_sent", 2),
        ("export.comments", None),
        ("export.comments_sent", 2),
        ("export.download", 2),
    ]
    assert {row.actor for row in rows} == {admin_person}
    assert "ann" not in json.dumps([row.data for row in rows])
    assert Comment.objects.count() == 2
    assert Transfer.objects.get(pk=export.pk).total_rows == 2
