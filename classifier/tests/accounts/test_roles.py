"""Each role holds what it needs and no more."""

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.core.management import call_command

from classifier.accounts.roles import ADMIN, MODEL_ADMIN, MODERATOR, ROLE_PERMISSIONS, user_roles_set
from classifier.models import User

pytestmark = pytest.mark.django_db


def test_migrating_makes_the_roles_and_migrating_again_restores_them() -> None:
    group = Group.objects.get(name=MODERATOR)
    group.permissions.clear()
    call_command("migrate", verbosity=0)
    assert set(group.permissions.values_list("codename", flat=True)) == set(ROLE_PERMISSIONS[MODERATOR])
    assert Group.objects.count() == len(ROLE_PERMISSIONS)


def test_a_moderator_submits_and_sees_comments_and_nothing_more(moderator: User) -> None:
    assert moderator.has_perms(["classifier.add_comment", "classifier.view_comment"])
    assert not moderator.is_staff
    for more in ("activate_modelversion", "change_user", "view_user", "view_apikey", "change_comment"):
        assert not moderator.has_perm(f"classifier.{more}")


def test_a_model_admin_changes_the_model_and_manages_nobody(model_admin: User) -> None:
    assert model_admin.has_perm("classifier.activate_modelversion")
    assert model_admin.is_staff
    for more in ("view_comment", "change_user", "view_user", "add_apikey"):
        assert not model_admin.has_perm(f"classifier.{more}")


def test_an_admin_manages_people_without_being_a_superuser(admin_person: User) -> None:
    assert admin_person.has_perms(["classifier.change_user", "classifier.add_apikey"])
    assert admin_person.is_staff
    assert not admin_person.is_superuser
    for never in (
        "delete_user",
        "delete_comment",
        "delete_prediction",
        "change_prediction",
        "add_prediction",
    ):
        assert not admin_person.has_perm(f"classifier.{never}")


def test_losing_the_role_closes_the_admin(model_admin: User) -> None:
    user_roles_set(user=model_admin, roles=[MODERATOR], by=None)
    assert not model_admin.is_staff


def test_only_who_manages_people_gives_roles(moderator: User, model_admin: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.change_user$"):
        user_roles_set(user=moderator, roles=[ADMIN], by=model_admin)
    assert not moderator.groups.filter(name=ADMIN).exists()


def test_an_admin_cannot_lock_themselves_out_nor_change_a_superuser(admin_person: User) -> None:
    root = User.objects.create_superuser("root")
    with pytest.raises(PermissionDenied, match=r"^You cannot take the role Admin from yourself\.$"):
        user_roles_set(user=admin_person, roles=[MODEL_ADMIN], by=admin_person)
    with pytest.raises(PermissionDenied, match=r"^Only a superuser changes a superuser\.$"):
        user_roles_set(user=root, roles=[], by=admin_person)


def test_an_unknown_role_is_an_error(moderator: User) -> None:
    with pytest.raises(LookupError, match=r"^unknown roles: Emperor$"):
        user_roles_set(user=moderator, roles=["Emperor"], by=None)
