"""The names of other services for the labels of a model (the Jigsaw names; a model has some of them)."""

import re
from collections.abc import Mapping

from classifier.models import Wire

PERSPECTIVE: Mapping[str, str] = {
    "TOXICITY": "toxic",
    "SEVERE_TOXICITY": "severe_toxic",
    "IDENTITY_ATTACK": "identity_hate",
    "INSULT": "insult",
    "PROFANITY": "obscene",
    "THREAT": "threat",
}
# Real attributes of Perspective that no label covers: experimental ones, the New York Times set, the
# bridging and the persuasion set. MissingAttributes says what replies contain instead.
UNCOVERED = frozenset(
    (
        *(
            "TOXICITY_FAST",
            "SEXUALLY_EXPLICIT",
            "FLIRTATION",
            "SPAM",
            "OBSCENE",
            "INCOHERENT",
            "INFLAMMATORY",
        ),
        *("ATTACK_ON_AUTHOR", "ATTACK_ON_COMMENTER", "LIKELY_TO_REJECT", "UNSUBSTANTIAL"),
        *("ATTACK_ON_PUBLISHER", "OFF_TOPIC"),  # in Google's older generated clients
        *("AFFINITY", "COMPASSION", "CONSTRUCTIVE", "CURIOSITY", "NUANCE", "PERSONAL_STORY", "REASONING"),
        *("RESPECT", "ALIENATION", "FEARMONGERING", "GENERALIZATION", "MORAL_OUTRAGE", "POWER_APPEAL"),
        *("SCAPEGOATING",),
    )
)
# What moderation systems send to suggestscore instead of an attribute: the outcome of the comment, and its meaning
# for the model's primary label.
STATUSES: Mapping[str, float] = {"APPROVED": 0.0, "HIGHLIGHTED": 0.0, "DELETED": 1.0, "REJECTED": 1.0}
_ATTRIBUTE = re.compile(r"([A-Z_]+?)(?:_EXPERIMENTAL)?(?:@[0-9A-Za-z._-]{1,32})?\Z")

# Each category and the labels that cover it; no model has learned the other categories.
OPENAI: Mapping[str, tuple[str, ...]] = {
    "harassment": ("toxic", "insult"),
    "harassment/threatening": ("threat",),
    "hate": ("identity_hate",),
    "hate/threatening": (),
    "illicit": (),
    "illicit/violent": (),
    "self-harm": (),
    "self-harm/intent": (),
    "self-harm/instructions": (),
    "sexual": (),
    "sexual/minors": (),
    "violence": ("threat",),
    "violence/graphic": (),
}


def base_of_attribute(name: str) -> str:
    """Return the attribute without version and suffix: `SPAM` of `SPAM_EXPERIMENTAL@2`; "" if it cannot be a name."""
    match = _ATTRIBUTE.match(name)
    return match.group(1) if match else ""


def label_of_attribute(name: str) -> str | None:
    """Return the label of an attribute of Perspective; `NAME@version` and `NAME_EXPERIMENTAL` have the same one."""
    return PERSPECTIVE.get(base_of_attribute(name))


def is_attribute(name: str) -> bool:
    """Say whether Perspective has this attribute, whether or not a label covers it."""
    base = base_of_attribute(name)
    return base in PERSPECTIVE or base in UNCOVERED


def labels_by_attribute(wire: str) -> dict[str, tuple[str, ...]]:
    """Return {attribute: labels} of a wire format; the score of an attribute is the highest of its labels."""
    if wire == Wire.PERSPECTIVE:
        return {name: (label,) for name, label in PERSPECTIVE.items()}
    return {name: labels for name, labels in OPENAI.items() if labels}
