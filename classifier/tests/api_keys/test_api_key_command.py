"""`manage.py api_key`: every verb of keys from a shell, the key alone on standard output."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from classifier.accounts.roles import ADMIN, user_roles_set
from classifier.api_keys.services import api_key_authenticate, api_key_create
from classifier.core.errors import ApiKeyInvalid
from classifier.models import ApiKey, ApiKeyUsage, Source, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("api_key", *arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue().strip()


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner")


def test_it_prints_the_key_alone_on_standard_output(owner: User) -> None:
    out, err = run("create", "forum", "--owner", "owner", "--scope", "submit", "--scope", "read")
    key = api_key_authenticate(plaintext=out)
    assert (key.name, key.owner, key.scopes) == ("forum", owner, ["read", "submit"])
    assert "shown only once" in err


def test_quotas_sources_and_end_are_options(owner: User) -> None:
    forum = Source.objects.create(slug="forum", name="Forum")
    limits = ("--requests-per-minute", "7", "--texts-per-day", "8", "--days", "9")
    run("create", "forum", "--owner", "owner", "--scope", "submit", "--source", "forum", *limits)
    key = ApiKey.objects.get()
    assert (key.requests_per_minute, key.texts_per_day, list(key.sources.all())) == (7, 8, [forum])
    assert key.expires_at is not None
    with pytest.raises(CommandError, match=r"there are: forum\. A source begins with its first comment"):
        run("create", "blog", "--owner", "owner", "--scope", "submit", "--source", "blog")


def test_without_an_owner_it_is_the_only_superuser_or_else_the_only_admin(owner: User) -> None:
    with pytest.raises(CommandError, match="--owner"):
        run("create", "k", "--scope", "read")
    admin = User.objects.create_user("admin")
    user_roles_set(user=admin, roles=[ADMIN], by=None)
    assert api_key_authenticate(plaintext=run("create", "k", "--scope", "read")[0]).owner == admin
    root = User.objects.create_superuser("root")
    assert api_key_authenticate(plaintext=run("create", "k", "--scope", "read")[0]).owner == root
    User.objects.create_superuser("root2")
    with pytest.raises(CommandError, match="several"):
        run("create", "k", "--scope", "read")


def test_an_unknown_owner_is_named() -> None:
    with pytest.raises(CommandError, match="nobody"):
        run("create", "forum", "--owner", "nobody", "--scope", "submit")


def test_rotating_prints_the_new_key_and_revoking_ends_one(owner: User) -> None:
    key, old = api_key_create(name="forum", owner=owner, scopes=["read"])
    out, err = run("rotate", key.prefix, "--overlap-hours", "2")
    new = api_key_authenticate(plaintext=out)
    assert new.replaces == api_key_authenticate(plaintext=old)
    assert key.prefix in err
    run("revoke", key.prefix)
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        api_key_authenticate(plaintext=old)
    with pytest.raises(CommandError, match="revoked or expired"):
        run("rotate", key.prefix)
    with pytest.raises(CommandError, match="No key"):
        run("revoke", "tox_nothing0")


def test_list_and_usage_show_no_secret(owner: User) -> None:
    key, plaintext = api_key_create(name="forum", owner=owner, scopes=["read"])
    ApiKeyUsage.objects.create(api_key=key, day=datetime.now(UTC).date(), requests=12, texts=34)
    listed, _ = run("list")
    used, _ = run("usage", key.prefix, "--days", "2")
    assert key.prefix in listed
    assert "usable" in listed
    assert plaintext not in listed
    assert used.splitlines()[-1].split()[1:] == ["12", "34", "0", "0"]


def test_how_other_services_formats_answer_a_key_is_an_option_and_changes(owner: User) -> None:
    create = ("create", "k", "--owner", "owner", "--scope", "score", "--missing-attributes", "constant")
    with pytest.raises(CommandError, match="missing_constant: The constant score needs a number from 0 to 1"):
        run(*create)
    run(*create, "--missing-constant", "0.5", "--lifts-scores")
    key = ApiKey.objects.get()
    assert (key.missing_attributes, key.missing_constant, key.lifts_scores) == ("constant", 0.5, True)
    assert "missing:constant=0.5 lifts-scores" in run("list")[0]

    out, _ = run("change", key.prefix, "--missing-attributes", "refuse")
    assert out.endswith("missing:refuse lifts-scores")
    assert run("change", key.prefix, "--no-lifts-scores")[0].endswith("missing:refuse")
    key.refresh_from_db()
    assert (key.missing_attributes, key.missing_constant, key.lifts_scores) == ("refuse", None, False)
    with pytest.raises(CommandError, match="missing_constant"):
        run("change", key.prefix, "--missing-constant", "0.5")
