"""A rule is laid over recent comments before it is saved: counted, bounded in time, and nothing changes."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from classifier.comments.submission import comments_submit
from classifier.core.validation import InvalidInput
from classifier.inference.rules import Rule as EngineRule
from classifier.models import Comment, ModelVersion, Rule, Source, User
from classifier.policies.preview import rule_preview
from classifier.policies.rules import rule_preview_recent
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db
RULE = EngineRule(0, "", "phrase", "idiot", True, "review")
ASK = {"name": "n", "kind": "phrase", "pattern": "idiot", "folds": "1", "band": "review", "act": "preview"}


def stored(*texts: str, source: str = "forum", band: str = "approve") -> list[Comment]:
    made = comments_submit(items=[{"text": text} for text in texts], source=source)
    Comment.objects.filter(pk__in=[one.pk for one in made]).update(band=band)
    return made


def test_it_counts_what_it_would_have_matched_and_what_would_rise(db: None) -> None:
    stored("you idiot", "what a nice day", "such an 1d10t")
    stored("idiot again", band="remove")
    found = rule_preview(rule=RULE, source=None, user=None)
    assert (found.looked_at, found.matched, found.newly, found.cut_short) == (4, 3, 2, False)
    assert [one.newly for one in found.examples] == [True, True, False]
    spans = {one.comment.text: one.spans for one in found.examples}
    assert spans["such an 1d10t"] == ((8, 13),)


def test_it_looks_at_the_latest_of_one_source_that_somebody_sees(db: None) -> None:
    stored("old idiot", "new idiot")
    stored("idiot of the shop", source="shop")
    stored("gone idiot")
    Comment.objects.filter(text="gone idiot").update(text="", text_purged_at="2026-01-01T00:00Z")
    forum = Source.objects.get(slug="forum")
    assert rule_preview(rule=RULE, source=forum, user=None, limit=1).matched == 1
    assert rule_preview(rule=RULE, source=None, user=None).looked_at == 3
    lead = person("lead", "Lead")
    lead.source_access.create(source=Source.objects.get(slug="shop"))
    User.objects.filter(pk=lead.pk).update(all_sources=False)
    lead.refresh_from_db()
    assert rule_preview(rule=RULE, source=None, user=lead).looked_at == 1


def test_it_ends_when_its_time_is_over(db: None) -> None:
    stored("you idiot")
    found = rule_preview(rule=RULE, source=None, user=None, seconds=-1)
    assert (found.looked_at, found.cut_short) == (0, True)


def test_only_who_tries_rules_and_sees_comments_may_and_a_wrong_pattern_is_told(
    moderator: User, model_admin: User
) -> None:
    for by in (moderator, model_admin):
        with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.test_rule$"):
            rule_preview_recent(kind="phrase", pattern="idiot", by=by)
    with pytest.raises(InvalidInput, match="missing"):
        rule_preview_recent(kind="regex", pattern="(a", by=person("lead", "Lead"))
    with pytest.raises(InvalidInput, match="review, remove"):
        rule_preview_recent(kind="phrase", pattern="a", band="ban", by=None)


def test_the_page_shows_counts_and_blurred_examples_and_saves_nothing(
    client: Client, active_version: ModelVersion
) -> None:
    stored(f"{'so long ' * 40} you <b>idiot</b> and more")
    client.force_login(person("lead", "Lead"))
    answer = client.post("/rules/new/", ASK)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "Would have matched <b>1</b> of the last 1 comments; <b>1</b> of them would come" in html
    assert "you &lt;b&gt;<mark>idiot</mark>&lt;/b&gt;" in html
    assert 'class="examples__text veil hits"' in html
    assert not Rule.objects.exists()
    wrong: dict[str, Any] = {**ASK, "kind": "regex", "pattern": "(a"}
    assert client.post("/rules/new/", wrong).status_code == 422
