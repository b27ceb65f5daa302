"""Severities of Azure's categories, made of this site's scores: integers from 0 to 7.

A label has a base severity in its category. Below half of the label's own threshold it counts 0, from there on 1, from
the threshold on its base, and from half way between threshold and 1 one more. A category has the highest severity of
its labels; `Sexual` has no label here and is always 0.
"""

from collections.abc import Mapping

from classifier.inference.bands import REMOVE, REVIEW

HATE, SELF_HARM, SEXUAL, VIOLENCE = "Hate", "SelfHarm", "Sexual", "Violence"
CATEGORIES = (HATE, SELF_HARM, SEXUAL, VIOLENCE)
CONCERN = (
    "concern"  # the model's score that an author tells of their own hurt; its threshold is the model's own
)
# {category: {label: severity at the label's threshold}}. Azure counts insults and bullying as Hate 2.
BASES: Mapping[str, Mapping[str, int]] = {
    HATE: {"toxic": 2, "insult": 2, "identity_hate": 4, "severe_toxic": 6},
    SELF_HARM: {CONCERN: 4},
    SEXUAL: {},
    VIOLENCE: {"threat": 4},
}
LIFTED: Mapping[str, int] = {REVIEW: 4, REMOVE: 6}  # of Hate, where a key lifts scores


def severity_of(score: float, threshold: float, base: int) -> int:
    """Return the severity of one label's score."""
    if score < threshold / 2:
        return 0
    if score < threshold:
        return 1
    return base + (score >= (1 + threshold) / 2)


def severities(scores: Mapping[str, float], thresholds: Mapping[str, float]) -> dict[str, int]:
    """Return {category: severity from 0 to 7} for {label: probability} and {label: threshold}."""
    return {
        category: max(
            (
                severity_of(scores[label], thresholds[label], base)
                for label, base in BASES[category].items()
                if label in scores and label in thresholds
            ),
            default=0,
        )
        for category in CATEGORIES
    }


def uncovered(scores: Mapping[str, float]) -> list[str]:
    """List the categories that no score covers."""
    return [category for category in CATEGORIES if not BASES[category].keys() & scores.keys()]
