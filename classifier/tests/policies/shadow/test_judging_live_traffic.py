"""A draft judges every new verdict silently: from the same scores and rule hits, without harm to any verdict."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from classifier.comments.edits import comment_edit
from classifier.comments.submission import comment_submit
from classifier.model_versions.assembly import slots_in_production
from classifier.models import Comment, ModelVersion, ShadowJudgement, Source, User
from classifier.policies import active_policies as in_force
from classifier.policies.active_policies import policy_for
from classifier.policies.rules import rule_create
from classifier.policies.services import policy_save
from classifier.policies.shadow_policies import shadow_policy_stop
from classifier.privacy.services import comment_erase, retention_run
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.policies.shadow.conftest import STRICT, Classify, said, started

pytestmark = pytest.mark.django_db


def test_new_verdicts_are_judged_beside_the_policy_in_force(forum: Source, classify: Classify) -> None:
    before = classify("hate from before")
    shadow = started(forum)
    comments = classify("i hate rain", "lovely day")
    assert said(shadow) == [("review", "remove"), ("approve", "review")]
    assert [comment.band for comment in before + comments] == ["review", "review", "approve"]
    assert {comment.status for comment in comments} == {"classified"}
    row = ShadowJudgement.objects.first()
    assert row is not None
    assert row.prediction == comments[1].current_prediction
    assert (row.changed, row.automatic) == (True, False)


def test_what_the_policy_in_force_decides_by_itself_is_told_apart(forum: Source, classify: Classify) -> None:
    policy_save(source=forum, bands={"toxic": {"review": 0.5}}, automatic=["approve"], by=None)
    started(forum)
    classify("i hate rain", "lovely day")
    assert list(ShadowJudgement.objects.order_by("pk").values_list("automatic", flat=True)) == [False, True]


def test_rules_hit_for_the_draft_as_they_do_in_force(forum: Source, classify: Classify) -> None:
    rule_create(name="Spam", kind="phrase", pattern="cheap pills", band="remove", by=None)
    shadow = started(forum, {"toxic": {"review": None, "remove": None}})
    classify("buy ch3ap p1lls")
    assert said(shadow) == [("remove", "remove")]


def test_the_sites_draft_judges_the_sources_that_follow_the_site(forum: Source, classify: Classify) -> None:
    policy_save(source=forum, bands={"toxic": {"review": 0.6}}, by=None)
    sites, forums = started(None), started(forum)
    classify("lovely", source="forum")
    classify("nice", source="blog")
    assert (said(sites), said(forums)) == ([("approve", "review")], [("approve", "review")])
    assert set(ShadowJudgement.objects.values_list("prediction__comment__source__slug", "shadow_policy")) == {
        ("blog", sites.pk),
        ("forum", forums.pk),
    }


def test_both_drafts_judge_a_source_that_has_one_and_follows_the_site(
    forum: Source, classify: Classify
) -> None:
    sites, forums = started(None), started(forum, {"toxic": {"review": 0.95}})
    classify("lovely")
    assert (said(sites), said(forums)) == ([("approve", "review")], [("approve", "approve")])


def test_a_stopped_draft_judges_nothing_more(forum: Source, classify: Classify) -> None:
    shadow = started(forum)
    shadow_policy_stop(shadow=shadow, by=None)
    classify("i hate rain")
    assert said(shadow) == []


def test_an_edited_text_is_judged_once_more(forum: Source, classify: Classify) -> None:
    shadow = started(forum)
    (comment,) = classify("lovely day")
    comment_edit(comment=comment, text="i hate rain", by=None)
    classify()
    assert said(shadow) == [("approve", "review"), ("review", "remove")]


@pytest.fixture
def in_force_kept(settings: Any) -> Iterator[None]:
    """As in a running worker: what is in force is looked up once a while, not at each question."""
    settings.POLICY_CACHE_SECONDS = 60
    in_force.forget()
    yield
    in_force.forget()


def test_without_a_draft_a_verdict_costs_no_statement_more_and_with_one_an_insert(
    in_force_kept: None,
    forum: Source,
    active_version: ModelVersion,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def statements() -> list[str]:
        for number in range(3):
            comment_submit(text=f"i hate rain {number}", source="forum")
        policy_for(None)  # whatever is in force is known
        slots_in_production()
        with CaptureQueriesContext(connection) as asked, django_capture_on_commit_callbacks(execute=True):
            pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
        return [query["sql"] for query in asked.captured_queries]

    without = statements()
    assert not any("classifier_shadow" in sql for sql in without)
    shadow = started(forum)
    with_one = statements()
    added = [sql for sql in with_one if "classifier_shadow" in sql]
    assert len(added) == 1
    assert added[0].startswith("INSERT")
    assert len([sql for sql in with_one if "SAVEPOINT" not in sql]) == 1 + len(
        [sql for sql in without if "SAVEPOINT" not in sql]
    )
    assert len(said(shadow)) == 3


def test_a_draft_that_breaks_harms_no_verdict(
    forum: Source, classify: Classify, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(source_id: int | None) -> Any:
        raise RuntimeError("the draft choked")

    shadow = started(forum)
    monkeypatch.setattr("classifier.policies.draft_judging.shadows_for", breaks)
    (comment,) = classify("i hate rain")
    assert (comment.status, comment.band, comment.attempts) == ("classified", "review", 1)
    assert said(shadow) == []
    assert "the draft choked" in caplog.text


def test_bands_that_were_written_around_the_service_harm_no_verdict(
    forum: Source, classify: Classify, caplog: pytest.LogCaptureFixture
) -> None:
    shadow = started(forum)
    type(shadow).objects.filter(pk=shadow.pk).update(bands={"toxic": "high"})
    (comment,) = classify("i hate rain")
    assert (comment.status, comment.band) == ("classified", "review")
    assert "shadow policy failed" in caplog.text


def test_erasing_a_comment_takes_what_was_said_of_it(
    forum: Source, classify: Classify, admin_person: User
) -> None:
    shadow = started(forum)
    comment, other = classify("i hate rain", "i hate snow")
    comment_erase(comment=comment, by=admin_person)
    left = ShadowJudgement.objects.filter(shadow_policy=shadow)
    assert [row.prediction.comment_id for row in left] == [other.pk]


def test_what_outlives_its_retention_keeps_its_counts(forum: Source, classify: Classify) -> None:
    shadow = started(forum, STRICT)
    (comment,) = classify("lovely day")
    Source.objects.filter(pk=forum.pk).update(retention_days=1)
    Comment.objects.filter(pk=comment.pk).update(created_at="2026-01-01T00:00Z")
    forum.refresh_from_db()
    assert retention_run(source=forum, by=None) == 1
    assert said(shadow) == [("approve", "review")]
