"""The form that starts a run: a name, rows, what to start from, and every field of the recipe's configuration."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from classifier.core.validation import ROW_ID_MAX
from training.experiments.configs import OF_THE_DATASET
from training.ml.config import FieldInfo
from training.ml.recipes.recipe import Recipe
from training.models import Dataset

KNOBS = (
    "others",
    "layers",
    "lora.rank",
    "lora.alpha",
    "loop.epochs",
    "loop.learning_rate",
    "loop.token_budget",
    "data.max_length",
    "data.max_rows",
    "loop.seed",
)
"""The fields that people change most; the others are under "All fields"."""
GROUPS = {
    "": "The recipe",
    "data": "Rows",
    "loop": "Learning",
    "loss": "Losses",
    "lora": "Adapters",
    "search": "Search",
    "blend": "Blending",
    "hidden": "Hidden states",
}
STARTS = ("start", "base")


@dataclass(frozen=True)
class Start:
    """Something that a run can start from: "run:3" or "version:5"."""

    value: str
    title: str


class OptionalText(forms.CharField):
    """Text whose absence means none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty_value=None, **kwargs)


class ListField(forms.CharField):
    """Names between commas; empty means none given."""

    def to_python(self, value: Any) -> Any:
        return [part.strip() for part in str(value or "").split(",") if part.strip()]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else value


class OptionalList(ListField):
    """Names between commas whose absence means none."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value) or None


class ExperimentForm(forms.Form):
    """`values` are the configuration that the person starts from (defaults, a preset, or a run that is cloned)."""

    name = forms.CharField(max_length=150, label="Name")
    dataset = forms.TypedChoiceField(coerce=int, label="Dataset")
    notes = forms.CharField(
        required=False,
        label="Notes",
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "input"}),
        help_text="What you want to find out; shown on the run's page.",
    )

    def __init__(
        self,
        recipe: Recipe,
        *,
        datasets: Iterable[Dataset],
        runs: Iterable[Start],
        versions: Iterable[Start],
        values: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.recipe, self.values = recipe, dict(values)
        self.infos = [info for info in recipe.fields() if _editable(info, recipe)]
        configured = {info.name: self.values.get(info.name, info.default) for info in self.infos}
        configured["data.labels"] = self.values.get("data.labels") or []
        super().__init__(data, initial={**configured, **(initial or {})})
        self.fields["dataset"].choices = [(row.pk, _dataset_title(row)) for row in datasets]  # type: ignore[attr-defined]
        self._add_start(list(runs), list(versions))
        for info in self.infos:
            self.fields[info.name] = _field(info)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput):
                field.widget.attrs.setdefault("class", "input")

    def _add_start(self, runs: list[Start], versions: list[Start]) -> None:
        offered: list[Any] = []
        if self.recipe.needs == "base":
            offered.append(("", "A pretrained encoder, named below"))
        elif runs or versions:
            offered.append(("", "Choose one"))
        else:
            offered.append(("", "There is none yet: run a teacher first"))
        if runs:
            offered.append(("Runs", [(start.value, start.title) for start in runs]))
        if versions:
            offered.append(("Model versions", [(start.value, start.title) for start in versions]))
        title = {"base": "Start from", "model": "First model"}.get(self.recipe.needs, "Teacher")
        self.fields["start"] = forms.ChoiceField(choices=offered, required=False, label=title)
        if self.recipe.needs == "base":
            self.fields["base"] = forms.CharField(
                required=False,
                max_length=300,
                label="Pretrained encoder",
                help_text="A hub name such as thenlper/gte-small; unused where a run or version is chosen.",
            )

    def differences(self) -> dict[str, Any]:
        """Return the values that were changed in the form, by dotted name, and the base where it was given by name."""
        changed = {}
        for info in self.infos:
            value = self.cleaned_data.get(info.name)
            if info.name == "data.labels":
                if value and value != list(self.values.get("data.labels") or []):
                    changed[info.name] = value
            elif value != _plain(self.values.get(info.name, info.default)):
                changed[info.name] = value
        if self.cleaned_data.get("base") and not self.cleaned_data.get("start"):
            changed["base"] = self.cleaned_data["base"]
        return changed

    def reject(self, field: str, message: str) -> None:
        """Put a service's refusal beside the field that it names."""
        form_field = (
            field if field in self.fields else "start" if field in ("teacher", "base_version") else None
        )
        self.add_error(form_field, message)

    @property
    def head(self) -> list[BoundField]:
        names = ["name", "dataset", "start", "base"]
        return [self[name] for name in names if name in self.fields]

    @property
    def knobs(self) -> list[BoundField]:
        return [self[name] for name in KNOBS if name in self.fields]

    @property
    def groups(self) -> list[tuple[str, list[BoundField], bool]]:
        """The other fields by part of the configuration; the last item says whether one of them is wrong."""
        grouped: dict[str, list[BoundField]] = {}
        for info in self.infos:
            if info.name not in KNOBS:
                grouped.setdefault(
                    GROUPS.get(info.group, info.group.replace("_", " ").capitalize()), []
                ).append(self[info.name])
        return [(title, rows, any(row.errors for row in rows)) for title, rows in grouped.items()]


class PlanForm(forms.Form):
    """Which plan, on which rows."""

    plan = forms.CharField(max_length=100)
    dataset = forms.IntegerField(min_value=1, max_value=ROW_ID_MAX)


def _editable(info: FieldInfo, recipe: Recipe) -> bool:
    fixed = {recipe.needs, *(f"data.{name}" for name in OF_THE_DATASET)}
    return info.name not in fixed


def _field(info: FieldInfo) -> forms.Field:
    label, help_text = info.label.capitalize(), _help(info)
    common: dict[str, Any] = {"label": label, "help_text": help_text, "required": False}
    if info.kind == "flag":
        return forms.BooleanField(**common)
    if info.choices and info.kind == "text":
        choices = [(choice, choice) for choice in info.choices]
        field = forms.ChoiceField(choices=[("", "none"), *choices] if info.optional else choices, **common)
        return field
    common["required"] = not info.optional and info.kind in ("integer", "number")
    if info.kind == "integer":
        return forms.IntegerField(**common)
    if info.kind == "number":
        widget = forms.NumberInput(attrs={"step": "any"})
        return forms.FloatField(widget=widget, **common)
    if info.kind == "list":
        return OptionalList(**common) if info.optional else ListField(**common)
    return (
        OptionalText(max_length=300, **common) if info.optional else forms.CharField(max_length=300, **common)
    )


def _help(info: FieldInfo) -> str:
    """Return what the field means, with its default."""
    parts = [f"{info.doc[:1].upper()}{info.doc[1:].rstrip('.')}." if info.doc else ""]
    if info.models:
        parts.append("Write #12 for the model of run 12, or the name of a model version.")
    if info.name == "data.labels":
        return " ".join([*parts, "Empty: all labels of the dataset."]).strip()
    if info.optional and "empty" not in info.doc.lower():
        parts.append("Empty: none.")
    if info.default is not None and info.kind != "flag":
        parts.append(f"Default {_word(info.default)}.")
    return " ".join(part for part in parts if part)


def _word(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "empty"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _dataset_title(dataset: Dataset) -> str:
    rows = dataset.rows.get("train")
    return f"{dataset.name} ({rows:,} rows to learn from)" if isinstance(rows, int) else str(dataset.name)
