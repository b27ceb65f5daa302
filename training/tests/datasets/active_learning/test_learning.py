"""What a model would learn most from is counted, offered to the queue, and held against what it brought."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from classifier.comments.edits import comment_edit
from classifier.models import AuditEntry, Comment, Decision, ModelVersion, Source, User
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.conftest import person
from training.core.errors import NotAllowedNow
from training.datasets.active_learning import candidates_beside, learn_offer, learning_outlook
from training.tests.datasets.active_learning.conftest import At

pytestmark = pytest.mark.django_db
URL = "/training/learn/"


def test_it_counts_what_waits_and_what_is_beside_the_queue(at: At) -> None:
    for distance in (0.01, 0.08, 0.4):
        at(distance, waits=True)
    at(0.05, waits=True, source="shop")
    at(0.03)
    outlook = learning_outlook(user=None)
    assert (outlook.waiting, outlook.near, outlook.beside, outlook.beside_near) == (4, 3, 1, 1)
    assert [(group.source, group.waiting, group.near) for group in outlook.groups] == [
        ("forum", 3, 2),
        ("shop", 1, 1),
    ]
    assert outlook.steps[0] == (0.02, 1, 0)
    assert outlook.steps[1] == (0.05, 1, 1)
    assert [comment.uncertainty for comment in outlook.examples] == [0.01, 0.05, 0.08, 0.4]


def test_the_nearest_are_offered_once_and_copies_not_at_all(at: At, model_admin: User) -> None:
    near, nearer, far = at(0.05), at(0.01), at(0.5)
    text = "exactly the same words in both of these comments here"
    at(0.02, text=text)
    at(0.021, text=text)
    purged = at(0.001)
    Comment.objects.filter(pk=purged.pk).update(text="", text_purged_at=timezone.now())
    waits = at(0.001, waits=True)
    assert learn_offer(count=3, by=model_admin) == 3
    offered = set(Comment.objects.filter(queue_reasons__contains=[{"kind": "learn"}]))
    assert {near, nearer} < offered
    assert not {far, waits, purged} & offered
    assert all(comment.queued_at for comment in offered)
    entry = AuditEntry.objects.get(verb="queue.learn")
    assert (entry.count, entry.actor) == (3, model_admin)
    assert far.pk in candidates_beside(user=None, source=None, count=10)
    assert not {comment.pk for comment in offered} & set(candidates_beside(user=None, source=None, count=10))


def test_one_source_alone_and_only_one_that_is_seen(at: At, model_admin: User) -> None:
    at(0.01)
    in_shop = at(0.2, source="shop")
    shop = Source.objects.get(slug="shop")
    assert candidates_beside(user=None, source=shop, count=10) == [in_shop.pk]
    model_admin.source_access.create(source=shop)
    User.objects.filter(pk=model_admin.pk).update(all_sources=False)
    model_admin.refresh_from_db()
    assert learning_outlook(user=model_admin).beside == 1
    with pytest.raises(PermissionDenied, match="does not see the source forum"):
        learn_offer(count=1, source=Source.objects.get(slug="forum"), by=model_admin)


def test_how_many_is_bounded_and_moderators_do_not_offer(at: At, model_admin: User) -> None:
    for count in (0, 201):
        with pytest.raises(
            NotAllowedNow, match=r"^At most 200 comments are offered at once, and at least 1\.$"
        ):
            learn_offer(count=count, by=model_admin)
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_dataset$"):
        learn_offer(count=1, by=person("mo", "Moderator"))
    assert learn_offer(count=5, by=model_admin) == 0
    assert not AuditEntry.objects.filter(verb="queue.learn").exists()


def test_it_says_what_such_decisions_brought(at: At, model_admin: User) -> None:
    moderator = person("mo", "Moderator")
    offered = at(0.02)
    learn_offer(count=1, by=model_admin)
    for comment, action in (
        (Comment.objects.get(pk=offered.pk), "remove"),  # the model said non-toxic
        (at(0.05, waits=True), "approve"),
        (at(0.4, waits=True), "approve"),
    ):
        decision_record(comment=comment, action=action, by=moderator)
    automatic = at(0.01)
    decision = Decision.objects.create(
        comment=automatic, action="remove", automatic=True, prediction=automatic.current_prediction
    )
    Comment.objects.filter(pk=automatic.pk).update(current_decision=decision, status="decided")
    brought = {row.title: (row.decided, row.corrected) for row in learning_outlook(user=None).brought}
    assert list(brought.values()) == [(1, 1), (1, 0), (1, 0)]


def test_what_was_edited_after_its_decision_is_in_none_of_these_numbers(
    at: At, active_version: ModelVersion
) -> None:
    comment = at(0.05, waits=True)
    decision_record(comment=comment, action="approve", by=person("mo", "Moderator"))
    assert sum(row.decided for row in learning_outlook(user=None).brought) == 1
    comment_edit(comment=comment, text="other words", by=None)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    assert Comment.objects.get(pk=comment.pk).current_decision_id is not None
    assert sum(row.decided for row in learning_outlook(user=None).brought) == 0


def test_the_page_offers_by_its_form_and_hides_texts_from_who_sees_no_comments(
    at: At, client: Client, admin_person: User, model_admin: User
) -> None:
    at(0.01, waits=True, text="only admins read this one")
    at(0.02)
    client.force_login(admin_person)
    page = client.get(URL).content.decode()
    assert "only admins read this one" in page
    assert "/queue/?order=learn" in page
    refused = client.post(f"{URL}offer/", {"count": "1000"})
    assert refused.status_code == 422
    answer = client.post(f"{URL}offer/", {"count": "5", "source": ""}, follow=True)
    assert "1 comment in the queue" in answer.content.decode()
    client.force_login(model_admin)
    page = client.get(URL).content.decode()
    assert "only admins read this one" not in page
    assert "/queue/?order=learn" not in page
