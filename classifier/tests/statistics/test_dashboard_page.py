"""The dashboard shows its numbers as charts, tables and text, to leads, of the sources that they see."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from classifier.models import Comment, ModelVersion, Source, User
from classifier.tests.quality.conftest import Decided, Said
from classifier.tests.quality.test_drift import scores

DATA = re.compile(r'<script id="(\w+)" type="application/json">(.*?)</script>', re.DOTALL)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def charts_of(page: str) -> dict[str, Any]:
    return {name: json.loads(data) for name, data in DATA.findall(page)}


def now() -> str:
    return timezone.now().replace(tzinfo=None).isoformat()


@pytest.fixture
def busy(forum: Source, shop: Source, said: Said, decided: Decided, ann: User) -> None:
    comment = said(forum, now(), 0.9)
    decided(comment, now(), "remove", ann, seconds=4.5)
    waits = said(shop, now(), 0.6)
    Comment.objects.filter(pk=waits.pk).update(
        queued_at=timezone.now() - timedelta(hours=2), queue_reasons=[{"kind": "report"}]
    )


def test_charts_have_their_numbers_and_a_table_beside_them(busy: None, lead: User) -> None:
    page = client_of(lead).get("/dashboard/?days=7").content.decode()
    charts = charts_of(page)
    assert charts["inbound"]["series"][0]["points"] == [*([at, 0] for at in range(6)), [6, 2]]
    assert charts["inbound"]["series"][1]["points"][-1] == [6, 2]
    assert charts["inbound"]["x"]["names"][-1] == timezone.now().date().isoformat()
    assert charts["agreement"]["series"][0]["points"] == [*([at, None] for at in range(6)), [6, 1.0]]
    assert charts["ages"]["series"][0]["values"] == [0, 1, 0, 0, 0]
    for name in charts:
        assert f'data-source="#{name}"' in page
    assert page.count("as a table</summary>") == len(charts)
    assert page.count(timezone.now().date().isoformat()) >= 5
    for text in ("Reported", "ann", "100.0% of 1", "Too few comments to tell"):
        assert text in page


def test_a_source_and_a_span_can_be_chosen_and_others_are_refused(
    busy: None, lead: User, shop: Source
) -> None:
    client = client_of(lead)
    page = client.get("/dashboard/?source=shop&days=90").content.decode()
    charts = charts_of(page)
    assert len(charts["inbound"]["x"]["names"]) == 90
    assert charts["inbound"]["series"][0]["points"][-1] == [89, 1]
    assert client.get("/dashboard/?days=8").status_code == 422
    lead.all_sources = False
    lead.save()
    lead.source_access.create(source=shop)
    page = client.get("/dashboard/").content.decode()
    assert "forum" not in page
    assert charts_of(page)["inbound"]["series"][0]["points"][-1] == [29, 1]
    assert client.get("/dashboard/?source=forum").status_code == 422


def test_an_empty_site_says_so(lead: User) -> None:
    answer = client_of(lead).get("/dashboard/")
    assert answer.status_code == 200
    assert b"No numbers yet" in answer.content
    assert b"data-chart" not in answer.content


def test_drifted_scores_are_a_warning(forum: Source, version: ModelVersion, lead: User, said: Said) -> None:
    said(forum, now())
    today = timezone.now().date()
    for back in range(1, 30):
        low, high = (400, 600) if back < 7 else (900, 100)
        scores(today - timedelta(days=back), forum, version.version, low, high)
    page = client_of(lead).get("/dashboard/").content.decode()
    assert "Scores have drifted" in page
    assert "Is another distribution" in page
    assert len(charts_of(page)["scores"]["categories"]) == 20


def test_moderators_and_strangers_are_refused(ann: User, db: None) -> None:
    assert client_of(ann).get("/dashboard/").status_code == 403
    assert Client().get("/dashboard/").status_code == 302
