"""The answers of both services to a call: its row, which texts are kept, and when they are deleted.

A text is kept only if the service keeps texts, the key has the scope `submit` and the call did not forbid it.
It is deleted with the comment that the call stored, after its source's retention, or with the row after
REFERENCE_KEEP_DAYS.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from classifier.core.reference_texts import texts_forget
from classifier.models import (
    ApiKey,
    ApiScope,
    Comment,
    ModelVersion,
    ReferenceCall,
    ReferenceMode,
    ReferenceService,
    Source,
    Wire,
)
from classifier.references.queue import OwnText, Waiting
from classifier.references.wire import Reply
from toxicsite.lib import metrics

BATCH = 500
LOG_TURN_SECONDS = 2.0
DETAIL_CHARACTERS = 300


@dataclass(frozen=True)
class OwnAnswer:
    """This site's answer to one call of a wire; `body` is what an observed service is asked about it.

    `source` is an id, a slug or nothing; `may_keep` is false if the caller said that the text must not be stored.
    """

    wire: Wire
    texts: Sequence[OwnText]
    model_version: str
    body: Mapping[str, Any]
    source: int | str = ""
    may_keep: bool = True


def waiting_of(
    *,
    api_key: ApiKey,
    service: ReferenceService,
    mode: ReferenceMode,
    own: OwnAnswer | None,
    asks: bool,
    reply: Reply | None = None,
    answered_by: str = ReferenceCall.AnsweredBy.OWN,
) -> Waiting:
    """Return the call as it goes to the worker: to be asked, or with the answer."""
    keeps = own is not None and own.may_keep and service.keeps_texts and ApiScope.SUBMIT in api_key.scopes
    texts = own.texts if own is not None else ()
    answer = reply or Reply()
    body = dict(own.body) if asks and own is not None else None
    if body is not None and service.wire == Wire.OPENAI and service.model:
        body["model"] = service.model
    return Waiting(
        key=api_key.pk,
        service=service.pk,
        wire=service.wire,
        mode=mode.value,
        at=timezone.now().isoformat(),
        texts=[
            {"text": text.text if keeps else "", "scores": text.scores, "comment": text.comment}
            for text in texts
        ],
        source=own.source if own is not None else "",
        model_version=own.model_version if own is not None else "",
        body=body,
        answered_by=str(answered_by),
        theirs=[dict(scores) for scores in answer.scores],
        failure=answer.failure,
        detail=answer.detail,
        milliseconds=answer.milliseconds,
    )


def calls_store(calls: Sequence[tuple[Waiting, Reply | None]]) -> int:
    """Write a row for each text of these calls, and return their number; a reply replaces the answer in the call.

    The text of a stored comment is kept as long as it is the comment's: not after it was edited, purged or erased.
    """
    if not calls:
        return 0
    sources = _ids(
        Source.objects.all(), "slug", {call.source for call, _ in calls if isinstance(call.source, str)}
    )
    versions = _ids(ModelVersion.objects.all(), "version", {call.model_version for call, _ in calls})
    with transaction.atomic():
        stored = {text["comment"] for call, _ in calls for text in call.texts if text["comment"] is not None}
        locked = Comment.objects.select_for_update(no_key=True).filter(pk__in=stored).order_by("pk")
        comments = dict(locked.values_list("pk", "text")) if stored else {}
        rows = [row for call, reply in calls for row in _rows(call, reply, sources, versions, comments)]
        ReferenceCall.objects.bulk_create(rows)
    for row in rows:
        metrics.count(metrics.REFERENCE_CALLS, row.mode, row.failure or "answered")
    return len(rows)


def texts_purge(*, source: Source, end: float | None = None) -> int:
    """Delete the texts that are older than the source keeps them, until `end` (monotonic) at most."""
    if source.retention_days is None:
        return 0
    return _purge(Q(source=source), source.retention_days, end)


def sourceless_texts_purge(*, end: float | None = None) -> int:
    """Delete the texts of no source after the shortest retention of any source."""
    days = Source.objects.aggregate(days=Min("retention_days"))["days"]
    return 0 if days is None else _purge(Q(source__isnull=True), days, end)


def reference_log_turn(*, seconds: float = LOG_TURN_SECONDS) -> int:
    """Delete calls older than REFERENCE_KEEP_DAYS, the oldest first, for about `seconds`; rows of files stay."""
    before = timezone.now() - timedelta(days=settings.REFERENCE_KEEP_DAYS)
    end = time.monotonic() + seconds
    deleted = 0
    while time.monotonic() < end:
        old = ReferenceCall.objects.filter(created_at__lt=before, transfer__isnull=True)
        ids = list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])
        if not ids:
            break
        deleted += ReferenceCall.objects.filter(pk__in=ids).delete()[0]
    return deleted


def _purge(where: Q, days: int, end: float | None) -> int:
    old = ReferenceCall.objects.filter(where, created_at__lt=Now() - timedelta(days=days)).exclude(text="")
    done = 0
    while (end is None or time.monotonic() < end) and (
        ids := list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])
    ):
        done += texts_forget(ReferenceCall.objects.filter(pk__in=ids))
    return done


def _rows(
    call: Waiting,
    reply: Reply | None,
    sources: Mapping[str, int],
    versions: Mapping[str, int],
    comments: Mapping[int, str],
) -> list[ReferenceCall]:
    theirs = list(reply.scores) if reply is not None else call.theirs
    failure, detail = (reply.failure, reply.detail) if reply is not None else (call.failure, call.detail)
    rows = []
    for index in range(max(len(call.texts), len(theirs), 1)):
        text = call.texts[index] if index < len(call.texts) else {"text": "", "scores": {}, "comment": None}
        comment = text["comment"] if text["comment"] in comments else None
        kept = text["text"] if comment is None or comments[comment] == text["text"] else ""
        rows.append(
            ReferenceCall(
                api_key_id=call.key,
                service_id=call.service,
                source_id=call.source if isinstance(call.source, int) else sources.get(call.source),
                comment_id=comment,
                wire=call.wire,
                mode=call.mode,
                answered_by=call.answered_by,
                model_version_id=versions.get(call.model_version),
                ours=text["scores"],
                theirs=theirs[index] if index < len(theirs) else {},
                failure=failure,
                failure_detail=detail[:DETAIL_CHARACTERS],
                milliseconds=reply.milliseconds if reply is not None else call.milliseconds,
                text=kept,
                created_at=datetime.fromisoformat(call.at),
            )
        )
    return rows


def _ids(rows: Any, column: str, names: set[str]) -> dict[str, int]:
    wanted = names - {""}
    return dict(rows.filter(**{f"{column}__in": wanted}).values_list(column, "pk")) if wanted else {}
