"""The forms that build a dataset, one for each source of rows."""

from typing import Any

from django import forms
from django.conf import settings

from classifier.core.visibility import visible_sources
from classifier.inference.files.encodings import ENCODINGS
from classifier.inference.files.layout import DELIMITERS
from classifier.models import User
from training.datasets.mixtures import MixturePart
from training.datasets.services import label_columns_of
from training.ml.mixture.licences import CLASSES
from training.models import SPLITS, Dataset, DatasetKind

LABELS_HELP = (
    "Columns with 0, 1 or -1 (unknown), yes and no, shares from 0 to 1, or words, separated by commas. column=label "
    "renames one."
)


class LabelColumnsField(forms.CharField):
    """`toxic, label=insult` as {"toxic": "toxic", "label": "insult"}."""

    def to_python(self, value: Any) -> Any:
        return label_columns_of(super().to_python(value) or "")


class LicenceClassField(forms.ChoiceField):
    """What a licence allows a model made of the rows; left alone, its name decides."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label="What the licence allows",
            choices=[("", "As its name says"), *((name, name) for name in CLASSES)],
            help_text="A model made of noncommercial, caution or unknown rows is not to be passed on.",
        )


class _Named(forms.Form):
    name = forms.CharField(max_length=150, label="Name")
    description = forms.CharField(max_length=2_000, required=False, label="Description")


class UploadForm(_Named):
    train = forms.FileField(required=False, label="Training rows")
    validation = forms.FileField(required=False, label="Validation rows")
    test = forms.FileField(required=False, label="Test rows")
    text_column = forms.CharField(max_length=200, initial="text", label="Column with the text")
    label_columns = LabelColumnsField(
        max_length=2_000, initial="toxic", label="Label columns", help_text=LABELS_HELP
    )
    label_cut = forms.FloatField(
        initial=0.5,
        required=False,
        min_value=0,
        max_value=1,
        label="Cut of graded labels",
        help_text="A label between 0 and 1, such as a share of annotators, is 1 from here on.",
    )
    label_words = forms.CharField(
        max_length=2_000,
        required=False,
        label="Labels in words",
        help_text="OFF=1, NOT=0, UNSURE=-1. Yes and no, toxic and non-toxic, and the name of the label are known.",
    )
    encoding = forms.ChoiceField(
        required=False, label="Encoding", choices=[("", "Found out"), *ENCODINGS.items()]
    )
    delimiter = forms.ChoiceField(
        required=False,
        label="Separator of columns",
        choices=[("", "Found out"), *((name, name.capitalize()) for name in DELIMITERS.values())],
    )
    license_name = forms.CharField(max_length=100, required=False, label="Licence")
    licence_class = LicenceClassField()
    attribution = forms.CharField(
        max_length=2_000, required=False, label="Attribution", help_text="Whoever made the rows."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for split in SPLITS:
            self.fields[split].widget.attrs["accept"] = ".csv,.tsv,.txt,.jsonl,.json,.parquet"
        megabytes = settings.DATASET_MAX_BYTES / 2**20
        self.fields[
            "train"
        ].help_text = f"CSV or TSV with a header, JSONL, a JSON list or parquet; {megabytes:.0f} MiB at most."
        self.fields["validation"].help_text = "Left out, a tenth of the training rows is cut off for it."
        self.fields["test"].help_text = "Left out, another tenth. Alone, the set is for measuring."

    def files_by_split(self) -> dict[str, Any]:
        return {split: self.cleaned_data[split] for split in SPLITS if self.cleaned_data.get(split)}


class HubForm(_Named):
    hub_name = forms.CharField(
        max_length=200, label="Name on the hub", help_text="OWNER/NAME, of a dataset that is open to all."
    )
    configuration = forms.CharField(
        max_length=100, required=False, label="Configuration", help_text="Where the dataset has several."
    )
    revision = forms.CharField(max_length=100, required=False, label="Revision")
    text_column = forms.CharField(max_length=200, initial="text", label="Column with the text")
    label_columns = LabelColumnsField(
        max_length=2_000, initial="label=toxic", label="Label columns", help_text=LABELS_HELP
    )
    license_name = forms.CharField(max_length=100, required=False, label="Licence")
    licence_class = LicenceClassField()
    attribution = forms.CharField(max_length=2_000, required=False, label="Attribution")


class DecisionsForm(_Named):
    sources = forms.MultipleChoiceField(
        required=False,
        label="Sources",
        widget=forms.CheckboxSelectMultiple,
        help_text="If none is ticked: all that you see.",
    )
    since = forms.DateTimeField(
        required=False, label="Decided since", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateTimeField(
        required=False, label="Decided before", widget=forms.DateInput(attrs={"type": "date"})
    )
    weight = forms.FloatField(initial=1.0, min_value=0.001, max_value=1_000, label="Weight of each row")
    test_share = forms.FloatField(
        initial=0.1, min_value=0.01, max_value=0.5, label="Share of test rows", help_text="From 0.01 to 0.5."
    )
    validation_share = forms.FloatField(
        initial=0.1,
        min_value=0.01,
        max_value=0.5,
        label="Share of validation rows",
        help_text="From 0.01 to 0.5.",
    )
    suggestions = forms.BooleanField(
        initial=True, required=False, label="With suggestions that came in through the API"
    )
    automatic = forms.BooleanField(
        required=False,
        label="Include automatic decisions of policies",
        help_text="The model would then learn from its own decisions.",
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["sources"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(source.slug, source.name) for source in visible_sources(by).order_by("name")]


class MixtureForm(_Named):
    """Weight, cap and labels for each dataset; one without a weight is not in the mixture."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.datasets = list(Dataset.objects.ready().exclude(kind=DatasetKind.GOLDEN).order_by("-id"))
        for dataset in self.datasets:
            pk, name = dataset.pk, dataset.name
            self.fields |= {
                f"weight_{pk}": forms.FloatField(
                    required=False, min_value=0.001, max_value=1_000, label=f"Weight of {name}"
                ),
                f"cap_{pk}": forms.IntegerField(required=False, min_value=1, label=f"Most rows of {name}"),
                f"labels_{pk}": LabelColumnsField(
                    required=False, max_length=2_000, label=f"Labels of {name}"
                ),
                f"unknown_{pk}": forms.CharField(
                    required=False, max_length=2_000, label=f"Labels of {name} whose 0 is unknown"
                ),
            }

    def rows(self) -> list[tuple[Dataset, dict[str, forms.BoundField]]]:
        kinds = ("weight", "cap", "labels", "unknown")
        return [
            (dataset, {kind: self[f"{kind}_{dataset.pk}"] for kind in kinds}) for dataset in self.datasets
        ]

    def parts(self) -> list[MixturePart]:
        data = self.cleaned_data
        return [
            MixturePart(
                dataset,
                weight,
                data.get(f"cap_{dataset.pk}"),
                {label: name for label, name in data[f"labels_{dataset.pk}"].items() if label != name},
                tuple(label.strip() for label in data[f"unknown_{dataset.pk}"].split(",") if label.strip()),
            )
            for dataset in self.datasets
            if (weight := data.get(f"weight_{dataset.pk}"))
        ]


class MixWithForm(forms.Form):
    """One other dataset, and how often each decision counts against its rows."""

    other = forms.TypedChoiceField(coerce=int, label="Mix it with")
    weight = forms.FloatField(
        initial=5.0, min_value=0.001, max_value=1_000, label="A decision counts as this many of its rows"
    )

    def __init__(self, *args: Any, datasets: list[Dataset], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.datasets = {dataset.pk: dataset for dataset in datasets}
        field = self.fields["other"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [
            (dataset.pk, f"{dataset.name} ({int(dataset.rows.get('train') or 0):,} training rows)")
            for dataset in datasets
        ]

    def chosen(self) -> Dataset:
        return self.datasets[self.cleaned_data["other"]]
