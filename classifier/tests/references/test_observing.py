"""Observe: our answer goes out; the worker asks the service later and writes what both said."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from classifier.models import AuditEntry, Comment, ReferenceCall, ReferenceService
from classifier.references import live_calls
from classifier.references import queue as reference_queue
from classifier.references.pace import healths
from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, SCORES, Sender
from classifier.tests.references.conftest import ANALYZE_BODY, TEXT, Turns, add_service, let
from classifier.tests.references.stub import GOOD_KEY, Stub, score_of
from toxicsite.lib.broker import client, key
from toxicsite.tests.waiting import wait_until

OURS = {"TOXICITY": SCORES["toxic"], "INSULT": SCORES["insult"]}


def test_both_scores_are_kept_and_ours_goes_out(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "observe", service)
    answer = sender.post(ANALYZE, {**ANALYZE_BODY, "communityId": "forum"})
    assert answer.status_code == 200
    assert answer.json()["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == SCORES["toxic"]
    assert "Toxicsite-Answered-By" not in answer.headers
    assert not stub.asked  # nobody waits for it
    turns()
    call = ReferenceCall.objects.get()
    assert call.ours == OURS
    assert call.theirs == {name: score_of(TEXT, name) for name in OURS}
    assert (call.failure, call.mode, call.answered_by, call.text) == ("", "observe", "own", TEXT)
    assert call.api_key == sender.key
    assert call.comment == Comment.objects.get()
    assert call.source is not None
    assert call.source.slug == "forum"
    assert call.model_version is not None
    assert call.milliseconds is not None
    [one] = stub.asked
    assert one.path == "/v1alpha1/comments:analyze"
    assert one.headers["x-goog-api-key"] == GOOD_KEY
    assert one.body == {
        "comment": {"text": TEXT},
        "requestedAttributes": {"TOXICITY": {}, "INSULT": {}},
        "doNotStore": False,
        "languages": ["en"],
    }


def test_several_texts_of_a_moderation_are_one_call_and_a_row_each(
    sender: Sender, asked: Any, openai_service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "observe", openai_service)
    assert sender.post(MODERATIONS, {"input": ["a grey morning", "half a loaf"]}).status_code == 200
    turns()
    rows = list(ReferenceCall.objects.order_by("pk"))
    assert [row.theirs["hate"] for row in rows] == [
        score_of("a grey morning", "hate"),
        score_of("half a loaf", "hate"),
    ]
    assert [row.ours["hate"] for row in rows] == [SCORES["identity_hate"], SCORES["identity_hate"] / 2]
    assert "illicit" not in rows[0].theirs
    [one] = stub.asked
    assert one.headers["authorization"] == f"Bearer {GOOD_KEY}"
    assert one.body == {"input": ["a grey morning", "half a loaf"], "model": "omni"}


def test_a_call_in_another_wire_or_of_a_key_that_is_off_is_not_observed(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "observe", service)
    sender.post(MODERATIONS, {"input": "a grey morning"})
    let(sender, "off", service)
    sender.post(ANALYZE, ANALYZE_BODY)
    turns()
    assert not stub.asked
    assert not ReferenceCall.objects.exists()


FAILURES = [
    ("hang", "timeout", "No whole answer within 0.2 seconds."),
    ("broken", "server", "It answered 500."),
    ("quota", "quota", "It answered 429 (RESOURCE_EXHAUSTED)."),
    ("nonsense", "answer", "Its answer is not JSON."),
    ("shapeless", "answer", "Its answer has no attributeScores."),
    ("redirect", "answer", "It answered 302; redirects are not followed."),
    ("refuse", "refused", "It answered 400 (INVALID_ARGUMENT)."),
    ("huge", "answer", "Its answer is too long."),
]


@pytest.mark.parametrize(("way", "failure", "detail"), FAILURES)
def test_each_failure_is_kept_with_its_reason_and_without_text_or_key(
    way: str,
    failure: str,
    detail: str,
    sender: Sender,
    asked: Any,
    stub: Stub,
    redis_clean: None,
    turns: Turns,
) -> None:
    let(sender, "observe", add_service(stub.url, timeout_seconds=0.2 if way == "hang" else 2.0))
    stub.way = way
    assert sender.post(ANALYZE, ANALYZE_BODY).status_code == 200
    turns()
    call = ReferenceCall.objects.get()
    assert (call.failure, call.failure_detail) == (failure, detail)
    assert call.theirs == {}
    assert call.ours == OURS
    assert len(stub.asked) == 1  # a redirect goes nowhere


def test_a_service_that_is_not_there_a_wrong_key_and_a_private_address(
    sender: Sender, asked: Any, stub: Stub, redis_clean: None, turns: Turns, settings: Any
) -> None:
    def failure_of(service: ReferenceService) -> tuple[str, str]:
        let(sender, "observe", service)
        sender.post(ANALYZE, ANALYZE_BODY)
        turns()
        call = ReferenceCall.objects.order_by("-pk")[0]
        return call.failure, call.failure_detail

    assert failure_of(add_service("http://127.0.0.1:1"))[0] == "connection"
    wrong = failure_of(add_service(stub.url, key="wrong"))
    assert wrong == ("refused", "It answered 400 (API_KEY_INVALID).")
    away = add_service("http://127.0.0.2:1")
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    assert failure_of(away) == (
        "connection",
        "127.0.0.2 is not a public address. WEBHOOK_ALLOWED_NETWORKS can allow it.",
    )


def test_a_sealed_key_that_cannot_be_read_is_a_failure_of_its_own(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "observe", service)
    ReferenceService.objects.update(sealed_key=b"encrypted with another secret key")
    sender.post(ANALYZE, ANALYZE_BODY)
    turns()
    assert ReferenceCall.objects.get().failure == "key"
    assert not stub.asked


def test_the_pace_is_kept_and_what_expires_is_counted(
    sender: Sender, asked: Any, stub: Stub, redis_clean: None, turns: Turns
) -> None:
    service = add_service(stub.url, calls_per_second=0.05)
    let(sender, "observe", service)
    for _ in range(4):
        sender.post(ANALYZE, ANALYZE_BODY)
    turns()
    assert len(stub.asked) == 1  # the bucket held one call, and the next one comes in 20 seconds
    for name in client().scan_iter(key("reference:call:*")):
        client().pexpire(name, 1)
    wait_until(lambda: not list(client().scan_iter(key("reference:call:*"))))
    client().delete(key(f"reference:bucket:{service.pk}"))
    turns()
    turns()
    service.refresh_from_db()
    assert (len(stub.asked), service.missed) == (1, 3)
    assert ReferenceCall.objects.count() == 1


def test_a_full_queue_takes_nothing_more_and_counts_it(
    sender: Sender, asked: Any, stub: Stub, redis_clean: None, turns: Turns, settings: Any
) -> None:
    settings.REFERENCE_QUEUE_SECONDS = 60
    service = add_service(stub.url, calls_per_second=0.05)
    let(sender, "observe", service)
    for _ in range(13):
        sender.post(ANALYZE, ANALYZE_BODY)
    assert client().llen(key(f"reference:queue:{service.pk}")) == 10
    turns()
    service.refresh_from_db()
    assert service.missed == 3


def test_after_five_failures_in_a_row_it_is_paused_and_doubled_and_an_answer_ends_it(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "observe", service)
    stub.way = "broken"
    for _ in range(5):
        sender.post(ANALYZE, ANALYZE_BODY)
        turns()
    health = healths([service.pk])[service.pk]
    assert health.failing
    assert 0 < health.paused_seconds <= 30
    sender.post(ANALYZE, ANALYZE_BODY)
    turns()
    assert len(stub.asked) == 5
    assert ReferenceCall.objects.order_by("-pk")[0].failure == "paused"
    for longest in (60, 120, 240, 300, 300):
        client().delete(key(f"reference:pause:{service.pk}"))
        sender.post(ANALYZE, ANALYZE_BODY)
        turns()
        paused = healths([service.pk])[service.pk].paused_seconds
        assert longest - 5 < paused <= longest
    client().delete(key(f"reference:pause:{service.pk}"))
    stub.way = "good"
    sender.post(ANALYZE, ANALYZE_BODY)
    turns()
    assert healths([service.pk])[service.pk].failures == 0


def test_refusals_do_not_pause_it(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "observe", service)
    stub.way = "refuse"
    for _ in range(7):
        sender.post(ANALYZE, ANALYZE_BODY)
        turns()
    assert len(stub.asked) == 7
    health = healths([service.pk])[service.pk]
    assert (health.paused_seconds, health.failing) == (0, True)


def test_a_quota_pauses_it_for_as_long_as_it_asks_for(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "observe", service)
    stub.way, stub.retry_after = "quota", "77"
    sender.post(ANALYZE, ANALYZE_BODY)
    turns()
    assert 70 < healths([service.pk])[service.pk].paused_seconds <= 77


def test_a_share_of_the_calls_is_drawn(
    sender: Sender, asked: Any, stub: Stub, redis_clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = add_service(stub.url, share=0.25)
    let(sender, "observe", service)
    draws = iter([0.1, 0.24, 0.25, 0.9])
    monkeypatch.setattr("random.random", lambda: next(draws))
    for _ in range(4):
        sender.post(ANALYZE, ANALYZE_BODY)
    assert client().llen(key(f"reference:queue:{service.pk}")) == 2


def test_do_not_store_is_passed_on_and_leaves_no_trace(
    sender: Sender,
    asked: Any,
    service: ReferenceService,
    stub: Stub,
    turns: Turns,
    caplog: pytest.LogCaptureFixture,
) -> None:
    let(sender, "observe", service)
    secret = "a sentence about lanterns that nobody keeps"
    caplog.set_level("DEBUG")
    stub.way = "refuse"  # whose answer quotes the text
    body = {**ANALYZE_BODY, "comment": {"text": secret}, "doNotStore": True}
    sender.post(ANALYZE, body)
    assert all(secret.encode() not in value for value in _everything_in_redis())
    turns()
    assert stub.asked[0].body["doNotStore"] is True
    call = ReferenceCall.objects.get()
    assert (call.text, call.comment) == ("", None)
    assert secret not in str(list(ReferenceCall.objects.values()) + list(AuditEntry.objects.values()))
    assert not list(client().scan_iter(key("reference:call:*")))
    assert all(secret.encode() not in value for value in _everything_in_redis())
    assert secret not in caplog.text
    assert GOOD_KEY not in caplog.text


def _everything_in_redis() -> list[bytes]:
    readers: dict[bytes, Callable[[Any], Any]] = {
        b"string": client().get,
        b"list": lambda name: client().lrange(name, 0, -1),
        b"hash": client().hgetall,
    }
    found = []
    for name in client().scan_iter("*"):
        kind: Any = client().type(name)
        if kind in readers:
            found.append(str(readers[kind](name)).encode())
    return found


def test_the_bell_rings_after_the_reply_and_once_for_calls_that_come_meanwhile(
    sender: Sender, asked: Any, service: ReferenceService, monkeypatch: pytest.MonkeyPatch
) -> None:
    replied, rung = threading.Event(), threading.Semaphore(0)
    reference_queue._enqueuer().submit(int).result(10)  # what earlier tests have begun to ring
    clock = SimpleNamespace(sleep=lambda seconds: replied.wait(10))
    monkeypatch.setattr("classifier.references.queue.time", clock)
    monkeypatch.setattr(reference_queue, "enqueue_now", lambda task: rung.release())
    let(sender, "observe", service)
    for _ in range(3):
        assert sender.post(ANALYZE, ANALYZE_BODY).status_code == 200
        reference_queue.silence_bell()  # as a worker does that looks at the lists
    assert not rung.acquire(blocking=False)
    replied.set()
    assert rung.acquire(timeout=10)
    assert not rung.acquire(timeout=0.2)
    sender.post(ANALYZE, ANALYZE_BODY)
    assert rung.acquire(timeout=10)  # the next one rings again


def test_a_key_that_may_only_score_and_a_service_without_texts_keep_none(
    score_only: Sender, sender: Sender, asked: Any, stub: Stub, redis_clean: None, turns: Turns
) -> None:
    let(score_only, "observe", add_service(stub.url))
    let(sender, "observe", add_service(stub.url, keeps_texts=False))
    for one in (score_only, sender):
        one.post(ANALYZE, ANALYZE_BODY)
    turns()
    assert list(ReferenceCall.objects.values_list("text", flat=True)) == ["", ""]


def test_the_caller_notices_nothing_of_a_broken_redis(
    sender: Sender, asked: Any, service: ReferenceService, monkeypatch: pytest.MonkeyPatch
) -> None:
    let(sender, "observe", service)
    for error in (ConnectionError, RuntimeError):

        def fail(*args: Any, error: type[Exception] = error, **kwargs: Any) -> None:
            raise error("no")

        monkeypatch.setattr(live_calls, "put", fail)
        assert sender.post(ANALYZE, ANALYZE_BODY).status_code == 200


def test_what_waits_for_a_service_that_was_switched_off_is_not_asked(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "observe", service)
    sender.post(ANALYZE, ANALYZE_BODY)
    ReferenceService.objects.update(is_enabled=False)
    sender.post(ANALYZE, ANALYZE_BODY)
    turns()
    assert not stub.asked
    assert [call.failure for call in ReferenceCall.objects.all()] == ["off"]
