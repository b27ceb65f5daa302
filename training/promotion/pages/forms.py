"""What people say when they change what is in production: a reason, and why the gate is overridden."""

from django import forms

REASON_CHARACTERS = 300


class ReasonForm(forms.Form):
    """Goes into the history; may be left empty."""

    reason = forms.CharField(max_length=REASON_CHARACTERS, required=False, label="Reason")


class OverrideForm(forms.Form):
    """Nobody passes a closed gate without saying why."""

    reason = forms.CharField(
        max_length=REASON_CHARACTERS,
        label="Reason for the override",
        error_messages={"required": "Give a reason for overriding the gate; the history keeps it."},
    )
