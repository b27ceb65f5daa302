"""Score maps as rows: fitted from calls, saved in versions, switched on for a key, applied to its answers."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classifier.accounts.roles import LEAD
from classifier.accounts.services import person_create
from classifier.api_keys.services import api_key_authenticate, api_key_create
from classifier.core.validation import InvalidInput
from classifier.models import ApiKey, AuditEntry, ModelVersion, ReferenceService, ScoreMap, Source, User
from classifier.references.pairs import ComparisonChoice
from classifier.references.score_maps import (
    FittedMap,
    keys_with_outdated_map,
    score_map_fit,
    score_map_of,
    score_map_save,
    score_map_switch,
)
from classifier.tests.builders import version_row
from classifier.tests.references.comparison.conftest import LABELS, make_calls, other_score, own_score

pytestmark = pytest.mark.django_db
COUNT = 3_000


def fit(service: ReferenceService, by: User | None = None, **about: Any) -> FittedMap:
    choice = ComparisonChoice(service=service, threshold=about.pop("threshold", 0.8), **about)
    return score_map_fit(choice=choice, method="quantile", attributes=["TOXICITY"], by=by)


@pytest.fixture
def saved(service: ReferenceService, version: ModelVersion) -> ScoreMap:
    make_calls(COUNT, service=service, version=version)
    return score_map_save(fitted=fit(service), name="Perspective", by=None)


def test_a_client_with_its_old_threshold_flags_the_share_that_it_flagged_before(
    saved: ScoreMap, key: ApiKey
) -> None:
    """Acceptance: 0.8 in the client's code, scores of a fixed function, both of seen texts and of others."""
    score_map_switch(api_key=key, score_map=saved, by=None)
    active = score_map_of(key)
    assert active is not None
    for texts in (range(COUNT), range(COUNT, 2 * COUNT)):
        before = sum(other_score(number) >= 0.8 for number in texts) / COUNT
        unmapped = sum(own_score(number) >= 0.8 for number in texts) / COUNT
        after = sum(active.apply("TOXICITY", own_score(number)) >= 0.8 for number in texts) / COUNT
        tolerance = 0 if texts[0] == 0 else 0.02  # of texts that the fit has not seen: by chance
        assert abs(after - before) <= tolerance
        assert unmapped < 0.6 * before


def test_the_row_says_what_it_was_fitted_on_and_what_it_does(saved: ScoreMap, version: ModelVersion) -> None:
    assert (saved.name, saved.version, saved.wire, saved.model_version) == (
        *("Perspective", 1, "perspective"),
        version,
    )
    fitted = saved.attributes["TOXICITY"]
    assert fitted["pairs"] == COUNT
    assert fitted["share_after"] == fitted["share_reference"] > 1.9 * fitted["share_before"]
    assert fitted["error"] < fitted["error_before"] / 2
    assert saved.origin["service"]["name"] == "Perspective"
    entry = AuditEntry.objects.get(verb="score_map.save")
    assert (entry.subject, entry.count) == ("Perspective v1", COUNT)


def test_versions_of_a_name_count_up_and_a_name_stays_with_its_wire(
    saved: ScoreMap, service: ReferenceService, version: ModelVersion
) -> None:
    assert score_map_save(fitted=fit(service), name=" Perspective ", by=None).version == 2
    other = ReferenceService.objects.create(name="OpenAI", wire="openai", url="https://openai.example")
    make_calls(400, service=other, version=version, attribute="harassment", wire="openai")
    fitted = score_map_fit(
        choice=ComparisonChoice(service=other), method="isotonic", attributes=["harassment"], by=None
    )
    with pytest.raises(InvalidInput, match="for Perspective"):
        score_map_save(fitted=fitted, name="Perspective", by=None)


def test_what_was_previewed_is_saved_although_calls_came_in_meanwhile(
    service: ReferenceService, version: ModelVersion
) -> None:
    make_calls(400, service=service, version=version)
    preview = fit(service)
    make_calls(50, service=service, version=version, text="later {}")
    again = score_map_fit(choice=preview.choice, method="quantile", attributes=["TOXICITY"], by=None)
    assert again.attributes == preview.attributes
    assert fit(service).attributes["TOXICITY"]["pairs"] == 450


