"""The administration says what it shows in words of people, and names the zone of its times."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from classifier.core.audit import audit_record
from classifier.models import AuditEntry, SavedQueue, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


def test_a_time_is_written_as_on_the_pages_and_with_its_zone(page: Client, admin_user: User) -> None:
    User.objects.filter(pk=admin_user.pk).update(date_joined=datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC))
    text = page.get("/admin/classifier/user/").content.decode()
    assert "2026-03-04 15:06:07 UTC" in text
    assert "p.m." not in text


def test_the_audit_says_in_words_what_its_code_means(page: Client, admin_user: User) -> None:
    audit_record(verb="person.roles", by=admin_user, subject="mo")
    text = page.get("/admin/classifier/auditentry/").content.decode()
    assert AuditEntry.objects.get().verb in text
    assert "Roles set" in text


def test_a_saved_queue_names_its_order_and_for_whom_it_is(page: Client) -> None:
    SavedQueue.objects.create(name="Mine", order="age", roles=["Moderator", "Lead"])
    SavedQueue.objects.create(name="Of all", order="risk")
    text = page.get("/admin/classifier/savedqueue/").content.decode()
    for words in ("Longest waiting first", "Moderator, Lead", "Highest risk first", "everybody"):
        assert words in text


@pytest.mark.parametrize(("query", "said"), [("", "Nothing here yet"), ("?q=12", "Nothing matches")])
def test_an_empty_list_says_whether_anything_is_there_at_all(page: Client, query: str, said: str) -> None:
    assert said in page.get(f"/admin/classifier/goldenitem/{query}").content.decode()
