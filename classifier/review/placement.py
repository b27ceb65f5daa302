"""What happens to a comment once it is scored: its policy's band, its place in the queue, or an automatic decision.

`judge_batch` does the work outside any transaction; `Judged.fields` are written with the status, in the same statement;
`settle` writes the decisions that need no person, in the same transaction. Where nothing is decided automatically, a
verdict costs no statement more than without a queue.
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
    judged: Iterable[Judged], waits: Callable[[Judged], bool] = lambda one: one.waits
) -> dict[str, Any]:
    """The fields of the judged comments as expressions, for one update of all of them."""
    rows = list(judged)

    def column(value: Callable[[Judged], Any], kind: str, field: "models.Field[Any, Any]") -> RawSQL:
        """Values by the comment's id; Postgres reads the one JSON object once a statement."""
        values = json.dumps({one.comment.pk: value(one) for one in rows})
        return _sql(f"(%s::jsonb ->> {KEY})::{kind}", [values], field)

    wait = json.dumps({one.comment.pk: waits(one) for one in rows})
    fields: dict[str, Any] = {
        "disagrees_with_shadow": False,
        "band": column(lambda one: one.band, "text", models.CharField()),
        "policy": column(lambda one: one.policy.pk, "bigint", _NUMBER),
        "risk": column(lambda one: one.risk, "float8", models.FloatField()),
        "uncertainty": column(lambda one: one.uncertainty, "float8", models.FloatField()),
        "text_hash": column(lambda one: one.text_hash, "bigint", _NUMBER),
        "sketch": column(lambda one: _array(one.sketch), "int[]", ArrayField(models.IntegerField())),
        "queued_at": _sql(
            f"CASE WHEN (%s::jsonb ->> {KEY})::boolean OR {KEPT} <> '[]'"
            " THEN COALESCE(queued_at, STATEMENT_TIMESTAMP()) END",
            [wait, *KEPT_PARAMETERS],
            models.DateTimeField(),
        ),
        "queue_reasons": _sql(
            f"COALESCE((%s::jsonb -> {KEY}), '[]') || {KEPT}",
            [json.dumps({one.comment.pk: one.reasons for one in rows}), *KEPT_PARAMETERS],
            models.JSONField(),
        ),
    }
    if any(one.reopened for one in rows):
        again = [one.comment.pk for one in rows if one.reopened]
        fields["current_decision"] = Case(
            When(pk__in=again, then=Value(None)), default=F("current_decision"), output_field=_NUMBER
        )
    return fields


def settle(judged: Iterable[Judged], predictions: Sequence[Prediction]) -> None:
    """Decide what a policy decides without a person, and let decisions that stand go on; in the given transaction."""
    rows = list(judged)
    for reason, brought in ((STANDS, False), (BROUGHT, True)):
        standing = [one.comment for one in rows if one.stands and one.brought == brought]
        transition_many(
            standing, to=CommentStatus.DECIDED, allowed=COMMENT_TRANSITIONS, reason=reason, savepoint=False
        )
    groups: dict[tuple[int | None, str], list[Judged]] = defaultdict(list)
    for one in rows:
        if one.automatic:
            groups[one.policy.pk, one.band].append(one)
    if not groups:
        return
    of = {prediction.comment_id: prediction for prediction in predictions}
    made = Decision.objects.bulk_create(
        Decision(
            comment=one.comment,
            action=one.band,
            prediction=of[one.comment.pk],
            policy_id=one.policy.pk,
            automatic=True,
        )
        for group in groups.values()
        for one in group
    )
    latest = Decision.objects.filter(comment=OuterRef("pk")).order_by("-id").values("pk")[:1]
    for (_, band), group in groups.items():
        transition_many(
            [one.comment for one in group],
            to=CommentStatus.DECIDED,
            allowed=COMMENT_TRANSITIONS,
            reason=f"{DecisionAction(band).label.lower()} automatically by policy v{group[0].policy.version}",
            savepoint=False,
            current_decision=Subquery(latest),
        )
    emit_decided(made)


def reasons_with(reasons: Sequence[Mapping[str, Any]], **reason: Any) -> list[dict[str, Any]]:
    """Return why a comment waits with this reason added, in the place of an earlier one of its kind."""
    return [*(dict(earlier) for earlier in reasons if earlier.get("kind") != reason["kind"]), reason]


def queue_put(*, comment: Comment, kind: str, by: User | None = None, **data: Any) -> None:
    """Let a comment wait for a person for one more reason ({"kind", …}); one of a kind takes the last one's place.

    A comment without a verdict is offered once it has one, one without its text never. Whatever else marks the reason
    (report_count, an open appeal) its own service writes.
    """
    with transaction.atomic():
        row = Comment.objects.select_for_update(of=("self",)).only("id", "queue_reasons").get(pk=comment.pk)
        said = {"kind": kind, **({"by": by.get_username()} if by is not None else {}), **data}
        Comment.objects.filter(pk=row.pk).update(
            queued_at=queued_again(), queue_reasons=reasons_with(row.queue_reasons, **said)
        )
        Comment.objects.filter(pk=row.pk).filter(Q(risk=None) | Q(uncertainty=None)).update(
            risk=Coalesce("risk", 0.0), uncertainty=Coalesce("uncertainty", 1.0)
        )


KEY = '"classifier_comment"."id"::text'
# The reasons of what already waits that do not come from scoring: a report, an appeal, an escalation.
KEPT = """(CASE WHEN queued_at IS NULL THEN '[]'::jsonb ELSE COALESCE((
    SELECT jsonb_agg(reason) FROM jsonb_array_elements(queue_reasons) AS reason WHERE NOT reason->>'kind' = ANY(%s)
), '[]'::jsonb) END)"""
KEPT_PARAMETERS = [list(OF_SCORING)]
_NUMBER = models.BigIntegerField()


def _sql(sql: str, parameters: list[Any], field: "models.Field[Any, Any]") -> RawSQL:
    return RawSQL(sql, parameters, field)  # noqa: S611 - the SQL is written here, values go as parameters


def _array(numbers: Sequence[int] | None) -> str | None:
    return None if numbers is None else "{" + ",".join(map(str, numbers)) + "}"
