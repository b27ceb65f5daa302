"""A person that an admin makes gets a password that holds, and the session that ends leaves no row."""

from datetime import timedelta

import pytest
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from classifier.accounts.roles import ADMIN, MODERATOR, user_roles_set
from classifier.models import User
from classifier.tasks import sessions

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short-pass1", "at least 12 characters"),
        ("four words that nobody guesses", None),
        ("qwerty123456", "too common"),
        ("837465920184", "entirely numeric"),
        ("margarethe-stein", "too similar to the username"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, why: str | None) -> None:
    person = User(username="margarethe-steiner")
    if why is None:
        validate_password(password, person)
        return
    with pytest.raises(ValidationError, match=why):
        validate_password(password, person)


def test_the_form_names_the_field_and_makes_nobody(client: Client) -> None:
    admin = User.objects.create_user("an-admin")
    user_roles_set(user=admin, roles=[ADMIN], by=None)
    client.force_login(User.objects.get(pk=admin.pk))
    form = {"username": "new-person", "password": "eleven-char", "roles": [MODERATOR]}
    page = client.post("/people/new/", form)
    assert page.status_code == 422
    assert "at least 12 characters" in page.content.decode()
    assert not User.objects.filter(username="new-person").exists()


def test_only_rows_of_sessions_that_are_over_are_deleted(client: Client) -> None:
    over, alive = SessionStore(), SessionStore()
    for store in (over, alive):
        store["x"] = 1
        store.save()
    Session.objects.filter(pk=over.session_key).update(expire_date=timezone.now() - timedelta(seconds=1))
    sessions()
    assert list(Session.objects.values_list("pk", flat=True)) == [alive.session_key]
