"""What was read in a disguised comment is kept beside its text, shown with its verdict, and erased with it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from classifier.comments.edits import comment_edit
from classifier.comments.submission import comments_submit
from classifier.inference.scorer import Scorer
from classifier.models import Comment, ModelVersion, User
from classifier.privacy.services import comment_erase
from classifier.scoring.classify_pending import pending_classify
from classifier.scoring.score_texts import TextProblem, decode_result
from classifier.scoring.serve_requests import score_each
from classifier.scoring.serving import Serving
from classifier.tests.builders import FakeResult, FakeScorer
from classifier.tests.inference.test_scores_of_readings import STARTER
from classifier.tests.page_fixtures import (  # noqa: F401
    answers,
    as_owner,
    client_of,
    owner,
    scored,
    version,
)

pytestmark = pytest.mark.django_db(transaction=True)


class ReadingScorer(FakeScorer):
    """Reads h4te as hate, as the engine does."""

    def _result(self, text: str) -> FakeResult:
        read = text.replace("h4te", "hate")
        return replace(super()._result(read), read_as=read if read != text else "")


def classified(model: ModelVersion, *texts: str) -> list[Comment]:
    comments = comments_submit(items=[{"text": text} for text in texts], source="test")
    pending_classify(scorer=ReadingScorer(), model_version=model, limit=10)
    for comment in comments:
        comment.refresh_from_db()
    return comments


def test_each_comment_keeps_its_own_reading(active_version: ModelVersion) -> None:
    disguised, plain, other = classified(active_version, "i h4te you", "i like you", "h4te!")
    assert [comment.read_as for comment in (disguised, plain, other)] == ["i hate you", "", "hate!"]
    assert disguised.text == "i h4te you"


def test_an_edit_and_an_erasure_take_the_reading_away(active_version: ModelVersion) -> None:
    edited, erased = classified(active_version, "i h4te you", "h4te!")
    comment_edit(comment=edited, text="sorry", by=None)
    comment_erase(comment=erased, by=None)
    assert set(Comment.objects.values_list("read_as", flat=True)) == {""}


def test_the_page_of_a_comment_shows_it_blurred_where_the_verdict_is_toxic(
    active_version: ModelVersion,
    admin_client: Client,
) -> None:
    [comment] = classified(active_version, "i h4te <b>you")
    page = admin_client.get(reverse("comment-detail", args=[comment.pk])).content.decode()
    assert "Read as:" in page
    assert page.split("Read as:")[1].split("</p>")[0].count('class="veil"') == 1
    assert "i hate &lt;b&gt;you" in page


def test_a_comment_without_a_reading_says_nothing_of_one(
    active_version: ModelVersion, admin_client: Client
) -> None:
    [comment] = classified(active_version, "i hate you")
    assert "Read as" not in admin_client.get(reverse("comment-detail", args=[comment.pk])).content.decode()


def test_the_classify_page_shows_it(
    as_owner: Client,  # noqa: F811
    answers: Callable[[Any], None],  # noqa: F811
    owner: User,  # noqa: F811
) -> None:
    answers(replace(scored("i h4te you", 0.97), read_as="i hate you"))
    page = as_owner.post("/", {"text": "i h4te you", "discard": "on"}).content.decode()
    assert "i hate you" in page.split("Read as:")[1].split("</p>")[0]


@pytest.mark.starter
@pytest.mark.skipif(
    not STARTER.joinpath("manifest.json").exists(), reason="no starter model in this checkout"
)
def test_a_synchronous_answer_brings_the_engines_reading(active_version: ModelVersion) -> None:
    answer = decode_result(
        score_each(["what a p4th3tic l0ser"], Serving.alone(Scorer(STARTER), active_version))[0]
    )
    assert not isinstance(answer, TextProblem)
    assert answer.read_as == "what a pathetic loser"
    assert answer.verdict == "toxic"
