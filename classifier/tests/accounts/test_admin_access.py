"""Who may enter the admin, and what each role finds there."""

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from classifier.accounts.roles import ADMIN
from classifier.core.source_access import source_access_set
from classifier.models import Source, User
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db
EVERYTHING = {
    "apikey",
    "appeal",
    "auditentry",
    "bulkaction",
    "clientseen",
    "comment",
    "commentevent",
    "daystatistic",
    "decision",
    "goldenitem",
    "modelversion",
    "modelversionevent",
    "noticechannel",
    "noticedelivery",
    "policy",
    "prediction",
    "referencecall",
    "referenceservice",
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


def test_who_sees_some_sources_is_offered_no_others_to_filter_by(client: Client) -> None:
    names = ("near", "nearer", "faraway")
    near, nearer, _ = (Source.objects.create(slug=name, name=f"The {name} place") for name in names)
    someone = person("ann", ADMIN)
    client.force_login(someone)
    shown = [kind for kind in sorted(EVERYTHING) if b"The faraway place" in page_of(client, kind)]
    assert {"comment", "decision", "appeal", "auditentry", "daystatistic", "policy"} <= set(shown)
    source_access_set(user=someone, all_sources=False, sources=[near, nearer], by=None)
    assert [kind for kind in shown if b"The faraway place" in page_of(client, kind)] == []
    assert b"The near place" in page_of(client, "comment")


def test_the_form_of_a_person_names_the_sources_that_its_reader_sees(client: Client) -> None:
    near, _ = (Source.objects.create(slug=name, name=f"The {name} place") for name in ("near", "faraway"))
    ann, beside = person("ann", ADMIN), person("beside", ADMIN)
    for one in (ann, beside):
        source_access_set(user=one, all_sources=False, sources=[near], by=None)
    client.force_login(ann)
    page = client.get(f"/admin/classifier/user/{beside.pk}/change/").content
    assert b"The near place" in page
    assert b"The faraway place" not in page
    client.force_login(person("root", ADMIN))
    assert b"The faraway place" in client.get(f"/admin/classifier/user/{beside.pk}/change/").content


def page_of(client: Client, kind: str) -> bytes:
    return bytes(client.get(f"/admin/classifier/{kind}/").content)


def test_an_admin_of_some_sources_takes_over_no_account_that_sees_more(client: Client) -> None:
    near, far = (Source.objects.create(slug=name, name=name) for name in ("near", "far"))
    people = {name: person(name, ADMIN) for name in ("ann", "everywhere", "elsewhere", "beside")}
    for name, sources in (("ann", [near]), ("elsewhere", [near, far]), ("beside", [near])):
        source_access_set(user=people[name], all_sources=False, sources=sources, by=None)
    client.force_login(people["ann"])
    new = {"password1": "a-quite-new-pass-1", "password2": "a-quite-new-pass-1", "usable_password": "true"}
    for name, status in (("everywhere", 403), ("elsewhere", 403), ("beside", 302)):
        address = f"/admin/classifier/user/{people[name].pk}/password/"
        assert client.post(address, new).status_code == status
        changed = User.objects.get(pk=people[name].pk).check_password("a-quite-new-pass-1")
        assert changed is (status == 302)


def test_an_admin_of_some_sources_makes_no_account_that_sees_more(client: Client) -> None:
    near = Source.objects.create(slug="near", name="near")
    ann = person("ann", ADMIN)
    source_access_set(user=ann, all_sources=False, sources=[near], by=None)
    client.force_login(ann)
    form = {"username": "new", "usable_password": "true", "roles": [ADMIN]}
    form |= {"password1": "a-quite-new-pass-1", "password2": "a-quite-new-pass-1"}
    assert client.post("/admin/classifier/user/add/", form).status_code == 302
    made = User.objects.get(username="new")
    assert (made.all_sources, made.source_access.count()) == (False, 0)
