"""Who comes second is told who was quicker, loses nothing that was typed, and has a way on."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from classifier.models import BulkAction, Comment, Decision, ModelVersion, Prediction, User
from classifier.review.bulk import group_decide
from classifier.review.claims import claim
from classifier.review.decisions import decision_record
from classifier.tests.review.conftest import waiting
from classifier.tests.review.queue_pages.conftest import HTMX, Decide

pytestmark = pytest.mark.django_db


def expire(comment: Comment) -> None:
    Comment.objects.filter(pk=comment.pk).update(review_until=timezone.now() - timedelta(seconds=1))


def test_a_decision_made_meanwhile_is_told_with_its_maker(
    active_version: ModelVersion, as_mo: Client, kim: User
) -> None:
    first, second = waiting(active_version, "one", "two")
    as_mo.get("/queue/")
    decision_record(comment=first, action="remove", by=kim)
    data = {"action": "approve", "note": "I typed this", "seen": ""}
    answer = as_mo.post(f"/queue/{first.pk}/decide/", data, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "kim has decided on this comment in the meantime: removed." in page
    assert "I typed this</textarea>" in page
    answer = as_mo.post(f"/queue/{first.pk}/decide/", data)
    assert answer.status_code == 409
    assert "<html" in answer.content.decode(), "without scripts the whole page is there"
    as_mo.post("/queue/next/")
    assert as_mo.get("/queue/").context["item"].comment == second


def test_who_has_seen_the_others_decision_may_decide_anew(
    active_version: ModelVersion, as_mo: Client, kim: User
) -> None:
    (only,) = waiting(active_version, "one")
    as_mo.get("/queue/")
    theirs = decision_record(comment=only, action="remove", by=kim)
    answer = as_mo.post(f"/queue/{only.pk}/decide/", {"action": "approve", "seen": ""})
    assert f'name="seen" value="{theirs.pk}"' in answer.content.decode()
    assert (
        as_mo.post(f"/queue/{only.pk}/decide/", {"action": "approve", "seen": theirs.pk}).status_code == 302
    )
    only.refresh_from_db()
    assert only.current_decision is not None
    assert only.current_decision.action == "approve"


def test_a_claim_that_ran_out_and_was_taken_blocks_the_decision(
    active_version: ModelVersion, as_mo: Client, kim: User
) -> None:
    (only,) = waiting(active_version, "one")
    as_mo.get("/queue/")
    expire(only)
    claim(comment=only, by=kim)
    answer = as_mo.post(f"/queue/{only.pk}/decide/", {"action": "approve"})
    assert answer.status_code == 409
    assert "kim looks at this comment now" in answer.content.decode()
    assert Decision.objects.count() == 0


def test_a_new_verdict_is_looked_at_before_deciding(
    active_version: ModelVersion, as_mo: Client, decide: Decide
) -> None:
    (only,) = waiting(active_version, "one")
    seen = only.current_prediction
    assert seen is not None
    as_mo.get("/queue/")
    newer = Prediction.objects.create(
        comment=only,
        model_version=active_version,
        scores=seen.scores,
        verdict="toxic",
        score=0.9,
        threshold=0.5,
    )
    Comment.objects.filter(pk=only.pk).update(current_prediction=newer)
    answer = as_mo.post(
        f"/queue/{only.pk}/decide/", {"action": "approve", "prediction": seen.pk, "note": "kept"}
    )
    assert answer.status_code == 409
    assert "new verdict" in answer.content.decode()
    assert "kept</textarea>" in answer.content.decode()
    assert decide(as_mo, "approve").status_code == 302


def test_renewing_keeps_a_claim_and_says_who_took_a_lost_one(
    active_version: ModelVersion, as_mo: Client, kim: User
) -> None:
    (only,) = waiting(active_version, "one")
    as_mo.get("/queue/")
    renew = f"/queue/{only.pk}/renew/"
    assert as_mo.post(renew).json() == {"held": True, "seconds": 300}
    expire(only)
    claim(comment=only, by=kim)
    told = {"held": False, "message": "kim looks at this comment right now."}
    assert as_mo.post(renew).json() == told
    assert as_mo.post(renew, {"take": "1"}).json() == told
    decision_record(comment=only, action="approve", by=kim)
    assert "kim has approved this comment" in as_mo.post(renew).json()["message"]


def test_a_claim_that_only_ran_out_can_be_taken_again(active_version: ModelVersion, as_mo: Client) -> None:
    (only,) = waiting(active_version, "one")
    as_mo.get("/queue/")
    Comment.objects.filter(pk=only.pk).update(review_by=None, review_until=None, review_since=None)
    renew = f"/queue/{only.pk}/renew/"
    assert as_mo.post(renew).json()["held"] is False
    assert as_mo.post(renew, {"take": "1"}).json()["held"] is True


def test_undoing_what_another_has_undone_says_so(
    active_version: ModelVersion, as_mo: Client, as_kim: Client, decide: Decide
) -> None:
    waiting(active_version, "one")
    decide(as_mo, "approve")
    as_kim.post("/queue/undo/", {"decision": Decision.objects.get().pk})
    answer = as_mo.post("/queue/undo/")
    assert "could not be taken back" in answer.content.decode()


@pytest.mark.parametrize("together", ["3", "9" * 5_000])
def test_copies_that_another_has_decided_meanwhile_are_a_conflict_that_names_who(
    active_version: ModelVersion, as_mo: Client, kim: User, together: str
) -> None:
    text = "buy cheap watches at this wonderful shop today, my friends, {}"
    copies = waiting(active_version, *[text.format(n) for n in ("now", "soon", "please")])
    shown = as_mo.get("/queue/").context["item"].comment
    group_decide(comment=copies[0], action="approve", note="An advert that we like", by=kim)
    data = {"action": "remove", "note": "Spam", "group": "1", "together": together, "seen": ""}
    answer = as_mo.post(f"/queue/{shown.pk}/decide/", data, headers=HTMX)
    assert answer.status_code == 409
    assert "kim has decided on this comment in the meantime: approved." in answer.content.decode()
    assert set(Decision.objects.values_list("action", "by")) == {("approve", kim.pk)}
    assert BulkAction.objects.count() == 1


def test_a_comment_that_another_holds_can_be_looked_at_and_not_decided(
    active_version: ModelVersion, as_mo: Client, as_kim: Client
) -> None:
    (only,) = waiting(active_version, "one")
    as_mo.get("/queue/")
    page = as_kim.get(f"/queue/?comment={only.pk}", follow=True).content.decode()
    assert "mo looks at this comment right now." in page
    assert 'id="decide"' not in page
