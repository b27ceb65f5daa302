"""Policies and rules in a real browser: the preview follows the fields, hits are marked, axe is content."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import ADMIN
from classifier.models import Comment, ModelVersion, Policy, Prediction, Source
from classifier.policies.rules import rule_create
from classifier.policies.services import policy_save
from classifier.tests.accessibility import SCHEMES, problems_of
from classifier.tests.conftest import person

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("TOXICSITE_TEST_SHOTS")  # a folder, for who wants to look


def scored(source: Source, version: ModelVersion, count: int) -> None:
    comments = Comment.objects.bulk_create(
        Comment(source=source, text=f"a remark that nobody likes, number {n}") for n in range(count)
    )
    predictions = Prediction.objects.bulk_create(
        Prediction(
            comment=comment,
            model_version=version,
            scores=dict.fromkeys(version.labels, n / count),
            score=n / count,
            threshold=0.5,
            verdict="toxic" if n / count >= 0.5 else "non-toxic",
        )
        for n, comment in enumerate(comments)
    )
    for comment, prediction in zip(comments, predictions, strict=True):
        comment.current_prediction = prediction
    Comment.objects.bulk_update(comments, ["current_prediction"])


def points(version: ModelVersion, label: str) -> dict[str, Any]:
    """Three thresholds around the version's own."""
    own = version.thresholds[label]
    drawn = {"careful": (own + 1) / 2, "balanced": own, "strict": own / 2}
    at = {name: {"threshold": value, "precision": 0.912, "recall": 0.43} for name, value in drawn.items()}
    return {**at, "rows": 4000, "positives": 390}


def test_a_draft_is_previewed_while_it_is_written_and_saved_by_hand(
    model: ModelVersion, browser: Browser, live_server: LiveServer
) -> None:
    admin = person("admin", ADMIN)
    forum = Source.objects.create(slug="forum", name="Forum")
    scored(forum, model, 200)
    model.manifest |= {"operating_points": {label: points(model, label) for label in model.labels[:4]}}
    model.save()
    policy_save(source=forum, bands={"toxic": {"review": 0.5}}, by=admin)
    policy_save(source=forum, bands={"toxic": {"review": 0.6, "remove": 0.9}}, note="Calmer", by=admin)
    rule = rule_create(name="Insult", kind="phrase", pattern="idiot", by=admin)
    page = browser.new_context(base_url=live_server.url).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
    page.goto("/sign-in/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "a-long-enough-pass")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue/")

    page.goto("/policies/of/forum/")
    page.fill("[aria-label='Toxic: review from, as a number']", "0.3")
    page.keyboard.press("Tab")
    expect(page.locator("#preview")).to_contain_text("Would change 60 of the last 200 comments")
    expect(page.locator("#preview .examples li")).to_have_count(4)
    page.select_option("[aria-label='Insult: review from']", "careful")
    expect(page.locator("[aria-label='Insult: review from, as a number']")).to_be_hidden()
    page.select_option("[aria-label='Insult: review from']", "")
    assert Policy.objects.filter(source=forum).count() == 2
    problems = problems_of(page, "the preview")
    shoot(page, "policy")
    page.click("text=Save as version 3")
    expect(page.locator(".notices")).to_contain_text("Version 3 is saved")

    page.goto(f"/rules/{rule.pk}/")
    page.fill("#text", "you 1d10t")
    page.click("button:text-is('Try')")
    expect(page.locator("#hits mark")).to_have_text("1d10t")
    problems += problems_of(page, "a rule")
    shoot(page, "rule")
    for name in ("policies", "rules"):
        page.goto(f"/{name}/")
        problems += problems_of(page, name)
        shoot(page, name)
    assert not problems, "\n".join(problems)
    assert not faults


def shoot(page: Page, name: str) -> None:
    if not SHOTS:
        return
    for width in (1280, 390):
        for scheme in SCHEMES:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
