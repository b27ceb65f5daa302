"""Whatever is wrong with a request is a 4xx that names the place, and nothing is stored."""

import json
from io import BytesIO
from typing import Any

import pytest
from pytest_django import Settings

from classifier.models import Comment
from classifier.tests.api.conftest import COMMENTS, SCORE, Caller, assert_problem

LONG = "x" * 20_481


def case(name: str, body: Any, pointer: str, says: str) -> Any:
    return pytest.param(body, pointer, says, id=name)


BODIES = [
    case("no text", {}, "#/text", "text"),
    case("empty text", {"text": ""}, "#/text", "empty"),
    case("white space only", {"text": " \n\t "}, "#/text", "blank"),
    case("null text", {"text": None}, "#/text", "empty"),
    case("number", {"text": 5}, "#/text", "string"),
    case("boolean", {"text": True}, "#/text", "string"),
    case("array", {"text": ["x"]}, "#/text", "string"),
    case("object", {"text": {"text": "x"}}, "#/text", "string"),
    case("over-long", {"text": LONG}, "#/text", "20,480"),
    case("NUL", {"text": "a\x00b"}, "#/text", "NUL"),
    case("lone surrogate", {"text": "a\ud800b"}, "#/text", "surrogate"),
    case("unknown field", {"text": "x", "txet": "y"}, "#/txet", "txet"),
    case("unknown field with a strange name", {"text": "x", "a/b~\x00\ud800": 1}, "#/a~1b~0", "known"),
    case("number as external_id", {"text": "x", "external_id": 5}, "#/external_id", "string"),
    case("empty external_id", {"text": "x", "external_id": ""}, "#/external_id", "empty"),
    case("NUL in external_id", {"text": "x", "external_id": "\x00"}, "#/external_id", "NUL"),
    case("over-long external_id", {"text": "x", "external_id": "x" * 201}, "#/external_id", "200"),
    case("array as author_ref", {"text": "x", "author_ref": []}, "#/author_ref", "string"),
    case("surrogate in author_ref", {"text": "x", "author_ref": "\udfff"}, "#/author_ref", "surrogate"),
    case("source that is no slug", {"text": "x", "source": "a b"}, "#/source", "letters"),
    case("number as source", {"text": "x", "source": 1}, "#/source", "letters"),
    case("null source", {"text": "x", "source": None}, "#/source", "letters"),
    case("over-long source", {"text": "x", "source": "x" * 65}, "#/source", "64"),
    case("source with a line end", {"text": "x", "source": "forum\n"}, "#/source", "letters"),
    case("items beside text", {"text": "x", "items": []}, "#/text", "text"),
    case("no items", {"items": []}, "#/items", "empty"),
    case("null items", {"items": None}, "#/items", "list"),
    case("object as items", {"items": {}}, "#/items", "list"),
    case("string as items", {"items": "x"}, "#/items", "list"),
    case("string as item", {"items": [{"text": "x"}, "y"]}, "#/items/1", "items[1]"),
    case("null item", {"items": [None]}, "#/items/0", "object"),
    case("item without text", {"items": [{"text": "x"}, {}]}, "#/items/1/text", "items[1].text"),
    case("number in an item", {"items": [{"text": "x"}, {"text": 5}]}, "#/items/1/text", "items[1].text"),
    case("NUL in an item", {"items": [{"text": "\x00"}]}, "#/items/0/text", "NUL"),
    case("source in an item", {"items": [{"text": "x", "source": "a"}]}, "#/items/0/source", "known"),
    case("one id twice", {"items": [{"text": "x", "external_id": "1"}] * 2}, "#/items/1/external_id", "same"),
    case("10,000 items", {"items": [{"text": "x"}] * 10_000}, "#/items", "1,000"),
    case("an array", [{"text": "x"}], "#", "object"),
    case("a string", "x", "#", "object"),
    case("null", None, "#", "object"),
    case("a number", 5, "#", "object"),
]


