"""What `@operation` takes from a method, and which methods an endpoint refuses to have."""

from typing import Any

import pytest
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import Endpoint
from classifier.api.etag import IF_MATCH
from classifier.api.idempotency import IDEMPOTENCY_KEY
from classifier.api.operation import operation, operation_of
from classifier.api.problems import CHANGED_MEANWHILE, KEY_REUSED, NOT_NOW
from classifier.api.reading import NothingInput
from classifier.models import ApiScope


class Example(Endpoint):
    scope = ApiScope.READ

    @operation("read_example", answers=NothingInput)
    def get(self, request: Request) -> Response:
        """Read an example."""
        return Response({})

    @operation(
        "save_example",
        scope=ApiScope.ADMIN,
        needs="classifier.add_policy",
        headers=[IF_MATCH, IDEMPOTENCY_KEY],
        answers={201: NothingInput},
        problems=[NOT_NOW],
        more="At most 3.",
    )
    def put(self, request: Request) -> Response:
        """Save an example.

        A paragraph that is wrapped
        in the code.

        - 201: it is saved,
          and kept.
        - 409: it is not.
        """
        return Response({}, status=201)


def test_the_docstring_is_the_summary_and_the_description() -> None:
    read, save = operation_of(Example, "GET"), operation_of(Example, "PUT")
    assert read is not None
    assert save is not None
    assert (read.summary, read.description) == ("Read an example", "")
    assert save.summary == "Save an example"
    assert save.description == (
        "A paragraph that is wrapped in the code.\n\n- 201: it is saved, and kept.\n- 409: it is not.\n\nAt most 3."
    )
    assert operation_of(Example, "DELETE") is None


def test_headers_bring_their_problems_along() -> None:
    save = operation_of(Example, "PUT")
    assert save is not None
    assert list(save.problems) == [NOT_NOW, CHANGED_MEANWHILE, KEY_REUSED]


def test_an_operation_without_a_scope_has_that_of_its_endpoint() -> None:
    assert Example.scopes == {"GET": ApiScope.READ, "PUT": ApiScope.ADMIN}


def test_a_method_that_says_nothing_about_itself_is_refused() -> None:
    with pytest.raises(TypeError, match="needs @operation"):

        class Undescribed(Endpoint):
            scope = ApiScope.READ

            def post(self, request: Request, **kwargs: Any) -> Response:
                return Response({})


def test_a_method_that_anybody_could_call_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a scope"):

        class Open(Endpoint):
            @operation("open_example", answers=NothingInput)
            def get(self, request: Request) -> Response:
                """Read an example."""
                return Response({})
