"""What the page of a comment offers beside deciding: editing, scoring again, reporting, appealing, answering."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from classifier.accounts.roles import ADMIN, LEAD, VIEWER
from classifier.models import Appeal, Comment, Report, User
from classifier.review.appeals import appeal_open
from classifier.review.decisions import decision_record
from classifier.tests.page_fixtures import PASSWORD, MakeComment, client_of


@pytest.fixture
def lead(owner: User) -> User:
    return someone("lead", LEAD)


def someone(name: str, role: str) -> User:
    user = User.objects.create_user(name, password=PASSWORD)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def comment(comment_with: MakeComment) -> Comment:
    return comment_with("you absolute fool", score=0.9)


def page(client: Client, comment: Comment) -> str:
    return client.get(f"/comments/{comment.pk}/").content.decode()


def act(client: Client, comment: Comment, name: str, **data: Any) -> Any:
    return client.post(f"/comments/{comment.pk}/{name}/", data, follow=True)


def removed(comment: Comment, by: User | None = None) -> Comment:
    decision_record(comment=comment, action="remove", reason="insult", by=by)
    return Comment.objects.get(pk=comment.pk)


def test_its_submitter_edits_it(as_owner: Client, comment: Comment) -> None:
    assert "Edit the text" in page(as_owner, comment)
    answer = act(as_owner, comment, "edit", text="you dear friend")
    assert "The text is changed" in answer.content.decode()
    comment.refresh_from_db()
    assert (comment.text, comment.status) == ("you dear friend", "pending")
    assert "Edited" in page(as_owner, comment)


def test_an_empty_text_is_refused_in_the_form(as_owner: Client, comment: Comment) -> None:
    answer = act(as_owner, comment, "edit", text=" ")
    assert answer.status_code == 422
    assert "may not be blank" in answer.content.decode()


def test_what_somebody_else_changed_is_not_overwritten_and_nothing_typed_is_lost(
    as_owner: Client, comment: Comment
) -> None:
    answer = act(as_owner, comment, "edit", text="my long work", version="of-yesterday")
    assert answer.status_code == 409
    assert "has changed since you read it" in answer.content.decode()
    assert "my long work" in answer.content.decode()


def test_a_colleague_does_not_edit(colleague: User, comment: Comment) -> None:
    client = client_of(colleague)
    assert "Edit the text" not in page(client, comment)
    assert act(client, comment, "edit", text="x").status_code == 403


def test_a_moderator_has_it_scored_again(colleague: User, comment: Comment) -> None:
    client = client_of(colleague)
    assert "Score it again" in page(client, comment)
    assert "It is scored again" in act(client, comment, "rescan").content.decode()
    assert "Score it again" not in page(client, comment)


def test_reporting_twice_counts_once(colleague: User, comment: Comment) -> None:
    client = client_of(colleague)
    assert "is reported" in act(client, comment, "report", reason="insults me").content.decode()
    assert "reported this comment before" in act(client, comment, "report").content.decode()
    assert Report.objects.get().reporter_ref == "colleague"
    shown = page(client, comment)
    assert "insults me" in shown
    assert "Reported 1 time." in shown
    assert f"/queue/?comment={comment.pk}" in shown


def test_a_viewer_does_nothing_of_it(owner: User, comment: Comment) -> None:
    client = client_of(someone("viewer", VIEWER))
    shown = page(client, comment)
    for words in ("More actions", "Open in the queue", "Report it", "Score it again"):
        assert words not in shown
    for name in ("edit", "rescan", "report", "appeal", "answer"):
        assert act(client, comment, name).status_code == 403, name


def test_the_author_appeals_and_reads_the_answer(as_owner: Client, comment: Comment, lead: User) -> None:
    comment = removed(comment)
    assert "Appeal against the removal" in page(as_owner, comment)
    answer = act(as_owner, comment, "appeal", message="it was a quote")
    assert "The appeal is open" in answer.content.decode()
    assert "Appeal against the removal" not in answer.content.decode()
    as_lead = client_of(lead)
    assert "it was a quote" in page(as_lead, comment)
    appeal = Appeal.objects.get()
    given = {"appeal": appeal.pk, "outcome": "overturn", "answer": "you are right"}
    assert "overturned" in act(as_lead, comment, "answer", **given).content.decode()
    shown = page(as_owner, comment)
    assert "you are right" in shown
    assert "Overturned" in shown


def test_an_appeal_that_comes_too_late_is_told_so(as_owner: Client, comment: Comment, lead: User) -> None:
    comment = removed(comment)
    appeal_open(comment=comment, by=None)
    answer = act(as_owner, comment, "appeal", message="me too")
    assert answer.status_code == 409
    assert "appealed already" in answer.content.decode()


def test_who_removed_it_reads_that_somebody_else_answers(comment: Comment, lead: User) -> None:
    comment = removed(comment, lead)
    appeal = appeal_open(comment=comment, by=None)
    client = client_of(lead)
    shown = page(client, comment)
    assert "somebody else answers it" in shown
    assert "Uphold: it stays removed" not in shown
    assert act(client, comment, "answer", appeal=appeal.pk, outcome="uphold").status_code == 403


def test_an_admin_upholds(comment: Comment, lead: User) -> None:
    comment = removed(comment, lead)
    appeal = appeal_open(comment=comment, by=None)
    client = client_of(someone("boss", ADMIN))
    assert "upheld" in act(client, comment, "answer", appeal=appeal.pk, outcome="uphold").content.decode()
    assert act(client, comment, "answer", appeal=appeal.pk, outcome="uphold").status_code == 409
    assert act(client, comment, "answer", appeal=999, outcome="uphold").status_code == 404


def test_decisions_say_reason_words_policy_and_version(as_owner: Client, comment: Comment) -> None:
    marks = [{"begin": 4, "end": 17}]
    decision_record(comment=comment, action="remove", reason="insult", marks=marks, by=None)
    shown = page(as_owner, comment)
    assert "Reason: Insults somebody" in shown
    assert "absolute fool</span>" in shown
    assert "Policy version 1" in shown
    assert "starter-1a2b3c4d" in shown


def test_words_marked_in_an_earlier_text_are_not_shown(as_owner: Client, comment: Comment) -> None:
    decision_record(comment=comment, action="remove", marks=[{"begin": 4, "end": 17}], by=None)
    Comment.objects.filter(pk=comment.pk).update(text="you dear old friend", edited_at=timezone.now())
    assert "Words that mattered" not in page(as_owner, comment)


def test_without_its_text_there_is_nothing_more_to_do(as_owner: Client, comment: Comment) -> None:
    Comment.objects.filter(pk=comment.pk).update(text="", text_purged_at=timezone.now())
    shown = page(as_owner, comment)
    assert "The text was purged on" in shown
    assert "More actions" not in shown
    assert act(as_owner, comment, "edit", text="x").status_code == 409
