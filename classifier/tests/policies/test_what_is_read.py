"""Rules and scores look at what a reader of a text's format sees, without what the policy of its source leaves out."""

import pytest
from django.test import Client
from django.utils.html import escape

from classifier.comments.edits import comment_edit
from classifier.comments.submission import comment_submit
from classifier.core.validation import InvalidInput
from classifier.models import Comment, ModelVersion, Policy, Source, User
from classifier.policies.rules import rule_create, rules_try_out
from classifier.policies.services import policy_newest, policy_restore, policy_save
from classifier.policies.versions import policy_changes
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer

pytestmark = pytest.mark.django_db
BANDS = {"toxic": {"review": 0.5, "remove": None}}
HTML = "<blockquote>you toad</blockquote><p>No, t<i>oa</i>ds are &amp; <code>toad</code></p>"


@pytest.fixture
def forum() -> Source:
    return Source.objects.create(slug="forum", name="Forum")


def read_by_the_model(version: ModelVersion) -> list[str]:
    """Classify what is pending, and return the words that the model was given."""
    scorer = FakeScorer()
    pending_classify(scorer=scorer, model_version=version, limit=100)
    return [" ".join(text.split()) for call in scorer.calls for text in call]


def marked(comment: Comment) -> list[str]:
    """Return what the rules marked in the comment's text."""
    comment.refresh_from_db()
    spans = [span for reason in comment.queue_reasons for span in reason.get("spans", ())]
    return [comment.text[span["begin"] : span["end"]] for span in spans]


def test_a_comment_is_read_by_its_own_format_or_else_by_its_sources(
    forum: Source, active_version: ModelVersion
) -> None:
    policy_save(source=forum, bands=BANDS, text_format="markdown", by=None)
    for text_format in ("", "html", "text"):
        comment_submit(text="**I** <b>go</b> &amp; `see`", text_format=text_format, source=forum)
    comment_submit(text="**I** <b>go</b>", source="elsewhere")
    assert read_by_the_model(active_version) == [
        "I go & see",
        "**I** go & `see`",
        "**I** <b>go</b> &amp; `see`",
        "**I** <b>go</b>",
    ]


def test_rules_and_scores_leave_out_what_the_policy_says_and_mark_the_original(
    forum: Source, active_version: ModelVersion
) -> None:
    rule_create(name="Toads", kind="phrase", pattern="toad", by=None)
    rule_create(name="Toads in words", kind="regex", pattern="toads", by=None)
    policy_save(source=forum, bands=BANDS, text_format="html", by=None)
    before = comment_submit(text=HTML, source=forum)
    assert read_by_the_model(active_version) == ["you toad No, toads are & toad"]
    assert marked(before) == ["toad", "toad", "t<i>oa</i>ds"]
    policy_save(source=forum, bands=BANDS, text_format="html", leave_out=["code", "quotes"], by=None)
    after = comment_submit(text=HTML, source=forum)
    assert read_by_the_model(active_version) == ["No, toads are &"]
    assert marked(after) == ["t<i>oa</i>ds"]
    assert Comment.objects.get(pk=after.pk).text == HTML


def test_a_text_of_which_nothing_would_be_left_is_judged_whole(
    forum: Source, active_version: ModelVersion
) -> None:
    rule_create(name="Toads", kind="phrase", pattern="toad", by=None)
    policy_save(source=forum, bands=BANDS, leave_out=["quotes"], by=None)
    comment = comment_submit(text="> you toad\n", source=forum)
    assert read_by_the_model(active_version) == ["> you toad"]
    assert marked(comment) == ["toad"]


def test_the_address_behind_a_link_is_for_rules(forum: Source, active_version: ModelVersion) -> None:
    rule_create(name="Casino", kind="regex", pattern=r"https://casino\.\w+", by=None)
    comment = comment_submit(
        text="Look [here](https://casino.example/win)", text_format="markdown", source=forum
    )
    assert read_by_the_model(active_version) == ["Look here"]
    assert marked(comment) == ["https://casino.example"]
    policy_save(source=forum, bands=BANDS, leave_out=["addresses"], by=None)
    assert rules_try_out(text="see https://casino.example/win", source=forum, by=None) == []
    assert len(rules_try_out(text="see https://casino.example/win", by=None)) == 1


def test_an_edit_may_change_the_format_and_keeps_it_otherwise(
    forum: Source, active_version: ModelVersion
) -> None:
    comment = comment_submit(text="<b>fine</b>", text_format="html", source=forum)
    comment = comment_edit(comment=comment, text="<b>good</b>", by=None)
    assert comment.text_format == "html"
    read_by_the_model(active_version)
    comment = comment_edit(comment=comment, text="<b>good</b>", text_format="text", by=None)
    assert (comment.text_format, comment.status) == ("text", "pending")
    with pytest.raises(InvalidInput, match="format: This must be one of text, html, markdown"):
        comment_edit(comment=comment, text="<b>good</b>", text_format="rst", by=None)


def test_the_switches_are_versioned_like_the_other_fields(forum: Source) -> None:
    first = policy_save(source=forum, bands=BANDS, by=None)
    assert (first.text_format, first.leave_out) == ("text", [])
    second = policy_save(
        source=forum, bands=BANDS, text_format="html", leave_out=["addresses", "quotes"], by=None
    )
    changes = {change.field: (change.before, change.after) for change in policy_changes(first, second)}
    assert changes == {"text_format": ("text", "html"), "leave_out": ([], ["quotes", "addresses"])}
    third = policy_restore(policy=second, by=None)
    assert (third.text_format, third.leave_out) == ("html", ["quotes", "addresses"])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text_format": "rst"}, "text_format"),
        ({"leave_out": ["quotes", "swearing"]}, "leave_out"),
        ({"leave_out": "quotes"}, "leave_out"),
    ],
)
def test_it_refuses_a_format_and_parts_that_it_does_not_know(
    forum: Source, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput, match=r"^(text_format|leave_out): ") as caught:
        policy_save(source=forum, bands=BANDS, by=None, **fields)  # type: ignore[arg-type]
    assert [problem.field for problem in caught.value.problems] == [field]
    assert policy_newest(source=forum) is None
    assert not Policy.objects.filter(source=forum).exists()


def test_pages_show_the_source_and_say_how_it_was_read(
    forum: Source, active_version: ModelVersion, client: Client, admin_person: User
) -> None:
    policy_save(source=forum, bands=BANDS, leave_out=["code", "quotes"], by=None)
    comment = comment_submit(text=HTML, text_format="html", source=forum)
    read_by_the_model(active_version)
    client.force_login(admin_person)
    page = client.get(f"/comments/{comment.pk}/").content.decode()
    assert "<dt>Format</dt><dd>HTML, without its quotes and code</dd>" in page
    assert escape(HTML) in page
    assert HTML not in page
