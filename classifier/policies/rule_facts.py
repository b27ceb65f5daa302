"""What rules with conditions ask about comments, found for a batch in at most two queries, and in none without them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from classifier.inference.conditions import NO_FACTS, OF_AUTHOR, Facts
from classifier.inference.rules import RuleSet
from classifier.inference.sketch import folded, text_hash
from classifier.models import Comment, CommentStatus, DecisionAction

COPIES_WITHIN = timedelta(days=1)
APPROVED = Q(current_decision__action=DecisionAction.APPROVE) | Q(
    current_decision=None, band="approve", status=CommentStatus.CLASSIFIED
)
Author = tuple[int, str]


def facts_of(
    comments: Sequence[Comment], languages: Mapping[int, str], rules: Iterable[RuleSet]
) -> dict[int, Facts]:
    """Return the facts of each comment, by its id, that the rules ask about; `languages` are those of the verdicts.

    An author's comments are counted as they are now, copies as they were when the comment came.
    """
    needs = frozenset(name for rule_set in rules for name in rule_set.needs)
    if not needs:
        return {}
    authors = _authors(comments) if needs & OF_AUTHOR else {}
    copies = _copies(comments) if "copies_from" in needs else {}
    facts = {}
    for comment in comments:
        first, approved = authors.get((comment.source_id, comment.author_ref), (None, None))
        facts[comment.pk] = Facts(
            author=comment.author_ref,
            language=languages.get(comment.pk, ""),
            copies=copies.get(comment.pk, 1),
            approved=approved,
            days=None if first is None else (comment.created_at - first) / timedelta(days=1),
        )
    return facts


def fact_of(facts: Mapping[int, Facts], comment: Comment) -> Facts:
    """Return the facts of one of the comments."""
    return facts.get(comment.pk, NO_FACTS)


def _authors(comments: Sequence[Comment]) -> dict[Author, tuple[datetime, int]]:
    """Return when each author's first comment in the source came, and how many of theirs there are approved."""
    refs = {comment.author_ref for comment in comments if comment.author_ref}
    if not refs:
        return {}
    rows = (
        Comment.objects.filter(author_ref__in=refs, source__in={comment.source_id for comment in comments})
        .values("source_id", "author_ref")
        .annotate(first=Min("created_at"), approved=Count("pk", filter=APPROVED))
    )
    return {(row["source_id"], row["author_ref"]): (row["first"], row["approved"]) for row in rows}


def _copies(comments: Sequence[Comment]) -> dict[int, int]:
    """Return how many comments of its source have the text of each within the day before it, itself included."""
    hashes = {comment.pk: text_hash(folded(comment.text)) for comment in comments}
    times: dict[tuple[int, int], list[datetime]] = defaultdict(list)
    begin = min((comment.created_at for comment in comments), default=timezone.now()) - COPIES_WITHIN
    stored = Comment.objects.filter(
        text_hash__in=set(hashes.values()),
        source__in={comment.source_id for comment in comments},
        created_at__gte=begin,
    ).exclude(pk__in=hashes)
    for source, hashed, created in stored.values_list("source_id", "text_hash", "created_at"):
        if hashed is not None:
            times[source, hashed].append(created)
    for comment in comments:
        times[comment.source_id, hashes[comment.pk]].append(comment.created_at)
    return {
        comment.pk: sum(
            comment.created_at - COPIES_WITHIN < when <= comment.created_at
            for when in times[comment.source_id, hashes[comment.pk]]
        )
        for comment in comments
    }
