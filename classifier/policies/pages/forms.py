"""The form of a policy: its fields, and a row of thresholds for each label."""

import math
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from classifier.core.validation import InvalidInput
from classifier.inference.bands import (
    APPROVE,
    LABEL_MAX_CHARACTERS,
    LABELS_MAX,
    PRIMARY,
    REMOVE,
    REVIEW,
    WORDS,
)
from classifier.models import ConcernMode, FailMode, ModelVersion, TextFormat, UnknownLanguage
from classifier.models.policy import CONCERN_TEXT_CHARACTERS
from classifier.policies.fields import NOTE_CHARACTERS
from classifier.policies.pages.presets import LabelPresets, presets_of
from classifier.web.formatting import label_title

NUMBER = "number"
NEVER = "never"
LEAVE_OUT = [
    ("quotes", "Quotes of others"),
    ("code", "Code"),
    ("addresses", "Web and e-mail addresses"),
]
AUTOMATIC = [(APPROVE, "Approve what is below review"), (REMOVE, "Remove what reaches remove")]


class NumberField(forms.CharField):
    """A number from 0 to 1 as people write it, with a point or a comma, or one of `words`; None where it is empty.

    The service checks the range too, but stops at the first fault; here each field shows its own.
    """

    def __init__(self, *, words: tuple[str, ...] = (), **kwargs: Any) -> None:
        attrs = {"class": "input", "inputmode": "decimal", "autocomplete": "off", "maxlength": 20}
        super().__init__(required=False, widget=forms.TextInput(attrs), **kwargs)
        self.words = words

    def prepare_value(self, value: Any) -> Any:
        return f"{value:g}" if isinstance(value, float) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text or text.casefold() in self.words:
            return text.casefold() or None
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            number = math.nan
        if not 0 <= number <= 1:  # false for NaN, too
            raise forms.ValidationError("This must be a number from 0 to 1.")
        return number


class ThresholdInput(forms.Widget):
    """A choice between never, the model's three thresholds and a number, with a box for the number.

    It posts the choice under its name and the number under NAME-number. A number under its name is taken, too.
    """

    presets = LabelPresets()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        choice = data.get(name)
        return (data.get(f"{name}-{NUMBER}") or "").strip() or NUMBER if choice == NUMBER else choice

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        text = str(value or "").strip()
        word = text.casefold() if text.casefold() in ("", *WORDS) else NUMBER
        number = "" if text == NUMBER else text if word == NUMBER else self.presets.own_text
        shared = self.build_attrs(self.attrs, {"class": "input", **(attrs or {})})
        choices = [
            ("", "Never"),
            *((each, self.presets.choice(each)) for each in WORDS),
            (NUMBER, "A number"),
        ]
        boxed = {
            **shared,
            "id": f"{shared.get('id', name)}-{NUMBER}",
            "aria-label": f"{shared.get('aria-label', name)}, as a number",
            **{"inputmode": "decimal", "autocomplete": "off", "maxlength": 20},
        }
        return format_html(
            '<span class="threshold">{}{}</span>',
            forms.Select(choices=choices).render(name, word, shared, renderer),
            forms.TextInput().render(f"{name}-{NUMBER}", number, boxed, renderer),
        )


