"""Imports of what people really have: times, decisions under other names, replies, and rows that were mended."""

import csv
import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifier.comments.submission import comment_submit
from classifier.core.validation import InvalidInput
from classifier.inference.files.layout import Reading
from classifier.models import Comment, CommentContext, Transfer, User
from classifier.tests.transfers.conftest import bring, imported
from classifier.transfers.exports import export_stream, filters_of
from classifier.transfers.import_rows import ValueRules
from classifier.transfers.services import errors_file_of
from classifier.transfers.worker import transfer_work

pytestmark = pytest.mark.django_db


def times() -> list[datetime]:
    return list(Comment.objects.order_by("external_id").values_list("created_at", flat=True))


def decisions() -> dict[str, str | None]:
    rows = Comment.objects.values_list("external_id", "current_decision__action")
    return {str(key): action for key, action in rows}


def test_times_of_a_file_are_read_by_its_zone_and_by_the_order_that_its_dates_tell() -> None:
    rules = ValueRules(time_zone="Europe/Berlin")
    imported("id,text,created_utc\n1,a,03/04/2023 14:00\n2,b,25/12/2023 13:00\n3,c,1680523200\n", rules=rules)
    assert times() == [
        datetime(2023, 4, 3, 12, tzinfo=UTC),
        datetime(2023, 12, 25, 12, tzinfo=UTC),
        datetime(2023, 4, 3, 12, tzinfo=UTC),
    ]


def test_the_order_of_dates_can_be_said() -> None:
    transfer = imported(
        "id,text,date\n1,a,03/04/2023\n2,b,25/12/2023\n", rules=ValueRules(dates="month-first")
    )
    assert (times(), transfer.error_rows) == ([datetime(2023, 3, 4, tzinfo=UTC)], 1)


@pytest.mark.parametrize(
    ("column", "given", "found"),
    [
        ("comment_approved", "1 0 spam trash post-trashed", ["approve", None, "remove", "remove", "remove"]),
        (
            "status",
            "APPROVED REJECTED PREMOD NONE SYSTEM_WITHHELD",
            ["approve", "remove", None, None, "remove"],
        ),
        ("is_spam", "false true", ["approve", "remove"]),
        ("published", "1 0", ["approve", "remove"]),
    ],
)
def test_decisions_come_along_under_other_names(column: str, given: str, found: list[str | None]) -> None:
    rows = "".join(f"{at},hello {at},{value}\n" for at, value in enumerate(given.split()))
    transfer = imported(f"id,text,{column}\n{rows}")
    assert transfer.error_rows == 0
    assert decisions() == {str(at): action for at, action in enumerate(found)}


def test_a_column_whose_words_decide_nothing_is_not_taken_for_decisions() -> None:
    transfer = imported("id,text,status\n1,hello,shipped\n2,ho,approved\n")
    assert (decisions(), transfer.error_rows) == ({"1": None, "2": None}, 0)


def test_unknown_words_are_refused_until_they_are_mapped() -> None:
    data = "id,text,action\n1,hello,gesperrt\n2,ho,frei\n"
    assert imported(data).error_rows == 2
    imported(data, rules=ValueRules(decisions={"Gesperrt": "remove", "frei": "none"}))
    assert decisions() == {"1": "remove", "2": None}
    for wrong in ({"x": "burn"}, dict.fromkeys(map(str, range(60)), "none")):
        with pytest.raises(InvalidInput, match=r"^decisions: "):
            bring(data, rules=ValueRules(decisions=wrong))


def test_an_id_that_a_spreadsheet_has_rounded_is_told() -> None:
    transfer = imported("id,text\n1.23E+17,hello\n17,ho\n")
    path = errors_file_of(transfer)
    assert path is not None
    assert "2,external_id,A spreadsheet turned this id into 1.23E+17" in path.read_text().replace('"', "")
    assert Comment.objects.get().external_id == "17"


def parents() -> dict[str, str]:
    rows = CommentContext.objects.select_related("comment")
    return {str(row.comment.external_id): row.entries[-1]["text"] for row in rows}


def test_a_reply_finds_its_parent_also_where_that_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.transfers.import_run.ImportRun.chunk_rows", 2)
    comment_submit(text="there before", source="forum", external_id="old")
    data = (
        "id,parent_id,text\n3,9,answers nine\n1,,first\n2,1,answers one\n4,0,no parent\n5,gone,lost\n"
        "6,old,answers old\n9,,nine\n"
    )
    transfer = imported(data)
    assert parents() == {"3": "nine", "2": "first", "6": "there before"}
    assert (transfer.options["replies"], transfer.options["lost_parents"]) == (3, 1)
    imported(data)
    assert CommentContext.objects.count() == 3


def test_a_live_comment_gets_no_parent_from_a_file() -> None:
    comment_submit(text="answers one", source="forum", external_id="2")
    imported("id,parent_id,text\n2,1,answers one\n1,,first\n")
    assert parents() == {}


def test_linking_replies_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.transfers.import_run.ImportRun.chunk_rows", 2)
    transfer = bring(
        "id,parent_id,text\n" + "".join(f"{n},{n + 1},text {n}\n" for n in range(9)) + "9,,text 9\n"
    )
    for _ in range(30):
        transfer_work(transfer_id=transfer.pk, shutdown_requested=lambda: True)
    transfer.refresh_from_db()
    assert transfer.status == "succeeded"
    assert (len(parents()), transfer.options["replies"], transfer.done_rows) == (9, 9, 10)


