"""`manage.py import_comments` and `export_comments`: the same services, on the command line."""

import gzip
import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from classifier.models import AuditEntry, Comment, Transfer

pytestmark = pytest.mark.django_db


def test_a_file_is_imported_and_its_bad_rows_are_told(tmp_path: Path) -> None:
    file, errors, out = tmp_path / "given.csv", tmp_path / "bad.csv", StringIO()
    file.write_text("body,key\nhello,1\n,2\nworld,3\n")
    with pytest.raises(CommandError, match="rows not taken") as stopped:
        call_command(
            "import_comments",
            str(file),
            "--source",
            "forum",
            "--column",
            "external_id=key",
            "--errors",
            str(errors),
            stdout=out,
        )
    assert stopped.value.returncode == 3
    assert "2 comments stored, 0 were there already, 1 rows not taken" in out.getvalue()
    assert "3,text,This field may not be empty." in errors.read_text()
    assert list(Comment.objects.order_by("id").values_list("external_id", "source__slug")) == [
        ("1", "forum"),
        ("3", "forum"),
    ]
    assert file.exists()


def test_a_packed_backup_is_unpacked_aside_and_stays_as_it_is(tmp_path: Path, transfers_dir: Path) -> None:
    file = tmp_path / "backup.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"text": "hello"}\n'))
    call_command("import_comments", str(file), "--source", "forum", stdout=StringIO())
    assert Comment.objects.get().text == "hello"
    assert Transfer.objects.get().options["name"] == "backup.jsonl"
    assert list(transfers_dir.iterdir()) == []
    assert gzip.decompress(file.read_bytes()) == b'{"text": "hello"}\n'


ISSO_SCHEMA = """
CREATE TABLE comments (
    tid REFERENCES threads(id), id INTEGER PRIMARY KEY, parent INTEGER, created FLOAT NOT NULL, modified FLOAT,
    mode INTEGER, remote_addr VARCHAR, text VARCHAR NOT NULL, author VARCHAR, email VARCHAR, website VARCHAR,
    likes INTEGER DEFAULT 0, dislikes INTEGER DEFAULT 0, voters BLOB NOT NULL, notification INTEGER DEFAULT 0
);
"""  # isso/db/comments.py


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="needs the program sqlite3")
def test_the_line_that_writes_issos_comments_is_read(tmp_path: Path) -> None:
    page = (settings.BASE_DIR / "docs/operate/transfers.md").read_text()
    [line] = [line for line in page.splitlines() if line.startswith("sqlite3 ")]
    with closing(sqlite3.connect(tmp_path / "comments.db")) as database:
        database.executescript(ISSO_SCHEMA)
        insert = (
            "INSERT INTO comments (tid, id, parent, created, mode, remote_addr, text, author, voters) VALUES "
        )
        for row in (
            (1, 1, None, 1.7e9, 1, "10.0.0.0", 'It\'s "fine"', "Ann"),
            (1, 2, 1, 1.7e9, 2, "::", "ß", None),
        ):
            database.execute(f"{insert} (?, ?, ?, ?, ?, ?, ?, ?, ?)", [*row, bytes(range(256))])
        database.commit()
    subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True)
    call_command("import_comments", str(tmp_path / "isso.json"), "--source", "blog", stdout=StringIO())
    rows = Comment.objects.order_by("id").values_list("external_id", "text", "author_ref", "text_format")
    assert list(rows) == [("1", 'It\'s "fine"', "Ann", "markdown"), ("2", "ß", "", "markdown")]


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        ("words\nhello\n", [], "which column holds the text"),
        ("text\nhello\n", ["--source", "no slug"], "source: "),
        ("text\nhello\n", ["--column", "colour=text"], "columns.colour"),
        ("text\nhello\n", ["--encoding", "klingon"], "no encoding"),
    ],
)
def test_what_cannot_be_imported_is_said(
    content: str, arguments: list[str], words: str, tmp_path: Path
) -> None:
    file = tmp_path / "given.csv"
    file.write_text(content)
    with pytest.raises(CommandError, match=words):
        call_command("import_comments", str(file), *arguments, stderr=StringIO())
    assert not Comment.objects.exists()
    assert set(Transfer.objects.values_list("status", flat=True)) <= {"failed"}


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such file"):
        call_command("import_comments", str(tmp_path / "nothing.csv"))


def test_comments_are_exported_to_standard_output_and_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "given.jsonl"
    file.write_text('{"text": "hello"}\n{"text": "w\\u00f6rld", "source": "blog"}\n')
    call_command("import_comments", str(file), "--source", "forum", stdout=StringIO())
    out, told = StringIO(), StringIO()
    call_command("export_comments", "--format", "jsonl", stdout=out, stderr=told)
    assert [json.loads(line)["text"] for line in out.getvalue().splitlines()] == ["hello", "w\u00f6rld"]
    assert "2 comments exported" in told.getvalue()
    target = tmp_path / "out.csv"
    call_command("export_comments", "--filter", "source=blog", "-o", str(target), stderr=told)
    assert "w\u00f6rld" in target.read_text(encoding="utf-8")
    assert "hello" not in target.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [file, target] or set(tmp_path.iterdir()) == {
        file,
        target,
        tmp_path / "transfers",
    }
    assert AuditEntry.objects.filter(verb="export.comments_sent").count() == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--filter", "colour=red"], "There is no filter"),
        (["--filter", "status"], "NAME=VALUE"),
        (["-o", "/nowhere/out.csv"], "cannot write"),
    ],
)
def test_a_wrong_export_is_said(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("export_comments", *arguments, stderr=StringIO())
