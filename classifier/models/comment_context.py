"""What a comment answers to, as its sender sent it: shown to moderators, never scored."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class ContextKind(models.TextChoices):
    ARTICLE = "article", "The article"
    PARENT = "parent", "The comment it answers"
    BEFORE = "before", "Said before"


class CommentContext(models.Model):
    """Only of comments that came with one; forgotten with the comment's own text.

    `entries`: [{"kind": a ContextKind, "text": …}, …], in the order they were sent. `session_ref` is the sender's own
    name for a session. `text_hashes` are those of the entries: what an author is forgotten by as a quoted one.
    """

    comment = models.OneToOneField(
        "classifier.Comment", on_delete=models.PROTECT, primary_key=True, related_name="context"
    )
    entries = models.JSONField(default=list)
    session_ref = models.CharField(max_length=200, blank=True)
    text_hashes = ArrayField(models.BigIntegerField(), default=list, editable=False)

    class Meta:
        indexes = [GinIndex(fields=["text_hashes"], name="commentcontext_texts")]

    def __str__(self) -> str:
        return f"context of comment {self.comment_id}"
