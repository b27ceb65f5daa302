"""The URL map: pages, API, admin, health."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("training.api.urls")),  # before the classifier's, which ends in a catch-all
    path("api/", include("classifier.api.urls")),
    path("admin/", admin.site.urls),
    path("training/", include("training.urls")),
    path("", include("classifier.api.dialects.urls")),
    path("", include("classifier.urls")),
]

handler400 = "classifier.views.errors.bad_request"
handler403 = "classifier.views.errors.permission_denied"
handler404 = "classifier.views.errors.page_not_found"
handler500 = "classifier.views.errors.server_error"