def test_too_few_pairs_are_refused_with_their_number(
    service: ReferenceService, version: ModelVersion
) -> None:
    make_calls(299, service=service, version=version)
    with pytest.raises(InvalidInput, match=r"at least 300 pairs.*there are: TOXICITY 299"):
        fit(service)
    make_calls(1, service=service, version=version)
    assert fit(service).attributes["TOXICITY"]["pairs"] == 300


def test_only_pairs_of_one_version_make_a_map(service: ReferenceService, version: ModelVersion) -> None:
    old = version_row("old-00000000", LABELS)
    make_calls(400, service=service, version=old)
    make_calls(200, service=service, version=version)
    with pytest.raises(InvalidInput, match="TOXICITY 200"):
        fit(service)
    assert fit(service, version=old).model_version == old
    with pytest.raises(InvalidInput, match="one model version"):
        fit(service, any_version=True)


def test_a_person_of_some_sources_fits_on_their_calls_alone(
    service: ReferenceService, version: ModelVersion, forum: Source, admin_person: User
) -> None:
    make_calls(400, service=service, version=version, source=forum)
    make_calls(400, service=service, version=version, source=Source.objects.create(slug="web", name="Web"))
    make_calls(50, service=service, version=version)
    near = person_create(
        username="near", password="a-long-enough-pass", roles=[LEAD], all_sources=False, sources=[forum],
        by=admin_person,
    )  # fmt: skip
    assert fit(service, near).attributes["TOXICITY"]["pairs"] == 400
    assert fit(service).attributes["TOXICITY"]["pairs"] == 850
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_scoremap$"):
        score_map_save(fitted=fit(service, near), name="Mine", by=near)


def test_switching_is_audited_and_off_by_default(saved: ScoreMap, key: ApiKey, admin_person: User) -> None:
    assert score_map_of(key) is None
    assert score_map_switch(api_key=key, score_map=saved, by=admin_person) is True
    assert score_map_switch(api_key=key, score_map=saved, by=admin_person) is False
    assert key.score_map == saved
    assert key.score_map_since is not None
    assert score_map_switch(api_key=key, score_map=None, by=admin_person) is True
    key.refresh_from_db()
    assert key.score_map_id is None
    assert key.score_map_since is None
    assert score_map_of(key) is None
    entries = AuditEntry.objects.filter(verb="key.score_map").order_by("pk")
    assert [entry.data for entry in entries] == [
        {"before": None, "after": "Perspective v1"},
        {"before": "Perspective v1", "after": None},
    ]


def test_a_key_with_a_map_costs_no_statement_after_the_first(saved: ScoreMap, admin_person: User) -> None:
    key, plaintext = api_key_create(name="k", owner=admin_person, scopes=["score"])
    score_map_switch(api_key=key, score_map=saved, by=None)
    score_map_of(api_key_authenticate(plaintext=plaintext))
    found = api_key_authenticate(plaintext=plaintext)
    with CaptureQueriesContext(connection) as queries:
        active = score_map_of(found)
    assert len(queries) == 0
    assert active is not None
    assert active.header == "Perspective v1; fitted-on=starter-1a2b3c4d"
    assert active.body == {"name": "Perspective", "version": 1, "fittedOn": "starter-1a2b3c4d"}
    assert active.apply("INSULT", 0.3) == 0.3
    assert (active.covers("TOXICITY"), active.covers("INSULT")) == (True, False)


def test_a_name_outside_ascii_is_encoded_in_the_header(
    saved: ScoreMap, service: ReferenceService, key: ApiKey
) -> None:
    row = score_map_save(fitted=fit(service), name="Übergang; alt", by=None)
    score_map_switch(api_key=key, score_map=row, by=None)
    active = score_map_of(key)
    assert active is not None
    assert active.header == "%C3%9Cbergang%3B alt v1; fitted-on=starter-1a2b3c4d"


def test_a_map_of_another_version_goes_on_and_is_named_as_outdated(saved: ScoreMap, key: ApiKey) -> None:
    score_map_switch(api_key=key, score_map=saved, by=None)
    assert keys_with_outdated_map() == []
    ModelVersion.objects.update(status="retired")
    version_row("next-11111111", LABELS, status="active", activated_at=timezone.now())
    assert keys_with_outdated_map() == [key]
    active = score_map_of(key)
    assert active is not None
    assert active.fitted_on == "starter-1a2b3c4d"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "two\nlines"])
def test_a_map_needs_a_name_of_one_line(saved: ScoreMap, service: ReferenceService, name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        score_map_save(fitted=fit(service), name=name, by=None)
