"""Likely label errors in a real browser without a mouse: down, fix, up, undo, the sheet of keys; axe is content."""

import pytest
from playwright.sync_api import Page

from classifier.tests.accessibility import problems_of
from classifier.tests.builders import version_row
from training.datasets.label_corrections import standing_fixes
from training.models import Evaluation, Experiment, LabelFix
from training.tests.datasets.conftest import MakeDataset, datasets_dir, write
from training.tests.experiments.pages.builders import ISSUE

__all__ = ["datasets_dir", "write"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def evaluation(transactional_db: None, write: MakeDataset) -> Evaluation:
    dataset = write()
    version = version_row("student-1a2b3c4d", ("toxic",))
    run = Experiment.objects.create(name="Student", recipe="teacher", dataset=dataset, status="succeeded")
    found = [{**ISSUE, "row": row, "text": f"the words of row {row}"} for row in (1, 2, 3)]
    return Evaluation.objects.create(
        model_version=version,
        experiment=run,
        dataset=dataset,
        fingerprint="f" * 64,
        report={"label_issues": found},
    )


def fixed() -> list[int]:
    return list(standing_fixes().values_list("row", flat=True))


def test_rows_are_fixed_and_taken_back_by_keys(signed_in: Page, evaluation: Evaluation) -> None:
    page = signed_in
    where = f"/training/evaluations/{evaluation.pk}/labels/"
    page.goto(where)
    page.wait_for_load_state("networkidle")
    for key in "jjf":
        page.keyboard.press(key)
    page.wait_for_selector("#row-test-2-toxic.is-fixed")
    assert fixed() == [2]
    assert page.locator("#row-test-2-toxic .veil").evaluate("el => el === document.activeElement")
    page.keyboard.press("k")
    assert page.locator("#row-test-1-toxic .veil").evaluate("el => el === document.activeElement")
    page.keyboard.press("u")  # nothing to undo here: the last one fixed
    page.wait_for_selector("#row-test-2-toxic:not(.is-fixed)")
    assert fixed() == []
    assert LabelFix.objects.count() == 2
    assert page.locator("#announce").text_content() == "The label is as it was given."
    page.keyboard.press("f")
    page.wait_for_selector("#row-test-2-toxic.is-fixed")
    page.keyboard.press("?")
    assert page.get_by_text("Undo the fix of this row").is_visible()
    page.keyboard.press("f")  # the sheet is open: keys do nothing
    page.keyboard.press("Escape")
    assert fixed() == [2]
    assert not problems_of(page, where)
