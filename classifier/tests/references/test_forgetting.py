"""Texts of compared calls go with their comment, their source's retention, and with the rows themselves."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classifier.comments.edits import comment_edit
from classifier.models import Comment, ReferenceCall, ReferenceService, Source
from classifier.privacy.services import author_erase, comment_erase, retention_run, retention_turn
from classifier.references.calls import reference_log_turn
from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, Sender
from classifier.tests.references.conftest import ANALYZE_BODY, TEXT, Turns, let

OLD = timedelta(days=31)


@pytest.fixture
def stored(sender: Sender, asked: Any, service: ReferenceService, turns: Turns) -> Comment:
    """A comment that an observed call stored."""
    let(sender, "observe", service)
    sender.post(ANALYZE, {**ANALYZE_BODY, "communityId": "forum"})
    turns()
    assert ReferenceCall.objects.get().text == TEXT
    return Comment.objects.get()


def purged() -> bool:
    """Whether every text is gone; scores stay."""
    rows = list(ReferenceCall.objects.all())
    assert all(row.ours and row.theirs for row in rows)
    return all(row.text == "" and row.text_purged_at is not None for row in rows)


def test_erasing_the_comment_takes_it(stored: Comment) -> None:
    comment_erase(comment=stored, by=None)
    assert purged()


def test_erasing_the_author_takes_it(stored: Comment) -> None:
    Comment.objects.update(author_ref="eve")
    author_erase(author="eve", source=None, by=None)
    assert purged()


def test_editing_the_comment_takes_what_it_said_before(stored: Comment) -> None:
    comment_edit(comment=stored, text="the harbour is lovely", by=None)
    assert purged()


def test_erasing_takes_the_same_words_from_calls_that_stored_no_comment(
    stored: Comment, sender: Sender, openai_service: ReferenceService, turns: Turns
) -> None:
    let(sender, "observe", openai_service)
    sender.post(MODERATIONS, {"input": [TEXT, "other words"]})
    turns()
    comment_erase(comment=stored, by=None)
    assert sorted(ReferenceCall.objects.values_list("text", flat=True)) == ["", "", "other words"]


def test_a_comment_that_was_erased_before_its_call_was_asked_leaves_no_text(
    sender: Sender, asked: Any, service: ReferenceService, turns: Turns
) -> None:
    let(sender, "observe", service)
    sender.post(ANALYZE, ANALYZE_BODY)
    comment_erase(comment=Comment.objects.get(), by=None)
    turns()
    assert ReferenceCall.objects.get().text == ""


def test_retention_takes_what_is_old(stored: Comment) -> None:
    forum = Source.objects.get(slug="forum")
    Source.objects.update(retention_days=30)
    forum.refresh_from_db()
    assert retention_run(source=forum, by=None) == 0
    ReferenceCall.objects.update(created_at=timezone.now() - OLD)
    assert retention_run(source=forum, by=None) == 1
    assert purged()


def test_texts_of_no_source_go_as_soon_as_any_sources_do(
    sender: Sender, asked: Any, openai_service: ReferenceService, turns: Turns
) -> None:
    let(sender, "observe", openai_service)
    sender.post(MODERATIONS, {"input": "other words"})
    turns()
    Source.objects.create(slug="shop", name="Shop", retention_days=30)
    ReferenceCall.objects.update(created_at=timezone.now() - OLD)
    retention_turn(seconds=5.0)
    assert purged()


def test_old_calls_are_deleted_and_rows_of_files_stay(stored: Comment, settings: Any) -> None:
    settings.REFERENCE_KEEP_DAYS = 30
    assert reference_log_turn() == 0
    ReferenceCall.objects.update(created_at=timezone.now() - OLD)
    assert reference_log_turn() == 1
    assert not ReferenceCall.objects.exists()
