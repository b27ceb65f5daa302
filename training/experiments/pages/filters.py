"""The filters over the list of runs; whatever is not understood filters nothing."""

from typing import Any

from django import forms

from classifier.core.validation import ROW_ID_MAX
from training.models import RunStatus, recipe_choices

SORTS = ("newest", "name", "roc_auc", "pr_auc", "f1", "latency", "size")


def any_recipe() -> list[tuple[str, str]]:
    """Return the choices of the filter: all recipes together, then each."""
    return [("", "Any recipe"), *recipe_choices()]


class ExperimentFilterForm(forms.Form):
    """`sweep` is empty (runs that people started), "all", or a sweep's id."""

    STATUSES = [("", "All"), *RunStatus.choices]

    status = forms.ChoiceField(choices=STATUSES, required=False)
    recipe = forms.ChoiceField(choices=any_recipe, required=False, label="Recipe")
    dataset = forms.IntegerField(required=False, min_value=1, max_value=ROW_ID_MAX, label="Dataset")
    sweep = forms.RegexField("^(all|[1-9][0-9]{0,17})$", required=False, label="Sweep")
    q = forms.CharField(required=False, max_length=150, label="Search the names")
    sort = forms.RegexField(f"^-?({'|'.join(SORTS)})$", required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or None for name in self.fields}
