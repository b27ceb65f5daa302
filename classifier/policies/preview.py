"""Preview of what another policy, or a rule that is not saved yet, would have done with the latest comments.

Nothing is scored again: two policies judge the same predictions and the rule hits stored with them, so ten thousand
comments take well under a second. A rule is run on the texts, within a bounded time.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from classifier.core.visibility import narrow
from classifier.inference import bands as judging
from classifier.inference.bands import BANDS, Judge, Judgement
from classifier.inference.conditions import Facts
from classifier.inference.language import base_language
from classifier.inference.rules import EXCEPTION, Rule, RuleSet
from classifier.models import Comment, ConcernMode, ModelVersion, Policy, Source, UnknownLanguage, User
from classifier.policies.active_policies import judge_of, policy_for, rules_for
from classifier.policies.rule_facts import fact_of, facts_of

LATEST = 10_000
EXAMPLES = 4
RULE_EXAMPLES = 8
RULE_SECONDS = 3.0
RULES_SECONDS = 8.0
PREVIEW_DAYS = 28
CHUNK = 500
RANKS = {"": 0, "approve": 0, EXCEPTION: 0, "review": 1, "remove": 2}


@dataclass(frozen=True)
class Draft:
    """The part of a policy that says what happens to a comment."""

    bands: Mapping[str, Mapping[str, Any]]
    automatic: frozenset[str] = frozenset()
    unknown_language: str = UnknownLanguage.REVIEW.value
    concern: str = ConcernMode.REVIEW.value
    language_bands: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    def bands_in(self, language: str) -> str:
        """Return the language whose own thresholds a text has, or "" for those of all."""
        base = base_language(language) if self.language_bands and language else ""
        return base if base in self.language_bands else ""

    def judge(self, version: ModelVersion, language: str) -> Judge:
        return judge_of(self.language_bands[language] if language else self.bands, version)

    def unread(self, language: str, supported: bool) -> str:
        """Return the language of a text whose scores do not count by this draft, else ""."""
        return "" if supported or self.unknown_language == UnknownLanguage.JUDGE else language

    def concern_of(self, is_concern: bool) -> judging.ConcernMode:
        """Return what this draft does about a text whose author tells of their own hurt; "" for any other text."""
        if not is_concern:
            return ""
        return "review" if self.concern == ConcernMode.REVIEW else "nothing"


@dataclass(frozen=True)
class KeptHit:
    """A rule hit that was stored among a comment's reasons."""

    kept: Mapping[str, Any]

    @property
    def band(self) -> str:
        return str(self.kept["band"])

    def reason(self) -> dict[str, Any]:
        return dict(self.kept)


@dataclass(frozen=True)
class Change:
    """A comment that another policy would put into another band."""

    comment: Comment
    before: str
    after: str
    judgement: Judgement


@dataclass(frozen=True)
class Moves:
    """Number of comments that would go from one band to another, with the latest of them as examples."""

    before: str
    after: str
    count: int
    examples: list[Change]


@dataclass(frozen=True)
class PolicyPreview:
    """Counts of comments: `looked_at` in all; for each policy by band, waiting for a person, decided automatically."""

    looked_at: int = 0
    changed: int = 0
    moves: list[Moves] = field(default_factory=list)
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    waiting_before: int = 0
    waiting_after: int = 0
    automatic_before: int = 0
    automatic_after: int = 0

    def to(self, band: str) -> int:
        """Count the comments that would move to `band`."""
        return sum(move.count for move in self.moves if move.after == band)


