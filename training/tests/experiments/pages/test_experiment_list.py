"""The list of runs: filtered, sorted by worth, live, and with a first step for somebody who has none."""

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from training.models import Dataset
from training.tests.experiments.pages.builders import make_dataset, make_finished, make_run


def measured(roc_auc: float, latency: float = 10.0, size: int = 40_000_000) -> dict[str, object]:
    value = {"value": roc_auc, "low": roc_auc - 0.01, "high": roc_auc + 0.01}
    return {
        "metrics": {"toxic": {"roc_auc": value}},
        "speed": {"latency_ms_p50": latency},
        "size": {"bytes": size},
    }


def listed(client: Client, query: str = "") -> list[str]:
    page = client.get(f"/training/{query}").content.decode()
    return re.findall(r'<th scope="row"><a href="/training/experiments/\d+/">([^<]*)<', page)


def test_somebody_without_runs_is_led_to_the_first(as_admin: Client) -> None:
    page = as_admin.get("/training/").content.decode()
    assert "Start your first run" in page
    assert 'href="/training/new/?first=1"' in page


def test_it_filters_by_status_recipe_data_set_and_name(as_admin: Client, dataset: Dataset) -> None:
    other = make_dataset("other", fingerprints={})
    make_run(dataset, "one", status="failed")
    make_run(other, "two")
    make_run(dataset, "three", recipe="lora")
    assert listed(as_admin) == ["three", "two", "one"]
    assert listed(as_admin, "?status=failed") == ["one"]
    assert listed(as_admin, "?recipe=lora") == ["three"]
    assert listed(as_admin, f"?dataset={other.pk}") == ["two"]
    assert listed(as_admin, "?q=TW") == ["two"]


@pytest.mark.parametrize(
    "query", ["?status=x", "?dataset=abc", "?sort=size;", "?page=0", "?sweep=-1", "?q=%00"]
)
def test_a_filter_that_makes_no_sense_filters_nothing(as_admin: Client, dataset: Dataset, query: str) -> None:
    make_run(dataset, "one")
    assert listed(as_admin, query) == ["one"]


def test_it_sorts_by_what_the_versions_are_worth_with_the_unmeasured_last(
    as_admin: Client, dataset: Dataset
) -> None:
    make_finished(dataset, "good", measured=measured(0.98, latency=30.0))
    make_finished(dataset, "better", measured=measured(0.99, latency=10.0))
    make_run(dataset, "waiting")
    assert listed(as_admin, "?sort=-roc_auc") == ["better", "good", "waiting"]
    assert listed(as_admin, "?sort=roc_auc") == ["good", "better", "waiting"]
    assert listed(as_admin, "?sort=latency") == ["better", "good", "waiting"]
    assert listed(as_admin, "?sort=name") == ["better", "good", "waiting"]


def test_it_shows_metrics_with_intervals(as_admin: Client, dataset: Dataset) -> None:
    make_finished(dataset, "good", measured=measured(0.98))
    page = as_admin.get("/training/").content.decode()
    assert "0.9800" in page
    assert "0.9700 to 0.9900" in page


def test_runs_that_go_on_are_asked_for_again_and_finished_ones_are_not(
    as_admin: Client, dataset: Dataset
) -> None:
    done = make_finished(dataset, "good", measured=measured(0.98))
    assert "hx-get" not in as_admin.get("/training/").content.decode().split("</form>")[-1]
    going = make_run(dataset, "going", status="running", progress={"phase": "train", "step": 5, "steps": 10})
    page = as_admin.get("/training/").content.decode()
    assert f"/training/live/?id={going.pk}&amp;" in page
    part = as_admin.get(
        f"/training/live/?id={going.pk}&id={done.pk}&id=x&id=999999999999999999999"
    ).content.decode()
    assert "50 %" in part
    assert f'id="run-{done.pk}-roc_auc"' in part
    assert 'hx-trigger="every 3s"' in part
    over = as_admin.get(f"/training/live/?id={done.pk}").content.decode()
    assert "hx-trigger" not in over


def test_the_number_of_queries_does_not_grow_with_the_list(
    as_admin: Client, dataset: Dataset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(6):
        make_finished(dataset, f"run {n}", measured=measured(0.9))
    # session, user, permissions, counts, count, page, datasets, sweeps, metrics
    with django_assert_num_queries(9):
        as_admin.get("/training/?sort=-roc_auc")
