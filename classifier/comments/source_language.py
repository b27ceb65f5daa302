"""The language of a source's comments, as an operator sets it."""

from typing import Any

from django.db import transaction

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import InvalidInput, ValidationProblem, language_problem
from classifier.inference.language import base_language, normal_tag
from classifier.model_versions.assembly import forget
from classifier.models import Source, User


def source_language_set(*, source: Source, language: Any, fixed: bool, by: User | None) -> None:
    """Set the usual language of a source ("" for none); workers follow within seconds.

    With `fixed` every text counts as being in it; else it counts where the language of a text is not clear. Languages
    that senders state go before both. Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.change_source")
    require_source(by, source)
    problem = language_problem(language)
    if problem is not None:
        raise InvalidInput([problem])
    tag = base_language(normal_tag(language)) if language else ""
    if fixed and not tag:
        message = "Name the language that every comment is in."
        raise InvalidInput([ValidationProblem("language", message, "required")])
    before = {"language": source.language, "fixed": source.language_fixed}
    with transaction.atomic():
        source.language, source.language_fixed = tag, fixed
        source.save(update_fields=["language", "language_fixed"])
        audit_record(
            verb="source.language",
            by=by,
            source=source,
            subject=source.slug,
            data={"before": before, "after": {"language": tag, "fixed": fixed}},
        )
        transaction.on_commit(forget)
    forget()
