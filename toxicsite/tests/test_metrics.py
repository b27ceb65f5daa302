"""`/metrics` shows what all processes counted, to who may ask, and nothing that anybody wrote."""

import subprocess
import sys
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from classifier.api_keys.services import api_key_create
from classifier.comments.submission import comment_submit
from classifier.models import Comment, User
from toxicsite import celery
from toxicsite import metrics as page
from toxicsite.launcher.environment import PROJECT
from toxicsite.lib import broker, metrics

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]
WORDS = "unrepeatable words"


def scraped(**headers: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    response = Client().get("/metrics", headers=headers)
    assert response.status_code == 200
    assert WORDS not in response.content.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def value(name: str, **labels: str) -> float:
    return scraped()[name, tuple(sorted(labels.items()))]


def test_requests_are_counted_by_route_and_never_by_address() -> None:
    counted = {
        "toxicsite_http_requests_total": [
            {"method": "GET", "route": "comments/<int:comment_id>/", "status": "302"},
            {"method": "GET", "route": "(none)", "status": "404"},
        ],
        "toxicsite_http_request_seconds_count": [{"method": "GET", "route": "sign-in/"}],
    }
    keys = [(name, tuple(sorted(labels.items()))) for name, many in counted.items() for labels in many]
    before = scraped()  # other tests of this process ask for pages too
    Client().get("/sign-in/?q=unrepeatable words")
    Client().get("/comments/4711/")
    Client().get(f"/{WORDS}/")
    after = scraped()
    assert [after[key] - before.get(key, 0.0) for key in keys] == [1, 1, 1]


def test_a_histogram_has_growing_buckets_and_its_sum() -> None:
    for seconds in (0.001, 0.02, 0.02, 99.0):
        metrics.observe(metrics.SCORING_SECONDS, seconds, "stored")
    buckets = [
        value("toxicsite_scoring_seconds_bucket", kind="stored", le=bound)
        for bound in ("0.005", "0.025", "30.0", "+Inf")
    ]
    assert buckets == [1, 3, 3, 4]
    assert value("toxicsite_scoring_seconds_sum", kind="stored") == pytest.approx(99.041)


def test_what_another_process_counted_is_on_the_same_page() -> None:
    code = (
        "import django; django.setup(); from toxicsite.lib import metrics; "
        "metrics.count(metrics.VERDICTS, 'starter-1a2b3c4d', 'review', amount=3)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
    metrics.count(metrics.VERDICTS, "starter-1a2b3c4d", "review")
    assert value("toxicsite_verdicts_total", version="starter-1a2b3c4d", band="review") == 4


def test_tasks_are_counted_by_name_and_state() -> None:
    task = SimpleNamespace(name="classifier.sweep", request=SimpleNamespace())
    celery.start_clock(sender=task)
    celery.count_task(sender=task, state="SUCCESS")
    assert value("toxicsite_tasks_total", task="classifier.sweep", state="SUCCESS") == 1
    assert value("toxicsite_task_seconds_count", task="classifier.sweep") == 1


def test_labels_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "LABEL_SETS", 3)
    monkeypatch.setattr(metrics, "_sums", metrics.Sums())
    for number in range(10):
        metrics.count(metrics.TASKS, f"task-{number}", "SUCCESS")
    assert value("toxicsite_tasks_total", task="other", state="other") == 7


def test_queues_and_servers_are_shown_as_they_are_now() -> None:
    comment = comment_submit(text=WORDS, source="web")
    Comment.objects.filter(pk=comment.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    found = scraped()
    assert found["toxicsite_comments_pending", ()] == 1
    assert 299 < found["toxicsite_comments_pending_oldest_seconds", ()] < 400
    assert found["toxicsite_review_queue", ()] == 0
    assert found["toxicsite_webhook_deliveries", (("status", "dead"),)] == 0
    assert (
        found["toxicsite_up", (("server", "database"),)] == found["toxicsite_up", (("server", "redis"),)] == 1
    )


def test_a_server_that_is_down_is_a_zero_and_not_an_error(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def broken() -> None:
        raise OperationalError("away")

    monkeypatch.setattr(page, "pending_comments", broken)
    monkeypatch.setattr("toxicsite.metrics.connection.close", lambda: None)
    assert value("toxicsite_up", server="database") == 0
    broker.client.cache_clear()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert value("toxicsite_up", server="redis") == 0
    broker.client.cache_clear()


def test_strangers_get_nothing_and_the_token_opens_from_anywhere(settings: Settings) -> None:
    settings.METRICS_ALLOWED = [ip_network("10.0.0.0/8")]
    assert Client().get("/metrics").status_code == 403
    assert Client(REMOTE_ADDR="10.1.2.3").get("/metrics").status_code == 200
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert Client(REMOTE_ADDR="10.1.2.3").get("/metrics", headers=forwarded).status_code == 403
    settings.METRICS_TOKEN = "a-long-token"
    sent = {**forwarded, "Authorization": "Bearer a-long-token"}
    assert Client().get("/metrics", headers=sent).status_code == 200
    for wrong in ("Bearer a-long-tokem", "Bearer", "Basic a-long-token"):
        assert Client().get("/metrics", headers={"Authorization": wrong}).status_code == 403


@pytest.mark.parametrize(
    "header",
    [
        *("X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via", "CF-Connecting-IP"),
        "True-Client-IP",
    ],
)
def test_a_proxy_on_the_same_machine_opens_it_to_nobody(header: str) -> None:
    assert Client().get("/metrics").status_code == 200
    for value in ("203.0.113.9", "127.0.0.1"):
        assert Client().get("/metrics", headers={header: value}).status_code == 403


def test_behind_a_trusted_proxy_the_visitors_own_address_decides(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    settings.METRICS_ALLOWED = [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")]

    def asked(**headers: str) -> int:
        return Client().get("/metrics", headers=headers).status_code

    for name in ("X-Real-IP", "X-Forwarded-For"):
        assert asked(**{name: "10.1.2.3"}) == 200
        assert asked(**{name: "203.0.113.9"}) == 403
    assert asked(**{"X-Forwarded-For": "10.1.2.3, 203.0.113.9"}) == 403
    assert asked(**{"X-Forwarded-For": "10.1.2.3", "X-Real-IP": "203.0.113.9"}) == 403


def test_no_text_and_no_key_is_on_the_page(tmp_path: Path) -> None:
    owner = User.objects.create_superuser("owner")
    _, plaintext = api_key_create(name=WORDS, owner=owner, scopes=["submit"])
    sent = {"Authorization": f"Bearer {plaintext}"}
    Client().post("/api/v1/comments/", {"text": WORDS}, content_type="application/json", headers=sent)
    shown = Client().get("/metrics").content.decode()
    assert WORDS not in shown
    assert plaintext[:12] not in shown
