"""Comments in the admin: found, read, tried again; a page costs a fixed number of queries."""

import pytest
from django.contrib.admin import site
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries

from classifier.comments.submission import comments_submit
from classifier.models import Comment, ModelVersion, User
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer, classified_comment

pytestmark = pytest.mark.django_db
LIST = "/admin/classifier/comment/"


def test_they_are_found_by_their_words_and_filtered_by_verdict(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    classified_comment(active_version, "i hate mondays")
    classified_comment(active_version, "lovely weather")
    client.force_login(admin_person)
    html = client.get(LIST, {"q": "mondays"}).content.decode()
    assert "i hate mondays" in html
    assert "lovely weather" not in html
    html = client.get(LIST, {"current_prediction__verdict__exact": "non-toxic"}).content.decode()
    assert "lovely weather" in html
    assert "i hate mondays" not in html


def test_the_text_of_a_comment_is_shown_as_text(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    comment = classified_comment(active_version, "hate <script>alert(1)</script>")
    client.force_login(admin_person)
    for path in (LIST, f"{LIST}{comment.pk}/change/"):
        html = client.get(path).content.decode()
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize("blur", [True, False])
def test_toxic_text_is_blurred_for_who_wants_it(
    client: Client, admin_person: User, active_version: ModelVersion, blur: bool
) -> None:
    admin_person.blur_text = blur
    admin_person.save()
    classified_comment(active_version, "i hate you")
    client.force_login(admin_person)
    assert ("said-blurred" in client.get(LIST).content.decode()) is blur


def test_readers_at_the_same_time_get_the_texts_as_each_of_them_wishes(
    admin_person: User, active_version: ModelVersion, rf: RequestFactory
) -> None:
    classified_comment(active_version, "i hate you")
    admin = site.get_model_admin(Comment)
    rows = []
    for blur in (True, False):
        request = rf.get(LIST)
        request.user = User(is_superuser=True, blur_text=blur)
        rows.append(admin.get_queryset(request).get())
    assert ["said-blurred" in admin.excerpt(row) for row in rows] == [True, False]  # type: ignore[attr-defined]


def test_an_action_about_no_comment_answers_404(client: Client, admin_person: User) -> None:
    client.force_login(admin_person)
    for number in ("1", "abc"):
        assert client.post(f"{LIST}{number}/retry/").status_code == 404


def test_a_comment_that_did_not_fail_is_not_tried_again(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    comment = classified_comment(active_version, "i hate you")
    client.force_login(admin_person)
    page = client.post(f"{LIST}{comment.pk}/retry/", follow=True).content.decode()
    assert "Nothing was changed: Only a comment whose scoring failed can be tried again." in page


def test_a_comment_cannot_be_edited(client: Client, admin_person: User, active_version: ModelVersion) -> None:
    comment = classified_comment(active_version, "i hate you")
    client.force_login(admin_person)
    assert client.post(f"{LIST}{comment.pk}/change/", {"text": "changed"}).status_code == 403
    comment.refresh_from_db()
    assert comment.text == "i hate you"


def test_a_failed_comment_is_tried_again_by_an_admin_only(
    client: Client, admin_person: User, model_admin: User, active_version: ModelVersion
) -> None:
    (comment,) = comments_submit(items=[{"text": "bad"}], source="test")
    for _ in range(3):
        pending_classify(scorer=FakeScorer(poison=["bad"]), model_version=active_version, limit=5)
    client.force_login(model_admin)
    client.post(f"{LIST}{comment.pk}/retry/")
    comment.refresh_from_db()
    assert comment.status == "failed"
    client.force_login(admin_person)
    client.post(f"{LIST}{comment.pk}/retry/")
    comment.refresh_from_db()
    assert comment.status == "pending"
    assert comment.history.first().actor == admin_person  # type: ignore[union-attr]


def test_a_get_request_changes_nothing(client: Client, admin_person: User) -> None:
    (comment,) = comments_submit(items=[{"text": "bad"}], source="test")
    Comment.objects.filter(pk=comment.pk).update(status="failed", failure_reason="x")
    client.force_login(admin_person)
    client.get(f"{LIST}{comment.pk}/retry/")
    comment.refresh_from_db()
    assert comment.status == "failed"


def test_the_list_costs_the_same_queries_for_one_comment_and_for_thirty(
    client: Client,
    admin_person: User,
    active_version: ModelVersion,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(admin_person)
    for count in (1, 30):
        for _ in range(count):
            classified_comment(active_version, by=admin_person)
        with django_assert_max_num_queries(14):
            assert client.get(LIST).status_code == 200
