"""The texts of comments as the model reads them, so that it learns from what it will be given."""

from classifier.inference.normalise import NormalisedText
from classifier.policies.active_policies import policy_for


def text_as_read(text: str, text_format: str, source_id: int) -> NormalisedText:
    """Return what the model reads of a comment's text, by its format and the policy of its source."""
    return policy_for(source_id).for_scoring(text, text_format)
