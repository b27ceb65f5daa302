"""What a page says about how a comment was read: its format, and what the policy left out."""

from classifier.models import Comment, TextFormat
from classifier.policies.active_policies import CurrentPolicy, policy_for


def format_note(comment: Comment) -> str:
    """Return for example "HTML, without its quotes and code"; empty for plain text that is read whole."""
    return format_note_of(comment.text, comment.text_format, policy_for(comment.source_id))


def format_note_of(text: str, text_format: str, policy: CurrentPolicy) -> str:
    """Return the same for a text that is not stored; `text_format` is empty where the policy says it."""
    text_format = text_format or policy.text_format
    left_out = policy.read(text, text_format).left_out(policy.leave_out)
    kinds = sorted({part.kind for part in left_out}, key=policy.leave_out.index)
    if not kinds:
        return "" if text_format == TextFormat.TEXT else str(TextFormat(text_format).label)
    *first, last = kinds
    without = f"{', '.join(first)} and {last}" if first else last
    return f"{TextFormat(text_format).label}, without its {without}"
