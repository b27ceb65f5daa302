"""Keys of Akismet's clients: before the host name, and the twelve digits that WordPress keeps."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from classifier.api_keys import short_keys
from classifier.api_keys.services import api_key_authenticate, api_key_create, api_key_revoke
from classifier.api_keys.short_keys import (
    is_short,
    short_key_authenticate,
    short_key_create,
    short_key_withdraw,
)
from classifier.core.errors import ApiKeyInvalid, NotPossibleNow
from classifier.core.validation import InvalidInput
from classifier.models import ApiKey, AuditEntry, ShortKey, User
from classifier.tests.dialects.conftest import Sender
from classifier.tests.dialects.test_akismet import BLOG, CHECK, DEBUG, FORM, KIND, VERIFY, fault, verdict

HERE = "192.0.2.7"
pytestmark = pytest.mark.usefixtures("redis_clean")


def call(host: str, path: str = CHECK, **fields: str) -> object:
    sent = {"blog": BLOG, "comment_content": KIND, **fields}
    return Client(raise_request_exception=False).post(
        path, urlencode(sent), content_type=FORM, headers={"Host": host}
    )


@pytest.mark.parametrize("form", ["host", "wordpress"])
def test_a_second_form_stands_for_its_key(sender: Sender, form: str) -> None:
    made = short_key_create(api_key=sender.key, form=form, by=None)
    assert is_short(made)
    assert made == made.lower()
    assert made.isalnum()
    assert len(made) == (51 if form == "host" else 12)
    assert short_key_authenticate(plaintext=made, address=HERE).pk == sender.key.pk
    assert made not in ShortKey.objects.get().digest
    assert AuditEntry.objects.filter(verb="key.short_form", data={"form": form}).exists()
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        api_key_authenticate(plaintext=made)


def test_a_new_form_ends_the_one_before_it(sender: Sender) -> None:
    first, second = (short_key_create(api_key=sender.key, form="host", by=None) for _ in range(2))
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        short_key_authenticate(plaintext=first, address=HERE)
    assert short_key_authenticate(plaintext=second, address=HERE) == sender.key
    short_key_withdraw(api_key=sender.key, form="host", by=None)
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        short_key_authenticate(plaintext=second, address=HERE)
    assert api_key_authenticate(plaintext=sender.plaintext) == sender.key


def test_it_ends_with_its_key(sender: Sender) -> None:
    made = short_key_create(api_key=sender.key, form="wordpress", by=None)
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        short_key_authenticate(plaintext=made, address=HERE)
    api_key_revoke(api_key=sender.key, by=None)
    with pytest.raises(NotPossibleNow, match=r"^This key is revoked or expired; make a new one instead\.$"):
        short_key_create(api_key=sender.key, form="host", by=None)
    with pytest.raises(InvalidInput, match=r"^form: Give one of host, wordpress\.$"):
        short_key_create(api_key=sender.key, form="tattoo", by=None)


def test_guesses_are_counted_by_address_and_a_program_that_is_set_up_wrongly_is_not(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(short_keys, "WRONG_MAX", 3)
    made = short_key_create(api_key=sender.key, form="wordpress", by=None)
    for _ in range(10):
        with pytest.raises(ApiKeyInvalid, match="not valid"):
            short_key_authenticate(plaintext="0123456789ab", address=HERE)
    assert short_key_authenticate(plaintext=made, address=HERE) == sender.key
    for guess in ("0123456789ac", "0123456789ad"):
        with pytest.raises(ApiKeyInvalid, match="not valid"):
            short_key_authenticate(plaintext=guess, address=HERE)
    with pytest.raises(ApiKeyInvalid, match="Too many wrong keys"):
        short_key_authenticate(plaintext=made, address=HERE)
    assert short_key_authenticate(plaintext=made, address="192.0.2.8") == sender.key
    response = call("rest.akismet.com", VERIFY, key=made)
    assert verdict(response) == "valid"
    for guess in ("a" * 12, "b" * 12, "c" * 12):
        assert fault(call("rest.akismet.com", VERIFY, key=guess)) == (200, "invalid")
    assert fault(call("rest.akismet.com", VERIFY, key=made))[0] == 429


def test_a_key_before_the_host_name_is_the_key(sender: Sender, asked: list[list[str]]) -> None:
    made = short_key_create(api_key=sender.key, form="host", by=None)
    assert verdict(call(f"{made}.rest.akismet.com")) == "false"
    assert verdict(call(f"{made.upper()}.Rest.Akismet.Com:443")) == "false"
    assert verdict(call(f"{made}.rest.akismet.com", "/1.1/submit-ham")).startswith("Thanks")
    assert verdict(call("rest.akismet.com", VERIFY, key=made)) == "valid"
    assert fault(call("rest.akismet.com")) == (200, "invalid")
    assert fault(call("nobody.rest.akismet.com")) == (200, "invalid")


def test_wordpress_may_write_its_key_in_capitals(sender: Sender, asked: list[list[str]]) -> None:
    made = short_key_create(api_key=sender.key, form="wordpress", by=None)
    assert verdict(call("rest.akismet.com", api_key=made.upper())) == "false"


def test_a_key_that_lost_its_upper_case_is_told_what_to_do(sender: Sender, asked: list[list[str]]) -> None:
    response = call(f"{sender.plaintext.lower()}.rest.akismet.com")
    assert fault(response) == (200, "invalid")
    assert "--form host" in response.headers[DEBUG]  # type: ignore[attr-defined]


def test_the_names_open_akismets_paths_alone(
    sender: Sender, asked: list[list[str]], settings: Settings
) -> None:
    made = short_key_create(api_key=sender.key, form="host", by=None)
    for host in ("rest.akismet.com", f"{made}.rest.akismet.com"):
        for path in ("/sign-in/", "/api/v1/comments/", "/predict", "/"):
            assert Client(raise_request_exception=False).get(path, headers={"Host": host}).status_code == 400
    assert "Host header" in fault(call("akismet.example.org", api_key=sender.plaintext))[1]
    settings.AKISMET_HOSTS = ["akismet.example.org"]
    assert verdict(call(f"{made}.akismet.example.org")) == "false"
    assert "Host header" in fault(call(f"{made}.rest.akismet.com"))[1]


def test_a_second_form_opens_nothing_else(sender: Sender, asked: list[list[str]]) -> None:
    made = short_key_create(api_key=sender.key, form="host", by=None)
    response = Client().post(
        "/predict", b"{}", content_type="application/json", headers={"Authorization": f"Bearer {made}"}
    )
    assert response.status_code == 401


def test_http_is_answered_by_no_redirect_where_the_site_wants_https(
    sender: Sender, asked: list[list[str]], settings: Settings
) -> None:
    """A client that follows the redirect of a POST sends nothing, and npm's takes what comes back for "no spam"."""
    settings.SECURE_SSL_REDIRECT = True
    assert fault(call("rest.akismet.com", api_key=sender.plaintext))[0] == 503
    assert asked == []
    assert Client().get("/sign-in/").status_code == 301


