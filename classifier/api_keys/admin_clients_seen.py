"""Programs that called other services' formats here, in the administration: to be looked at only."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AllValuesCheckboxFilter
from unfold.decorators import display

from classifier.admin_tools.base import ReadOnlyAdmin
from classifier.api_keys.client_selectors import keys_seen_by
from classifier.models import ClientSeen, User


@admin.register(ClientSeen)
class ClientSeenAdmin(ReadOnlyAdmin):
    list_display = [
        "user_agent",
        "dialect",
        "api_key",
        "asked_for",
        "spoken",
        "first_seen_at",
        "last_seen_at",
    ]
    list_filter = [("dialect", AllValuesCheckboxFilter)]
    list_select_related = ["api_key"]
    fields = [
        "api_key",
        "dialect",
        "user_agent",
        "asked_for",
        "spoken",
        "first_seen_at",
        "last_seen_at",
    ]
    search_fields = ["user_agent", "api_key__name", "api_key__prefix"]
    search_help_text = "A program, or the name or beginning of a key"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(api_key__in=keys_seen_by(cast(User, request.user)))

    @display(description="Attributes")
    def asked_for(self, seen: ClientSeen) -> str:
        return ", ".join(seen.attributes)

    @display(description="Languages")
    def spoken(self, seen: ClientSeen) -> str:
        return ", ".join(seen.languages)
