"""Pages about languages in a real browser: slots, numbers by language, thresholds, moving here; axe is content."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import ADMIN
from classifier.comments.submission import comment_submit
from classifier.model_versions import assembly
from classifier.model_versions.language_slots import slot_shadow_start, slots_fill
from classifier.model_versions.services import model_version_register
from classifier.models import Comment, ModelVersion
from classifier.policies.services import policy_save
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.scoring.serving import Serving
from classifier.tests.accessibility import SCHEMES, problems_of
from classifier.tests.browser_fixtures import browser, meant, page
from classifier.tests.builders import FakeScorer
from classifier.tests.conftest import active_version, person
from classifier.tests.tiny_artifact import tiny_artifact

__all__ = ["active_version", "browser", "meant", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("TOXICSITE_TEST_SHOTS")  # a folder, for who wants to look


@pytest.fixture
def site(
    transactional_db: None, redis_clean: None, active_version: ModelVersion, tmp_path: Path
) -> ModelVersion:
    """Comments in three languages, judged by two versions, some of them decided."""
    folder = tiny_artifact(
        tmp_path / "many", seed=7, name="many", languages=("de", "ru", "pt"), experimental=("es", "it")
    )
    many = model_version_register(directory=folder)
    slots_fill(languages=["de", "ru"], model_version=many, by=None, override_reason="made up")
    slots_fill(languages=["es"], model_version=many, by=None, override_reason="made up")
    slot_shadow_start(language="de", model_version=active_version, by=None)
    texts = [
        ("hate you", "en"),
        ("good morning", "en"),
        ("hate dich", "de"),
        ("guten Morgen", "de"),
        ("hate", "ru"),
    ]
    for number in range(15):
        text, language = texts[number % len(texts)]
        comment_submit(text=f"{text} {number}", source="forum", language=language)
    serving = Serving(FakeScorer(), assembly.assembly_of(active_version), {many.pk: FakeScorer()})
    pending_classify(serving=serving, limit=100)
    lead = person("lead", ADMIN)
    for comment in Comment.objects.order_by("id")[:8]:
        decision_record(comment=comment, action="remove" if "hate" in comment.text else "approve", by=lead)
    policy_save(
        source=None,
        bands={"*": {"review": "model", "remove": None}},
        language_bands={"de": {"*": {"review": 0.7, "remove": 0.95}}, "ru": {"toxic": {"review": "strict"}}},
        by=lead,
    )
    return many


def test_what_pages_say_of_languages_can_be_read_by_everybody(
    site: ModelVersion, page: Page, live_server: LiveServer
) -> None:
    client = Client()
    client.force_login(person("boss", ADMIN))
    cookie: Any = {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": live_server.url,
    }
    page.context.add_cookies([cookie])
    problems = []
    for name, address in (
        ("languages", "/training/versions/languages/"),
        ("dashboard", "/dashboard/"),
        ("policy", "/policies/site/"),
        ("migrate", "/api/migrate/"),
        ("queue", "/queue/list/?status=waiting&language=de"),
    ):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        problems += problems_of(page, name)
        shoot(page, name)
    assert not problems, "\n".join(problems)


def shoot(page: Page, name: str) -> None:
    for width in (1280, 390) if SHOTS else ():
        for scheme in SCHEMES:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(str(SHOTS)) / f"{name}-{width}-{scheme}.png", full_page=True)
