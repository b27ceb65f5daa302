"""The tables of the history: how the filters narrow each of them, and how its rows become entries."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from classifier.core.audit import audit_label
from classifier.core.visibility import seen_by, unlooked
from classifier.models import (
    AuditEntry,
    CommentEvent,
    Decision,
    DecisionAction,
    ModelVersionEvent,
    Policy,
    User,
)
from classifier.models.comment import event_title

SYSTEM = "system"
KINDS = {
    "decision": "Decisions",
    "comment": "Comments",
    "version": "Model versions",
    "policy": "Policies",
    "audit": "Audit",
}
RANKS = {kind: rank for rank, kind in enumerate(KINDS)}
Values = dict[str, Any]


@dataclass(frozen=True)
class HistoryFilters:
    """The filters of the history; all that are set must match.

    `actor` is a username or SYSTEM, `source` a slug, `version` a model version. `deed` is an action (approve), a status
    reached (classified) or the beginning of an audit verb (export). Kinds of rows that have no column for a filter are
    left out.
    """

    kind: str = ""
    deed: str = ""
    actor: str = ""
    source: str = ""
    version: str = ""
    comment: int | None = None
    language: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def to_data(self) -> dict[str, Any]:
        """Return the filters that are set, as JSON can hold them."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in vars(self).items()
            if value not in ("", None)
        }


@dataclass(frozen=True)
class Entry:
    """One row of any of the tables; `deed` is the code of what was done, `what` says it in words."""

    kind: str
    id: int
    at: datetime
    actor: str | None
    deed: str
    what: str
    comment: int | None = None
    source: str | None = None
    version: str | None = None
    policy: int | None = None
    subject: str = ""
    language: str = ""
    reason: str = ""
    data: Values = field(default_factory=dict)

    @property
    def key(self) -> tuple[datetime, int, int]:
        return self.at, RANKS[self.kind], self.id

    @property
    def cursor(self) -> str:
        return f"{self.at.isoformat()}~{self.kind}~{self.id}"

    @property
    def data_text(self) -> str:
        return json.dumps(self.data, ensure_ascii=False, default=str, indent=1)

    @property
    def kind_title(self) -> str:
        return {"comment": "Comment", "decision": "Decision", "version": "Model version"}.get(
            self.kind, self.kind.capitalize()
        )


def _by(path: str, actor: str) -> Q:
    return Q(**{f"{path}__isnull": True}) if actor == SYSTEM else Q(**{f"{path}__username": actor})


def _decisions(filters: HistoryFilters, user: User | None) -> QuerySet[Decision] | None:
    rows = Decision.objects.filter(seen_by(user, "comment__source"), unlooked(user, "comment"))
    if filters.deed:
        rows = rows.filter(action=filters.deed)
    if filters.actor:
        rows = rows.filter(_by("by", filters.actor))
    if filters.source:
        rows = rows.filter(comment__source__slug=filters.source)
    if filters.version:
        rows = rows.filter(prediction__model_version__version=filters.version)
    if filters.comment is not None:
        rows = rows.filter(comment=filters.comment)
    if filters.language:
        rows = rows.filter(prediction__language=filters.language)
    return rows


def _read_decision(row: Values) -> Entry:
    names = ("labels", "automatic", "bulk_id", "undoes_id")
    action = str(row["action"])
    return Entry(
        kind="decision",
        id=row["id"],
        at=row["created_at"],
        actor=row["by__username"],
        deed=action,
        what=f"{DecisionAction(action).label}{' by its policy' if row['automatic'] else ''}",
        comment=row["comment_id"],
        source=row["comment__source__slug"],
        version=row["prediction__model_version__version"],
        language=row["prediction__language"] or "",
        policy=row["policy__version"],
        subject=row["reason"],
        reason=row["note"],
        data={name: row[name] for name in names if row[name]},
    )


def _comment_events(filters: HistoryFilters, user: User | None) -> QuerySet[CommentEvent] | None:
    rows = CommentEvent.objects.filter(seen_by(user, "comment__source"), unlooked(user, "comment"))
    if filters.deed:
        rows = rows.filter(new=filters.deed)
    if filters.actor:
        rows = rows.filter(_by("actor", filters.actor))
    if filters.source:
        rows = rows.filter(comment__source__slug=filters.source)
    if filters.version:
        rows = rows.filter(reason=f"scored by {filters.version}")
    if filters.language:
        rows = rows.filter(comment__current_prediction__language=filters.language)
    if filters.comment is not None:
        rows = rows.filter(comment=filters.comment)
    return rows


