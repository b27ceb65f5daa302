"""What every endpoint of training shares: scope and permission, lookups, and where a field stands in the body."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.db import models
from rest_framework.request import Request

from classifier.api.base import Endpoint
from classifier.api.field_errors import Path, field_error, path_of
from classifier.api.permissions import caller
from classifier.api.problems import invalid
from classifier.api.verbs import NothingInput, checked, found, listed, without_body
from classifier.core.permissions import require_permission
from classifier.models import ApiScope

__all__ = [
    "NothingInput",
    "TrainingEndpoint",
    "checked",
    "found",
    "listed",
    "referred",
    "without_body",
]

Row = TypeVar("Row", bound=models.Model)


class TrainingEndpoint(Endpoint):
    """Needs the scope `train` for every method, and of the person the permission that `needs` names for it."""

    http_method_names = ["get", "head", "post", "put", "delete"]
    needs: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.scopes = dict.fromkeys(cls.needs, ApiScope.TRAIN)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        permission = self.needs.get("GET" if request.method == "HEAD" else str(request.method))
        if permission is not None:
            require_permission(caller(request), permission)

    def place_of(self, field: str) -> Path:
        """Where the field that a service names stands in the body: at the top, or in an object, nested or dotted."""
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
    """The row that a field of the body names by id, None for none. Raises the 400 problem for that field."""
    if pk is None:
        return None
    row = rows.filter(pk=pk).first()
    if row is None:
        raise invalid([field_error(path_of(field), f"names no {what} that is there: {pk}", "does_not_exist")])
    return row
