"""What the policies and rules in force say of scored texts; the worker, the score call and previews all ask here."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifier.inference.bands import APPROVE, REMOVE, Judgement
from classifier.models import ModelVersion
from classifier.services.in_force import CurrentPolicy, policy_for, rules_for


@dataclass(frozen=True)
class Scored:
    """A text with its scores, of a source (None: of no source that is known, so the site's own policy counts)."""

    source_id: int | None
    text: str
    scores: Mapping[str, float]


def judge_scored(
    items: Sequence[Scored], model_version: ModelVersion
) -> list[tuple[CurrentPolicy, Judgement]]:
    """The policy in force and its judgement for each item, in order; at most one statement, mostly none."""
    sources = {item.source_id for item in items}
    in_force = {source: (policy_for(source), rules_for(source)) for source in sources}
    judged = []
    for item in items:
        policy, rules = in_force[item.source_id]
        hits = rules.hits(item.text)
        judged.append((policy, policy.judge_for(model_version).judge(item.scores, hits)))
    return judged


def lift_of(policy: CurrentPolicy, judged: Judgement, model_version: ModelVersion) -> float | None:
    """The least score of the primary label that says what the policy says of this text; None where it is approved.

    That is the policy's threshold of the band for that label. Where the policy has none for `remove` its threshold for
    `review` counts, and where it has neither, the label's own.
    """
    if judged.band == APPROVE:
        return None
    primary = model_version.primary_label
    limits = next((each for each in policy.judge_for(model_version).limits if each.label == primary), None)
    drawn = []
    if limits is not None:
        drawn = [limits.remove, limits.review] if judged.band == REMOVE else [limits.review]
    own = float(model_version.thresholds[primary])
    return next((threshold for threshold in drawn if math.isfinite(threshold)), own)
