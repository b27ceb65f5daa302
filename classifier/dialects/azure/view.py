"""The base of Azure's calls: where the key is sent, the version of the API, and the fields of a body."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from classifier.api.fields import json_type
from classifier.dialects.azure.errors import DIALECT, invalid
from classifier.dialects.view import DialectView

VERSIONS = ("2023-10-01", "2024-09-01")
KEY_HEADER = "Ocp-Apim-Subscription-Key"


class AzureView(DialectView):
    dialect = DIALECT
    request: HttpRequest

    def sent_key(self) -> str | None:
        """Return the key of Azure's own header, or of a Bearer token."""
        return self.request.headers.get(KEY_HEADER, "").strip() or super().sent_key()

    def require_version(self) -> None:
        """Raise DialectError unless the call names a version of the API that is answered here."""
        version = self.request.GET.get("api-version", "").strip()
        known = " and ".join(VERSIONS)
        if not version:
            message = f"The query parameter api-version is missing; this server answers {known}."
            raise invalid(message, "api-version", "MissingApiVersion")
        if version not in VERSIONS:
            message = f"api-version {version[:40]!a} is not answered here; this server answers {known}."
            raise invalid(message, "api-version", "UnsupportedApiVersion")

    def _answered(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.require_version()
        return super()._answered(request, *args, **kwargs)


def text_field(
    body: Mapping[str, Any], name: str, *, most: int, where: str = "", required: bool = False
) -> str | None:
    """Return a string of at most `most` code points, or None if it is left out. Raises DialectError."""
    value, path = body.get(name), f"{where}{name}"
    if value is None:
        if required:
            raise invalid(f"The field {path} is required.", path)
        return None
    if not isinstance(value, str):
        raise invalid(f"The field {path} must be a string, not {json_type(value)}.", path)
    if required and not value:
        raise invalid(f"The field {path} must not be empty.", path)
    if len(value) > most:
        message = f"The field {path} has {len(value):,} characters; at most {most:,} are allowed."
        raise invalid(message, path)
    if "\x00" in value:
        raise invalid(f"The field {path} must not contain the character U+0000.", path)
    return value


def list_field(body: Mapping[str, Any], name: str, *, required: bool = False) -> list[Any]:
    """Return a list; an empty one if it is left out. Raises DialectError."""
    value = body.get(name)
    if value is None and not required:
        return []
    if value is None:
        raise invalid(f"The field {name} is required.", name)
    if not isinstance(value, list):
        raise invalid(f"The field {name} must be an array, not {json_type(value)}.", name)
    return value


def strings_field(body: Mapping[str, Any], name: str, *, required: bool = False) -> list[str]:
    """Return a list of strings, each once, in order. Raises DialectError."""
    values = list_field(body, name, required=required)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise invalid(f"The field {name}[{index}] must be a string, not {json_type(value)}.", name)
    return list(dict.fromkeys(values))


def flag_field(body: Mapping[str, Any], name: str) -> bool:
    """Return a truth value, False if it is left out. Raises DialectError."""
    value = body.get(name)
    if not isinstance(value, bool | None):
        raise invalid(f"The field {name} must be true or false, not {json_type(value)}.", name)
    return bool(value)


def choice_field(body: Mapping[str, Any], name: str, choices: Sequence[str]) -> str:
    """Return one of `choices`, the first if it is left out. Raises DialectError."""
    value = body.get(name)
    if value is None:
        return choices[0]
    if value not in choices:
        raise invalid(f"The field {name} must be one of {', '.join(choices)}.", name)
    return str(value)
