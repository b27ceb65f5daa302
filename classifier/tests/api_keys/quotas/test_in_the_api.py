"""Every reply of the API says what is left; over the quota nothing is scored or stored."""

from classifier.models import ApiKey, Comment, User
from classifier.tests.api.conftest import COMMENTS, SCORE, Caller, MakeCaller, assert_problem


def limit(program: Caller, **limits: int) -> None:
    assert program.key is not None
    ApiKey.objects.filter(pk=program.key.pk).update(**limits)


def test_a_reply_says_what_is_left_whatever_it_says(program: Caller) -> None:
    limit(program, requests_per_minute=50)
    answers = [
        program.get(COMMENTS),
        program.get(f"{COMMENTS}999/"),
        program.post(SCORE, {"nonsense": 1}),
        program.post(SCORE, {"text": "x"}),
        program.post(COMMENTS, {"text": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 400, 503, 202]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["49", "48", "47", "46", "45"]


def test_an_unknown_caller_learns_nothing_of_quotas(db: None) -> None:
    assert "RateLimit-Limit" not in Caller().get(COMMENTS).headers


def test_a_call_beyond_its_scope_counts_too(owner: User, caller_for: MakeCaller) -> None:
    program = caller_for(owner, "read")
    assert_problem(program.post(SCORE, {"text": "x"}), 403, "forbidden")
    assert int(program.get(COMMENTS).headers["RateLimit-Remaining"]) == 5_998


def test_a_batch_over_the_quota_stores_nothing_and_says_what_is_left(program: Caller) -> None:
    limit(program, texts_per_day=3)
    assert program.post(COMMENTS, {"text": "one"}).status_code == 202
    answer = program.post(COMMENTS, {"items": [{"text": f"text {n}"} for n in range(3)]})
    problem = assert_problem(answer, 429, "rate-limit-exceeded")
    assert "2 are left" in problem["detail"]
    assert answer.headers["Retry-After"] == answer.headers["RateLimit-Reset"]
    assert (answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Remaining"]) == ("3", "2")
    assert Comment.objects.count() == 1
    assert program.post(COMMENTS, {"items": [{"text": "two"}, {"text": "three"}]}).status_code == 202


def test_scoring_takes_from_the_same_texts(program: Caller) -> None:
    limit(program, texts_per_day=3)
    program.post(COMMENTS, {"text": "one"})
    assert_problem(program.post(SCORE, {"texts": ["a", "b", "c"]}), 429, "rate-limit-exceeded")
    assert program.get(COMMENTS).status_code == 200


def test_what_could_not_be_scored_or_stored_is_given_back(program: Caller) -> None:
    limit(program, texts_per_day=3)
    for _ in range(3):
        assert program.post(SCORE, {"texts": ["a", "b"]}).status_code == 503
        assert program.post(COMMENTS, {"text": " "}).status_code == 400
    assert program.post(COMMENTS, {"items": [{"text": f"text {n}"} for n in range(3)]}).status_code == 202
    assert_problem(program.post(SCORE, {"text": "d"}), 429, "rate-limit-exceeded")


def test_what_is_no_list_of_texts_is_named_and_not_counted(program: Caller) -> None:
    limit(program, texts_per_day=1)
    for wrong in (None, 7, True, {"0": "x"}, "x"):
        assert_problem(program.post(SCORE, {"texts": wrong}), 400, "invalid-request")
        assert_problem(program.post(COMMENTS, {"items": wrong}), 400, "invalid-request")
    assert program.post(COMMENTS, {"text": "one"}).status_code == 202
