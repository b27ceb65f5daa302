"""What answers under /api/ beside the endpoints: the OpenAPI file, the page that shows it, and 308 or 404."""

from functools import cache

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase, HttpResponseRedirectBase
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from classifier.api.problems import NOT_FOUND, PROBLEM_TYPE, Problem


class PermanentRedirect(HttpResponseRedirectBase):
    """308: unlike 301, it keeps the method."""

    status_code = 308


@require_safe
def openapi_file(request: HttpRequest) -> HttpResponse:
    """Serve the OpenAPI file of this server."""
    return HttpResponse(openapi_yaml(), content_type="application/yaml; charset=utf-8")


@cache
def openapi_yaml() -> bytes:
    """Return what `manage.py spectacular` writes; the limits in it are this server's own settings."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return bytes(OpenApiYamlRenderer().render(schema, renderer_context={}))  # type: ignore[no-untyped-call]


@require_safe
@ensure_csrf_cookie
def api_page(request: HttpRequest) -> HttpResponse:
    """Show Swagger UI from our own static files, so that it works offline."""
    return render(request, "classifier/api/docs.html")


@csrf_exempt
def lost(request: HttpRequest) -> HttpResponseBase:
    """Redirect an address that lacks its last slash; answer 404 for everything else that nothing serves."""
    with_slash = f"{request.path}/"
    if not _is_served(f"{request.path_info}/"):
        detail = f"There is nothing at {request.path}. The API is described at /api/docs/."
    elif request.method in ("GET", "HEAD"):
        query = request.META.get("QUERY_STRING", "")
        return PermanentRedirect(f"{with_slash}?{query}" if query else with_slash)
    else:
        detail = f"Addresses here end in a slash: send this to {with_slash}."
    return JsonResponse(Problem(NOT_FOUND, detail).body(), status=404, content_type=PROBLEM_TYPE)


def _is_served(path: str) -> bool:
    if path.startswith("//"):
        return False
    try:
        return resolve(path).func is not lost
    except Resolver404:
        return False
