"""Claims: one comment is one moderator's, until it is decided, given back or has expired."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from classifier.accounts.roles import MODERATOR
from classifier.core.errors import ClaimTaken
from classifier.models import Comment, ModelVersion, Source, SourceAccess, User
from classifier.review import claims
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.filters import QueueFilters
from classifier.tests.review.conftest import waiting

ALL = QueueFilters()


@pytest.fixture
def two(people: Callable[..., list[User]]) -> list[User]:
    return people(MODERATOR, 2)


def next_of(user: User, order: str = "age") -> Comment | None:
    return claims.claim_next(filters=ALL, order=order, by=user)


def test_two_moderators_get_different_comments_and_keep_them(
    active_version: ModelVersion, two: list[User]
) -> None:
    first, second = waiting(active_version, "one", "two")
    assert (next_of(two[0]), next_of(two[1])) == (first, second)
    assert (next_of(two[0]), next_of(two[1])) == (first, second)


def test_each_order_offers_its_first_comment(active_version: ModelVersion, moderator: User) -> None:
    oldest, riskiest, closest, reported = waiting(active_version, "a", "b", "c", "d")
    Comment.objects.filter(pk=riskiest.pk).update(risk=0.99)
    Comment.objects.filter(pk=closest.pk).update(uncertainty=0.01)
    Comment.objects.filter(pk=reported.pk).update(report_count=3)
    offered = [next_of(moderator, order) for order in ("age", "risk", "uncertainty", "reports", "learn")]
    assert offered == [oldest, riskiest, closest, reported, closest]


def test_an_expired_claim_is_offered_again_and_a_live_one_is_not(
    active_version: ModelVersion, two: list[User]
) -> None:
    (only,) = waiting(active_version, "one")
    assert next_of(two[0]) == only
    assert next_of(two[1]) is None
    Comment.objects.update(review_until=timezone.now() - timedelta(seconds=1))
    assert next_of(two[1]) == only
    assert not claims.claim_renew(comment=only, by=two[0])
    assert claims.claim_renew(comment=only, by=two[1])


def test_taking_another_frees_the_first(active_version: ModelVersion, two: list[User]) -> None:
    first, second = waiting(active_version, "one", "two")
    next_of(two[0])
    assert claims.claim(comment=second, by=two[0]).review_by == two[0]
    assert next_of(two[1]) == first
    assert Comment.objects.filter(review_by=two[0]).count() == 1


def test_going_past_a_comment_gives_the_one_behind_it(active_version: ModelVersion, moderator: User) -> None:
    first, second = waiting(active_version, "one", "two")
    passed = claims.claim_next(filters=ALL, order="age", by=moderator, passing=[first.pk])
    assert passed == second


def test_a_claim_names_who_holds_it_and_what_waits_no_more(
    active_version: ModelVersion, two: list[User]
) -> None:
    (only,) = waiting(active_version, "one")
    next_of(two[0])
    with pytest.raises(ClaimTaken, match="moderator-0 looks at this") as taken:
        claims.claim(comment=only, by=two[1])
    assert taken.value.by == two[0]
    decision_record(comment=only, action="approve", by=two[0])
    with pytest.raises(ClaimTaken, match="does not wait"):
        claims.claim(comment=only, by=two[1])


def test_only_the_holder_gives_a_claim_back(active_version: ModelVersion, two: list[User]) -> None:
    (only,) = waiting(active_version, "one")
    next_of(two[0])
    assert not claims.release(comment=only, by=two[1])
    assert claims.release(comment=only, by=two[0])
    assert next_of(two[1]) == only


def test_what_was_skipped_is_offered_to_others_only_until_the_skip_is_taken_back(
    active_version: ModelVersion, two: list[User]
) -> None:
    (only,) = waiting(active_version, "one")
    skip = decision_record(comment=next_of(two[0]) or only, action="skip", by=two[0])
    assert next_of(two[0]) is None
    assert next_of(two[1]) == only
    claims.release(comment=only, by=two[1])
    decision_undo(decision=skip, by=two[0])
    assert next_of(two[0]) == only


def test_comments_of_other_sources_are_not_offered(active_version: ModelVersion, moderator: User) -> None:
    waiting(active_version, "one", source="theirs")
    (mine,) = waiting(active_version, "two", source="mine")
    User.objects.filter(pk=moderator.pk).update(all_sources=False)
    moderator.refresh_from_db()
    assert next_of(moderator) is None
    SourceAccess.objects.create(user=moderator, source=Source.objects.get(slug="mine"))
    assert next_of(moderator) == mine


def test_who_may_not_decide_claims_nothing(active_version: ModelVersion, model_admin: User) -> None:
    (only,) = waiting(active_version, "one")
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_decision$"):
        next_of(model_admin)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_decision$"):
        claims.claim(comment=only, by=model_admin)


@pytest.mark.django_db(transaction=True)
def test_many_moderators_at_once_never_get_the_same_comment(
    active_version: ModelVersion, people: Callable[..., list[User]]
) -> None:
    """Six people work a queue of 36 empty, each in a thread and connection of their own."""
    comments = waiting(active_version, *[f"comment {number}" for number in range(36)])
    crowd = people(MODERATOR, 6)
    together = threading.Barrier(len(crowd))
    got: list[tuple[int, int]] = []
    failures: list[BaseException] = []

    def work(user: User, order: str) -> None:
        try:
            together.wait(20)
            while (comment := next_of(user, order)) is not None:
                got.append((comment.pk, user.pk))
                decision_record(comment=comment, action="approve", by=user)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    orders = ["risk", "age", "learn"] * 2
    threads = [threading.Thread(target=work, args=pair) for pair in zip(crowd, orders, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert sorted(pk for pk, _ in got) == sorted(comment.pk for comment in comments)
    assert len({user for _, user in got}) > 1
    assert Comment.objects.filter(status="decided", review_by=None).count() == len(comments)


@pytest.mark.django_db(transaction=True)
def test_two_tabs_of_one_person_hold_one_claim(active_version: ModelVersion, moderator: User) -> None:
    comments = waiting(active_version, *[f"comment {number}" for number in range(12)])
    together = threading.Barrier(4)

    def ask(passing: list[int]) -> None:
        together.wait(20)
        claims.claim_next(filters=ALL, order="age", by=moderator, passing=passing)
        connection.close()

    tabs = [threading.Thread(target=ask, args=([one.pk for one in comments[:place]],)) for place in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join(30)
    assert Comment.objects.filter(review_by=moderator).count() == 1
