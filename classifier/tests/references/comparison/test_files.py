"""A file of old scores: looked at, scored in the background without a row twice, compared, deleted; hostile files."""

import csv
import errno
import io
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from classifier.accounts.roles import LEAD
from classifier.accounts.services import person_create
from classifier.comments.submission import comments_submit
from classifier.core.errors import NoWorker
from classifier.core.validation import InvalidInput
from classifier.dialects.labels import labels_by_attribute
from classifier.inference.files.values import read_score
from classifier.models import (
    AuditEntry,
    Comment,
    ModelVersion,
    ReferenceCall,
    ReferenceService,
    Source,
    Transfer,
    User,
)
from classifier.policies.services import policy_save
from classifier.scoring.score_texts import Read, ScoredText, TextProblem
from classifier.tests.references.comparison.conftest import LABELS
from classifier.transfers import comparison_run as comparing_files
from classifier.transfers.comparisons import (
    comparison_create,
    comparison_delete,
    comparison_start,
)
from classifier.transfers.services import TransferLost, TransferNotPossible, transfer_claim, upload_store
from classifier.transfers.worker import transfer_work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]
BANDS = {"toxic": {"review": 0.5, "remove": None}}
PERSPECTIVE = labels_by_attribute("perspective")
OPENAI = labels_by_attribute("openai")


