"""Activating and rolling back ask for a reason and need the permission."""

import pytest
from django.test import Client

from classifier.models import ModelVersion, User

pytestmark = pytest.mark.django_db
LIST = "/admin/classifier/modelversion/"
Pair = tuple[ModelVersion, ModelVersion]


def test_activating_shows_what_will_happen_and_does_nothing_yet(
    client: Client, candidates: Pair, model_admin: User
) -> None:
    client.force_login(model_admin)
    page = client.get(f"{LIST}{candidates[0].pk}/activate/")
    assert candidates[0].version in page.content.decode()
    assert ModelVersion.objects.active() is None
    client.post(f"{LIST}{candidates[0].pk}/activate/", {"reason": " "})
    assert ModelVersion.objects.active() is None


def test_activating_with_a_reason_and_rolling_back(
    client: Client, candidates: Pair, model_admin: User
) -> None:
    one, two = candidates
    client.force_login(model_admin)
    for version in candidates:
        client.post(f"{LIST}{version.pk}/activate/", {"reason": "looks right"})
    assert ModelVersion.objects.active() == two
    assert two.history.get().actor == model_admin
    response = client.post(f"{LIST}roll-back/", {"reason": "too many false alarms"}, follow=True)
    assert "in production" in response.content.decode()
    assert ModelVersion.objects.active() == one
    assert one.history.first().reason == "too many false alarms"  # type: ignore[union-attr]


def test_rolling_back_with_nothing_before_says_so(
    client: Client, active_version: ModelVersion, model_admin: User
) -> None:
    client.force_login(model_admin)
    response = client.post(f"{LIST}roll-back/", {"reason": "x"}, follow=True)
    assert "No other version" in response.content.decode()
    assert ModelVersion.objects.active() == active_version


def test_a_damaged_version_is_refused_in_a_sentence(
    client: Client, candidates: Pair, model_admin: User
) -> None:
    (candidates[0].path / "model.safetensors").write_bytes(b"damaged")
    client.force_login(model_admin)
    response = client.post(f"{LIST}{candidates[0].pk}/activate/", {"reason": "x"}, follow=True)
    assert "Nothing was changed" in response.content.decode()
    assert ModelVersion.objects.active() is None


def test_a_moderator_changes_nothing(client: Client, candidates: Pair, moderator: User) -> None:
    moderator.is_staff = True  # even if somebody let them in
    moderator.save()
    client.force_login(moderator)
    assert client.post(f"{LIST}{candidates[0].pk}/activate/", {"reason": "x"}).status_code == 403
    assert client.post(f"{LIST}roll-back/", {"reason": "x"}).status_code == 403
    assert ModelVersion.objects.active() is None


def test_the_list_shows_the_measured_quality(
    client: Client, candidates: Pair, model_admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = {"test": {candidates[0].primary_label: {"roc_auc": 0.97271}}}
    monkeypatch.setattr(ModelVersion, "metrics", property(lambda version: measured))
    client.force_login(model_admin)
    assert "0.9727" in client.get(LIST).content.decode()
