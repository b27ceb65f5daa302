"""The reads of the classifier."""

from classifier.selectors.comments import comment_detail, comments_visible_to

__all__ = ["comment_detail", "comments_visible_to"]
