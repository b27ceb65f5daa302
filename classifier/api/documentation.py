"""The OpenAPI file of the running server and the page that shows it, without any other host."""

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer


@require_safe
def openapi_file(request: HttpRequest) -> HttpResponse:
    return HttpResponse(openapi_yaml(), content_type="application/yaml; charset=utf-8")


@cache
def openapi_yaml() -> bytes:
    """As `manage.py spectacular` writes it; the limits in it are this server's own settings."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return bytes(OpenApiYamlRenderer().render(schema, renderer_context={}))  # type: ignore[no-untyped-call]


@require_safe
@ensure_csrf_cookie
def api_page(request: HttpRequest) -> HttpResponse:
    """Swagger UI from our own static files, so it works offline."""
    return render(request, "classifier/api/docs.html")
