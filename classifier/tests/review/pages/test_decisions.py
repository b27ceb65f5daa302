"""Deciding on a comment's page, without JavaScript; who may and who may not."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from classifier.accounts.roles import ADMIN
from classifier.models import Comment, Decision, User
from classifier.review.decisions import decision_record
from classifier.tests.page_fixtures import MakeComment, client_of


@pytest.fixture
def comment(comment_with: MakeComment) -> Comment:
    return comment_with("you are a fool", score=0.9)


def test_a_moderator_removes_with_a_note_and_corrections(as_owner: Client, comment: Comment) -> None:
    page = as_owner.get(f"/comments/{comment.pk}/").content.decode()
    assert 'value="approve"' in page
    assert 'name="label" value="insult" checked' in page
    assert 'name="label" value="toxic"' not in page  # approving or removing says it
    response = as_owner.post(
        f"/comments/{comment.pk}/decide/",
        {
            "action": "remove",
            "note": "rule 3\r\nagain",
            "labels_shown": "1",
            "label": ["insult", "obscene", "threat", "severe_toxic"],
            "prediction": comment.current_prediction_id,
        },
        follow=True,
    )
    shown = response.content.decode()
    assert f"Comment {comment.pk} is removed." in shown
    assert "rule 3\nagain" in shown
    assert "Undo the decision" in shown
    decision = Decision.objects.get()
    assert (decision.action, decision.labels) == ("remove", {"identity_hate": 0})


def test_undoing_offers_the_choice_again(as_owner: Client, owner: User, comment: Comment) -> None:
    decision = decision_record(comment=comment, action="approve", by=owner)
    response = as_owner.post(f"/comments/{comment.pk}/undo/", {"decision": decision.pk}, follow=True)
    shown = response.content.decode()
    assert "The decision is undone" in shown
    assert 'value="approve"' in shown
    comment.refresh_from_db()
    assert comment.status == "classified"


def test_a_conflict_is_a_sentence_on_the_page(as_owner: Client, owner: User, comment: Comment) -> None:
    decision_record(comment=comment, action="approve", by=owner)
    response = as_owner.post(f"/comments/{comment.pk}/decide/", {"action": "remove"})
    assert response.status_code == 409
    assert "decided on this comment in the meantime" in response.content.decode()
    assert Decision.objects.count() == 1


def test_a_verdict_that_changed_meanwhile_is_looked_at_first(as_owner: Client, comment: Comment) -> None:
    response = as_owner.post(f"/comments/{comment.pk}/decide/", {"action": "remove", "prediction": "1"})
    if comment.current_prediction_id != 1:
        assert response.status_code == 409
        assert "new verdict since you opened this page" in response.content.decode()
        assert not Decision.objects.exists()


def test_a_note_that_is_too_long_comes_back_with_the_reason(as_owner: Client, comment: Comment) -> None:
    response = as_owner.post(f"/comments/{comment.pk}/decide/", {"action": "approve", "note": "keep " * 500})
    assert response.status_code == 422
    assert "at most 2,000 are allowed" in response.content.decode()
    assert "keep keep" in response.content.decode()


def test_moderators_and_admins_decide_others_do_not(
    owner: User, colleague: User, stranger: User, comment: Comment, comment_with: MakeComment
) -> None:
    admin = User.objects.create_user("an-admin")
    admin.groups.add(Group.objects.get(name=ADMIN))
    for person in (colleague, admin):
        other = comment_with("some words", score=0.2)
        response = client_of(person).post(f"/comments/{other.pk}/decide/", {"action": "approve"})
        assert response.status_code == 302
    own = comment_with("my own words", score=0.2, by=stranger)
    page = client_of(stranger).get(f"/comments/{own.pk}/").content.decode()
    assert 'value="approve"' not in page
    assert client_of(stranger).post(f"/comments/{own.pk}/decide/", {"action": "approve"}).status_code == 403
    assert (
        client_of(stranger).post(f"/comments/{comment.pk}/decide/", {"action": "approve"}).status_code == 404
    )
    decision_record(comment=own, action="remove", note="for moderators alone", by=owner)
    page = client_of(stranger).get(f"/comments/{own.pk}/").content.decode()
    assert "A moderator has removed this comment" in page
    assert "for moderators alone" not in page


def test_a_decision_of_another_comment_is_not_found(
    as_owner: Client, owner: User, comment: Comment, comment_with: MakeComment
) -> None:
    decision = decision_record(comment=comment_with("else", score=0.1), action="approve", by=owner)
    for wrong in (decision.pk, "x", 10**30, ""):
        assert as_owner.post(f"/comments/{comment.pk}/undo/", {"decision": wrong}).status_code == 404
