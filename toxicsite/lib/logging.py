"""Log records without comment text: as lines to read, or as one JSON object a line.

What people wrote must never be in a log. Exceptions and Celery quote values (a failing row, a task's
arguments), so records lose those, and of an exception its type and its frames are kept, its message only
where it is about a connection, a file or a setting.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.core.exceptions import DisallowedHost, ImproperlyConfigured
from django.db import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from toxicsite.lib import request_id

ExcInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[type[BaseException] | None, BaseException | None, TracebackType | None]
)

SPEAKS_OF_THE_MACHINE = (
    OSError,
    ImportError,
    OperationalError,
    ImproperlyConfigured,
    DisallowedHost,
    RedisConnectionError,
    RedisTimeoutError,
)
# What Celery puts into the arguments of its records about a task.
TASK_VALUES = ("args", "kwargs", "return_value", "exc", "traceback")


class WithoutValues(logging.Filter):
    """A filter that empties the fields of a record where Celery quotes arguments, results and errors of a task."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, dict) and any(name in record.args for name in TASK_VALUES):
            error = record.exc_info[0] if record.exc_info else None
            stand_in = error.__name__ if error else "(not logged)"
            record.args = {
                name: stand_in if name in TASK_VALUES else value for name, value in record.args.items()
            }
        return True


class TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00+00:00 WARNING logger: message`, the request's id before it, exceptions below it."""

    def format(self, record: logging.LogRecord) -> str:
        own_id = _request_id(record)
        name = f"{record.name} [{own_id}]" if own_id else record.name
        line = f"{_time(record)} {record.levelname} {name}: {record.getMessage()}"
        if record.exc_info:
            line += f"\n{self.formatException(record.exc_info)}"
        return line

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 (logging's name)
        return _describe(ei[1])


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message; request_id, exception and other fields where there are."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if own_id := _request_id(record):
            fields["request_id"] = own_id
        fields |= getattr(record, "fields", {})
        if record.exc_info:
            fields["exception"] = _describe(record.exc_info[1])
        return json.dumps(fields, ensure_ascii=False)


def configuration(*, level: str, style: str) -> dict[str, Any]:
    """Return the dictionary for `logging.config`: everything from `level` up goes to standard error as `style`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"without_values": {"()": WithoutValues}},
        "formatters": {"text": {"()": TextFormatter}, "json": {"()": JsonFormatter}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": style, "filters": ["without_values"]}
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Its own handlers would mail the whole request, form values included, to the admins.
            "django": {"handlers": [], "level": level, "propagate": True},
            # At DEBUG it would log every statement with its values.
            "django.db.backends": {"level": "INFO"},
        },
    }


def _request_id(record: logging.LogRecord) -> str:
    """Return the id that the record brings, or that of the request being worked on."""
    return str(getattr(record, "request_id", "")) or request_id.current()


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _describe(error: BaseException | None) -> str:
    """Return an exception with its causes: type, frames, and the message where it cannot quote anybody."""
    parts: list[str] = []
    while error is not None and len(parts) < 5:
        kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        message = str(error).strip().splitlines() if isinstance(error, SPEAKS_OF_THE_MACHINE) else []
        frames = [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        parts.append("\n".join([f"{kind}: {message[0]}" if message else kind, *frames]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nbecause of ".join(parts)
