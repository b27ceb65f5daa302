"""What happens to a comment once it is scored: its policy's band, its place in the queue, or an automatic decision.

`judge_batch` does the work outside any transaction; `Judged.fields` are written with the status, in the same statement;
`settle` writes the decisions that need no person, in the same transaction. Where nothing is decided automatically, a
verdict costs no more statements than without a queue.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from classifier.comments.purged_text import queued_again
from classifier.core.events import emit_decided
from classifier.models import (
    COMMENT_TRANSITIONS,
    Comment,
    CommentStatus,
    Decision,
    DecisionAction,
    Prediction,
    User,
)
from classifier.policies.judging import OF_SCORING, Judged
from toxicsite.lib.lifecycle import transition_many

STANDS = "the decision stands: the new verdict is of the same band"
BROUGHT = "decided before it came here"

logger = logging.getLogger(__name__)


def judged_fields(
    judged: Iterable[Judged], waits: Callable[[Judged], bool] = lambda row: row.waits
) -> dict[str, Any]:
    """Return the fields of the judged comments as expressions, so that one update writes them all."""
    rows = list(judged)

    def column(value: Callable[[Judged], Any], kind: str, field: "models.Field[Any, Any]") -> RawSQL:
        """Return values by the comment's id; Postgres reads the JSON object once in each statement."""
        values = json.dumps({row.comment.pk: value(row) for row in rows})
        return _sql(f"(%s::jsonb ->> {KEY})::{kind}", [values], field)

    wait = json.dumps({row.comment.pk: waits(row) for row in rows})
    fields: dict[str, Any] = {
        "disagrees_with_shadow": False,
        "is_concern": column(lambda row: row.is_concern, "boolean", models.BooleanField()),
        "band": column(lambda row: row.band, "text", models.CharField()),
        "policy": column(lambda row: row.policy.pk, "bigint", _NUMBER),
        "risk": column(lambda row: row.risk, "float8", models.FloatField()),
        "uncertainty": column(lambda row: row.uncertainty, "float8", models.FloatField()),
        "text_hash": column(lambda row: row.text_hash, "bigint", _NUMBER),
        "sketch": column(lambda row: _array(row.sketch), "int[]", ArrayField(models.IntegerField())),
        "queued_at": _sql(
            f"CASE WHEN (%s::jsonb ->> {KEY})::boolean OR {KEPT} <> '[]'"
            " THEN COALESCE(queued_at, STATEMENT_TIMESTAMP()) END",
            [wait, *KEPT_PARAMETERS],
            models.DateTimeField(),
        ),
        "queue_reasons": _sql(
            f"COALESCE((%s::jsonb -> {KEY}), '[]') || {KEPT}",
            [json.dumps({row.comment.pk: row.reasons for row in rows}), *KEPT_PARAMETERS],
            models.JSONField(),
        ),
    }
    if any(row.reopened for row in rows):
        again = [row.comment.pk for row in rows if row.reopened]
        fields["current_decision"] = Case(
            When(pk__in=again, then=Value(None)), default=F("current_decision"), output_field=_NUMBER
        )
    return fields


def settle(judged: Iterable[Judged], predictions: Sequence[Prediction]) -> None:
    """Store automatic decisions, and mark comments whose decision stands as decided; in the caller's transaction."""
    rows = list(judged)
    for reason, brought in ((STANDS, False), (BROUGHT, True)):
        standing = [row.comment for row in rows if row.stands and row.brought == brought]
        transition_many(
            standing, to=CommentStatus.DECIDED, allowed=COMMENT_TRANSITIONS, reason=reason, savepoint=False
        )
    groups: dict[tuple[int | None, str], list[Judged]] = defaultdict(list)
    for row in rows:
        if row.automatic:
            groups[row.policy.pk, row.band].append(row)
    if not groups:
        return
    of = {prediction.comment_id: prediction for prediction in predictions}
    made = Decision.objects.bulk_create(
        Decision(
            comment=row.comment,
            action=row.band,
            prediction=of[row.comment.pk],
            policy_id=row.policy.pk,
            automatic=True,
        )
        for group in groups.values()
        for row in group
    )
    latest = Decision.objects.filter(comment=OuterRef("pk")).order_by("-id").values("pk")[:1]
    for (_, band), group in groups.items():
        transition_many(
            [row.comment for row in group],
            to=CommentStatus.DECIDED,
            allowed=COMMENT_TRANSITIONS,
            reason=f"{DecisionAction(band).label.lower()} automatically by policy v{group[0].policy.version}",
            savepoint=False,
            current_decision=Subquery(latest),
        )
    emit_decided(made)


def reasons_with(reasons: Sequence[Mapping[str, Any]], **reason: Any) -> list[dict[str, Any]]:
    """Return why a comment waits with this reason added, replacing an earlier one of its kind."""
    return [*(dict(earlier) for earlier in reasons if earlier.get("kind") != reason["kind"]), reason]


def queue_put(*, comment: Comment, kind: str, by: User | None = None, **data: Any) -> None:
    """Let a comment wait for a person for one more reason ({"kind", …}); it replaces an earlier one of its kind.

    A comment without a verdict is offered once it has one; one without its text, never. Other fields that go with the
    reason (report_count, an open appeal) are written by the service of that reason.
    """
    with transaction.atomic():
        row = Comment.objects.select_for_update(of=("self",)).only("id", "queue_reasons").get(pk=comment.pk)
        reason = {"kind": kind, **({"by": by.get_username()} if by is not None else {}), **data}
        Comment.objects.filter(pk=row.pk).update(
            queued_at=queued_again(), queue_reasons=reasons_with(row.queue_reasons, **reason)
        )
        Comment.objects.filter(pk=row.pk).filter(Q(risk=None) | Q(uncertainty=None)).update(
            risk=Coalesce("risk", 0.0), uncertainty=Coalesce("uncertainty", 1.0)
        )


KEY = '"classifier_comment"."id"::text'
# The reasons of waiting comments that do not come from scoring: a report, an appeal, an escalation.
KEPT = """(CASE WHEN queued_at IS NULL THEN '[]'::jsonb ELSE COALESCE((
    SELECT jsonb_agg(reason) FROM jsonb_array_elements(queue_reasons) AS reason WHERE NOT reason->>'kind' = ANY(%s)
), '[]'::jsonb) END)"""
KEPT_PARAMETERS = [list(OF_SCORING)]
_NUMBER = models.BigIntegerField()


def _sql(sql: str, parameters: list[Any], field: "models.Field[Any, Any]") -> RawSQL:
    return RawSQL(sql, parameters, field)  # noqa: S611 - the SQL is written here, values go as parameters


def _array(numbers: Sequence[int] | None) -> str | None:
    return None if numbers is None else "{" + ",".join(map(str, numbers)) + "}"