def policy_preview(
    *,
    source: Source | None,
    user: User | None,
    before: Draft,
    after: Draft,
    limit: int = LATEST,
    examples: int = EXAMPLES,
) -> PolicyPreview:
    """Apply both policies to the `limit` latest comments that have a verdict, follow the policy and `user` sees.

    Three queries. The site's own policy (source None) applies to sources without one of their own.
    """
    rows = latest_predictions(source=source, user=user, limit=limit)
    judges = _Judges({row[2] for row in rows})
    counts = {"before": Counter[str](), "after": Counter[str]()}
    moved: dict[tuple[str, str], list[tuple[int, Judgement]]] = {}
    for pk, scores, version, reasons, language, supported, is_concern in rows:
        hits = [KeptHit(reason) for reason in reasons or () if reason.get("kind") == "rule"]
        old, new = (
            judges.of(draft, version, language).judge(
                scores, hits, draft.unread(language, supported), draft.concern_of(is_concern)
            )
            for draft in (before, after)
        )
        counts["before"][old.band] += 1
        counts["after"][new.band] += 1
        if old.band != new.band:
            moved.setdefault((old.band, new.band), []).append((pk, new))
    shown = {pk for moves in moved.values() for pk, _ in moves[:examples]}
    texts = Comment.objects.select_related("source").in_bulk(shown)
    order: dict[str, int] = {band: rank for rank, band in enumerate(reversed(BANDS))}
    return PolicyPreview(
        looked_at=len(rows),
        changed=sum(map(len, moved.values())),
        moves=[
            Moves(
                old,
                new,
                len(moves),
                [Change(texts[pk], old, new, judgement) for pk, judgement in moves[:examples] if pk in texts],
            )
            for (old, new), moves in sorted(
                moved.items(), key=lambda item: (order[item[0][1]], -len(item[1]))
            )
        ],
        before={band: counts["before"][band] for band in BANDS},
        after={band: counts["after"][band] for band in BANDS},
        **_work(counts["before"], before, "before"),
        **_work(counts["after"], after, "after"),
    )


def latest_predictions(
    *, source: Source | None, user: User | None, limit: int
) -> Sequence[tuple[int, dict[str, float], int, list[dict[str, Any]], str, bool, bool]]:
    """List (comment, scores, model version, reasons, language, whether the model knows it, own hurt), newest first.

    Own hurt is what the model says, whatever the policy does about it. These are the latest comments with a verdict.
    """
    comments = narrow(Comment.objects.filter(current_prediction__isnull=False), user)
    if source is not None:
        comments = comments.filter(source=source)
    elif Policy.objects.filter(source__isnull=False).exists():
        comments = comments.exclude(Exists(Policy.objects.filter(source=OuterRef("source_id"))))
    return list(
        comments.order_by("-id").values_list(
            "id",
            "current_prediction__scores",
            "current_prediction__model_version_id",
            "queue_reasons",
            "current_prediction__language",
            "current_prediction__language_supported",
            "current_prediction__is_concern",
        )[:limit]
    )


class _Judges:
    """The judges of drafts, made once for each version and language with thresholds of its own."""

    def __init__(self, versions: Iterable[int]) -> None:
        self.versions = {row.pk: row for row in ModelVersion.objects.filter(pk__in=versions)}
        self.made: dict[tuple[int, int, str], Judge] = {}

    def of(self, draft: Draft, version: int, language: str) -> Judge:
        key = (id(draft), version, draft.bands_in(language))
        if key not in self.made:
            self.made[key] = draft.judge(self.versions[version], key[2])
        return self.made[key]


def _work(counts: Counter[str], draft: Draft, name: str) -> dict[str, int]:
    waiting = counts["review"] + (0 if "remove" in draft.automatic else counts["remove"])
    automatic = sum(counts[band] for band in draft.automatic)
    return {f"waiting_{name}": waiting, f"automatic_{name}": automatic}


@dataclass(frozen=True)
class CaughtComment:
    """A comment that the rule hits at `spans`; `newly`: its band would become stricter."""

    comment: Comment
    spans: Sequence[tuple[int, int]]
    newly: bool


