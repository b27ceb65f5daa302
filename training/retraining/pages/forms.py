"""How candidates are trained from decisions: at once, or by the plan."""

from typing import Any

from django import forms

from training.ml.config import presets
from training.models import Dataset, recipe_choices
from training.retraining.services import DRIFT_DAYS, DRIFT_DAYS_MOST, LARGEST_WEIGHT

FROM_ACTIVE = "active"
FROM_RECIPE = "recipe"


def preset_choices() -> list[tuple[str, str]]:
    """Return the shipped presets by name, the recipe's defaults first."""
    return [
        ("", "The recipe's defaults"),
        *((preset.name, preset.title or preset.name) for preset in presets()),
    ]


class StartForm(forms.Form):
    """What a retraining starts from and learns from."""

    start = forms.ChoiceField(
        choices=[(FROM_ACTIVE, "The version in production"), (FROM_RECIPE, "What recipe and preset name")],
        initial=FROM_ACTIVE,
        label="Start from",
    )
    recipe = forms.ChoiceField(choices=recipe_choices, initial="teacher")
    preset = forms.ChoiceField(choices=preset_choices, required=False)
    mix_with = forms.ModelChoiceField(
        queryset=Dataset.objects.none(), required=False, label="Mix with", empty_label="Decisions alone"
    )
    decisions_weight = forms.FloatField(
        min_value=0.01,
        max_value=LARGEST_WEIGHT,
        initial=1.0,
        label="Weight of a decision",
        help_text="Against a row of the other dataset, which counts 1.",
    )
    blend = forms.BooleanField(
        required=False,
        initial=True,
        label="Blend with the version in production",
        help_text=(
            "Averages the new weights with the old ones by the share that is best on validation: keeps what the old "
            "version knew. For recipes that keep the shape of what they start from."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["mix_with"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Dataset.objects.trainable().order_by("name")

    def start_values(self) -> dict[str, Any]:
        """Return the values as the services take them."""
        data = self.cleaned_data
        return {
            "recipe": data["recipe"],
            "preset": data["preset"],
            "from_active": data["start"] == FROM_ACTIVE,
            "mix_with": data["mix_with"],
            "decisions_weight": data["decisions_weight"],
            "blend_with_active": None if data["blend"] else False,  # wherever that is possible
        }


class PlanForm(StartForm):
    """What the plan starts from and learns from, and when."""

    enabled = forms.BooleanField(required=False, label="Train candidates by themselves")
    after_decisions = forms.IntegerField(
        min_value=1, max_value=10_000_000, required=False, label="After this many new decisions"
    )
    weekly = forms.BooleanField(required=False, label="Once a week")
    on_drift = forms.BooleanField(
        required=False,
        label="When the scores have drifted",
        help_text="While the dashboard warns of the version in production, and anything was decided since.",
    )
    drift_days = forms.IntegerField(
        min_value=1,
        max_value=DRIFT_DAYS_MOST,
        required=False,
        initial=DRIFT_DAYS,
        label="For drift: minimum days since the last start",
    )
