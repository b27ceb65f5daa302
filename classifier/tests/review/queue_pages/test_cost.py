"""The next comment is on screen after few statements, however many wait."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from classifier.models import ModelVersion
from classifier.tests.review.conftest import waiting
from classifier.tests.review.queue_pages.conftest import HTMX

pytestmark = pytest.mark.django_db
STATEMENTS = 25


def test_a_decision_and_the_next_comment_cost_few_statements(
    active_version: ModelVersion, as_mo: Client
) -> None:
    first, *_ = waiting(active_version, *[f"comment number {n} says something else" for n in range(12)])
    as_mo.get("/queue/")
    data = {"action": "approve", "prediction": first.current_prediction_id, "seen": ""}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = as_mo.post(f"/queue/{first.pk}/decide/", data, headers=HTMX)
    assert answer.status_code == 200
    told = [query["sql"][:160] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(told) <= STATEMENTS, "\n".join(told)
