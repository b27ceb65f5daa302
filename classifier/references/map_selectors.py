"""Which score maps there are, which keys use them, and which were fitted on another model version than answers now."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from classifier.models import ApiKey, ModelVersionStatus, ScoreMap


def score_maps() -> QuerySet[ScoreMap]:
    """Every version of every map, the newest first."""
    return ScoreMap.objects.select_related("model_version", "created_by").order_by("-pk")


def is_outdated(score_map: ScoreMap) -> bool:
    """Whether another model version answers than the one that the map was fitted on."""
    return score_map.model_version.status != ModelVersionStatus.ACTIVE


def keys_with_map(score_map: ScoreMap | None = None) -> QuerySet[ApiKey]:
    """Keys that may still be used and have a map on, or exactly this one."""
    rows = ApiKey.objects.filter(revoked_at__isnull=True).exclude(expires_at__lte=Now())
    rows = rows.filter(score_map__isnull=False) if score_map is None else rows.filter(score_map=score_map)
    return rows.select_related("score_map", "score_map__model_version").order_by("name", "pk")


def keys_to_map() -> QuerySet[ApiKey]:
    """Keys that may still be used, for which a map can be switched on."""
    return (
        ApiKey.objects.filter(revoked_at__isnull=True).exclude(expires_at__lte=Now()).order_by("name", "pk")
    )


def keys_with_outdated_map() -> list[ApiKey]:
    """Keys whose map was fitted on another version than the one in production; that version answers through it."""
    rows = keys_with_map().exclude(score_map__model_version__status=ModelVersionStatus.ACTIVE)
    return list(rows)
