"""The page about moving here from another service, with a checklist of the keys for people who may see them."""

from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from classifier.core.validation import row_id
from classifier.dialects.labels import OPENAI, PERSPECTIVE, UNCOVERED
from classifier.dialects.migration_languages import language_offers
from classifier.dialects.migration_steps import steps_of
from classifier.dialects.perspective_clients import Kind, programs_of
from classifier.model_versions.assembly import assembly_current
from classifier.models import ModelVersion, User
from classifier.references.migration_selectors import keys_moving, moving_of, other_keys

LAST_DAY = date(2026, 12, 31)  # on which Perspective answers, by its own announcement
SEE = ("classifier.view_apikey", "classifier.view_clientseen")


def today() -> date:
    return datetime.now(UTC).date()


@require_safe
def migrate_page(request: HttpRequest) -> HttpResponse:
    """Show how to move here from a service whose format this server speaks; people who may see keys see a checklist."""
    assembly = assembly_current()
    version = assembly.default
    known = version.labels if version is not None else []
    url = request.build_absolute_uri("/").rstrip("/")
    context = {
        "url": url,
        "key": "tox_YOUR_KEY",
        "attributes": [
            {"name": name, "label": label, "answered": label in known} for name, label in PERSPECTIVE.items()
        ],
        "uncovered": sorted(UNCOVERED),
        "categories": [{"name": name, "labels": labels} for name, labels in OPENAI.items()],
        "languages": assembly.languages,
        "offers": language_offers(assembly),
        "batch": f"{settings.BATCH_MAX_COMMENTS:,}",
        "map_least": f"{settings.REFERENCE_MAP_MIN_PAIRS:,}",
        "characters": f"{settings.COMMENT_MAX_CHARACTERS:,}",
        "programs": [(kind.value, programs_of(kind, url)) for kind in Kind],
        "last_day": LAST_DAY,
        "days_left": (LAST_DAY - today()).days,
    }
    user = request.user
    if not user.is_authenticated or not user.has_perms(SEE):
        return render(request, "classifier/dialects/migrate.html", context)
    context["checklist"] = _checklist(request, user, version)
    response = render(request, "classifier/dialects/migrate.html", context)
    add_never_cache_headers(response)
    return response


def _checklist(request: HttpRequest, user: User, version: ModelVersion | None) -> dict[str, Any]:
    chosen = [row_id(value) for value in request.GET.getlist("key")[:20]]
    keys = keys_moving(user, [pk for pk in chosen if pk is not None])
    now = timezone.now()
    return {
        "keys": [
            {"key": moving.key, "usable": moving.usable, "steps": steps_of(moving, version, user, now)}
            for moving in moving_of(keys, user)
        ],
        "others": other_keys(user, keys),
        "may_add": user.has_perm("classifier.add_apikey"),
    }
