"""Managing people: roles decide, and nobody becomes more than the one who manages them."""

from typing import Any

import pytest
from django.test import Client

from classifier.accounts.roles import roles_of
from classifier.models import User

pytestmark = pytest.mark.django_db


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    form = {"username": user.username, "first_name": "", "last_name": "", "email": "", "is_active": "on"}
    return {**form, "blur_text": "on", "roles": roles_of(user), **changes}


def test_an_admin_makes_a_moderator(client: Client, admin_person: User) -> None:
    client.force_login(admin_person)
    password = "quite-a-long-pass-7"
    form = {"username": "new", "usable_password": "true", "password1": password, "password2": password}
    response = client.post("/admin/classifier/user/add/", {**form, "roles": ["Moderator"]})
    assert response.status_code == 302
    user = User.objects.get(username="new")
    assert roles_of(user) == ["Moderator"]
    assert user.check_password(password)
    assert not user.is_staff


def test_changing_the_roles_opens_and_closes_the_admin(
    client: Client, admin_person: User, moderator: User
) -> None:
    client.force_login(admin_person)
    url = f"/admin/classifier/user/{moderator.pk}/change/"
    assert client.post(url, form_of(moderator, roles=["Model admin"])).status_code == 302
    moderator.refresh_from_db()
    assert (roles_of(moderator), moderator.is_staff) == (["Model admin"], True)


def test_an_admin_can_neither_become_nor_make_a_superuser(
    client: Client, admin_person: User, moderator: User
) -> None:
    client.force_login(admin_person)
    for user in (admin_person, moderator):
        form = form_of(user, every_source="on", is_superuser="on", is_staff="on", user_permissions=["1"])
        assert client.post(f"/admin/classifier/user/{user.pk}/change/", form).status_code == 302
        user.refresh_from_db()
        assert not user.is_superuser
        assert not user.user_permissions.exists()


def test_an_admin_can_neither_change_a_superuser_nor_set_their_password(
    client: Client, admin_person: User
) -> None:
    root = User.objects.create_superuser("root", password="the-first-password-1")
    client.force_login(admin_person)
    assert client.post(f"/admin/classifier/user/{root.pk}/change/", form_of(root)).status_code == 403
    new = {"password1": "taken-over-pass-1", "password2": "taken-over-pass-1", "usable_password": "true"}
    assert client.post(f"/admin/classifier/user/{root.pk}/password/", new).status_code == 403
    root.refresh_from_db()
    assert root.check_password("the-first-password-1")


def test_taking_ones_own_admin_role_away_is_refused(client: Client, admin_person: User) -> None:
    client.force_login(admin_person)
    url = f"/admin/classifier/user/{admin_person.pk}/change/"
    assert client.post(url, form_of(admin_person, roles=[])).status_code == 403
    assert roles_of(admin_person) == ["Admin"]


def test_people_are_deactivated_and_not_deleted(client: Client, admin_person: User, moderator: User) -> None:
    client.force_login(admin_person)
    assert client.post(f"/admin/classifier/user/{moderator.pk}/delete/", {"post": "yes"}).status_code == 403
    form = form_of(moderator)
    del form["is_active"]
    client.post(f"/admin/classifier/user/{moderator.pk}/change/", form)
    moderator.refresh_from_db()
    assert not moderator.is_active
