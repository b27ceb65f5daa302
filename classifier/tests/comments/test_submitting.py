"""Submitting stores a pending comment and rings after commit; an external id makes it idempotent."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from classifier.comments.submission import comment_submit, comments_submit
from classifier.core.validation import InvalidInput
from classifier.models import Comment, User
from toxicsite.lib import jobs


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []
    monkeypatch.setattr(jobs, "enqueue_now", lambda name, **kwargs: heard.append(name))
    return heard


@pytest.mark.django_db(transaction=True)
def test_the_bell_rings_once_after_commit(rings: list[str]) -> None:
    with transaction.atomic():
        comments_submit(items=[{"text": "a"}, {"text": "b"}], source="web")
        assert rings == []
    assert rings == ["classifier.classify"]
    assert Comment.objects.filter(status="pending").count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_bell_is_silent_when_the_transaction_rolls_back(rings: list[str]) -> None:
    with transaction.atomic():
        comment_submit(text="a", source="web")
        transaction.set_rollback(True)
    assert rings == []
    assert not Comment.objects.exists()


@pytest.mark.django_db
def test_the_same_external_id_gives_the_same_comment() -> None:
    first = comment_submit(text="a", source="forum", external_id="7")
    again = comment_submit(text="a", source="forum", external_id="7")
    elsewhere = comment_submit(text="a", source="web", external_id="7")
    assert again.pk == first.pk != elsewhere.pk
    assert (first.newly_submitted, again.newly_submitted) == (True, False)


@pytest.mark.django_db
def test_an_external_id_is_not_reused_for_another_text() -> None:
    comment_submit(text="a", source="forum", external_id="7")
    with pytest.raises(
        InvalidInput, match=r"^items\[1\]\.external_id: This external_id was already used for another"
    ) as caught:
        comments_submit(items=[{"text": "new"}, {"text": "b", "external_id": "7"}], source="forum")
    assert [(p.field, p.code) for p in caught.value.problems] == [("items[1].external_id", "conflict")]
    assert Comment.objects.count() == 1


@pytest.mark.django_db
def test_an_external_id_of_somebody_else_is_not_given_out(moderator: User, admin_person: User) -> None:
    comment_submit(text="a", source="forum", external_id="7", by=moderator)
    with pytest.raises(
        InvalidInput, match=r"^external_id: This external_id was already used by another submitter\.$"
    ):
        comment_submit(text="a", source="forum", external_id="7", by=admin_person)


@pytest.mark.django_db
def test_who_has_no_role_may_not_submit(model_admin: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_comment$"):
        comment_submit(text="a", source="web", by=model_admin)
    assert not Comment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_batch_sent_at_the_same_time_is_stored_once(rings: list[str]) -> None:
    items = [{"text": f"text {n}", "external_id": str(n)} for n in range(50)]

    def send(_: int) -> list[Any]:
        try:
            return [comment.pk for comment in comments_submit(items=items, source="forum")]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(8)))
    assert Comment.objects.count() == 50
    assert all(answer == answers[0] for answer in answers)
