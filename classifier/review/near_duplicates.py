"""The copies and near-duplicates of a comment that wait too, so that a group is decided as one."""

from dataclasses import dataclass

from django.db.models import Q

from classifier.inference.sketch import folded, similarity
from classifier.models import Comment, User
from classifier.review.filters import EVERY, WAITING, QueueFilters, free_for
from classifier.review.selectors import decidable_by, queue_comments

NEAR = 0.7  # share of common shingles
GROUP_MAX = 200
LOOK_AT = 1_000  # candidates that share a part of the sketch


@dataclass(frozen=True)
class NearDuplicate:
    """`similarity` is the share of common shingles, 0 to 1; 1 is a copy whose spelling is disguised."""

    comment: Comment
    similarity: float

    @property
    def exact(self) -> bool:
        return self.similarity >= 1.0


@dataclass(frozen=True)
class Group:
    """Near-duplicates of one comment, itself left out, the most similar first; `more`: there were too many to show."""

    comments: list[NearDuplicate]
    more: bool

    def __len__(self) -> int:
        return len(self.comments)


def group_of(*, comment: Comment, user: User | None, waiting: bool = True, limit: int = GROUP_MAX) -> Group:
    """Find the copies (by hash) and near-duplicates (by sketch, checked on the texts) of `comment`.

    The group has only comments that `user` may see; with `waiting` only those that they could decide now (waiting, not
    claimed by somebody else, no lead needed), else all stored ones.
    """
    alike = Q(text_hash=comment.text_hash) if comment.text_hash is not None else Q()
    if comment.sketch:
        alike |= Q(sketch__overlap=comment.sketch)
    if not alike:
        return Group([], False)
    rows = queue_comments(user=user, filters=QueueFilters(status=WAITING if waiting else EVERY)).filter(alike)
    if waiting:
        rows = rows.filter(free_for(user), decidable_by(user=user))
    rows = rows.exclude(pk=comment.pk).order_by().select_related("source")
    candidates = list(rows[: LOOK_AT + 1])
    mine = folded(comment.text)
    near = [NearDuplicate(row, _similarity(comment, mine, row)) for row in candidates[:LOOK_AT]]
    near = sorted(
        (duplicate for duplicate in near if duplicate.similarity >= NEAR),
        key=lambda duplicate: (-duplicate.similarity, duplicate.comment.pk),
    )
    return Group(near[:limit], len(candidates) > LOOK_AT or len(near) > limit)


def _similarity(comment: Comment, fold: str, other: Comment) -> float:
    if comment.text_hash is not None and comment.text_hash == other.text_hash:
        return 1.0
    return similarity(fold, folded(other.text))
