"""What a rule that nobody has saved yet would have caught among the latest comments, within a bounded time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from classifier.core.visibility import narrow
from classifier.inference.rules import Rule, RuleSet
from classifier.models import Comment, Source, User

LATEST = 10_000
SECONDS = 3.0
EXAMPLES = 8
CHUNK = 500
RANKS = {"": 0, "approve": 0, "review": 1, "remove": 2}


@dataclass(frozen=True)
class CaughtComment:
    """A comment that the rule hits at `spans`; `newly`: its band would rise."""

    comment: Comment
    spans: Sequence[tuple[int, int]]
    newly: bool


@dataclass(frozen=True)
class RulePreview:
    """Of the `looked_at` latest comments `matched` are hit, and `newly` of them would come into a worse band.

    `cut_short`: the time was over before all of them were looked at.
    """

    looked_at: int = 0
    matched: int = 0
    newly: int = 0
    cut_short: bool = False
    examples: list[CaughtComment] = field(default_factory=list)


def rule_preview(
    *,
    rule: Rule,
    source: Source | None,
    user: User | None,
    limit: int = LATEST,
    seconds: float = SECONDS,
    examples: int = EXAMPLES,
) -> RulePreview:
    """Lay `rule` over the `limit` latest texts that it is for and `user` sees; whose bands would rise come first.

    Raises PatternError where the rule has not passed check_pattern.
    """
    rules = RuleSet([rule])
    comments = narrow(Comment.objects.filter(text_purged_at__isnull=True), user)
    if source is not None:
        comments = comments.filter(source=source)
    end = time.monotonic() + seconds
    looked_at = matched = newly = 0
    cut_short = False
    shown: list[tuple[int, Sequence[tuple[int, int]], bool]] = []
    rows = comments.order_by("-id").values_list("id", "text", "band")[:limit]
    for pk, text, band in rows.iterator(chunk_size=CHUNK):
        if time.monotonic() > end:
            cut_short = True
            break
        looked_at += 1
        hits = rules.hits(text)
        if not hits:
            continue
        rises = RANKS[band] < RANKS[rule.band]
        matched, newly = matched + 1, newly + rises
        if rises or len(shown) < examples:
            shown.append((pk, hits[0].spans, rises))
            shown = sorted(shown, key=lambda one: (not one[2], -one[0]))[:examples]
    found = Comment.objects.select_related("source").in_bulk([pk for pk, _, _ in shown])
    return RulePreview(
        looked_at,
        matched,
        newly,
        cut_short,
        [CaughtComment(found[pk], spans, rises) for pk, spans, rises in shown if pk in found],
    )
