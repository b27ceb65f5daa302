"""What the policies and rules in force say of scored texts; the worker, the score call and previews all ask here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifier.inference.bands import Judgement
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
    judged = []
    for item in items:
        policy = policy_for(item.source_id)
        hits = rules_for(item.source_id).hits(item.text)
        judged.append((policy, policy.judge_for(model_version).judge(item.scores, hits)))
    return judged
