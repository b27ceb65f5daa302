"""Actions of admin pages: links to the site's own pages, and changes that ask first and may be refused."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from classifier.models import User
from classifier.web.refusals import NOTHING_CHANGED, refusals_shown

Facts = Sequence[tuple[str, str]]


class ReasonForm(forms.Form):
    """Why something is done; the history keeps it."""

    reason = forms.CharField(
        max_length=300,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        help_text="The history shows it.",
    )


def permission_check(permission: str) -> Callable[..., bool]:
    """Make a method `has_…_permission` that asks for one of Django's permissions.

    Actions name such a method and not the permission itself: the theme looks permissions up in the database already
    when it checks the code, and so before the first migration.
    """

    def has_permission(admin: Any, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm(permission)

    return has_permission


def link(
    description: str,
    url_name: str,
    *,
    permission: str = "view",
    icon: str | None = None,
    url_path: str | None = None,
) -> Any:
    """Make an action that leads to a page of the site: of the row whose page it stands on, else one for all rows."""

    def go(admin: Any, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        args = [] if object_id is None else [admin.get_row(request, object_id).pk]
        return HttpResponseRedirect(reverse(url_name, args=args))

    return action(description=description, permissions=[permission], icon=icon, url_path=url_path)(go)


def confirmed_action(
    description: str,
    *,
    permission: str,
    explanation: str,
    done: str,
    title: str = "",
    button: str = "",
    icon: str | None = None,
    url_path: str | None = None,
    facts: Callable[[Any], Facts] | None = None,
    row_goes: bool = False,
) -> Callable[[Callable[..., Any]], Any]:
    """Make an action of `verb(self, row, by)`: it asks first, then does it and says what was done or why not.

    `title` and `done` are templates over `row`. An action above a list has no row and calls `verb(self, by)`.
    `row_goes`: the row is not there afterwards, so that the list is shown.
    """

    def decorate(verb: Callable[..., Any]) -> Any:
        @action(description=description, permissions=[permission], icon=icon, url_path=url_path)
        @wraps(verb)
        def ask_and_do(admin: Any, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
            row = None if object_id is None else admin.get_row(request, object_id)
            subject = [] if row is None else [row]
            return confirmed(
                admin,
                request,
                title=(title or f"{description} {{row}}").format(row=row),
                button=button or description,
                explanation=explanation.format(row=row),
                facts=facts(row) if facts is not None else (),
                back=admin.address_of(row),
                after=admin.address_of(None) if row_goes else "",
                do=lambda data: verb(admin, *subject, cast(User, request.user)),
                done=done.format(row=row),
            )

        return ask_and_do

    return decorate


def confirmed(
    admin: Any,
    request: HttpRequest,
    *,
    title: str,
    button: str,
    explanation: str,
    back: str,
    do: Callable[[Mapping[str, Any]], Any],
    done: str,
    after: str = "",
    facts: Facts = (),
    form: forms.Form | None = None,
    notes: Sequence[str] = (),
    notes_title: str = "",
) -> HttpResponse:
    """Show what will happen; do it when the button is pressed (a link alone changes nothing) and go `after` or `back`.

    `do` gets the cleaned data of `form`, which is shown again where it is not valid. What a service refuses is shown
    in the words of its error.
    """
    if request.method == "POST" and (form is None or form.is_valid()):
        with refusals_shown(request, NOTHING_CHANGED):
            do(form.cleaned_data if form is not None else {})
            messages.success(request, done)
            back = after or back
        return HttpResponseRedirect(back)
    context = {
        **admin.admin_site.each_context(request),
        "title": title,
        "opts": admin.opts,
        "button": button,
        "explanation": explanation,
        "back": back,
        "facts": facts,
        "form": form,
        "notes": notes,
        "notes_title": notes_title,
    }
    return TemplateResponse(request, "admin/classifier/confirm.html", context)
