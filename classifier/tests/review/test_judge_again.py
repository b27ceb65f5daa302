"""Comments that wait under an earlier version of their policy: counted, tried, and judged again by the newest."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from classifier.models import AuditEntry, Comment, Decision, ModelVersion, Policy, Prediction, Source, User
from classifier.policies.services import policy_save
from classifier.review.decisions import decision_record
from classifier.review.judge_again import judge_again, judge_again_preview, waiting_under_earlier
from classifier.review.reports import report_add
from classifier.tests.conftest import admin_person, moderator
from classifier.tests.review.conftest import waiting

__all__ = ["admin_person", "moderator"]
pytestmark = pytest.mark.django_db
PATH = "/policies/of/forum/judge-again/"


@pytest.fixture
def forum(active_version: ModelVersion) -> Source:
    """A source with a new policy, and comments of scores 0.2, 0.5, 0.7 and 0.95 that wait under the old one."""
    source = Source.objects.create(slug="forum", name="Forum")
    policy_save(source=source, bands={"toxic": {"review": 0.1, "remove": None}}, by=None)
    old = Policy.objects.get(source=source)
    rows = waiting(
        active_version, "one", "two words", "three more words", "four of all words", source="forum"
    )
    for row, score in zip(rows, (0.2, 0.5, 0.7, 0.95), strict=True):
        scores = dict.fromkeys(active_version.labels, 0.0) | {"toxic": score}
        made = Prediction.objects.create(
            comment=row,
            model_version=active_version,
            scores=scores,
            verdict="toxic" if score >= 0.5 else "non-toxic",
            score=score,
            threshold=0.5,
            language="en",
        )
        Comment.objects.filter(pk=row.pk).update(current_prediction=made, policy=old)
    bands = {"toxic": {"review": 0.4, "remove": 0.9}}
    policy_save(source=source, bands=bands, automatic=["remove"], by=None)
    return source


def by_score(source: Source) -> list[Comment]:
    return list(Comment.objects.filter(source=source).order_by("current_prediction__score"))


def test_a_preview_counts_and_changes_nothing(forum: Source, admin_person: User, client: Client) -> None:
    before = list(Comment.objects.order_by("pk").values())
    outcome = judge_again_preview(source=forum, user=None)
    assert (outcome.stays, outcome.leaves, outcome.approved, outcome.removed, outcome.left) == (2, 1, 0, 1, 0)
    client.force_login(admin_person)
    policy = client.get("/policies/of/forum/").content.decode()
    assert "<b>4</b> comments wait under an earlier version" in policy
    assert PATH in policy
    assert "Judge 4 waiting comments again?" in client.get(PATH).content.decode()
    assert list(Comment.objects.order_by("pk").values()) == before


def test_the_newest_version_judges_what_waits(forum: Source, admin_person: User, client: Client) -> None:
    client.force_login(admin_person)
    page = client.post(PATH, follow=True).content.decode()
    assert "4 judged again: 2 wait as before, 1 left the queue, 1 were removed." in page
    assert "wait under an earlier version" not in page
    low, middle, high, worst = by_score(forum)
    newest = Policy.objects.filter(source=forum).latest("version")
    assert {row.policy_id for row in (low, middle, high, worst)} == {newest.pk}
    assert [row.queued_at is not None for row in (low, middle, high, worst)] == [False, True, True, False]
    assert (worst.status, worst.band) == ("decided", "remove")
    decision = Decision.objects.get(comment=worst)
    assert (decision.action, decision.automatic, decision.policy_id) == ("remove", True, newest.pk)
    assert not waiting_under_earlier(source=forum, user=None).exists()
    entry = AuditEntry.objects.get(verb="policy.judge_again")
    assert (entry.count, entry.actor, entry.data["stays"]) == (4, admin_person, 2)


def test_what_waits_for_another_reason_stays_as_it_is(forum: Source, moderator: User) -> None:
    low, middle, high, worst = by_score(forum)
    decision_record(comment=worst, action="escalate", by=moderator)
    report_add(comment=low, reporter_ref="reader", reason="rude", by=None)
    Comment.objects.filter(pk=high.pk).update(review_by=moderator)
    assert set(waiting_under_earlier(source=forum, user=None)) == {middle}
    judge_again(source=forum, by=None)
    assert not Decision.objects.filter(comment=worst, automatic=True).exists()
    assert all(row.queued_at for row in Comment.objects.filter(pk__in=[low.pk, high.pk, worst.pk]))


def test_the_sites_policy_leaves_sources_with_their_own_alone(forum: Source) -> None:
    policy_save(source=None, bands={"toxic": {"review": 0.6, "remove": None}}, by=None)
    assert not waiting_under_earlier(source=None, user=None).filter(source=forum).exists()


def test_who_may_not_save_a_policy_may_not_judge_again(
    forum: Source, moderator: User, client: Client
) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_policy$"):
        judge_again(source=forum, by=moderator)
    client.force_login(moderator)
    assert client.post(PATH).status_code == 403
