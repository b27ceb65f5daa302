"""Predictions and histories can be added to, and nothing else."""

import pytest
from django.db import IntegrityError, connection, transaction

from classifier.models import (
    AppendOnlyError,
    Comment,
    CommentEvent,
    ModelVersion,
    ModelVersionEvent,
    Prediction,
)
from classifier.tests.builders import classified_comment

pytestmark = pytest.mark.django_db


@pytest.fixture
def comment(active_version: ModelVersion) -> Comment:
    return classified_comment(active_version)


def test_a_prediction_refuses_to_be_saved_again(comment: Comment) -> None:
    prediction = Prediction.objects.get(comment=comment)
    prediction.score = 0.99
    with pytest.raises(AppendOnlyError, match=r"^prediction \d+ is append-only$"):
        prediction.save()


def test_a_prediction_refuses_to_be_deleted(comment: Comment) -> None:
    with pytest.raises(AppendOnlyError, match=r"^prediction \d+ is append-only$"):
        Prediction.objects.get(comment=comment).delete()


def test_the_bulk_changes_refuse_too(comment: Comment) -> None:
    with pytest.raises(AppendOnlyError, match=r"^predictions are append-only$"):
        Prediction.objects.filter(comment=comment).update(score=0.5)
    with pytest.raises(AppendOnlyError, match=r"^comment events are append-only$"):
        comment.history.all().delete()


@pytest.mark.parametrize("model", [Prediction, CommentEvent, ModelVersionEvent])
@pytest.mark.parametrize("sql", ["UPDATE {} SET created_at = now()", "DELETE FROM {}"])
def test_the_database_refuses_what_goes_around_the_models(comment: Comment, model: type, sql: str) -> None:
    table = model._meta.db_table  # type: ignore[attr-defined]
    before = model._default_manager.count()  # type: ignore[attr-defined]
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql.format(table))
    assert before > 0
    assert model._default_manager.count() == before  # type: ignore[attr-defined]


def test_erasure_may_delete_within_its_own_transaction_only(comment: Comment) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'on'")
        cursor.execute("DELETE FROM classifier_commentevent WHERE comment_id = %s", [comment.pk])
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'off'")
    assert not CommentEvent.objects.filter(comment=comment).exists()
    with (
        pytest.raises(IntegrityError, match=r"^classifier_prediction is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM classifier_prediction")
