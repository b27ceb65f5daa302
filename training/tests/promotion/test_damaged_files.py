"""Pages of versions whose files are damaged: what is wrong, which file it is, and who answers meanwhile."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from classifier.models import ModelVersion, User
from classifier.scoring.heartbeat import beat
from training.tests.promotion.conftest import Measure, Pair

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_stand_in_is_told_of_and_the_file_is_named_to_who_may_act(
    pair: Pair, admin_person: User, model_admin: User, moderator: User
) -> None:
    active, other = pair
    notice = (
        f"The model version {active} cannot be loaded: one of its files is damaged. {other} answers instead."
    )
    detail = f"model.safetensors in {active.path} has 7 bytes"
    beat(
        "w",
        model_version=other.version,
        backend="fp32",
        problem="",
        notice=notice,
        broken=active.version,
        detail=detail,
    )
    pages = (reverse("training:versions"), reverse("training:version", args=[active.pk]))
    in_admin = reverse("admin:classifier_modelversion_change", args=[active.pk])
    for user, paths in ((model_admin, pages), (admin_person, (*pages, in_admin))):
        for path in paths:
            page = client_of(user).get(path).content.decode()
            assert notice in page, path
            assert detail in page, path
    without = client_of(moderator).get(pages[0]).content.decode()
    assert detail not in without
    other_page = client_of(admin_person).get(reverse("training:version", args=[other.pk]))
    assert notice not in other_page.content.decode()


def test_a_promotion_to_a_damaged_version_changes_nothing_and_names_the_file(
    pair: Pair, measure: Measure, model_admin: User, settings: Settings
) -> None:
    settings.STARTER_MODEL_DIR = settings.MODELS_DIR / "nothing is shipped"
    active, candidate = pair
    measure(active)
    measure(candidate, against=active)
    (candidate.path / "model.safetensors").write_bytes(b"damaged")
    address = reverse("training:version-override", args=[candidate.pk])
    page = client_of(model_admin).post(address, {"reason": "it is better"}, follow=True).content.decode()
    assert "Nothing was changed" in page
    assert f"model.safetensors in {candidate.path}" in page
    assert ModelVersion.objects.active() == active
