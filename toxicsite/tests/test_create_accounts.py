"""The first accounts: an admin and a moderator whose passwords are shown once."""

from io import StringIO

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def logins(output: str) -> dict[str, str]:
    return dict(line.split() for line in output.splitlines() if line.startswith("    "))


def test_it_makes_both_accounts_with_their_roles_and_working_passwords() -> None:
    output = StringIO()
    call_command("create_accounts", stdout=output)
    found = logins(output.getvalue())
    assert set(found) == {"admin", "moderator"}
    for name, role in (("admin", "Admin"), ("moderator", "Moderator")):
        user = authenticate(username=name, password=found[name])
        assert user is not None
        assert [group.name for group in user.groups.all()] == [role]


def test_only_the_admin_has_every_right() -> None:
    call_command("create_accounts", stdout=StringIO())
    rights = get_user_model().objects.values_list("username", "is_superuser", "is_staff")
    assert set(rights) == {("admin", True, True), ("moderator", False, False)}


def test_passwords_differ_from_installation_to_installation() -> None:
    first, second = StringIO(), StringIO()
    call_command("create_accounts", stdout=first)
    get_user_model().objects.all().delete()
    call_command("create_accounts", stdout=second)
    assert set(logins(first.getvalue()).values()) & set(logins(second.getvalue()).values()) == set()


def test_it_touches_nothing_where_there_are_accounts() -> None:
    get_user_model().objects.create_user(username="somebody", password="x")
    output = StringIO()
    call_command("create_accounts", "--if-none", stdout=output)
    with pytest.raises(CommandError, match="there are accounts already"):
        call_command("create_accounts", stdout=output)
    assert output.getvalue() == ""
    assert get_user_model().objects.count() == 1
