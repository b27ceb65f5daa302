"""One comment: its predictions by every version, newest first, and what happened to it."""

from django.test import Client

from classifier.models import Comment, ModelVersion, Prediction
from classifier.tests.builders import version_row
from classifier.tests.page_fixtures import LABELS, MakeComment


def test_it_shows_every_prediction_and_which_one_counts(
    as_owner: Client, comment_with: MakeComment, version: ModelVersion
) -> None:
    comment = comment_with("some words", score=0.9)
    other = version_row("next-5e6f7a8b", LABELS)
    newer = Prediction.objects.create(
        comment=comment,
        model_version=other,
        scores=dict.fromkeys(LABELS, 0.1),
        verdict="non-toxic",
        score=0.1,
        threshold=0.5,
    )
    Comment.objects.filter(pk=comment.pk).update(current_prediction=newer)
    page = as_owner.get(f"/comments/{comment.pk}/").content.decode()
    predictions = page.split('id="predictions-title"')[1].split("</section>")[0]
    assert predictions.index("next-5e6f7a8b") < predictions.index("starter-1a2b3c4d")
    assert predictions.count(">current<") == 1
    assert predictions.index(">current<") < predictions.index("starter-1a2b3c4d")
    assert "Classified" in page.split('id="history-title"')[1]


def test_a_failed_comment_says_why(as_owner: Client, comment_with: MakeComment) -> None:
    comment = comment_with("odd", failure="The model answered with something that is not a number.")
    page = as_owner.get(f"/comments/{comment.pk}/").content.decode()
    assert "No verdict" in page
    assert "something that is not a number" in page
    assert "after 3 attempts" in page


def test_text_scored_toxic_is_veiled_and_other_text_is_not(
    as_owner: Client, comment_with: MakeComment
) -> None:
    toxic, calm = comment_with("bad", score=0.9), comment_with("good", score=0.1)
    assert 'class="said said--plain veil"' in as_owner.get(f"/comments/{toxic.pk}/").content.decode()
    assert " veil" not in as_owner.get(f"/comments/{calm.pk}/").content.decode()


def test_without_scripts_the_words_are_a_link_away(as_owner: Client, comment_with: MakeComment) -> None:
    comment = comment_with("bad", score=0.9)
    response = as_owner.get(f"/comments/{comment.pk}/words/")
    assert response.headers["Location"] == f"/comments/{comment.pk}/?words=1#words"
    assert as_owner.get(response.headers["Location"]).status_code == 200
