"""Fields of bodies and parameters of query strings: each takes one type, and nothing is coerced, trimmed or cut.

`TextAsSent` and its like only document a field: the service that takes the value checks it.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.validators import (
    MaxLengthValidator,
    MaxValueValidator,
    MinLengthValidator,
    MinValueValidator,
)
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from classifier.core.validation import ROW_ID_MAX, row_id

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def json_type(value: Any) -> str:
    """Return what JSON calls the type of a parsed value."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case Mapping():
            return "an object"
    return "an array"


class AsSentMixin:
    """Documents a field and passes its value on unchanged: the service checks it."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is serializers.empty:
            raise serializers.SkipField
        return data


class TextAsSent(AsSentMixin, serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=None if kwargs.get("allow_blank") else 1, **kwargs)


class TextsAsSent(AsSentMixin, serializers.ListField):
    pass


class TrueOrFalse(serializers.BooleanField):
    default_error_messages = {"type": "must be true or false, not {got}"}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and not isinstance(data, bool):
            self.fail("type", got=json_type(data))
        return super().run_validation(data)


# No docstring: the OpenAPI file would show it as the description of each input.
class ClosedSerializer(serializers.Serializer[Any]):
    default_error_messages = {"type": "must be an object, not {got}"}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and not isinstance(data, Mapping):
            message = self.error_messages["type"].format(got=json_type(data))
            raise ValidationError({"non_field_errors": [ErrorDetail(message, "invalid_type")]})
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> Any:
        known = ", ".join(self.fields)
        errors: dict[str, Any] = {
            name: [ErrorDetail(f"is unknown; known names are {known}", "unknown")]
            for name in data
            if name not in self.fields
        }
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            errors |= error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
        if errors:
            raise ValidationError(errors)
        return value


class ClosedItems(serializers.ListField):
    """A list of objects. A list that is too long is passed on unread: the service refuses it."""

    def __init__(self, *, limit: Callable[[], int], **kwargs: Any) -> None:
        self.limit = limit
        super().__init__(**kwargs)
        self.validators = [MinLengthValidator(1), MaxLengthValidator(limit)]

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is serializers.empty:
            self.fail("required")
        if not isinstance(data, list) or len(data) > self.limit():
            return data
        return self.run_child_validation(data)


class Text(serializers.CharField):
    """A string, taken as it is."""

    default_error_messages = {
        "type": "must be a string, not {got}",
        "blank": "may not be empty",
        "max_length": "has too many characters; the limit is {max_length}",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            self.fail("type", got=json_type(data))
        return super().run_validation(data)


class Whole(serializers.IntegerField):
    """A whole number from `min_value` to `max_value`; a text that looks like one is refused."""

    default_error_messages = {"type": "must be a whole number, not {got}"}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("type", got=json_type(data))
        return data


class Id(Whole):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=ROW_ID_MAX, **kwargs)


class Number(serializers.FloatField):
    """A finite number."""

    default_error_messages = {"type": "must be a number, not {got}"}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, (int, float)):
            self.fail("type", got=json_type(data))
        try:
            value = float(data)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            self.fail("type", got="an infinite one")
        return value


class Choice(serializers.ChoiceField):
    default_error_messages = {"invalid_choice": "must be one of {known}"}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", known=", ".join(str(choice) for choice in self.choices))
        return data


class Names(serializers.ListField):
    """A list of strings."""

    default_error_messages = {"not_a_list": "must be an array of strings"}

    def __init__(self, *, most: int = 100, **kwargs: Any) -> None:
        super().__init__(child=Text(max_length=200), max_length=most, **kwargs)


class AnyObject(serializers.DictField):
    """A JSON object whose fields the service checks."""

    default_error_messages = {"type": "must be an object, not {got}"}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and not isinstance(data, Mapping):
            raise ValidationError(
                [ErrorDetail(self.error_messages["type"].format(got=json_type(data)), "invalid_type")]
            )
        return super().run_validation(data)


class TextParameter(serializers.CharField):
    """A query parameter that may be compared with a column."""

    default_error_messages = {
        "blank": "must not be empty; leave it out instead",
        "max_length": "has too many characters; the limit is {max_length}",
        "nul": "holds a NUL character; remove it",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if _UNSTORABLE.search(data):
            self.fail("nul")
        return str(data)


class SourceParameter(TextParameter):
    """A filter by source."""

    def __init__(self, **kwargs: Any) -> None:
        help_text = "Only of this source, named by its slug."
        super().__init__(**{"required": False, "max_length": 64, "help_text": help_text, **kwargs})


class ChoiceParameter(serializers.ChoiceField):
    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and data not in self.choices:
            known = ", ".join(str(choice) for choice in self.choices)
            raise ValidationError([ErrorDetail(f"must be one of {known}", "invalid_choice")])
        return super().run_validation(data)


class BooleanParameter(ChoiceParameter):
    """A query parameter that is true or false."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[("true", "true"), ("false", "false")], **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data) == "true"


class TimeParameter(serializers.DateTimeField):
    default_error_messages = {
        "invalid": "must be a time such as 2026-11-24T09:30:00Z",
        "date": "must be a time such as 2026-11-24T09:30:00Z",
        "overflow": "is a time out of range",
        "make_aware": "is a time out of range",
    }


class SecondsParameter(serializers.FloatField):
    """Finite seconds from 0 to `most`."""

    default_error_messages = {"invalid": "must be a number of seconds, from 0 to {most:g}"}

    def __init__(self, *, most: Callable[[], float], **kwargs: Any) -> None:
        self.most = most
        super().__init__(**kwargs)
        self.validators = [MinValueValidator(0), MaxValueValidator(most)]

    def to_internal_value(self, data: Any) -> float:
        try:
            seconds = float(data)
        except ValueError:
            seconds = math.nan
        if not 0 <= seconds <= self.most():
            self.fail("invalid", most=self.most())
        return seconds


class CountParameter(serializers.IntegerField):
    """A whole number from 1 to `most`."""

    default_error_messages = {"invalid": "must be a whole number, from 1 to {most}"}

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        self.most = most
        super().__init__(min_value=1, max_value=most, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if not re.fullmatch("[0-9]{1,9}", data) or not 1 <= int(data) <= self.most:
            self.fail("invalid", most=self.most)
        return int(data)


class IdParameter(serializers.IntegerField):
    default_error_messages = {"invalid": "must be an id, a whole number from 1"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=ROW_ID_MAX, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        number = row_id(data)
        if number is None:
            self.fail("invalid")
        return number
