"""Judgement of scored texts by the policies and rules in force; used by the worker, the score call and previews."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import Error

from classifier.inference.bands import APPROVE, REMOVE, Hit, Judgement
from classifier.inference.conditions import NO_FACTS, Facts
from classifier.inference.sketch import folded, sketch, text_hash
from classifier.models import Band, Comment, ModelVersion
from classifier.policies.active_policies import CurrentPolicy, policy_for, rules_for, shadow_rules_for
from classifier.policies.rule_facts import fact_of, facts_of

logger = logging.getLogger(__name__)


class HasScores(Protocol):
    """Anything with the probability of each label, the language of the text, and whether it tells of own hurt."""

    @property
    def scores(self) -> Mapping[str, float]: ...
    @property
    def language(self) -> str: ...
    @property
    def language_supported(self) -> bool: ...
    @property
    def is_concern(self) -> bool: ...


@dataclass(frozen=True)
class Scored:
    """A text with its scores and its source (None: the source is unknown, so the site's own policy applies)."""

    source_id: int | None
    text: str
    scores: Mapping[str, float]
    language: str = ""
    language_supported: bool = True
    text_format: str = ""
    is_concern: bool = False


def judge_scored(
    items: Sequence[Scored], model_version: ModelVersion
) -> list[tuple[CurrentPolicy, Judgement]]:
    """Return the policy in force and its judgement for each item, in order; at most one query, usually none."""
    sources = {item.source_id for item in items}
    in_force = {source: (policy_for(source), rules_for(source)) for source in sources}
    judged = []
    for item in items:
        policy, rules = in_force[item.source_id]
        hits = policy.hits(rules, item.text, item.text_format, Facts(language=item.language))
        judgement = policy.judge_in(model_version, item.language).judge(
            item.scores, hits, policy.unread(item), policy.concern_of(item)
        )
        judged.append((policy, judgement))
    return judged


def lift_of(
    policy: CurrentPolicy, judged: Judgement, model_version: ModelVersion, language: str = ""
) -> float | None:
    """Return the lowest score of the primary label that leads to the same band; None where the text is approved.

    That is the policy's threshold of the band for that label. If the policy has none for `remove`, its threshold for
    `review` counts; if it has neither, the model's own threshold of the label.
    """
    if judged.band == APPROVE:
        return None
    primary = model_version.primary_label
    judge = policy.judge_in(model_version, language)
    limits = next((row for row in judge.limits if row.label == primary), None)
    drawn = []
    if limits is not None:
        drawn = [limits.remove, limits.review] if judged.band == REMOVE else [limits.review]
    own = float(model_version.thresholds[primary])
    return next((threshold for threshold in drawn if math.isfinite(threshold)), own)


COLUMNS = (
    "id",
    "text",
    "text_format",
    "languages",
    "status",
    "attempts",
    "source_id",
    "band",
    "current_decision_id",
    "edited_at",
    "author_ref",
    "created_at",
)


OF_SCORING = (
    "band",
    "rule",
    "labels_unknown",
    "language",
    "concern",
    "unjudged",
    "edit",
)  # reasons that every scoring writes again


@dataclass(frozen=True)
class Judged:
    """The judgement of a comment by its policy; `waits`: the comment waits for a person.

    If the comment was decided before its text changed, the decision `stands` (the band is the same) or the comment is
    `reopened`. If it was decided before its first verdict, it was imported with that decision (`brought`), which stands
    whatever the band. `hits` are those of the rules; None if the comment could not be judged.
    """

    comment: Comment
    policy: CurrentPolicy
    band: str
    risk: float
    uncertainty: float
    reasons: list[dict[str, Any]]
    text_hash: int
    sketch: list[int] | None
    stands: bool = False
    brought: bool = False
    reopened: bool = False
    hits: Sequence[Hit] | None = None
    is_concern: bool = False
    facts: Facts = NO_FACTS

    @property
    def automatic(self) -> bool:
        return not self.stands and self.policy.is_automatic(self.band)

    @property
    def waits(self) -> bool:
        asks = self.band != Band.APPROVE or self.reopened
        return asks and not self.stands and not self.automatic


def judge_batch(
    comments: Sequence[Comment],
    by_id: Mapping[int, HasScores],
    model_version: ModelVersion,
    *,
    afresh: bool = False,
) -> dict[int, Judged]:
    """Judge scored comments, read with COLUMNS, by their policies and rules; nothing is written.

    `by_id` maps the comments' ids to their scores. `afresh`: ignore earlier decisions about them.
    """
    sources = {comment.source_id for comment in comments}
    rules = [known(source) for source in sources for known in (rules_for, shadow_rules_for)]
    facts = facts_of(comments, {comment.pk: by_id[comment.pk].language for comment in comments}, rules)
    return {
        comment.pk: _judge(comment, by_id[comment.pk], fact_of(facts, comment), model_version, afresh)
        for comment in comments
    }


def _judge(
    comment: Comment, result: HasScores, facts: Facts, model_version: ModelVersion, afresh: bool
) -> Judged:
    policy = policy_for(comment.source_id)
    fold = folded(comment.text)
    hits: Sequence[Hit] | None = None
    is_concern = False
    try:
        rules = rules_for(comment.source_id)
        hits = policy.hits(rules, comment.text, comment.text_format, facts)
        judgement = policy.judge_in(model_version, result.language).judge(
            result.scores, hits, policy.unread(result), policy.concern_of(result)
        )
        band, is_concern = str(judgement.band), judgement.concern
        risk, uncertainty, reasons = judgement.risk, judgement.uncertainty, list(judgement.reasons)
    except Error:
        raise  # the database is away: the claims expire and the whole batch is judged again
    except Exception:
        logger.exception("Comment %d could not be judged; it waits for a person", comment.pk)
        hits = None
        band, risk, uncertainty, reasons = Band.REVIEW.value, 0.5, 0.0, [{"kind": "unjudged"}]
    decided = not afresh and comment.current_decision_id is not None
    brought = decided and comment.band == "" and comment.edited_at is None
    reopened = decided and not brought and comment.band != band
    if reopened:
        reasons.append({"kind": "edit", "before": comment.band})
    return Judged(
        comment=comment,
        policy=policy,
        band=band,
        risk=risk,
        uncertainty=uncertainty,
        reasons=reasons,
        text_hash=text_hash(fold),
        sketch=sketch(fold),
        stands=decided and not reopened,
        brought=brought,
        reopened=reopened,
        hits=hits,
        is_concern=is_concern,
        facts=facts,
    )
