"""Everything stored about an author, as JSON: the data that they have a right to.

Nothing is in it about others, except the texts that the author answered to, which came with the author's own.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction

from classifier.core.audit import audit_record, author_pseudonym
from classifier.core.permissions import require_permission
from classifier.models import AuditEntry, Comment, Report, Source, Suggestion, User
from classifier.privacy.selectors import author_count, comments_of_author, reports_by_author, rules_naming
from classifier.privacy.services import ERASE, require_author
from classifier.suggestions.services import suggestions_of_author

CHUNK = 500


def author_export(*, author: str, source: Source | None, by: User | None) -> Iterator[str]:
    """Write one JSON object, piece by piece, in bounded memory; it does not name who decided about the author.

    The audit gets its row before the first piece. Raises PermissionDenied.
    """
    require_permission(by, ERASE)
    require_author(author, source, by)
    count = author_count(user=by, author=author, source=source)
    begun = audit_record(
        verb="author.export",
        by=by,
        source=source,
        subject=author_pseudonym(author),
        count=count.comments,
        data=count.to_data(),
    )
    return _export(author, source, by, begun)


def _export(author: str, source: Source | None, by: User | None, begun: AuditEntry) -> Iterator[str]:
    head = {"author": author, "source": source and source.slug, "made": begun.created_at}
    with transaction.atomic():
        yield f"{_json(head)[:-1]}, "
        comments = comments_of_author(user=by, author=author, source=source).order_by("pk")
        rows = comments.select_related("source", "context").prefetch_related(
            "predictions__model_version", "decisions", "appeals", "reports"
        )
        yield '"comments": ['
        yield from _listed(_comment(comment) for comment in rows.iterator(chunk_size=CHUNK))
        yield '], "reports_made": ['
        ids = reports_by_author(user=by, author=author, source=source)
        reports = Report.objects.filter(pk__in=ids).order_by("pk")
        yield from _listed(_report(report) | {"comment": report.comment_id} for report in reports)
        yield '], "suggestions": ['
        suggestions = suggestions_of_author(user=by, author=author, source=source).order_by("pk")
        yield from _listed(_suggestion(row) for row in suggestions.iterator(chunk_size=CHUNK))
        yield '], "rules_about_them": ['
        rules = rules_naming(author=author, source=source).order_by("pk")
        yield from _listed({"id": rule.pk, "name": rule.name, "band": rule.band} for rule in rules)
        yield "]}\n"


def _listed(items: Iterable[dict[str, Any]]) -> Iterator[str]:
    for index, item in enumerate(items):
        yield f"{',' if index else ''}\n{_json(item)}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _comment(comment: Comment) -> dict[str, Any]:
    context = getattr(comment, "context", None)
    return {
        "id": comment.pk,
        "source": comment.source.slug,
        "external_id": comment.external_id,
        "text": comment.text,
        "text_format": comment.text_format,
        "languages": comment.languages,
        "read_as": comment.read_as,
        "concern": comment.is_concern,
        "text_purged_at": comment.text_purged_at,
        "received": comment.created_at,
        "edited": comment.edited_at,
        "status": comment.status,
        "answers_to": context.entries if context else [],
        "session": context.session_ref if context else "",
        "predictions": [
            {
                "model_version": prediction.model_version.version,
                "verdict": prediction.verdict,
                "scores": prediction.scores,
                "language": prediction.language,
                "language_supported": prediction.language_supported,
                "concern_score": prediction.concern_score,
                "at": prediction.created_at,
            }
            for prediction in comment.predictions.all()
        ],
        "decisions": [
            {
                "action": decision.action,
                "reason": decision.reason,
                "note": decision.note,
                "labels": decision.labels,
                "automatic": decision.automatic,
                "at": decision.created_at,
            }
            for decision in comment.decisions.all()
        ],
        "appeals": [
            {
                "message": appeal.message,
                "status": appeal.status,
                "answer": appeal.answer,
                "at": appeal.created_at,
                "answered": appeal.resolved_at,
            }
            for appeal in comment.appeals.all()
        ],
        "reports": [_report(report) for report in comment.reports.all()],
    }


def _report(report: Report) -> dict[str, Any]:
    return {"reason": report.reason, "at": report.created_at}


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "comment": suggestion.comment_id,
        "text": suggestion.text,
        "labels": suggestion.labels,
        "languages": suggestion.languages,
        "context": suggestion.context,
        "at": suggestion.created_at,
    }
