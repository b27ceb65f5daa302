"""The base of all endpoints: who may call them, how bodies are read, and how errors are answered."""

from functools import partial
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.db import models
from django.http import Http404
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import ApiKeyAuthentication, HasScope, caller
from classifier.api.operation import operation_of
from classifier.api.parsing import AlwaysJSON, StrictJSONParser, admit_chunked_body
from classifier.api.problems import exception_handler
from classifier.api.reading import refuse_encoded_body, refuse_repeated_parameters
from classifier.api.throttling import Metered
from classifier.core.permissions import require_permission
from classifier.core.visibility import blind_review_of
from classifier.core.visible_comments import comments_visible_to
from classifier.models import ApiScope, Comment, User

Row = TypeVar("Row", bound=models.Model)


class Endpoint(Metered):
    """An address of version 1, whose methods are described by `@operation`.

    `scope` is the scope of operations that name none. The permission of an operation is checked here, and again by the
    service that it calls. If the address has a `comment_id`, `comment` is that comment; 404 if it is not visible.
    """

    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]
    permission_classes = [HasScope]
    parser_classes = [StrictJSONParser]
    content_negotiation_class = AlwaysJSON
    metadata_class = None
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    scope: ClassVar[ApiScope | None] = None
    scopes: ClassVar[dict[str, ApiScope]] = {}
    without_slug: ClassVar[dict[str, str]] = {}  # words of ids and summaries, on an address without a slug
    comment: Comment

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.scopes = {}
        for method in filter(partial(hasattr, cls), cls.http_method_names):
            operation = operation_of(cls, method)
            if operation is None:
                raise TypeError(f"{cls.__name__}.{method} needs @operation, which says who may call it")
            scope = operation.scope or cls.scope
            if scope is not None:
                cls.scopes[method.upper()] = scope
            elif HasScope in cls.permission_classes:
                raise TypeError(f"{cls.__name__}.{method} needs a scope: without one, anybody could call it")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        admit_chunked_body(request._request)
        super().initial(request, *args, **kwargs)
        if request.auth is None and isinstance(request.user, User):
            request.user.looks_at = blind_review_of(request._request.session)
        refuse_encoded_body(request)
        refuse_repeated_parameters(request)
        operation = operation_of(self, "get" if request.method == "HEAD" else str(request.method))
        if operation is None:
            return  # a method that is not served: 405 follows, whatever is there
        if "comment_id" in kwargs:
            # Before the permission: a comment that the caller may not see does not exist for them.
            self.comment = found(comments_visible_to(user=caller(request)), kwargs["comment_id"])
        if operation.permission is not None:
            require_permission(caller(request), operation.permission)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        # Answers hold what people wrote, and the caller may be named by a header that caches do not know.
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    def get_exception_handler(self) -> Any:
        return exception_handler


def found(rows: "models.QuerySet[Row]", pk: int) -> Row:
    """Return the row of the address. Raises Http404."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def batch_limit() -> int:
    return int(settings.BATCH_MAX_COMMENTS)
