"""Working in the queue: a comment is claimed, decided, gone past, skipped, taken back; without and with htmx."""

import pytest
from django.test import Client

from classifier.accounts.roles import MODEL_ADMIN, VIEWER
from classifier.models import Appeal, Comment, Decision, ModelVersion, User
from classifier.review.decisions import decision_record
from classifier.review.placement import queue_put
from classifier.tests.conftest import person
from classifier.tests.review.conftest import waiting
from classifier.tests.review.queue_pages.conftest import HTMX, Decide, client_of

pytestmark = pytest.mark.django_db


def on_screen(client: Client) -> Comment | None:
    item = client.get("/queue/").context["item"]
    return None if item is None else item.comment


def test_opening_the_queue_claims_the_next_comment_and_keeps_it(
    active_version: ModelVersion, mo: User, as_mo: Client, as_kim: Client
) -> None:
    first, second = waiting(active_version, "one", "two")
    assert (on_screen(as_mo), on_screen(as_kim)) == (first, second)
    Comment.objects.filter(pk=waiting(active_version, "worse")[0].pk).update(risk=0.99)
    assert on_screen(as_mo) == first, "loading the page anew shows the same comment"
    first.refresh_from_db()
    assert first.review_by == mo


def test_a_decision_without_scripts_leads_to_the_next_comment(
    active_version: ModelVersion, as_mo: Client, decide: Decide
) -> None:
    first, second = waiting(active_version, "one", "two")
    answer = decide(as_mo, "approve", note="Harmless")
    assert (answer.status_code, answer["Location"]) == (302, "/queue/")
    assert Decision.objects.get().note == "Harmless"
    assert on_screen(as_mo) == second
    first.refresh_from_db()
    assert first.status == "decided"


def test_a_decision_by_htmx_answers_with_the_next_comment_and_announces_it(
    active_version: ModelVersion, as_mo: Client, decide: Decide
) -> None:
    first, second = waiting(active_version, "one", "two")
    answer = decide(as_mo, "remove", htmx=True)
    page = answer.content.decode()
    assert f"Comment {second.pk}" in page
    assert f"Comment {first.pk} is removed." in page
    assert "hx-swap-oob" in page
    assert "<html" not in page


def test_what_is_wrong_is_told_at_its_field_and_everything_typed_is_kept(
    active_version: ModelVersion, as_mo: Client, decide: Decide
) -> None:
    waiting(active_version, "one")
    answer = decide(as_mo, "approve", reason="nonsense", note="a note", marks="[[")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "a note</textarea>" in page
    assert "cannot be read" in page
    answer = decide(as_mo, "dance")
    assert (answer.status_code, Decision.objects.count()) == (422, 0)
    assert "must be one of" in answer.content.decode()


def test_labels_and_marks_are_recorded(active_version: ModelVersion, as_mo: Client, decide: Decide) -> None:
    waiting(active_version, "you \N{PILE OF POO} fool")
    label = active_version.labels[1]
    decide(as_mo, "remove", labels_shown="1", label=[label], marks='[{"begin": 4, "end": 5}]')
    decision = Decision.objects.get()
    assert decision.labels == {label: 1}
    assert decision.marks == [{"begin": 4, "end": 5}]


def test_undo_goes_back_step_by_step_and_shows_the_comment_again(
    active_version: ModelVersion, mo: User, as_mo: Client, decide: Decide
) -> None:
    first, second, _ = waiting(active_version, "one", "two", "three")
    decide(as_mo, "approve")
    decide(as_mo, "skip")
    as_mo.post("/queue/undo/")
    assert on_screen(as_mo) == second
    answer = as_mo.post("/queue/undo/", headers=HTMX)
    assert "The decision is undone." in answer.content.decode()
    assert on_screen(as_mo) == first
    first.refresh_from_db()
    assert (first.status, first.review_by) == ("classified", mo)
    assert "nothing to take back" in as_mo.post("/queue/undo/").content.decode()


