"""Reads of transfers: which ones a person sees, how far each is, and how long it will still take."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from classifier.inference.files.layout import DELIMITERS, Reading
from classifier.models import Transfer, User

LISTED = 50


@dataclass(frozen=True)
class Progress:
    """How far a transfer is; `share` (from 0 to 1) and `seconds_left` are None while they are unknown."""

    done: int
    total: int | None
    errors: int
    share: float | None
    rate: float | None
    seconds_left: float | None

    @property
    def percent(self) -> int:
        return int(100 * (self.share or 0))

    @property
    def sentence(self) -> str:
        if self.total is None and not self.done:
            return "looking at the file"
        parts = [f"{self.done:,}" + (f" of {self.total:,}" if self.total else "") + " rows"]
        if self.rate:
            parts.append(f"{self.rate:,.0f} a second")
        if self.seconds_left is not None:
            parts.append(f"{duration(self.seconds_left)} left")
        if self.errors:
            parts.append(f"{self.errors:,} not taken")
        return ", ".join(parts)


def transfers_seen_by(*, user: User) -> QuerySet[Transfer]:
    """Return imports and exports: all for people who see every source, otherwise their own."""
    rows = Transfer.objects.filter(kind__in=[Transfer.Kind.IMPORT, Transfer.Kind.EXPORT])
    rows = rows.select_related("by").order_by("-id")
    return rows if user.sees_all_sources else rows.filter(by=user)


def reading_shown(transfer: Transfer) -> dict[str, Any] | None:
    """Return how the file of an import is read, for people and programs; None for other transfers and old ones."""
    if transfer.kind != Transfer.Kind.IMPORT or "reading" not in transfer.options:
        return None
    reading, values = Reading.from_dict(transfer.options["reading"]), transfer.options.get("values", {})
    return {
        "preset": transfer.options.get("preset", ""),
        "encoding": reading.encoding,
        "delimiter": DELIMITERS.get(reading.delimiter, ""),
        "guard": "undo" if reading.unguard else "keep",
        "time_zone": values.get("time_zone") or "UTC",
        "dates": values.get("dates", ""),
        "decisions": values.get("decisions", {}),
        "columns": transfer.options.get("columns", {}),
    }


def progress_of(transfer: Transfer, now: datetime | None = None) -> Progress:
    """Return how far a transfer is; its rate is that of the present run."""
    done, total = transfer.done_rows, transfer.total_rows
    rate = None
    if (begun := _begun(transfer)) is not None:
        seconds = ((now or timezone.now()) - begun[0]).total_seconds()
        here = done - begun[1]
        rate = here / seconds if seconds > 0 and here > 0 else None
    left = (total - done) / rate if rate and total is not None else None
    share = min(1.0, done / total) if total else None
    return Progress(done, total, transfer.error_rows, share, rate, left)


def _begun(transfer: Transfer) -> tuple[datetime, int] | None:
    """Return when the present run began and how much was done then; a run of many turns counts as one."""
    if transfer.kind in (Transfer.Kind.RESCORE, Transfer.Kind.COMPARE):
        if transfer.finished_at is not None or "since" not in transfer.options:
            return None
        seconds, rows = transfer.options["since"]
        return datetime.fromtimestamp(seconds, UTC), rows
    if transfer.status != Transfer.Status.RUNNING or transfer.started_at is None:
        return None
    return transfer.started_at, transfer.options.get("began_rows", 0)


def duration(seconds: float) -> str:
    """Format a duration for people: 40 s, 3 min, 2 h 5 min."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
