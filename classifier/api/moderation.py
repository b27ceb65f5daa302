"""What the endpoints of moderation share: scopes, permissions, finding comments, and naming what services refuse."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import Endpoint, refusal
from classifier.api.field_errors import field_error, parameter_error
from classifier.api.permissions import caller
from classifier.api.problems import CHANGED_MEANWHILE, NOT_NOW, Problem, exception_handler, invalid
from classifier.api.verbs import found
from classifier.core.errors import (
    ClaimTaken,
    DecisionConflict,
    NotPossibleNow,
    PolicyConflict,
    VersionConflict,
    WrongFilter,
)
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput
from classifier.core.visible_comments import comments_visible_to
from classifier.models import Comment
from toxicsite.lib.lifecycle import IllegalTransition, LostRace

NOT_POSSIBLE = (DecisionConflict, ClaimTaken, NotPossibleNow, LostRace, IllegalTransition)


class ModerationEndpoint(Endpoint):
    """`needs` names for a method the permission that its person must hold; services ask again for what they do."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    needs: ClassVar[dict[str, str]] = {}
    comment: Comment  # of an address with a comment_id

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = str(request.method).lower()
        if method not in self.http_method_names or not hasattr(self, method):
            return  # a method that is not served: 405 follows, whatever is there
        if "comment_id" in kwargs:
            # what one may not see is not there, whatever else one may do
            self.comment = found(comments_visible_to(user=caller(request)), kwargs["comment_id"])
        permission = self.needs.get("GET" if request.method == "HEAD" else str(request.method))
        if permission is not None:
            require_permission(caller(request), permission)

    def get_exception_handler(self) -> Any:
        return _exception_handler


def _exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    return exception_handler(as_problem(exc, context), context)


def as_problem(exc: Exception, context: Mapping[str, Any]) -> Exception:
    match exc:
        case InvalidInput():
            gone = next((problem for problem in exc.problems if problem.code == "purged"), None)
            return refusal(exc) if gone is None else Problem(NOT_NOW, gone.message)
        case VersionConflict() | PolicyConflict():
            return Problem(CHANGED_MEANWHILE, str(exc))
        case WrongFilter():
            return _wrong_filter(exc, context)
        case _ if isinstance(exc, NOT_POSSIBLE):
            message = str(exc)
            return Problem(NOT_NOW, message if message.endswith((".", "!", "?")) else f"{message}.")
    return exc


def _wrong_filter(error: WrongFilter, context: Mapping[str, Any]) -> Problem:
    request = context.get("request")
    if request is not None and request.method in ("GET", "HEAD"):
        return invalid([parameter_error(error.field, str(error), "invalid")])
    path = ("order",) if error.field == "order" else ("filters", error.field)
    return invalid([field_error(path, str(error), "invalid")])
