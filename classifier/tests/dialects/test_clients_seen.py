"""Which programs call with a key and what they ask for: recorded once in a while, also where the call is refused."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from classifier.api_keys import clients_seen
from classifier.api_keys.clients_seen import CLIENTS_MAX, NAMES_MAX, WRITES_MAX, Memory, client_seen
from classifier.api_keys.services import api_key_create
from classifier.models import ApiKey, ClientSeen, User
from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, PREDICT, SUGGEST, Sender
from classifier.tests.dialects.test_analyze import request

CORAL = "Coral Perspective/9.1.0"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The memory of one process, which starts empty, and its clock."""
    clock = Clock()
    monkeypatch.setattr(clients_seen, "MEMORY", Memory(clock))
    return clock


@pytest.fixture
def key(owner: User) -> ApiKey:
    return api_key_create(name="forum", owner=owner, scopes=["score"])[0]


def statements(call: Any) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        call()
    return [query["sql"] for query in queries if "clientseen" in query["sql"]]


def test_a_call_is_recorded_with_what_it_asks_for(sender: Sender, asked: list[list[str]]) -> None:
    body = request(requestedAttributes={"TOXICITY": {}, "THREAT@2": {}}, languages=["EN"])
    assert sender.post(ANALYZE, body, **{"User-Agent": CORAL}).status_code == 200
    seen = ClientSeen.objects.get()
    assert (seen.api_key, seen.dialect, seen.user_agent) == (sender.key, "perspective", CORAL)
    assert (seen.attributes, seen.languages) == (["TOXICITY", "THREAT@2"], ["en"])
    assert seen.first_seen_at == seen.last_seen_at


def test_the_other_dialects_are_recorded_too(sender: Sender, asked: list[list[str]]) -> None:
    sender.post(MODERATIONS, {"input": "hello"}, **{"User-Agent": "OpenAI/Python 9"})
    sender.post(PREDICT, {"inputs": "hello"}, **{"User-Agent": "tei"})
    assert set(ClientSeen.objects.values_list("dialect", "user_agent")) == {
        ("openai", "OpenAI/Python 9"),
        ("tei", "tei"),
    }


def test_what_brings_nothing_new_costs_no_statement(sender: Sender, asked: list[list[str]]) -> None:
    def call(**fields: Any) -> list[str]:
        return statements(lambda: sender.post(ANALYZE, request(**fields), **{"User-Agent": CORAL}))

    assert len(call(languages=["en"])) == 2  # the row, and the bound on rows
    assert call(languages=["en"]) == call() == []
    assert len(call(requestedAttributes={"TOXICITY": {}, "THREAT": {}})) == 1
    assert call(requestedAttributes={"THREAT": {}}) == []
    assert ClientSeen.objects.get().attributes == ["TOXICITY", "THREAT"]


def test_it_is_written_again_after_a_while(key: ApiKey, clock: Clock) -> None:
    client_seen(api_key=key, dialect="perspective", user_agent=CORAL, attributes=["TOXICITY"])
    first = ClientSeen.objects.get()
    clock.now += clients_seen.REMEMBER_SECONDS + 1
    client_seen(api_key=key, dialect="perspective", user_agent=CORAL, attributes=["INSULT"])
    again = ClientSeen.objects.get()
    assert again.first_seen_at == first.first_seen_at < again.last_seen_at
    assert again.attributes == ["TOXICITY", "INSULT"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (request(languages=["es"]), 400),
        (request(languages=["es"], comment={"text": ""}), 400),
        (request(languages=["es"], comment={"text": "endless"}), 400),
    ],
)
def test_a_refused_call_is_recorded(
    sender: Sender, asked: list[list[str]], body: dict[str, Any], status: int
) -> None:
    assert sender.post(ANALYZE, body, **{"User-Agent": CORAL}).status_code == status
    seen = ClientSeen.objects.get()
    assert (seen.attributes, seen.languages) == (["TOXICITY"], ["es"])


def test_a_key_without_the_scope_is_recorded_and_no_key_is_not(score_only: Sender) -> None:
    assert score_only.post(SUGGEST, {}).status_code == 403
    assert ClientSeen.objects.get().api_key == score_only.key
    score_only.post(ANALYZE, {}, Authorization="Bearer tox_00000000_wrong", **{"User-Agent": "other"})
    assert ClientSeen.objects.count() == 1


def test_googles_library_is_told_by_its_own_header(sender: Sender, asked: list[list[str]]) -> None:
    headers = {"User-Agent": "(gzip)", "X-Goog-Api-Client": "gdcl/2.202.0 gl-python/3.13"}
    sender.post(ANALYZE, request(), **headers)
    assert ClientSeen.objects.get().user_agent == "(gzip) gdcl/2.202.0 gl-python/3.13"


def test_only_names_are_kept_bounded_and_printable(key: ApiKey) -> None:
    client_seen(
        api_key=key,
        dialect="perspective",
        user_agent="a\x00b\té" + "x" * 1_000,
        attributes=["TOXICITY", "you are an idiot", "X" * 200, *(f"NAME_{n}" for n in range(200))],
        languages=["en", "my name is anna", *(f"aa-{n}" for n in range(200)), 7, ["en"]],  # type: ignore[list-item]
    )
    seen = ClientSeen.objects.get()
    assert seen.user_agent.startswith("a b x")
    assert len(seen.user_agent) == 200
    assert (seen.attributes[:2], seen.languages[:2]) == (["TOXICITY", "NAME_0"], ["en", "aa-0"])
    assert len(seen.attributes) == len(seen.languages) == NAMES_MAX
    client_seen(api_key=key, dialect="perspective", user_agent=seen.user_agent, attributes=["OTHER_NAME"])
    seen.refresh_from_db()
    assert len(seen.attributes) == NAMES_MAX


def test_another_process_adds_no_more_names_than_the_bound(
    key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in range(4):
        monkeypatch.setattr(clients_seen, "MEMORY", Memory())
        client_seen(api_key=key, dialect="tei", attributes=[f"NAME_{part}_{n}" for n in range(20)])
    assert len(ClientSeen.objects.get().attributes) == NAMES_MAX


def test_the_clients_seen_last_are_kept(key: ApiKey) -> None:
    for number in range(CLIENTS_MAX + 5):
        client_seen(api_key=key, dialect="perspective", user_agent=f"client {number}")
    kept = list(ClientSeen.objects.order_by("last_seen_at").values_list("user_agent", flat=True))
    assert kept == [f"client {number}" for number in range(5, CLIENTS_MAX + 5)]


def test_a_client_with_another_name_each_time_is_written_so_often_and_no_more(
    key: ApiKey, clock: Clock
) -> None:
    def call(number: int) -> list[str]:
        return statements(lambda: client_seen(api_key=key, dialect="tei", user_agent=f"client {number}"))

    written = [bool(call(number)) for number in range(2 * WRITES_MAX)]
    assert written == [True] * WRITES_MAX + [False] * WRITES_MAX
    clock.now += clients_seen.REMEMBER_SECONDS + 1
    assert call(7)


def test_a_database_that_refuses_it_fails_no_call(
    sender: Sender, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        raise OperationalError("TOXICITY of somebody")

    monkeypatch.setattr(clients_seen, "_write", fail)
    assert sender.post(ANALYZE, request()).status_code == 200
    assert "could not be recorded" in caplog.text
    assert "somebody" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_gone_fails_nothing(key: ApiKey, caplog: pytest.LogCaptureFixture) -> None:
    key.pk += 1_000
    client_seen(api_key=key, dialect="tei")
    assert "could not be recorded: IntegrityError" in caplog.text
    assert not ClientSeen.objects.exists()
