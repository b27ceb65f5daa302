"""Messages about what services refuse, for pages and the admin."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest

from classifier.core.error_kinds import ErrorDetails, ErrorKind, refusal_of

NOTHING_CHANGED = "Nothing was changed: "


@contextmanager
def refusals_shown(
    request: HttpRequest, introduction: str = "", level: int = messages.ERROR
) -> Iterator[None]:
    """Leave the block and show a message if a service refuses; every other error is raised.

    Code for the case of success, such as its message or redirect, belongs at the end of the block.
    """
    try:
        yield
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        messages.add_message(request, level, f"{introduction}{refusal.sentence}")


def page_status(details: ErrorDetails) -> int:
    """Return the HTTP status of a page that shows the error; for a form with an invalid field it is always 422."""
    return 422 if details.kind is ErrorKind.INVALID else details.kind.status
