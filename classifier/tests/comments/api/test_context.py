"""POST /api/v1/comments/ with what a comment answers to."""

from typing import Any

import pytest

from classifier.models import Comment, CommentContext
from classifier.tests.api.conftest import COMMENTS, Caller, assert_problem


def test_the_texts_are_kept_and_come_back_with_the_comment_alone(program: Caller) -> None:
    sent = {"text": "No.", "context": ["First.", "", "Is it so?"]}
    made = program.post(COMMENTS, sent).json()
    assert "context" not in made
    assert program.get(f"{COMMENTS}{made['id']}/").json()["context"] == [
        {"kind": "before", "text": "First."},
        {"kind": "parent", "text": "Is it so?"},
    ]


def test_a_comment_without_it_says_so(program: Caller) -> None:
    for sent in ({"text": "a"}, {"text": "b", "context": None}, {"text": "c", "context": []}):
        made = program.post(COMMENTS, sent).json()
        assert program.get(f"{COMMENTS}{made['id']}/").json()["context"] == []
    assert not CommentContext.objects.exists()


def test_each_of_many_has_its_own_and_what_was_sent_before_keeps_what_it_had(program: Caller) -> None:
    items = [{"text": f"n{n}", "external_id": str(n), "context": [f"c{n}"]} for n in range(3)]
    assert program.post(COMMENTS, {"items": items}).status_code == 202
    again = [{**item, "context": ["another"]} for item in items] + [{"text": "x", "context": ["y"]}]
    assert program.post(COMMENTS, {"items": again}).status_code == 202
    found = Comment.objects.order_by("pk").values_list("text", "context__entries")
    assert [(text, entries[0]["text"]) for text, entries in found] == [
        *((f"n{n}", f"c{n}") for n in range(3)),
        ("x", "y"),
    ]


@pytest.mark.parametrize(
    ("context", "pointer", "code"),
    [
        ("text", "#/context", "invalid_type"),
        ({"a": 1}, "#/context", "invalid_type"),
        (["a"] * 21, "#/context", "max_items"),
        (["a", 7], "#/context/1", "invalid_type"),
        (["a\x00"], "#/context/0", "null_characters"),
        (["a" * 40_000, "b" * 40_000], "#/context", "max_length"),
    ],
)
def test_what_is_no_context_is_refused_by_its_place(
    program: Caller, context: Any, pointer: str, code: str
) -> None:
    problem = assert_problem(
        program.post(COMMENTS, {"text": "x", "context": context}), 400, "invalid-request"
    )
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]
    assert not Comment.objects.exists()
