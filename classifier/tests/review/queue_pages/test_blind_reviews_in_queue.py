"""Blind reviews are mixed in blindly: they look like any other comment, change nothing, and can be taken back."""

from typing import Any

import pytest
from django.test import Client

from classifier.models import Comment, Decision, ModelVersion, SecondReview, User
from classifier.review.decisions import decision_record
from classifier.tests.review.conftest import waiting
from classifier.tests.review.queue_pages.conftest import HTMX, Decide

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided(active_version: ModelVersion, kim: User, settings: Any) -> Comment:
    """Removed by kim; after each decision of theirs, others get such a one."""
    settings.SECOND_LOOK_EVERY = 1
    (comment,) = waiting(active_version, "i hate the first one")
    decision_record(comment=comment, action="remove", note="a secret note", by=kim)
    comment.refresh_from_db()
    return comment


def test_a_second_look_tells_nothing_and_is_written_down_by_the_next_decision(
    active_version: ModelVersion, decided: Comment, as_mo: Client, decide: Decide, mo: User
) -> None:
    waiting(active_version, "two", "three")
    page = decide(as_mo, "approve", htmx=True).content.decode()
    assert f"Comment {decided.pk}" in page
    assert "kim" not in page
    assert "secret" not in page
    assert "emoved" not in page
    assert as_mo.post(f"/queue/{decided.pk}/renew/").json()["held"] is True
    assert as_mo.get("/queue/").context["item"].comment == decided
    answer = decide(as_mo, "approve", htmx=True)
    assert f"Comment {decided.pk} is approved." in answer.content.decode()
    assert not SecondReview.objects.exists()
    decide(as_mo, "approve")
    review = SecondReview.objects.get()
    assert (review.comment, review.action, review.by) == (decided, "approve", mo)
    before = decided.current_decision_id
    decided.refresh_from_db()
    assert (decided.current_decision_id, decided.status) == (before, "decided")
    assert not Decision.objects.filter(comment=decided, by=mo).exists()


def test_its_story_is_closed_until_it_is_answered(
    active_version: ModelVersion, decided: Comment, as_mo: Client, decide: Decide
) -> None:
    waiting(active_version, "two", "three")
    decide(as_mo, "approve", htmx=True)
    refused = as_mo.get(f"/comments/{decided.pk}/", follow=True)
    assert refused.redirect_chain == [("/queue/", 302)]
    assert "Answer the blind review first" in refused.content.decode()
    assert "secret" not in refused.content.decode()
    decide(as_mo, "approve")
    assert "secret" in as_mo.get(f"/comments/{decided.pk}/").content.decode()


def test_its_story_is_closed_in_lists_the_history_and_the_api_too(
    active_version: ModelVersion, decided: Comment, as_lea: Client, decide: Decide
) -> None:
    """A lead sees the history; what was decided about all other comments stays open to them."""
    waiting(active_version, "two", "three")
    decide(as_lea, "approve", htmx=True)
    own = Decision.objects.get(by__username="lea")
    one = f"/api/v1/comments/{decided.pk}/"

    def told() -> tuple[int, int, list[int], list[int], bool, bool, bool]:
        decisions = as_lea.get("/api/v1/decisions/").json()["items"]
        comments = as_lea.get("/api/v1/comments/").json()["items"]
        export = as_lea.post("/history/export/", {"format": "csv"})
        return (
            as_lea.get(one).status_code,
            as_lea.get(f"{one}decisions/").status_code,
            sorted(row["id"] for row in decisions),
            sorted({row["id"] for row in comments} & {decided.pk, own.comment_id}),
            "a secret note" in as_lea.get("/history/").content.decode(),
            b"a secret note" in b"".join(export.streaming_content),  # type: ignore[attr-defined]
            f"?comment={decided.pk}" in as_lea.get("/queue/list/?status=decided").content.decode()
            or f"/comments/{decided.pk}/" in as_lea.get("/queue/list/?status=decided").content.decode(),
        )

    removal = decided.current_decision_id
    assert removal is not None
    assert told() == (404, 404, [own.pk], [own.comment_id], False, False, False)
    decide(as_lea, "approve")
    both = sorted([removal, own.pk])
    assert told() == (200, 200, both, sorted([decided.pk, own.comment_id]), True, True, True)


def test_who_opens_the_story_has_answered_for_good(
    active_version: ModelVersion, decided: Comment, as_mo: Client, decide: Decide
) -> None:
    waiting(active_version, "two", "three")
    decide(as_mo, "approve", htmx=True)
    decide(as_mo, "approve")
    assert not SecondReview.objects.exists()
    as_mo.get(f"/comments/{decided.pk}/")
    assert SecondReview.objects.get().action == "approve"
    as_mo.post("/queue/undo/")
    assert as_mo.get("/queue/").context["item"].comment != decided


def test_an_answer_can_be_taken_back_and_given_again(
    active_version: ModelVersion, decided: Comment, as_mo: Client, decide: Decide
) -> None:
    waiting(active_version, "two", "three", "four")
    decide(as_mo, "approve")
    assert as_mo.get("/queue/").context["item"].comment == decided
    decide(as_mo, "approve")
    page = as_mo.post("/queue/undo/", headers=HTMX).content.decode()
    assert f"Comment {decided.pk}" in page
    decide(as_mo, "remove")
    decide(as_mo, "approve")
    assert SecondReview.objects.get().action == "remove"


def test_a_second_look_that_is_left_is_not_shown_again(
    active_version: ModelVersion, decided: Comment, as_mo: Client, decide: Decide
) -> None:
    waiting(active_version, "two", "three")
    decide(as_mo, "approve")
    assert as_mo.get("/queue/").context["item"].comment == decided
    as_mo.post("/queue/next/")
    assert as_mo.get("/queue/").context["item"].comment != decided
    assert not SecondReview.objects.exists()


def test_a_queue_that_could_not_hold_it_gets_none(
    active_version: ModelVersion, decided: Comment, as_mo: Client, decide: Decide
) -> None:
    made = waiting(active_version, "two", "three", source="shop")
    as_mo.get("/queue/?source=shop")
    decide(as_mo, "approve")
    assert as_mo.get("/queue/").context["item"].comment in made
