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
        label="Why it goes into production all the same",
        error_messages={"required": "Say why the closed gate is overridden; the history keeps it."},
    )
