"""What every endpoint of training shares: the scope, rows that a body names, and where a field stands in the body."""

from collections.abc import Mapping
from typing import TypeVar

from django.db import models

from classifier.api.base import Endpoint
from classifier.api.field_errors import Path, field_error, path_of
from classifier.api.problems import invalid
from classifier.models import ApiScope

Row = TypeVar("Row", bound=models.Model)


class TrainingEndpoint(Endpoint):
    """An endpoint of training: keys need the scope `train`."""

    scope = ApiScope.TRAIN

    def place_of(self, field: str) -> Path:
        """Return where in the body the field of a service stands: at the top, or nested or dotted in an object."""
        data = getattr(self.request, "data", None)
        body = data if isinstance(data, Mapping) else {}
        path = path_of(field)
        if not path or path[0] in body:
            return path
        parts = [name for name in ("config", "space", "full") if isinstance(body.get(name), Mapping)]
        for name in parts:
            if field in body[name]:
                return (name, field)
        for name in parts:
            if path[0] in body[name]:
                return (name, *path)
        return ("config", *path) if "config" in parts and "." in field else path


def referred(rows: "models.QuerySet[Row]", pk: int | None, field: str, what: str) -> Row | None:
    """Return the row that a field of the body names by id, None for none. Raises the 400 problem for that field."""
    if pk is None:
        return None
    row = rows.filter(pk=pk).first()
    if row is None:
        raise invalid([field_error(path_of(field), f"names no existing {what}: {pk}", "does_not_exist")])
    return row
