"""The audit log: one row for every sensitive action or look; written once, never changed.

A row names an author by a pseudonym, so that no real name is left in it after an erasure.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from classifier.models import ApiKey, AuditEntry, Source, User

VERB = re.compile(r"^[a-z_]+(\.[a-z_]+)+\Z")
SUBJECT_CHARACTERS = 200
LABELS = {
    "appeal.open": "Appeal opened",
    "appeal.overturned": "Appeal overturned",
    "appeal.upheld": "Appeal upheld",
    "author.erase": "Author erased",
    "author.export": "Author's data exported",
    "backup.make": "Backup made",
    "backup.restore": "Site restored from a backup",
    "blocklist.create": "List of rules created",
    "blocklist.delete": "List of rules deleted",
    "blocklist.remove": "Rules removed from a list",
    "blocklist.update": "List of rules changed",
    "comment.edit": "Text edited",
    "comment.erase": "Text erased",
    "compare.cancel": "Comparison of a file cancelled",
    "compare.delete": "Comparison of a file deleted",
    "compare.errors": "Refused rows of a comparison downloaded",
    "compare.file": "Comparison of a file begun",
    "compare.file_done": "Comparison of a file done",
    "compare.resume": "Comparison of a file resumed",
    "demo.load": "Demo comments loaded",
    "drift.over": "Drift is over",
    "drift.warning": "Drift warning",
    "export.cancel": "Export cancelled",
    "export.comments": "Export of comments begun",
    "export.comments_sent": "Export of comments sent",
    "export.download": "Export downloaded",
    "export.history": "Export of the history begun",
    "export.history_sent": "Export of the history sent",
    "export.resume": "Export resumed",
    "export.reference_calls": "Compared calls downloaded",
    "golden.add": "Known answer added",
    "golden.retire": "Known answer retired",
    "import.cancel": "Import cancelled",
    "import.comments": "Import begun",
    "import.comments_done": "Import done",
    "import.errors": "Refused rows downloaded",
    "import.resume": "Import resumed",
    "key.change": "API key changed",
    "key.create": "API key created",
    "key.reference": "API key's reference service set",
    "key.revoke": "API key revoked",
    "key.rotate": "API key rotated",
    "key.short_form": "Second form of an API key created",
    "key.short_form_end": "Second form of an API key ended",
    "key.score_map": "Score map of an API key switched",
    "outgoing.hold": "Sending put on hold",
    "outgoing.resume": "Sending resumed",
    "person.activate": "Account opened again",
    "person.create": "Account created",
    "person.deactivate": "Account closed",
    "person.roles": "Roles set",
    "person.sources": "Sources set",
    "policy.judge_again": "Waiting comments judged again",
    "policy.save": "Policy saved",
    "source.create": "Source made",
    "source.language": "Language of a source set",
    "source.merge": "Source merged into another",
    "source.rename": "Source renamed",
    "source.restore": "Source opened again",
    "policy.shadow_in_force": "Shadow policy put in force",
    "policy.shadow_start": "Shadow policy started",
    "policy.shadow_stop": "Shadow policy ended",
    "privacy.retention": "Old texts deleted",
    "queue.bulk": "Bulk decision",
    "queue.bulk_undo": "Bulk decision undone",
    "queue.learn": "Offered for learning",
    "reference.create": "Reference service added",
    "reference.disable": "Reference service switched off",
    "reference.enable": "Reference service switched on",
    "reference.remove": "Reference service removed",
    "reference.update": "Reference service changed",
    "reports.count": "Reports of a comment count again",
    "reports.harmless": "Reports of a comment found harmless",
    "rescore.cancel": "Rescoring cancelled",
    "rescore.comments": "Rescoring begun",
    "rescore.comments_done": "Rescoring done",
    "rescore.resume": "Rescoring resumed",
    "rule.create": "Rule created",
    "rule.disable": "Rule switched off",
    "rule.enable": "Rule switched on",
    "rule.shadow": "Rule put into shadow mode",
    "rule.update": "Rule changed",
    "rule_list.create": "List of rules created",
    "rule_list.delete": "List of rules deleted",
    "rule_list.import": "Rules imported",
    "rule_list.state": "All rules of a list switched",
    "rule_list.update": "List of rules changed",
    "score_map.save": "Score map saved",
    "source.retention": "Retention set",
    "source.retire": "Source retired",
    "suggestion.reject": "Suggestion rejected",
    "channel.create": "Notice channel created",
    "channel.delete": "Notice channel deleted",
    "channel.disable": "Notice channel switched off",
    "channel.enable": "Notice channel switched on",
    "channel.give_up": "Notice given up",
    "channel.update": "Notice channel changed",
    "webhook.create": "Webhook created",
    "webhook.delete": "Webhook deleted",
    "webhook.disable": "Webhook switched off",
    "webhook.enable": "Webhook switched on",
    "webhook.replay": "Deliveries sent again",
    "webhook.secret": "Webhook's secret renewed",
    "webhook.update": "Webhook changed",
}


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
    """Write one row, in the transaction of the action that it records.

    `verb` names kind and action: export.comments, author.erase, policy.save. `by` None is the system itself.
    `subject` is what it was done to, cut at 200 characters; `data` is JSON and never holds the text of a comment.
    """
    if not VERB.match(verb) or len(verb) > 64:
        raise ValueError(f"{verb!r} is no verb of the audit; write it as kind.action")
    return AuditEntry.objects.create(
        verb=verb,
        actor=by,
        api_key=api_key,
        source=source,
        subject=subject[:SUBJECT_CHARACTERS],
        count=count,
        data=dict(data or {}),
    )


def audit_label(verb: str) -> str:
    """Return a short sentence for `verb`; the verb itself where there is none."""
    return LABELS.get(verb, verb)


def author_pseudonym(author: str) -> str:
    """Return the audit's name for an author: always the same, and not reversible without the site's secret key."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"author:" + author.encode(), hashlib.sha256)
    return f"author {digest.hexdigest()[:16]}"
