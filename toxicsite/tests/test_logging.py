"""Logs never quote what people wrote."""

import json
import logging
import sys

from django.db import DataError, OperationalError

from toxicsite.lib.logging import JsonFormatter, TextFormatter, WithoutValues

SECRET = "you are a worthless idiot"


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = None
    if error is not None:
        try:
            raise error
        except BaseException:
            exc_info = sys.exc_info()
    return logging.LogRecord("some.logger", logging.ERROR, __file__, 1, message, args, exc_info)


def test_a_json_line_can_be_read_back() -> None:
    fields = json.loads(JsonFormatter().format(record("%s comments, ümlaut\nand a second line", 3)))
    assert fields["message"] == "3 comments, ümlaut\nand a second line"
    assert (fields["level"], fields["logger"]) == ("ERROR", "some.logger")


def test_an_exception_keeps_its_type_and_place_and_loses_its_message() -> None:
    for formatter in (JsonFormatter(), TextFormatter()):
        line = formatter.format(record("failed", error=DataError(f"value too long: {SECRET}")))
        assert SECRET not in line
        assert "django.db.utils.DataError" in line
        assert "test_logging.py" in line


def test_the_cause_of_an_exception_is_told_without_its_message() -> None:
    error = RuntimeError(SECRET)
    error.__cause__ = ValueError(SECRET)
    line = TextFormatter().format(record("failed", error=error))
    assert SECRET not in line
    assert "because of ValueError" in line


def test_an_exception_about_the_machine_keeps_the_first_line_of_its_message() -> None:
    line = TextFormatter().format(
        record("failed", error=OperationalError(f"connection refused\nDETAIL: {SECRET}"))
    )
    assert "connection refused" in line
    assert SECRET not in line


def test_records_of_celery_lose_arguments_results_and_errors() -> None:
    values = {
        "id": "42",
        "name": "classifier.score",
        "args": [SECRET],
        "kwargs": {"text": SECRET},
        "exc": SECRET,
        "return_value": SECRET,
    }
    found = record("%(name)s[%(id)s] %(args)s %(kwargs)s %(exc)s %(return_value)s", values)
    assert WithoutValues().filter(found)
    assert SECRET not in found.getMessage()
    assert found.getMessage().startswith("classifier.score[42] ")
