"""The pages of the history: filtered, page by page, and as a file. Nothing here can be changed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from classifier.core.audit import LABELS
from classifier.core.validation import ROW_ID_MAX
from classifier.core.visibility import visible_sources
from classifier.history.export import EXPORT, FORMATS, history_export
from classifier.history.selectors import WrongCursor, history_page
from classifier.history.tables import KINDS, SYSTEM, HistoryFilters
from classifier.models import CommentStatus, DecisionAction, ModelVersion, Source, User
from classifier.web.access import permitted, reader_of

SEE = "classifier.view_auditentry"
PAGE_SIZE = 50
SUGGESTED = 200
DATE = forms.DateInput(attrs={"type": "date"})
NOT_AFTER = MaxValueValidator(date(9999, 12, 30))  # the day after is a day too


class HistoryForm(forms.Form):
    """The filters; an invalid field shows its error and filters nothing."""

    kind = forms.ChoiceField(label="What", choices=[("", "Everything"), *KINDS.items()], required=False)
    actor = forms.CharField(label="By", max_length=150, required=False)
    source = forms.ChoiceField(label="Source", required=False)
    since = forms.DateField(label="From", required=False, widget=DATE, validators=[NOT_AFTER])
    until = forms.DateField(label="To", required=False, widget=DATE, validators=[NOT_AFTER])
    version = forms.CharField(label="Model version", max_length=150, required=False)
    comment = forms.IntegerField(label="Comment", min_value=1, max_value=ROW_ID_MAX, required=False)
    language = forms.CharField(label="Language of the text", max_length=35, required=False)
    deed = forms.CharField(label="Action", max_length=64, required=False)

    def __init__(self, data: Any, sources: Iterable[Source]) -> None:
        super().__init__(data)
        choices = [("", "Every source"), *((source.slug, source.name) for source in sources)]
        self.fields["source"].choices = choices  # type: ignore[attr-defined]
        for name in self.fields:
            self.fields[name].widget.attrs["class"] = "input"
        self.fields["actor"].widget.attrs["list"] = "actors"
        self.fields["version"].widget.attrs["list"] = "versions"
        self.fields["deed"].widget.attrs["list"] = "deeds"
        self.fields["language"].widget.attrs["placeholder"] = "de"

    def filters(self) -> HistoryFilters:
        self.is_valid()
        chosen = {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}
        if "since" in chosen:
            chosen["since"] = datetime.combine(chosen["since"], time(), tzinfo=UTC)
        if "until" in chosen:  # the whole day is meant
            chosen["until"] = datetime.combine(chosen["until"] + timedelta(days=1), time(), tzinfo=UTC)
        return HistoryFilters(**chosen)

    def query(self) -> dict[str, Any]:
        """Return the set filters as the address has them."""
        return {name: value for name in self.fields if (value := self.data.get(name)) not in ("", None)}


@permitted(SEE)
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    user = reader_of(request)
    form = HistoryForm(request.GET, visible_sources(user))
    try:
        page = history_page(
            user=user,
            filters=form.filters(),
            size=PAGE_SIZE,
            before=request.GET.get("before", ""),
            after=request.GET.get("after", ""),
        )
    except WrongCursor:
        raise Http404 from None
    query = form.query()
    context = {
        "form": form,
        "page": page,
        "filtered": bool(query),
        "query": query,
        "actors": [SYSTEM, *User.objects.order_by("username").values_list("username", flat=True)[:SUGGESTED]],
        "deeds": [*DecisionAction.choices, *CommentStatus.choices, *LABELS.items()],
        "versions": ModelVersion.objects.values_list("version", flat=True)[:SUGGESTED],
        "may_export": user.has_perm(EXPORT),
        "newer": page.newer and urlencode({**query, "after": page.newer}),
        "older": page.older and urlencode({**query, "before": page.older}),
    }
    return render(request, "classifier/history/page.html", context, status=422 if form.errors else 200)


@permitted(EXPORT)
@require_POST
def history_file(request: HttpRequest) -> HttpResponseBase:
    """Send the chosen rows as a file; by POST, because it writes a row into the audit."""
    user = reader_of(request)
    form = HistoryForm(request.POST, visible_sources(user))
    filters = form.filters()
    file_format = request.POST.get("format", "")
    if form.errors or file_format not in FORMATS:
        return HttpResponse("A filter cannot be read, or the format is not known.\n", status=422)
    text = history_export(filters=filters, file_format=file_format, by=user)
    name = f"history-{timezone.now():%Y%m%d-%H%M%S}.{file_format}"
    return StreamingHttpResponse(
        text,
        content_type=FORMATS[file_format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
