"""The queue through the API: looking, claiming and giving back, as the person who owns the key."""

from typing import Any

import pytest

from classifier.models import Comment, ModelVersion
from classifier.tests.api.conftest import assert_problem
from classifier.tests.review.api.conftest import V1, Program
from classifier.tests.review.conftest import waiting

QUEUE = f"{V1}queue/"


def test_it_lists_what_waits_with_why(site: Program, active_version: ModelVersion) -> None:
    low, high = waiting(active_version, "i hate rain", "i hate you")
    Comment.objects.filter(pk=high.pk).update(risk=0.9)
    page = site.get(QUEUE, limit=1).json()
    assert [one["id"] for one in page["items"]] == [high.pk]
    assert page["items"][0]["reasons"][0]["kind"] == "band"
    assert [one["id"] for one in site.get(page["next"]).json()["items"]] == [low.pk]
    assert [one["id"] for one in site.get(QUEUE, order="age").json()["items"]] == [low.pk, high.pk]
    assert site.get(QUEUE, source="shop,other").json()["items"] == []
    assert len(site.get(QUEUE, source="shop,test", band="review", reported="false").json()["items"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"order": "mood"},
        {"status": "asleep"},
        {"threshold": "2", "label": "toxic"},
        {"older_hours": "soon"},
        {"reported": "perhaps"},
        {"cursor": "x"},
        {"limit": "0"},
        {"mood": "x"},
    ],
)
def test_a_bad_query_is_refused_with_its_parameter(site: Program, query: dict[str, str]) -> None:
    problem = assert_problem(site.get(QUEUE, **query), 400, "invalid-request")
    assert problem["errors"][0]["parameter"] == next(iter(query))


def test_two_programs_never_get_the_same_comment(
    site: Program, lead: Program, active_version: ModelVersion
) -> None:
    first, second = waiting(active_version, "i hate rain", "i hate you")
    mine, theirs = (who.post(f"{QUEUE}claim/", {"order": "age"}).json() for who in (site, lead))
    assert (mine["id"], theirs["id"]) == (first.pk, second.pk)
    assert (mine["claimed_by"], theirs["claimed_by"]) == ("site", "lead")
    again = site.post(f"{QUEUE}claim/", {"order": "age"})
    assert again.json()["id"] == first.pk
    passed = site.post(f"{QUEUE}claim/", {"order": "age", "passing": [first.pk]})
    assert passed.status_code == 204
    assert not passed.content


def test_a_claim_can_be_decided_with_the_version_it_came_with(
    site: Program, active_version: ModelVersion
) -> None:
    (comment,) = waiting(active_version, "i hate you")
    claimed = site.post(f"{QUEUE}claim/", {})
    tag = {"If-Match": claimed.headers["ETag"]}
    decided = site.post(f"{V1}comments/{comment.pk}/decisions/", {"action": "remove"}, **tag)
    assert decided.status_code == 201
    assert decided.json()["seconds"] is not None
    assert site.post(f"{QUEUE}claim/", {}).status_code == 204


def test_it_is_given_back(site: Program, lead: Program, active_version: ModelVersion) -> None:
    (comment,) = waiting(active_version, "i hate you")
    place = f"{QUEUE}{comment.pk}/"
    assert site.post(f"{place}claim/", {}).json()["claimed_by"] == "site"
    assert "site" in assert_problem(lead.post(f"{place}claim/", {}), 409, "not-allowed-now")["detail"]
    assert_problem(lead.post(f"{place}release/", {}), 409, "not-allowed-now")
    assert site.post(f"{place}release/", {}).status_code == 204
    assert lead.post(f"{place}claim/", {}).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"order": "mood"}, "#/order"),
        ({"filters": []}, "#/filters"),
        ({"filters": {"mood": "x"}}, "#/filters/mood"),
        ({"filters": {"band": "x"}}, "#/filters/band"),
        ({"filters": {"status": "all"}}, "#/filters/status"),
        ({"filters": {"source": 5}}, "#/filters/source"),
        ({"passing": "x"}, "#/passing"),
        ({"passing": [0]}, "#/passing/0"),
        ({"mood": "x"}, "#/mood"),
        (None, "#"),
        ([], "#"),
    ],
)
def test_a_bad_claim_is_refused_with_its_place(site: Program, body: Any, pointer: str) -> None:
    problem = assert_problem(site.post(f"{QUEUE}claim/", body), 400, "invalid-request")
    assert problem["errors"][0]["pointer"] == pointer


def test_no_body_at_all_is_the_riskiest_of_all(site: Program, active_version: ModelVersion) -> None:
    (comment,) = waiting(active_version, "i hate you")
    assert site.post_raw(f"{QUEUE}claim/", b"").json()["id"] == comment.pk
