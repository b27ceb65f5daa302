"""The `data` of webhook messages: ids and codes, read once for all events of a batch; never the text of a comment."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from classifier.core.events import (
    APPEAL_OPENED,
    APPEAL_RESOLVED,
    COMMENT_CLASSIFIED,
    COMMENT_DECIDED,
    COMMENT_ESCALATED,
    COMMENT_HELD,
    DRIFT_WARNING,
    EXPERIMENT_FINISHED,
    MODEL_PROMOTED,
    QUEUE_AGE,
    QUEUE_GROWTH,
    REPORT_ADDED,
)
from classifier.models import Comment, ModelVersion, Source

Payload = Mapping[str, Any]

# By event type: each field of the message, and the key of the payload that it comes from.
PAYLOAD_FIELDS: dict[str, dict[str, str]] = {
    COMMENT_CLASSIFIED: {
        "verdict": "verdict",
        "score": "score",
        "band": "band",
        "language": "language",
        "language_supported": "language_supported",
        "concern": "concern",
    },
    COMMENT_DECIDED: {
        "decision_id": "decision",
        "action": "action",
        "reason": "reason",
        "automatic": "automatic",
        "undoes": "undoes",
    },
    COMMENT_HELD: {"action": "action", "reports": "reports"},
    COMMENT_ESCALATED: {"decision_id": "decision", "reason": "reason"},
    REPORT_ADDED: {"report_id": "report", "reports": "reports"},
    APPEAL_OPENED: {"appeal_id": "appeal", "decision_id": "decision"},
    APPEAL_RESOLVED: {"appeal_id": "appeal", "decision_id": "decision", "outcome": "outcome"},
    MODEL_PROMOTED: {},
    EXPERIMENT_FINISHED: {"experiment_id": "experiment", "name": "name", "status": "status"},
    DRIFT_WARNING: {
        "model_version": "version",
        "index": "index",
        "reference": "reference",
        "recent": "recent",
    },
    QUEUE_AGE: {
        "state": "state",
        "waiting": "waiting",
        "oldest_seconds": "oldest_seconds",
        "limit_hours": "limit_hours",
    },
    QUEUE_GROWTH: {"state": "state", "waiting": "waiting", "before": "before", "hours": "hours"},
}
VERSIONS = {"model_version": "model_version", "before": "previous_version"}


def data_of(name: str, payloads: Sequence[Payload]) -> list[dict[str, Any]]:
    """Build the `data` of each payload, in their order, with at most three queries for all of them."""
    comments = _comments([payload["comment"] for payload in payloads if "comment" in payload])
    versions = _versions({payload[key] for payload in payloads for key in VERSIONS if payload.get(key)})
    slugs = _slugs(
        {payload["source"] for payload in payloads if payload.get("source") and "comment" not in payload}
    )
    rows = []
    for payload in payloads:
        data: dict[str, Any] = {}
        if "comment" in payload:
            data |= comments.get(payload["comment"], {"comment_id": payload["comment"]})
        elif "source" in payload:
            data["source"] = slugs.get(payload["source"])
        for key, shown in VERSIONS.items():
            if key in payload:
                data[shown] = versions.get(payload[key])
        data |= {shown: payload.get(key) for shown, key in PAYLOAD_FIELDS[name].items()}
        if name == EXPERIMENT_FINISHED:
            data["url"] = link("training:experiment", payload["experiment"])
        rows.append(data)
    return rows


def link(name: str, *args: Any) -> str:
    """Return the address of a page, absolute if SITE_URL is set; empty for a page that this site does not have."""
    try:
        return f"{settings.SITE_URL}{reverse(name, args=args)}"
    except NoReverseMatch:  # a site without training
        return ""


def _comments(ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    rows = Comment.objects.filter(pk__in=ids).values_list("pk", "external_id", "source__slug")
    return {
        pk: {"comment_id": pk, "external_id": external, "source": slug, "url": link("comment-detail", pk)}
        for pk, external, slug in rows
    }


def _versions(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    return dict(ModelVersion.objects.filter(pk__in=ids).values_list("pk", "version"))


def _slugs(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    return dict(Source.objects.filter(pk__in=ids).values_list("pk", "slug"))
