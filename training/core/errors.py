"""What can go wrong in a service of training, named for what happened; every message says what to do."""

from toxicsite.lib.storage_errors import NOTHING_STORED

__all__ = ["ConfigRejected", "DatasetDiskFull", "DatasetRejected", "NotAllowedNow", "SuiteRejected"]


class _FieldError(Exception):
    """One field of what was asked for cannot be; `field` is its dotted name, empty where no single one is to blame."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


class ConfigRejected(_FieldError):
    """A run cannot be made of this: an unknown recipe, a wrong value, a dataset or teacher that does not fit."""


class DatasetRejected(_FieldError):
    """Rows cannot be taken in: unreadable, too large, without texts or labels."""


class DatasetDiskFull(DatasetRejected):
    """The disk is full; nothing is left of what was begun."""

    def __init__(self, field: str) -> None:
        super().__init__(field, NOTHING_STORED)


class SuiteRejected(_FieldError):
    """A file is no test suite, or its name is taken."""


class NotAllowedNow(Exception):
    """The object's status, or what depends on it, does not allow this; the message says what stands in the way."""
