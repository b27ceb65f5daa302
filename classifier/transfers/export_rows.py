"""A comment as a row of an export: its columns, and how CSV and JSONL write them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from classifier.models import Comment
from toxicsite.lib.spreadsheets import csv_lines

COLUMNS = (
    "id",
    "source",
    "external_id",
    "author",
    "text",
    "created_at",
    "status",
    "verdict",
    "score",
    "threshold",
    "scores",
    "model_version",
    "classified_at",
    "band",
    "policy_version",
    "queued_at",
    "queue_reasons",
    "reports",
    "escalated",
    "open_appeal",
    "action",
    "reason",
    "note",
    "labels",
    "decided_by",
    "automatic",
    "decided_at",
    "edited_at",
    "text_purged_at",
)
_NESTED = ("scores", "queue_reasons", "labels")


def export_lines(comments: Iterable[Comment], file_format: str, *, header: bool) -> Iterator[str]:
    """The lines of these comments, read with all that `export_pages` reads; a CSV may begin with its header."""
    rows = (_row(comment) for comment in comments)
    if file_format == "jsonl":
        yield from (json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
        return
    lines = csv_lines(COLUMNS, ([_flat(name, value) for name, value in row.items()] for row in rows))
    if header:
        yield from lines
    else:
        next(lines)
        yield from lines


def _row(comment: Comment) -> dict[str, Any]:
    prediction, decision = comment.current_prediction, comment.current_decision
    values = (
        comment.pk,
        comment.source.slug,
        comment.external_id,
        comment.author_ref,
        comment.text,
        _iso(comment.created_at),
        comment.status,
        prediction and prediction.verdict,
        prediction and prediction.score,
        prediction and prediction.threshold,
        prediction and prediction.scores,
        prediction and prediction.model_version.version,
        _iso(comment.classified_at),
        comment.band or None,
        comment.policy and comment.policy.version,
        _iso(comment.queued_at),
        comment.queue_reasons,
        comment.report_count,
        comment.is_escalated,
        comment.has_open_appeal,
        decision and decision.action,
        decision and decision.reason,
        decision and decision.note,
        decision and decision.labels,
        decision and decision.by and decision.by.get_username(),
        decision and decision.automatic,
        decision and _iso(decision.created_at),
        _iso(comment.edited_at),
        _iso(comment.text_purged_at),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _flat(name: str, value: Any) -> Any:
    if name in _NESTED:
        return json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None
