"""Drafts of policies judge what was just classified, silently: the same probabilities and rule hits, other bands.

It comes after the verdict is committed and announced, and whatever goes wrong here is logged and left. Where no draft
runs nothing is asked of the database; else one insert a batch keeps what they said.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial

from django.db import transaction

from classifier.models import ModelVersion, Prediction, ShadowJudgement
from classifier.policies.active_policies import shadows_for
from classifier.policies.judging import Judged

logger = logging.getLogger(__name__)


def judge_silently(
    judged: Mapping[int, Judged], predictions: Sequence[Prediction], model_version: ModelVersion
) -> None:
    """Keep what the drafts say of these verdicts, once the transaction that wrote them is committed.

    `judged` is by the comment's id; what could not be judged is left out.
    """
    transaction.on_commit(partial(_judge, judged, predictions, model_version))


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


def _rows(one: Judged, prediction: Prediction, model_version: ModelVersion) -> list[ShadowJudgement]:
    if one.hits is None:
        return []
    rows = []
    for shadow in shadows_for(one.comment.source_id):
        after = shadow.judge_for(model_version).judge(prediction.scores, one.hits).band
        rows.append(
            ShadowJudgement(
                shadow_policy_id=shadow.pk,
                prediction=prediction,
                before=one.band,
                after=after,
                automatic=one.policy.is_automatic(one.band),
                changed=after != one.band,
            )
        )
    return rows
