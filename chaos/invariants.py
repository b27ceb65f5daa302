"""What has to hold in the database once everything has settled, for all that was accepted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaos.ledger import SOURCE, Ledger

Rows = Callable[[str, Sequence[Any]], list[Any]]
SHOWN = 5


@dataclass
class Account:
    """By kind: how much was lost, doubled or is stuck; `examples` name some of it."""

    lost: dict[str, int] = field(default_factory=dict)
    doubled: dict[str, int] = field(default_factory=dict)
    stuck: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        return not any((*self.lost.values(), *self.doubled.values(), *self.stuck.values()))

    def note(self, what: dict[str, int], kind: str, which: Sequence[object], sentence: str) -> None:
        what[kind] = what.get(kind, 0) + len(which)
        if which:
            shown = ", ".join(map(str, list(which)[:SHOWN]))
            self.examples.append(f"{kind}: {len(which)} {sentence}: {shown}")


def unsettled(rows: Rows) -> int:
    """Return how much is still under way: comments without a verdict, imports, deliveries."""
    return int(
        rows(
            """SELECT (SELECT count(*) FROM classifier_comment c JOIN classifier_source s ON s.id = c.source_id
                       WHERE s.slug = %s AND c.status = 'pending')
                    + (SELECT count(*) FROM classifier_transfer WHERE status IN ('queued', 'running'))
                    + (SELECT count(*) FROM classifier_webhookdelivery WHERE status = 'waiting')""",
            [SOURCE],
        )[0][0]
    )


def account(rows: Rows, ledger: Ledger) -> Account:
    """Hold the database against the ledger."""
    result = Account()
    _comments(rows, ledger, result)
    _decisions(rows, ledger, result)
    _events(rows, ledger, result)
    return result


def _comments(rows: Rows, ledger: Ledger, result: Account) -> None:
    stored: dict[str, list[tuple[int, str]]] = {}
    for external_id, pk, status in rows(
        """SELECT c.external_id, c.id, c.status FROM classifier_comment c
           JOIN classifier_source s ON s.id = c.source_id WHERE s.slug = %s""",
        [SOURCE],
    ):
        stored.setdefault(external_id, []).append((pk, status))
    verdicts: dict[int, int] = dict(
        rows(
            """SELECT p.comment_id, count(*) FROM classifier_prediction p
               JOIN classifier_comment c ON c.id = p.comment_id JOIN classifier_source s ON s.id = c.source_id
               WHERE s.slug = %s GROUP BY 1""",
            [SOURCE],
        )
    )
    scored: dict[int, int] = dict(
        rows(
            """SELECT e.comment_id, count(*) FROM classifier_commentevent e
               JOIN classifier_comment c ON c.id = e.comment_id JOIN classifier_source s ON s.id = c.source_id
               WHERE s.slug = %s AND e.old = 'pending' AND e.new = 'classified' GROUP BY 1""",
            [SOURCE],
        )
    )
    uploaded = [external_id for ids in ledger.uploads.values() for external_id in ids]
    for kind, accepted in (("comments", list(ledger.comments)), ("uploaded rows", uploaded)):
        there = [name for name in accepted if name in stored]
        result.totals[kind] = len(there)
        result.note(result.lost, kind, [name for name in accepted if name not in stored], "are not stored")
        twice = [
            name
            for name in there
            if len(stored[name]) > 1
            or verdicts.get(stored[name][0][0], 0) > 1
            or scored.get(stored[name][0][0], 0) > 1
        ]
        result.note(result.doubled, kind, twice, "are stored or scored twice")
        without = [
            name
            for name in there
            if stored[name][0][1] not in ("classified", "decided") or not verdicts.get(stored[name][0][0])
        ]
        result.note(result.stuck, kind, without, "have no verdict")
    other = [name for name, pk in ledger.comments.items() if name in stored and stored[name][0][0] != pk]
    result.note(result.lost, "comments", other, "are stored under another id than was answered")
    result.note(result.doubled, "comments", ledger.conflicting, "were answered with two ids")
    imports: dict[int, str] = dict(rows("SELECT id, status FROM classifier_transfer", []))
    undone = [pk for pk in ledger.uploads if imports.get(pk) != "succeeded"]
    result.note(result.stuck, "uploaded rows", undone, "imports did not succeed")


def _decisions(rows: Rows, ledger: Ledger, result: Account) -> None:
    kept: dict[str, list[int]] = dict(
        rows(
            """SELECT note, array_agg(id) FROM classifier_decision
               WHERE note = ANY(%s) GROUP BY 1""",
            [list(ledger.decisions)],
        )
    )
    gone = [note for note, pk in ledger.decisions.items() if pk not in kept.get(note, [])]
    result.totals["decisions"] = len(kept)
    result.note(result.lost, "decisions", gone, "are not stored")
    twice = [note for note, ids in kept.items() if len(ids) > 1]
    result.note(result.doubled, "decisions", twice, "are stored twice")


def _events(rows: Rows, ledger: Ledger, result: Account) -> None:
    """Every comment's verdict is one event, and every event came at least once, under its own id."""
    events = {
        pk: (comment, status)
        for pk, comment, status in rows(
            """SELECT e.id::text, (e.data->>'comment_id')::bigint, d.status FROM classifier_webhookevent e
               JOIN classifier_webhookdelivery d ON d.event_id = e.id
               WHERE e.type = 'comment.classified'""",
            [],
        )
    }
    told: dict[int, int] = {}
    for comment, _ in events.values():
        told[comment] = told.get(comment, 0) + 1
    untold = [pk for pk in ledger.comments.values() if pk not in told]
    result.note(result.lost, "webhook events", untold, "comments have no event")
    twice = [comment for comment, number in told.items() if number > 1]
    result.note(result.doubled, "webhook events", twice, "comments have two events")
    received = ledger.received
    undelivered = [pk for pk in events if pk not in received]
    result.note(result.stuck, "webhook events", undelivered, "were not received")
    open_ones = [pk for pk, (_, status) in events.items() if status != "delivered"]
    result.note(result.stuck, "webhook events", open_ones, "are not marked as delivered")
    result.totals["webhook events"] = len(events)
