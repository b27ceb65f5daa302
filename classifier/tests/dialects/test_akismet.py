"""Akismet on the wire: the verdict is the whole body, and whatever is no verdict says so."""

from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from django.test import Client
from pytest_django import Settings

from classifier.api_keys.services import api_key_create
from classifier.core.errors import NoWorker, ScoreTimeout
from classifier.models import Comment, CommentStatus, Source, Suggestion, User
from classifier.policies.rules import rule_create
from classifier.policies.services import policy_save
from classifier.tests.dialects.conftest import Sender

CHECK, SPAM, HAM = (f"/1.1/{verb}" for verb in ("comment-check", "submit-spam", "submit-ham"))
VERIFY, SUBSCRIPTION = "/1.1/verify-key", "/1.1/get-subscription"
FORM = "application/x-www-form-urlencoded"
DEBUG = "X-akismet-debug-help"
BLOG = "https://blog.example.org/"
RUDE, KIND = "you badger", "half a badger"  # as the answers of `asked` have it
THANKS = "Thanks for making the web a better place."


class Blog:
    """A program with a key in the form."""

    def __init__(self, sender: Sender) -> None:
        self.client, self.plaintext = sender.client, sender.plaintext

    def post(self, path: str, content_type: str = FORM, headers: Any = None, **fields: str) -> Any:
        sent = {"api_key": self.plaintext, "blog": BLOG, "user_ip": "192.0.2.1", **fields}
        return self.client.post(path, urlencode(sent), content_type=content_type, headers=headers or {})

    def check(self, text: str, **fields: str) -> str:
        return verdict(self.post(CHECK, comment_content=text, **fields))


def verdict(response: Any) -> str:
    """Return a verdict; beside one no client may find a header that it takes for an error."""
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    told = {name.lower() for name in response.headers}
    assert not told & {DEBUG.lower(), "x-akismet-alert-code", "x-akismet-error", "x-akismet-pro-tip"}
    return str(response.content.decode())


def fault(response: Any) -> tuple[int, str]:
    """Return status and body of what is no verdict."""
    assert response.headers[DEBUG].isascii()
    body = response.content.decode()
    assert body not in ("true", "false", "valid", THANKS)
    return response.status_code, body


@pytest.fixture
def blog(sender: Sender, asked: list[list[str]]) -> Blog:
    policy_save(source=None, bands={"*": {"review": 0.6, "remove": 0.95}}, by=None)
    return Blog(sender)


@pytest.fixture
def checking(score_only: Sender, asked: list[list[str]]) -> Blog:
    """A blog whose key stores nothing."""
    policy_save(source=None, bands={"*": {"review": 0.6, "remove": 0.95}}, by=None)
    return Blog(score_only)


def test_spam_is_what_the_policy_would_not_publish(checking: Blog) -> None:
    response = checking.post(CHECK, comment_content=RUDE)
    assert verdict(response) == "true"
    assert response.headers["Toxicsite-Policy"] == "action=review; policy=2"
    assert checking.check(KIND) == "false"
    assert not Comment.objects.exists()


def test_a_rule_makes_spam_and_its_name_is_told(checking: Blog) -> None:
    rule_create(name="links", kind="phrase", pattern="casino", band="remove", by=None)
    response = checking.post(CHECK, comment_content="half a c4sino")
    assert verdict(response) == "true"
    assert response.headers["Toxicsite-Policy"] == 'action=remove; policy=2; rules="links"'


@pytest.mark.parametrize("field", ["comment_author", "comment_author_email", "comment_author_url"])
def test_rules_look_at_the_author_too_and_the_model_does_not(
    checking: Blog, asked: list[list[str]], field: str
) -> None:
    rule_create(name="casinos", kind="phrase", pattern="casino", by=None)
    assert checking.check(KIND, **{field: "https://casino.example/"}) == "true"
    assert checking.check("", **{field: "https://casino.example/"}) == "true"
    assert checking.check(KIND, **{field: "you badger"}) == "false"
    assert asked == [[KIND], [KIND]]