@dataclass(frozen=True)
class RulePreview:
    """The rule hits `matched` of the `looked_at` latest comments; `newly` of them would get a stricter band.

    `cut_short`: the time ran out before all of the comments were checked.
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
    seconds: float = RULE_SECONDS,
    examples: int = RULE_EXAMPLES,
) -> RulePreview:
    """Run `rule` on the `limit` latest texts of `source` (None: of all) that `user` sees.

    Examples whose band would become stricter come first.

    Raises PatternError where the rule has not passed check_pattern.
    """
    rules = RuleSet([replace(rule, band="review") if rule.band == EXCEPTION else rule])
    comments = narrow(Comment.objects.filter(text_purged_at__isnull=True), user)
    if source is not None:
        comments = comments.filter(source=source)
    end = time.monotonic() + seconds
    looked_at = matched = newly = 0
    cut_short = False
    shown: list[tuple[int, Sequence[tuple[int, int]], bool]] = []
    for comment, facts in _with_facts(comments.order_by("-id")[:limit], rules):
        if time.monotonic() > end:
            cut_short = True
            break
        looked_at += 1
        pk, band = comment.pk, comment.band
        hits = policy_for(comment.source_id).hits(rules, comment.text, comment.text_format, facts)
        if not hits:
            continue
        rises = RANKS[band] < RANKS[rule.band]
        matched, newly = matched + 1, newly + rises
        if rises or len(shown) < examples:
            shown.append((pk, hits[0].spans, rises))
            shown = sorted(shown, key=lambda row: (not row[2], -row[0]))[:examples]
    comments_by_id = Comment.objects.select_related("source").in_bulk([pk for pk, _, _ in shown])
    return RulePreview(
        looked_at,
        matched,
        newly,
        cut_short,
        [
            CaughtComment(comments_by_id[pk], spans, rises)
            for pk, spans, rises in shown
            if pk in comments_by_id
        ],
    )


LOOKED_FIELDS = (
    "id",
    "text",
    "text_format",
    "source_id",
    "band",
    "author_ref",
    "created_at",
    "current_prediction__language",
)


def _with_facts(comments: QuerySet[Comment], rules: RuleSet) -> Iterator[tuple[Comment, Facts]]:
    """Yield comments with what the rules ask about them, CHUNK at a time."""
    rows = comments.select_related("current_prediction").only(*LOOKED_FIELDS).iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        languages = {
            comment.pk: comment.current_prediction.language
            for comment in chunk
            if comment.current_prediction is not None
        }
        facts = facts_of(chunk, languages, [rules])
        for comment in chunk:
            yield comment, fact_of(facts, comment)


@dataclass(frozen=True)
class RuleCount:
    """What one of several rules would have hit: `matched` comments, of which `newly` would get a stricter band."""

    rule: Rule
    matched: int
    newly: int
    examples: Sequence[int]


@dataclass(frozen=True)
class RulesPreview:
    """What rules hit in the comments of the last `days` days, the one with most hits first; rules without are left out.

    `matched` and `newly` count comments, whichever rules hit them. `cut_short`: the time ran out before all of the
    comments were checked.
    """

    days: int
    looked_at: int
    matched: int
    newly: int
    cut_short: bool
    rules: Sequence[RuleCount]


def rules_preview(
    *,
    rules: Sequence[Rule],
    source: Source | None,
    user: User | None,
    days: int = PREVIEW_DAYS,
    limit: int = LATEST,
    seconds: float = RULES_SECONDS,
) -> RulesPreview:
    """Run rules, each with a key of its own, on the texts of the last days that `user` sees, the newest first."""
    active = rules_for(source.pk if source is not None else None)
    prepared = RuleSet([*rules, *(replace(rule, key=-1) for rule in active.exceptions)])
    since = timezone.now() - timedelta(days=days)
    comments = narrow(Comment.objects.filter(text_purged_at__isnull=True, created_at__gte=since), user)
    if source is not None:
        comments = comments.filter(source=source)
    end = time.monotonic() + seconds
    looked_at = matched = newly = 0
    cut_short = False
    counts: Counter[int] = Counter()
    stricter: Counter[int] = Counter()
    examples: dict[int, list[int]] = {}
    for comment, facts in _with_facts(comments.order_by("-id")[:limit], prepared):
        if time.monotonic() > end:
            cut_short = True
            break
        looked_at += 1
        pk, band = comment.pk, comment.band
        hits = policy_for(comment.source_id).hits(prepared, comment.text, comment.text_format, facts)
        matched += bool(hits)
        newly += any(RANKS[band] < RANKS[hit.band] for hit in hits)
        for hit in hits:
            counts[hit.rule.key] += 1
            stricter[hit.rule.key] += RANKS[band] < RANKS[hit.band]
            shown = examples.setdefault(hit.rule.key, [])
            if len(shown) < EXAMPLES:
                shown.append(pk)
    by_key = {rule.key: rule for rule in rules}
    return RulesPreview(
        days,
        looked_at,
        matched,
        newly,
        cut_short,
        [
            RuleCount(by_key[key], count, stricter[key], examples[key])
            for key, count in counts.most_common()
            if key in by_key
        ],
    )
