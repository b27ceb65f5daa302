"""The secret key is changed without losing what it encrypted, nor a session; what no key opens is named."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from classifier.models import ReferenceService, User, Webhook
from classifier.tests.page_fixtures import PASSWORD
from classifier.webhooks.services import webhook_create, webhook_secret_roll
from classifier.webhooks.signing import secrets_of
from toxicsite import doctor, sealed_secrets
from toxicsite.lib.encryption import DecryptionFailed, decrypt, encrypt, is_current, renew
from toxicsite.lib.secret_key import read_earlier_secret_keys

NEW = "a-new-secret-key-that-is-long-enough-to-be-one-0123456789"
pytestmark = pytest.mark.django_db


@pytest.fixture
def own_key(settings: Settings, tmp_path: Path) -> str:
    """The key lies in the folder, as where nobody has set one."""
    settings.VAR_DIR = tmp_path
    settings.SECRET_KEY_GIVEN = False
    settings.SECRET_KEY_FALLBACKS = []
    (tmp_path / "secret_key").write_text(settings.SECRET_KEY)
    return str(settings.SECRET_KEY)


def restart(settings: Settings) -> None:
    """Read the keys again, as a new process does."""
    settings.SECRET_KEY = (settings.VAR_DIR / "secret_key").read_text()
    settings.SECRET_KEY_FALLBACKS = read_earlier_secret_keys(settings.VAR_DIR / "secret_key.earlier")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("secret_key", *arguments, stdout=out)
    return out.getvalue()


def test_it_is_changed_in_steps_and_no_secret_nor_session_is_lost(
    own_key: str, settings: Settings, client: Client
) -> None:
    webhook, secret = webhook_create(
        name="Forum", url="https://a.example.org/", events=["comment.decided"], by=None
    )
    second = webhook_secret_roll(webhook=webhook, overlap_hours=24, by=None)
    ReferenceService.objects.create(
        name="P", wire="perspective", url="https://b.example.org", sealed_key=encrypt("their key")
    )
    User.objects.create_superuser("root", password=PASSWORD)
    assert client.login(username="root", password=PASSWORD)
    assert "Restart everything" in run("change")
    restart(settings)
    assert own_key != settings.SECRET_KEY
    assert [own_key] == settings.SECRET_KEY_FALLBACKS
    for name in ("secret_key", "secret_key.earlier"):
        assert (settings.VAR_DIR / name).stat().st_mode & 0o777 == 0o600
    webhook.refresh_from_db()
    assert secrets_of(webhook, timezone.now()) == [second, secret]
    assert client.get("/webhooks/").status_code == 200
    assert "0 of 3 stored secrets are encrypted with it" in run()
    with pytest.raises(CommandError, match="3 stored secrets still need an earlier key"):
        run("forget")
    assert "3 stored secrets are encrypted with the present key now" in run("renew")
    assert "0 stored secrets" in run("renew")
    run("forget")
    restart(settings)
    assert settings.SECRET_KEY_FALLBACKS == []
    webhook.refresh_from_db()
    assert secrets_of(webhook, timezone.now()) == [second, secret]
    assert decrypt(bytes(ReferenceService.objects.get().sealed_key or b"")) == "their key"
    assert "3 of 3 stored secrets" in run()


def test_what_no_key_opens_is_named_and_the_rest_is_renewed(own_key: str, settings: Settings) -> None:
    for name in ("Lost", "Kept"):
        webhook_create(name=name, url="https://a.example.org/", events=["comment.decided"], by=None)
    lost = Webhook.objects.get(name="Lost")
    settings.SECRET_KEY = "x" * 60
    Webhook.objects.filter(pk=lost.pk).update(sealed_secret=encrypt("whsec_x"))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [own_key]
    [finding] = list(doctor.check_secrets())
    assert (finding.state, "webhook “Lost”" in finding.message) == (doctor.FAIL, True)
    assert "Kept" not in finding.message
    with pytest.raises(CommandError, match="No key opens the secrets of the webhook “Lost”"):
        run("renew")
    kept = Webhook.objects.get(name="Kept")
    assert is_current(bytes(kept.sealed_secret))
    lost.delete()
    [finding] = list(doctor.check_secrets())
    assert finding.state == doctor.OK


def test_with_a_key_of_ones_own_it_says_how(settings: Settings) -> None:
    settings.SECRET_KEY_GIVEN = True
    with pytest.raises(
        CommandError, match="Set SECRET_KEY_FALLBACKS to the present key and SECRET_KEY to a new one"
    ):
        run("change")


def test_an_earlier_key_decrypts_and_never_encrypts(settings: Settings) -> None:
    old = settings.SECRET_KEY
    before = encrypt({"text": "x"})
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, ["z" * 60, old]
    assert decrypt(before) == {"text": "x"}
    after = renew(before)
    assert (is_current(before), is_current(after)) == (False, True)
    settings.SECRET_KEY_FALLBACKS = []
    assert decrypt(after) == {"text": "x"}
    for call in (decrypt, renew):
        with pytest.raises(DecryptionFailed, match="encrypted with another secret key, or changed"):
            call(before)


def test_every_encrypted_field_is_among_those_that_are_renewed() -> None:
    fields: Any = {(model.__name__, field) for model, field in sealed_secrets.sealed_fields()}
    assert fields == {
        ("Webhook", "sealed_secret"),
        ("Webhook", "sealed_old_secret"),
        ("ReferenceService", "sealed_key"),
        ("NoticeChannel", "sealed_address"),
    }
