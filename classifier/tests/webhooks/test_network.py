"""Only allowed addresses are reached, whatever a name resolves to and when; answers can do no harm."""

import datetime
import socket
import ssl
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from classifier.core import outbound_http as webhook_http
from classifier.core.outbound_addresses import address_problem, url_problem
from classifier.core.outbound_http import post
from classifier.core.validation import InvalidInput
from classifier.tests.webhooks.receiver import Receiver, receiving, says

PRIVATE = """
127.0.0.1 127.8.9.1 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1
192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
:: ::1 fe80::1 fe80::1%1 fec0::1 fc00::1 fd12::1 ff02::1 2001:db8::1 100::1
::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 ::10.0.0.1
2002:7f00:1:: 2002:a00:1:: 2002:a9fe:a9fe:: 2001:0:7f00:1::1
64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::a00:1
""".split()
PUBLIC = "1.1.1.1 93.184.216.34 2606:4700::1111 ::ffff:1.1.1.1 64:ff9b::1.1.1.1".split()


@pytest.fixture
def nothing_allowed(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []


def send(url: str) -> webhook_http.Answer:
    return post(url=url, body=b"{}", headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str, nothing_allowed: None) -> None:
    assert address_problem(ip_address(address)) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_not(address: str, nothing_allowed: None) -> None:
    assert address_problem(ip_address(address)) is None


def test_a_setting_allows_networks_by_name_and_no_others(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    allowed = ["10.1.2.3", "::ffff:10.1.2.3", "fd00::7", "64:ff9b::10.1.0.1"]
    refused = ["10.2.0.1", "::ffff:10.2.0.1", "127.0.0.1", "::1", "64:ff9b::10.2.0.1"]
    assert [one for one in allowed if address_problem(ip_address(one))] == []
    assert [one for one in refused if not address_problem(ip_address(one))] == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0"]
)
def test_no_way_of_writing_the_loopback_reaches_it(
    host: str, receiver: Receiver, nothing_allowed: None
) -> None:
    answer = send(f"http://{host}:{receiver.port}/")
    assert answer.status is None
    assert receiver.got == []


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f.1", "2130706433", "0", "0x7f000001", "010.0.0.1", "1.2.3.4."]
)
def test_an_address_in_an_old_spelling_is_not_even_saved(host: str, settings: Any) -> None:
    assert "four decimal numbers" in (url_problem(f"http://{host}/") or "")
    assert url_problem("https://4chan.example.org/") is None
    assert url_problem("https://example.x0/") is None


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let every name resolve to the next of `answers`; returns the names that were asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            ip_address(host)
        except ValueError:
            asked.append(host)
            host = answers[min(len(asked), len(answers)) - 1]
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_a_name_that_resolves_to_a_private_address_is_refused(
    receiver: Receiver, nothing_allowed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    answer = send(f"http://forum.example.org:{receiver.port}/")
    assert answer.status is None
    assert "not a public address" in answer.error
    assert receiver.got == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.2/32")]
    asked = resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")  # rebound right after the check
    connected: list[Any] = []
    real = socket.create_connection

    def create_connection(address: Any, *args: Any, **kwargs: Any) -> Any:
        connected.append(address)
        return real(address, *args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    send(f"http://forum.example.org:{receiver.port}/")
    assert asked == ["forum.example.org"]
    assert connected == [("127.0.0.2", receiver.port)]
    assert receiver.got == []
    send(f"http://forum.example.org:{receiver.port}/")
    assert len(connected) == 1


def test_ports_that_are_not_allowed_are_not_reached(receiver: Receiver, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_PORTS = [443]
    assert "Port" in send(receiver.url).error
    assert receiver.got == []


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    with receiving() as inner:
        receiver.answer = says(302, Location=inner.url)
        answer = send(receiver.url)
        assert (answer.status, answer.taken) == (302, False)
        assert "redirects" in answer.error
        assert inner.got == []


def test_proxies_of_the_environment_are_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send(receiver.url).status == 204


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"again and \x00\x1b[31m again \xff" * 500)


def test_an_endless_reply_is_read_no_further_than_it_is_kept(receiver: Receiver, settings: Any) -> None:
    receiver.answer = endless
    began = time.monotonic()
    answer = send(receiver.url)
    assert answer.status == 200
    assert len(answer.reply) <= 1_000
    assert "\x00" not in answer.reply
    assert "\x1b" not in answer.reply
    assert time.monotonic() - began < settings.WEBHOOK_TOTAL_SECONDS


def drips_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    drip(handler)


def drip(handler: BaseHTTPRequestHandler) -> None:
    for _ in range(100):
        handler.wfile.write(b"X")
        handler.wfile.flush()
        time.sleep(0.1)


@pytest.mark.parametrize("answer", [drips_body, drip, lambda handler: time.sleep(3)])
def test_a_slow_reply_ends_at_the_deadline(
    answer: Callable[[BaseHTTPRequestHandler], None], receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_TOTAL_SECONDS = 0.6
    receiver.answer = answer
    began = time.monotonic()
    got = send(receiver.url)
    assert got.status is None
    assert "within 0.6 seconds" in got.error
    assert time.monotonic() - began < 2.5


def test_what_is_no_http_is_an_error_that_says_so(receiver: Receiver) -> None:
    def greet(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"220 mail.example.org ESMTP\r\n\r\n")

    receiver.answer = greet
    assert send(receiver.url).error.startswith("The connection broke")


def certificate(folder: Path, name: str) -> tuple[Path, Callable[[Any], Any]]:
    """A certificate that vouches for itself, and what puts TLS around a server's socket."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return pem, lambda sock: context.wrap_socket(sock, server_side=True)


def test_tls_is_verified_and_for_the_name_in_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem, wrap = certificate(tmp_path, "forum.example.org")
    resolve_to(monkeypatch, "127.0.0.1")
    with receiving(wrap) as secured:
        unknown = send(f"https://forum.example.org:{secured.port}/")
        assert unknown.status is None
        assert "CERTIFICATE_VERIFY_FAILED" in unknown.error
        trusting = ssl.create_default_context(cafile=str(pem))
        monkeypatch.setattr(webhook_http, "tls_context", lambda: trusting)
        assert send(f"https://forum.example.org:{secured.port}/").status == 204
        other = send(f"https://shop.example.org:{secured.port}/")
        assert "Hostname mismatch" in other.error
        assert len(secured.got) == 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://forum.example.org/",
        "file:///etc/passwd",
        "gopher://forum.example.org/",
        "//forum.example.org/",
        "forum.example.org/hooks",
        "https://",
        "https:///hooks",
        "https://user@forum.example.org/",
        "https://user:secret@forum.example.org/",
        "https://forum.example.org/#part",
        "https://forum.example.org\\@127.0.0.1/",
        "https://forum.example.org/a b",
        "https://forum.example.org/\r\nX-Evil: 1",
        "https://forum.example.org/\x00",
        "https://bücher.example/",
        "https://forum.example.org:99999/",
        "https://forum.example.org:0/",
        "https://[::1/",
        "https://-forum.example.org/",
        "https://forum%2eexample.org/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "https://forum.example.org/" + "a" * 500,
    ],
)
def test_urls_that_cannot_be_a_receiver_are_not_saved(url: str, add_webhook: Callable[..., Any]) -> None:
    assert url_problem(url)
    with pytest.raises(InvalidInput, match=r"^url: ") as refused:
        add_webhook(url)
    assert {problem.field for problem in refused.value.problems} == {"url"}


def test_usual_urls_are_saved() -> None:
    for url in (
        "https://forum.example.org/hooks?token=1%20a",
        "http://1.1.1.1:8080/",
        "https://xn--bcher-kva.example/",
    ):
        assert url_problem(url) is None
