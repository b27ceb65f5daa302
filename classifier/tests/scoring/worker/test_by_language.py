"""Real workers and two versions: what Perspective's clients and the REST API are told about languages."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from classifier.api_keys.services import api_key_create
from classifier.model_versions.language_slots import slot_empty, slots_fill
from classifier.model_versions.services import model_version_register
from classifier.models import Comment, ModelVersion
from classifier.scoring.heartbeat import workers
from classifier.tests.api.conftest import person
from classifier.tests.dialects.conftest import ANALYZE, Sender
from classifier.tests.tiny_artifact import tiny_artifact
from classifier.tests.worker_process import WorkerProcess

pytestmark = pytest.mark.django_db(transaction=True)
GERMAN = "Das ist wirklich ein sehr guter Vorschlag, vielen Dank dafür."
ENGLISH = "I think that this is what they really want to do about it."


def until(holds: Callable[[], Any], seconds: float = 40.0) -> Any:
    end = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return value


def loaded(version: ModelVersion) -> bool:
    return any(version.version in status.versions for status in workers())


def test_each_language_is_answered_by_its_version_and_the_replies_are_true(
    start_worker: Callable[..., WorkerProcess], active_version: ModelVersion, tmp_path: Path, settings: Any
) -> None:
    settings.SCORE_DEADLINE_SECONDS = 20.0
    folder = tiny_artifact(tmp_path / "many", seed=7, name="many", languages=("de", "ru"))
    many = model_version_register(directory=folder)
    start_worker(POLICY_CACHE_SECONDS="0.2").wait_until_ready()
    key, plaintext = api_key_create(
        name="forum", owner=person("owner", "add_comment", "view_comment"), scopes=["score", "submit", "read"]
    )
    sender = Sender(plaintext, key)

    def analyze(text: str, **more: Any) -> Any:
        body = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, **more}
        return sender.post(ANALYZE, body)

    refused = analyze(GERMAN).json()["error"]["details"][0]
    assert refused["languageNotSupportedByAttributeError"] == {
        "detectedLanguages": ["de"],
        "attribute": "TOXICITY",
    }

    slots_fill(languages=["de"], model_version=many, by=None)
    until(lambda: loaded(many))
    german, english = (analyze(text, doNotStore=True).json() for text in (GERMAN, ENGLISH))
    assert (german["modelVersion"], german["languages"], german["detectedLanguages"]) == (
        many.version,
        ["de"],
        ["de"],
    )
    assert (english["modelVersion"], english["detectedLanguages"]) == (active_version.version, ["en"])
    mixed = analyze(f"{GERMAN} {ENGLISH}", doNotStore=True).json()
    assert set(mixed["detectedLanguages"]) == {"de", "en"}
    scores = [
        body["attributeScores"]["TOXICITY"]["summaryScore"]["value"]
        for body in (
            mixed,
            *(
                analyze(f"{GERMAN} {ENGLISH}", doNotStore=True, languages=[tag]).json()
                for tag in ("de", "en")
            ),
        )
    ]
    assert scores[0] == max(scores[1:])
    spans = analyze(f"{GERMAN} Oh ja.", doNotStore=True, spanAnnotations=True).json()
    assert spans["modelVersion"] == many.version
    asked = analyze(ENGLISH, languages=["ru"]).json()
    assert (asked["modelVersion"], asked["languages"], asked["detectedLanguages"]) == (
        many.version,
        ["ru"],
        ["en"],
    )
    stored = Comment.objects.get()
    assert (stored.languages, stored.current_prediction.language) == (["ru"], "ru")  # type: ignore[union-attr]
    wrong = analyze(GERMAN, languages=["fr"]).json()["error"]["details"][0]
    assert wrong["languageNotSupportedByAttributeError"]["requestedLanguages"] == ["fr"]

    bearer = {"Authorization": f"Bearer {plaintext}"}
    client = Client()
    result = client.post(
        "/api/v1/score/", {"text": "hm", "language": "de-AT"}, content_type="application/json", headers=bearer
    ).json()["results"][0]
    assert (result["model_version"], result["language"], result["language_supported"]) == (
        many.version,
        "de-AT",
        True,
    )
    bad = client.post(
        "/api/v1/score/", {"text": "hm", "language": "!"}, content_type="application/json", headers=bearer
    )
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (400, "#/language")
    sent = client.post(
        "/api/v1/comments/?wait=10", {"text": GERMAN}, content_type="application/json", headers=bearer
    ).json()
    assert (sent["prediction"]["model_version"], sent["prediction"]["language"]) == (many.version, "de")

    slot_empty(language="de", by=None)
    until(lambda: not loaded(many))
    assert "error" in until(lambda: analyze(GERMAN, doNotStore=True).json())


def test_a_worker_without_room_leaves_the_texts_to_one_that_has_it(
    start_worker: Callable[..., WorkerProcess], active_version: ModelVersion, tmp_path: Path
) -> None:
    folder = tiny_artifact(tmp_path / "many", seed=7, name="many", languages=("de", "ru"))
    many = model_version_register(directory=folder)
    slots_fill(languages=["de"], model_version=many, by=None)
    start_worker(MODEL_MEMORY_MIB="1").wait_until_ready()
    [status] = until(lambda: [status for status in workers() if "leaves no room" in status.notice])
    assert status.versions == [active_version.version]
    from classifier.comments.submission import comments_submit

    german, english = comments_submit(items=[{"text": GERMAN}, {"text": ENGLISH}], source="test")
    until(lambda: Comment.objects.filter(pk=english.pk, status="classified").exists())
    german.refresh_from_db()
    assert (german.status, german.waits_for_version) == ("pending", many.pk)
    start_worker().wait_until_ready()
    until(lambda: Comment.objects.filter(pk=german.pk, status="classified").exists())
    german.refresh_from_db()
    assert german.current_prediction is not None
    assert german.current_prediction.model_version == many