def test_refused_rows_are_mended_and_brought_again(client: Client, admin_person: User) -> None:
    data = 'nr;words;fate;on\n1;fine;frei;1.2.2023\n2;;weg;1.2.2023\n3;"so "bad";weg;2.2.2023\n4;-5 stars;?;3.2.2023\n'
    transfer = imported(
        data.encode("cp1252"),
        by=admin_person,
        columns={"external_id": "nr", "text": "words", "action": "fate", "created_at": "on"},
        rules=ValueRules("Europe/Berlin", decisions={"frei": "approve", "weg": "remove"}),
    )
    path = errors_file_of(transfer)
    assert path is not None
    rows = list(csv.DictReader(StringIO(path.read_text())))
    assert [row["error_line"] for row in rows] == ["3", "4", "5"]
    assert [row["nr"] for row in rows] == ["2", "3", "4"]
    rows[0]["words"], rows[1]["words"], rows[2]["fate"] = "mended", "so bad", "weg"
    mended = StringIO()
    writer = csv.DictWriter(mended, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    client.force_login(admin_person)
    assert (
        f'name="like" value="{transfer.pk}"' in client.get(f"/transfers/?like={transfer.pk}").content.decode()
    )
    file = SimpleUploadedFile("mended.csv", mended.getvalue().encode())
    address = client.post("/transfers/import/", {"file": file, "like": transfer.pk}).headers["Location"]
    page = client.get(address).content.decode()
    assert "Nothing is stored yet" in page
    again = Transfer.objects.latest("id")
    assert again.options["source"] == "forum"
    values = {
        **{f"column-{name}": column for name, column in again.options["columns"].items()},
        "source": "forum",
    }
    client.post(f"{address}start/", values)
    transfer_work(transfer_id=again.pk)
    again.refresh_from_db()
    assert (again.error_rows, again.options["stored"]) == (0, 3)
    assert decisions() == {"1": "approve", "2": "remove", "3": "remove", "4": "remove"}
    assert Comment.objects.get(external_id="4").text == "-5 stars"
    assert Comment.objects.get(external_id="2").created_at == datetime(2023, 1, 31, 23, tzinfo=UTC)


def test_refused_rows_of_json_come_back_as_json() -> None:
    transfer = imported('[{"text": "", "id": 1, "x": [1]},\n {"text": "good"},\n 5]')
    path = errors_file_of(transfer)
    assert path is not None
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {
        "error_line": 1, "error_field": "text", "error_message": "This field may not be empty.", "text": "", "id": 1,
        "x": [1],
    }  # fmt: skip
    assert (second["error_line"], second["row"]) == (3, 5)


@pytest.mark.parametrize(
    "text", ["-5 stars", "=1+1", "'=quoted", "''", "\uff1dwide", "plain", "@all", "\ttab"]
)
def test_what_an_export_guards_an_import_takes_back(text: str) -> None:
    imported(json.dumps({"text": text, "id": "1"}) + "\n", source="one")
    exported = "".join(
        export_stream(filters=filters_of({"source": ["one"]}), file_format="csv", by=None, bom=True)
    )
    assert exported.startswith("\ufeff")
    assert f",{text}," not in exported or not text.startswith(("=", "-", "@", "\uff1d"))
    imported(exported.replace(",one,", ",two,"))
    assert Comment.objects.get(source__slug="two").text == text


def test_the_page_shows_how_a_file_is_read_and_lets_one_choose_otherwise(
    client: Client, admin_person: User
) -> None:
    client.force_login(admin_person)
    data = "id;text;status\n1;\u017elu\u0165ouk\u00fd;frozen\n2;ho;spam\n".encode("cp1250")
    address = client.post(
        "/transfers/import/", {"file": SimpleUploadedFile("a.csv", data), "source": "forum"}
    ).headers["Location"]
    page = client.get(address).content.decode()
    assert (
        "Windows-1252 (Western Europe) (guessed), columns separated by: semicolon, header in line 1" in page
    )
    values = {
        "source": "forum", "column-text": "text", "column-external_id": "id", "column-action": "status",
        "encoding": "cp1250", "delimiter": "", "unguard": "1", "time_zone": "", "dates": "",
    }  # fmt: skip
    page = client.post(f"{address}start/", {**values, "look": "1"}).content.decode()
    assert "\u017elu\u0165ouk\u00fd" in page
    assert "not known what &#x27;frozen&#x27; decides" in page
    assert '<option value="remove" selected>Remove</option>' in page
    wrong = client.post(f"{address}start/", {**values, "time_zone": "Mars/Base"})
    assert (wrong.status_code, "no time zone" in wrong.content.decode()) == (422, True)
    broken = client.post(f"{address}start/", {**values, "encoding": "utf-32-le"})
    assert (broken.status_code, "cannot be taken" in broken.content.decode()) == (422, True)
    client.post(f"{address}start/", {**values, "value-0": "frozen", "decision-0": "none"})
    transfer_work(transfer_id=Transfer.objects.get().pk)
    assert decisions() == {"1": None, "2": "remove"}
    assert Comment.objects.get(external_id="1").text == "\u017elu\u0165ouk\u00fd"


def test_a_transfer_tells_how_its_file_was_read() -> None:
    from classifier.transfers.selectors import reading_shown

    transfer = bring(
        "id|text\n1|caf\u00e9\n".encode("cp1252"), reading=Reading.chosen(delimiter="vertical bar")
    )
    shown = reading_shown(transfer)
    assert shown is not None
    assert (shown["encoding"], shown["delimiter"], shown["time_zone"]) == ("cp1252", "vertical bar", "UTC")
    assert shown["columns"] == {"text": "text", "external_id": "id"}
