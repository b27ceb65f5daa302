"""Permissions read in one statement are the ones that Django's own backend finds."""

from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission

from classifier.core.permissions import PermissionsAtOnce
from classifier.models import User

pytestmark = pytest.mark.django_db


def test_they_are_those_of_the_person_and_of_every_group(
    moderator: User, django_assert_num_queries: Any
) -> None:
    moderator.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    expected = ModelBackend().get_all_permissions(User.objects.get(pk=moderator.pk))
    fresh = User.objects.get(pk=moderator.pk)
    with django_assert_num_queries(1):
        found = PermissionsAtOnce().get_all_permissions(fresh)
        assert fresh.has_perm("classifier.view_apikey")
        assert fresh.has_perm("classifier.add_comment")
        assert not fresh.has_perm("classifier.activate_modelversion")
    assert found == expected


def test_nobody_else_s_permissions_count(moderator: User, admin_person: User) -> None:
    newcomer = User.objects.create_user("newcomer")
    assert PermissionsAtOnce().get_all_permissions(newcomer) == set()


def test_a_deactivated_person_has_none(moderator: User) -> None:
    moderator.is_active = False
    assert not moderator.has_perm("classifier.add_comment")
    assert PermissionsAtOnce().get_all_permissions(moderator) == set()


def test_a_superuser_has_them_all() -> None:
    person = User.objects.create_superuser("root-person")
    assert len(PermissionsAtOnce().get_all_permissions(person)) == Permission.objects.count()
