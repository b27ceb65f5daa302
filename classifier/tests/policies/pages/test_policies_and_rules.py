"""The pages of policies and rules: who may see and change them, previewing before saving, restoring, trying out."""

from typing import Any

import pytest
from django.test import Client

from classifier.accounts.roles import LEAD
from classifier.models import ModelVersion, Policy, Rule, Source, User
from classifier.policies.services import policy_save
from classifier.tests.conftest import person
from classifier.tests.policies.posted_bands import posted_bands

pytestmark = pytest.mark.django_db
FIELDS = {
    "seen_version": "1",
    "fail_mode": "open",
    "appeal_days": "7",
    "reasons": "insult: Insults somebody",
    "nudge_threshold": "0,4",
}
PAGES = ["/policies/", "/policies/site/", "/policies/of/forum/", "/rules/"]


@pytest.fixture
def lead(db: None) -> User:
    return person("lead", LEAD)


@pytest.fixture
def forum() -> Source:
    return Source.objects.create(slug="forum", name="Forum")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("page", PAGES)
def test_an_admin_and_a_lead_see_it_and_a_moderator_does_not(
    page: str, forum: Source, admin_person: User, lead: User, moderator: User
) -> None:
    answers = [signed_in(user).get(page).status_code for user in (admin_person, lead, moderator)]
    assert answers == [200, 200, 403]
    assert Client().get(page).status_code == 302


def test_only_an_admin_saves(forum: Source, admin_person: User, lead: User, moderator: User) -> None:
    data = {**FIELDS, "act": "save", **posted_bands(main=("0.4", "")), "seen_version": "0"}
    answers = [
        signed_in(user).post("/policies/of/forum/", data).status_code
        for user in (moderator, lead, admin_person)
    ]
    assert answers == [403, 403, 302]
    saved = Policy.objects.get(source=forum)
    assert (saved.created_by, saved.fail_mode, saved.nudge_threshold) == (admin_person, "open", 0.4)


def test_only_an_admin_makes_switches_and_restores(
    forum: Source, admin_person: User, lead: User, moderator: User
) -> None:
    rule = Rule.objects.create(name="x", kind="phrase", pattern="idiot")
    policy_save(source=forum, bands={"toxic": {"review": 0.2}}, by=None)
    posts: list[tuple[str, dict[str, Any]]] = [
        ("/rules/new/", {"act": "save", "name": "n", "kind": "phrase", "pattern": "p", "band": "review"}),
        (
            f"/rules/{rule.pk}/",
            {"act": "save", "name": "n", "kind": "phrase", "pattern": "p", "band": "review"},
        ),
        (f"/rules/{rule.pk}/switch/", {"enabled": "0"}),
        ("/policies/of/forum/restore/", {"version": "1"}),
    ]
    for address, data in posts:
        answers = [
            signed_in(user).post(address, data).status_code for user in (moderator, lead, admin_person)
        ]
        assert answers == [403, 403, 302], address
    assert Policy.objects.filter(source=forum).count() == 2


def test_a_source_that_one_does_not_see_is_not_there(forum: Source, admin_person: User) -> None:
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    client = signed_in(admin_person)
    assert client.get("/policies/of/forum/").status_code == 404
    data = {**FIELDS, "act": "save", **posted_bands(main=("0.1", ""))}
    assert client.post("/policies/site/", data).status_code == 403
    assert "Forum" not in client.get("/policies/").content.decode()


def test_a_preview_saves_nothing_and_keeps_what_was_written(
    active_version: ModelVersion, admin_person: User
) -> None:
    answer = signed_in(admin_person).post(
        "/policies/site/", {**FIELDS, "act": "preview", **posted_bands(main=("0.123", ""))}
    )
    assert answer.status_code == 200
    assert 'value="0.123"' in answer.content.decode()
    assert "nothing to try it on" in answer.content.decode()
    assert Policy.objects.count() == 1


def test_what_is_wrong_is_told_beside_its_field(active_version: ModelVersion, admin_person: User) -> None:
    data = {
        **FIELDS,
        "act": "save",
        **posted_bands(main=("2", "")),
        "nudge_threshold": "0.4",
        "appeal_days": "7",
    }
    answer = signed_in(admin_person).post("/policies/site/", data)
    assert answer.status_code == 422
    assert "This must be a number from 0 to 1." in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()


def test_who_comes_second_is_told_and_loses_nothing(active_version: ModelVersion, admin_person: User) -> None:
    client = signed_in(admin_person)
    data = {**FIELDS, "act": "save", **posted_bands(main=("0.4", ""))}
    assert client.post("/policies/site/", data).status_code == 302
    answer = client.post("/policies/site/", {**data, **posted_bands(main=("0.77", ""))})
    assert answer.status_code == 409
    assert 'value="0.77"' in answer.content.decode()
    assert Policy.objects.count() == 2


def test_versions_say_what_changed(forum: Source, admin_person: User) -> None:
    policy_save(source=forum, bands={"toxic": {"review": 0.2}}, by=None)
    policy_save(source=forum, bands={"toxic": {"review": 0.3}}, automatic=["remove"], note="Calmer", by=None)
    page = signed_in(admin_person).get("/policies/of/forum/").content.decode()
    assert "Toxic, review from: 0.2 \N{RIGHTWARDS ARROW} 0.3" in page
    assert "decides automatically: nothing \N{RIGHTWARDS ARROW} remove" in page
    assert "Calmer" in page


def test_advice_with_too_few_decisions_says_so(active_version: ModelVersion, lead: User) -> None:
    answer = signed_in(lead).get(f"/policies/site/?label={active_version.labels[0]}&goal=recall&target=90")
    assert "0 decisions about this label" in answer.content.decode()


def test_trying_out_marks_the_hits_and_saves_nothing(lead: User) -> None:
    Rule.objects.create(name="Insult", kind="phrase", pattern="idiot")
    client = signed_in(lead)
    page = client.post("/rules/try/", {"text": "you <b>1d10t</b>"}).content.decode()
    assert "you &lt;b&gt;</span>" not in page
    assert "you &lt;b&gt;<mark>1d10t</mark>&lt;/b&gt;" in page
    data = {"act": "try", "name": "", "kind": "regex", "pattern": "(a", "text": "a"}
    answer = client.post("/rules/new/", data)
    assert answer.status_code == 422
    assert "missing )" in answer.content.decode()
    assert Rule.objects.count() == 1


def test_extreme_thresholds_are_asked_about_before_they_are_saved(
    active_version: ModelVersion, forum: Source, admin_person: User
) -> None:
    boss = signed_in(admin_person)
    data = {**FIELDS, "act": "save", **posted_bands(main=("0.01", "0.3")), "automatic": ["remove"]}
    data["seen_version"] = "0"
    asked = boss.post("/policies/of/forum/", data)
    page = asked.content.decode()
    assert asked.status_code == 200
    assert "review from 1.0%: nearly every comment waits for a person." in page
    assert "remove from 30.0%: comments go without a person" in page
    assert not Policy.objects.filter(source=forum).exists()
    saved = boss.post("/policies/of/forum/", {**data, "act": "save-extreme"})
    assert saved.status_code == 302, saved.context["form"].problems
    assert Policy.objects.get(source=forum).bands["*"] == {"review": 0.01, "remove": 0.3}
    usual = {**FIELDS, "act": "save", **posted_bands(main=("0.4", "0.9")), "seen_version": "1"}
    assert boss.post("/policies/of/forum/", usual).status_code == 302
