"""POST /api/v1/comments/: one comment, many comments, sent again."""

from classifier.models import Comment, Source, User
from classifier.tests.api.conftest import COMMENTS, Caller, MakeCaller, assert_problem


def test_it_stores_one_comment_and_says_where_to_read_the_verdict(program: Caller, owner: User) -> None:
    sent = {"text": "Good morning", "source": "forum", "external_id": "7", "author_ref": "anna"}
    response = program.post(COMMENTS, sent)
    assert response.status_code == 202
    body = response.json()
    assert {name: body[name] for name in sent} == sent
    assert (body["status"], body["prediction"]) == ("pending", None)
    assert response.headers["Location"] == body["url"] == f"http://testserver{COMMENTS}{body['id']}/"
    comment = Comment.objects.get()
    assert (comment.text, comment.source.slug, comment.external_id) == ("Good morning", "forum", "7")
    assert (comment.submitted_by, comment.api_key) == (owner, program.key)


def test_a_source_is_api_unless_named(program: Caller) -> None:
    assert program.post(COMMENTS, {"text": "x"}).json()["source"] == "api"


def test_it_keeps_the_text_as_it_was_sent(program: Caller) -> None:
    text = "  two  spaces\n\ttab, \u202eright to left, é e\u0301 \U0001f600 "
    assert program.post(COMMENTS, {"text": text}).json()["text"] == text
    assert Comment.objects.get().text == text


def test_it_stores_many_comments_in_the_order_sent(program: Caller) -> None:
    items = [{"text": f"number {n}", "external_id": str(n)} for n in range(5)]
    response = program.post(COMMENTS, {"source": "forum", "items": items})
    assert response.status_code == 202
    assert [item["text"] for item in response.json()["items"]] == [item["text"] for item in items]
    assert all(item["source"] == "forum" for item in response.json()["items"])
    assert Comment.objects.count() == 5


def test_sent_again_it_answers_200_with_the_same_comment(program: Caller) -> None:
    first = program.post(COMMENTS, {"text": "x", "external_id": "7"})
    again = program.post(COMMENTS, {"text": "x", "external_id": "7"})
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Location"] == first.headers["Location"]
    assert Comment.objects.count() == 1


def test_a_batch_with_one_new_comment_stores_that_one(program: Caller) -> None:
    program.post(COMMENTS, {"text": "old", "external_id": "1"})
    batch = {"items": [{"text": "old", "external_id": "1"}, {"text": "new", "external_id": "2"}]}
    assert program.post(COMMENTS, batch).status_code == 202
    assert program.post(COMMENTS, batch).status_code == 200
    assert Comment.objects.count() == 2


def test_the_same_id_in_another_source_is_another_comment(program: Caller) -> None:
    program.post(COMMENTS, {"text": "x", "external_id": "7", "source": "a"})
    assert program.post(COMMENTS, {"text": "y", "external_id": "7", "source": "b"}).status_code == 202
    assert Comment.objects.count() == 2


def test_another_text_under_a_taken_id_is_a_conflict_that_names_the_field(program: Caller) -> None:
    program.post(COMMENTS, {"text": "x", "external_id": "7"})
    body = assert_problem(
        program.post(COMMENTS, {"text": "y", "external_id": "7"}), 409, "external-id-conflict"
    )
    assert body["errors"][0]["pointer"] == "#/external_id"
    assert Comment.objects.get().text == "x"


def test_a_conflict_in_a_batch_stores_nothing_of_it(program: Caller) -> None:
    program.post(COMMENTS, {"text": "x", "external_id": "7", "source": "forum"})
    items = [{"text": "fine"}, {"text": "y", "external_id": "7"}]
    response = program.post(COMMENTS, {"source": "forum", "items": items})
    body = assert_problem(response, 409, "external-id-conflict")
    assert body["errors"][0]["pointer"] == "#/items/1/external_id"
    assert Comment.objects.count() == 1


def test_somebody_elses_id_is_a_conflict_and_shows_nothing_of_theirs(
    program: Caller, stranger: User, caller_for: MakeCaller
) -> None:
    theirs = program.post(COMMENTS, {"text": "secret", "external_id": "7"}).json()
    response = caller_for(stranger).post(COMMENTS, {"text": "secret", "external_id": "7"})
    assert_problem(response, 409, "external-id-conflict")
    assert theirs["url"] not in response.content.decode()


def test_another_key_of_the_same_person_may_send_it_again(
    program: Caller, owner: User, caller_for: MakeCaller
) -> None:
    first = program.post(COMMENTS, {"text": "x", "external_id": "7"}).json()
    again = caller_for(owner, "submit").post(COMMENTS, {"text": "x", "external_id": "7"})
    assert again.status_code == 200
    assert again.json()["id"] == first["id"]


def test_a_refused_source_leaves_none_behind(program: Caller) -> None:
    program.post(COMMENTS, {"text": "", "source": "brand-new"})
    assert not Source.objects.filter(slug="brand-new").exists()


def test_without_a_worker_waiting_ends_at_once_with_a_pending_comment(program: Caller) -> None:
    response = program.post(f"{COMMENTS}?wait=9", {"text": "x"})
    assert response.status_code == 202
    assert response.json()["status"] == "pending"
