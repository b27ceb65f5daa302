"""Query strings that nobody reads and bodies that nobody unpacks are refused; no cache may keep an answer."""

import gzip

import pytest

from classifier.models import Comment
from classifier.tests.api.conftest import COMMENTS, Caller, MakeCaller, assert_problem, person


def test_a_parameter_that_is_sent_twice_is_refused(program: Caller) -> None:
    response = program.client.get(f"{COMMENTS}?status=pending&status=classified", headers=program.headers)
    [error] = assert_problem(response, 400, "invalid-request")["errors"]
    assert (error["parameter"], error["code"]) == ("status", "repeated")


@pytest.mark.parametrize(
    "path", ["score/?explain=true", "comments/{}/appeals/?wait=5", "comments/{}/reports/?wait=5"]
)
def test_a_parameter_that_would_do_nothing_is_refused(db: None, caller_for: MakeCaller, path: str) -> None:
    program = caller_for(person("site", "add_comment", "add_report"))
    program.post(COMMENTS, {"text": "x"})
    response = program.post("/api/v1/" + path.format(Comment.objects.get().pk), {"text": "x"})
    [error] = assert_problem(response, 400, "invalid-request")["errors"]
    assert (error["parameter"], error["code"]) == (path.partition("?")[2].partition("=")[0], "unknown")


@pytest.mark.parametrize("path", ["usage/", "policies/", "policies/site/"])
def test_reading_what_takes_no_parameters_refuses_them(db: None, caller_for: MakeCaller, path: str) -> None:
    lead = caller_for(person("lead", "view_policy"), "moderate", "read")
    assert lead.get(f"/api/v1/{path}").status_code == 200
    problem = assert_problem(lead.get(f"/api/v1/{path}", limit=5), 400, "invalid-request")
    assert problem["errors"][0]["parameter"] == "limit"


def test_a_compressed_body_is_refused_as_such(program: Caller) -> None:
    body = gzip.compress(b'{"text": "x"}')
    response = program.post_raw(COMMENTS, body, **{"Content-Encoding": "gzip"})
    assert "compressed" in assert_problem(response, 415, "unsupported-media-type")["detail"]
    assert response.headers["Accept-Encoding"] == "identity"
    assert program.post_raw(COMMENTS, b'{"text": "x"}', **{"Content-Encoding": "identity"}).status_code == 202


def test_no_cache_may_keep_an_answer(program: Caller) -> None:
    for response in (program.get(COMMENTS), program.post(COMMENTS, {"text": ""}), Caller().get(COMMENTS)):
        assert response.headers["Cache-Control"] == "no-store"