def test_the_command_prints_the_second_form_alone(sender: Sender, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("api_key", "short", sender.key.prefix, "--form", "wordpress")
    made = capsys.readouterr().out.strip()
    assert short_key_authenticate(plaintext=made, address=HERE) == sender.key
    call_command("api_key", "short", sender.key.prefix, "--form", "wordpress", "--end")
    assert not ShortKey.objects.exists()


def test_the_page_of_a_key_makes_it_shows_it_once_and_ends_it(admin_client: Client, owner: User) -> None:
    key, _ = api_key_create(name="forum", owner=owner, scopes=["score"])
    page = f"/keys/{key.pk}/"
    response = admin_client.post(f"{page}short-form/", {"form": "host", "act": "create"})
    made = response.context["plaintext"]
    assert short_key_authenticate(plaintext=made, address=HERE) == key
    shown = admin_client.get(page).content.decode()
    assert "For a host name: lower-case letters and digits: made" in shown
    assert made not in shown
    admin_client.post(f"{page}short-form/", {"form": "host", "act": "end"})
    assert not ShortKey.objects.exists()
    admin_client.post(f"{page}short-form/", {"form": "tattoo", "act": "create"})
    assert not ShortKey.objects.exists()


def test_only_people_who_may_change_keys_make_one(client: Client, owner: User) -> None:
    key, _ = api_key_create(name="forum", owner=owner, scopes=["score"])
    client.force_login(owner)
    response = client.post(f"/keys/{key.pk}/short-form/", {"form": "host", "act": "create"})
    assert response.status_code == 403
    assert not ShortKey.objects.exists()
