"""API keys in the administration: created (and shown once), looked at, revoked; and the programs that use them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AllValuesCheckboxFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from classifier.admin_tools.actions import confirmed_action, link, permission_check
from classifier.admin_tools.columns import badge, column
from classifier.admin_tools.read_only import ReadOnlyAdmin
from classifier.api_keys.clients_seen import keys_seen_by
from classifier.api_keys.rules import key_problems, missing_problems, quota_problems, source_problems
from classifier.api_keys.services import api_key_create, api_key_revoke
from classifier.models import ApiKey, ApiScope, ClientSeen, MissingAttributes, User

SETTINGS = ["missing_attributes", "missing_constant", "lifts_scores"]
EDITABLE = ["sources", "requests_per_minute", "texts_per_day", "expires_at", *SETTINGS]


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    scopes = forms.MultipleChoiceField(
        choices=ApiScope.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What the key may do; give as little as it needs.",
    )

    by: User | None = None  # who fills it in

    class Meta:
        model = ApiKey
        fields = ["name", "owner", "scopes", *EDITABLE]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "missing_attributes" in self.fields:  # they are only shown of a key that is there
            self.fields["missing_attributes"].required = False

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "owner" not in data:
            return data
        problems = [
            *key_problems(
                data.get("name", "-"),
                data["owner"],
                data.get("scopes") or ["read"],
                data.get("expires_at"),
                self.by,
            ),
            *quota_problems(data.get("requests_per_minute"), data.get("texts_per_day")),
            *source_problems(list(data.get("sources") or ()), self.by),
            *missing_problems(
                data.get("missing_attributes") or MissingAttributes.LEAVE_OUT, data.get("missing_constant")
            ),
        ]
        for problem in problems:
            self.add_error(problem.field, problem.message)
        return data


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    form = ApiKeyForm
    list_display = ["name", "prefix", "owner", "scope_names", "state", "last_used_at", "created_at"]
    search_fields = ["name", "prefix", "owner__username"]
    actions_detail = ["to_its_page", "revoke"]
    has_add_permission = ModelAdmin.has_add_permission
    has_revoke_permission = permission_check("classifier.change_apikey")

    scope_names = column("May", lambda key: ", ".join(ApiScope(scope).label for scope in key.scopes))
    source_names = column(
        "Sources",
        lambda key: ", ".join(source.name for source in key.sources.all()) or "All that the owner sees",
    )
    to_its_page = link("Use, changes, rotation", "key", url_path="page", icon="monitoring")

    @display(description="State")
    def state(self, key: ApiKey) -> SafeString:
        if key.revoked_at is not None:
            return badge("Revoked", "red")
        return badge("Usable", "green") if key.is_usable(timezone.now()) else badge("Expired", "grey")

    @confirmed_action(
        "Revoke",
        permission="revoke",
        icon="block",
        explanation="Programs that use this key of {row.owner} are refused from now on. This cannot be undone.",
        done="{row} is revoked.",
    )
    def revoke(self, key: ApiKey, by: User) -> None:
        api_key_revoke(api_key=key, by=by)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        if obj is None:
            return ["name", "owner", "scopes", *EDITABLE]
        return [
            *(
                "name",
                "prefix",
                "owner",
                "scope_names",
                "source_names",
                "requests_per_minute",
                "texts_per_day",
            ),
            *(*SETTINGS, "state", "created_at", "expires_at", "last_used_at", "revoked_at"),
        ]

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        form.by = request.user
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "owner":
            kwargs["queryset"] = User.objects.filter(is_active=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "owner":
            for right in ("add", "change", "delete", "view"):
                setattr(field.widget, f"can_{right}_related", False)
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        made, obj.plaintext = api_key_create(  # type: ignore[attr-defined]
            name=obj.name,
            owner=obj.owner,
            scopes=form.cleaned_data["scopes"],
            sources=form.cleaned_data["sources"],
            requests_per_minute=obj.requests_per_minute,
            texts_per_day=obj.texts_per_day,
            expires_at=obj.expires_at,
            **{name: getattr(obj, name) for name in SETTINGS},
            by=request.user,  # type: ignore[arg-type]
        )
        obj.pk, obj.prefix = made.pk, made.prefix

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Store nothing more: the service has stored the sources with the key."""

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        """Show the key in this one answer; it is kept neither in the session nor by the browser."""
        context = {
            **self.admin_site.each_context(request),
            "title": "The new API key",
            "opts": self.opts,
            "key": obj,
            "plaintext": obj.plaintext,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/classifier/apikey/made.html", context)
        response["Cache-Control"] = "no-store"
        return response


@admin.register(ClientSeen)
class ClientSeenAdmin(ReadOnlyAdmin):
    """Programs that called in the formats of other services."""

    list_display = [
        *("user_agent", "dialect", "api_key", "attribute_names", "language_names"),
        *("first_seen_at", "last_seen_at"),
    ]
    list_filter = [("dialect", AllValuesCheckboxFilter)]
    fields = [
        *("api_key", "dialect", "user_agent", "attribute_names", "language_names"),
        *("first_seen_at", "last_seen_at"),
    ]
    search_fields = ["user_agent", "api_key__name", "api_key__prefix"]
    search_help_text = "A program, or the name or beginning of a key"

    attribute_names = column("Attributes", lambda seen: ", ".join(seen.attributes))
    language_names = column("Languages", lambda seen: ", ".join(seen.languages))

    def visible_to(self, user: User) -> Q:
        return Q(api_key__in=keys_seen_by(user))
