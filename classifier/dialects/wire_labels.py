"""The labels of a model that stand for what each wire format names: attributes of Perspective, categories of OpenAI."""

from classifier.dialects.labels import OPENAI, PERSPECTIVE
from classifier.models import Wire


def labels_by_attribute(wire: str) -> dict[str, tuple[str, ...]]:
    """{attribute: labels} of a wire; a score under the attribute is the highest of its labels'."""
    if wire == Wire.PERSPECTIVE:
        return {name: (label,) for name, label in PERSPECTIVE.items()}
    return {name: labels for name, labels in OPENAI.items() if labels}
