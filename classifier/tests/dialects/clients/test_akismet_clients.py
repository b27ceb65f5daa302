"""Akismet's clients from PyPI and npm, and WordPress as its plugin writes on the wire."""

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import akismet
import httpx
import pytest

from classifier.api_keys.short_keys import short_key_create
from classifier.models import ApiKey, Comment, ModelVersion, Suggestion
from classifier.tests.dialects.clients.conftest import KIND, RUDE, RunNode

pytestmark = pytest.mark.django_db(transaction=True)
BLOG = "https://blog.example.org/"


class LedHere(httpx.BaseTransport):
    """As a hosts entry does it: the constant host leads to this server, and the Host header keeps its name."""

    def __init__(self, server: str) -> None:
        self.server, self.transport = server, httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpx.URL(self.server).copy_with(raw_path=request.url.raw_path)
        sent = httpx.Request(request.method, url, headers=request.headers, content=request.read())
        assert sent.headers["Host"] == "rest.akismet.com"
        return self.transport.handle_request(sent)

    def close(self) -> None:
        self.transport.close()


@pytest.fixture
def led_here(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(transport=LedHere(server), timeout=10) as client:
        yield client


def test_akismet_py_verifies_checks_and_submits(
    led_here: httpx.Client, model: ModelVersion, key: str
) -> None:
    client = akismet.SyncClient.validated_client(akismet.Config(key, BLOG), led_here)
    sent: Any = {"comment_author": "Ann", "comment_author_email": "ann@example.org"}
    rude, kind = (client.comment_check("192.0.2.1", comment_content=text, **sent) for text in (RUDE, KIND))
    if model.name == "starter":
        assert (rude, kind) == (akismet.CheckResponse.SPAM, akismet.CheckResponse.HAM)
    assert sorted(Comment.objects.values_list("text", flat=True)) == sorted([RUDE, KIND])
    assert client.submit_spam("192.0.2.1", comment_content=RUDE, **sent)
    assert client.submit_ham("192.0.2.1", comment_content=KIND, **sent)
    assert {row.comment.text: row.labels for row in Suggestion.objects.all() if row.comment} == {
        RUDE: {"toxic": 1.0},
        KIND: {"toxic": 0.0},
    }
    assert client.usage_limit()["limit"] == "none"
    assert client.verify_key("nobody", BLOG) is False

    stranger = akismet.SyncClient(akismet.Config("nobody", BLOG), led_here)
    with pytest.raises(akismet.APIKeyError):
        stranger.comment_check("192.0.2.1", comment_content=RUDE)
    without_blog = akismet.SyncClient(akismet.Config(key, ""), led_here)
    with pytest.raises(akismet.ProtocolError, match='Empty "blog" value'):
        without_blog.comment_check("192.0.2.1", comment_content=RUDE)


def test_akismet_pys_key_sites_sends_no_key_of_its_own(server: str, model: ModelVersion, key: str) -> None:
    with httpx.Client(transport=LedHere(server), params={"api_key": key}) as http_client:
        client = akismet.SyncClient(akismet.Config(key, BLOG), http_client)
        assert client.key_sites()["total"] == 1  # type: ignore[index]
    with httpx.Client(transport=LedHere(server)) as http_client, pytest.raises(akismet.APIKeyError):
        akismet.SyncClient(akismet.Config(key, BLOG), http_client).key_sites()


@pytest.fixture
def host_key(key: str) -> str:
    """The second form of the key, as a host name can hold it."""
    return short_key_create(api_key=ApiKey.objects.get(), form="host", by=None)


def test_npms_akismet_api_puts_the_key_before_the_host(
    model: ModelVersion, node: RunNode, host_key: str
) -> None:
    told = node("akismet-api.mjs", host_key)
    assert (told["verified"], told["unknown"]) == (True, False)
    if model.name == "starter":
        assert (told["rude"], told["kind"]) == (True, False)
    assert told["spam"] == told["ham"] == "Thanks for making the web a better place."
    assert told["stranger"] == {"error": "Invalid API key"}
    assert told["without_blog"] == {"error": 'Empty "blog" value'}
    assert Suggestion.objects.count() == 2


def test_npms_akismet_puts_the_key_before_the_host(model: ModelVersion, node: RunNode, host_key: str) -> None:
    told = node("akismet.mjs", host_key)
    assert (told["verified"], told["unknown"]) == (True, False)
    if model.name == "starter":
        assert (told["rude"], told["kind"]) == (True, False)
    assert sorted(Suggestion.objects.values_list("labels__toxic", flat=True)) == [0.0, 1.0]


def test_npms_cedx_akismet_puts_the_key_into_the_form(model: ModelVersion, node: RunNode) -> None:
    told = node("cedx-akismet.mjs")
    assert (told["verified"], told["unknown"]) == (True, False)
    if model.name == "starter":
        assert (told["rude"], told["kind"]) == ("spam", "ham")
    assert (told["trusted"], told["known"]) == ("ham", "spam")
    assert (told["spam"], told["ham"]) == ("", "")
    assert "API key" in told["stranger"]
    assert sorted(Suggestion.objects.values_list("labels__toxic", flat=True)) == [0.0, 1.0]


def test_wordpress_writes_http_1_0_and_latin_1(server: str, model: ModelVersion, key: str) -> None:
    made = short_key_create(api_key=ApiKey.objects.get(), form="wordpress", by=None)
    text = f"Grüße. {RUDE}"
    fields = {"api_key": made, "blog": BLOG, "comment_content": text, "POST_comment": "x", "is_test": "0"}
    body = urlencode(fields | {f"HTTP_X_{n}": "y" for n in range(1_200)}, encoding="latin-1").encode()
    head = (
        "POST /1.1/comment-check HTTP/1.0\r\nHost: rest.akismet.com\r\nUser-Agent: WordPress/6.8 | Akismet/5.4\r\n"
        f"Content-Type: application/x-www-form-urlencoded; charset=ISO-8859-1\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    address = urlsplit(server)
    with socket.create_connection((str(address.hostname), address.port or 80), timeout=20) as connection:
        connection.sendall(head.encode() + body)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    status, _, rest = answer.partition(b"\r\n")
    assert status.split()[1] == b"200"
    verdict = rest.partition(b"\r\n\r\n")[2]
    assert verdict in (b"true", b"false")
    if model.name == "starter":
        assert verdict == b"true"
    assert Comment.objects.get().text == text
