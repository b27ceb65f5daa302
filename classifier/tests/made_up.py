"""Requests made up from the OpenAPI file, good and bad: which test makes up which, and what each answer is held to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import hypothesis
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from toxicsite.wsgi import application

FILE = "/api/v1/openapi.yaml"
GROUPS = {
    "comments": (
        r"^/api/v1/(comments/(events/)?|comments/\{comment_id\}/|score/(jobs/.*)?|feedback/.*|usage/|statistics/)$"
    ),
    "moderation": r"^/api/v1/((decisions|appeals|reports|policies|rules|rule-lists|queue)/|comments/\{comment_id\}/.)",
    "transfers": r"^/api/v1/(imports|exports|transfers|rescorings)/",
    "references": r"^/api/v1/(comparison|reference-calls|score-maps)/",
    "webhooks": r"^/api/v1/webhooks/",
    "training": (
        r"^/api/v1/(experiments|recipes|plans|datasets|sweeps|model-versions|language-slots|evaluations|suites"
        r"|retraining)/"
    ),
}
# 503 is described: no worker runs here. A cursor, an id or an address fits its schema and is refused all the same when
# it was made up. `ignored_auth` calls again without the key, which the tests of keys do better.
NOT_ASKED = [not_a_server_error, positive_data_acceptance, ignored_auth]


UNKNOWN_HEADER = "x-schemathesis-unknown-property"


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@cache
def _all_operations() -> BaseSchema:
    """Read the file once for all modules: that takes seconds of every process that collects tests."""
    return schemathesis.openapi.from_wsgi(FILE, application)


def operations(group: str) -> BaseSchema:
    """Return the operations of a group; parametrize a test with them."""
    return _all_operations().include(path_regex=GROUPS[group])


def made_up(examples: int) -> hypothesis.settings:
    """So many requests for each operation, the same ones in every run."""
    return hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )


def hold_against_the_file(case: Any, headers: Mapping[str, str]) -> None:
    """Make the request; fail where the answer is not described, or is a failure of the server."""
    with _connection_stays_open():
        response = case.call(headers=headers)
    unknown = any(
        name.lower() == UNKNOWN_HEADER for name in case.headers or {}
    )  # proxies add headers as they like
    case.validate_response(
        response, excluded_checks=[*NOT_ASKED, *([negative_data_rejection] if unknown else [])]
    )
    assert response.status_code != 500


@contextmanager
def _connection_stays_open() -> Iterator[None]:
    """A real request closes old connections; the test's own one has to stay open."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)
