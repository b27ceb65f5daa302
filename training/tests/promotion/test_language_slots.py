"""Slots of languages by page, API and command, behind the gate of each language."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from classifier.model_versions.promotion_gate import language_gate_check, language_gate_register
from classifier.model_versions.services import model_version_register
from classifier.models import LanguageSlot, ModelVersion, User
from classifier.tests.tiny_artifact import tiny_artifact
from training.models import Evaluation
from training.promotion.language_gate import language_gate
from training.tests.promotion.conftest import Measure, Pair

pytestmark = pytest.mark.django_db
PAGE = "/training/versions/languages/"


@pytest.fixture
def many(pair: Pair, tmp_path: Path) -> ModelVersion:
    """A candidate that knows German, and Greek as an experiment."""
    language_gate_register(language_gate)
    folder = tiny_artifact(
        tmp_path / "many", seed=7, name="many", languages=("de", "en"), experimental=("el",)
    )
    return model_version_register(directory=folder)


def filled() -> dict[str, str]:
    rows = LanguageSlot.objects.exclude(model_version=None).values_list("language", "model_version__version")
    return {language: str(version) for language, version in rows}


def test_the_gate_wants_a_language_that_was_measured(many: ModelVersion) -> None:
    opened, closed, unknown = (language_gate_check(many, language) for language in ("de", "el", "fr"))
    assert opened is not None
    assert opened.passed
    assert closed is not None
    assert "experimental" in closed.reasons[0]
    assert unknown is not None
    assert unknown.reasons == ["Its manifest does not name fr."]


def test_the_gate_compares_both_on_the_test_rows_in_that_language(
    many: ModelVersion, pair: Pair, measure: Measure
) -> None:
    def with_slice(version: ModelVersion, area: float) -> None:
        row: Evaluation = measure(version)
        part = {"kind": "language", "name": "en", "small": False, "roc_auc": area}
        row.report = {**row.report, "slices": [part]}
        row.save()

    with_slice(pair[0], 0.9)
    with_slice(many, 0.88)
    verdict = language_gate_check(many, "en")
    assert verdict is not None
    assert f"0.8800, that of {pair[0]} 0.9000" in verdict.reasons[0]
    many.evaluations.all().delete()
    verdict = language_gate_check(many, "en")
    assert verdict is not None
    assert verdict.passed
    assert "too few rows in en" in verdict.unchecked[0]


def test_a_page_fills_shadows_rolls_back_and_empties(many: ModelVersion, as_model_admin: Client) -> None:
    chosen = {"version": many.pk, "languages": "de, el", "do": "fill"}
    closed = as_model_admin.post(PAGE, chosen)
    assert "experimental" in closed.content.decode()
    assert filled() == {}
    assert as_model_admin.post(PAGE, {**chosen, "override": "on"}).status_code == 422
    as_model_admin.post(PAGE, {**chosen, "override": "on", "reason": "nobody else reads Greek"})
    assert filled() == {"de": many.version, "el": many.version}
    as_model_admin.post(PAGE, {"version": many.pk, "languages": "ru", "do": "shadow"})
    text = as_model_admin.get(PAGE).content.decode()
    assert text.count("Roll back</button>") == 2
    assert "Stop shadow" in text
    as_model_admin.post(f"{PAGE}de/", {"do": "back"})
    as_model_admin.post(f"{PAGE}el/", {"do": "empty"})
    as_model_admin.post(f"{PAGE}ru/", {"do": "unshadow"})
    assert not LanguageSlot.objects.exists()
    shown = as_model_admin.get(f"/training/versions/{many.pk}/").content.decode()
    assert "Rolled back for German" in shown
    assert "Emptied for Greek" in shown


def test_a_stranger_neither_sees_nor_changes_slots(
    many: ModelVersion, stranger: User, client: Client
) -> None:
    client.force_login(stranger)
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}de/", {"do": "empty"}).status_code == 403


def test_the_command_does_the_same(many: ModelVersion, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("model", "activate", many.version, "--languages", "de")
    assert filled() == {"de": many.version}
    call_command("model", "shadow", str(ModelVersion.objects.active()), "--language", "de")
    capsys.readouterr()
    call_command("model", "languages", "--json")
    slots = json.loads(capsys.readouterr().out)
    assert [(row["language"], row["version"]) for row in slots][1:] == [("de", many.version)]
    call_command("model", "shadow", many.version, "--language", "de", "--stop")
    call_command("model", "roll-back", "--language", "de")
    assert filled() == {}


def test_the_api_does_the_same(many: ModelVersion, model_admin: User, client: Any) -> None:
    client.force_login(model_admin)
    address = f"/api/v1/model-versions/{many.pk}"

    def send(method: str, path: str, **body: Any) -> Any:
        return getattr(client, method)(path, body, content_type="application/json")

    closed = send("post", f"{address}/activate/", languages=["el"])
    assert closed.status_code == 409
    answer = send("post", f"{address}/activate/", languages=["de"], reason="German")
    assert answer.status_code == 200
    assert (answer.json()["slots"], answer.json()["experimental_languages"]) == (["de"], ["el"])
    assert send("post", f"{address}/shadow/", language="ru").status_code == 200
    slots = client.get("/api/v1/language-slots/").json()
    assert [(row["language"], row["version"], row["shadow"]) for row in slots["slots"]] == [
        ("", str(ModelVersion.objects.active()), None),
        ("de", many.version, None),
        ("ru", None, many.version),
    ]
    assert slots["languages"] == ["en", "de"]
    assert client.delete(f"{address}/shadow/?language=ru").status_code == 204
    assert send("post", "/api/v1/model-versions/roll-back/", language="de").status_code == 204
    assert send("post", f"{address}/activate/", languages=["de"]).status_code == 200
    assert client.delete("/api/v1/language-slots/de/").status_code == 204
    assert client.delete("/api/v1/language-slots/de/").status_code == 409
    assert filled() == {}
