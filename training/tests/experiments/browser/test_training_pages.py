"""The training pages in a real browser: a run started from the form ends while one watches; axe finds nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from classifier.tests.accessibility import problems_of
from training.models import Dataset, Experiment
from training.tests.experiments.pages.builders import (
    make_baselines,
    make_curve,
    make_finished,
    make_run,
    report,
)
from training.tests.experiments.pages.builders import make_dataset as make_row

pytestmark = [pytest.mark.long, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RUN_PATIENCE = 300_000  # milliseconds, of a busy machine; an idle one needs a tenth
PAINTED = """() => [...document.querySelectorAll('[data-chart] canvas')].filter(canvas => {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some(value => value !== 0);
}).length"""


def test_a_run_started_from_the_form_draws_its_curve_and_ends_on_the_page(
    signed_in: Page,
    make_dataset: Callable[..., Dataset],
    base: Path,
    start_worker: Callable[..., Any],
) -> None:
    make_dataset()
    start_worker()
    page = signed_in
    page.goto("/training/")
    page.get_by_role("link", name="Start your first run").click()
    page.get_by_label("Name", exact=True).fill("Watched")
    page.get_by_label("Pretrained encoder").fill(str(base))
    page.get_by_label("Epochs").fill("2")
    page.get_by_label("Token budget").fill("256")
    page.get_by_label("Max length").fill("32")
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_selector("#live, .outcome")
    page.wait_for_selector(".outcome", timeout=RUN_PATIENCE)
    page.locator("#training").scroll_into_view_if_needed()
    page.wait_for_function(f"() => ({PAINTED})() > 0")
    assert page.locator("#evaluation").is_visible()
    run = Experiment.objects.get()
    assert (run.status, run.name) == ("succeeded", "Watched")


def test_a_curve_grows_while_the_run_goes_on(signed_in: Page, transactional_db: None) -> None:
    run = make_run(make_row(), status="running", progress={"phase": "train", "step": 10, "steps": 100})
    page = signed_in
    page.goto(f"/training/experiments/{run.pk}/")
    page.wait_for_selector(".chart--empty")
    make_curve(run, steps=10)
    page.wait_for_selector("#losses-chart canvas")
    Experiment.objects.filter(pk=run.pk).update(progress={"phase": "train", "step": 50, "steps": 100})
    page.get_by_text("50 of 100").wait_for()
    Experiment.objects.filter(pk=run.pk).update(status="failed", failure_reason="The disk is full.")
    page.get_by_text("The disk is full.").wait_for()


def test_every_page_is_free_of_serious_problems(signed_in: Page, transactional_db: None) -> None:
    dataset = make_row(is_test_set=True)
    make_baselines(dataset)
    one = make_finished(dataset, "One", measured=report("one", 5.0, 3))
    two = make_finished(dataset, "Two", measured=report("two", 3.0, 3))
    make_curve(one)
    going = make_run(dataset, "Going", status="running", progress={"phase": "train", "step": 1, "steps": 9})
    page = signed_in
    problems = []
    for where in (
        "/training/",
        "/training/new/?recipe=distill",
        f"/training/experiments/{one.pk}/",
        f"/training/experiments/{going.pk}/",
        f"/training/compare/?id={one.pk}&id={two.pk}",
    ):
        page.goto(where)
        page.wait_for_load_state("domcontentloaded")
        problems += problems_of(page, where)
    page.wait_for_function(f"() => ({PAINTED})() >= 2")
    assert not problems, "\n".join(problems)
