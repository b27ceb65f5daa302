"""Following comments as they are classified and decided: server-sent events that lose nothing."""

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.request import Request

from classifier.api import event_streams
from classifier.api_keys.services import api_key_revoke
from classifier.models import ApiKey, Comment, CommentEvent, ModelVersion, User
from classifier.review.decisions import decision_record
from classifier.tests.api.conftest import Caller, MakeCaller, assert_problem, person
from classifier.tests.builders import classified_comment
from toxicsite.lib.event_stream import Places, ServerEvent

EVENTS = "/api/v1/comments/events/"


class Stream:
    """A stream as a client reads it, one event at a time."""

    def __init__(self, caller: Caller, last_id: str = "", connection: Any = None, **query: Any) -> None:
        headers = {**caller.headers, **({"Last-Event-ID": last_id} if last_id else {})}
        self.response = cast(
            Any, caller.client.get(EVENTS, query, headers=headers, **{"gunicorn.socket": connection})
        )
        assert self.response.status_code == 200, self.response.content
        self.parts: Iterator[bytes] = iter(self.response.streaming_content)
        assert next(self.parts).startswith(b"retry: ")

    def next(self) -> tuple[str, Any, str]:
        """Name, data and id of the next event."""
        fields = dict(line.split(": ", 1) for line in next(self.parts).decode().strip().splitlines())
        return fields["event"], json.loads(fields["data"]), fields["id"]

    def rest(self) -> list[tuple[str, int]]:
        """What comes until the stream ends by itself: names and comments."""
        found = []
        for part in self.parts:
            fields = dict(
                line.split(": ", 1) for line in part.decode().strip().splitlines() if line[0] != ":"
            )
            found.append((fields["event"], json.loads(fields["data"])["comment"]))
        return found

    def close(self) -> None:
        self.response._iterator.close()  # as the test client does when all was read


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    settings.API_STREAM_LOOK_SECONDS = 0.01
    settings.API_STREAM_SECONDS = 0


def test_a_verdict_and_a_decision_are_told_as_they_happen(
    active_version: ModelVersion, caller_for: MakeCaller, settings: Any
) -> None:
    settings.API_STREAM_SECONDS = 60
    moderator = person("moderator", "view_comment", "add_decision")
    classified_comment(active_version)  # before anybody follows
    stream = Stream(caller_for(moderator))
    comment = classified_comment(active_version, "i hate this")
    name, data, _ = stream.next()
    assert (name, data["comment"], data["new"]) == ("comment.classified", comment.pk, "classified")
    assert (data["verdict"], data["source"]) == ("toxic", "test")
    assert (data["language"], data["language_supported"], data["concern"]) == ("en", True, False)
    decision_record(comment=comment, action="remove", by=moderator)
    name, data, _ = stream.next()
    assert (name, data["decision"]) == ("comment.decided", "remove")
    stream.close()


def test_no_event_holds_what_was_said(active_version: ModelVersion, caller_for: MakeCaller) -> None:
    stream = Stream(caller_for(person("reader", "view_comment")))
    classified_comment(active_version, "i hate this very thing")
    assert "very thing" not in json.dumps(stream.next())
    stream.close()


def test_who_comes_back_with_the_last_id_gets_what_happened_in_between(
    active_version: ModelVersion, caller_for: MakeCaller
) -> None:
    caller = caller_for(person("reader", "view_comment"))
    stream = Stream(caller)
    classified_comment(active_version)
    *_, last_id = stream.next()
    stream.close()
    missed = classified_comment(active_version)
    assert ("comment.classified", missed.pk) in Stream(caller, last_id).rest()


def test_an_event_that_appears_behind_a_later_one_is_told_too(
    active_version: ModelVersion, caller_for: MakeCaller, settings: Any
) -> None:
    settings.API_STREAM_SECONDS = 60
    comment = classified_comment(active_version)
    before = CommentEvent.objects.latest("id").pk
    stream = Stream(caller_for(person("reader", "view_comment")), str(before))
    CommentEvent(id=before + 10, comment=comment, old="classified", new="decided").save()
    assert stream.next()[1]["event"] == before + 10
    CommentEvent(id=before + 5, comment=comment, old="pending", new="classified").save()
    assert stream.next()[1]["event"] == before + 5
    stream.close()


