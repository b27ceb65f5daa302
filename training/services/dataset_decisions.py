"""Moderators' decisions, frozen into a data set."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from classifier.models import User
from training.ml.frozen.rows import text_digest
from training.models import Dataset, DatasetKind
from training.selectors.datasets import decisions_standing
from training.services.errors import DatasetRejected
from training.services.freezing import check_new, dataset_store, incoming_folder, run_child

FEWEST = 20  # decisions; fewer teach nothing and cannot be split
TOXIC = "toxic"


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
    golden: bool = False,
    description: str = "",
) -> Dataset:
    """Freeze what moderators have decided and nobody has undone; escalating and skipping decide nothing.

    Approved comments are not toxic, removed ones are; corrected labels say what the moderator said, all others are
    unknown. `sources` are slugs (all where empty), `since` and `until` bound the time of the decision; `automatic`
    adds what policies decided by themselves, `golden` the comments that moderators are measured with. Comments with
    the same text count once, with the latest decision. The hash of the text decides the split. Raises DatasetRejected,
    also where there are too few decisions, and PermissionDenied.
    """
    name = check_new(name=name, by=by)
    for share, what in ((test_share, "test_share"), (validation_share, "validation_share")):
        if not 0 < share <= 0.5:
            raise DatasetRejected(what, "A share is above 0 and at most 0.5.")
    if not 0 < weight <= 1_000:
        raise DatasetRejected("weight", "A weight is above 0 and at most 1,000.")
    with incoming_folder() as folder:
        found = _write_rows(
            folder / "rows.jsonl",
            decisions_standing(sources=sources, since=since, until=until, automatic=automatic, golden=golden),
            weight,
        )
        found.check()
        job = {
            "reader": "rows",
            "path": str((folder / "rows.jsonl").resolve()),
            "labels": found.labels,
            "left_out": {"duplicates": found.repeated} if found.repeated else {},
            "test_share": test_share,
            "validation_share": validation_share,
        }
        report = run_child(job, folder)
        report["statistics"]["decisions"] = {
            "approved": found.approved,
            "removed": found.removed,
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
    repeated: int = 0
    last_id: int = 0

    def check(self) -> None:
        """Raise DatasetRejected with fewer decisions than can teach anything, or of one kind only."""
        total = self.approved + self.removed
        if total < FEWEST:
            there = "There are no decisions" if not total else f"There are {total} decisions"
            raise DatasetRejected(
                "",
                f"{there} on different texts here; at least {FEWEST} are needed. Decide on more comments, or choose "
                "more sources or a longer time.",
            )
        if not self.approved or not self.removed:
            missing = "removed" if self.approved else "approved"
            raise DatasetRejected(
                "", f"No comment was {missing}, and a model learns from both. Decide on more comments first."
            )


def _write_rows(path: Path, decisions: Iterator[dict[str, Any]], weight: float) -> _Found:
    """Write one line for each text, with its latest decision; `decisions` come newest first."""
    found = _Found()
    seen: set[bytes] = set()
    kept: list[dict[str, Any]] = []
    for decision in decisions:
        found.last_id = max(found.last_id, decision["id"])
        digest = text_digest(decision["comment__text"])
        if digest in seen:
            found.repeated += 1
            continue
        seen.add(digest)
        removed = decision["action"] == "remove"
        labels = {TOXIC: int(removed), **{k: int(v) for k, v in decision["labels"].items()}}
        found.removed += removed
        found.approved += not removed
        found.labels += [label for label in labels if label not in found.labels]
        kept.append(
            {
                "text": decision["comment__text"],
                "labels": labels,
                "source": decision["comment__source__slug"],
                "comment_id": decision["comment_id"],
                "weight": weight,
            }
        )
    with path.open("w", encoding="utf-8") as file:
        for row in reversed(kept):  # oldest first: new decisions come at the end
            row["targets"] = [row["labels"].get(label, -1) for label in found.labels]
            del row["labels"]
            file.write(json.dumps(row) + "\n")
    return found
