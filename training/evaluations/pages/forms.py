"""A test suite as somebody brings it: a CSV and what it is for."""

from django import forms

from training.models import TestSuite


class SuiteForm(forms.Form):
    name = forms.CharField(max_length=150, label="Name")
    kind = forms.ChoiceField(choices=TestSuite.Kind.choices, label="What the file holds")
    label = forms.CharField(max_length=64, initial="toxic", label="Label that is expected")
    description = forms.CharField(max_length=2_000, required=False, label="Description")
    file = forms.FileField(
        label="CSV file", error_messages={"required": "Choose a CSV file.", "empty": "This file is empty."}
    )
    terms = forms.FileField(
        required=False,
        label="Identity terms (for templates)",
        help_text="Optional second CSV with a column term, and group where several terms mean one.",
    )
