"""Moderators' decisions, and suggestions that came in through the API, frozen into a dataset."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from classifier.models import Suggestion, User
from training.core.errors import DatasetRejected
from training.datasets.correction_selectors import fixes_by_text
from training.datasets.dataset_builder import check_new, dataset_store, incoming_folder, run_child
from training.datasets.decision_summary import teaching_suggestions
from training.datasets.selectors import decisions_standing, golden_texts
from training.ml.frozen.rows import text_digest
from training.models import Dataset, DatasetKind

FEWEST = 20  # decisions; fewer teach nothing and cannot be split
TOXIC = "toxic"
SUGGESTED_FROM = 0.5  # a suggested score at or above this says that the label holds


def dataset_freeze(*, by: User | None) -> Dataset:
    """One click: every decision and suggestion as it stands now, with the usual shares, under a name of its own.

    Raises as dataset_from_decisions does.
    """
    return dataset_from_decisions(
        name=f"Decisions {free_stamp()}",
        suggestions=True,
        by=by,
        description="Created with one click: all sources, without known answers and automatic decisions.",
    )


def free_stamp() -> str:
    """A name's ending that no dataset of decisions has yet, such as 2026-11-24 09:12."""
    stamp = f"{timezone.now():%Y-%m-%d %H:%M}"
    taken = Dataset.objects.filter(name__startswith=f"Decisions {stamp}").count()
    return f"{stamp} ({taken + 1})" if taken else stamp


def dataset_from_decisions(
    *,
    name: str,
    by: User | None,
    test_share: float = 0.1,
    validation_share: float = 0.1,
    weight: float = 1.0,
    sources: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    automatic: bool = False,
    suggestions: bool = False,
    description: str = "",
) -> Dataset:
    """Freeze what moderators have decided and nobody has undone; escalating and skipping decide nothing.

    Approved comments are not toxic, removed ones are; corrected labels say what the moderator said, all others are
    unknown. `sources` are slugs (all where empty), `since` and `until` bound the time of the decision; `automatic`
    adds what policies decided by themselves, `suggestions` what others sent through the API and nobody rejected.
    Comments with the same text count once, with the latest decision, and a decision outweighs every suggestion. Left
    out are known answers and every text that one has, purged texts, and texts edited after they were decided: nobody
    has judged those as they are. Marked words come along as spans; a label that somebody has corrected in a dataset
    after the decision goes in as corrected. The hash of the text decides the split. Raises DatasetRejected, also where
    there are too few decisions, and PermissionDenied.
    """
    name = check_new(name=name, by=by)
    for share, what in ((test_share, "test_share"), (validation_share, "validation_share")):
        if not 0 < share <= 0.5:
            raise DatasetRejected(what, "A share must be above 0 and at most 0.5.")
    if not 0 < weight <= 1_000:
        raise DatasetRejected("weight", "A weight must be above 0 and at most 1,000.")
    with incoming_folder() as folder:
        found = _write_rows(
            folder / "rows.jsonl",
            decisions_standing(sources=sources, since=since, until=until, automatic=automatic),
            teaching_suggestions(sources=sources, since=since, until=until) if suggestions else (),
            golden_texts(),
            fixes_by_text(),
            weight,
        )
        found.check()
        job = {
            "reader": "rows",
            "path": str((folder / "rows.jsonl").resolve()),
            "labels": found.labels,
            "left_out": found.left_out(),
            "test_share": test_share,
            "validation_share": validation_share,
        }
        report = run_child(job, folder)
        report["statistics"]["decisions"] = {
            "approved": found.approved,
            "removed": found.removed,
            "suggested": found.suggested,
            "corrected": found.corrected,
            "marked": found.marked,
            "fixed": found.fixed,
            "last_decision_id": found.last_id,
        }
        return dataset_store(
            folder=folder,
            report=report,
            name=name,
            kind=DatasetKind.DECISIONS,
            origin=", ".join(sources)[:500] or "all sources",
            description=description,
            created_by=by,
        )


