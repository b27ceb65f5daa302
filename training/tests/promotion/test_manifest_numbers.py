"""The numbers that a version brings with it: shown until this site has measured it, with the rows that they are of."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from training.promotion.manifest_numbers import manifest_numbers
from training.tests.promotion.conftest import Measure, Pair

pytestmark = pytest.mark.django_db
STARTER = Path(__file__).parents[3] / "models" / "starter" / "manifest.json"


@pytest.fixture
def starter(pair: Pair, files: Path, redis_clean: None) -> Pair:
    """Let the candidate have the measurements of the shipped starter."""
    shipped = json.loads(STARTER.read_text())
    pair[1].manifest |= {key: shipped[key] for key in ("metrics", "provenance", "parameters")}
    pair[1].save()
    return pair


def test_list_and_page_show_the_starters_numbers_with_their_rows(
    as_model_admin: Client, starter: Pair
) -> None:
    shipped = json.loads(STARTER.read_text())["metrics"]
    test, validation = shipped["test"]["toxic"], shipped["validation"]["threat"]
    listed = as_model_admin.get("/training/versions/").content.decode()
    assert f"{test['roc_auc']:.4f}" in listed
    assert f"numbers that came with it, on {test['support']:,.0f} test rows" in listed
    page = as_model_admin.get(f"/training/versions/{starter[1].pk}/").content.decode()
    assert "Not measured on this site yet" in page
    assert f"On {test['support']:,.0f} test rows" in page
    assert f"On {shipped['validation']['toxic']['support']:,.0f} validation rows of mixture" in page
    assert f"{validation['pr_auc']:.4f}" in page


def test_what_is_measured_here_takes_their_place_in_the_list(
    as_model_admin: Client, starter: Pair, measure: Measure
) -> None:
    measure(starter[1], roc_auc=0.9123)
    listed = as_model_admin.get("/training/versions/").content.decode()
    assert "0.9123" in listed
    assert "numbers that came with it" not in listed


def test_a_folder_is_not_named_and_an_odd_manifest_has_no_numbers(pair: Pair) -> None:
    version = pair[1]
    version.manifest |= {
        "metrics": {"test": {"toxic": {"rows": 1200, "roc_auc": 0.9}}, "validation": {"toxic": "?"}},
        "provenance": {"data": {"test": "/srv/runs/7/rows"}},
    }
    [numbers] = manifest_numbers(version)
    assert numbers.rows == "1,200 test rows"
    assert numbers.report.metric("toxic", "roc_auc").value == 0.9
    oddities: list[Any] = [[], {"test": {"toxic": {}}}, {"test": {"obscene": {"roc_auc": 0.9}}}]
    for odd in oddities:
        version.manifest |= {"metrics": odd}
        assert manifest_numbers(version) == []
