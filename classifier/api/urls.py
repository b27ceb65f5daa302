"""Everything under /api/: version 1, its OpenAPI file and the page that shows it."""

from django.urls import include, path, re_path

from classifier.api.documentation import api_page, openapi_file
from classifier.api.lost import lost
from classifier.api.migration import migrate_page

urlpatterns = [
    path("v1/", include("classifier.api.v1.urls")),
    path("v1/openapi.yaml", openapi_file, name="api-openapi"),
    path("docs/", api_page, name="api-docs"),
    path("migrate/", migrate_page, name="api-migrate"),
    re_path(r"^.*\Z", lost),
]
