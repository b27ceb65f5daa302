"""The forms of an API key: create, change, rotate."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms

from classifier.core.validation import InvalidInput
from classifier.core.visibility import visible_sources
from classifier.models import ApiKey, ApiScope, MissingAttributes, ShortKeyForm, Source, User

OVERLAPS = [
    (0, "at once"),
    (1, "in an hour"),
    (24, "in a day"),
    (7 * 24, "in a week"),
    (30 * 24, "in 30 days"),
]
DAY = timedelta(days=1)
SETTINGS = ("missing_attributes", "missing_constant", "lifts_scores")  # of the dialects


class KeyForm(forms.Form):
    """What may change about a key; the service checks the values."""

    name = forms.CharField(max_length=100, label="Name")
    sources = forms.ModelMultipleChoiceField(queryset=Source.objects.none(), required=False, label="Sources")
    requests_per_minute = forms.IntegerField(required=False, min_value=1, label="Requests a minute")
    texts_per_day = forms.IntegerField(required=False, min_value=1, label="Texts a day")
    expires_on = forms.DateField(required=False, label="Last day")
    missing_attributes = forms.ChoiceField(
        required=False, choices=MissingAttributes.choices, label="Attributes without a label"
    )
    missing_constant = forms.FloatField(required=False, label="The constant")
    lifts_scores = forms.BooleanField(required=False, label="Lift scores")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = visible_sources(user)
        self.fields["sources"].queryset = self.offered  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """Return the arguments of the services."""
        data = self.cleaned_data
        fields = {name: data[name] for name in ("name", "requests_per_minute", "texts_per_day")}
        fields |= {"sources": list(data["sources"]), "expires_at": end_of(data["expires_on"])}
        if data["missing_attributes"]:  # else these settings were not on the form
            fields |= {name: data[name] for name in SETTINGS}
        return fields

    def complain(self, error: InvalidInput) -> None:
        """Show each problem beside its field."""
        for problem in error.problems:
            name = "expires_on" if problem.field == "expires_at" else problem.field
            self.add_error(name if name in self.fields else None, problem.message)


class NewKeyForm(KeyForm):
    """A new key also needs an owner and what it may do."""

    owner = forms.ModelChoiceField(
        queryset=User.objects.filter(is_active=True).order_by("username"), label="Owner"
    )
    scopes = forms.MultipleChoiceField(choices=ApiScope.choices, label="What it may do")

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {**super().values(), "owner": data["owner"], "scopes": data["scopes"]}


class SecondForm(forms.Form):
    """Which second form of a key to create or to end."""

    form = forms.ChoiceField(choices=ShortKeyForm.choices, label="Form")
    act = forms.ChoiceField(choices=[("create", "Create it"), ("end", "End it")], label="What to do")


class RotateForm(forms.Form):
    overlap = forms.TypedChoiceField(choices=OVERLAPS, coerce=int, label="The old key ends")


def initial_of(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "sources": [source.pk for source in key.sources.all()],
        "requests_per_minute": key.requests_per_minute,
        "texts_per_day": key.texts_per_day,
        "expires_on": last_day_of(key.expires_at),
        **{name: getattr(key, name) for name in SETTINGS},
    }


def end_of(day: Any) -> datetime | None:
    """Return the end of a key's last day, UTC, until which it works."""
    return None if day is None else datetime.combine(day, time(), UTC) + DAY


def last_day_of(moment: datetime | None) -> Any:
    return None if moment is None else (moment - timedelta(microseconds=1)).astimezone(UTC).date()