@pytest.mark.parametrize(
    "address",
    [
        "https://cheap-casino.example/",
        "https://a.example/x/casino?y=1",
        "https://a.example/?q=c4sino",
        "casino_shop@example.org",
        "me@casino.example",
    ],
)
def test_words_within_an_authors_address_count_though_rules_and_policy_leave_addresses_out(
    checking: Blog, asked: list[list[str]], address: str
) -> None:
    rule_create(name="casinos", kind="phrase", pattern="casino", leave_out=["addresses", "ids"], by=None)
    policy_save(source=None, bands={"*": {"review": 0.9, "remove": None}}, leave_out=["addresses"], by=None)
    field = "comment_author_email" if "@" in address else "comment_author_url"
    assert checking.check(KIND, **{field: address}) == "true"
    assert checking.check(f"{KIND} {address}") == "false"


def test_a_rule_about_a_text_is_none_about_its_author_and_one_about_authors_is(
    checking: Blog, asked: list[list[str]]
) -> None:
    rule_create(name="short", kind="any", pattern="", conditions={"characters_to": 5}, by=None)
    assert checking.check(KIND, comment_author="Ann") == "false"
    rule_create(name="Ann", kind="any", pattern="", conditions={"authors": ["Ann"]}, by=None)
    assert checking.check(KIND, comment_author="Ann") == "true"
    assert checking.check(KIND, comment_author="Bea") == "false"


def test_the_policy_of_the_blogs_source_counts(checking: Blog) -> None:
    own = Source.objects.create(slug="blog-example-org", name="Blog")
    policy_save(source=own, bands={"*": {"review": 0.1, "remove": None}}, by=None)
    assert checking.check(KIND) == "true"
    assert checking.check(KIND, blog="http://other.example.org") == "false"


def test_a_long_text_is_judged_to_its_end(checking: Blog, settings: Settings, asked: list[list[str]]) -> None:
    settings.COMMENT_MAX_CHARACTERS = 100
    assert checking.check(f"{'half a badger ' * 10}{' ' * 60}you badger") == "true"
    assert [len(text) for text in asked[0]] == [100, 100, 10]
    assert checking.check("half a badger " * 20) == "false"


def test_a_long_text_is_not_stored_and_still_answered(blog: Blog, settings: Settings) -> None:
    settings.COMMENT_MAX_CHARACTERS = 20
    assert blog.check("half " * 10) == "false"
    assert not Comment.objects.exists()


@pytest.mark.parametrize("text", ["", "   ", "\x00"])
def test_nothing_to_judge_is_no_spam(checking: Blog, asked: list[list[str]], text: str) -> None:
    assert checking.check(text, user_ip="") == "false"
    assert asked == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"comment_author": "viagra-test-123"}, "true"),
        ({"comment_author": "akismet-guaranteed-spam"}, "true"),
        ({"comment_author_email": "akismet-guaranteed-spam@example.com"}, "true"),
        ({"user_role": "administrator"}, "false"),
        ({"user_role": "administrator", "comment_author": "viagra-test-123"}, "true"),
        ({"user_role": "editor"}, "true"),
    ],
)
def test_the_documented_test_values(checking: Blog, fields: dict[str, str], expected: str) -> None:
    assert checking.check(RUDE, **fields) == expected


def test_a_comment_is_stored_once_with_its_verdict(blog: Blog) -> None:
    author = {"comment_author": "Ann", "comment_author_email": "ann@example.org"}
    assert blog.check(RUDE, **author) == "true"
    assert blog.check(RUDE, recheck_reason="edit", **author) == "true"
    comment = Comment.objects.get()
    assert (comment.text, comment.author_ref, comment.source.slug, comment.band) == (
        *(RUDE, "ann@example.org"),
        *("blog-example-org", "review"),
    )
    assert comment.status == CommentStatus.CLASSIFIED
    assert blog.check(RUDE, comment_author="Bob") == "true"
    assert list(Comment.objects.order_by("id").values_list("author_ref", flat=True)) == [
        "ann@example.org",
        "Bob",
    ]


