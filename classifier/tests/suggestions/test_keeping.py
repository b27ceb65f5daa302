"""Suggestions are checked, kept, seen by whom they concern, rejected, and forgotten with their texts."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from classifier.accounts.roles import LEAD
from classifier.comments.submission import comment_submit
from classifier.core.validation import InvalidInput
from classifier.models import AuditEntry, Comment, ModelVersion, Source, Suggestion, User
from classifier.privacy.selectors import author_count
from classifier.privacy.services import author_erase, retention_run
from classifier.privacy.subject_export import author_export
from classifier.suggestions.services import (
    suggestion_create,
    suggestion_reject,
    suggestions_visible_to,
    usable_suggestions,
)
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db


def suggest(text: Any = "you badger", source: str = "forum", **more: Any) -> Suggestion:
    return suggestion_create(text=text, source=source, by=None, **{"labels": {"toxic": 1}, **more})


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"text": ""}, "text", "required"),
        ({"text": "a\x00"}, "text", "null_characters"),
        ({"text": "a" * 20_481}, "text", "max_length"),
        ({"labels": {}}, "labels", "required"),
        ({"labels": []}, "labels", "invalid_type"),
        ({"labels": {"nonsense": 1}}, "labels", "invalid_choice"),
        ({"labels": {"toxic": "1"}}, "labels.toxic", "invalid_type"),
        ({"labels": {"toxic": True}}, "labels.toxic", "invalid_type"),
        ({"labels": {"toxic": -0.01}}, "labels.toxic", "out_of_range"),
        ({"labels": {"toxic": float("nan")}}, "labels.toxic", "out_of_range"),
        ({"author_ref": "a" * 201}, "author_ref", "max_length"),
    ],
)
def test_what_says_nothing_that_training_could_use_is_refused(
    more: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(InvalidInput, match=r"^(text|labels|author_ref)[\w.\[\]!-]*: ") as refused:
        suggest(**more)
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [(field, code)]
    assert not Suggestion.objects.exists()


def test_a_label_of_the_active_version_is_known(active_version: ModelVersion) -> None:
    active_version.labels = ["toxic", "spam"]
    active_version.save()
    assert suggest(labels={"spam": 1}).labels == {"spam": 1.0}


def test_a_suggestion_about_a_comment_has_its_text_and_author() -> None:
    comment = comment_submit(text="you badger", source="forum", author_ref="kim", by=None)
    kept = suggestion_create(comment=comment, labels={"toxic": 0}, by=None)
    assert (kept.text, kept.source.slug, kept.author_ref) == ("you badger", "forum", "kim")


def test_people_see_their_own_and_leads_see_all_of_their_sources(moderator: User) -> None:
    own, other = suggest(), suggest(source="shop")
    Suggestion.objects.filter(pk=own.pk).update(by=moderator)
    lead = person("lead", LEAD)
    assert list(suggestions_visible_to(user=moderator)) == [own]
    assert set(suggestions_visible_to(user=lead)) == {own, other}
    lead.source_access.create(source=other.source)
    User.objects.filter(pk=lead.pk).update(all_sources=False)
    lead.refresh_from_db()
    assert list(suggestions_visible_to(user=lead)) == [other]


def test_a_source_that_one_does_not_see_takes_no_suggestion(moderator: User) -> None:
    User.objects.filter(pk=moderator.pk).update(all_sources=False)
    moderator.refresh_from_db()
    with pytest.raises(PermissionDenied, match="does not see the source forum"):
        suggestion_create(text="a", source="forum", labels={"toxic": 1}, by=moderator)


def test_training_can_use_what_is_neither_rejected_nor_forgotten(moderator: User) -> None:
    first, rejected, elsewhere = suggest("one"), suggest("two"), suggest("three", source="shop")
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.change_suggestion$"):
        suggestion_reject(suggestion=rejected, by=moderator)
    lead = person("lead", LEAD)
    suggestion_reject(suggestion=rejected, by=lead)
    suggestion_reject(suggestion=rejected, by=None)
    assert (rejected.rejected_by, AuditEntry.objects.filter(verb="suggestion.reject").count()) == (lead, 1)
    assert list(usable_suggestions()) == [first, elsewhere]
    assert list(usable_suggestions(sources=["shop"])) == [elsewhere]
    assert list(usable_suggestions(since=elsewhere.created_at)) == [elsewhere]
    assert list(usable_suggestions(until=elsewhere.created_at)) == [first]


def test_erasing_an_author_takes_the_words_of_suggestions_about_their_texts() -> None:
    comment = comment_submit(text="a badger", source="forum", author_ref="kim", by=None)
    about = suggestion_create(comment=comment, labels={"toxic": 1}, by=None)
    alone = suggest("a badger too", author_ref="kim", context={"context": {"entries": [{"text": "badger"}]}})
    other = suggest("somebody else's")
    assert author_count(user=None, author="kim", source=None).suggestions == 2
    exported = json.loads("".join(author_export(author="kim", source=None, by=None)))
    assert [row["text"] for row in exported["suggestions"]] == ["a badger", "a badger too"]
    author_erase(author="kim", source=None, by=None)
    for row in (about, alone):
        row.refresh_from_db()
        assert (row.text, row.author_ref, row.context) == ("", "", {})
        assert row.text_purged_at is not None
        assert row.labels == {"toxic": 1.0}
    assert list(usable_suggestions()) == [other]


def test_retention_takes_the_words_of_suggestions_too() -> None:
    old, new = suggest("old"), suggest("new")
    Suggestion.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=40))
    source = Source.objects.get(slug="forum")
    assert retention_run(source=source, by=None) == 0
    Source.objects.update(retention_days=30)
    source.refresh_from_db()
    assert retention_run(source=source, by=None) == 1
    assert list(usable_suggestions()) == [new]
    assert not Comment.objects.exists()
