"""The page of a comparison: numbers, filters, disagreements, CSV; without scripts; by people of their sources."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classifier.accounts.roles import LEAD
from classifier.accounts.services import person_create
from classifier.core.errors import NoWorker
from classifier.models import (
    ApiKey,
    AuditEntry,
    Comment,
    GoldenItem,
    ModelVersion,
    ReferenceCall,
    ReferenceService,
    Source,
    Suggestion,
    User,
)
from classifier.references import pairs as reference_pairs
from classifier.references.agreement import agreement_at
from classifier.scoring.score_texts import ScoredText
from classifier.tests.builders import version_row
from classifier.tests.references.comparison.conftest import LABELS, make_calls, other_score, own_score

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(client_of: Callable[[User], Client], lead: User) -> Client:
    return client_of(lead)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch, version: ModelVersion) -> None:
    def answer(*, texts: list[str], deadline: float, **options: object) -> list[ScoredText]:
        scores = dict.fromkeys(LABELS, 0.9)
        return [ScoredText(scores, "toxic", 0.9, 0.5, 1, version.version) for _ in texts]

    monkeypatch.setattr("classifier.references.keep_as_example.score_texts", answer)


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_page_tells_calls_failures_and_agreement_at_the_threshold(
    client: Client, service: ReferenceService, version: ModelVersion
) -> None:
    make_calls(500, service=service, version=version)
    now = timezone.now()
    for failure, count in (("timeout", 3), ("quota", 2)):
        ReferenceCall.objects.bulk_create(
            ReferenceCall(
                service=service, wire="perspective", mode="observe", failure=failure, model_version=version,
                ours={"TOXICITY": 0.1}, created_at=now,
            )
            for _ in range(count)
        )  # fmt: skip
    shown = page(client, f"/references/{service.pk}/compare/?threshold=0.55")
    at = agreement_at([own_score(n) for n in range(500)], [other_score(n) for n in range(500)], 0.55)
    assert "Compare with Perspective" in shown
    assert '<dt>Calls</dt><dd class="num">505</dd>' in shown
    assert '<dt>Answered by both</dt><dd class="num">500</dd>' in shown
    assert '<dt>Too slow</dt><dd class="num">3</dd>' in shown
    assert f'data-out="share">{at.share:.1%}</dd>' in shown
    low, high = at.interval
    assert f"{low:.1%} to {high:.1%}" in shown
    assert at.kappa.value is not None
    assert f'data-out="kappa">{at.kappa.value:.2f}</dd>' in shown
    assert f'data-out="ours">{at.ours_flags:.1%}</dd>' in shown
    assert f'data-out="theirs">{at.theirs_flags:.1%}</dd>' in shown
    assert shown.count("data-chart=") == 2
    assert shown.count('<table class="table') == 2  # one beside each chart


def test_only_pairs_of_the_version_in_production_count_unless_another_is_chosen(
    client: Client, service: ReferenceService, version: ModelVersion
) -> None:
    old = version_row("old-00000000", LABELS)
    make_calls(30, service=service, version=old)
    make_calls(20, service=service, version=version)
    address = f"/references/{service.pk}/compare/"
    pairs = '<dt>Compared pairs</dt><dd class="num">{}</dd>'
    shown = page(client, address)
    assert pairs.format(20) in shown
    assert "30 that other versions scored are left out" in shown
    assert pairs.format(30) in page(client, f"{address}?version=old-00000000")
    assert pairs.format(50) in page(client, f"{address}?version=any")


def test_key_and_period_narrow_it(
    client: Client, service: ReferenceService, version: ModelVersion, key: ApiKey
) -> None:
    make_calls(20, service=service, version=version)
    mine = make_calls(10, service=service, version=version, api_key=key)
    ReferenceCall.objects.filter(pk__in=[call.pk for call in mine[:4]]).update(
        created_at=timezone.now() - timedelta(days=9)
    )
    address = f"/references/{service.pk}/compare/"
    pairs = '<dt>Compared pairs</dt><dd class="num">{}</dd>'
    assert pairs.format(10) in page(client, f"{address}?key={key.pk}")
    day = (timezone.now() - timedelta(days=5)).date()
    assert pairs.format(4) in page(client, f"{address}?end={day}")
    assert pairs.format(26) in page(client, f"{address}?begin={day}")
    for wrong in ("threshold=2", "key=99999999999999999999", "begin=x", "version=none", "threshold=nan"):
        assert "field-error" in page(client, f"{address}?{wrong}")
    page(client, f"{address}?attribute=%00&begin=9999-12-31&end=9999-12-31")


def test_people_of_some_sources_see_calls_of_these_alone(
    client_of: Callable[[User], Client],
    service: ReferenceService,
    version: ModelVersion,
    forum: Source,
    admin_person: User,
    moderator: User,
) -> None:
    make_calls(20, service=service, version=version, source=forum, text="in the forum {}")
    hidden = make_calls(30, service=service, version=version, text="of no source {}")
    near = person_create(
        username="near", password="a-long-enough-pass", roles=[LEAD], all_sources=False, sources=[forum],
        by=admin_person,
    )  # fmt: skip
    client = client_of(near)
    shown = page(client, f"/references/{service.pk}/compare/")
    assert '<dt>Calls</dt><dd class="num">20</dd>' in shown
    assert "in the forum" in shown
    assert "of no source" not in shown
    answer = client.get(f"/references/{service.pk}/compare/calls.csv")
    assert len(answer.getvalue().splitlines()) == 21
    assert client.post(f"/references/calls/{hidden[0].pk}/keep/", {"keep": "toxic"}).status_code == 404
    page(client_of(moderator), f"/references/{service.pk}/compare/", 403)


def test_the_page_stays_bounded_and_says_so(
    client: Client,
    service: ReferenceService,
    version: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reference_pairs, "PAIRS_MAX", 40)
    monkeypatch.setattr("classifier.references.pages.comparison.PAIRS_MAX", 40)
    monkeypatch.setattr(reference_pairs.pairs_of, "__defaults__", (40,))
    make_calls(100, service=service, version=version)
    with CaptureQueriesContext(connection) as few:
        shown = page(client, f"/references/{service.pk}/compare/")
    assert '<dt>Compared pairs</dt><dd class="num">100</dd>' in shown
    assert "of the latest 40 pairs" in shown
    make_calls(200, service=service, version=version)
    with CaptureQueriesContext(connection) as more:
        page(client, f"/references/{service.pk}/compare/")
    assert len(more) == len(few)


def test_the_strongest_disagreements_come_first_and_are_blurred(
    client: Client, service: ReferenceService, version: ModelVersion, forum: Source
) -> None:
    make_calls(100, service=service, version=version, source=forum)
    without = make_calls(1, service=service, version=version, source=forum, text="")[0]
    ReferenceCall.objects.filter(pk=without.pk).update(theirs={"TOXICITY": 1.0})
    shown = page(client, f"/references/{service.pk}/compare/")
    ranked = sorted(range(100), key=lambda n: -abs(own_score(n) - other_score(n)))
    first = shown.index(f">row {ranked[0]}<")
    assert first < shown.index(f">row {ranked[1]}<")
    assert f"call-{without.pk}" not in shown
    assert 'class="veil"' in shown[first - 200 : first]


def test_a_text_becomes_a_known_answer_without_waiting_in_the_queue(
    client: Client, service: ReferenceService, version: ModelVersion, forum: Source, scored: None
) -> None:
    call = make_calls(1, service=service, version=version, source=forum)[0]
    address = f"/references/calls/{call.pk}/keep/"
    answer = client.post(address, {"keep": "remove", "attribute": "TOXICITY"}, headers=HTMX)
    assert answer.status_code == 200
    assert "Known answer: remove" in answer.content.decode()
    item = GoldenItem.objects.get()
    assert (item.expected, item.comment.text, item.comment.source) == ("remove", "row 0", forum)
    assert item.comment.current_prediction is not None
    assert (item.comment.status, item.comment.queued_at) == ("classified", None)
    call.refresh_from_db()
    assert call.comment == item.comment
    twice = client.post(address, {"keep": "approve", "attribute": "TOXICITY"}, headers=HTMX)
    assert (twice.status_code, Comment.objects.count()) == (422, 1)
    assert "known answer already" in twice.content.decode()


def test_a_comment_that_the_call_stored_is_used_itself(
    client: Client, service: ReferenceService, version: ModelVersion, moderator: User
) -> None:
    from classifier.tests.builders import classified_comment

    comment = classified_comment(version, by=moderator)
    call = make_calls(1, service=service, version=version, source=comment.source, comment=comment, text="")[0]
    assert "i hate you" in page(client, f"/references/{service.pk}/compare/")
    client.post(f"/references/calls/{call.pk}/keep/", {"keep": "remove", "attribute": "TOXICITY"})
    assert GoldenItem.objects.get().comment == comment


def test_a_text_is_suggested_for_a_data_set_once(
    client: Client, service: ReferenceService, version: ModelVersion, forum: Source
) -> None:
    call = make_calls(1, service=service, version=version, source=forum, attribute="INSULT")[0]
    address = f"/references/calls/{call.pk}/keep/"
    body = {"keep": "not-toxic", "attribute": "INSULT", "back": "/comparisons/"}
    assert client.post(address, body).headers["Location"] == "/comparisons/"
    found = Suggestion.objects.get()
    assert (found.text, found.labels, found.source) == ("row 0", {"insult": 0.0}, forum)
    again = client.post(address, {**body, "back": "https://elsewhere.example/"})
    assert again.headers["Location"] == "/comparisons/"  # never to another site
    assert Suggestion.objects.count() == 1


def test_what_cannot_be_kept_says_why(
    client: Client,
    service: ReferenceService,
    version: ModelVersion,
    forum: Source,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = make_calls(1, service=service, version=version, source=forum, text="")[0]
    of_none = make_calls(1, service=service, version=version)[0]
    call = make_calls(1, service=service, version=version, source=forum)[0]

    def nobody(**kwargs: Any) -> Any:
        raise NoWorker("No classification worker is running.")

    monkeypatch.setattr("classifier.references.keep_as_example.score_texts", nobody)
    for row, keep, why in (
        (gone, "toxic", "is not kept"),
        (of_none, "approve", "belongs to no source"),
        (call, "approve", "No worker scores texts"),
        (call, "nothing", "Choose what to make of it"),
    ):
        answer = client.post(
            f"/references/calls/{row.pk}/keep/", {"keep": keep, "attribute": "TOXICITY"}, headers=HTMX
        )
        assert (answer.status_code, why in answer.content.decode()) == (422, True)
    assert not GoldenItem.objects.exists()
    assert not Comment.objects.exists()


def test_the_csv_has_every_call_without_texts_and_is_audited(
    client: Client, service: ReferenceService, version: ModelVersion, forum: Source
) -> None:
    make_calls(5, service=service, version=version, source=forum, text="=cmd {}")
    answer = client.get(f"/references/{service.pk}/compare/calls.csv")
    text = answer.getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 5
    assert float(rows[0]["ours_TOXICITY"]) == own_score(4)
    assert float(rows[0]["theirs_TOXICITY"]) == other_score(4)
    assert rows[0]["source"] == "forum"
    assert "cmd" not in text
    assert AuditEntry.objects.get(verb="export.reference_calls").data["service"]["name"] == "Perspective"


def test_a_map_is_previewed_saved_and_switched_on_and_off_in_one_click_each(
    client_of: Callable[[User], Client],
    service: ReferenceService,
    version: ModelVersion,
    key: ApiKey,
    admin_person: User,
    lead: User,
) -> None:
    client = client_of(admin_person)
    make_calls(400, service=service, version=version)
    shown = page(client, f"/score-maps/new/?service={service.pk}&threshold=0.8")
    assert 'data-chart="lines"' in shown
    assert "With the map" in shown
    last = ReferenceCall.objects.order_by("-pk").first()
    assert last is not None
    body = {
        "service": service.pk,
        "threshold": "0.8",
        "method": "quantile",
        "last_id": last.pk,
        "name": "Old",
    }
    made = client.post("/score-maps/new/", body)
    assert made.headers["Location"].startswith("/score-maps/")
    address = made.headers["Location"]
    assert "No key." in page(client, address)
    map_id = address.split("/")[2]
    client.post(f"/keys/{key.pk}/score-map/", {"map": map_id, "back": "map"})
    key.refresh_from_db()
    assert str(key.score_map) == "Old v1"
    assert "Old v1" in page(client, f"/keys/{key.pk}/")
    assert "The forum" in page(client, "/score-maps/")
    ModelVersion.objects.update(status="retired")
    version_row("next-11111111", LABELS, status="active", activated_at=timezone.now())
    for outdated in (address, f"/keys/{key.pk}/", f"/references/{service.pk}/compare/", "/dashboard/"):
        assert "it again" in page(client, outdated)
    client.post(f"/keys/{key.pk}/score-map/", {"map": ""})
    key.refresh_from_db()
    assert key.score_map is None
    near = client_of(lead)
    page(near, address)
    assert near.post("/score-maps/new/", body).status_code == 403
    assert near.post(f"/keys/{key.pk}/score-map/", {"map": map_id}).status_code == 403


def test_too_few_pairs_are_told_on_the_preview(
    client: Client, service: ReferenceService, version: ModelVersion
) -> None:
    make_calls(120, service=service, version=version)
    shown = page(client, f"/score-maps/new/?service={service.pk}")
    assert "at least 300 pairs of one model version; there are: TOXICITY 120" in shown
    assert "Save the map" not in shown
    assert client.get("/score-maps/new/").headers["Location"] == "/comparisons/"
    page(client, "/score-maps/new/?service=99999999999999999999", 404)