@pytest.mark.parametrize("is_test", ["1", "true", "True"])
def test_a_test_is_answered_and_stores_nothing(blog: Blog, is_test: str) -> None:
    assert blog.check(RUDE, is_test=is_test) == "true"
    assert verdict(blog.post(SPAM, comment_content=RUDE, is_test=is_test)) == THANKS
    assert not Comment.objects.exists()
    assert not Suggestion.objects.exists()
    assert blog.check(RUDE, is_test="0") == "true"
    assert Comment.objects.exists()


@pytest.mark.parametrize(("path", "value"), [(SPAM, 1.0), (HAM, 0.0)])
def test_a_submission_becomes_a_suggestion_about_the_stored_comment(
    blog: Blog, path: str, value: float
) -> None:
    blog.check(RUDE, comment_author="Ann")
    response = blog.post(
        path, comment_content=RUDE, comment_author="Ann", permalink="https://blog.example.org/p/1"
    )
    assert verdict(response) == THANKS
    suggestion = Suggestion.objects.get()
    assert (suggestion.comment, suggestion.labels) == (Comment.objects.get(), {"toxic": value})
    assert suggestion.context == {"permalink": "https://blog.example.org/p/1"}


def test_a_submission_about_no_stored_comment_is_kept_with_its_text(blog: Blog) -> None:
    assert verdict(blog.post(SPAM, comment_content=RUDE, comment_author="Ann")) == THANKS
    suggestion = Suggestion.objects.get()
    assert (suggestion.comment, suggestion.text, suggestion.author_ref, suggestion.source.slug) == (
        *(None, RUDE),
        *("Ann", "blog-example-org"),
    )
    for text in ("", "x" * 20_481, "\ud800"):
        body = f"blog=x&api_key={blog.plaintext}&comment_content={quote_plus(text, errors='surrogatepass')}"
        assert verdict(blog.client.post(SPAM, body, content_type=FORM)) == THANKS


def test_a_submission_needs_the_scope_for_it(checking: Blog) -> None:
    response = checking.post(SPAM, comment_content=RUDE)
    assert fault(response) == (200, "invalid")
    assert '"submit"' in response.headers[DEBUG]


def test_a_key_is_verified(blog: Blog, sender: Sender) -> None:
    for field in ("key", "api_key"):
        body = urlencode({field: sender.plaintext, "blog": BLOG})
        assert verdict(blog.client.post(VERIFY, body, content_type=FORM)) == "valid"
    both = {"key": "fedcba987654", "api_key": sender.plaintext, "blog": BLOG}
    assert fault(blog.client.post(VERIFY, urlencode(both), content_type=FORM)) == (200, "invalid")
    both = {"key": sender.plaintext, "api_key": "fedcba987654", "blog": BLOG}
    assert verdict(blog.client.post(VERIFY, urlencode(both), content_type=FORM)) == "valid"


@pytest.mark.parametrize("path", [VERIFY, CHECK, SPAM, HAM, SUBSCRIPTION])
@pytest.mark.parametrize("key", ["", "nobody", "tox_00000000_nobody", "ÿ"])
def test_a_bad_key_is_invalid_at_every_verb(blog: Blog, path: str, key: str) -> None:
    body = urlencode({"api_key": key, "key": key, "blog": BLOG, "comment_content": RUDE})
    assert fault(blog.client.post(path, body, content_type=FORM)) == (200, "invalid")


def test_a_fault_of_the_request_is_a_sentence(blog: Blog) -> None:
    response = blog.post(CHECK, blog="", comment_content=RUDE)
    assert fault(response) == (200, "Missing required field: blog.")
    assert response.headers[DEBUG] == 'Empty "blog" value'
    json = blog.client.post(CHECK, b"{}", content_type="application/json")
    assert fault(json)[0] == 200
    assert "application/x-www-form-urlencoded" in json.content.decode()
    endless = blog.post(CHECK, comment_content="endless")
    assert fault(endless)[0] == 200


@pytest.mark.parametrize(("failure", "status"), [(NoWorker("none"), 503), (ScoreTimeout("late"), 504)])
def test_where_nobody_can_judge_it_is_no_verdict(
    blog: Blog, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int
) -> None:
    def fail(**_: Any) -> None:
        raise failure

    monkeypatch.setattr("classifier.dialects.scoring.score_texts", fail)
    assert fault(blog.post(CHECK, comment_content=RUDE))[0] == status


