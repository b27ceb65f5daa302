"""The URL map: pages, API, admin, health."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("training.urls_api")),  # before the classifier's, which ends in a catch-all
    path("api/", include("classifier.urls_api")),
    path("admin/", admin.site.urls),
    path("training/", include("training.urls")),
    path("", include("classifier.dialects.urls")),
    path("", include("classifier.urls")),
]

handler400 = "classifier.web.error_pages.bad_request"
handler403 = "classifier.web.error_pages.permission_denied"
handler404 = "classifier.web.error_pages.page_not_found"
handler500 = "classifier.web.error_pages.server_error"
