"""The pages of rescoring: choose, count, start, watch, cancel, go on, and what changed; without scripts."""

import pytest
from django.test import Client

from classifier.accounts.roles import LEAD
from classifier.comments.submission import comments_submit
from classifier.model_versions.services import model_version_activate
from classifier.models import Comment, ModelVersion, Transfer, User
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(active_version: ModelVersion, candidates: tuple[ModelVersion, ModelVersion]) -> list[Comment]:
    made = comments_submit(items=[{"text": "i hate you"}, {"text": "thanks"}], source="forum")
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=100)
    model_version_activate(model_version=candidates[1], by=None)
    return list(Comment.objects.filter(pk__in=[one.pk for one in made]).order_by("pk"))


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return str(answer.content.decode())


def test_it_is_counted_first_then_started_watched_cancelled_and_goes_on(
    history: list[Comment], model_admin: User, candidates: tuple[ModelVersion, ModelVersion]
) -> None:
    client = client_of(model_admin)
    assert "Nothing was scored again yet" in page(client, "/rescoring/")
    counted = page(client, "/rescoring/?count=1&source=forum&status=all")
    assert "Score 2 again" in counted
    assert f'scored by <span class="mono">{candidates[0].version}</span>' in counted
    last = str(history[-1].pk)
    answer = client.post("/rescoring/start/", {"source": "forum", "status": "all", "last_id": last})
    transfer = Transfer.objects.get()
    assert answer.headers["Location"] == f"/rescoring/{transfer.pk}/"
    watched = page(client, f"/rescoring/{transfer.pk}/")
    assert "Waits for its worker" in watched
    assert 'hx-trigger="every 2s"' in watched
    assert f"Rescoring {transfer.pk}" in page(client, "/rescoring/?live=1")
    again = client.post("/rescoring/start/", {"status": "all", "last_id": last})
    assert again.status_code == 409
    assert "Another rescoring runs" in again.content.decode()
    client.post(f"/rescoring/{transfer.pk}/cancel/")
    assert "Resume" in page(client, f"/rescoring/{transfer.pk}/?live=1")
    client.post(f"/rescoring/{transfer.pk}/resume/")
    transfer.refresh_from_db()
    assert transfer.status == "queued"


def test_what_changed_links_to_the_comments_for_who_may_read_them(
    history: list[Comment], model_admin: User
) -> None:
    options = {
        "choice": {"status": "all"},
        "changes": {"review>approve": 1, "none>review": 1},
        "listed": [[history[0].pk, "review", "approve"], [history[1].pk, "", "review"]],
    }
    made = Transfer.objects.create(
        kind="rescore", status="succeeded", options=options, done_rows=2, total_rows=2
    )
    lead = page(client_of(person("lead", LEAD)), f"/rescoring/{made.pk}/")
    blind = page(client_of(model_admin), f"/rescoring/{made.pk}/")
    for shown in (lead, blind):
        assert "<dt>Changed their band</dt><dd>2</dd>" in shown
        assert f"Comment {history[0].pk}" in shown
    assert f'href="/comments/{history[0].pk}/"' in lead
    assert '<span class="near veil" dir="auto">i hate you</span>' in lead
    assert "i hate you" not in blind
    assert f"/comments/{history[0].pk}/" not in blind
    assert page(client_of(model_admin), f"/rescoring/{made.pk}/?page=2").count("<li>") < blind.count("<li>")


def test_a_wrong_choice_is_named_at_its_field_and_starts_nothing(
    history: list[Comment], model_admin: User
) -> None:
    client = client_of(model_admin)
    assert "This must be a day" in page(client, "/rescoring/?count=1&begin=soon", status=422)
    for data in ({"status": "all"}, {"status": "odd", "last_id": "9"}):
        assert client.post("/rescoring/start/", data).status_code == 422
    assert not Transfer.objects.exists()


def test_imports_and_exports_do_not_list_a_rescoring(admin_person: User) -> None:
    made = Transfer.objects.create(kind="rescore", options={"choice": {"status": "all"}})
    client = client_of(admin_person)
    assert page(client, f"/rescoring/{made.pk}/")
    assert f"/transfers/{made.pk}/" not in page(client, "/transfers/")
    page(client, f"/transfers/{made.pk}/", status=404)
