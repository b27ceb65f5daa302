"""GET: who sees which comments, filters, pages, details."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from classifier.models import Comment, ModelVersion, Prediction, Source, User
from classifier.tests.api.conftest import COMMENTS, Caller, MakeCaller, assert_problem


def stored(owner: User, text: str = "x", source: str = "api", **fields: Any) -> Comment:
    row, _ = Source.objects.get_or_create(slug=source, defaults={"name": source})
    return Comment.objects.create(source=row, text=text, submitted_by=owner, **fields)


def judged(comment: Comment, *, score: float, version: str = "tiny-1") -> Prediction:
    now = timezone.now()
    model_version, _ = ModelVersion.objects.get_or_create(
        version=version,
        defaults={
            "name": "tiny",
            "directory": version,
            "sha256": "0" * 64,
            "labels": ["toxic"],
            "thresholds": {"toxic": 0.5},
            "primary_label": "toxic",
            "manifest": {},
        },
    )
    prediction = Prediction.objects.create(
        comment=comment,
        model_version=model_version,
        scores={"toxic": score},
        verdict="toxic" if score >= 0.5 else "non-toxic",
        score=score,
        threshold=0.5,
    )
    Comment.objects.filter(pk=comment.pk).update(
        status="classified", classified_at=now, current_prediction=prediction
    )
    return prediction


def ids(response: Any) -> list[int]:
    assert response.status_code == 200, response.content
    return [item["id"] for item in response.json()["items"]]


def test_owner_and_colleague_see_a_comment_and_a_stranger_does_not(
    owner: User, colleague: User, stranger: User, caller_for: MakeCaller
) -> None:
    comment = stored(owner)
    for user, may in ((owner, True), (colleague, True), (stranger, False)):
        program = caller_for(user, "read")
        assert ids(program.get(COMMENTS)) == ([comment.pk] if may else [])
        response = program.get(f"{COMMENTS}{comment.pk}/")
        if may:
            assert response.json()["id"] == comment.pk
        else:
            assert_problem(response, 404, "not-found")


def test_the_same_three_people_see_the_same_through_a_session(
    owner: User, colleague: User, stranger: User
) -> None:
    comment = stored(owner)
    for user, status in ((owner, 200), (colleague, 200), (stranger, 404)):
        client = Client()
        client.force_login(user)
        assert client.get(f"{COMMENTS}{comment.pk}/").status_code == status


def test_a_session_sees_what_came_in_by_the_persons_key(program: Caller, owner: User) -> None:
    sent = program.post(COMMENTS, {"text": "x"}).json()
    client = Client()
    client.force_login(owner)
    assert ids(client.get(COMMENTS)) == [sent["id"]]


def test_the_detail_has_every_prediction_newest_first(program: Caller, owner: User) -> None:
    comment = stored(owner)
    judged(comment, score=0.2, version="tiny-1")
    judged(comment, score=0.9, version="tiny-2")
    body = program.get(f"{COMMENTS}{comment.pk}/").json()
    assert [each["model_version"] for each in body["predictions"]] == ["tiny-2", "tiny-1"]
    assert body["prediction"] == body["predictions"][0]
    prediction = body["prediction"]
    assert (prediction["verdict"], prediction["score"], prediction["threshold"]) == ("toxic", 0.9, 0.5)
    assert prediction["scores"] == {"toxic": 0.9}


def test_the_list_is_filtered_by_status_verdict_source_id_and_time(program: Caller, owner: User) -> None:
    pending = stored(owner, source="a", external_id="1")
    toxic, fine = stored(owner, source="b"), stored(owner, source="b", external_id="1")
    judged(toxic, score=0.9)
    judged(fine, score=0.1)
    assert ids(program.get(COMMENTS, status="pending")) == [pending.pk]
    assert ids(program.get(COMMENTS, status="classified")) == [fine.pk, toxic.pk]
    assert ids(program.get(COMMENTS, verdict="toxic")) == [toxic.pk]
    assert ids(program.get(COMMENTS, source="b", external_id="1")) == [fine.pk]
    assert ids(program.get(COMMENTS, source="none")) == []
    now = timezone.now()
    old = now - timedelta(days=2)
    Comment.objects.filter(pk=pending.pk).update(created_at=old)
    assert ids(program.get(COMMENTS, created_before=(now - timedelta(days=1)).isoformat())) == [pending.pk]
    assert ids(program.get(COMMENTS, created_from=old.isoformat())) == [fine.pk, toxic.pk, pending.pk]
    assert ids(program.get(COMMENTS, created_before=old.isoformat())) == []


def test_pages_follow_each_other_while_new_comments_arrive(program: Caller, owner: User) -> None:
    comments = [stored(owner, text=str(n)).pk for n in range(5)]
    seen, url = [], f"{COMMENTS}?limit=2&status=pending"
    while url:
        body = program.get(url).json()
        seen += [item["id"] for item in body["items"]]
        stored(owner, text="arrived meanwhile")
        url = body["next"]
    assert seen == comments[::-1]


def test_a_page_costs_the_same_few_queries_however_many_comments_it_has(
    program: Caller, owner: User, django_assert_max_num_queries: Any
) -> None:
    for n in range(20):
        judged(stored(owner, text=str(n)), score=0.9)
    program.get(COMMENTS)
    with django_assert_max_num_queries(5):
        assert len(ids(program.get(COMMENTS))) == 20


@pytest.mark.parametrize("path", [COMMENTS, f"{COMMENTS}1/"])
def test_head_answers_like_get_without_a_body(program: Caller, path: str) -> None:
    expected = program.get(path).status_code
    assert program.client.head(path, headers=program.headers).status_code == expected
