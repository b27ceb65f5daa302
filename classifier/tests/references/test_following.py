"""Follow: the service's answer goes out as it came, ours is kept; where it has none, ours goes out and says why."""

import json
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from classifier.core.errors import NoWorker
from classifier.models import Comment, ModelVersion, ReferenceCall, ReferenceService
from classifier.references import live_calls
from classifier.references import wire as reference_wire
from classifier.references.selectors import reference_notices
from classifier.references.services import reference_disable, reference_remove
from classifier.scoring.heartbeat import beat
from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, SCORES, Sender
from classifier.tests.references.conftest import ANALYZE_BODY, TEXT, Turns, add_service, let
from classifier.tests.references.stub import GOOD_KEY, SLOW_SECONDS, Stub, answer_of, score_of
from toxicsite.lib.broker import client, key

ANSWERED_BY = "Toxicsite-Answered-By"


def test_the_answer_goes_out_as_it_came_and_ours_is_kept(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "follow", service)
    body = {
        **ANALYZE_BODY,
        "requestedAttributes": {"TOXICITY": {"scoreThreshold": 0.0}},
        "spanAnnotations": True,
        "clientToken": "7",
        "communityId": "forum",
    }
    raw = json.dumps(body, indent=3).encode()
    answer = sender.post(f"{ANALYZE}?key={sender.plaintext}", raw)
    assert answer.status_code == 200
    assert answer.headers[ANSWERED_BY] == "reference"
    assert answer.content == json.dumps(answer_of("/v1alpha1/comments:analyze", body)[1]).encode()
    [one] = stub.asked
    assert one.raw == raw  # to the byte
    assert one.path == "/v1alpha1/comments:analyze"
    assert sender.plaintext not in str(one.headers)
    assert one.headers["x-goog-api-key"] == GOOD_KEY
    turns()
    call = ReferenceCall.objects.get()
    assert call.ours == {"TOXICITY": SCORES["toxic"]}
    assert call.theirs == {"TOXICITY": score_of(TEXT, "TOXICITY")}
    assert (call.mode, call.answered_by, call.text) == ("follow", "reference", TEXT)
    assert call.comment == Comment.objects.get()  # it is stored as ever, with our verdict