@pytest.mark.parametrize(("body", "pointer", "says"), BODIES)
def test_a_bad_body_is_refused_with_the_name_of_the_field(
    program: Caller, body: Any, pointer: str, says: str
) -> None:
    problem = assert_problem(program.post(COMMENTS, body), 400, "invalid-request")
    assert problem["errors"][0]["pointer"].startswith(pointer)
    assert any(says in error["message"] for error in problem["errors"])
    assert problem["errors"][0]["message"] in problem["detail"]
    assert not Comment.objects.exists()


SCORE_BODIES = [
    case("nothing", {}, "#/text", "text"),
    case("both", {"text": "x", "texts": ["x"]}, "#/texts", "one of them"),
    case("empty text", {"text": ""}, "#/text", "empty"),
    case("number", {"text": 5}, "#/text", "string"),
    case("NUL", {"text": "a\x00"}, "#/text", "NUL"),
    case("string as texts", {"texts": "x"}, "#/texts", "list"),
    case("no texts", {"texts": []}, "#/texts", "empty"),
    case("null texts", {"texts": None}, "#/texts", "list"),
    case("number among good", {"texts": ["x", "y", 5]}, "#/texts/2", "texts[2]"),
    case("null among good", {"texts": ["x", None]}, "#/texts/1", "empty"),
    case("nothing but bad", {"texts": [" ", "\ud800"]}, "#/texts/0", "blank"),
    case("surrogate", {"texts": ["\ud800"]}, "#/texts/0", "surrogate"),
    case("over-long", {"texts": [LONG]}, "#/texts/0", "20,480"),
    case("10,000 texts", {"texts": ["x"] * 10_000}, "#/texts", "1,000"),
    case("string as explain", {"text": "x", "explain": "true"}, "#/explain", "true or false"),
    case("number as explain", {"text": "x", "explain": 1}, "#/explain", "true or false"),
    case("null explain", {"text": "x", "explain": None}, "#/explain", "true or false"),
    case("unknown field", {"text": "x", "model": "y"}, "#/model", "model"),
    case("an array", ["x"], "#", "object"),
]


@pytest.mark.parametrize(("body", "pointer", "says"), SCORE_BODIES)
def test_a_bad_scoring_request_is_refused_with_the_name_of_the_field(
    program: Caller, body: Any, pointer: str, says: str
) -> None:
    problem = assert_problem(program.post(SCORE, body), 400, "invalid-request")
    assert problem["errors"][0]["pointer"].startswith(pointer)
    assert says in problem["errors"][0]["message"]


UNREADABLE = [
    pytest.param(b"{", "line 1", id="cut off"),
    pytest.param(b"", "text", id="nothing"),
    pytest.param(b'{"text": "x",}', "line 1", id="trailing comma"),
    pytest.param(b'{"text": "\xff\xfe"}', "0xff", id="invalid UTF-8"),
    pytest.param('{"text": "é"}'.encode("latin-1"), "UTF-8", id="Latin-1"),
    pytest.param('{"text": "x"}'.encode("utf-16"), "UTF-8", id="UTF-16"),
    pytest.param(b'{"text": NaN}', "NaN", id="NaN"),
    pytest.param(b'{"text": -Infinity}', "-Infinity", id="infinity"),
    pytest.param(b'{"text": "a", "text": "b"}', '"text" twice', id="a field twice"),
    pytest.param(b"[" * 100_000, "deeply", id="deep arrays"),
    pytest.param(b'{"a":' * 100_000, "deeply", id="deep objects"),
    pytest.param(b'{"text": ' + b"9" * 5_000 + b"}", "digits", id="endless number"),
    pytest.param(b'{"text": "raw \x00 NUL"}', "control character", id="raw NUL"),
]


