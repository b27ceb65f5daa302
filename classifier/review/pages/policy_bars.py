"""The probabilities of a comment in the queue beside the thresholds of the policy that judged it."""

import math
from dataclasses import dataclass

from classifier.inference.bands import Limits
from classifier.inference.language import base_language
from classifier.models import Comment
from classifier.policies.active_policies import judge_of, policy_for
from classifier.web.formatting import label_title, percent, svg_length


@dataclass(frozen=True)
class PolicyBar:
    """One label's probability; a threshold is None where the policy has none, so that it is never reached."""

    label: str
    probability: float
    review: float | None
    remove: float | None

    @property
    def title(self) -> str:
        return label_title(self.label)

    @property
    def band(self) -> str:
        """The band that this label alone would put the comment into."""
        if self.remove is not None and self.probability >= self.remove:
            return "remove"
        return "review" if self.review is not None and self.probability >= self.review else ""

    @property
    def percent(self) -> str:
        return percent(self.probability)

    @property
    def width(self) -> str:
        return svg_length(self.probability)

    @property
    def ticks(self) -> list[str]:
        """Where the thresholds lie on the bar."""
        return [svg_length(value) for value in (self.review, self.remove) if value is not None]

    @property
    def review_percent(self) -> str:
        return "" if self.review is None else percent(self.review)

    @property
    def remove_percent(self) -> str:
        return "" if self.remove is None else percent(self.remove)


def policy_bars(comment: Comment) -> list[PolicyBar]:
    """Return the bars in the model's order of labels: by the policy that judged the comment, else the one in force."""
    prediction = comment.current_prediction
    if prediction is None:
        return []
    version, current = prediction.model_version, policy_for(comment.source_id)
    if comment.policy is None or comment.policy_id == current.pk:
        judge = current.judge_in(version, prediction.language)  # which is kept for each version
    else:
        earlier = comment.policy
        bands = (earlier.language_bands or {}).get(base_language(prediction.language), earlier.bands)
        judge = judge_of(bands, version)
    limits = {row.label: row for row in judge.limits}
    scores = prediction.scores
    labels = [label for label in version.labels if label in scores]
    labels += [label for label in scores if label not in labels]
    return [_bar(label, float(scores[label]), limits.get(label)) for label in labels]


def _bar(label: str, score: float, limits: Limits | None) -> PolicyBar:
    review, remove = (limits.review, limits.remove) if limits is not None else (math.inf, math.inf)
    return PolicyBar(
        label,
        score,
        review if math.isfinite(review) else None,
        remove if math.isfinite(remove) else None,
    )
