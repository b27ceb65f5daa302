"""Keep a compared call as an example: as a known answer, or as a suggestion that a dataset can include."""

from collections.abc import Iterable

from django.db import transaction

from classifier.core.errors import NotPossibleNow
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import Comment, DecisionAction, GoldenItem, ReferenceCall, Suggestion, TextFormat, User
from classifier.policies.active_policies import policy_for
from classifier.quality.golden import golden_add
from classifier.references.pairs import text_of
from classifier.scoring.score_texts import TextProblem, score_texts
from classifier.scoring.store_scored import scored_comment_store
from classifier.suggestions.services import suggestion_create

NO_TEXT = "The text of this call is not kept (any more)."
NO_SOURCE = "This call belongs to no source, so its text can become no comment."
ADD_GOLDEN = "classifier.add_goldenitem"


def call_golden_add(*, call: ReferenceCall, expected: str, by: User | None, deadline: float) -> GoldenItem:
    """Make the text of a call a known answer: `expected` is approve or remove.

    Where the call stored no comment, its text becomes one of its source, with the verdict of the version in production.
    It does not wait in the queue, because its answer is known. Raises InvalidInput, PermissionDenied, NotPossibleNow if
    there is no text, and what score_texts raises.
    """
    require_permission(by, ADD_GOLDEN)
    if expected not in (DecisionAction.APPROVE, DecisionAction.REMOVE):
        problem = ValidationProblem("expected", "This must be approve or remove.", "invalid_choice")
        raise InvalidInput([problem])
    text = _text(call)
    if call.comment is not None:
        return golden_add(comment=call.comment, expected=expected, by=by, note=_note(call))
    source = call.source
    if source is None:
        raise NotPossibleNow(NO_SOURCE)
    require_source(by, source)
    policy, text_format = policy_for(source.pk), _text_format(call)
    scored = score_texts(
        texts=[text],
        read=lambda text: policy.for_scoring(text, text_format),
        source_id=source.pk,
        deadline=deadline,
    )[0]
    if isinstance(scored, TextProblem):
        raise NotPossibleNow(scored.message)
    with transaction.atomic():
        row = ReferenceCall.objects.select_for_update(of=("self",)).get(pk=call.pk)
        if row.comment_id is not None:  # somebody else has added it meanwhile
            call.refresh_from_db()
            return call_golden_add(call=call, expected=expected, by=by, deadline=deadline)
        comment = scored_comment_store(
            text=text, text_format=text_format, scored=scored, source=source, by=by
        )
        Comment.objects.filter(pk=comment.pk).update(queued_at=None, queue_reasons=[])
        ReferenceCall.objects.filter(pk=call.pk).update(comment=comment)
        comment.refresh_from_db()
        item = golden_add(comment=comment, expected=expected, by=by, note=_note(call))
    call.refresh_from_db()
    return item


def call_suggest(*, call: ReferenceCall, labels: Iterable[str], toxic: bool, by: User | None) -> Suggestion:
    """Suggest what the labels of a call's text should be: all of `labels`, or none of them; once a call.

    A dataset made of decisions can include suggestions. Raises InvalidInput, PermissionDenied, and NotPossibleNow
    where there is no text or there is a suggestion already.
    """
    text = _text(call)
    if call.source is None and call.comment is None:
        raise NotPossibleNow(NO_SOURCE)
    with transaction.atomic():
        ReferenceCall.objects.select_for_update(of=("self",)).get(
            pk=call.pk
        )  # concurrent suggestions take turns
        if Suggestion.objects.filter(context__reference_call=call.pk, rejected_at__isnull=True).exists():
            raise NotPossibleNow("There is a suggestion made of this call already.")
        return suggestion_create(
            labels=dict.fromkeys(labels, 1.0 if toxic else 0.0),
            text=text,
            source=call.source if call.source is not None else "",
            comment=call.comment,
            context={"reference_call": call.pk},
            by=by,
        )


def _text(call: ReferenceCall) -> str:
    text = text_of(call)
    if not text:
        raise NotPossibleNow(NO_TEXT)
    return text


def _text_format(call: ReferenceCall) -> str:
    """Return how a call's text is written: a file says it, the text of a live call is kept as it is read."""
    return str(call.transfer.options.get("text_format", "")) if call.transfer is not None else TextFormat.TEXT


def _note(call: ReferenceCall) -> str:
    other = call.service.name if call.service is not None else "a file of old scores"
    return f"From the comparison with {other}"
