"""The pages of a draft: starting it from the policy's form, its report, stopping it, putting it in force."""

import pytest
from django.test import Client

from classifier.models import Policy, ShadowPolicy, Source, SourceAccess, User
from classifier.policies.services import policy_save
from classifier.tests.conftest import person
from classifier.tests.policies.posted_bands import posted_bands
from classifier.tests.policies.shadow.conftest import STRICT, Classify, started

pytestmark = pytest.mark.django_db
PAGE = "/policies/of/forum/shadow/"
SITE = "/policies/site/shadow/"
FORM = {
    "seen_version": "0",
    "fail_mode": "closed",
    "appeal_days": "14",
    "reasons": "",
    **posted_bands(main=("0.2", "0,8")),
    "automatic": ["remove"],
    "note": "Stricter",
}


@pytest.fixture
def boss(admin_person: User, client: Client) -> Client:
    client.force_login(admin_person)
    return client


def posted(client: Client, page: str, **data: str) -> str:
    return client.post(page, data, follow=True).content.decode()


def test_a_draft_is_started_from_the_form_of_the_policy(forum: Source, boss: Client) -> None:
    answer = boss.post("/policies/of/forum/", {**FORM, "act": "shadow"})
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    shadow = ShadowPolicy.objects.get()
    assert (shadow.bands, shadow.automatic) == ({"*": {"review": 0.2, "remove": 0.8}}, ["remove"])
    assert (shadow.source, shadow.note) == (forum, "Stricter")
    assert Policy.objects.filter(source=forum).count() == 0
    page = boss.get(PAGE).content.decode()
    assert "Judges live traffic silently" in page
    assert "decides automatically: nothing → remove" in page
    assert "draft in shadow mode" in boss.get("/policies/").content.decode()


def test_a_bad_or_an_unchanged_draft_comes_back_with_what_is_wrong(forum: Source, boss: Client) -> None:
    wrong = boss.post("/policies/of/forum/", {**FORM, "act": "shadow", **posted_bands(main=("0.9", "0,8"))})
    assert wrong.status_code == 422
    assert "must be at or above it" in wrong.content.decode()
    same = boss.post(
        "/policies/of/forum/",
        {**FORM, "act": "shadow", **posted_bands(main=("model", "")), "automatic": []},
    )
    assert same.status_code == 422
    assert "nothing to compare" in same.content.decode()
    assert ShadowPolicy.objects.count() == 0


def test_the_report_shows_counts_changes_and_blurred_examples(
    forum: Source, boss: Client, classify: Classify
) -> None:
    shadow = started(forum)
    comment, _ = classify("i hate <b>rain</b>", "lovely day")
    page = boss.get(PAGE).content.decode()
    assert "Would change <b>2</b> of 2 comments: <b>1</b> from review to remove," in page
    assert "i hate &lt;b&gt;rain&lt;/b&gt;" in page
    assert f'class="veil" tabindex="0" role="group" aria-label="Text of comment {comment.pk}"' in page
    assert "toxic 0.900" in page
    assert "lovely day" not in page
    other = boss.get(PAGE, {"draft": str(shadow.pk), "days": "30", "change": "approve-review"}).content
    assert "lovely day" in other.decode()


def test_odd_questions_get_the_usual_page(forum: Source, boss: Client, classify: Classify) -> None:
    started(forum)
    classify("i hate rain")
    for query in ({"days": "-1"}, {"days": "x"}, {"change": "up-down"}, {"before": "9" * 30}):
        assert boss.get(PAGE, query).status_code == 200
    assert boss.get(PAGE, {"draft": "999999"}).status_code == 404
    assert boss.get("/policies/of/nowhere/shadow/").status_code == 404


def test_it_is_stopped_started_again_and_put_in_force(forum: Source, boss: Client) -> None:
    shadow = started(forum)
    assert "Shadow mode is stopped" in posted(boss, PAGE, draft=str(shadow.pk), do="stop")
    assert "already ended this draft" in posted(boss, PAGE, draft=str(shadow.pk), do="stop")
    assert "The draft runs in shadow mode again" in posted(boss, PAGE, draft=str(shadow.pk), do="start")
    again = ShadowPolicy.objects.get(status="running")
    assert (again.pk != shadow.pk, again.bands) == (True, STRICT)
    page = posted(boss, PAGE, draft=str(again.pk), do="in_force", seen_version="0", note="Seen for a week")
    assert "The draft is in force, as version 1." in page
    saved = Policy.objects.get(source=forum)
    assert (saved.bands, saved.note) == (STRICT, "Seen for a week")
    assert "since then in force as version 1" in boss.get(PAGE).content.decode()


def test_a_policy_saved_meanwhile_is_told_and_not_overwritten(forum: Source, boss: Client) -> None:
    shadow = started(forum)
    policy_save(source=forum, bands={"toxic": {"review": 0.6}}, by=None)
    page = posted(boss, PAGE, draft=str(shadow.pk), do="in_force", seen_version="0")
    assert "Version 1 was saved in the meantime" in page
    assert Policy.objects.filter(source=forum).count() == 1


def test_a_draft_of_another_source_is_not_there(forum: Source, boss: Client) -> None:
    Source.objects.create(slug="blog", name="Blog")
    shadow = started(forum)
    assert boss.get("/policies/of/blog/shadow/", {"draft": str(shadow.pk)}).status_code == 404
    assert boss.post("/policies/of/blog/shadow/", {"draft": str(shadow.pk), "do": "stop"}).status_code == 404
    shadow.refresh_from_db()
    assert shadow.is_running


def test_leads_look_and_have_no_buttons(forum: Source, client: Client, classify: Classify) -> None:
    shadow = started(forum)
    classify("i hate rain")
    client.force_login(person("lea", "Lead"))
    page = client.get(PAGE).content.decode()
    assert "i hate rain" in page
    assert 'name="do"' not in page
    for do in ("stop", "start", "in_force"):
        assert client.post(PAGE, {"draft": str(shadow.pk), "do": do}).status_code == 403
    assert client.post("/policies/of/forum/", {**FORM, "act": "shadow"}).status_code == 403


def test_who_sees_one_source_finds_that_draft_and_changes_nothing_for_the_site(
    forum: Source, client: Client, admin_person: User
) -> None:
    started(None)
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    SourceAccess.objects.create(user=admin_person, source=Source.objects.create(slug="shop", name="Shop"))
    client.force_login(admin_person)
    assert client.get(PAGE).status_code == 404
    assert client.get("/policies/of/shop/shadow/").status_code == 200
    page = client.get(SITE).content.decode()
    assert 'name="do"' not in page


def test_the_admin_shows_drafts_with_their_history_and_no_buttons_to_change_them(
    forum: Source, boss: Client
) -> None:
    shadow = started(forum, note="Stricter")
    assert "Judges live traffic silently" in boss.get("/admin/classifier/shadowpolicy/").content.decode()
    page = boss.get(f"/admin/classifier/shadowpolicy/{shadow.pk}/change/").content.decode()
    assert "running" in page
    assert 'name="_save"' not in page