def test_what_is_long_settled_moves_the_id_on(active_version: ModelVersion, caller_for: MakeCaller) -> None:
    comment = classified_comment(active_version)
    old = CommentEvent.objects.latest("id").pk + 1
    CommentEvent(id=old, comment=comment, old="pending", new="failed").save()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'on'")
        cursor.execute(
            "UPDATE classifier_commentevent SET created_at = %s WHERE id = %s",
            [timezone.now() - timedelta(minutes=1), old],
        )
    CommentEvent(id=old + 1, comment=comment, old="failed", new="pending").save()
    stream = Stream(caller_for(person("reader", "view_comment")), "1")
    assert {stream.next()[2] for _ in range(3)} == {str(old)}
    stream.close()


def test_others_comments_are_not_told_to_who_sees_only_their_own(
    active_version: ModelVersion, owner: User, caller_for: MakeCaller
) -> None:
    stream = Stream(caller_for(owner))
    classified_comment(active_version)
    mine = classified_comment(active_version, by=owner)
    assert stream.rest() == [("comment.classified", mine.pk)]


def test_a_stream_can_be_narrowed_to_a_source_and_a_status(
    active_version: ModelVersion, caller_for: MakeCaller
) -> None:
    caller = caller_for(person("reader", "view_comment"))
    elsewhere = Stream(caller, source="elsewhere")
    decided = Stream(caller, status="decided")
    classified = Stream(caller, source="test", status="classified")
    comment: Comment = classified_comment(active_version)
    assert (elsewhere.rest(), decided.rest()) == ([], [])
    assert classified.rest() == [("comment.classified", comment.pk)]


def test_only_so_many_streams_are_open_at_once(
    owner: User, caller_for: MakeCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_streams, "_PLACES", Places(1))
    caller = caller_for(owner)
    first = Stream(caller)
    refused = caller.get(EVENTS)
    assert_problem(refused, 503, "busy")
    assert refused.headers["Retry-After"]
    first.close()
    assert Stream(caller).rest() == []


def test_a_stream_ends_when_its_client_hangs_up(owner: User, caller_for: MakeCaller, settings: Any) -> None:
    settings.API_STREAM_SECONDS = 60
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = Stream(caller_for(owner), connection=ours)
        theirs.close()
        assert stream.rest() == []


def test_a_stream_ends_when_its_key_is_revoked_or_has_ended(
    active_version: ModelVersion, owner: User, caller_for: MakeCaller, settings: Any
) -> None:
    settings.API_STREAM_SECONDS = 60
    caller, other = caller_for(owner), caller_for(owner)
    assert caller.key is not None
    assert other.key is not None
    streams = Stream(caller), Stream(other)
    mine = classified_comment(active_version, by=owner)
    assert [stream.next()[1]["comment"] for stream in streams] == [mine.pk, mine.pk]
    api_key_revoke(api_key=caller.key, by=None)
    ApiKey.objects.filter(pk=other.key.pk).update(expires_at=timezone.now())
    assert [stream.rest() for stream in streams] == [[], []]


@pytest.mark.parametrize("change", [{"is_active": False}, {"all_sources": False}, {"password": "another"}])
def test_a_stream_of_a_session_ends_with_what_it_was_opened_by(
    change: dict[str, Any], owner: User, settings: Any
) -> None:
    settings.API_STREAM_SECONDS = 60
    caller = Caller()
    caller.client.force_login(owner)
    stream = Stream(caller)
    User.objects.filter(pk=owner.pk).update(**change)
    assert stream.rest() == []


def test_a_stream_ends_with_its_session(owner: User, settings: Any) -> None:
    settings.API_STREAM_SECONDS = 60
    caller = Caller()
    caller.client.force_login(owner)
    stream = Stream(caller)
    caller.client.logout()
    assert stream.rest() == []


def test_who_asks_for_the_head_only_follows_nothing(db: None, rf: RequestFactory) -> None:
    looked: list[str] = []

    def look() -> Iterator[list[ServerEvent]]:
        looked.append("at the database")
        yield []

    response = event_streams.event_stream(Request(rf.head(EVENTS)), look())
    assert b"".join(response) == b"retry: 2000\n\n"
    assert not looked
    response.close()


@pytest.mark.parametrize("sent", ["x", "-1", "1" * 19, "1.5"])
def test_a_last_id_that_no_stream_gave_is_refused(sent: str, owner: User, caller_for: MakeCaller) -> None:
    caller = caller_for(owner)
    response = caller.client.get(EVENTS, headers={**caller.headers, "Last-Event-ID": sent})
    assert_problem(response, 400, "invalid-request")


def test_it_needs_the_scope_read(owner: User, caller_for: MakeCaller) -> None:
    assert_problem(caller_for(owner, "submit").get(EVENTS), 403, "forbidden")
