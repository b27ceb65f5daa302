"""What was sent and what the site answered: the account that the database is held against afterwards."""

import threading
from collections import Counter
from dataclasses import dataclass, field

SOURCE = "chaos"
UNEXPECTED = (400, 401, 403, 404, 500, 502)


@dataclass
class Ledger:
    """Counts by kind of call, and the names of everything that was accepted. Used by several threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    sent: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)  # single tries: most are repeated, then accepted
    during: str = "the start"  # the last fault
    unexpected: list[str] = field(default_factory=list)  # answers that no fault excuses
    reasons: Counter[str] = field(default_factory=Counter)  # why, by status
    comments: dict[str, int] = field(default_factory=dict)  # external id: the id that the site gave
    conflicting: list[str] = field(default_factory=list)  # external ids that got two different ids
    decisions: dict[str, int] = field(default_factory=dict)  # note: the decision's id
    uploads: dict[int, list[str]] = field(default_factory=dict)  # import: external ids of its rows
    received: Counter[str] = field(default_factory=Counter)  # id of a webhook message: how often it came

    def count(self, what: Counter[str], kind: str, number: int = 1) -> None:
        with self.lock:
            what[kind] += number

    def refuse(self, kind: str, status: int, number: int = 1) -> None:
        """Count a try that was not accepted; status 0: no answer came."""
        with self.lock:
            self.refused[kind] += number
            if status in UNEXPECTED:
                self.unexpected.append(f"{kind} got {status} during or after {self.during}")
            self.reasons[f"{kind} {status or 'without an answer'}"] += 1

    def comment_accepted(self, external_id: str, comment_id: int) -> None:
        with self.lock:
            if self.comments.setdefault(external_id, comment_id) != comment_id:
                self.conflicting.append(external_id)
        self.count(self.accepted, "comments")

    def decision_accepted(self, note: str, decision_id: int) -> None:
        with self.lock:
            self.decisions[note] = decision_id
        self.count(self.accepted, "decisions")

    def upload_accepted(self, transfer_id: int, external_ids: list[str]) -> None:
        with self.lock:
            self.uploads[transfer_id] = external_ids
        self.count(self.accepted, "uploaded rows", len(external_ids))

    def message_received(self, message_id: str) -> None:
        with self.lock:
            self.received[message_id] += 1
