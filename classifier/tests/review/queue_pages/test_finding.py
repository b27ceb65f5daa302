"""Tabs beside All waiting, the search of decided comments, near-duplicates beside the number, the policy's bars."""

import pytest
from django.test import Client

from classifier.models import Comment, ModelVersion, Policy, User
from classifier.policies.services import policy_save
from classifier.review.appeals import appeal_open
from classifier.review.decisions import decision_record
from classifier.review.filters import QueueFilters
from classifier.review.pages.policy_bars import policy_bars
from classifier.review.pages.saved_queues import saved_tabs
from classifier.tests.review.conftest import waiting
from classifier.tests.review.queue_pages.conftest import HTMX

pytestmark = pytest.mark.django_db


def tabs(user: User) -> dict[str, str]:
    rows = saved_tabs(user, current=None, here="queue", filters=QueueFilters())
    return {tab.title: str(tab.count) for tab in rows}


def test_a_lead_has_tabs_for_appeals_escalated_and_own_comments(
    active_version: ModelVersion, lea: User, mo: User, as_lea: Client
) -> None:
    first, second, third = waiting(active_version, "one text", "another text", "yet other words")
    decision_record(comment=first, action="escalate", by=mo)
    decision_record(comment=second, action="remove", by=mo)
    appeal_open(comment=second, message="It was a joke", by=None)
    as_lea.get(f"/queue/?comment={third.pk}", follow=True)
    assert tabs(lea) == {"All waiting": "3", "Appeals": "1", "Escalated": "1", "Mine": "1"}
    assert tabs(mo) == {"All waiting": "3", "Mine": "0"}
    page = as_lea.get("/queue/?escalated=1", follow=True)
    assert [tab.title for tab in page.context["tabs"] if tab.current] == ["Escalated"]
    assert page.context["item"].comment == first
    listed = as_lea.get("/queue/list/?appeal=1")
    assert [tab.title for tab in listed.context["tabs"] if tab.current] == ["Appeals"]
    assert [row["comment"] for row in listed.context["rows"]] == [second]


def test_the_number_of_an_open_tab_follows_a_decision(active_version: ModelVersion, as_mo: Client) -> None:
    first, *_ = waiting(active_version, "one text", "another text")
    as_mo.get(f"/queue/?comment={first.pk}", follow=True)
    data = {"action": "approve", "prediction": first.current_prediction_id, "seen": ""}
    part = as_mo.post(f"/queue/{first.pk}/decide/", data, headers=HTMX).content.decode()
    assert '<div hx-swap-oob="innerHTML:#tab-count">1</div>' in part
    assert '<div hx-swap-oob="innerHTML:#nav-count">1</div>' in part


def test_the_search_of_the_queue_finds_decided_comments_too(
    active_version: ModelVersion, as_mo: Client, mo: User
) -> None:
    decided, waits = waiting(active_version, "a purple elephant", "the purple whale")
    decision_record(comment=decided, action="approve", by=mo)
    page = as_mo.get("/queue/").content.decode()
    form = page.partition('action="/queue/list/"')[2].partition("</form>")[0]
    assert '<input type="hidden" name="status" value="all">' in form
    assert "data-slash" in form
    found = as_mo.get("/queue/list/", {"status": "all", "order": "newest", "text": "purple"}).context["rows"]
    assert {row["comment"].pk for row in found} == {decided.pk, waits.pk}


def test_near_duplicates_are_told_beside_the_number_with_their_key(
    active_version: ModelVersion, as_mo: Client
) -> None:
    text = "buy these cheap pills today at the best price of the whole town"
    first, *_ = waiting(active_version, text, text, text)
    page = as_mo.get(f"/queue/?comment={first.pk}", follow=True).content.decode()
    head = page.partition('id="item-title"')[2].partition("</header>")[0]
    assert "<b>+ 2</b> near-duplicates <kbd>g</kbd>" in head
    assert 'for="group-box"' in head


def test_bars_have_the_thresholds_of_the_policy_that_judged(active_version: ModelVersion) -> None:
    [comment] = waiting(active_version, "some words")
    policy_save(source=comment.source, bands={"toxic": {"review": 0.31, "remove": 0.87}}, by=None)
    policy = Policy.objects.get(source=comment.source)
    Comment.objects.filter(pk=comment.pk).update(policy=policy)
    row = Comment.objects.select_related("policy", "current_prediction__model_version").get(pk=comment.pk)
    bars = {bar.label: bar for bar in policy_bars(row)}
    assert (bars["toxic"].review, bars["toxic"].remove) == (0.31, 0.87)
    others = [bar for label, bar in bars.items() if label != "toxic"]
    assert all((bar.review, bar.remove, bar.band, bar.ticks) == (None, None, "", []) for bar in others)
    score = bars["toxic"].probability
    assert bars["toxic"].band == ("remove" if score >= 0.87 else "review" if score >= 0.31 else "")
    Comment.objects.filter(pk=comment.pk).update(policy=None)
    own = policy_bars(
        Comment.objects.select_related("policy", "current_prediction__model_version").get(pk=row.pk)
    )
    assert [bar.review for bar in own] == [bar.review for bar in bars.values()]  # the one in force
