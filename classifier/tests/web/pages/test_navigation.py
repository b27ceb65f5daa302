"""The navigation offers each person the pages that they may open, and no others."""

import pytest
from django.test import Client

from classifier.accounts.roles import ADMIN, LEAD, MODEL_ADMIN, MODERATOR, VIEWER, user_roles_set
from classifier.models import User

pytestmark = pytest.mark.django_db


def links(role: str, client: Client) -> list[str]:
    person = User.objects.create_user(f"a-{role}")
    user_roles_set(user=person, roles=[role], by=None)
    client.force_login(User.objects.get(pk=person.pk))
    menu = client.get("/").context["navigation"]()
    return [link.url for link in [*menu.first, *menu.more]]


@pytest.mark.parametrize("role", [VIEWER, MODERATOR, LEAD, MODEL_ADMIN, ADMIN])
def test_every_link_that_a_role_is_offered_opens(role: str, client: Client) -> None:
    offered = links(role, client)
    assert "/" in offered
    assert {url: client.get(url).status_code for url in offered} == dict.fromkeys(offered, 200)


def test_a_moderator_is_not_offered_what_leads_and_admins_do(client: Client) -> None:
    assert not {"/policies/", "/history/", "/privacy/", "/people/", "/admin/"} & set(links(MODERATOR, client))


def test_the_current_page_is_marked_also_inside_the_menu(client: Client) -> None:
    links(LEAD, client)
    menu = client.get("/history/").context["navigation"]()
    assert [link.title for link in menu.more if link.current] == ["History"] == [menu.here]


def test_the_menu_has_groups_and_one_entry_at_most_is_current(client: Client) -> None:
    links(ADMIN, client)
    for path, title in (
        ("/queue/list/?status=all", "Comments"),
        ("/queue/list/?status=decided", "Comments"),
        ("/queue/list/", "Queue"),
        ("/queue/list/?status=waiting&order=oldest", "Queue"),
        ("/queue/", "Queue"),
        ("/keys/", "API keys"),
    ):
        menu = client.get(path).context["navigation"]()
        current = [link.title for link in (*menu.first, *menu.more) if link.current]
        assert current == [title]
    assert [title for title, _ in menu.groups] == ["Review", "Policy", "Connections", "Data", "Site"]
    page = client.get("/history/").content.decode()
    assert ">More<svg" in page.replace("> <", "><")


def test_the_queue_has_its_number_for_who_moderates(client: Client) -> None:
    links(MODERATOR, client)
    assert 'id="nav-count">0<' in client.get("/queue/").content.decode()
    links(VIEWER, client)
    assert "nav-count" not in client.get("/").content.decode()


def test_a_stranger_gets_no_links(client: Client) -> None:
    menu = client.get("/sign-in/").context["navigation"]()
    assert menu.first == menu.more == []
