"""Exports of other systems: small files in their own formats, imported with parents, times and decisions."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from classifier.core.validation import InvalidInput
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.presets import PRESETS, preset_of
from classifier.models import Comment, CommentContext, Transfer, User
from classifier.tests.transfers.conftest import bring, imported, jsonl
from classifier.transfers import import_run
from classifier.transfers.services import errors_file_of, transfers_dir
from classifier.transfers.worker import transfer_work

pytestmark = pytest.mark.django_db

WXR = """<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>Garden</title><wp:wxr_version>1.2</wp:wxr_version>
<item><title>Roses</title><wp:post_id>4</wp:post_id><wp:status>publish</wp:status>
<wp:comment><wp:comment_id>12</wp:comment_id><wp:comment_author><![CDATA[Ann]]></wp:comment_author>
<wp:comment_date><![CDATA[2021-03-04 11:00:00]]></wp:comment_date>
<wp:comment_date_gmt><![CDATA[2021-03-04 10:00:00]]></wp:comment_date_gmt>
<wp:comment_content><![CDATA[I <b>agree</b> & more \x0b]]></wp:comment_content>
<wp:comment_approved><![CDATA[1]]></wp:comment_approved><wp:comment_type><![CDATA[comment]]></wp:comment_type>
<wp:comment_parent>15</wp:comment_parent><wp:comment_user_id>0</wp:comment_user_id>
<wp:commentmeta><wp:meta_key>akismet_result</wp:meta_key><wp:meta_value>false</wp:meta_value></wp:commentmeta>
</wp:comment>
<wp:comment><wp:comment_id>13</wp:comment_id><wp:comment_content>Go away</wp:comment_content>
<wp:comment_approved>trash</wp:comment_approved><wp:comment_user_id>7</wp:comment_user_id></wp:comment>
<wp:comment><wp:comment_id>14</wp:comment_id><wp:comment_content>[...] roses [...]</wp:comment_content>
<wp:comment_approved>1</wp:comment_approved><wp:comment_type>pingback</wp:comment_type></wp:comment>
<wp:comment><wp:comment_id>15</wp:comment_id><wp:comment_content>Nice roses</wp:comment_content>
<wp:comment_approved>0</wp:comment_approved><wp:comment_date_gmt>0000-00-00 00:00:00</wp:comment_date_gmt></wp:comment>
</item></channel></rss>
"""

DISQUS = """<?xml version="1.0" encoding="utf-8"?>
<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">
<thread dsq:id="9"><id /><link>https://blog.example/roses</link><author><name>Host</name></author></thread>
<post dsq:id="21"><id /><message><![CDATA[<p>I agree</p>]]></message><createdAt>2021-03-04T10:00:00Z</createdAt>
<isDeleted>false</isDeleted><isSpam>false</isSpam><author><name>Ann</name><isAnonymous>true</isAnonymous></author>
<thread dsq:id="9" /><parent dsq:id="22" /></post>
<post dsq:id="22"><id /><message><![CDATA[<p>Nice roses</p>]]></message><createdAt>2021-03-04T09:00:00Z</createdAt>
<isDeleted>false</isDeleted><isSpam>false</isSpam><author><name>Bob</name><username>bob7</username></author>
<thread dsq:id="9" /></post>
<post dsq:id="23"><id /><message><![CDATA[<p>Buy now</p>]]></message><createdAt>2021-03-04T11:00:00Z</createdAt>
<isDeleted>false</isDeleted><isSpam>true</isSpam><author><name>Eve</name></author><thread dsq:id="9" /></post>
<post dsq:id="24"><id /><message></message><isDeleted>true</isDeleted><isSpam>false</isSpam></post>
</disqus>
"""

CORAL = jsonl(
    {"_id": {"$oid": "5"}, "id": "c1", "tenantID": "t", "parentID": "c2", "authorID": "u1", "status": "APPROVED",
     "revisions": [{"id": "r0", "body": "old"}, {"id": "r1", "body": "<b>I agree</b>"}], "actionCounts":
     {"FLAG": 3, "FLAG__COMMENT_REPORTED_ABUSIVE": 2, "FLAG__COMMENT_DETECTED_TOXIC": 1},
     "createdAt": {"$date": "2021-03-04T10:00:00.000Z"}},
    {"id": "c2", "authorID": "u2", "status": "NONE", "revisions": [{"body": "Nice roses"}], "actionCounts": {},
     "createdAt": {"$date": {"$numberLong": "1614848400000"}}},
    {"id": "c3", "authorID": "u3", "status": "REJECTED", "revisions": [{"body": "Go away"}]},
    {"id": "c4", "authorID": None, "status": "NONE", "revisions": [], "deletedAt": {"$date": "2021-03-04T10:00:00Z"}},
)  # fmt: skip

ISSO = json.dumps([
    {"tid": 1, "id": 1, "parent": 3, "created": 1614852000.5, "modified": None, "mode": 1, "remote_addr": "127.0.0.0",
     "text": "*I agree*", "author": "Ann", "email": None},
    {"tid": 1, "id": 3, "parent": None, "created": 1614848400.0, "mode": 2, "remote_addr": "127.0.0.0",
     "text": "Nice roses", "author": None},
    {"tid": 1, "id": 4, "parent": None, "created": 1614848400.0, "mode": 4, "remote_addr": "", "text": "", "author": None},  # noqa: E501
])  # fmt: skip

REMARK = jsonl(
    {"version": 1, "users": [], "posts": [{"url": "https://blog.example/roses", "read_only": False}]},
    {"id": "a1", "pid": "a2", "text": "<p><em>I agree</em></p>", "orig": "*I agree*", "user": {"name": "Ann", "id": "github_1"},  # noqa: E501
     "locator": {"site": "s", "url": "https://blog.example/roses"}, "score": 0, "time": "2021-03-04T11:00:00+01:00"},
    {"id": "a2", "pid": "", "text": "<p>Nice roses</p>", "user": {"name": "Bob", "id": "github_2"},
     "time": "2021-03-04T09:00:00Z"},
    {"id": "a3", "pid": "", "text": "", "user": {"name": "deleted", "id": "deleted"}, "time": "2021-03-04T09:00:00Z",
     "delete": True},
)  # fmt: skip

COMMENTO = json.dumps({
    "version": 1,
    "comments": [
        {"commentHex": "h1", "domain": "d", "url": "/roses", "commenterHex": "p1", "markdown": "*I agree*", "html": "",
         "parentHex": "h2", "score": 0, "state": "approved", "creationDate": "2021-03-04T10:00:00Z", "direction": 0},
        {"commentHex": "h2", "commenterHex": "anonymous", "markdown": "Nice roses", "parentHex": "root",
         "state": "unapproved", "creationDate": "2021-03-04T09:00:00Z"},
        "odd",
    ],
    "commenters": [{"commenterHex": "p1", "email": "a@example.org", "name": "Ann"}],
}, indent=1)  # fmt: skip

DISCOURSE = (
    "id,topic_id,post_number,reply_to_post_number,user_id,raw,created_at,deleted_at,user_deleted,spam_count,off_topic_count\n"
    "31,7,3,2,5,**I agree**,2021-03-04 10:00:00 UTC,,false,0,0\n"
    "30,7,2,,6,Nice roses,2021-03-04 09:00:00 UTC,,false,1,2\n"
    "32,7,4,,6,Go away,2021-03-04 11:00:00 UTC,2021-03-05 11:00:00 UTC,false,0,0\n"
    "33,7,5,,6,Mine,2021-03-04 11:00:00 UTC,2021-03-05 11:00:00 UTC,true,0,0\n"
)

TABLE = (
    "comment_ID;comment_post_ID;comment_author;comment_date_gmt;comment_content;comment_approved;comment_type;"
    "comment_parent;user_id\n"
    "12;4;Ann;2021-03-04 10:00:00;<i>I agree</i>;1;comment;15;0\n15;4;Bob;2021-03-04 09:00:00;Nice roses;0;;0;7\n"
    "16;4;Eve;2021-03-04 09:00:00;Buy now;spam;;0;0\n"
)

WHEN = datetime(2021, 3, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("preset", "data", "reply", "author", "decisions", "refused"),
    [
        ("wordpress", WXR, "12", "Ann", {"12": "approve", "13": "remove", "15": None}, [15]),
        ("wordpress-table", TABLE, "12", "Ann", {"12": "approve", "15": None, "16": "remove"}, []),
        ("disqus", DISQUS, "21", "Ann", {"21": None, "22": None, "23": "remove"}, [12]),
        ("coral", CORAL, "c1", "u1", {"c1": "approve", "c2": None, "c3": "remove"}, [4]),
        ("isso", ISSO, "1", "Ann", {"1": "approve", "3": None}, [1]),
        ("remark42", REMARK, "a1", "github_1", {"a1": None, "a2": None}, [4]),
        ("commento", COMMENTO, "h1", "p1", {"h1": "approve", "h2": None}, [25]),
        ("discourse", DISCOURSE, "7/3", "5", {"7/3": None, "7/2": None, "7/4": "remove", "7/5": None}, []),
    ],
)
def test_an_export_comes_with_parents_times_and_decisions(
    preset: str, data: str, reply: str, author: str, decisions: dict[str, str | None], refused: list[int]
) -> None:
    transfer = imported(data)
    assert (transfer.status, transfer.options["preset"]) == ("succeeded", preset)
    rows = Comment.objects.select_related("current_decision")
    assert {
        row.external_id: row.current_decision and row.current_decision.action for row in rows
    } == decisions
    comment = rows.get(external_id=reply)
    assert (comment.author_ref, abs((comment.created_at - WHEN).total_seconds()) < 1) == (author, True)
    assert "agree" in comment.text
    assert comment.text_format in ("html", "markdown")
    context = CommentContext.objects.get(comment=comment)
    assert "Nice roses" in context.entries[0]["text"]
    path = errors_file_of(transfer)
    lines = [int(line.split(",")[0]) for line in path.read_text().splitlines()[1:]] if path else []
    assert lines == refused
    assert not list(transfers_dir().glob("import-*"))


def test_reports_of_readers_come_along_and_those_of_the_old_system_do_not() -> None:
    imported(CORAL)
    assert Comment.objects.get(external_id="c1").report_count == 2
    imported(DISCOURSE, source="discourse")
    assert Comment.objects.get(external_id="7/2").report_count == 3


def test_the_threads_of_isso_have_ids_of_their_own() -> None:
    threads = [
        {
            "id": name,
            "title": "x",
            "comments": [{"id": 1, "author": "a", "text": f"hi {name}", "created": "2021-03-04 10:00:00"}],
        }
        for name in ("/a", "/b")
    ]
    imported(json.dumps(threads), preset="isso")
    assert list(Comment.objects.order_by("id").values_list("external_id", flat=True)) == ["/a#1", "/b#1"]


def test_a_user_archive_of_discourse_names_posts_by_their_address() -> None:
    imported(
        "topic_title,categories,is_pm,post_raw,post_cooked,like_count,reply_count,url,created_at\n"
        "Roses,x,no,hello,<p>hello</p>,0,0,https://forum.example/t/roses/7/3,2021-03-04 10:00:00 UTC\n"
    )
    assert Comment.objects.get().external_id == "7/3"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss xmlns:wp="http://wordpress.org/export/1.2/">&b;</rss>', "document type"),  # noqa: E501
        ('<rss xmlns:wp="http://wordpress.org/export/1.2/">' + "<a>" * 100, "nested too deeply"),
        ('<rss xmlns:wp="http://wordpress.org/export/1.2/"><a>', "not XML"),
        ('<rss xmlns:wp="http://wordpress.org/export/1.2/">&nbsp;</rss>', "not XML"),
        ('<rss xmlns:wp="http://wordpress.org/export/1.2/"></rss>', "No comments of WordPress"),
        ('{"version": 1, "comments": [{"commentHex": "1"', "not JSON"),
    ],
)  # fmt: skip
def test_an_export_that_is_broken_or_made_to_do_harm_is_refused(data: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        bring(data)
    assert not Transfer.objects.exists()


def test_an_entry_without_an_end_takes_no_more_memory_than_a_row(tmp_path: Path) -> None:
    place = tmp_path / "big.xml"
    with place.open("w") as stream:
        stream.write('<r xmlns:wp="http://wordpress.org/export/1.2/"><wp:comment><wp:comment_content>')
        for _ in range(100):
            stream.write("x" * 100_000)
    with pytest.raises(FileUnreadable, match="longer than"):
        list(PRESETS["wordpress"].rows(place))


def test_a_killed_import_of_an_export_goes_on_without_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_run.ImportRun, "chunk_rows", 2)
    transfer = bring(WXR)
    for _ in range(6):
        transfer_work(transfer_id=transfer.pk, shutdown_requested=lambda: True)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.done_rows, transfer.error_rows, Comment.objects.count()) == (
        "succeeded",
        4,
        1,
        3,
    )


def test_a_table_that_looks_like_an_export_can_be_read_as_one() -> None:
    transfer = imported(TABLE, preset="table")
    assert ("preset" in transfer.options, Comment.objects.count()) == (False, 3)
    assert Comment.objects.get(external_id="12").text_format == ""
    with pytest.raises(InvalidInput, match="wordpress"):
        bring(TABLE, preset="myspace")


def test_the_page_names_the_system_and_the_command_takes_it(
    client: Client, admin_person: User, tmp_path: Path, settings: Any
) -> None:
    client.force_login(admin_person)
    file = SimpleUploadedFile("disqus.xml", DISQUS.encode())
    address = client.post("/transfers/import/", {"file": file, "source": "blog"}).headers["Location"]
    page = client.get(address).content.decode()
    assert "Read as the export of this system" in page
    assert "Which column is what" not in page
    client.post(f"{address}start/", {"source": "blog"})
    transfer_work(transfer_id=Transfer.objects.get().pk)
    assert Comment.objects.filter(source__slug="blog").count() == 3
    place = tmp_path / "backup.json"
    place.write_text(REMARK.replace('"text": ""', '"text": "kept"'))
    call_command(
        "import_comments", str(place), "--source", "remark", "--preset", "remark42", stdout=StringIO()
    )
    assert Comment.objects.filter(source__slug="remark").count() == 3
    assert place.exists()


def test_exports_are_told_apart(tmp_path: Path) -> None:
    place = tmp_path / "file"
    for data, preset in (
        (WXR, "wordpress"), (DISQUS, "disqus"), (CORAL, "coral"), (ISSO, "isso"), (REMARK, "remark42"),
        (COMMENTO, "commento"), (DISCOURSE, "discourse"), (TABLE, "wordpress-table"), ("id,text\n1,a\n", ""),
        ('{"text": "a"}\n', ""), ("<html></html>", ""), ("", ""),
    ):  # fmt: skip
        place.write_text(data)
        assert preset_of(place) == preset