def test_going_past_and_back_decides_nothing(active_version: ModelVersion, as_mo: Client) -> None:
    first, second = waiting(active_version, "one", "two")
    assert on_screen(as_mo) == first
    as_mo.post("/queue/next/")
    assert on_screen(as_mo) == second
    as_mo.post("/queue/back/")
    assert on_screen(as_mo) == first
    assert "nothing before this" in as_mo.post("/queue/back/").content.decode()
    as_mo.post("/queue/next/")
    assert on_screen(as_mo) == second
    assert "You went past" not in as_mo.post("/queue/next/", headers=HTMX).content.decode()
    assert on_screen(as_mo) is None
    as_mo.post("/queue/again/")
    assert on_screen(as_mo) == first
    assert Decision.objects.count() == 0


def test_back_shows_what_was_decided_with_its_undo(
    active_version: ModelVersion, as_mo: Client, decide: Decide
) -> None:
    first, _ = waiting(active_version, "one", "two")
    decide(as_mo, "approve")
    on_screen(as_mo)
    answer = as_mo.post("/queue/back/", headers=HTMX)
    page = answer.content.decode()
    assert "Already decided" in page
    assert "Approved</b> by you" in page
    as_mo.post("/queue/undo/", {"decision": Decision.objects.get().pk})
    assert on_screen(as_mo) == first
    assert "nothing to take back" in as_mo.post("/queue/undo/").content.decode()


def test_an_appeal_is_upheld_or_overturned(
    active_version: ModelVersion, as_mo: Client, as_lea: Client, kim: User
) -> None:
    (only,) = waiting(active_version, "one")
    removal = decision_record(comment=only, action="remove", by=kim)
    appeal = Appeal.objects.create(comment=only, decision=removal, message="It was a quote.")
    queue_put(comment=only, kind="appeal")
    Comment.objects.filter(pk=only.pk).update(has_open_appeal=True)
    assert on_screen(as_mo) is None
    page = as_lea.get("/queue/").content.decode()
    assert "It was a quote." in page
    assert "Overturn: approve" in page
    assert "Uphold: remove" in page
    item = as_lea.get("/queue/").context["item"]
    as_lea.post(
        f"/queue/{only.pk}/decide/",
        {"action": "approve", "seen": item.seen_decision, "note": "You are right"},
    )
    appeal.refresh_from_db()
    assert (appeal.status, appeal.answer) == ("overturned", "You are right")


def test_near_copies_are_decided_together_for_a_reason_and_undone_at_once(
    active_version: ModelVersion, as_mo: Client, decide: Decide
) -> None:
    text = "buy cheap watches at this wonderful shop today, my friends, {}"
    waiting(active_version, *[text.format(n) for n in ("now", "soon", "please")])
    assert "Decide all 3 together" in as_mo.get("/queue/").content.decode()
    answer = decide(as_mo, "remove", group="1", together="3")
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    decide(as_mo, "remove", group="1", together="3", note="Spam")
    assert Comment.objects.filter(status="decided").count() == 3
    as_mo.post("/queue/undo/")
    assert Comment.objects.filter(status="classified").count() == 3


def test_who_may_not_decide_sees_no_queue(active_version: ModelVersion, as_mo: Client) -> None:
    waiting(active_version, "one")
    for role in (VIEWER, MODEL_ADMIN):
        assert client_of(person(role.lower()[:5], role)).get("/queue/").status_code == 403
    assert client_of(person("looks", VIEWER)).get("/queue/list/").status_code == 200
    assert Client().get("/queue/").status_code == 302


def test_a_comment_of_another_source_is_not_there(active_version: ModelVersion, mo: User) -> None:
    (theirs,) = waiting(active_version, "a secret", source="theirs")
    User.objects.filter(pk=mo.pk).update(all_sources=False)
    client = client_of(User.objects.get(pk=mo.pk))
    assert on_screen(client) is None
    assert client.get(f"/queue/?comment={theirs.pk}").status_code == 404
    assert client.post(f"/queue/{theirs.pk}/decide/", {"action": "approve"}).status_code == 404
    assert client.post(f"/queue/{theirs.pk}/renew/").status_code == 404
    assert "a secret" not in client.get("/queue/list/").content.decode()
