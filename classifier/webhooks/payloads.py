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
    DRIFT_WARNING,
    EXPERIMENT_FINISHED,
    MODEL_PROMOTED,
)
from classifier.models import Comment, ModelVersion, Source

Payload = Mapping[str, Any]

# By event type: each field of the message, and the key of the payload that it comes from.
PAYLOAD_FIELDS: dict[str, dict[str, str]] = {
    COMMENT_CLASSIFIED: {"verdict": "verdict", "score": "score", "band": "band"},
    COMMENT_DECIDED: {
        "decision_id": "decision",
        "action": "action",
        "reason": "reason",
        "automatic": "automatic",
        "undoes": "undoes",
    },
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
}
VERSIONS = {"model_version": "model_version", "before": "previous_version"}


def data_of(name: str, payloads: Sequence[Payload]) -> list[dict[str, Any]]:
    """The `data` of each payload, in their order; at most three statements for all of them."""
    comments = _comments([one["comment"] for one in payloads if "comment" in one])
    versions = _versions({one[key] for one in payloads for key in VERSIONS if one.get(key)})
    slugs = _slugs({one["source"] for one in payloads if one.get("source") and "comment" not in one})
    found = []
    for one in payloads:
        data: dict[str, Any] = {}
        if "comment" in one:
            data |= comments.get(one["comment"], {"comment_id": one["comment"]})
        elif "source" in one:
            data["source"] = slugs.get(one["source"])
        for key, shown in VERSIONS.items():
            if key in one:
                data[shown] = versions.get(one[key])
        data |= {shown: one.get(key) for shown, key in PAYLOAD_FIELDS[name].items()}
        if name == EXPERIMENT_FINISHED:
            data["url"] = link("training:experiment", one["experiment"])
        found.append(data)
    return found


def link(name: str, *args: Any) -> str:
    """The address of a page; with the site's own address where SITE_URL says it."""
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
