"""The page about moving here says what each of Perspective's languages gets: measured, experimental, or a person."""

from pathlib import Path

import pytest
from django.test import Client

from classifier.dialects.migration_languages import PERSPECTIVE_LANGUAGES, Offer, language_offers
from classifier.model_versions import assembly
from classifier.model_versions.assembly import Assembly
from classifier.model_versions.language_slots import slots_fill
from classifier.model_versions.services import model_version_register
from classifier.models import ModelVersion
from classifier.tests.tiny_artifact import tiny_artifact

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(active_version: ModelVersion, tmp_path: Path) -> ModelVersion:
    folder = tiny_artifact(
        tmp_path / "many", seed=7, name="many", languages=("de", "ru"), experimental=("es", "it")
    )
    return model_version_register(directory=folder)


def test_the_page_tells_each_of_the_eighteen(client: Client, many: ModelVersion) -> None:
    assert len(PERSPECTIVE_LANGUAGES) == len(set(PERSPECTIVE_LANGUAGES)) == 18
    page = client.get("/api/migrate/").content.decode()
    assert (page.count(">Shipped and measured<"), page.count(">A person looks<")) == (1, 17)
    slots_fill(languages=["de"], model_version=many, by=None)
    slots_fill(languages=["es"], model_version=many, by=None)
    page = client.get("/api/migrate/").content.decode()
    counts = [page.count(f">{offer.word}<") for offer in (Offer.MEASURED, Offer.EXPERIMENTAL, Offer.PERSON)]
    assert counts == [3, 1, 14]
    assert f"{many}</span> reads it as an experiment" in page
    assembly.forget()


def test_a_model_that_states_no_languages_promises_none(
    active_version: ModelVersion, settings: object
) -> None:
    settings.MODEL_LANGUAGES = ()  # type: ignore[attr-defined]
    assert {row.offer for row in language_offers(Assembly(active_version))} == {Offer.ANY}
