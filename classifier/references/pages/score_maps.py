"""`/score-maps/`: maps from this site's scores to those of another service: previewed, saved, switched on for keys."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, row_id, whole_number
from classifier.dialects.labels import labels_by_attribute
from classifier.models import ApiKey, ScoreMap, User
from classifier.references.comparison_input import comparison_choice
from classifier.references.pages.comparison import SEE as SEE_CALLS
from classifier.references.pages.comparison import query_of
from classifier.references.pairs import (
    ANY_VERSION,
    ComparisonChoice,
    active_model,
    attributes_of,
    comparison_files,
    keys_of,
    services_compared,
    versions_of,
)
from classifier.references.score_maps import (
    ADD,
    CHANGE_KEY,
    FittedMap,
    is_outdated,
    keys_to_map,
    keys_with_map,
    score_map_fit,
    score_map_save,
    score_map_switch,
    score_maps,
)
from classifier.web.access import permitted, person_of, reader_of
from classifier.web.charts import Figure, count, share

SEE = "classifier.view_scoremap"
LISTED = 200
TABLE_STEPS = 10


@permitted(SEE)
@require_safe
def score_map_list(request: HttpRequest) -> HttpResponse:
    on = [(key.score_map_id, key) for key in keys_with_map()]
    rows = [
        {
            "map": row,
            "pairs": max(attribute["pairs"] for attribute in row.attributes.values()),
            "attributes": sorted(row.attributes),
            "outdated": is_outdated(row),
            "keys": [key for map_id, key in on if map_id == row.pk],
        }
        for row in score_maps()[:LISTED]
    ]
    return render(request, "classifier/references/score_maps/list.html", {"rows": rows, "listed": LISTED})


@permitted(SEE)
@require_safe
def score_map(request: HttpRequest, map_id: int) -> HttpResponse:
    saved_map = get_object_or_404(score_maps(), pk=map_id)
    user = person_of(request)
    on = list(keys_with_map(saved_map))
    context = {
        "map": saved_map,
        "outdated": is_outdated(saved_map),
        "active": active_model(),
        "attributes": [
            _shown(name, fitted, saved_map.threshold) for name, fitted in saved_map.attributes.items()
        ],
        "origin": _origin(saved_map.origin),
        "keys": on,
        "others": [key for key in keys_to_map() if key not in on],
        "may_switch": user.has_perm(CHANGE_KEY),
        "again": _again(saved_map),
        "newer": score_maps().filter(name=saved_map.name, version__gt=saved_map.version).first(),
    }
    return render(request, "classifier/references/score_maps/map.html", context)


@permitted(SEE, SEE_CALLS)
@require_http_methods(["GET", "HEAD", "POST"])
def score_map_new(request: HttpRequest) -> HttpResponse:
    """Show what a map would do; a POST fits it once more on the same calls and saves it."""
    user = reader_of(request)
    if request.method == "POST":
        require_permission(user, ADD)
    asked = request.POST if request.method == "POST" else request.GET
    if not asked.get("service") and not asked.get("file"):
        return redirect("comparisons")  # the page on which an admin chooses what a map is fitted on
    choice, problems = _choice(asked, user)
    method = asked.get("method") or ScoreMap.Method.QUANTILE
    errors = {problem.field: problem.message for problem in problems}
    fitted = None
    if not errors:
        try:
            known = attributes_of(choice, user, labels_by_attribute(choice.wire))
            fitted = score_map_fit(choice=choice, method=method, attributes=known, by=user)
            if request.method == "POST":
                made = score_map_save(
                    fitted=fitted, name=asked.get("name", ""), note=asked.get("note", ""), by=user
                )
                messages.success(
                    request, f"The map {made} is saved. It is off until it is switched on for a key."
                )
                return redirect("score-map", made.pk)
        except InvalidInput as error:
            errors |= {problem.field: problem.message for problem in error.problems}
    context = {
        **_about(choice, user),
        "choice": choice,
        "method": method,
        "methods": ScoreMap.Method.choices,
        "errors": errors,
        "name": asked.get("name", choice.other_name if choice.service else "")[:100],
        "note": asked.get("note", ""),
        "least": settings.REFERENCE_MAP_MIN_PAIRS,
        "may_save": user.has_perm(ADD),
        **_preview(fitted),
    }
    return render(
        request,
        "classifier/references/score_maps/new.html",
        context,
        status=422 if request.method == "POST" else 200,
    )


@permitted(CHANGE_KEY)
@require_POST
def key_score_map(request: HttpRequest, key_id: int) -> HttpResponse:
    """Switch a map on for a key, or off."""
    key = get_object_or_404(ApiKey, pk=key_id)
    chosen = request.POST.get("map", "")
    row = None
    if chosen:
        row = score_maps().filter(pk=row_id(chosen) or 0).first()
        if row is None:
            messages.error(request, "There is no such map.")
            return redirect("key", key_id)
    if score_map_switch(api_key=key, score_map=row, by=person_of(request)):
        state = f"The map {row} is on" if row is not None else "No map is on any more"
        messages.success(request, f"{state} for the key {key.prefix}…")
    return (
        redirect("score-map", row.pk)
        if request.POST.get("back") == "map" and row
        else redirect("key", key_id)
    )


def map_of_key(key: ApiKey, user: User) -> dict[str, Any]:
    """Return what the page of a key shows about its map."""
    if not user.has_perm(SEE):
        return {"may_see_maps": False}
    row = score_maps().filter(pk=key.score_map_id).first() if key.score_map_id is not None else None
    others = score_maps() if row is None else score_maps().exclude(pk=row.pk)
    return {
        "may_see_maps": True,
        "score_map": row,
        "score_map_outdated": row is not None and is_outdated(row),
        "score_map_choices": list(others[:LISTED]),
        "score_map_now": active_model(),
        "score_map_again": _again(row) if row is not None else "",
    }


def _choice(asked: Any, user: User) -> tuple[ComparisonChoice, list[Any]]:
    service = file = None
    if asked.get("service"):
        service = services_compared().filter(pk=row_id(asked["service"]) or 0).first()
    elif asked.get("file"):
        file = comparison_files(user).filter(pk=row_id(asked["file"]) or 0).first()
    if service is None and file is None:
        raise Http404
    wire = ComparisonChoice(service=service, file=file).wire
    choice, problems = comparison_choice(
        asked, service=service, file=file, known=labels_by_attribute(wire), by=user
    )
    last_id = whole_number(asked.get("last_id"))
    return (choice if last_id is None else replace(choice, last_id=last_id)), problems


def _about(choice: ComparisonChoice, user: User) -> dict[str, Any]:
    about = {"service": choice.service.pk} if choice.service else {"file": choice.file and choice.file.pk}
    query = {name: value for name, value in query_of(choice).items() if name != "attribute"}
    return {
        "about": about,
        "hidden": {**about, **query},
        "keys": keys_of(choice, user),
        "versions": versions_of(choice, user),
        "any_version": ANY_VERSION,
    }


def _preview(fitted: FittedMap | None) -> dict[str, Any]:
    if fitted is None:
        return {"fitted": None}
    threshold = fitted.choice.threshold
    return {
        "fitted": fitted,
        "last_id": fitted.choice.last_id,
        "attributes": [_shown(name, attribute, threshold) for name, attribute in fitted.attributes.items()],
        "too_few": fitted.too_few,
    }


def _shown(name: str, fitted: dict[str, Any], threshold: float) -> dict[str, Any]:
    """Return one attribute of a map for a page: its curve, its numbers, and some values."""
    points = fitted["points"]
    slug = "".join(character if character.isalnum() else "-" for character in name.lower())
    step = max(1, len(points) // TABLE_STEPS)
    some = [point for index, point in enumerate(points) if index % step == 0 or index == len(points) - 1]
    return {
        "name": name,
        "pairs": fitted["pairs"],
        "error": f"{fitted['error']:.3f}",
        "error_before": f"{fitted['error_before']:.3f}",
        "reference": share(fitted["share_reference"]),
        "before": share(fitted["share_before"]),
        "after": share(fitted["share_after"]),
        "figure": Figure(
            f"map-{slug}",
            name,
            f"What {count(fitted['pairs'])} texts say: this site's score, and what a program is answered.",
            "lines",
            {
                "series": [{"name": "Map", "points": points}],
                "x": {"name": "This site's score", "min": 0, "max": 1},
                "y": {"name": "Mapped", "min": 0, "max": 1},
                "diagonal": "No map",
            },
            ("This site", "Mapped"),
            [(f"{x:.4f}", f"{y:.4f}") for x, y in some],
        ),
    }


def _origin(origin: dict[str, Any]) -> list[tuple[str, str]]:
    lines = []
    if service := origin.get("service"):
        lines.append(("Reference service", service["name"]))
    if file := origin.get("file"):
        lines.append(("File of old scores", file["name"] or f"comparison {file['id']}"))
    if key := origin.get("key"):
        lines.append(("Calls of the key", f"{key['prefix']}…"))
    span = [origin[name] for name in ("begin", "end") if name in origin]
    if span:
        lines.append(("Days", " to ".join(span)))
    return lines


def _again(row: ScoreMap) -> str:
    """Return the query string that fits the same map again, on the version in production."""
    origin = row.origin
    query = {name: origin[name]["id"] for name in ("service", "file", "key") if name in origin}
    if not query.keys() & {"service", "file"}:
        return ""
    return urlencode({**query, "method": row.method, "threshold": f"{row.threshold:g}", "name": row.name})
