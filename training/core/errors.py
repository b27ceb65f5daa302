"""What can go wrong in a service of training, named for what happened; every message says what to do."""

from classifier.core.error_kinds import ErrorKind, Row, errors_register, field_not_kept
from classifier.core.errors import NotPossibleNow
from classifier.core.validation import ValidationProblem
from toxicsite.lib.storage_errors import NOTHING_STORED
from training.ml.config import ConfigError

__all__ = ["ConfigRejected", "DatasetDiskFull", "DatasetRejected", "NotAllowedNow", "SuiteRejected"]


class _FieldError(Exception):
    """A request holds an impossible value; `field` is its dotted name, empty where no single field is to blame."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


class ConfigRejected(_FieldError):
    """A run cannot be started like this: an unknown recipe, a wrong value, a dataset or teacher that does not fit."""


class DatasetRejected(_FieldError):
    """Rows cannot be taken in: unreadable, too large, without texts or labels."""


class DatasetDiskFull(DatasetRejected):
    """The disk is full; nothing is left of what was begun."""

    def __init__(self, field: str) -> None:
        super().__init__(field, NOTHING_STORED)


class SuiteRejected(_FieldError):
    """A file is no test suite, or its name is taken."""


class NotAllowedNow(NotPossibleNow):
    """The object's status, or what depends on it, does not allow this; the message says what stands in the way."""


def _field_of(error: _FieldError | ConfigError) -> list[ValidationProblem]:
    return [ValidationProblem(error.field, error.message, "invalid")]


_INVALID = Row(ErrorKind.INVALID, fields=_field_of)
errors_register(
    {
        ConfigError: _INVALID,
        ConfigRejected: _INVALID,
        DatasetDiskFull: Row(ErrorKind.DISK_FULL, fields=field_not_kept),
        DatasetRejected: _INVALID,
        SuiteRejected: _INVALID,
    }
)
