"""The comparison that the project exists for, as a page: recorded runs in, table, bars and sentences out.

A recorded run is one JSON file that `manage.py experiment record` wrote: the card of the run, its provenance and the
report of its evaluation, without any comment text. The same files always give the same page.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from toxicsite.lib.files import write_text
from training.ml.artifact.export import without_folders
from training.ml.recipes.registry import RECIPES

TEXT_PARTS = ("errors", "label_issues")  # of a report: they quote comments, and stay in the database
METRICS = ("roc_auc", "pr_auc", "f1", "precision", "recall", "accuracy", "ece")


class RecordError(ValueError):
    """A file among the recorded runs cannot be read; the message names it."""


@dataclass(frozen=True)
class RecordedRun:
    """One line of the comparison; `order` sorts lines, `group` puts runs on the same rows together."""

    name: str
    title: str
    group: str
    order: int
    teacher: str | None
    recipe: str
    card: dict[str, Any]
    report: dict[str, Any]

    def metric(self, name: str, label: str | None = None) -> dict[str, float]:
        """Return {"value", "low", "high"} of a metric of the first label (or `label`) on the test rows."""
        metrics: dict[str, dict[str, dict[str, float]]] = self.report["metrics"]
        return metrics[label or self.report["labels"][0]].get(name, {})

    def value(self, name: str) -> float:
        return float(self.metric(name)["value"])

    @property
    def speed(self) -> dict[str, Any]:
        return dict(self.report.get("speed") or {})

    @property
    def size(self) -> dict[str, Any]:
        """Return bytes, parameters and trained parameters; most recipes train every weight."""
        size = dict(self.report.get("size") or {})
        if size.get("trainable_parameters") is None and self.trained_every_weight:
            size["trainable_parameters"] = size.get("parameters")
        return size

    @property
    def trained_every_weight(self) -> bool:
        return self.recipe in RECIPES and RECIPES[self.recipe].trains_every_weight

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": 1,
            "name": self.name,
            "title": self.title,
            "group": self.group,
            "order": self.order,
            "teacher": self.teacher,
            "recipe": self.recipe,
            "card": without_folders(self.card),
            "report": {key: value for key, value in self.report.items() if key not in TEXT_PARTS},
        }


def save_recorded(run: RecordedRun, folder: Path) -> Path:
    """Write `run` into `folder` as NAME.json, without the parts that quote comments; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run.name}.json"
    write_text(path, json.dumps(_without_texts(run.to_dict()), indent=1, sort_keys=True) + "\n")
    return path


def load_recorded(folder: Path) -> list[RecordedRun]:
    """Return the recorded runs of `folder` in the order of the page. Raises RecordError."""
    runs = []
    for path in sorted(folder.glob("*.json")):
        try:
            values = json.loads(path.read_text())
            runs.append(RecordedRun(**{part.name: values[part.name] for part in fields(RecordedRun)}))
        except (json.JSONDecodeError, KeyError) as error:
            raise RecordError(f"{path.name} is not a recorded run: {error}") from None
    return sorted(runs, key=lambda run: (run.group, run.order, run.name))


def _without_texts(value: Any) -> Any:
    """Drop every `text` and `words` that a part of the report may quote, wherever it stands."""
    if isinstance(value, Mapping):
        return {
            k: _without_texts(v) for k, v in value.items() if k not in ("text", "words", "cases", "worst")
        }
    if isinstance(value, list):
        return [_without_texts(item) for item in value]
    return value


@dataclass(frozen=True)
class Bar:
    """Something that the comparison must show, and whether it does."""

    sentence: str
    passed: bool