def _read_comment_event(row: Values) -> Entry:
    return Entry(
        kind="comment",
        id=row["id"],
        at=row["created_at"],
        actor=row["actor__username"],
        deed=row["new"],
        what=event_title(row["old"], row["new"], row["reason"]),
        comment=row["comment_id"],
        source=row["comment__source__slug"],
        reason=row["reason"],
    )


def _change(row: Values) -> str:
    return str(row["new"]) if row["old"] == row["new"] else f"{row['old']} → {row['new']}"


def _version_events(filters: HistoryFilters, user: User | None) -> QuerySet[ModelVersionEvent] | None:
    if filters.source or filters.comment is not None:
        return None
    rows = ModelVersionEvent.objects.all()
    if filters.language:
        rows = rows.filter(language=filters.language)
    if filters.deed:
        rows = rows.filter(new=filters.deed)
    if filters.actor:
        rows = rows.filter(_by("actor", filters.actor))
    if filters.version:
        rows = rows.filter(model_version__version=filters.version)
    return rows


def _read_version_event(row: Values) -> Entry:
    return Entry(
        kind="version",
        id=row["id"],
        at=row["created_at"],
        actor=row["actor__username"],
        deed=row["new"],
        what=f"{_change(row)} for {row['language']}" if row["language"] else _change(row),
        language=row["language"],
        version=row["model_version__version"],
        subject=row["model_version__version"],
        reason=row["reason"],
    )


def _policies(filters: HistoryFilters, user: User | None) -> QuerySet[Policy] | None:
    if filters.version or filters.language or filters.comment is not None or filters.deed not in ("", "save"):
        return None
    condition = seen_by(user)
    rows = Policy.objects.filter(condition | Q(source__isnull=True) if condition else Q())
    if filters.actor:
        rows = rows.filter(_by("created_by", filters.actor))
    if filters.source:
        rows = rows.filter(source__slug=filters.source)
    return rows


def _read_policy(row: Values) -> Entry:
    return Entry(
        kind="policy",
        id=row["id"],
        at=row["created_at"],
        actor=row["created_by__username"],
        deed="save",
        what=f"Version {row['version']} saved",
        source=row["source__slug"],
        policy=row["version"],
        subject=row["source__slug"] or "the whole site",
        reason=row["note"],
        data={"bands": row["bands"], "automatic": row["automatic"]},
    )


def _audit(filters: HistoryFilters, user: User | None) -> QuerySet[AuditEntry] | None:
    if filters.language or filters.comment is not None:
        return None
    condition = seen_by(user)
    rows = AuditEntry.objects.filter(condition | Q(actor=user) if condition else Q())
    if filters.deed:
        rows = rows.filter(verb__startswith=filters.deed)
    if filters.actor:
        rows = rows.filter(_by("actor", filters.actor))
    if filters.source:
        rows = rows.filter(source__slug=filters.source)
    if filters.version:
        rows = rows.filter(data__version=filters.version)
    return rows


def _read_audit(row: Values) -> Entry:
    count = "" if row["count"] is None else f" ({row['count']:,})"
    key = {"api_key": row["api_key__prefix"]} if row["api_key__prefix"] else {}
    return Entry(
        kind="audit",
        id=row["id"],
        at=row["created_at"],
        actor=row["actor__username"],
        deed=row["verb"],
        what=f"{audit_label(row['verb'])}{count}",
        source=row["source__slug"],
        subject=row["subject"],
        data={**row["data"], **key, **({} if row["count"] is None else {"count": row["count"]})},
    )


@dataclass(frozen=True)
class Branch:
    kind: str
    rows: Callable[[HistoryFilters, User | None], QuerySet[Any] | None]
    read: Callable[[Values], Entry]
    columns: tuple[str, ...]


def _columns(written: str) -> tuple[str, ...]:
    return tuple(written.split())


BRANCHES = (
    Branch(
        "decision",
        _decisions,
        _read_decision,
        _columns(
            "by__username action reason note labels automatic bulk_id undoes_id comment_id comment__source__slug"
            " prediction__model_version__version prediction__language policy__version"
        ),
    ),
    Branch(
        "comment",
        _comment_events,
        _read_comment_event,
        _columns("actor__username old new reason comment_id comment__source__slug"),
    ),
    Branch(
        "version",
        _version_events,
        _read_version_event,
        _columns("actor__username old new reason language model_version__version"),
    ),
    Branch(
        "policy",
        _policies,
        _read_policy,
        _columns("created_by__username version source__slug note bands automatic"),
    ),
    Branch(
        "audit",
        _audit,
        _read_audit,
        _columns("actor__username api_key__prefix verb source__slug subject count data"),
    ),
)
