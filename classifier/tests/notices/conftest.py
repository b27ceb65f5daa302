"""What the tests of notices share: a chat over https and a mail server on the loopback, and notices sent at once."""

import socket
import ssl
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import get_connection

from classifier.core import outbound_http
from classifier.models import NoticeChannel, NoticePreference, Source, User
from classifier.notices.recording import CHOOSABLE
from classifier.notices.sending import Messenger
from classifier.notices.services import channel_create
from classifier.tests.notices.mail_server import MailServer, mail_server
from classifier.tests.webhooks.receiver import Receiver, receiving
from classifier.tests.webhooks.test_network import certificate

HOST = "chat.example.org"
PATHS = {
    "slack": "/services/T000/B000/secretsecret",
    "discord": "/api/webhooks/123456/secretsecret",
    "teams": "/workflows/abc/triggers/manual/paths/invoke?sig=secretsecret",
    "matrix": "",
}


@pytest.fixture
def chat(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver with TLS, for the name HOST, which resolves to the loopback."""
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_ALLOWED_PORTS = []
    settings.WEBHOOK_TOTAL_SECONDS = 2.0
    pem, wrap = certificate(tmp_path, HOST)
    trusting = ssl.create_default_context(cafile=str(pem))
    monkeypatch.setattr(outbound_http, "tls_context", lambda: trusting)
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            ip_address(host)
        except ValueError:
            host = "127.0.0.1"
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with receiving(wrap) as receiver:
        yield receiver


@pytest.fixture
def mail(settings: Any) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_IS_SET = True
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 2
        settings.DEFAULT_FROM_EMAIL = "toxicsite@example.org"
        assert get_connection()
        yield server


@pytest.fixture
def forum(db: None) -> Source:
    return Source.objects.create(slug="forum", name="The <forum>")


@pytest.fixture
def add_channel(db: None) -> Callable[..., NoticeChannel]:
    """Makes a channel for everything, or for what is given."""

    def add(port: int, kind: str = "slack", **fields: Any) -> NoticeChannel:
        address = {"url": f"https://{HOST}:{port}{PATHS[kind]}"}
        if kind == "matrix":
            address |= {"room": "!room/1:example.org", "token": "syt_secretsecret"}
        fields = {"name": "Team", "notices": [kind.value for kind in CHOOSABLE], "by": None, **fields}
        return channel_create(kind=kind, address=address, **fields)

    return add


@pytest.fixture
def send() -> Iterator[Callable[[], None]]:
    """Sends everything that is due, and writes what came of it."""
    messenger = Messenger(name="test")

    def turn() -> None:
        while messenger.turn():
            pass

    yield turn
    messenger.stop()


def wants(user: User, *kinds: str, **fields: Any) -> NoticePreference:
    """Let a person get these kinds by e-mail."""
    User.objects.filter(pk=user.pk).update(email=f"{user.username}@example.org")
    user.refresh_from_db()
    preference, _ = NoticePreference.objects.update_or_create(
        user=user, defaults={"kinds": list(kinds), **fields}
    )
    return preference
