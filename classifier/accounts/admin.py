"""Users and their roles in the administration. Nobody is deleted (histories name them): they are deactivated."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldBooleanSwitchWidget

from classifier.accounts.roles import ROLE_PERMISSIONS, ROLE_TITLES, roles_of, user_roles_set
from classifier.core.audit import audit_record
from classifier.core.source_access import source_access_set
from classifier.core.visibility import sees_all_of, visible_sources
from classifier.models import Source, User

ROLE_HELP = " ".join(f"{role}: {title}." for role, title in ROLE_TITLES.items())

admin.site.unregister(Group)  # the roles are fixed in accounts.roles


def roles_field() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=[(role, role) for role in ROLE_PERMISSIONS],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=ROLE_HELP,
    )


class UserForm(UserChangeForm):  # type: ignore[misc]
    roles = roles_field()
    every_source = forms.BooleanField(
        label="Sees every source", required=False, widget=UnfoldBooleanSwitchWidget
    )
    sources = forms.ModelMultipleChoiceField(
        queryset=Source.objects.all(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What this person sees, where that is not every source.",
    )

    by: User | None = None  # who reads the form: the names of other sources stay unknown

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sources = self.fields["sources"]
        assert isinstance(sources, forms.ModelMultipleChoiceField)
        sources.queryset = visible_sources(self.by)
        if self.instance.pk:
            self.initial["roles"] = roles_of(self.instance)
            self.initial["every_source"] = self.instance.all_sources
            self.initial["sources"] = [access.source_id for access in self.instance.source_access.all()]


class NewUserForm(UserCreationForm):  # type: ignore[misc]
    roles = roles_field()


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "role_names", "email", "is_active", "last_login", "date_joined"]
    list_filter = ["is_active", "groups"]
    filter_horizontal = []
    actions = None
    actions_on_top = True
    add_fieldsets = [(None, {"fields": ["username", "usable_password", "password1", "password2", "roles"]})]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        access = ["roles", "every_source", "sources", "is_active"]
        access += ["is_superuser"] if _is_superuser(request) else []
        return [
            (None, {"fields": ["username", "password"]}),
            ("Person", {"fields": ["first_name", "last_name", "email", "blur_text"]}),
            ("Access", {"fields": access}),
            ("Times", {"fields": ["last_login", "date_joined"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return ["last_login", "date_joined"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": request.user})  # a class of this request alone

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse superusers, and users who see more sources, to others: to set a password is to become that user."""
        by = cast(User, request.user)
        beyond = obj is not None and (obj.is_superuser or not sees_all_of(by, obj))
        if beyond and not _is_superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "roles" in form.cleaned_data:
            user_roles_set(
                user=form.instance,
                roles=form.cleaned_data["roles"],
                by=request.user,  # type: ignore[arg-type]
            )
        if "every_source" in form.cleaned_data:
            source_access_set(
                user=form.instance,
                all_sources=form.cleaned_data["every_source"],
                sources=form.cleaned_data["sources"],
                by=request.user,  # type: ignore[arg-type]
            )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        by = cast(User, request.user)
        if not change and not by.all_sources:
            obj.all_sources = False  # the account gets sources on its page, of those that its creator sees
        super().save_model(request, obj, form, change)
        if not change:
            audit_record(verb="person.create", by=by, subject=obj.get_username())
        elif "is_active" in form.changed_data:
            verb = "person.activate" if obj.is_active else "person.deactivate"
            audit_record(verb=verb, by=by, subject=obj.get_username())

    @display(description="Roles")
    def role_names(self, user: User) -> str:
        names = [group.name for group in user.groups.all()]
        return ", ".join([*(["Superuser"] if user.is_superuser else []), *sorted(names)]) or "-"


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
