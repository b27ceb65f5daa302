"""API keys: made here (and shown once), looked at, revoked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from classifier.admin_tools.base import ask, badge
from classifier.api_keys.rules import key_problems, missing_problems, quota_problems, source_problems
from classifier.api_keys.services import api_key_create, api_key_revoke
from classifier.models import ApiKey, ApiScope, MissingAttributes, User

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
class ApiKeyAdmin(ModelAdmin):  # type: ignore[misc]
    form = ApiKeyForm
    list_display = ["name", "prefix", "owner", "scope_names", "state", "last_used_at", "created_at"]
    list_select_related = ["owner"]
    list_fullwidth = True
    search_fields = ["name", "prefix", "owner__username"]
    fields = ["name", "owner", "scopes", *EDITABLE]
    actions = None
    actions_on_top = True
    actions_detail = ["to_its_page", "revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        if obj is None:
            return ["name", "owner", "scopes", *EDITABLE]
        times = ["created_at", "expires_at", "last_used_at", "revoked_at"]
        quotas = ["requests_per_minute", "texts_per_day"]
        about = ["name", "prefix", "owner", "scope_names", "source_names"]
        return [*about, *quotas, *SETTINGS, "state", *times]

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        form.by = request.user
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return [] if obj is None else self.get_fields(request, obj)

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

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    @display(description="May")
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(ApiScope(scope).label for scope in key.scopes)

    @display(description="Sources")
    def source_names(self, key: ApiKey) -> str:
        return ", ".join(source.name for source in key.sources.all()) or "All that the owner sees"

    @display(description="State")
    def state(self, key: ApiKey) -> SafeString:
        if key.revoked_at is not None:
            return badge("Revoked", "red")
        return badge("Usable", "green") if key.is_usable(timezone.now()) else badge("Expired", "grey")

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

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has stored the sources with the key."""

    @action(description="Use, changes, rotation", url_path="page", icon="monitoring")
    def to_its_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("key", args=[object_id]))

    # By method and not by name: the theme looks names up in the database already when it checks the code, and
    # so before the first migration.
    def has_revoke_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("classifier.change_apikey")

    @action(description="Revoke", url_path="revoke", permissions=["revoke"], icon="block")
    def revoke(self, request: HttpRequest, object_id: int) -> HttpResponse:
        key = get_object_or_404(ApiKey, pk=object_id)
        back = reverse("admin:classifier_apikey_change", args=[key.pk])
        if request.method == "POST":
            api_key_revoke(api_key=key, by=request.user)  # type: ignore[arg-type]
            messages.success(request, f"{key} is revoked.")
            return HttpResponseRedirect(back)
        return ask(
            self,
            request,
            title=f"Revoke {key}",
            verb="Revoke",
            explanation=f"Programs that use this key of {key.owner} are refused from now on. This cannot be undone.",
            back=back,
        )