@pytest.fixture
def asked(version: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the worker was asked; it scores `text 7` with 0.07, insults with half, and finds "endless" too long."""
    questions: list[list[str]] = []

    def answer(*, texts: Sequence[str], read: Read, backlog: bool, deadline: float) -> list[Any]:
        assert backlog is True
        questions.append([read(text).text for text in texts])
        return [score(text, version) for text in questions[-1]]

    monkeypatch.setattr(comparing_files, "score_texts", answer)
    return questions


def score(text: str, version: ModelVersion) -> ScoredText | TextProblem:
    if text == "endless":
        return TextProblem("too_long", "This text needs 99 windows.")
    value = float(text.split()[-1]) / 1_000
    scores = {**dict.fromkeys(LABELS, 0.0), "toxic": value, "insult": value / 2}
    return ScoredText(scores, "non-toxic", value, 0.5, 1, version.version)


def started(
    data: str,
    *,
    by: User | None = None,
    columns: dict[str, str] | None = None,
    text: str = "text",
    **more: Any,
) -> Transfer:
    labels = more.pop("labels", PERSPECTIVE)
    wire = more.pop("wire", "perspective")
    transfer = comparison_create(
        file=upload_store([data.encode()]), name="old.csv", source="forum", labels=labels, wire=wire, by=by
    )
    about = {"source": "forum", "keeps_texts": True, **more}
    comparison_start(
        transfer=transfer,
        text=text,
        columns=columns or {"TOXICITY": "TOXICITY"},
        labels=labels,
        by=by,
        **about,
    )
    return transfer


def done(data: str, **more: Any) -> Transfer:
    transfer = started(data, **more)
    transfer_work(transfer_id=transfer.pk)
    transfer.refresh_from_db()
    return transfer


def rows(count: int) -> str:
    return "text,TOXICITY\n" + "".join(f"text {number},0.{number % 10}\n" for number in range(count))


def test_each_row_becomes_a_pair_of_its_source(
    asked: list[list[str]], version: ModelVersion, transfers_dir: Path
) -> None:
    transfer = done(
        'text,TOXICITY,abuse\ntext 100,0.25,0.5\n"text\n200",,1\nendless,0.1,0.1\ntext 300,x,0.2\ntext 400,,\n',
        columns={"TOXICITY": "TOXICITY", "INSULT": "abuse"},
    )
    assert (transfer.status, transfer.done_rows, transfer.error_rows) == ("succeeded", 5, 3)
    first, second = ReferenceCall.objects.order_by("pk")
    assert first.ours == {"TOXICITY": 0.1, "INSULT": 0.05}
    assert (first.theirs, second.theirs) == ({"TOXICITY": 0.25, "INSULT": 0.5}, {"INSULT": 1.0})
    assert (first.text, first.model_version, first.source) == (
        "text 100",
        version,
        Source.objects.get(slug="forum"),
    )
    assert not Comment.objects.exists()
    errors = Path(transfers_dir / transfer.errors_file)
    told = [
        (row["error_line"], row["error_message"]) for row in csv.DictReader(io.StringIO(errors.read_text()))
    ]
    assert told == [
        ("5", "This text needs 99 windows."),
        ("6", "This is no number."),
        ("7", "This row has no score in any of the columns."),
    ]
    assert transfer.file == ""  # its texts are in the database
    assert set(AuditEntry.objects.values_list("verb", flat=True)) == {"compare.file", "compare.file_done"}


def test_texts_are_kept_by_choice_and_a_category_is_the_highest_of_its_labels(
    asked: list[list[str]],
) -> None:
    done('{"text": "text 100", "h": 0.5}\n', columns={"harassment": "h"}, labels=OPENAI, wire="openai",
         keeps_texts=False)  # fmt: skip
    call = ReferenceCall.objects.get()
    assert (call.ours, call.theirs, call.text, call.wire) == (
        *({"harassment": 0.1}, {"harassment": 0.5}, "", "openai"),
    )
    assert call.source is not None


def test_texts_are_read_in_the_chosen_format_or_as_the_policy_of_their_source_says(
    asked: list[list[str]],
) -> None:
    data = "text,TOXICITY\n<i>te<b>x</b>t 100</i>,0.5\n"
    transfer = done(data, text_format="html")
    assert asked.pop() == ["text 100"]
    assert transfer.options["text_format"] == "html"
    source = Source.objects.get(slug="forum")
    policy_save(source=source, bands=BANDS, text_format="html", by=None)
    done(data)
    assert asked.pop() == ["text 100"]
    with pytest.raises(
        InvalidInput, match=r"^text_format: This must be one of text, html, markdown\.$"
    ) as caught:
        started(data, text_format="pdf")
    assert [problem.field for problem in caught.value.problems] == ["text_format"]


def test_a_log_of_perspective_is_read_as_it_is(asked: list[list[str]]) -> None:
    answer = {"attributeScores": {"TOXICITY": {"summaryScore": {"value": 0.25, "type": "PROBABILITY"}}}}
    lines = [
        {
            "request": {"comment": {"text": "text 100"}, "requestedAttributes": {"TOXICITY": {}}},
            "response": answer,
        },
        {"comment": {"text": "text 200"}, **answer, "languages": ["en"]},
        {"comment": {"text": "text 300"}, "error": {"code": 429}},
    ]
    transfer = done("".join(f"{json.dumps(line)}\n" for line in lines))
    assert (transfer.status, transfer.error_rows) == ("succeeded", 1)
    calls = ReferenceCall.objects.order_by("pk").values_list("text", "theirs")
    assert list(calls) == [("text 100", {"TOXICITY": 0.25}), ("text 200", {"TOXICITY": 0.25})]


def test_it_asks_a_few_texts_at_a_time(asked: list[list[str]]) -> None:
    done(rows(100))
    assert max(map(len, asked)) == comparing_files.ASK_TEXTS
    assert [text for texts in asked for text in texts] == [f"text {number}" for number in range(100)]


def test_what_stops_goes_on_from_there_without_a_row_twice(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = started(rows(300))
    stops = iter([False, True])
    transfer_work(transfer_id=transfer.pk, shutdown_requested=lambda: next(stops, True))
    transfer.refresh_from_db()
    assert (transfer.status, 0 < transfer.done_rows < 300) == ("queued", True)
    # Another worker was taken for dead, and writes after all.
    late = transfer_claim(transfer_id=transfer.pk)
    assert late is not None
    Transfer.objects.filter(pk=transfer.pk).update(status="queued")
    transfer_work(transfer_id=transfer.pk)
    with pytest.raises(TransferLost, match=r"^compare \d+ has another worker, or was cancelled$"):
        comparing_files.comparison_run(transfer=late)
    texts = list(ReferenceCall.objects.order_by("pk").values_list("text", flat=True))
    assert texts == [f"text {number}" for number in range(300)]


def test_live_comments_go_first(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch, version: ModelVersion
) -> None:
    monkeypatch.setattr(comparing_files, "TURN_SECONDS", 0.05)
    comments_submit(items=[{"text": "live"}], source="web")
    transfer = started(rows(10))
    transfer_work(transfer_id=transfer.pk)
    transfer.refresh_from_db()
    assert asked == []
    assert (transfer.status, transfer.options["waiting"]) == ("queued", comparing_files.LIVE_FIRST)
    Comment.objects.update(is_backlog=True)
    transfer_work(transfer_id=transfer.pk)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.options.get("stored")) == ("succeeded", 10)


def test_without_a_worker_it_waits_and_says_so(
    monkeypatch: pytest.MonkeyPatch, version: ModelVersion
) -> None:
    def nobody(**kwargs: Any) -> Any:
        raise NoWorker("No classification worker is running.")

    monkeypatch.setattr(comparing_files, "score_texts", nobody)
    transfer = done(rows(5))
    assert (transfer.status, transfer.options["waiting"]) == ("queued", comparing_files.NO_WORKER)
    assert not ReferenceCall.objects.exists()


def test_deleting_it_deletes_its_rows_but_not_while_it_runs(asked: list[list[str]]) -> None:
    waiting = started(rows(3))
    with pytest.raises(TransferNotPossible, match=r"^This comparison still runs\. Cancel it first\.$"):
        comparison_delete(transfer=waiting, by=None)
    transfer = done(rows(5))
    comparison_delete(transfer=transfer, by=None)
    assert not ReferenceCall.objects.exists()
    assert AuditEntry.objects.get(verb="compare.delete").count == 5


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04zip", "a zip archive"),
        (b"", "empty"),
        (b'[{"text": "x"}', "not closed"),
        (b"text,text\na,b\n", "Two columns are called"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_before_anything_is_kept(
    db: None, transfers_dir: Path, data: bytes, why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        comparison_create(
            file=upload_store([data]),
            name="x",
            source="forum",
            labels=PERSPECTIVE,
            wire="perspective",
            by=None,
        )
    assert not Transfer.objects.exists()
    assert list(transfers_dir.iterdir()) == []


def test_one_that_breaks_off_later_changes_nothing(asked: list[list[str]]) -> None:
    transfer = done(rows(3_000) + "x" * 5_000_000)
    assert transfer.status == "failed"
    assert "longer than" in transfer.failure_reason
    assert not ReferenceCall.objects.exists()


@pytest.mark.parametrize("value", ["1.01", "-0.1", "nan", "inf", "0,8", "", " ", True, [], "1e-3", 1])
def test_scores_are_read_strictly(value: Any) -> None:
    good = {"": None, " ": None, "1e-3": 0.001, 1: 1.0, "0,8": 0.8}
    if not isinstance(value, bool | list) and value in good:
        assert read_score(value) == good[value]
    else:
        with pytest.raises(ValueError, match="This is no"):
            read_score(value)


def test_wrong_columns_are_named(db: None) -> None:
    for change, field in (
        ({"text": ""}, "text"),
        ({"text": "nothing"}, "text"),
        ({"columns": {"TOXICITY": "text"}}, "columns.TOXICITY"),
        ({"columns": {"SPAM": "TOXICITY"}}, "columns.SPAM"),
        ({"source": "no slug!"}, "source"),
    ):
        with pytest.raises(InvalidInput, match=r"^(text|columns|source)[\w.\[\]!-]*: ") as error:
            started(rows(3), **change)
        assert [problem.field for problem in error.value.problems] == [field], change


def test_the_pages_lead_from_the_upload_to_the_comparison(
    client_of: Callable[[User], Client],
    admin_person: User,
    asked: list[list[str]],
    service: ReferenceService,
    lead: User,
) -> None:
    client = client_of(admin_person)
    file = SimpleUploadedFile("old & new.csv", rows(40).replace("TOXICITY", "toxicity", 1).encode())
    assert client.post("/comparisons/new/", {"wire": "perspective"}).status_code == 422
    brought = client.post("/comparisons/new/", {"file": file, "wire": "perspective", "source": "forum"})
    address = brought.headers["Location"]
    draft = client.get(address).content.decode()
    assert '<option value="toxicity" selected>' in draft
    assert "old &amp; new.csv" in draft
    body = {"text": "text", "column-TOXICITY": "toxicity", "source": "forum", "keeps_texts": "1"}
    looked = client.post(f"{address}start/", {**body, "look": "1"})
    assert (looked.status_code, Transfer.objects.get().options.get("draft")) == (200, True)
    assert client.post(f"{address}start/", {**body, "column-TOXICITY": ""}).status_code == 422
    assert client.post(f"{address}start/", {**body, "service": "999"}).status_code == 422
    client.post(f"{address}start/", {**body, "service": str(service.pk)})
    assert 'hx-trigger="every 2s"' in client.get(address).content.decode()
    transfer_work(transfer_id=Transfer.objects.get().pk)
    shown = client.get(address).content.decode()
    assert '<dt>Compared pairs</dt><dd class="num">40</dd>' in shown
    assert "Perspective flag" in shown
    assert "data-compare-row" in shown
    assert client.get(f"/references/{service.pk}/compare/").content.decode().count("No calls yet") == 1
    near = person_create(
        username="near", password="a-long-enough-pass", roles=[LEAD], all_sources=False,
        sources=[Source.objects.create(slug="web", name="Web")], by=admin_person,
    )  # fmt: skip
    assert client_of(near).get(address).status_code == 404
    assert client_of(lead).get(address).status_code == 200
    assert client_of(lead).post(f"{address}delete/").status_code == 403
    assert client.post(f"{address}delete/").headers["Location"] == "/comparisons/"
    assert not ReferenceCall.objects.exists()
    assert "Comparison" not in client.get("/transfers/").content.decode()


def test_files_nobody_started_are_tidied_away(admin_person: User, transfers_dir: Path, settings: Any) -> None:
    from classifier.transfers.services import tidy_up

    comparison_create(
        file=upload_store([rows(3).encode()]), name="x", source="forum", labels=PERSPECTIVE,
        wire="perspective", by=admin_person,
    )  # fmt: skip
    Transfer.objects.update(created_at=timezone.now() - timedelta(hours=settings.TRANSFER_KEEP_HOURS + 1))
    tidy_up()
    assert not Transfer.objects.exists()
    assert list(transfers_dir.iterdir()) == []


def test_an_upload_that_finds_no_room_is_told_on_the_page(
    client_of: Callable[[User], Client],
    admin_person: User,
    transfers_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def disk_full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("classifier.transfers.services.os.fsync", disk_full)
    file = SimpleUploadedFile("old.csv", rows(3).encode())
    upload = {"file": file, "wire": "perspective"}
    answer = client_of(admin_person).post("/comparisons/new/", upload)
    assert answer.status_code == 507
    shown = answer.content.decode()
    assert "The server&#x27;s disk is full, so nothing of this was stored." in shown
    assert 'name="file"' in shown
    assert not Transfer.objects.exists()
    assert list(transfers_dir.iterdir()) == []
