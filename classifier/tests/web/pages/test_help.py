"""Help inside the site: every page of the manual opens, its links lead somewhere, and no style stands in a tag."""

import re

import pytest
from django.test import Client
from django.urls import resolve

from classifier.accounts.roles import ADMIN, user_roles_set
from classifier.models import User
from classifier.web.manual import manual_files, manual_page, manual_search

pytestmark = pytest.mark.django_db
LINK = re.compile(r'href="(/help/[^"#]*|)(?:#([^"]*))?"')


def address(path: str) -> str:
    return f"/help/{path}/" if path else "/help/"


@pytest.mark.parametrize("path", sorted(manual_files()))
def test_every_page_of_the_manual_has_a_title_and_links_that_lead_to_pages_and_headings(path: str) -> None:
    page = manual_page(path)
    assert page is not None
    assert page.title
    assert "<h1 id=" in page.content
    assert "style=" not in page.content
    assert "```" not in page.content
    assert ".md" not in " ".join(re.findall(r'href="([^"]*)"', page.content)).replace("github.com", "")
    for target, anchor in LINK.findall(page.content):
        to = manual_page(target.removeprefix("/help/").strip("/")) if target else page
        assert to is not None, target
        assert not anchor or f'id="{anchor}"' in to.content, (target, anchor)
    assert all(manual_page(below) is not None for below, _ in page.below)


def test_a_page_shows_with_its_headings_and_the_way_up(as_owner: Client) -> None:
    page = as_owner.get("/help/operate/configure/").content.decode()
    assert "On this page" in page
    assert 'href="/help/operate/"' in page
    assert as_owner.get("/help/").status_code == 200


@pytest.mark.parametrize(
    "path", ["nothing", "../README", "guide/../../SECURITY", "%2e%2e/README", "guide/queue.md"]
)
def test_only_the_manuals_own_pages_are_served(path: str, as_owner: Client) -> None:
    assert as_owner.get(f"/help/{path}/").status_code == 404


def test_a_stranger_signs_in_first(client: Client) -> None:
    assert client.get("/help/").headers["Location"] == "/sign-in/?next=/help/"


def test_the_search_finds_pages_that_hold_all_words_and_shows_where(as_owner: Client) -> None:
    found = manual_search("Retention backup")
    assert found
    assert all("retention" in whole(one.path) and "backup" in whole(one.path) for one in found)
    page = as_owner.get("/help/", {"q": "<b>nothing</b> like this"}).content.decode()
    assert "0 pages with “&lt;b&gt;nothing&lt;/b&gt; like this”" in page


def whole(path: str) -> str:
    page = manual_page(path)
    assert page is not None
    return page.content.casefold()


def test_each_page_of_the_site_leads_to_what_the_manual_says_about_it(client: Client) -> None:
    person = User.objects.create_user("an-admin", is_superuser=True, is_staff=True)
    user_roles_set(user=person, roles=[ADMIN], by=None)
    client.force_login(User.objects.get(pk=person.pk))
    menu = client.get("/").context["navigation"]()
    for link in (*menu.first, *menu.more):
        if link.manual:
            assert manual_page(link.manual) is not None, link
            assert resolve(address(link.manual)).url_name == "help-page"
    assert 'href="/help/guide/queue/"' in client.get("/queue/").content.decode()
    assert 'href="/help/api/webhooks/"' in client.get("/webhooks/new/").content.decode()
