"""Whether a text is still the one that somebody judged: after an edit, a judgement is about words that nobody keeps."""

from django.db.models import F, Q


def edited_since(moment: str, *, comment: str = "comment__") -> Q:
    """Rows whose comment was edited after the time in the column `moment`; `comment` is the way to the comment."""
    return Q(**{f"{comment}edited_at__gt": F(moment)})


def edited_between(first: str, second: str, *, comment: str = "comment__") -> Q:
    """Rows whose comment was last edited after the time in `first` and not after that in `second`."""
    return edited_since(first, comment=comment) & Q(**{f"{comment}edited_at__lte": F(second)})
