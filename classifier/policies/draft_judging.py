"""Shadow mode of policies: drafts judge newly classified comments by the same scores and rule hits, with other bands.

This runs after the verdict is committed and announced, and errors here are only logged. If no draft runs, it makes no
query; otherwise one insert for each batch stores the judgements.
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
    """Store how the drafts judge these verdicts, once the transaction that wrote them is committed.

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