def test_moderations_are_followed_with_all_their_texts(
    sender: Sender, asked: Any, openai_service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "follow", openai_service)
    answer = sender.post(MODERATIONS, {"input": ["a grey morning", "half a loaf"], "model": "mine"})
    assert answer.json()["id"] == "modr-stub"
    assert answer.json()["model"] == "mine"
    turns()
    assert [row.theirs["hate"] for row in ReferenceCall.objects.order_by("pk")] == [
        score_of("a grey morning", "hate"),
        score_of("half a loaf", "hate"),
    ]


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("hang", "timeout"),
        ("broken", "server"),
        ("quota", "quota"),
        ("nonsense", "answer"),
        ("shapeless", "answer"),
        ("redirect", "answer"),
        ("refuse", "refused"),
        ("huge", "answer"),
    ],
)
def test_where_it_fails_ours_goes_out_and_says_why(
    way: str, reason: str, sender: Sender, asked: Any, stub: Stub, redis_clean: None, turns: Turns
) -> None:
    let(sender, "follow", add_service(stub.url, timeout_seconds=0.2 if way == "hang" else 2.0))
    stub.way = way
    began = time.monotonic()
    answer = sender.post(ANALYZE, ANALYZE_BODY)
    assert time.monotonic() - began < 1.9
    assert answer.status_code == 200
    assert answer.headers[ANSWERED_BY] == f"own; reason={reason}"
    assert answer.json()["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == SCORES["toxic"]
    turns()
    call = ReferenceCall.objects.get()
    assert (call.failure, call.answered_by) == (reason, "own")
    assert call.ours["TOXICITY"] == SCORES["toxic"]


def test_a_slow_one_within_its_time_is_waited_for(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub
) -> None:
    let(sender, "follow", service)
    stub.way = "slow"
    began = time.monotonic()
    assert sender.post(ANALYZE, ANALYZE_BODY).headers[ANSWERED_BY] == "reference"
    assert time.monotonic() - began >= SLOW_SECONDS


def test_over_the_rate_and_paused_nothing_is_waited_for(
    sender: Sender, asked: Any, stub: Stub, redis_clean: None, turns: Turns
) -> None:
    let(sender, "follow", add_service(stub.url, calls_per_second=0.05, timeout_seconds=20.0))
    stub.way = "quota"
    first, second = (sender.post(ANALYZE, ANALYZE_BODY).headers[ANSWERED_BY] for _ in range(2))
    assert (first, second) == ("own; reason=quota", "own; reason=rate")
    stub.retry_after = "60"
    let(sender, "follow", add_service(stub.url))
    first, second = (sender.post(ANALYZE, ANALYZE_BODY).headers[ANSWERED_BY] for _ in range(2))
    assert (first, second) == ("own; reason=quota", "own; reason=paused")
    assert len(stub.asked) == 2
    turns()
    kept = ReferenceCall.objects.order_by("pk").values_list("failure", flat=True)
    assert list(kept) == ["quota", "rate", "quota", "paused"]


def test_with_all_threads_waiting_ours_goes_out_at_once(
    sender: Sender, asked: Any, stub: Stub, redis_clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = live_calls.Pool(1)
    monkeypatch.setattr(live_calls, "_pool", lambda: pool)
    service = add_service(stub.url, timeout_seconds=20.0)
    stub.way = "hang"
    first = pool.submit(service, b"{}")
    assert first is not None
    let(sender, "follow", service)
    assert sender.post(ANALYZE, ANALYZE_BODY).headers[ANSWERED_BY] == "own; reason=rate"
    stub.released.set()
    first.result(10)


def test_where_our_worker_fails_the_references_answer_goes_out(
    sender: Sender,
    asked: Any,
    service: ReferenceService,
    stub: Stub,
    turns: Turns,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody(*, texts: Sequence[str], deadline: float, **more: Any) -> Any:
        raise NoWorker("none")

    monkeypatch.setattr("classifier.dialects.scoring.score_texts", nobody)
    let(sender, "follow", service)
    answer = sender.post(ANALYZE, ANALYZE_BODY)
    assert answer.status_code == 200
    assert answer.headers[ANSWERED_BY] == "reference"
    turns()
    call = ReferenceCall.objects.get()
    assert (call.ours, call.answered_by, call.text) == ({}, "reference", "")
    stub.way = "broken"
    answer = sender.post(ANALYZE, ANALYZE_BODY)
    assert answer.status_code == 503  # neither can answer
    assert answer.headers[ANSWERED_BY] == "own; reason=server"


@pytest.mark.parametrize(("path", "body"), [(ANALYZE, ANALYZE_BODY), (MODERATIONS, {"input": TEXT})])
def test_a_slow_worker_of_ours_holds_no_answer_back(
    path: str,
    body: dict[str, Any],
    sender: Sender,
    active_version: ModelVersion,
    stub: Stub,
    redis_clean: None,
    turns: Turns,
    settings: Any,
) -> None:
    beat("stuck", model_version=active_version.version, backend="", problem="")
    wire = "perspective" if path == ANALYZE else "openai"
    let(sender, "follow", add_service(stub.url, wire=wire, timeout_seconds=0.3))
    settings.SCORE_DEADLINE_SECONDS = 20.0
    began = time.monotonic()
    answer = sender.post(path, body)
    assert time.monotonic() - began < 10
    assert (answer.status_code, answer.headers[ANSWERED_BY]) == (200, "reference")
    assert not list(client().scan_iter(match=key("question:*")))  # nobody scores it for nothing
    turns()
    call = ReferenceCall.objects.get()
    assert (call.ours, call.failure) == ({}, "")
    # Where the service has none, ours is waited for as long as ever.
    stub.way = "broken"
    settings.SCORE_DEADLINE_SECONDS = 1.0
    began = time.monotonic()
    assert sender.post(path, body).status_code >= 500
    assert time.monotonic() - began >= 1.0


def test_a_language_that_only_the_reference_knows_is_answered_by_it(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub
) -> None:
    body = {**ANALYZE_BODY, "languages": ["fr"]}
    assert sender.post(ANALYZE, body).status_code == 400
    let(sender, "follow", service)
    assert sender.post(ANALYZE, body).headers[ANSWERED_BY] == "reference"


def test_keys_scopes_and_bodies_that_are_refused_here_go_nowhere(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub
) -> None:
    key = let(sender, "follow", service)
    assert sender.post(ANALYZE, b"{not json").status_code == 400
    assert sender.post(ANALYZE, b"[1]").status_code == 400
    key.scopes = ["read"]
    key.save(update_fields=["scopes"])
    assert sender.post(ANALYZE, ANALYZE_BODY).status_code == 403
    assert not stub.asked


def test_a_quota_of_texts_that_is_used_up_is_refused_all_the_same(
    sender: Sender, asked: Any, service: ReferenceService
) -> None:
    key = let(sender, "follow", service)
    key.texts_per_day = 1
    key.save(update_fields=["texts_per_day"])
    assert sender.post(ANALYZE, ANALYZE_BODY).status_code == 200
    assert sender.post(ANALYZE, ANALYZE_BODY).status_code == 429


def test_on_the_first_of_january_nothing_breaks(
    sender: Sender, asked: Any, stub: Stub, redis_clean: None, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = add_service(stub.url, ends_on=date(2026, 12, 31))
    clock = [datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)]
    monkeypatch.setattr("django.utils.timezone.now", lambda: clock[0])
    let(sender, "follow", service)
    assert sender.post(ANALYZE, ANALYZE_BODY).headers[ANSWERED_BY] == "reference"
    assert reference_notices(clock[0]) == []
    turns()
    clock[0] = datetime(2027, 1, 1, tzinfo=UTC)
    stub.way = "broken"
    answer = sender.post(ANALYZE, ANALYZE_BODY)
    assert answer.status_code == 200
    assert answer.headers[ANSWERED_BY] == "own; reason=off"
    assert answer.json()["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == SCORES["toxic"]
    assert len(stub.asked) == 1
    [notice] = reference_notices(clock[0])
    assert notice.message == (
        "Perspective ended on 31 December 2026: 1 key still follows it and is answered by this site's model."
    )
    assert notice.keys == ["forum"]
    turns()
    assert ReferenceCall.objects.count() == 1  # of what is not asked any more nothing is kept


@pytest.mark.parametrize("end", [reference_disable, reference_remove])
def test_switched_off_or_removed_ours_goes_out(
    end: Any, sender: Sender, asked: Any, service: ReferenceService, stub: Stub
) -> None:
    let(sender, "follow", service)
    end(service=service, by=None)
    assert sender.post(ANALYZE, ANALYZE_BODY).headers[ANSWERED_BY] == "own; reason=off"
    assert not stub.asked
    [notice] = reference_notices(datetime.now(UTC))
    assert "1 key still follows it" in notice.message


def test_a_base_url_may_end_with_the_version() -> None:
    def at(url: str, wire: str) -> str:
        return reference_wire.endpoint(ReferenceService(url=url, wire=wire))

    assert at("https://api.example.org/v1", "openai") == "https://api.example.org/v1/moderations"
    assert at("https://api.example.org/", "openai") == "https://api.example.org/v1/moderations"
    assert at("https://p.example.org", "perspective") == "https://p.example.org/v1alpha1/comments:analyze"


def test_a_reference_whose_fault_is_ours_is_still_no_fault_of_the_caller(
    sender: Sender, asked: Any, service: ReferenceService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(live_calls, "ask", fail)
    let(sender, "follow", service)
    assert sender.post(ANALYZE, ANALYZE_BODY).headers[ANSWERED_BY] == "own; reason=connection"
