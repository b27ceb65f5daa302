"""The administration's first page: numbers with the pages behind them, the first steps, the demo comments."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from classifier.api_keys.services import api_key_create
from classifier.comments.submission import comments_submit
from classifier.core.source_access import source_access_set
from classifier.models import AuditEntry, Comment, ModelVersion, Source, User
from classifier.review.decisions import decision_record, decision_undo
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.conftest import (
    active_version,
    admin_person,
    artifacts,
    candidates,
    model_admin,
    models_dir,
    moderator,
)
from training.datasets.demo_comments import HARMLESS, TOXIC, demo_count, demo_remove
from training.models import RetrainingPlan

__all__ = [
    "active_version",
    "admin_person",
    "artifacts",
    "candidates",
    "model_admin",
    "models_dir",
    "moderator",
]
pytestmark = pytest.mark.django_db
HOME = "/admin/"
DECIDED = 3


@pytest.fixture
def decided(active_version: ModelVersion, moderator: User) -> list[Comment]:
    """Comments of which a person has decided three, and of these undone one."""
    comments = comments_submit(
        items=[{"text": f"a text of its own, number {index}"} for index in range(5)], source="forum"
    )
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    rows = list(Comment.objects.filter(pk__in=[comment.pk for comment in comments]).order_by("pk"))
    decisions = [decision_record(comment=row, action="remove", by=moderator) for row in rows[:DECIDED]]
    decision_undo(decision=decisions[-1], by=moderator)
    return rows


def tile(client: Client, title: str) -> tuple[str, str]:
    tiles = {entry.title: entry for entry in client.get(HOME).context["home_tiles"]}
    return tiles[title].value, tiles[title].detail


def test_the_numbers_are_those_of_the_pages_that_they_lead_to(
    client: Client, admin_person: User, decided: list[Comment]
) -> None:
    client.force_login(admin_person)
    page = client.get(HOME)
    html = page.content.decode()
    waiting = client.get(f"{reverse('queue-list')}?status=waiting").context["count"]
    assert tile(client, "Waiting for a person")[0] == str(waiting)
    assert tile(client, "Decided today") == ("3", "3 by people, 0 by policies")
    plan = client.get(reverse("training:retraining")).context["outlook"]
    learning = client.get(reverse("training:learn")).context["outlook"]
    assert (plan.new_decisions, learning.new, sum(row.decided for row in learning.brought)) == (2, 2, 2)
    assert "Retrain now (2 new decisions)" in html
    assert f"Comment {decided[0].pk}</a>" in html
    for address in re.findall(
        r'href="(/[^"#]*)', html.partition('class="home"')[2].partition("home__groups")[0]
    ):
        assert client.get(address).status_code == 200, address


def test_the_version_in_production_is_named_with_what_it_judges(
    client: Client, model_admin: User, active_version: ModelVersion
) -> None:
    client.force_login(model_admin)
    [row] = client.get(HOME).context["home_production"]
    assert (row.version, row.judges) == (active_version, "every text")
    assert "home_tiles" not in client.get(HOME).context  # a model admin sees no dashboard
    assert "home_first_run" not in client.get(HOME).context


def test_an_admin_of_one_source_counts_nothing_of_another(
    client: Client, admin_person: User, decided: list[Comment]
) -> None:
    shop = Source.objects.create(slug="shop", name="shop")
    source_access_set(user=admin_person, all_sources=False, sources=[shop], by=None)
    client.force_login(User.objects.get(pk=admin_person.pk))
    assert tile(client, "Decided today")[0] == "0"
    assert client.get(HOME).context["home_retraining"]["new"] == 0
    assert not client.get(HOME).context["home_decisions"]


def test_a_decision_before_the_last_retraining_is_not_new(
    client: Client, admin_person: User, decided: list[Comment]
) -> None:
    first = Comment.objects.get(pk=decided[0].pk).current_decision_id
    assert first is not None
    RetrainingPlan.objects.create(pk=1, last_decision_id=first)
    client.force_login(admin_person)
    assert "Retrain now (1 new decision)" in client.get(HOME).content.decode()


def test_every_table_stands_in_one_group(client: Client, admin_person: User) -> None:
    client.force_login(admin_person)
    context = client.get(HOME).context
    grouped = [table["object_name"] for _, tables in context["home_tables"] for table in tables]
    assert sorted(grouped) == sorted(
        table["object_name"] for app in context["app_list"] for table in app["models"]
    )
    assert "Other" not in [title for title, _ in context["home_tables"]]


def test_the_first_steps_are_ticked_as_they_are_done(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    client.force_login(admin_person)

    def done() -> list[str]:
        return [step.title for step in client.get(HOME).context["home_first_run"].steps if step.done]

    assert done() == []
    comments_submit(items=[{"text": "the first one"}], source="forum")
    assert done() == ["Send the first comment"]
    api_key_create(name="forum", owner=admin_person, scopes=["submit"], by=admin_person)
    assert done() == ["Make an API key", "Send the first comment"]


def test_demo_comments_are_loaded_once_and_removed_by_one_click(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    client.force_login(admin_person)
    page = client.post(reverse("training:demo-load"), follow=True)
    assert demo_count() == TOXIC + HARMLESS
    assert "Remove the demo comments" in page.content.decode()
    assert not next(s for s in page.context["home_first_run"].steps if "comment" in s.title).done
    again = client.post(reverse("training:demo-load"), follow=True)
    assert "are here already" in again.content.decode()
    assert demo_count() == TOXIC + HARMLESS
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=100)
    client.post(reverse("training:demo-remove"), follow=True)
    assert demo_count() == 0
    rows = Comment.objects.filter(source__slug="demo")
    assert rows.count() == TOXIC + HARMLESS
    assert not rows.exclude(text="").exists()
    assert not rows.filter(queued_at__isnull=False).exists()
    assert set(AuditEntry.objects.filter(source__slug="demo").values_list("verb", flat=True)) == {
        "demo.load",
        "author.erase",
    }
    assert demo_remove(by=admin_person) == 0


def test_nobody_else_loads_or_removes_them(client: Client, moderator: User, model_admin: User) -> None:
    for person in (moderator, model_admin):
        client.force_login(person)
        for name in ("training:demo-load", "training:demo-remove"):
            assert client.post(reverse(name)).status_code == 403