@dataclass
class _Found:
    labels: list[str] = field(default_factory=lambda: [TOXIC])
    approved: int = 0
    removed: int = 0
    suggested: int = 0
    toxic: int = 0
    corrected: int = 0
    marked: int = 0
    fixed: int = 0
    repeated: int = 0
    edited: int = 0
    golden: int = 0
    last_id: int = 0

    def left_out(self) -> dict[str, int]:
        """How many rows did not go in, by reason."""
        counts = {"duplicates": self.repeated, "edited": self.edited, "golden": self.golden}
        return {reason: count for reason, count in counts.items() if count}

    def check(self) -> None:
        """Raise DatasetRejected with fewer decisions than can teach anything, or of one kind only."""
        total = self.approved + self.removed + self.suggested
        if total < FEWEST:
            there = "There are no decisions" if not total else f"There are {total} decisions"
            raise DatasetRejected(
                "",
                f"{there} on different texts here; at least {FEWEST} are needed. Decide about more comments, or choose "
                "more sources or a longer time.",
            )
        if self.toxic in (0, total):
            missing = "approved" if self.toxic else "removed"
            raise DatasetRejected(
                "",
                f"No comment was {missing}, and a model learns from both. Decide about more comments first.",
            )


def _write_rows(
    path: Path,
    decisions: Iterable[dict[str, Any]],
    suggestions: Iterable[Suggestion],
    measured_with: Iterable[str],
    fixes: Mapping[str, Iterable[tuple[datetime, str, int]]],
    weight: float,
) -> _Found:
    """Write one line for each text, with its latest decision, else its latest suggestion; `decisions` newest first.

    Nothing of `measured_with`, the texts of known answers, goes in. `fixes` are labels that people have corrected in
    datasets, by the text's digest; they outweigh what was said before.
    """
    found = _Found()
    seen: set[bytes] = set()
    golden = {text_digest(text) for text in measured_with}
    kept: list[dict[str, Any]] = []

    def keep(
        text: str,
        labels: dict[str, int],
        said_at: datetime,
        source: str,
        comment_id: int,
        marks: Sequence[dict[str, int]] = (),
    ) -> bool:
        digest = text_digest(text)
        if digest in golden:
            found.golden += 1
            return False
        if digest in seen:
            found.repeated += 1
            return False
        seen.add(digest)
        later = {label: value for at, label, value in fixes.get(digest.hex(), ()) if at > said_at}
        found.fixed += any(labels.get(label) != value for label, value in later.items())
        labels = {**labels, **later}
        found.toxic += labels.get(TOXIC) == 1
        found.labels += [label for label in labels if label not in found.labels]
        spans = [[mark["begin"], mark["end"]] for mark in marks]
        row = {"text": text, "labels": labels, "source": source, "comment_id": comment_id, "weight": weight}
        kept.append({**row, "marks": spans})
        return True

    for decision in decisions:
        if decision["edited"]:
            found.edited += 1
            continue
        found.last_id = max(found.last_id, decision["id"])
        removed = decision["action"] == "remove"
        labels = {TOXIC: int(removed), **{k: int(v) for k, v in decision["labels"].items()}}
        source, comment = decision["comment__source__slug"], decision["comment_id"]
        said_at, marks = decision["created_at"], decision["marks"]
        if keep(decision["comment__text"], labels, said_at, source, comment, marks):
            found.removed += removed
            found.approved += not removed
            found.corrected += bool(decision["labels"])
            found.marked += bool(decision["marks"])
    for suggestion in reversed(list(suggestions)):
        scores = suggestion.labels.items()
        labels = {label: int(float(score) >= SUGGESTED_FROM) for label, score in scores}
        source, comment = suggestion.source.slug, suggestion.comment_id or 0
        found.suggested += keep(suggestion.text, labels, suggestion.created_at, source, comment)
    with path.open("w", encoding="utf-8") as file:
        for row in reversed(kept):  # oldest first: new decisions come at the end
            row["targets"] = [row["labels"].get(label, -1) for label in found.labels]
            del row["labels"]
            file.write(json.dumps(row) + "\n")
    return found
