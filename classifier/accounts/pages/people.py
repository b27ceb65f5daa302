"""The pages of users: their roles, the sources they see, and whether they may sign in. Nobody is deleted."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from classifier.accounts.roles import ROLE_PERMISSIONS, ROLE_TITLES, roles_of
from classifier.accounts.services import people_list, person_create, person_update
from classifier.core.source_access import require_reach
from classifier.core.visibility import visible_sources
from classifier.models import Source, User
from classifier.web.access import permitted, person_of

SEE = "classifier.view_user"
CHANGE = "classifier.change_user"
ADD = "classifier.add_user"


class PersonForm(forms.Form):
    """Roles and sources of a user; `sources` counts only without `all_sources`."""

    roles = forms.MultipleChoiceField(
        choices=[(role, role) for role in ROLE_PERMISSIONS], required=False, label="Roles"
    )
    all_sources = forms.BooleanField(label="Sees every source, also future ones", required=False)
    sources = forms.ModelMultipleChoiceField(queryset=Source.objects.all(), required=False, label="Sources")
    is_active = forms.BooleanField(label="May sign in", required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["sources"]
        assert isinstance(chosen, forms.ModelMultipleChoiceField)
        chosen.queryset = visible_sources(by)


class NewPersonForm(PersonForm):
    """A new account; the admin tells the user the first password, and the user changes it."""

    username = forms.CharField(max_length=150, validators=[UnicodeUsernameValidator()], label="User name")
    email = forms.EmailField(required=False, label="E-mail")
    password = forms.CharField(
        label="First password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError("Somebody has this name already.")
        return name

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(username=self.data.get("username", "")))
        return password


@permitted(SEE)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    context = {
        "people": people_list(user=user),
        "may_add": user.has_perm(ADD),
        "may_change": user.has_perm(CHANGE),
    }
    return render(request, "classifier/accounts/people.html", context)


@permitted(ADD, CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def person_new(request: HttpRequest) -> HttpResponse:
    by = person_of(request)
    initial = {"all_sources": by.all_sources, "is_active": True}
    form = NewPersonForm(request.POST or None, initial=initial, by=by)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            created = person_create(
                username=data["username"],
                email=data["email"],
                password=data["password"],
                roles=data["roles"],
                all_sources=data["all_sources"],
                sources=data["sources"],
                by=by,
            )
        except PermissionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{created} can sign in now.")
            return redirect("people")
    return _form(request, form, None)


@permitted(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    account = get_object_or_404(User, pk=person_id)
    by = person_of(request)
    initial = {
        "roles": roles_of(account),
        "all_sources": account.all_sources,
        "sources": list(account.source_access.values_list("source_id", flat=True)),
        "is_active": account.is_active,
    }
    form = PersonForm(initial=initial, by=by)
    if request.method == "POST":
        form = PersonForm(request.POST, by=by)
        if form.is_valid():
            try:
                person_update(user=account, by=by, **form.cleaned_data)
            except PermissionDenied as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"{account} is changed.")
                return redirect("people")
    return _form(request, form, account)


def _form(request: HttpRequest, form: PersonForm, account: User | None) -> HttpResponse:
    chosen: dict[str, Any] = {name: set(map(str, form[name].value() or [])) for name in ("roles", "sources")}
    context = {
        "form": form,
        "person": account,
        "roles": [(role, ROLE_TITLES[role], role in chosen["roles"]) for role in ROLE_PERMISSIONS],
        "sources": [
            (source, str(source.pk) in chosen["sources"]) for source in visible_sources(person_of(request))
        ],
        "problems": [*form.non_field_errors(), *form.errors.get("sources", [])],
        "out_of_reach": _out_of_reach(person_of(request), account),
    }
    return render(request, "classifier/accounts/person.html", context, status=422 if form.errors else 200)


def _out_of_reach(by: User, account: User | None) -> str:
    """Explain why `by` may not change this account; empty where they may."""
    try:
        if account is not None:
            require_reach(by, account)
    except PermissionDenied as error:
        return str(error)
    return ""
