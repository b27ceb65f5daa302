"""Channels: the list; create, change, test, turn on and off, and delete one."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.outgoing import outgoing_hold
from classifier.core.validation import InvalidInput
from classifier.core.visibility import visible_sources
from classifier.models import ChannelKind, NoticeChannel, NoticeDelivery, NoticeKind, Source, User
from classifier.notices.recording import CHOOSABLE
from classifier.notices.services import (
    ADD,
    CHANGE,
    channel_create,
    channel_delete,
    channel_switch,
    channel_test,
    channel_update,
    channels_of,
)
from classifier.web.access import permitted, person_of
from classifier.web.refusals import refusals_shown

SEE = "classifier.view_noticechannel"
LISTED = 200
LOG_SHOWN = 50
NOT_ALL = "Choose sources: you do not see all of them."


class ChannelForm(forms.Form):
    """The fields of a channel; the service checks what is allowed. An empty address keeps the one that is there."""

    name = forms.CharField(max_length=100)
    kind = forms.ChoiceField(choices=ChannelKind.choices, required=False)
    url = forms.CharField(max_length=500, required=False)
    room = forms.CharField(max_length=255, required=False)
    token = forms.CharField(max_length=1000, required=False)
    notices = forms.MultipleChoiceField(
        choices=[(kind.value, kind.label) for kind in CHOOSABLE],
        error_messages={"required": "Choose at least one."},
    )
    sources = forms.ModelMultipleChoiceField(queryset=Source.objects.none(), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sources"].queryset = visible_sources(user)  # type: ignore[attr-defined]

    @property
    def address(self) -> dict[str, str] | None:
        """Return the address that was typed; None where every part of it was left empty."""
        typed = {name: self.cleaned_data[name] for name in ("url", "room", "token")}
        return typed if any(typed.values()) else None

    @property
    def rest(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "notices", "sources")}

    def complain(self, error: InvalidInput) -> None:
        """Put each problem beside its field."""
        for problem in error.problems:
            self.add_error(problem.field if problem.field in self.fields else None, problem.message)

    def choices(self, name: str) -> list[tuple[Any, str, bool]]:
        chosen = set(map(str, self[name].value() or []))
        options = self.fields[name].choices  # type: ignore[attr-defined]
        return [(str(value), title, str(value) in chosen) for value, title in options]


@permitted(SEE)
@require_safe
def channels(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    rows = list(channels_of(user)[:LISTED])
    titles = dict(NoticeKind.choices)
    context = {
        "channels": [(channel, [titles[kind] for kind in channel.notices]) for channel in rows],
        "may_add": user.has_perm(ADD),
        "hold": outgoing_hold(),
    }
    return render(request, "classifier/notices/channels.html", context)


@permitted(SEE, ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def channel_new(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = ChannelForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            address = form.address or {}
            made = channel_create(kind=form.cleaned_data["kind"], address=address, **form.rest, by=user)
        except InvalidInput as error:
            form.complain(error)
        except PermissionDenied:
            form.add_error("sources", NOT_ALL)
        else:
            messages.success(request, f"{made.name} is made. Send a test notice to see that it works.")
            return redirect("notice-channel", made.pk)
    status = 422 if form.errors else 200
    return render(request, "classifier/notices/channel_new.html", _form(form), status=status)


@permitted(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def channel(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Show one channel with what was sent to it; a POST changes it."""
    channel, user = _channel(request, channel_id), person_of(request)
    initial = {
        "name": channel.name,
        "kind": channel.kind,
        "notices": channel.notices,
        "sources": [source.pk for source in channel.sources.all()],
    }
    form = ChannelForm(user=user, initial=initial)
    if request.method == "POST":
        form = ChannelForm(request.POST, user=user)
        if form.is_valid():
            try:
                channel_update(channel=channel, address=form.address, **form.rest, by=user)
            except InvalidInput as error:
                form.complain(error)
            except PermissionDenied:
                form.add_error("sources", NOT_ALL)
            else:
                messages.success(request, f"{channel.name} is changed.")
                return redirect("notice-channel", channel_id)
        channel = _channel(request, channel_id)
    log = channel.deliveries.select_related("notice").order_by("-pk")[:LOG_SHOWN]
    context = {
        **_form(form),
        "channel": channel,
        "log": log,
        "live": any(row.status == NoticeDelivery.Status.WAITING and not row.attempts for row in log)
        and channel.is_enabled
        and outgoing_hold() is None,
        "titles": [NoticeKind(kind).label for kind in channel.notices],
        "may_change": user.has_perm(CHANGE),
    }
    return render(request, "classifier/notices/channel.html", context, status=422 if form.errors else 200)


@permitted(SEE, CHANGE)
@require_POST
def channel_switch_page(request: HttpRequest, channel_id: int) -> HttpResponse:
    channel = _channel(request, channel_id)
    enabled = request.POST.get("enabled") == "1"
    with refusals_shown(request):
        channel_switch(channel=channel, enabled=enabled, by=person_of(request))
        messages.success(request, f"{channel.name} is {'on' if enabled else 'off'}.")
    return redirect("notice-channel", channel_id)


@permitted(SEE, CHANGE)
@require_POST
def test(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Send a test notice; the channel's page shows what came of it."""
    channel = _channel(request, channel_id)
    with refusals_shown(request):
        channel_test(channel=channel, by=person_of(request))
        messages.success(request, "The test notice is on its way.")
    return redirect("notice-channel", channel_id)


@permitted(SEE, CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Ask first; by POST, delete."""
    channel = _channel(request, channel_id)
    if request.method != "POST":
        return render(request, "classifier/notices/channel_delete.html", {"channel": channel})
    with refusals_shown(request):
        channel_delete(channel=channel, by=person_of(request))
        messages.success(request, f"{channel.name} is deleted; nothing is sent to it any more.")
    return redirect("notice-channels")


def _channel(request: HttpRequest, channel_id: int) -> NoticeChannel:
    channel = channels_of(person_of(request)).filter(pk=channel_id).first()
    if channel is None:
        raise Http404
    return channel


def _form(form: ChannelForm) -> dict[str, Any]:
    return {
        "form": form,
        "kinds": _kinds(form),
        "notices": form.choices("notices"),
        "sources": form.choices("sources"),
        "problems": form.non_field_errors(),
    }


def _kinds(form: ChannelForm) -> list[tuple[str, str, bool]]:
    chosen = form["kind"].value() or ChannelKind.SLACK
    return [(value, title, value == chosen) for value, title in ChannelKind.choices]
