"""What every endpoint of training shares: scope and permission, lookups, and naming what the services refuse."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.db import models
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import Endpoint
from classifier.api.field_errors import Path, field_error, path_of
from classifier.api.permissions import caller
from classifier.api.problems import (
    GATE_CLOSED,
    NOT_NOW,
    UNSUPPORTED_MEDIA_TYPE,
    Problem,
    disk_full,
    exception_handler,
    invalid,
)
from classifier.api.verbs import NothingInput, checked, found, listed, without_body
from classifier.core.errors import ArtifactRejected, NothingToRollBackTo
from classifier.core.permissions import require_permission
from classifier.model_versions.promotion_gate import GateClosed
from classifier.models import ApiScope
from toxicsite.lib.lifecycle import IllegalTransition, LostRace
from training.api.uploads import UploadParser
from training.core.errors import (
    ConfigRejected,
    DatasetDiskFull,
    DatasetRejected,
    NotAllowedNow,
    SuiteRejected,
)

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
NOT_POSSIBLE = (NotAllowedNow, IllegalTransition, LostRace, NothingToRollBackTo, ArtifactRejected)


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

    def get_exception_handler(self) -> Any:
        return _exception_handler


def referred(rows: "models.QuerySet[Row]", pk: int | None, field: str, what: str) -> Row | None:
    """The row that a field of the body names by id, None for none. Raises the 400 problem for that field."""
    if pk is None:
        return None
    row = rows.filter(pk=pk).first()
    if row is None:
        raise invalid([field_error(path_of(field), f"names no {what} that is there: {pk}", "does_not_exist")])
    return row


def _exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    return exception_handler(_as_problem(exc, context), context)


def _as_problem(exc: Exception, context: Mapping[str, Any]) -> Exception:
    match exc:
        case DatasetDiskFull():
            return disk_full(exc.field)
        case ConfigRejected() | DatasetRejected() | SuiteRejected():
            place = _place(exc.field, context)
            message = exc.message if exc.message[:1].isupper() else exc.message.rstrip(".")
            return invalid([field_error(place, message, "invalid")])
        case GateClosed():
            errors = [field_error(("override_reason",), reason, "gate") for reason in exc.verdict.reasons]
            return Problem(GATE_CLOSED, str(exc), errors)
        case UnsupportedMediaType() if UploadParser in getattr(context.get("view"), "parser_classes", ()):
            return Problem(UNSUPPORTED_MEDIA_TYPE, "Send fields and files as multipart/form-data.")
        case _ if isinstance(exc, NOT_POSSIBLE):
            message = str(exc)
            message = message[:1].upper() + message[1:]
            return Problem(NOT_NOW, message if message.endswith((".", "!", "?")) else f"{message}.")
    return exc


def _place(field: str, context: Mapping[str, Any]) -> Path:
    """Where the field that a service names stands in the body: at the top, or in an object, nested or dotted."""
    data = getattr(context.get("request"), "data", None)
    body = data if isinstance(data, Mapping) else {}
    if not field:
        return ()
    path = path_of(field)
    if path[0] in body:
        return path
    parts = [name for name in ("config", "space", "full") if isinstance(body.get(name), Mapping)]
    for name in parts:
        if field in body[name]:
            return (name, field)
    for name in parts:
        if path[0] in body[name]:
            return (name, *path)
    return ("config", *path) if "config" in parts and "." in field else path
