"""Score history again with the version in production: choose, count, start, watch, and see what changed."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from classifier.core.validation import InvalidInput, whole_number
from classifier.core.visibility import visible_sources
from classifier.models import Band, ModelVersion, ModelVersionStatus, Transfer, User
from classifier.transfers.pages.common import act, row_of
from classifier.transfers.rescoring import rescoring_choice, rescoring_count, rescoring_start
from classifier.transfers.rescoring_selectors import (
    STATUSES,
    UNDECIDED,
    Changed,
    RescoringPreview,
    changed_by,
    choice_of,
    rescorings_seen_by,
)
from classifier.transfers.selectors import LISTED, duration, progress_of
from classifier.transfers.services import RESCORE, TransferNotPossible, transfer_cancel, transfer_resume
from classifier.web.access import permitted, person_of

PAGE = 50
NAMES = ("source", "begin", "end", "status", "version", "again")
BANDS = {**{band.value: band.label for band in Band}, "": "no band", "none": "no band"}
TONES = {Band.APPROVE.value: "calm", Band.REVIEW.value: "wait", Band.REMOVE.value: "toxic"}


@permitted(RESCORE)
@require_safe
def rescoring(request: HttpRequest) -> HttpResponse:
    """Show the choices; with `count` in the address, how many comments they take. With `live`, show the list alone."""
    if "live" in request.GET:
        return render(request, "classifier/transfers/rescoring/list.html", _list(person_of(request)))
    return _page(request, request.GET, count="count" in request.GET)


@permitted(RESCORE)
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Start the rescoring that was counted; without a count, count first."""
    by, last_id = person_of(request), whole_number(request.POST.get("last_id"))
    if last_id is None:
        return _page(request, request.POST, count=True, status=422)
    try:
        choice = rescoring_choice(request.POST, by=by)
        made = rescoring_start(choice=choice, last_id=last_id, by=by)
    except InvalidInput:
        return _page(request, request.POST, count=True, status=422)
    except TransferNotPossible as error:
        return _page(request, request.POST, count=True, problem=str(error), status=409)
    return redirect("rescoring-one", made.pk)


@permitted(RESCORE)
@require_safe
def detail(request: HttpRequest, rescoring_id: int) -> HttpResponse:
    transfer = _rescoring_or_404(request, rescoring_id)
    part = f"classifier/transfers/rescoring/{'live' if 'live' in request.GET else 'one'}.html"
    number = whole_number(request.GET.get("page")) or 1
    return render(request, part, {"row": _row(transfer), **_changes(transfer, person_of(request), number)})


@permitted(RESCORE)
@require_POST
def cancel(request: HttpRequest, rescoring_id: int) -> HttpResponse:
    return _act(request, rescoring_id, transfer_cancel)


@permitted(RESCORE)
@require_POST
def resume(request: HttpRequest, rescoring_id: int) -> HttpResponse:
    return _act(request, rescoring_id, transfer_resume)


def _act(request: HttpRequest, rescoring_id: int, verb: Any) -> HttpResponse:
    transfer = _rescoring_or_404(request, rescoring_id)
    act(request, verb, transfer)
    return redirect("rescoring-one", transfer.pk)


def _rescoring_or_404(request: HttpRequest, rescoring_id: int) -> Transfer:
    return get_object_or_404(rescorings_seen_by(user=person_of(request)), pk=rescoring_id)


def _page(
    request: HttpRequest, given: QueryDict, *, count: bool, problem: str = "", status: int = 200
) -> HttpResponse:
    user = person_of(request)
    errors: dict[str, str] = {}
    preview: RescoringPreview | None = None
    if count:
        try:
            preview = rescoring_count(choice=rescoring_choice(given, by=user), by=user)
        except InvalidInput as error:
            errors = {fault.field: fault.message for fault in error.problems}
            status = 422
        except TransferNotPossible as error:
            problem = problem or str(error)
    context = {
        **_list(user),
        "given": {name: given.get(name, "") for name in NAMES},
        "errors": errors,
        "problem": problem,
        "preview": preview,
        "sources": list(visible_sources(user).order_by("name")),
        "statuses": [(value, title) for value, (title, _) in STATUSES.items()],
        "status_chosen": given.get("status") or UNDECIDED,
        "versions": list(ModelVersion.objects.order_by("-pk").values_list("version", flat=True)),
        "active": ModelVersion.objects.filter(status=ModelVersionStatus.ACTIVE).first(),
    }
    return render(request, "classifier/transfers/rescoring/page.html", context, status=status)


def _list(user: User) -> dict[str, Any]:
    rows = [_row(transfer) for transfer in rescorings_seen_by(user=user)[:LISTED]]
    return {"rows": rows, "live": any(row["live"] for row in rows)}


def _row(transfer: Transfer) -> dict[str, Any]:
    begun = "since" in transfer.options
    row = row_of(transfer, begun=begun)
    changes = transfer.options.get("changes", {})
    return {
        **row,
        "begun": row["live"] and begun,
        "sentence": _sentence(transfer),
        "chosen": _in_words(transfer),
        "changed": sum(changes.values()),
        "ways": [_way(change, number) for change, number in sorted(changes.items(), key=lambda one: -one[1])],
        "reopened": transfer.options.get("reopened", 0),
        "resumes": transfer.status == Transfer.Status.FAILED,
    }


def _sentence(transfer: Transfer) -> str:
    progress = progress_of(transfer)
    parts = [f"{progress.done:,} of {progress.total or 0:,} comments"]
    if progress.rate:
        parts.append(f"{progress.rate:,.0f} a second" if progress.rate >= 1 else "less than one a second")
    if progress.seconds_left is not None:
        parts.append(f"{duration(progress.seconds_left)} left")
    return ", ".join(parts)


def _in_words(transfer: Transfer) -> list[str]:
    choice = choice_of(transfer.options["choice"])
    words = [f"status: {STATUSES[choice.status][0].lower()}"]
    if choice.source:
        words.append(f"source {choice.source}")
    if choice.begin or choice.end:
        words.append(f"received {choice.begin or 'any day'} to {choice.end or 'that day'}")
    if choice.version:
        words.append(f"scored by {choice.version}")
    return words


def _way(change: str, number: int) -> dict[str, Any]:
    before, _, after = change.partition(">")
    return {**_bands(before, after), "number": number}


def _bands(before: str, after: str) -> dict[str, str]:
    return {
        "before": BANDS.get(before, before),
        "after": BANDS.get(after, after),
        "before_tone": TONES.get(before, "quiet"),
        "after_tone": TONES.get(after, "quiet"),
    }


def _changes(transfer: Transfer, user: User, page: int) -> dict[str, Any]:
    """Return one page of the comments whose band changed, of as many as were kept."""
    kept = len(transfer.options.get("listed", []))
    changed = changed_by(transfer=transfer, user=user, begin=(page - 1) * PAGE, count=PAGE)
    return {
        "changed": [_shown(change) for change in changed],
        "kept": kept,
        "previous": urlencode({"page": page - 1}) if page > 1 else "",
        "next": urlencode({"page": page + 1}) if page * PAGE < kept else "",
    }


def _shown(change: Changed) -> dict[str, Any]:
    veiled = change.comment is not None and change.comment.band not in ("", Band.APPROVE)
    return {
        **_bands(change.before, change.after),
        "id": change.comment_id,
        "comment": change.comment,
        "veiled": veiled,
    }
