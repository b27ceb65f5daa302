"""The names that other services give to what the labels of a model say (the Jigsaw names; a model has some of them)."""

import re
from collections.abc import Mapping

PERSPECTIVE: Mapping[str, str] = {
    "TOXICITY": "toxic",
    "SEVERE_TOXICITY": "severe_toxic",
    "IDENTITY_ATTACK": "identity_hate",
    "INSULT": "insult",
    "PROFANITY": "obscene",
    "THREAT": "threat",
}
_ATTRIBUTE = re.compile(r"([A-Z_]+?)(?:_EXPERIMENTAL)?(?:@[0-9A-Za-z._-]{1,32})?\Z")

# Each category and the labels that say something about it; the other categories nobody has taught the model.
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


def label_of_attribute(name: str) -> str | None:
    """The label that Perspective's attribute asks for; `NAME@version` and `NAME_EXPERIMENTAL` ask for the same one."""
    match = _ATTRIBUTE.match(name)
    return PERSPECTIVE.get(match.group(1)) if match else None
