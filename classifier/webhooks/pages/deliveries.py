"""Deliveries of a webhook: its log, one delivery with every attempt, and sending again."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from classifier.core.validation import ROW_ID_MAX
from classifier.models import Webhook, WebhookDelivery
from classifier.web.access import permitted, person_of
from classifier.web.refusals import refusals_shown
from classifier.webhooks.selectors import deliveries_of, webhooks_of
from classifier.webhooks.services import CHANGE, deliveries_replay, delivery_replay

SEE = "classifier.view_webhook"
SIZE = 25
SINCE = [(1, "the last hour"), (24, "the last day"), (7 * 24, "the last week"), (30 * 24, "the last 30 days")]


class LogFilter(forms.Form):
    """Filters of the log; a value that is not understood filters nothing."""

    status = forms.ChoiceField(choices=[("", "All"), *WebhookDelivery.Status.choices], required=False)
    before = forms.IntegerField(required=False, min_value=1, max_value=ROW_ID_MAX)


class ReplayForm(forms.Form):
    hours = forms.TypedChoiceField(choices=SINCE, coerce=int)


def log_of(webhook: Webhook, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Build the template context for one page of a webhook's log."""
    form = LogFilter(asked)
    form.is_valid()
    status, before = form.cleaned_data.get("status") or "", form.cleaned_data.get("before")
    rows = deliveries_of(webhook, status=status)
    deliveries = list((rows.filter(pk__lt=before) if before else rows)[: SIZE + 1])
    return {
        "deliveries": [(delivery, _last(delivery)) for delivery in deliveries[:SIZE]],
        "statuses": [("", "All"), *WebhookDelivery.Status.choices],
        "status": status,
        "before": before,
        "older": deliveries[SIZE - 1].pk if len(deliveries) > SIZE else None,
        "since": SINCE,
    }


@permitted(SEE)
@require_safe
def delivery(request: HttpRequest, webhook_id: int, delivery_id: int) -> HttpResponse:
    """Show one delivery; while it waits for its first attempt, or one within a minute, the page refreshes itself."""
    webhook, delivery = _webhook_and_delivery(request, webhook_id, delivery_id)
    attempts = list(delivery.log.all())
    waits = delivery.status == WebhookDelivery.Status.WAITING
    context = {
        "webhook": webhook,
        "delivery": delivery,
        "attempts": attempts,
        "waits": waits,
        "live": waits and (not attempts or _soon(delivery)),
        "data": json.dumps(delivery.event.data, indent=2, ensure_ascii=False),
        "may_change": person_of(request).has_perm(CHANGE),
    }
    return render(request, "classifier/webhooks/delivery.html", context)


@permitted(SEE, CHANGE)
@require_POST
def replay(request: HttpRequest, webhook_id: int, delivery_id: int) -> HttpResponse:
    _, delivery = _webhook_and_delivery(request, webhook_id, delivery_id)
    with refusals_shown(request):
        delivery_replay(delivery=delivery, by=person_of(request))
    return redirect("webhook-delivery", webhook_id, delivery_id)


@permitted(SEE, CHANGE)
@require_POST
def replay_failed(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Send again all deliveries that were given up in the chosen period."""
    webhook = _webhook(request, webhook_id)
    form = ReplayForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose since when.")
        return redirect("webhook", webhook_id)
    since = timezone.now() - timedelta(hours=form.cleaned_data["hours"])
    with refusals_shown(request):
        count = deliveries_replay(webhook=webhook, since=since, by=person_of(request))
        again = f"{count:,} sent again, with the ids they had."
        messages.success(request, again if count else "Nothing was given up in this time.")
    return redirect("webhook", webhook_id)


def _last(delivery: WebhookDelivery) -> Any:
    return next(iter(delivery.log.all()), None)


def _soon(delivery: WebhookDelivery) -> bool:
    return delivery.next_at is not None and delivery.next_at < timezone.now() + timedelta(minutes=1)


def _webhook(request: HttpRequest, webhook_id: int) -> Webhook:
    webhook: Webhook | None = webhooks_of(person_of(request)).filter(pk=webhook_id).first()
    if webhook is None:
        raise Http404
    return webhook


def _webhook_and_delivery(
    request: HttpRequest, webhook_id: int, delivery_id: int
) -> tuple[Webhook, WebhookDelivery]:
    webhook = _webhook(request, webhook_id)
    delivery = deliveries_of(webhook).filter(pk=delivery_id).first()
    if delivery is None:
        raise Http404
    return webhook, delivery
