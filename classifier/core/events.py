"""Events of the domain and their receivers: webhooks and the like subscribe without changes to the code that emits.

The services call `emit` inside their transaction. A receiver hears of it once that has committed, or, with `inside`,
within it, so that what it writes is there exactly when the change is. Nobody registered: nothing is done at all.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import transaction

from classifier.models import Decision

COMMENT_CLASSIFIED = "comment.classified"
COMMENT_DECIDED = "comment.decided"
COMMENT_HELD = "comment.held"
COMMENT_ESCALATED = "comment.escalated"
REPORT_ADDED = "report.added"
APPEAL_OPENED = "appeal.opened"
APPEAL_RESOLVED = "appeal.resolved"
MODEL_PROMOTED = "model.promoted"
EXPERIMENT_FINISHED = "experiment.finished"
DRIFT_WARNING = "drift.warning"
QUEUE_AGE = "queue.age"
QUEUE_GROWTH = "queue.growth"
WEBHOOK_GIVEN_UP = "webhook.given_up"  # for notices; no webhook tells of webhooks
NAMES = (
    COMMENT_CLASSIFIED,
    COMMENT_DECIDED,
    COMMENT_HELD,
    COMMENT_ESCALATED,
    REPORT_ADDED,
    APPEAL_OPENED,
    APPEAL_RESOLVED,
    MODEL_PROMOTED,
    EXPERIMENT_FINISHED,
    DRIFT_WARNING,
    QUEUE_AGE,
    QUEUE_GROWTH,
    WEBHOOK_GIVEN_UP,
)

Payload = Mapping[str, Any]
Receiver = Callable[[str, list[Payload]], Any]

_after: list[Receiver] = []
_inside: list[Receiver] = []


def register(receiver: Receiver, *, inside: bool = False) -> Callable[[], None]:
    """Call `receiver(name, payloads)` for every event; return a function that ends that.

    Payloads hold ids and codes, never the text of a comment. After the commit an error of a receiver is logged and
    harms nobody; an error of one with `inside` rolls the change back.
    """
    receivers = _inside if inside else _after
    receivers.append(receiver)
    return lambda: receivers.remove(receiver)


def listening() -> bool:
    """Return whether anybody listens, so that a caller can skip preparing an event that nobody gets."""
    return bool(_after or _inside)


def emit(name: str, *payloads: Payload) -> None:
    """Emit the event once for each of `payloads`, if the transaction of the caller commits."""
    if name not in NAMES:
        raise ValueError(f"{name!r} is no event; there are {', '.join(NAMES)}")
    if not payloads or not listening():
        return
    events = list(payloads)
    for receiver in tuple(_inside):
        receiver(name, events)
    for receiver in tuple(_after):
        transaction.on_commit(lambda receiver=receiver: receiver(name, events), robust=True)  # type: ignore[misc]


def emit_decided(decisions: Iterable[Decision]) -> None:
    """Emit that these decisions were made or undone; they know their comments, and these their sources."""
    if not listening():
        return
    payloads = [
        {
            "comment": decision.comment_id,
            "source": decision.comment.source_id,
            "decision": decision.pk,
            "action": str(decision.action),
            "reason": decision.reason,
            "automatic": decision.automatic,
            "undoes": decision.undoes_id,
        }
        for decision in decisions
    ]
    emit(COMMENT_DECIDED, *payloads)
