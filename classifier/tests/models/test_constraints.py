"""The database itself holds the rules about one row."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from classifier.models import ApiKey, Comment, ModelVersion, Prediction, Source, User
from classifier.tests.builders import classified_comment

pytestmark = pytest.mark.django_db


def refused(constraint: str, /, model: Any, **row: Any) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model.objects.bulk_create([model(**row)])


def test_it_rejects_a_second_active_version(
    active_version: ModelVersion, candidates: tuple[ModelVersion, ModelVersion]
) -> None:
    with pytest.raises(IntegrityError, match="modelversion_one_active"), transaction.atomic():
        ModelVersion.objects.filter(pk=candidates[1].pk).update(status="active", activated_at=timezone.now())
    assert ModelVersion.objects.get(status="active") == active_version


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"status": "lost", "activated_at": timezone.now()}, "modelversion_status_known"),
        ({"status": "retired"}, "modelversion_activated_at_set"),
        ({"sha256": "abc"}, "modelversion_sha256_hex"),
        ({"primary_label": "unheard"}, "modelversion_primary_label_is_a_label"),
    ],
)
def test_it_rejects_a_model_version_that_makes_no_sense(changes: dict[str, Any], constraint: str) -> None:
    row = {
        "version": "v",
        "name": "v",
        "directory": "v",
        "sha256": "a" * 64,
        "labels": ["toxic"],
        "thresholds": {"toxic": 0.5},
        "primary_label": "toxic",
        "manifest": {},
    }
    refused(constraint, model=ModelVersion, **{**row, **changes})


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"status": "lost"}, "comment_status_known"),
        ({"text": ""}, "comment_text_not_empty"),
        ({"external_id": ""}, "comment_external_id_not_empty"),
        ({"status": "classified"}, "comment_classified_has_prediction"),
        ({"status": "failed"}, "comment_failed_has_reason"),
        ({"claimed_at": timezone.now()}, "comment_claim_whole_and_pending"),
    ],
)
def test_it_rejects_a_comment_that_makes_no_sense(changes: dict[str, Any], constraint: str) -> None:
    source = Source.objects.create(slug="web", name="web")
    refused(constraint, model=Comment, **{"source": source, "text": "x", **changes})


def test_it_rejects_an_external_id_that_its_source_has_already() -> None:
    web, forum = (Source.objects.create(slug=slug, name=slug) for slug in ("web", "forum"))
    Comment.objects.create(source=web, text="x", external_id="1")
    Comment.objects.create(source=forum, text="x", external_id="1")
    Comment.objects.create(source=web, text="x")
    Comment.objects.create(source=web, text="x")
    refused("comment_source_external_id", model=Comment, source=web, text="y", external_id="1")


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"score": 1.5}, "prediction_score_0_to_1"),
        ({"score": float("nan")}, "prediction_"),
        ({"threshold": -0.1}, "prediction_threshold_0_to_1"),
        ({"windows": 0}, "prediction_windows_at_least_1"),
        ({"verdict": "non-toxic"}, "prediction_verdict_follows_threshold"),
        ({"score": 0.2}, "prediction_verdict_follows_threshold"),
    ],
)
def test_it_rejects_a_prediction_that_makes_no_sense(
    active_version: ModelVersion, changes: dict[str, Any], constraint: str
) -> None:
    row = {
        "comment": classified_comment(active_version),
        "model_version": active_version,
        "scores": {},
        "verdict": "toxic",
        "score": 0.9,
        "threshold": 0.5,
    }
    refused(constraint, model=Prediction, **{**row, **changes})


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "root"]])
def test_it_rejects_an_api_key_with_unknown_scopes(scopes: list[str]) -> None:
    owner = User.objects.create_user("owner")
    refused(
        "apikey_scopes_known", model=ApiKey, name="k", prefix="p", digest="a" * 64, owner=owner, scopes=scopes
    )


def test_the_list_of_pending_comments_has_an_index_of_its_own() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'comment_pending_turns'")
        (definition,) = cursor.fetchone()
    assert "WHERE ((status)::text = 'pending'::text)" in definition
