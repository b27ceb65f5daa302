"""What a page says about how a comment was read: its format, and what the policy left out."""

from classifier.models import Comment, TextFormat
from classifier.policies.active_policies import policy_for


def format_note(comment: Comment) -> str:
    """Return for example "HTML, without its quotes and code"; empty for plain text that is read whole."""
    policy = policy_for(comment.source_id)
    text_format = comment.text_format or policy.text_format
    left_out = policy.read(comment.text, text_format).left_out(policy.leave_out)
    kinds = sorted({part.kind for part in left_out}, key=policy.leave_out.index)
    if not kinds:
        return "" if text_format == TextFormat.TEXT else str(TextFormat(text_format).label)
    *first, last = kinds
    without = f"{', '.join(first)} and {last}" if first else last
    return f"{TextFormat(text_format).label}, without its {without}"
