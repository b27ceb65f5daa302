"""The audit: one row for everything sensitive that was done or looked at; written once, never changed."""

import re
from collections.abc import Mapping
from typing import Any

from classifier.models import ApiKey, AuditEntry, Source, User

VERB = re.compile(r"^[a-z_]+(\.[a-z_]+)+\Z")
SUBJECT_CHARACTERS = 200


def audit_record(
    *,
    verb: str,
    by: User | None = None,
    api_key: ApiKey | None = None,
    source: Source | None = None,
    subject: str = "",
    count: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Write one row, in the transaction of what it tells about.

    `verb` names kind and deed: export.comments, author.erase, policy.save, queue.bulk. `by` None is the system itself.
    `subject` is what it was done to, cut at 200 characters; `data` is JSON and never holds the text of a comment.
    """
    if not VERB.match(verb) or len(verb) > 64:
        raise ValueError(f"{verb!r} is no verb of the audit; write it as kind.deed")
    return AuditEntry.objects.create(
        verb=verb,
        actor=by,
        api_key=api_key,
        source=source,
        subject=subject[:SUBJECT_CHARACTERS],
        count=count,
        data=dict(data or {}),
    )
