"""Errors of services in commands: one sentence, or the fields that are wrong, and exit code 1."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from classifier.core.error_kinds import ErrorKind, details_of


@contextmanager
def command_errors() -> Iterator[None]:
    """Raise CommandError for errors that services raise by design, and for files that cannot be read or written."""
    try:
        yield
    except Exception as error:
        details = details_of(error)
        if details is not None:
            lines = [
                f"{each.field}: {each.message}" if each.field else each.message for each in details.fields
            ]
            named = lines and details.kind is ErrorKind.INVALID
            raise CommandError("\n".join(lines) if named else details.sentence) from error
        if isinstance(error, OSError):
            raise CommandError(f"Cannot read or write: {error}") from error
        raise