@pytest.mark.parametrize(("body", "says"), UNREADABLE)
def test_an_unreadable_body_is_refused_with_where_and_why(program: Caller, body: bytes, says: str) -> None:
    for path in (COMMENTS, SCORE):
        response = program.post_raw(path, body)
        kind = "malformed-body" if body else "invalid-request"
        assert says in assert_problem(response, 400, kind)["detail"]
    assert not Comment.objects.exists()


def test_a_number_too_large_for_a_double_is_refused_by_its_type(program: Caller) -> None:
    assert_problem(program.post_raw(COMMENTS, b'{"text": 1e999}'), 400, "invalid-request")


def test_every_bad_item_of_a_batch_is_named(program: Caller) -> None:
    items = [{"text": "fine"}, {"text": ""}, {"text": 5, "external_id": []}]
    errors = assert_problem(program.post(COMMENTS, {"items": items}), 400, "invalid-request")["errors"]
    assert [error["pointer"] for error in errors] == [
        "#/items/1/text",
        "#/items/2/text",
        "#/items/2/external_id",
    ]
    assert not Comment.objects.exists()


def test_a_byte_order_mark_is_allowed(program: Caller) -> None:
    assert program.post_raw(COMMENTS, b'\xef\xbb\xbf{"text": "x"}').status_code == 202


def test_a_body_over_the_limit_is_refused_before_it_is_read(program: Caller, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    body = json.dumps({"text": "x" * 1_000}).encode()
    assert "1,000" in assert_problem(program.post_raw(COMMENTS, body), 413, "body-too-large")["detail"]
    assert not Comment.objects.exists()


@pytest.mark.parametrize("path", [COMMENTS, SCORE])
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"],
)
def test_a_body_that_is_not_json_is_refused(program: Caller, path: str, content_type: str) -> None:
    problem = assert_problem(
        program.post_raw(path, b"text=x", content_type=content_type), 415, "unsupported-media-type"
    )
    assert "application/json" in problem["detail"]


@pytest.mark.parametrize("wait", ["-1", "11", "nan", "inf", "1e400", "x", "", "1,5"])
def test_a_bad_wait_is_refused_and_nothing_is_stored(program: Caller, wait: str) -> None:
    problem = assert_problem(program.post(f"{COMMENTS}?wait={wait}", {"text": "x"}), 400, "invalid-request")
    assert problem["errors"][0]["parameter"] == "wait"
    assert "from 0 to 10" in problem["detail"]
    assert not Comment.objects.exists()


QUERIES = [
    ("status", "angry"),
    ("verdict", "bad"),
    ("source", "a\x00b"),
    ("source", ""),
    ("source", "x" * 65),
    ("external_id", "\x00"),
    ("created_from", "yesterday"),
    ("created_before", "0001-01-01T00:00:00+23:59"),
    ("created_before", "\x00"),
    ("cursor", "x"),
    ("cursor", "é"),
    ("cursor", "YmVmb3JlOi0x"),
    ("limit", "0"),
    ("limit", "201"),
    ("limit", "-1"),
    ("limit", "1e2"),
    ("limit", "٣"),
    ("limit", "9" * 5_000),
    ("stauts", "pending"),
]


@pytest.mark.parametrize(("name", "value"), QUERIES)
def test_a_bad_query_parameter_is_refused_by_name(program: Caller, name: str, value: str) -> None:
    problem = assert_problem(program.get(COMMENTS, **{name: value}), 400, "invalid-request")
    assert problem["errors"][0]["parameter"] == name
    assert name in problem["detail"]


def test_a_body_without_a_length_is_read_up_to_the_limit(program: Caller, settings: Settings) -> None:
    def send(body: bytes) -> Any:
        chunked = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        return program.client.post(
            COMMENTS,
            content_type="application/json",
            headers={**program.headers, "Transfer-Encoding": "chunked"},
            **chunked,  # type: ignore[arg-type]
        )

    assert send(b'{"text": "x"}').status_code == 202
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert_problem(send(json.dumps({"text": "x" * 200}).encode()), 413, "body-too-large")
    assert Comment.objects.count() == 1
