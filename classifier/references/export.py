"""Compared calls as CSV: the scores of both services, without texts. Streamed, and recorded in the audit."""

from collections.abc import Iterator, Sequence
from typing import Any

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.models import ApiKey, ReferenceCall, User
from classifier.references.pairs import ComparisonChoice, calls_of
from toxicsite.lib.spreadsheets import csv_lines, pieces

SEE = "classifier.view_referencecall"
CONTENT_TYPE = "text/csv; charset=utf-8"
PAGE = 1_000
COLUMNS = (
    *("id", "time", "key", "source", "mode", "answered_by", "model_version", "failure", "milliseconds"),
    "comment",
)


def calls_export(
    *,
    choice: ComparisonChoice,
    attributes: Sequence[str],
    by: User | None,
    api_key: ApiKey | None = None,
) -> Iterator[str]:
    """Yield the calls of the comparison as text, all versions, newest first. Raises PermissionDenied."""
    require_permission(by, SEE)
    about = {**choice.to_data(), "attributes": list(attributes)}
    audit_record(verb="export.reference_calls", by=by, api_key=api_key, subject=choice.other_name, data=about)
    names = [f"{side}_{name}" for name in attributes for side in ("ours", "theirs")]
    rows = (_cells(call, attributes) for call in _paged(choice, by))
    return pieces(csv_lines((*COLUMNS, *names), rows))


def _paged(choice: ComparisonChoice, by: User | None) -> Iterator[ReferenceCall]:
    """Yield the calls page by page by keyset, so that no transaction stays open for a slow reader."""
    last: int | None = None
    while True:
        rows = calls_of(choice, by).select_related("api_key", "source", "model_version")
        rows = rows.defer("text", "model_version__manifest").order_by("-pk")
        page = list((rows if last is None else rows.filter(pk__lt=last))[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].pk


def _cells(call: ReferenceCall, attributes: Sequence[str]) -> list[Any]:
    return [
        call.pk,
        call.created_at.isoformat(),
        call.api_key.prefix if call.api_key is not None else "",
        call.source.slug if call.source is not None else "",
        call.mode,
        call.answered_by,
        call.model_version.version if call.model_version is not None else "",
        call.failure,
        call.milliseconds,
        call.comment_id,
        *(side.get(name, "") for name in attributes for side in (call.ours, call.theirs)),
    ]
