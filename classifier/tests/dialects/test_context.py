"""What a comment answers to, and the caller's session: kept with a stored comment, seen by moderators, forgotten."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from classifier.models import Comment, CommentContext, Source, Suggestion, User
from classifier.privacy.services import comment_erase, retention_run
from classifier.privacy.subject_export import author_export
from classifier.tests.dialects.conftest import ANALYZE, SUGGEST, Sender
from classifier.tests.dialects.test_analyze import request

ENTRY = {"text": "said <b>before</b>", "type": "HTML"}
BOTH = {
    "entries": [ENTRY, {"text": " "}],
    "articleAndParentComment": {"article": {"text": "An article"}, "parent_comment": {"text": "A parent"}},
}
KEPT = [
    {"kind": "article", "text": "An article"},
    {"kind": "before", "text": "said before"},
    {"kind": "parent", "text": "A parent"},
]


def store(sender: Sender, **fields: Any) -> Comment:
    body = request(**{"doNotStore": False, "context": BOTH, "sessionId": "s-4711", **fields})
    assert sender.post(ANALYZE, body).status_code == 200
    return Comment.objects.select_related("context").latest("pk")


def test_context_and_session_are_kept_with_a_stored_comment(sender: Sender, asked: list[list[str]]) -> None:
    context = store(sender).context
    assert (context.entries, context.session_ref) == (KEPT, "s-4711")
    assert asked == [["you idiot"]], "no model reads it"


def test_nothing_is_kept_where_the_comment_is_not_stored(
    sender: Sender, score_only: Sender, asked: list[list[str]]
) -> None:
    sent = request(context=BOTH, sessionId="s")
    assert sender.post(ANALYZE, sent).status_code == 200
    assert score_only.post(ANALYZE, {**sent, "doNotStore": False}).status_code == 200
    assert not CommentContext.objects.exists()


def test_a_comment_without_either_has_no_row(sender: Sender, asked: list[list[str]]) -> None:
    store(sender, context=None, sessionId=None)
    assert not CommentContext.objects.exists()


def test_a_session_of_more_than_200_characters_is_refused(sender: Sender, asked: list[list[str]]) -> None:
    response = sender.post(ANALYZE, request(sessionId="s" * 201))
    assert (response.status_code, asked) == (400, [])


def test_moderators_see_it_blurred_with_the_comment_and_in_the_queue(
    sender: Sender, asked: list[list[str]], moderator: User, client: Client
) -> None:
    comment = store(sender, context={"entries": [{"text": "<script>x</script> & so on"}]})
    client.force_login(moderator)
    for path in (f"/comments/{comment.pk}/", "/queue/"):
        page = client.get(path, follow=True).content.decode()
        assert "What it answers to (1)" in page, path
        said = '<blockquote class="quote veil" dir="auto" tabindex="0">&lt;script&gt;x&lt;/script&gt; &amp; so on<'
        assert said in page
    assert "s-4711" in client.get(f"/comments/{comment.pk}/").content.decode()


def test_erasing_the_comment_takes_both(sender: Sender, asked: list[list[str]]) -> None:
    comment = store(sender)
    comment_erase(comment=comment, by=None)
    assert not CommentContext.objects.exists()


def test_retention_takes_both(sender: Sender, asked: list[list[str]]) -> None:
    comment = store(sender)
    Source.objects.update(retention_days=30)
    Comment.objects.update(created_at=timezone.now() - timedelta(days=31))
    comment.source.refresh_from_db()
    assert retention_run(source=comment.source, by=None) == 1
    assert not CommentContext.objects.exists()


def test_the_export_of_an_author_has_both(sender: Sender, asked: list[list[str]]) -> None:
    store(sender)
    Comment.objects.update(author_ref="anna")
    written = "".join(author_export(author="anna", source=None, by=None))
    assert '"text": "A parent"' in written
    assert '"session": "s-4711"' in written


def test_who_is_erased_is_forgotten_where_others_answered_to_them(
    sender: Sender, asked: list[list[str]]
) -> None:
    parent = store(sender, comment={"text": "a  PARENT"}, context=None)
    answer = store(sender)
    elsewhere = store(sender, communityId="elsewhere")
    comment_erase(comment=parent, by=None)
    answer.context.refresh_from_db()
    assert answer.context.entries == KEPT[:2]
    elsewhere.context.refresh_from_db()
    assert elsewhere.context.entries == KEPT, "another source's authors are others"


def test_an_article_of_megabytes_is_cut_and_the_call_answered(sender: Sender, asked: list[list[str]]) -> None:
    context = {
        "entries": [{"text": "before"}],
        "articleAndParentComment": {
            "article": {"text": "<p>é" + "é" * 1_000_000, "type": "HTML"},
            "parentComment": {"text": "A parent"},
        },
    }
    article, *others = store(sender, context=context).context.entries
    assert others == [{"kind": "before", "text": "before"}, {"kind": "parent", "text": "A parent"}]
    assert set(article["text"]) == {"é"}
    assert 64_000 < len(article["text"].encode()) <= 64 * 1024


def test_a_context_is_cut_before_a_tag_that_the_limit_would_break(
    sender: Sender, asked: list[list[str]]
) -> None:
    text = "word " + f'<a href="{"x" * 70_000}">link</a>'
    [entry] = store(sender, context={"entries": [{"text": text, "type": "HTML"}]}).context.entries
    assert entry == {"kind": "before", "text": "word "}


def test_short_texts_are_kept_whole_beside_a_long_one_and_the_last_entries_of_many(
    sender: Sender, asked: list[list[str]]
) -> None:
    article, parent = {"text": "x" * 200_000}, {"text": "A parent"}
    long, short = store(sender, context={"entries": [article, parent]}).context.entries
    assert (len(long["text"]), short["text"]) == (64 * 1024 - len("A parent"), "A parent")

    many = [{"text": f"entry {number}"} for number in range(10_000)]
    kept = store(sender, context={"entries": many}).context.entries
    assert [entry["text"] for entry in kept] == [f"entry {number}" for number in range(9_900, 10_000)]


def test_what_is_no_entry_is_refused_in_a_large_context_too(sender: Sender, asked: list[list[str]]) -> None:
    entries = [{"text": "x" * 100_000}, {"text": 7}]
    response = sender.post(ANALYZE, request(context={"entries": entries}))
    assert response.status_code == 400
    assert "context.entries[1].text" in response.json()["error"]["message"]


def test_suggested_scores_keep_no_more_of_a_context_either(sender: Sender) -> None:
    body = {
        "comment": {"text": "you idiot"},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
        "context": {"entries": [{"text": "x" * 100_000}]},
    }
    assert sender.post(SUGGEST, body).status_code == 200
    [entry] = Suggestion.objects.get().context["context"]["entries"]
    assert len(entry["text"]) == 64 * 1024
