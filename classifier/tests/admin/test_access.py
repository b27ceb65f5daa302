"""Who may enter the admin, and what each role finds there."""

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from classifier.models import User
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db
EVERYTHING = {
    "apikey",
    "appeal",
    "auditentry",
    "bulkaction",
    "comment",
    "commentevent",
    "daystatistic",
    "decision",
    "goldenitem",
    "modelversion",
    "modelversionevent",
    "policy",
    "prediction",
    "report",
    "savedqueue",
    "secondreview",
    "shadowpolicy",
    "source",
    "suggestion",
    "transfer",
    "user",
    "webhook",
    "webhookdelivery",
}


def may_list(client: Client) -> set[str]:
    return {kind for kind in EVERYTHING if client.get(f"/admin/classifier/{kind}/").status_code == 200}


def test_a_stranger_is_sent_to_the_sites_own_sign_in(client: Client) -> None:
    response = client.get("/admin/classifier/comment/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/sign-in/?next=/admin/")


def test_a_moderator_is_refused_without_a_loop(client: Client, moderator: User) -> None:
    client.force_login(moderator)
    assert client.get("/admin/", follow=True).status_code == 403


def test_a_model_admin_sees_versions_and_no_people_or_keys(client: Client, model_admin: User) -> None:
    client.force_login(model_admin)
    assert may_list(client) == {"modelversion", "modelversionevent", "prediction"}


def test_an_admin_sees_everything(client: Client, admin_person: User) -> None:
    client.force_login(admin_person)
    assert may_list(client) == EVERYTHING
    assert client.get("/admin/").status_code == 200


def test_groups_are_not_edited_by_hand() -> None:
    ours = {model._meta.model_name for model in site._registry if model._meta.app_label == "classifier"}
    assert ours == EVERYTHING
    assert Group not in site._registry


def test_signing_out_of_the_admin_signs_out_of_the_site(client: Client, admin_person: User) -> None:
    client.force_login(admin_person)
    assert client.post(reverse("admin:logout")).status_code == 302
    assert client.get("/").headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("kind", sorted(EVERYTHING - {"user"}))
def test_nothing_that_services_write_can_be_changed_or_deleted(kind: str, client: Client) -> None:
    client.force_login(person("admin-person", "Admin"))
    for verb in ("add", "1/delete"):
        allowed = kind == "apikey" and verb == "add"
        status = client.get(f"/admin/classifier/{kind}/{verb}/").status_code
        assert status == 200 if allowed else status in (302, 403)
