"""Leads see how well people agree and keep known answers; a blind review gives nothing away."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from classifier.models import Comment, GoldenItem, SecondReview, Source, User
from classifier.quality.blind_reviews import blind_review_record
from classifier.tests.quality.conftest import Decided, Said
from classifier.tests.statistics.test_dashboard_page import client_of, now

TOKEN = re.compile(r'name="token" value="([^"]+)"')
Made = Callable[..., Comment]


@pytest.fixture
def removed(forum: Source, said: Said, decided: Decided, ann: User) -> Made:
    """A comment that ann has decided about just now."""

    def make(action: str = "remove", source: Source = forum) -> Comment:
        comment = said(source, now(), 0.973)
        decided(comment, now(), action, ann)
        comment.refresh_from_db()
        return comment

    return make


def test_a_blind_look_shows_the_text_and_nothing_of_what_was_said(removed: Made, bea: User) -> None:
    comment = removed()
    client = client_of(bea)
    page = client.get("/quality/look/").content.decode()
    main = page[page.index("<main") : page.index("</main")]
    assert comment.text in main
    for given_away in ("97.3", "ann", "Removed", "Toxic", "starter-1a2b3c4d", f"/comments/{comment.pk}/"):
        assert given_away not in main
    found = TOKEN.search(main)
    assert found is not None
    answer = client.post("/quality/look/", {"token": found[1], "action": "approve"})
    assert answer.status_code == 302
    review = SecondReview.objects.get()
    assert (review.comment, review.by, review.action, review.first) == (
        comment,
        bea,
        "approve",
        comment.current_decision,
    )
    page = client.get("/quality/look/").content.decode()
    assert "Nothing to review" in page
    assert "1 done, 0 to review" in page


def test_only_the_comment_that_was_shown_to_this_person_can_be_answered(
    removed: Made, bea: User, lead: User
) -> None:
    removed()
    found = TOKEN.search(client_of(bea).get("/quality/look/").content.decode())
    assert found is not None
    assert client_of(lead).post("/quality/look/", {"token": found[1], "action": "approve"}).status_code == 403
    client_of(bea).post("/quality/look/", {"token": found[1] + "x", "action": "approve"})
    client_of(bea).post("/quality/look/", {"token": found[1], "action": "skip"})
    assert not SecondReview.objects.exists()


def test_leads_add_golden_items_from_a_number_and_retire_them(
    removed: Made, lead: User, shop: Source
) -> None:
    comment, hidden = removed(), removed(source=shop)
    lead.all_sources = False
    lead.save()
    lead.source_access.create(source=comment.source)
    client = client_of(lead)
    assert f"/quality/?comment={comment.pk}#golden" in client.get(f"/comments/{comment.pk}/").content.decode()
    assert f'value="{comment.pk}"' in client.get(f"/quality/?comment={comment.pk}").content.decode()
    said = {"comment": comment.pk, "expected": "remove", "note": "A threat."}
    assert client.post("/quality/golden/", said).status_code == 302
    item = GoldenItem.objects.get()
    assert (item.comment, item.expected, item.note, item.created_by) == (comment, "remove", "A threat.", lead)
    assert client.post("/quality/golden/", said).status_code == 422
    assert client.post("/quality/golden/", {**said, "comment": hidden.pk}).status_code == 422
    page = client.get("/quality/").content.decode()
    assert "A threat." in page
    assert client.post(f"/quality/golden/{item.pk}/retire/").status_code == 302
    item.refresh_from_db()
    assert item.retired_at is not None


def test_agreement_is_counted_by_moderator_and_pair_and_differences_are_listed(
    removed: Made, ann: User, bea: User, lead: User
) -> None:
    for answer, action in (("remove", "remove"), ("approve", "approve"), ("approve", "remove")):
        blind_review_record(comment=removed(action), action=answer, by=bea)
    golden = removed()
    GoldenItem.objects.create(comment=golden, expected="remove")
    blind_review_record(comment=golden, action="remove", by=bea)
    page = client_of(lead).get("/quality/").content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "ann \N{EN DASH} \N{EN DASH} 3 of 4 75.0% 0.50" in text
    assert "bea 1 of 1 100.0% 3 of 4 75.0% 0.50" in text
    assert "ann and bea 3 of 4" in text
    assert text.count("Removed by ann Approve by bea none") == 1
    assert "few comparisons" in text


def test_a_lead_sees_the_agreement_of_their_own_sources_alone(
    removed: Made, bea: User, lead: User, shop: Source
) -> None:
    blind_review_record(comment=removed(), action="approve", by=bea)
    lead.all_sources = False
    lead.save()
    lead.source_access.create(source=shop)
    page = client_of(lead).get("/quality/").content.decode()
    assert "No blind answers yet" in page
    assert "bea" not in page


def test_moderators_look_blindly_and_see_no_numbers(removed: Made, bea: User, db: None) -> None:
    removed()
    client = client_of(bea)
    assert client.get("/quality/").status_code == 403
    assert client.get("/quality/look/").status_code == 200
    viewer = User.objects.create_user("vera")
    assert client_of(viewer).get("/quality/look/").status_code == 403
    assert Client().get("/quality/").status_code == 302
