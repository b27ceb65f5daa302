"""The form that starts a sweep: what a run's form asks, with what is to be searched and how."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from training.experiments.pages.forms import ExperimentForm
from training.ml.config import FieldInfo, dotted
from training.ml.search.objectives import TITLES, Objective, can_prune
from training.ml.search.space import searchable_fields, suggested_space
from training.sweeps.services import MOST_AT_ONCE, MOST_TRIALS

OBJECTIVES = [
    (name, TITLES[name]) for name in ("f1", "roc_auc", "pr_auc", "latency_ms", "size_mb", "parameters")
]
SAMPLERS = [
    ("tpe", "TPE: learns from the trials before"),
    ("random", "Random"),
    ("grid", "Grid: every combination"),
    ("nsga2", "NSGA-II: evolves, for several objectives"),
]
PRUNERS = [
    ("auto", "Automatic: median where it can be"),
    ("median", "Median: stop what is worse than half"),
    ("hyperband", "Hyperband"),
    ("halving", "Successive halving"),
    ("none", "None: every trial to its end"),
]
PARTS = ("on", "low", "high", "step", "log", "choices")


@dataclass(frozen=True)
class SpaceRow:
    """One field that may be searched, with its inputs; ranges only for numbers."""

    info: FieldInfo
    on: BoundField
    low: BoundField | None
    high: BoundField | None
    step: BoundField | None
    log: BoundField | None
    choices: BoundField
    suggested: bool

    @property
    def errors(self) -> list[str]:
        parts = (self.on, self.low, self.high, self.step, self.choices)
        return [str(error) for part in parts if part is not None for error in part.errors]


class SweepForm(ExperimentForm):
    """Fields of the configuration hold for every trial, except those that are searched."""

    objectives = forms.MultipleChoiceField(
        choices=OBJECTIVES,
        widget=forms.CheckboxSelectMultiple,
        initial=["f1"],
        label="What counts",
        error_messages={"required": "Choose at least one."},
    )
    trials = forms.IntegerField(min_value=1, max_value=MOST_TRIALS, initial=20, label="Trials")
    sampler = forms.ChoiceField(choices=SAMPLERS, initial="tpe", label="How values are chosen")
    pruner = forms.ChoiceField(
        choices=PRUNERS,
        initial="auto",
        label="Stop weak trials",
        help_text="Early, by their validation scores on the way; only with F1, ROC-AUC or PR-AUC alone.",
    )
    at_once = forms.IntegerField(
        min_value=1,
        max_value=MOST_AT_ONCE,
        initial=1,
        label="Trials at once",
        help_text="More pay only with several devices.",
    )
    train_best = forms.BooleanField(required=False, initial=True, label="Train the best in full afterwards")
    full_rows = forms.BooleanField(required=False, initial=True, label="Train in full on all rows")
    full_epochs = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1000,
        label="Epochs of a full training",
        help_text="Empty: as many as a trial.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        suggested = suggested_space(self.recipe.name)
        self.searchable = searchable_fields(self.recipe.name)
        self.suggested = set(suggested)
        for info in self.searchable:
            self._add_dimension(info, suggested.get(info.name, {}))
        if "loop.epochs" not in self.fields:
            del self.fields["full_epochs"]
        del self.fields["notes"]
        for name in ("trials", "sampler", "pruner", "at_once", "full_epochs"):
            if name in self.fields:
                self.fields[name].widget.attrs.setdefault("class", "input")
        self.fields["objectives"].widget.attrs.pop("class", None)

    def _add_dimension(self, info: FieldInfo, spec: Mapping[str, Any]) -> None:
        numbers = info.kind in ("number", "integer")
        common: dict[str, Any] = {"required": False}
        entry = {"class": "input", "autocomplete": "off"}
        made: dict[str, forms.Field] = {"on": forms.BooleanField(label="Search", **common)}
        if numbers:
            kind = forms.IntegerField if info.kind == "integer" else forms.FloatField
            for part in ("low", "high", "step"):
                made[part] = kind(
                    label=part.capitalize(),
                    widget=forms.TextInput(attrs={**entry, "inputmode": "decimal"}),
                    **common,
                )
            made["log"] = forms.BooleanField(label="Logarithmic", **common)
        made["choices"] = forms.CharField(
            label="Or choices" if numbers else "Choices",
            max_length=2_000,
            widget=forms.TextInput(attrs={**entry, "placeholder": _example(info)}),
            **common,
        )
        choices = spec.get("choices") or (info.choices if not numbers else ())
        first = {**spec, "on": bool(spec), "choices": _written(choices or _flags(info), info)}
        for part, field in made.items():
            field.widget.attrs["aria-label"] = f"{field.label}: {info.label}"
            field.initial = first.get(part)
            self.fields[f"space:{info.name}:{part}"] = field

    def space(self) -> dict[str, Any]:
        """Return the space of the rows that are switched on, for the service to check."""
        space: dict[str, Any] = {}
        for info in self.searchable:
            value = {part: self.cleaned_data.get(f"space:{info.name}:{part}") for part in PARTS}
            if not value["on"]:
                continue
            has_range = value["low"] is not None or value["high"] is not None
            if value["choices"] and not has_range:
                space[info.name] = {"type": "categorical", "choices": _read(value["choices"], info)}
            elif info.kind in ("number", "integer"):
                spec: dict[str, Any] = {
                    "type": "int" if info.kind == "integer" else "float",
                    "low": value["low"],
                    "high": value["high"],
                }
                if value["log"]:
                    spec["log"] = True
                if value["step"] is not None:
                    spec["step"] = value["step"]
                space[info.name] = spec
            else:
                space[info.name] = {"type": "categorical", "choices": []}
        return space

    def fixed(self) -> dict[str, Any]:
        """Return what every trial shares: the changed fields that are not searched."""
        space = self.space()
        return {name: value for name, value in dotted(self.differences()).items() if name not in space}

    def chosen_pruner(self) -> str:
        chosen = str(self.cleaned_data["pruner"])
        wanted = [Objective(metric) for metric in self.cleaned_data["objectives"]]
        return ("median" if can_prune(wanted) else "none") if chosen == "auto" else chosen

    def full(self) -> dict[str, Any]:
        """Return what changes when the best values are trained in full."""
        changes: dict[str, Any] = {}
        space = self.space()
        if self.cleaned_data["full_rows"] and "data.max_rows" not in space:
            changes["data.max_rows"] = None
        if (epochs := self.cleaned_data.get("full_epochs")) is not None and "loop.epochs" not in space:
            changes["loop.epochs"] = epochs
        return changes

    def reject(self, field: str, message: str) -> None:
        """Put a service's refusal into the row or beside the field that it names."""
        if f"space:{field}:on" in self.fields and self.cleaned_data.get(f"space:{field}:on"):
            self.add_error(f"space:{field}:on", message)
        else:
            super().reject(field, message)

    @property
    def search(self) -> list[BoundField]:
        return [self[name] for name in ("trials", "sampler", "pruner", "at_once")]

    @property
    def afterwards(self) -> list[BoundField]:
        return [self[name] for name in ("train_best", "full_rows", "full_epochs") if name in self.fields]

    @property
    def rows(self) -> list[SpaceRow]:
        """The suggested fields."""
        return [row for row in (self._row(info) for info in self.searchable) if row.suggested]

    @property
    def more_rows(self) -> list[SpaceRow]:
        return [row for row in (self._row(info) for info in self.searchable) if not row.suggested]

    @property
    def more_wrong(self) -> bool:
        return any(row.errors or row.on.value() for row in self.more_rows)

    def _row(self, info: FieldInfo) -> SpaceRow:
        def part(name: str) -> BoundField | None:
            full = f"space:{info.name}:{name}"
            return self[full] if full in self.fields else None

        return SpaceRow(
            info,
            self[f"space:{info.name}:on"],
            part("low"),
            part("high"),
            part("step"),
            part("log"),
            self[f"space:{info.name}:choices"],
            info.name in self.suggested,
        )


def _flags(info: FieldInfo) -> list[bool]:
    return [True, False] if info.kind == "flag" else []


def _example(info: FieldInfo) -> str:
    return "query,value; all" if info.kind == "list" else "one; another"


def _written(choices: Any, info: FieldInfo) -> str:
    """Write choices as people type them, separated by semicolons: a list field has commas of its own."""
    return "; ".join(
        json.dumps(c) if c is None or isinstance(c, bool) else f"{c:g}" if isinstance(c, float) else str(c)
        for c in choices
    )


def _read(text: str, info: FieldInfo) -> list[Any]:
    return [_value(part.strip(), info) for part in text.split(";") if part.strip()]


def _value(text: str, info: FieldInfo) -> Any:
    """Read one typed choice; what cannot be read stays text, and the service says why it does not fit."""
    if info.optional and text.lower() in ("none", "null"):
        return None
    if info.kind == "flag":
        return {"true": True, "false": False, "yes": True, "no": False}.get(text.lower(), text)
    if info.kind in ("number", "integer"):
        try:
            number = float(text)
        except ValueError:
            return text
        return int(number) if info.kind == "integer" and number.is_integer() else number
    return text
