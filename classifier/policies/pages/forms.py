"""The form of a policy: what its page posts, as the fields that the service takes, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from classifier.core.validation import InvalidInput, ValidationProblem, whole_number
from classifier.inference.bands import LABELS_MAX, OF_THE_MODEL, PRIMARY
from classifier.models import FailMode
from classifier.web.formatting import label_title


@dataclass
class LabelRow:
    """One label with its thresholds as they are written: a number, empty (never) or "model"."""

    place: int
    label: str
    title: str
    review: str
    remove: str
    model_threshold: float | None = None
    errors: list[str] = field(default_factory=list)


@dataclass
class PolicyForm:
    """Everything that the page shows in its fields, with what is wrong with each."""

    rows: list[LabelRow]
    automatic: frozenset[str]
    fail_mode: str
    nudge_threshold: str
    reasons: str
    reason_required: bool
    appeal_days: str
    note: str = ""
    seen_version: int = 0
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def modes(self) -> list[tuple[str, str]]:
        return [(mode.value, str(mode.label)) for mode in FailMode]

    @property
    def problems(self) -> list[str]:
        """Everything that is wrong, for where the fields themselves are not drawn again."""
        of_rows = [f"{row.title}: {error}" for row in self.rows for error in row.errors]
        return of_rows + [error for errors in self.errors.values() for error in errors]

    def fields(self) -> dict[str, Any]:
        """What policy_save takes. Raises InvalidInput for what is not even a number."""
        problems: list[ValidationProblem] = []

        def number(text: str, name: str, whole: bool = False) -> Any:
            try:
                return int(text) if whole else float(text.replace(",", "."))
            except ValueError:
                what = "This must be a whole number." if whole else "This must be a number from 0 to 1."
                problems.append(ValidationProblem(name, what, "invalid"))
                return None

        def threshold(text: str, name: str) -> Any:
            if not text or text.casefold() == OF_THE_MODEL:
                return text.casefold() or None
            return number(text, name)

        bands = {
            row.label: {
                name: threshold(getattr(row, name), f"bands.{row.label}.{name}")
                for name in ("review", "remove")
            }
            for row in self.rows
            if row.review or row.remove
        }
        nudge = number(self.nudge_threshold, "nudge_threshold") if self.nudge_threshold else None
        days = number(self.appeal_days, "appeal_days", whole=True)
        if problems:
            raise InvalidInput(problems)
        return {
            "bands": bands,
            "automatic": sorted(self.automatic),
            "fail_mode": self.fail_mode,
            "nudge_threshold": nudge,
            "reasons": [_reason(line) for line in self.reasons.splitlines() if line.strip()],
            "reason_required": self.reason_required,
            "appeal_days": days,
        }

    def complain(self, error: InvalidInput) -> None:
        """Put each problem beside its field."""
        for problem in error.problems:
            parts = problem.field.split(".")
            row = next((row for row in self.rows if len(parts) > 1 and row.label == parts[1]), None)
            if parts[0] == "bands" and row is not None:
                what = f"{parts[-1].capitalize()}: " if len(parts) > 2 else ""
                row.errors.append(what + problem.message)
            else:
                name, _, place = parts[0].partition("[")
                line = f"{self._reason_at(int(place[:-1]))}: " if place else ""
                self.errors.setdefault(name, []).append(line + problem.message)

    def _reason_at(self, place: int) -> str:
        lines = [line.strip() for line in self.reasons.splitlines() if line.strip()]
        return f"\N{LEFT DOUBLE QUOTATION MARK}{lines[place]}\N{RIGHT DOUBLE QUOTATION MARK}"


def form_of(policy: Any, labels: Sequence[str], thresholds: Mapping[str, float], seen: int) -> PolicyForm:
    """The form filled from a policy (a row or the one in force); `labels` are those of the active model."""
    return PolicyForm(
        rows=_rows(policy.bands, labels, thresholds),
        automatic=frozenset(policy.automatic),
        fail_mode=policy.fail_mode,
        nudge_threshold=_text(policy.nudge_threshold),
        reasons="\n".join(f"{reason['code']}: {reason['title']}" for reason in policy.reasons),
        reason_required=policy.reason_required,
        appeal_days=str(policy.appeal_days),
        seen_version=seen,
    )


def form_posted(data: QueryDict, shown: PolicyForm) -> PolicyForm:
    """The form as it came back. Each row says which label it is for: meanwhile there may be others, elsewhere."""
    places = {str(data[f"label_{at}"]): at for at in range(LABELS_MAX) if f"label_{at}" in data}
    known = {row.label for row in shown.rows}
    gone = [
        label
        for label, at in places.items()
        if label not in known and (data.get(f"review_{at}") or data.get(f"remove_{at}"))
    ]
    rows = shown.rows + [
        LabelRow(len(shown.rows) + at, label, title_of(label), "", "") for at, label in enumerate(gone)
    ]
    for row in rows:
        place = places.get(row.label, None if places else row.place)
        row.review = data.get(f"review_{place}", "").strip()
        row.remove = data.get(f"remove_{place}", "").strip()
    seen = whole_number(data.get("seen_version"))
    return PolicyForm(
        rows=rows,
        automatic=frozenset(data.getlist("automatic")),
        fail_mode=data.get("fail_mode", ""),
        nudge_threshold=data.get("nudge_threshold", "").strip(),
        reasons=data.get("reasons", "").replace("\r\n", "\n"),
        reason_required=data.get("reason_required") == "1",
        appeal_days=data.get("appeal_days", "").strip(),
        note=data.get("note", ""),
        seen_version=shown.seen_version if seen is None else seen,
    )


def title_of(label: str) -> str:
    if label == PRIMARY:
        return "The model\N{RIGHT SINGLE QUOTATION MARK}s main label"
    return label_title(label)


def _rows(
    bands: Mapping[str, Mapping[str, Any]], labels: Sequence[str], thresholds: Mapping[str, float]
) -> list[LabelRow]:
    names = [*([PRIMARY] if PRIMARY in bands else []), *labels]
    names += [label for label in bands if label not in names]
    return [
        LabelRow(
            place,
            label,
            title_of(label),
            _text(bands.get(label, {}).get("review")),
            _text(bands.get(label, {}).get("remove")),
            thresholds.get(label),
        )
        for place, label in enumerate(names)
    ]


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else f"{value:g}"


def _reason(line: str) -> dict[str, str]:
    code, _, title = line.partition(":")
    return {"code": code.strip(), "title": title.strip() or code.strip()}
