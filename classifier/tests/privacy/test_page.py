"""The page of privacy says how long each source keeps its texts."""

import pytest
from django.test import Client

from classifier.accounts.roles import ADMIN
from classifier.models import Source
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db


def test_a_source_without_a_retention_keeps_its_texts_forever(client: Client) -> None:
    Source.objects.create(slug="shop", name="Shop", retention_days=30)
    client.force_login(person("boss", ADMIN))
    page = client.get("/privacy/").content.decode()
    assert "Kept forever" not in page
    assert "> days <button" in page
    Source.objects.create(slug="forum", name="Forum")
    page = client.get("/privacy/").content.decode()
    assert page.count("Kept forever") == 1
    assert page.count("> days <button") == 1