def test_over_the_quota_it_is_no_verdict(owner: User, asked: list[list[str]]) -> None:
    key, plaintext = api_key_create(name="one", owner=owner, scopes=["score"], texts_per_day=1)
    blog = Blog(Sender(plaintext, key))
    blog.check(RUDE)
    assert fault(blog.post(CHECK, comment_content=RUDE))[0] == 429


def test_what_django_answers_is_plain_text_too(blog: Blog, settings: Settings) -> None:
    assert fault(blog.client.get(CHECK))[0] == 405
    assert fault(blog.post("/1.1/comment-chekc"))[0] == 404
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    assert fault(blog.post(CHECK, comment_content=RUDE))[0] == 413


def test_no_csrf_token_is_wanted(blog: Blog) -> None:
    blog.client.handler.enforce_csrf_checks = True
    assert blog.check(KIND) == "false"


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        (f"{FORM}; charset=ISO-8859-1", "latin-1"),
        (f"{FORM}; charset=UTF-8", "utf-8"),
        (f"{FORM};charset=windows-1251", "cp1251"),
        (f"{FORM}; charset=hex", "utf-8"),
        ("charset=utf-8", "utf-8"),
    ],
)
def test_a_form_is_read_in_its_encoding(
    checking: Blog, asked: list[list[str]], content_type: str, encoding: str
) -> None:
    text = "дурак" if encoding == "cp1251" else "Grüße"
    fields = {"api_key": checking.plaintext, "blog": BLOG, "comment_content": text}
    body = urlencode(fields, encoding=encoding)
    verdict(checking.client.generic("POST", CHECK, body.encode(), content_type=content_type))
    assert asked == [[text]]


def test_hundreds_of_other_fields_are_passed_over(blog: Blog, caplog: pytest.LogCaptureFixture) -> None:
    more = {f"POST_field_{number}": "secret" for number in range(1_500)} | {"comment_context[0]": "secret"}
    assert blog.check(RUDE, **more) == "true"
    assert "secret" not in caplog.text
    assert fault(blog.post(CHECK, **{f"x{number}": "" for number in range(20_001)}))[0] == 413


def test_wordpress_keeps_a_key_only_with_an_active_subscription(blog: Blog, sender: Sender) -> None:
    response = blog.post(SUBSCRIPTION, key=sender.plaintext)
    assert (response.status_code, response.json()["status"]) == (200, "active")


def test_use_is_told_as_json_and_csv(owner: User, asked: list[list[str]]) -> None:
    key, plaintext = api_key_create(name="limited", owner=owner, scopes=["score"], texts_per_day=3)
    blog = Blog(Sender(plaintext, key))
    for _ in range(3):
        blog.check(RUDE)
    query = {"api_key": plaintext}
    usage = blog.client.get("/1.2/usage-limit", query).json()
    assert (usage["usage"], usage["throttled"]) == (3, True)
    assert 84 <= usage["limit"] <= 93
    sites = blog.client.get("/1.2/key-sites", query).json()
    [month] = [name for name in sites if name.startswith("20")]
    assert sites == {month: [{"site": "all", "api_calls": "3"}], "limit": 1, "offset": 0, "total": 1}
    table = blog.client.get("/1.2/key-sites", {**query, "format": "csv"})
    assert table.content.decode() == "site,api_calls\nall,3\n"
    assert fault(Client().get("/1.2/key-sites")) == (200, "invalid")


def test_a_key_without_a_quota_has_no_limit(checking: Blog) -> None:
    usage = checking.client.get("/1.2/usage-limit", {"api_key": checking.plaintext}).json()
    assert usage == {"limit": "none", "usage": 0, "percentage": "0.00", "throttled": False}


def test_a_language_that_the_model_does_not_know_follows_the_policy(checking: Blog) -> None:
    german = "Guten Tag zusammen, das ist eine half schöne Geschichte über unseren Garten und die Nachbarn"
    assert checking.check(german) == "true"
    policy_save(source=None, bands={"*": {"review": 0.6, "remove": None}}, unknown_language="judge", by=None)
    assert checking.check(german) == "false"