def judge(runs: Sequence[RecordedRun]) -> list[Bar]:
    """Return the bars of the comparison that these runs can answer: ROC-AUC on the test rows, first label."""
    by_name = {run.name: run for run in runs}
    bars: list[Bar] = []
    teacher, tfidf = by_name.get("teacher"), by_name.get("tfidf")
    students = [run for run in runs if run.teacher == "teacher" and run.trained_every_weight]
    if teacher and students:
        best = max(students, key=lambda run: run.value("roc_auc"))
        gap = teacher.value("roc_auc") - best.value("roc_auc")
        bars.append(
            Bar(
                f"best student ({best.title}) within 0.003 ROC-AUC of its teacher: "
                f"{best.value('roc_auc'):.4f} against {teacher.value('roc_auc'):.4f}, {_gap(gap)}",
                gap <= 0.003,
            )
        )
    lora = by_name.get("lora")
    if teacher and lora:
        gap = teacher.value("roc_auc") - lora.value("roc_auc")
        bars.append(
            Bar(
                f"tuned LoRA within 0.002 ROC-AUC of full fine-tuning: {lora.value('roc_auc'):.4f} against "
                f"{teacher.value('roc_auc'):.4f}, {_gap(gap)}",
                gap <= 0.002,
            )
        )
    if tfidf:
        below = [
            run.title
            for run in runs
            if run.group == teacher_group(runs)
            and run.recipe not in ("majority", "tfidf")
            and run.value("roc_auc") <= tfidf.value("roc_auc")
        ]
        bars.append(
            Bar(
                f"every run above TF-IDF with logistic regression{_learned(tfidf)}: ROC-AUC "
                f"{tfidf.value('roc_auc'):.4f}" + (f"; below it: {', '.join(below)}" if below else ""),
                not below,
            )
        )
    return bars


def _learned(baseline: RecordedRun) -> str:
    notes = baseline.report.get("notes") or []
    return f" ({notes[0]})" if notes else ""


def teacher_group(runs: Sequence[RecordedRun]) -> str | None:
    return next((run.group for run in runs if run.name == "teacher"), None)


def _gap(gap: float) -> str:
    return f"{gap:.4f} below" if gap > 0 else f"{-gap:.4f} above"


def comparison_table(runs: Sequence[RecordedRun]) -> str:
    """Return the Markdown table of these runs: quality with 95 % intervals, then size and speed."""
    head = (
        "| run | ROC-AUC | F1 | precision | recall | accuracy | PR-AUC | ECE | parameters | trained | MB | "
        "p50 ms | texts/s |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|---|---|---|---|---|"]
    for run in runs:
        cells = [
            run.title,
            *(
                _interval(run.metric(name), digits)
                for name, digits in (("roc_auc", 4), ("f1", 3), ("precision", 3), ("recall", 3))
            ),
            _interval(run.metric("accuracy"), 4),
            _plain(run.metric("pr_auc"), 3),
            _plain(run.metric("ece"), 3),
            _millions(run.size.get("parameters")),
            _millions(run.size.get("trainable_parameters")),
            _scaled(run.size.get("bytes"), 1e6),
            _scaled(run.speed.get("latency_ms_p50"), 1),
            _scaled(run.speed.get("texts_per_second"), 1),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def short_table(runs: Sequence[RecordedRun]) -> str:
    """Return the Markdown table of the few numbers that tell these runs apart at a glance."""
    lines = ["| run | ROC-AUC | F1 | parameters | texts/s |", "|---|---|---|---|---|"]
    for run in runs:
        cells = [
            run.title,
            _plain(run.metric("roc_auc"), 4),
            _plain(run.metric("f1"), 3),
            _millions(run.size.get("parameters")),
            _scaled(run.speed.get("texts_per_second"), 1),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _interval(metric: Mapping[str, float], digits: int) -> str:
    if "value" not in metric:
        return "-"
    text = f"{metric['value']:.{digits}f}"
    if "low" in metric and "high" in metric:
        text += f" ({metric['low']:.{digits}f} to {metric['high']:.{digits}f})"
    return text


def _plain(metric: Mapping[str, float], digits: int) -> str:
    return f"{metric['value']:.{digits}f}" if "value" in metric else "-"


def _millions(count: float | None) -> str:
    if count is None:
        return "-"
    return f"{count / 1e6:.1f} M" if count >= 1e6 else f"{count:,.0f}"


def _scaled(value: float | None, by: float) -> str:
    return "-" if value is None else f"{value / by:.1f}"
