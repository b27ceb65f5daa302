"""Comparisons, calls and maps through the API: the page's numbers and permissions, keyset pages, CSV."""

import csv
import io
from typing import Any

import pytest
from django.test import Client

from classifier.api_keys.services import api_key_create
from classifier.models import (
    AuditEntry,
    ModelVersion,
    ReferenceCall,
    ReferenceService,
    ScoreMap,
    Source,
    User,
)
from classifier.references.agreement import agreement_at
from classifier.tests.references.comparison.conftest import make_calls, other_score, own_score

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]


class Program:
    def __init__(self, owner: User, scopes: list[str], sources: list[Source] | None = None) -> None:
        _, plaintext = api_key_create(name="program", owner=owner, scopes=scopes, sources=sources or [])
        self.headers = {"Authorization": f"Bearer {plaintext}"}
        self.client = Client()

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/{path}", headers=self.headers)

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(
            f"/api/v1/{path}", body, content_type="application/json", headers=self.headers
        )


@pytest.fixture
def reader(admin_person: User) -> Program:
    return Program(admin_person, ["moderate"])


def test_the_numbers_are_those_of_the_page(
    reader: Program, service: ReferenceService, version: ModelVersion
) -> None:
    make_calls(300, service=service, version=version)
    ReferenceCall.objects.filter(service=service).first()
    body = reader.get(f"comparison/?service={service.pk}&threshold=0.6").json()
    at = agreement_at([own_score(n) for n in range(300)], [other_score(n) for n in range(300)], 0.6)
    assert (body["calls"], body["pairs"], body["pairs_read"]) == (300, 300, 300)
    assert body["agreement"]["share"] == at.share
    assert (body["agreement"]["share_low"], body["agreement"]["share_high"]) == at.interval
    assert body["agreement"]["kappa"] == at.kappa.value
    assert sum(body["ours_histogram"]) == sum(map(sum, body["joint"])) == 300
    assert body["model_version"] == version.version


def test_calls_come_in_keyset_pages_and_as_csv_without_texts(
    reader: Program, service: ReferenceService, version: ModelVersion
) -> None:
    calls = make_calls(5, service=service, version=version, text="secret words {}")
    first = reader.get(f"reference-calls/?service={service.pk}&limit=3")
    assert "secret" not in first.content.decode()
    body = first.json()
    second = reader.client.get(body["next"], headers=reader.headers).json()
    ids = [item["id"] for item in body["items"] + second["items"]]
    assert ids == sorted((call.pk for call in calls), reverse=True)
    assert (len(second["items"]), second["next"]) == (2, None)
    assert body["items"][0]["ours"] == {"TOXICITY": own_score(4)}
    answer = reader.get(f"reference-calls/csv/?service={service.pk}")
    text = b"".join(answer.streaming_content).decode()
    assert len(list(csv.DictReader(io.StringIO(text)))) == 5
    assert "secret" not in text
    assert AuditEntry.objects.filter(verb="export.reference_calls", api_key__isnull=False).count() == 1


def test_a_map_is_previewed_fitted_listed_and_read(
    admin_person: User, service: ReferenceService, version: ModelVersion
) -> None:
    make_calls(400, service=service, version=version)
    make_calls(20, service=service, version=version, attribute="INSULT")
    program = Program(admin_person, ["moderate", "admin"])
    body = {"service": service.pk, "threshold": 0.7, "method": "isotonic"}
    preview = program.post("score-maps/preview/", body).json()
    assert preview["too_few"] == {"INSULT": 20}
    assert not ScoreMap.objects.exists()
    made = program.post("score-maps/", {**body, "name": "Perspective"})
    assert made.status_code == 201
    assert made.json()["attributes"] == preview["attributes"]
    assert program.client.get(made.headers["Location"], headers=program.headers).json() == made.json()
    assert program.get("score-maps/").json()["items"] == [made.json()]
    assert AuditEntry.objects.get(verb="score_map.save").api_key is not None


def test_what_cannot_be_is_refused_by_field(
    admin_person: User, service: ReferenceService, version: ModelVersion
) -> None:
    program = Program(admin_person, ["moderate", "admin"])
    make_calls(20, service=service, version=version)
    for path in (
        "comparison/",
        "comparison/?service=1&file=1",
        "comparison/?service=999999",
        "comparison/?file=999999",
        f"comparison/?service={service.pk}&threshold=2",
        f"comparison/?service={service.pk}&begin=yesterday",
        f"reference-calls/?service={service.pk}&version=any",
    ):
        assert program.get(path).status_code == 400, path
    few = program.post("score-maps/", {"service": service.pk, "name": "x"})
    assert few.status_code == 400
    assert "at least 300 pairs" in few.content.decode()


def test_a_key_for_one_source_sees_calls_of_that_source_alone(
    admin_person: User, service: ReferenceService, version: ModelVersion, forum: Source, reader: Program
) -> None:
    make_calls(7, service=service, version=version, source=forum)
    make_calls(9, service=service, version=version)
    near = Program(admin_person, ["moderate"], [forum])
    assert near.get(f"comparison/?service={service.pk}").json()["calls"] == 7
    assert len(near.get(f"reference-calls/?service={service.pk}").json()["items"]) == 7
    assert reader.get(f"comparison/?service={service.pk}").json()["calls"] == 16


def test_reading_needs_the_scope_moderate_and_saving_admin(
    admin_person: User, moderator: User, service: ReferenceService, reader: Program
) -> None:
    for program in (Program(admin_person, ["submit", "score"]), Program(moderator, ["moderate"])):
        assert program.get(f"comparison/?service={service.pk}").status_code == 403
    assert reader.post("score-maps/", {"service": service.pk, "name": "x"}).status_code == 403
