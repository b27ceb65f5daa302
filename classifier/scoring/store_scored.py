"""Storage of a comment whose text was just scored synchronously, with exactly that verdict."""

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from classifier.comments.context import NO_CONTEXT, Context, contexts_store
from classifier.comments.submission import source_get_or_create
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import validate_comment
from classifier.model_versions.shadow import shadow_offer
from classifier.models import ApiKey, Comment, ModelVersion, Source, User
from classifier.scoring.pipeline import verdict_store
from classifier.scoring.score_texts import ScoredText


def scored_comment_store(
    *,
    text: str,
    text_format: str,
    scored: ScoredText,
    source: Source | str,
    context: Context = NO_CONTEXT,
    languages: Sequence[str] = (),
    by: User | None,
    api_key: ApiKey | None = None,
) -> Comment:
    """Store `text` as a classified comment: prediction, history, band and place in the queue as a worker writes them.

    `context` is what it answers to, `languages` are those that its sender states. Everything is stored or nothing.
    Raises InvalidInput, and PermissionDenied as comment_submit does.
    """
    item = validate_comment(text=text, text_format=text_format)
    require_permission(by, "classifier.add_comment")
    require_source(by, source)
    version = ModelVersion.objects.get(version=scored.model_version)
    with transaction.atomic():
        comment = Comment.objects.create(
            source=source_get_or_create(source),
            text=item.text,
            text_format=item.text_format,
            languages=[tag[:35] for tag in languages],
            submitted_by=by,
            api_key=api_key,
            claimed_at=timezone.now(),
            claim_token=uuid.uuid4(),
            attempts=1,
        )
        contexts_store([(comment, context)])
        shadow_offer(verdict_store(comment, scored, version))
    comment.refresh_from_db()
    return comment
