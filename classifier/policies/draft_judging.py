"""Shadow mode of policies and rules: what a draft, or a rule that is tried, would have made of new comments.

Drafts judge by the same scores and rule hits, with other bands; rules in shadow mode are looked for in the text. This
runs after the verdict is committed and announced, and errors here are only logged. If nothing runs, it makes no query;
otherwise one insert for each batch stores the judgements, and one the hits.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial

from django.db import transaction

from classifier.inference.bands import APPROVE, RANK, REVIEW
from classifier.models import ModelVersion, Prediction, RuleShadowHit, ShadowJudgement
from classifier.policies.active_policies import shadow_rules_for, shadows_for
from classifier.policies.judging import Judged

logger = logging.getLogger(__name__)


def judge_silently(
    judged: Mapping[int, Judged], predictions: Sequence[Prediction], model_version: ModelVersion
) -> None:
    """Store how the drafts judge these verdicts, once the transaction that wrote them is committed.

    `judged` is by the comment's id; what could not be judged is left out.
    """
    transaction.on_commit(partial(_judge, judged, predictions, model_version))
    transaction.on_commit(partial(_count_hits, judged, predictions))


def _judge(
    judged: Mapping[int, Judged], predictions: Sequence[Prediction], model_version: ModelVersion
) -> None:
    try:
        rows = [
            row
            for prediction in predictions
            for row in _rows(judged[prediction.comment_id], prediction, model_version)
        ]
        if rows:
            ShadowJudgement.objects.bulk_create(rows, ignore_conflicts=True)
    except Exception as error:
        logger.warning("A shadow policy failed; its judgements on some comments are missing: %s", error)


def _count_hits(judged: Mapping[int, Judged], predictions: Sequence[Prediction]) -> None:
    try:
        hits = [hit for prediction in predictions for hit in _hits(judged[prediction.comment_id])]
        if hits:
            RuleShadowHit.objects.bulk_create(hits, ignore_conflicts=True)
    except Exception as error:
        logger.warning("A rule in shadow mode failed; its hits in some comments are missing: %s", error)


def _rows(judged: Judged, prediction: Prediction, model_version: ModelVersion) -> list[ShadowJudgement]:
    if judged.hits is None:
        return []
    rows = []
    for shadow in shadows_for(judged.comment.source_id):
        # A draft leaves the thresholds of single languages as they are.
        own = judged.policy.has_own_bands(prediction.language)
        judge = (
            judged.policy.judge_in(model_version, prediction.language)
            if own
            else shadow.judge_for(model_version)
        )
        after = judge.judge(
            prediction.scores,
            judged.hits,
            judged.policy.unread(prediction),
            judged.policy.concern_of(prediction),
        )
        rows.append(
            ShadowJudgement(
                shadow_policy_id=shadow.pk,
                prediction=prediction,
                before=judged.band,
                after=after.band,
                automatic=judged.policy.is_automatic(judged.band),
                changed=after.band != judged.band,
            )
        )
    return rows


def _hits(judged: Judged) -> list[RuleShadowHit]:
    """Return what the rules in shadow mode hit in a comment, and the band that each would have made."""
    comment = judged.comment
    rules = shadow_rules_for(comment.source_id)
    if not len(rules):
        return []
    return [
        RuleShadowHit(
            rule_id=hit.rule.key,
            comment_id=comment.pk,
            before=judged.band,
            after=_after(judged.band, hit.band),
        )
        for hit in judged.policy.hits(rules, comment.text, comment.text_format, judged.facts)
    ]


def _after(band: str, hit: str) -> str:
    if hit == APPROVE:
        return APPROVE if band == REVIEW else band
    return max(band, hit, key=RANK.__getitem__)
