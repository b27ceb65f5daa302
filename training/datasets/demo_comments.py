"""Demo comments: rows of the shipped sample in a source of their own, to look around with before a site is connected.

They go the way of any comment: the worker scores them, the policy judges them, people find them in the queue. Removing
them erases their texts as an author is erased; the numbers that they left in the statistics of `demo` stay.
"""

from typing import Any

from django.conf import settings
from django.db import transaction

from classifier.comments.submission import comments_submit
from classifier.core.audit import audit_record
from classifier.models import Comment, Source, User
from classifier.models.comment import CommentQuerySet
from classifier.privacy.services import author_erase
from toxicsite.lib.upsert import get_or_insert
from training.core.errors import NotAllowedNow

DEMO = "demo"
NAME = "Demo comments"
AUTHOR = "shipped-sample"
"""Who wrote them, so that one erasure takes them all."""
TOXIC, HARMLESS = 20, 40


def demo_load(*, by: User | None) -> int:
    """Submit rows of the shipped sample to the source `demo`; return how many.

    Raises NotAllowedNow while there are some already, and PermissionDenied.
    """
    if demo_comments().exists():
        raise NotAllowedNow("The demo comments are here already; remove them first.")
    with transaction.atomic():
        source, _ = get_or_insert(Source.objects.all(), slug=DEMO, defaults={"name": NAME})
        items = [{"text": text, "author_ref": AUTHOR, "language": "en"} for text in _texts()]
        stored = comments_submit(items=items, source=source, by=by)
        audit_record(verb="demo.load", by=by, source=source, subject=DEMO, count=len(stored))
    return len(stored)


def demo_remove(*, by: User | None) -> int:
    """Erase the demo comments and take them out of the queue; return how many there were. Raises PermissionDenied."""
    source = Source.objects.filter(slug=DEMO).first()
    if source is None:
        return 0
    return author_erase(author=AUTHOR, source=source, by=by).comments


def demo_comments() -> CommentQuerySet:
    """Select the demo comments that were not removed."""
    return Comment.objects.filter(source__slug=DEMO, author_ref=AUTHOR)


def demo_count() -> int:
    return demo_comments().count()


def _texts() -> list[str]:
    """Return rows for learning, never those that measure versions; toxic ones lie among the harmless."""
    import pyarrow.parquet as parquet

    table = parquet.read_table(settings.SAMPLE_DATASET_DIR / "train.parquet", columns=["text", "toxic"])
    rows: list[dict[str, Any]] = table.to_pylist()
    toxic = iter([row["text"] for row in rows if row["toxic"]][:TOXIC])
    texts = []
    for index, text in enumerate([row["text"] for row in rows if not row["toxic"]][:HARMLESS]):
        texts.append(text)
        if index % 2:
            texts.append(next(toxic))
    return texts
