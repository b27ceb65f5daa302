"""Strict values for bodies, ids for query strings, and what every page of a list is asked by; nothing is coerced."""

import math
import re
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from classifier.api.field_errors import FieldError, Path, field_error
from classifier.api.fields import ClosedSerializer, CountParameter, TextParameter, json_type
from classifier.api.problems import invalid
from classifier.core.validation import ROW_ID_MAX, row_id

PAGE_SIZE, PAGE_SIZE_MAX = 50, 200
DEEPEST = 12
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


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
            self.fail("type", got="one beyond all bounds")
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
    """A JSON object whose fields the service knows."""

    default_error_messages = {"type": "must be an object, not {got}"}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and not isinstance(data, Mapping):
            raise ValidationError(
                [ErrorDetail(self.error_messages["type"].format(got=json_type(data)), "invalid_type")]
            )
        return super().run_validation(data)


class IdParameter(serializers.IntegerField):
    default_error_messages = {"invalid": "must be an id, a whole number from 1"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=ROW_ID_MAX, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        number = row_id(data)
        if number is None:
            self.fail("invalid")
        return number


class PageQuery(ClosedSerializer):
    cursor = TextParameter(required=False, default="", help_text="Taken from `next` of the page before.")
    limit = CountParameter(most=PAGE_SIZE_MAX, default=PAGE_SIZE, help_text="Things a page.")


def refuse_unstorable(data: Any) -> None:
    """Raise the 400 problem where a string of the body cannot be stored, or objects are nested too deeply."""
    errors: list[FieldError] = []
    _walk(data, (), errors)
    if errors:
        raise invalid(errors[:20])


def _walk(value: Any, path: Path, errors: list[FieldError]) -> None:
    if len(path) > DEEPEST:
        errors.append(field_error(path[:1], "is nested too deeply", "too_deep"))
    elif isinstance(value, str):
        if _UNSTORABLE.search(value):
            message = "holds a NUL character or half of a surrogate pair; remove it"
            errors.append(field_error(path, message, "invalid"))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _walk(name, (*path, name), errors)
            _walk(inner, (*path, name), errors)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _walk(inner, (*path, place), errors)
