"""When no worker is there the pages say so, and nothing is lost."""

from django.test import Client

from classifier.models import Comment
from classifier.scoring.heartbeat import beat
from classifier.tests.page_fixtures import HTMX, MakeComment


def test_a_stored_comment_is_shown_as_pending_and_looked_after(as_owner: Client) -> None:
    card = as_owner.post("/", {"text": "anybody?"}, headers=HTMX).content.decode()
    comment = Comment.objects.get()
    assert comment.status == "pending"
    assert "No worker is running; your comment is stored and will be scored." in card
    assert f'hx-get="/comments/{comment.pk}/verdict/"' in card
    assert 'hx-trigger="every 2s"' in card


def test_text_that_is_not_to_be_stored_gets_a_503(as_owner: Client) -> None:
    response = as_owner.post("/", {"text": "anybody?", "discard": "on"})
    assert response.status_code == 503
    assert "No worker is running" in response.content.decode()
    assert not Comment.objects.exists()


def test_the_preview_says_why_there_is_none(as_owner: Client) -> None:
    assert "No preview: No worker is running" in as_owner.post("/preview/", {"text": "x"}).content.decode()


def test_the_page_head_tells_whether_a_worker_is_ready(as_owner: Client) -> None:
    assert "No worker is running" in as_owner.get("/worker/").content.decode()
    beat("w", model_version="starter-1a2b3c4d", backend="torch", problem="")
    ready = as_owner.get("/worker/").content.decode()
    assert "Ready" in ready
    assert "starter-1a2b3c4d" in ready
    beat("w", model_version=None, backend="", problem="no model version is active")
    assert "no model version is active" in as_owner.get("/worker/").content.decode()


def test_no_page_tells_a_moderator_the_servers_paths(as_owner: Client, comment_with: MakeComment) -> None:
    waiting = comment_with("one")
    path = "/srv/toxicsite/var/models/starter-1a2b3c4d"
    beat("w", model_version=None, backend="", problem=f"starter cannot be loaded: {path} is not a folder")
    for url in ("/", "/worker/", "/queue/", "/queue/worker/", f"/comments/{waiting.pk}/"):
        response = as_owner.get(url)
        assert response.status_code == 200
        assert "the active model version cannot be loaded" in response.content.decode(), url
        assert path not in response.content.decode(), url


def test_the_pending_card_becomes_the_verdict(as_owner: Client, comment_with: MakeComment) -> None:
    waiting, done = comment_with("one"), comment_with("two", score=0.9)
    assert "Pending" in as_owner.get(f"/comments/{waiting.pk}/verdict/", headers=HTMX).content.decode()
    card = as_owner.get(f"/comments/{done.pk}/verdict/", headers=HTMX).content.decode()
    assert "90.0%" in card
    assert "every 2s" not in card
    whole = as_owner.get(f"/comments/{done.pk}/verdict/?on=detail", headers=HTMX)
    assert whole.headers["HX-Refresh"] == "true"


def test_without_a_worker_the_words_are_the_plain_text(as_owner: Client, comment_with: MakeComment) -> None:
    comment = comment_with("you fool", score=0.9)
    part = as_owner.get(f"/comments/{comment.pk}/words/", headers=HTMX).content.decode()
    assert "you fool" in part
    assert "No worker is running" in part
    assert f'hx-get="/comments/{comment.pk}/words/"' in part
    again = as_owner.post("/words/", {"text": "you fool"}, headers=HTMX).content.decode()
    assert "Try again" in again
