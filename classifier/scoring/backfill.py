"""Bands, hashes and a place in the queue for comments that were classified before there was a queue."""

from classifier.models import Comment, CommentStatus
from classifier.policies.judging import judge_batch
from classifier.review.placement import judged_fields

CHUNK = 500


def comments_judge(*, after: int = 0, queue: bool = True) -> tuple[int, int | None]:
    """Judge up to CHUNK unjudged comments with ids above `after`; return how many, and the id to continue from.

    With `queue`, undecided comments above the band approve wait for a person. Nothing is decided automatically, because
    that would act on old texts. The id is None when there are no more. Each chunk is one short statement, so this may
    be stopped and started at any time.
    """
    rows = list(
        Comment.objects.filter(
            pk__gt=after,
            text_hash__isnull=True,
            text_purged_at__isnull=True,
            status__in=[CommentStatus.CLASSIFIED, CommentStatus.DECIDED],
        )
        .select_related("current_prediction__model_version")
        .order_by("id")[:CHUNK]
    )
    if not rows:
        return 0, None
    by_version: dict[int, list[Comment]] = {}
    for row in rows:
        by_version.setdefault(row.current_prediction.model_version_id, []).append(row)  # type: ignore[union-attr]
    for group in by_version.values():
        _judge_group(group, queue)
    return len(rows), rows[-1].pk


def _judge_group(rows: list[Comment], queue: bool) -> None:
    predictions = {row.pk: row.current_prediction for row in rows if row.current_prediction is not None}
    version = predictions[rows[0].pk].model_version
    judged = judge_batch(rows, predictions, version, afresh=True)
    undecided = {row.pk for row in rows if queue and row.status == CommentStatus.CLASSIFIED}
    fields = judged_fields(
        judged.values(), waits=lambda row: row.band != "approve" and row.comment.pk in undecided
    )
    Comment.objects.filter(pk__in=judged, text_hash__isnull=True).update(**fields)
