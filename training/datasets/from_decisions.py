"""Datasets from moderators' decisions, and from suggestions that came in through the API."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from classifier.core.visibility import sources_of, visible_sources
from classifier.models import Suggestion, User
from training.core.errors import DatasetRejected
from training.datasets.dataset_builder import (
    NOTHING_HELD_OUT,
    HoldOut,
    check_new,
    dataset_store,
    incoming_folder,
    run_child,
)
from training.datasets.decision_summary import teaching_suggestions
from training.datasets.label_corrections import fixes_by_text
from training.datasets.selectors import decisions_standing, known_answer_texts
from training.ml.file_format.rows import text_digest
from training.models import Dataset, DatasetKind

FEWEST = 20  # decisions; fewer teach nothing and cannot be split
TOXIC = "toxic"
SUGGESTED_FROM = 0.5  # a suggested score at or above this says that the label holds
COUNTED = ("approved", "removed", "suggested", "corrected", "marked", "fixed")
REASONS_LEFT_OUT = ("duplicates", "edited", "golden")
Fix = tuple[datetime, str, int]
"""When a label was corrected, which one, and its value."""


def _seen(sources: Sequence[str], by: User | None) -> Sequence[str]:
    """Return the slugs to read: those asked for, else all that `by` sees; empty means every source.

    Raises DatasetRejected for one that `by` does not see.
    """
    if sources_of(by) is None:
        return sources
    seen = sorted(visible_sources(by).values_list("slug", flat=True))
    if unknown := sorted(set(sources) - set(seen)):
        raise DatasetRejected("sources", f"There is no source {unknown[0]} that you see.")
    if not seen:
        raise DatasetRejected("sources", "You see no source. An administrator gives you one under Users.")
    return sources or seen


def dataset_from_all_decisions(*, by: User | None) -> Dataset:
    """Build a dataset of every decision and suggestion as it stands now, with the usual shares and a name of its own.

    Raises what dataset_from_decisions raises.
    """
    return dataset_from_decisions(
        name=f"Decisions {unused_stamp()}",
        suggestions=True,
        by=by,
        description="Created with one click: all sources, without known answers and automatic decisions.",
    )


def unused_stamp(what: str = "Decisions") -> str:
    """Return the ending of a name that begins with `what` and that no dataset has yet, such as 2026-11-24 09:12."""
    stamp = f"{timezone.now():%Y-%m-%d %H:%M}"
    taken = Dataset.objects.filter(name__startswith=f"{what} {stamp}").count()
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
    language: str = "",
    other_than: str = "",
    hold_out: HoldOut = NOTHING_HELD_OUT,
) -> Dataset:
    """Build a dataset of what moderators have decided and nobody has undone; escalating and skipping decide nothing.

    Approved comments are not toxic, removed ones are; corrected labels are those that the moderator set, all others are
    unknown. `sources` are slugs (all that `by` sees where empty), `since` and `until` bound the time of the decision;
    `automatic` adds what policies decided by themselves, `suggestions` what others sent through the API and nobody
    rejected.
    Comments with the same text count once, with the latest decision, and a decision outweighs every suggestion. Left
    out are known answers and every text that one has, purged texts, and texts edited after they were decided: nobody
    has judged those as they are. Marked words come along as spans; a label that somebody has corrected in a dataset
    after the decision goes in as corrected. The hash of the text decides the split.

    `language` leaves the decisions about texts in one language, `other_than` those about texts in all others; texts
    whose language is not clear are in neither. `hold_out` names sources whose rows become test rows. Raises
    DatasetRejected, also where there are too few decisions, and PermissionDenied.
    """
    name = check_new(name=name, by=by)
    sources = _seen(sources, by)
    for share, what in ((test_share, "test_share"), (validation_share, "validation_share")):
        if not 0 < share <= 0.5:
            raise DatasetRejected(what, "A share must be above 0 and at most 0.5.")
    if not 0 < weight <= 1_000:
        raise DatasetRejected("weight", "A weight must be above 0 and at most 1,000.")
    with incoming_folder() as folder:
        rows = RowWriter(known_answers=known_answer_texts(), fixes=fixes_by_text(), weight=weight)
        standing = decisions_standing(
            sources=sources,
            since=since,
            until=until,
            automatic=automatic,
            language=language,
            other_than=other_than,
        )
        for decision in standing:
            rows.add_decision(decision)
        if suggestions:
            for suggestion in reversed(list(teaching_suggestions(sources=sources, since=since, until=until))):
                rows.add_suggestion(suggestion)
        rows.check()
        rows.write(folder / "rows.jsonl")
        job = {
            "reader": "rows",
            "path": str((folder / "rows.jsonl").resolve()),
            "labels": rows.labels,
            "left_out": rows.left_out(),
            "test_share": test_share,
            "validation_share": validation_share,
            "hold_out": hold_out.job(),
        }
        report = run_child(job, folder)
        report["statistics"]["decisions"] = rows.statistics()
        if language:
            report["statistics"]["language"] = language
        return dataset_store(
            folder=folder,
            report=report,
            name=name,
            kind=DatasetKind.DECISIONS,
            origin=", ".join(sources)[:500] or "all sources",
            description=description,
            created_by=by,
        )


class RowWriter:
    """Collects one row for each text, with its latest decision, else its latest suggestion, and writes them.

    Decisions come newest first, then suggestions newest first: of equal texts the first stays. Nothing that is a known
    answer goes in. `fixes` are labels that people have corrected in datasets, by the text's digest; they outweigh what
    was decided before them.
    """

    def __init__(
        self, *, known_answers: Iterable[str], fixes: Mapping[str, Iterable[Fix]], weight: float
    ) -> None:
        self.known_answers = {text_digest(text) for text in known_answers}
        self.fixes, self.weight = fixes, weight
        self.labels = [TOXIC]
        self.last_decision_id = 0
        self.counts: Counter[str] = Counter()
        self._rows: list[dict[str, Any]] = []
        self._digests: set[bytes] = set()

    def add_decision(self, decision: Mapping[str, Any]) -> None:
        """Take a decision as `selectors.decisions_standing` yields it."""
        if decision["edited"]:
            self.counts["edited"] += 1
            return
        self.last_decision_id = max(self.last_decision_id, decision["id"])
        removed = decision["action"] == "remove"
        taken = self._add(
            decision["comment__text"],
            {TOXIC: int(removed), **{label: int(value) for label, value in decision["labels"].items()}},
            at=decision["created_at"],
            source=decision["comment__source__slug"],
            comment_id=decision["comment_id"],
            marks=decision["marks"],
        )
        if taken:
            self.counts["removed" if removed else "approved"] += 1
            self.counts["corrected"] += bool(decision["labels"])
            self.counts["marked"] += bool(decision["marks"])

    def add_suggestion(self, suggestion: Suggestion) -> None:
        labels = {label: int(float(score) >= SUGGESTED_FROM) for label, score in suggestion.labels.items()}
        self.counts["suggested"] += self._add(
            suggestion.text,
            labels,
            at=suggestion.created_at,
            source=suggestion.source.slug,
            comment_id=suggestion.comment_id or 0,
        )

    def _add(
        self,
        text: str,
        labels: dict[str, int],
        *,
        at: datetime,
        source: str,
        comment_id: int,
        marks: Sequence[Mapping[str, int]] = (),
    ) -> bool:
        """Take a text unless it is a known answer or a repetition; return whether it goes in."""
        digest = text_digest(text)
        if digest in self.known_answers:
            self.counts["golden"] += 1
            return False
        if digest in self._digests:
            self.counts["duplicates"] += 1
            return False
        self._digests.add(digest)
        later = {label: value for fixed_at, label, value in self.fixes.get(digest.hex(), ()) if fixed_at > at}
        self.counts["fixed"] += any(labels.get(label) != value for label, value in later.items())
        labels = {**labels, **later}
        self.counts["toxic"] += labels.get(TOXIC) == 1
        self.labels += [label for label in labels if label not in self.labels]
        spans = [[mark["begin"], mark["end"]] for mark in marks]
        row = {"text": text, "labels": labels, "source": source, "comment_id": comment_id}
        self._rows.append({**row, "weight": self.weight, "marks": spans})
        return True

    def check(self) -> None:
        """Raise DatasetRejected with fewer rows than can teach anything, or of one kind only."""
        total, toxic = len(self._rows), self.counts["toxic"]
        if total < FEWEST:
            there = "There are no decisions" if not total else f"There are {total} decisions"
            raise DatasetRejected(
                "",
                f"{there} on different texts here; at least {FEWEST} are needed. Decide about more comments, or choose "
                "more sources or a longer time.",
            )
        if toxic in (0, total):
            missing = "approved" if toxic else "removed"
            raise DatasetRejected(
                "",
                f"No comment was {missing}, and a model learns from both. Decide about more comments first.",
            )

    def write(self, path: Path) -> None:
        """Write a line for each row, the oldest first: new decisions come at the end."""
        with path.open("w", encoding="utf-8") as file:
            for row in reversed(self._rows):
                labels = row.pop("labels")
                row["targets"] = [labels.get(label, -1) for label in self.labels]
                file.write(json.dumps(row) + "\n")

    def left_out(self) -> dict[str, int]:
        """Count the texts that did not go in, by reason."""
        return {reason: self.counts[reason] for reason in REASONS_LEFT_OUT if self.counts[reason]}

    def statistics(self) -> dict[str, int]:
        """Count what went in, for the dataset's page and for what is new afterwards."""
        return {**{name: self.counts[name] for name in COUNTED}, "last_decision_id": self.last_decision_id}
