"""The dataset's page in the admin: what it was made of and which rows it holds, in words."""

from django.test import Client
from django.urls import reverse

from classifier.models import User
from training.models import Dataset


def test_it_tells_fingerprints_and_parts_in_words(client: Client, admin_user: User) -> None:
    part = Dataset.objects.create(name="Own decisions", kind="decisions", labels=["toxic"], rows={"train": 7})
    mixture = Dataset.objects.create(
        name="Mixed",
        kind="mixture",
        labels=["toxic"],
        rows={"train": 7},
        fingerprints={"train": "ab12" * 16},
        parts=[{"dataset": part.pk, "name": part.name, "weight": 2.5}],
    )
    client.force_login(admin_user)
    page = client.get(reverse("admin:training_dataset_change", args=[mixture.pk])).content.decode()
    assert f"<div>train {'ab12' * 16}</div>" in page
    assert "Own decisions, weight 2.5" in page
    assert "{&quot;" not in page
