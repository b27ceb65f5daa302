"""`/metrics` for Prometheus: what all processes counted, and what waits right now, for permitted callers only."""

import hmac
import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import CollectorRegistry

from classifier.scoring.heartbeat import workers
from classifier.statistics.operations import deliveries_by_status, pending_comments, review_queue
from toxicsite.disks import disks
from toxicsite.lib import metrics
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.client_address import client_address

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    if not _may_ask(request):
        return HttpResponse(
            "Not for this address; see METRICS_TOKEN and METRICS_ALLOWED.\n", "text/plain", 403
        )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Everything())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class Everything:
    """The collector that runs at each scrape. A server that is down is a number here, not an error."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("toxicsite_up", "Whether it answers: 1 or 0.", labels=["server"])
        try:
            yield from list(metrics.collect())
            up.add_metric(["redis"], 1)
        except NoBroker:
            up.add_metric(["redis"], 0)
        try:
            yield from list(_waiting())
            up.add_metric(["database"], 1)
        except (DatabaseError, InterfaceError):
            logger.warning("the database does not answer", exc_info=True)
            connection.close()
            up.add_metric(["database"], 0)
        yield up
        yield _workers()
        yield from _disks()


def _waiting() -> Iterator[Metric]:
    for name, title, backlog in (
        ("toxicsite_comments_pending", "Comments without a verdict", pending_comments()),
        ("toxicsite_review_queue", "Comments that wait for a person", review_queue()),
    ):
        yield GaugeMetricFamily(name, f"{title}, counted up to 100,000.", value=backlog.count)
        yield GaugeMetricFamily(
            f"{name}_oldest_seconds", f"{title}: how long the oldest waits.", value=backlog.oldest_seconds
        )
    deliveries = GaugeMetricFamily(
        "toxicsite_webhook_deliveries", "Deliveries that are not done, up to 100,000.", labels=["status"]
    )
    for status, count in deliveries_by_status().items():
        deliveries.add_metric([status], count)
    yield deliveries


def _workers() -> Metric:
    """Count a classification worker with its model as 1, one without a model as 0."""
    family = GaugeMetricFamily(
        "toxicsite_worker_ready", "Classification workers that live.", labels=["worker", "version", "backend"]
    )
    for status in workers():
        ready = 1.0 if status.model_version and not status.problem else 0.0
        family.add_metric([status.name, status.model_version or "", status.backend], ready)
    return family


def _disks() -> Iterator[Metric]:
    free = GaugeMetricFamily(
        "toxicsite_disk_free_bytes", "Room on the disk of a folder of this web server.", labels=["folder"]
    )
    total = GaugeMetricFamily("toxicsite_disk_total_bytes", "The size of that disk.", labels=["folder"])
    for kind, use in disks():
        free.add_metric([kind], use.free)
        total.add_metric([kind], use.total)
    yield from (free, total)


def _may_ask(request: HttpRequest) -> bool:
    """Say yes to the token from anywhere, and without it to visitors whose own address is allowed."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return hmac.compare_digest(sent.strip().encode(), settings.METRICS_TOKEN.encode())
    address = client_address(request.META, settings.TRUSTED_PROXIES)
    return address is not None and any(address in network for network in settings.METRICS_ALLOWED)