class ThresholdField(NumberField):
    """A threshold of a band: one that the model draws, a number, or None for never."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(words=WORDS, **kwargs)
        self.widget = ThresholdInput()


class BandForm(forms.Form):
    """The thresholds of one label. Each row names its label: the labels may have changed since the page was shown."""

    use_required_attribute = False

    label = forms.CharField(max_length=LABEL_MAX_CHARACTERS, widget=forms.HiddenInput)
    review = ThresholdField()
    remove = ThresholdField()

    def __init__(self, *args: Any, model: ModelVersion | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label = str(self["label"].value())
        self.title = title_of(label)
        self.presets = presets_of(model, label)
        for name in (REVIEW, REMOVE):
            widget = self.fields[name].widget
            assert isinstance(widget, ThresholdInput)
            widget.presets = self.presets
            widget.attrs["aria-label"] = f"{self.title}: {name} from"


BandForms = forms.formset_factory(BandForm, extra=0, max_num=LABELS_MAX, absolute_max=2 * LABELS_MAX)


class PolicyForm(forms.Form):
    """All fields of a policy, filled from `policy` (a row or the one in force); `rows` hold the thresholds.

    `model` is the active version, whose labels have a row each.
    """

    use_required_attribute = False

    automatic = forms.MultipleChoiceField(
        choices=AUTOMATIC, required=False, widget=forms.CheckboxSelectMultiple
    )
    fail_mode = forms.ChoiceField(
        label="No worker answers in time",
        choices=FailMode.choices,
        widget=forms.Select({"class": "input"}),
    )
    unknown_language = forms.ChoiceField(
        label="Languages that no version knows",
        choices=UnknownLanguage.choices,
        required=False,
        widget=forms.Select({"class": "input"}),
        help_text="The language of a text is identified only where that is sure enough; rules apply in any language.",
    )
    concern = forms.ChoiceField(
        label="People who tell of their own hurt",
        choices=ConcernMode.choices,
        required=False,
        widget=forms.Select({"class": "input"}),
        help_text="Self-harm, suicide, violence suffered. Such a text is never removed automatically, unless its "
        "scores reach “remove”.",
    )
    concern_text = forms.CharField(
        label="What your site says to them",
        required=False,
        widget=forms.Textarea({"class": "input", "rows": 4, "maxlength": CONCERN_TEXT_CHARACTERS}),
        help_text="The API returns it as “author_text”, and moderators can copy it. Name a helpline that your readers "
        "can reach where they live, and check its number. Empty: nothing is returned.",
    )
    nudge_threshold = NumberField(
        label="Ask the author to think again from",
        help_text="A score of the main label; empty: never. Your site reads the field “nudge” of the API.",
    )
    reasons = forms.CharField(
        label="Reasons that moderators give, one a line as code: title",
        required=False,
        widget=forms.Textarea({"class": "input", "rows": 6}),
    )
    reason_required = forms.BooleanField(label="A removal needs a reason", required=False)
    appeal_days = forms.IntegerField(
        label="Days in which an author may appeal",
        widget=forms.TextInput({"class": "input", "inputmode": "numeric", "maxlength": 8}),
        error_messages=dict.fromkeys(("required", "invalid"), "This must be a whole number."),
    )
    text_format = forms.ChoiceField(
        label="Format of a text whose sender names none",
        choices=TextFormat.choices,
        required=False,  # a program that posts this form need not know it
        widget=forms.Select({"class": "input"}),
    )
    leave_out = forms.MultipleChoiceField(
        choices=LEAVE_OUT, required=False, widget=forms.CheckboxSelectMultiple
    )
    language_bands = forms.CharField(
        label="Thresholds of single languages",
        required=False,
        widget=forms.Textarea({"class": "input mono", "rows": 4, "placeholder": "de * 0.7 never"}),
        help_text="One a line: language, label, review from, remove from. “de * 0.7 never” reviews German texts "
        "from 0.7 of the main label (*). A threshold is a number from 0 to 1, careful, model, strict or never. Texts "
        "in such a language have these thresholds alone; other languages have the bands above.",
    )
    note = forms.CharField(
        label="What changed and why",
        required=False,
        widget=forms.TextInput({"class": "input", "maxlength": NOTE_CHARACTERS}),
    )

    def __init__(self, data: Any = None, *, policy: Any, model: ModelVersion | None) -> None:
        initial = {name: getattr(policy, name) for name in self.base_fields if name != "note"}
        initial["reasons"] = "\n".join(f"{reason['code']}: {reason['title']}" for reason in policy.reasons)
        initial["language_bands"] = "\n".join(_lines_of(policy.language_bands))
        super().__init__(data, initial=initial)
        names = [*([PRIMARY] if PRIMARY in policy.bands else []), *(model.labels if model else ())]
        names += [label for label in policy.bands if label not in names]
        self.rows = BandForms(
            data,
            prefix="bands",
            initial=[{"label": label, **policy.bands.get(label, {})} for label in names],
            form_kwargs={"model": model},
        )

    def is_valid(self) -> bool:
        rows_are_valid = self.rows.is_valid()
        return super().is_valid() and rows_are_valid

    def clean_unknown_language(self) -> str:
        """Keep what is in force where a page from before the field was added sends none."""
        return str(self.cleaned_data["unknown_language"] or self.initial["unknown_language"])

    def clean_text_format(self) -> str:
        return str(self.cleaned_data["text_format"] or self.initial["text_format"])

    def clean_concern(self) -> str:
        """Keep what is in force where a page from before the field was added sends none."""
        return str(self.cleaned_data["concern"] or self.initial["concern"])

    def clean_concern_text(self) -> str:
        """Keep what is in force where a page from before the field was added sends none."""
        sent = "concern_text" in self.data
        return str(self.cleaned_data["concern_text"] if sent else self.initial["concern_text"])

    def clean_language_bands(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Read the lines; keep what is in force where a page from before the field was added sends none."""
        text = self.cleaned_data["language_bands"] if "language_bands" in self.data else None
        text = self.initial["language_bands"] if text is None else text
        by_language: dict[str, dict[str, dict[str, Any]]] = {}
        for line in filter(None, map(str.strip, str(text).splitlines())):
            parts = line.split()
            if len(parts) != 4:
                raise forms.ValidationError(f"“{line}” must be a language, a label and two thresholds.")
            language, label, *limits = parts
            if label in by_language.setdefault(language, {}):
                raise forms.ValidationError(f"“{line}”: {language} {label} is named twice.")
            review, remove = (_limit(line, limit) for limit in limits)
            by_language[language][label] = {REVIEW: review, REMOVE: remove}
        return by_language

    def clean_reasons(self) -> list[dict[str, str]]:
        codes_and_titles = (line.partition(":") for line in self._reason_lines())
        return [
            {"code": code.strip(), "title": title.strip() or code.strip()}
            for code, _, title in codes_and_titles
        ]

    def policy_fields(self) -> dict[str, Any]:
        """Return the arguments of `policy_save` from a valid form."""
        rows = [row.cleaned_data for row in self.rows]
        bands = {
            row["label"]: {REVIEW: row[REVIEW], REMOVE: row[REMOVE]}
            for row in rows
            if (row[REVIEW], row[REMOVE]) != (None, None)
        }
        return {**self.cleaned_data, "bands": bands}

    def add_problems(self, error: InvalidInput) -> None:
        """Put each problem that the service found beside its field."""
        for problem in error.problems:
            row = next((row for row in self.rows if _is_of(problem.field, row)), None)
            name, _, index = problem.field.partition(".")[0].partition("[")
            if row is not None:
                limit = problem.field.rpartition(".")[2]
                row.add_error(limit if limit in (REVIEW, REMOVE) else "label", problem.message)
            elif name == "language_bands":
                self.add_error(
                    name, f"{problem.field.partition('.')[2]}: {problem.message}".removeprefix(": ")
                )
            elif index:
                line = self._reason_lines()[int(index.removesuffix("]"))]
                self.add_error(name, f"“{line}”: {problem.message}")
            else:
                self.add_error(name if name in self.fields else None, problem.message)

    @property
    def problems(self) -> list[str]:
        """All problems as sentences, for the preview, which does not draw the fields again."""
        of_rows = [
            f"{row.title}: {message}"
            for row in self.rows
            for messages in row.errors.values()
            for message in messages
        ]
        of_fields = [message for messages in self.errors.values() for message in messages]
        return [*self.rows.non_form_errors(), *of_rows, *of_fields]

    def _reason_lines(self) -> list[str]:
        return [line.strip() for line in str(self["reasons"].value()).splitlines() if line.strip()]


def title_of(label: str) -> str:
    """Name a label of a policy: one of a model, or `*` for the main label of whichever model is active."""
    return "The model\N{RIGHT SINGLE QUOTATION MARK}s main label" if label == PRIMARY else label_title(label)


def _lines_of(language_bands: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Write thresholds by language as the form shows them: `de toxic 0.7 never`."""

    def written(limit: Any) -> str:
        return NEVER if limit is None else limit if isinstance(limit, str) else f"{limit:g}"

    return [
        f"{language} {label} {written(limits.get(REVIEW))} {written(limits.get(REMOVE))}"
        for language, bands in language_bands.items()
        for label, limits in bands.items()
    ]


def _limit(line: str, text: str) -> float | str | None:
    word = text.casefold()
    if word == NEVER:
        return None
    if word in WORDS:
        return word
    try:
        return float(word.replace(",", "."))
    except ValueError:
        raise forms.ValidationError(
            f"“{line}”: “{text}” must be a number, careful, model, strict or never."
        ) from None


def _is_of(path: str, row: BandForm) -> bool:
    of_label = f"bands.{row.cleaned_data.get('label')}"
    return path in (of_label, f"{of_label}.{REVIEW}", f"{of_label}.{REMOVE}")
