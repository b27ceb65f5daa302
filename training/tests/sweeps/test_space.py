"""Spaces and objectives are checked against the recipe; every complaint names the field and what to change."""

from typing import Any

import pytest

from training.ml.search.objectives import NoValue, Objective, can_prune, parse_objectives
from training.ml.search.space import SpaceError, grid_size, overrides, parse_space
from training.ml.search.study import SweepPlan, checked_plan

RATE = {"type": "float", "low": 1e-5, "high": 1e-3, "log": True}


@pytest.mark.parametrize(
    ("space", "field", "part"),
    [
        ({}, "space", "at least one"),
        ({"loop.speed": RATE}, "loop.speed", "no such field"),
        ({"lora.dropout": RATE}, "lora.dropout", "perhaps loop.dropout"),
        ({"data.train": {"type": "categorical", "choices": ["a"]}}, "data.train", "fixed for a whole sweep"),
        ({"loop.token_budget": RATE}, "loop.token_budget", "int or categorical"),
        ({"loop.precision": RATE}, "loop.precision", "categorical"),
        ({"loop.learning_rate": {**RATE, "low": 1.0}}, "loop.learning_rate", "must be below"),
        ({"loop.learning_rate": {**RATE, "low": 0}}, "loop.learning_rate", "above 0"),
        ({"loop.learning_rate": {**RATE, "step": 1e-5}}, "loop.learning_rate", "no step"),
        ({"loop.learning_rate": {**RATE, "low": "x"}}, "loop.learning_rate", "must be a number"),
        ({"loop.learning_rate": {**RATE, "high": 7}}, "loop.learning_rate", "too large"),
        ({"loop.learning_rate": {**RATE, "lo": 1}}, "loop.learning_rate", "no 'lo'"),
        ({"loop.precision": {"type": "categorical", "choices": ["fp8"]}}, "loop.precision", "no 'fp8'"),
        ({"loop.seed": {"type": "categorical", "choices": [1, 1]}}, "loop.seed", "twice"),
        ({"loop.seed": {"type": "int", "low": 1.5, "high": 3}}, "loop.seed", "whole number"),
    ],
)
def test_it_rejects_a_space_that_does_not_fit_the_recipe(space: Any, field: str, part: str) -> None:
    with pytest.raises(SpaceError, match=r"^(space|loop|lora|data)[\w.\[\]!-]*: ") as error:
        parse_space("teacher", space)
    assert error.value.field == field
    assert part in error.value.message


def test_it_rejects_a_layer_selection_that_does_not_exist() -> None:
    with pytest.raises(SpaceError, match="Unknown layer selection"):
        parse_space("distill", {"layers": {"type": "categorical", "choices": ["even", "every"]}})


def test_a_choice_of_a_list_field_is_one_text() -> None:
    space = {"lora.target_modules": {"type": "categorical", "choices": [["query", "value"], "all"]}}
    dimensions = parse_space("lora", space)
    assert dimensions[0].choices == ("query,value", "all")
    found = overrides(dimensions, "lora", {"lora.target_modules": "query,value"})
    assert found == {"lora.target_modules": ["query", "value"]}


def test_a_space_comes_back_as_it_was_written() -> None:
    space = {
        "loop.learning_rate": RATE,
        "loop.token_budget": {"type": "int", "low": 512, "high": 2048, "step": 512},
    }
    assert {d.name: d.to_dict() for d in parse_space("teacher", space)} == space


def test_a_grid_needs_steps_and_bounds_the_trials() -> None:
    steps = {"type": "int", "low": 512, "high": 2048, "step": 512}
    dropout = {"type": "float", "low": 0.0, "high": 0.3, "step": 0.1}
    dimensions = parse_space("teacher", {"loop.token_budget": steps, "loop.dropout": dropout})
    assert [d.grid() for d in dimensions] == [[512, 1024, 1536, 2048], [0.0, 0.1, 0.2, 0.3]]
    assert grid_size(dimensions) == 16
    plan = SweepPlan(dimensions, (Objective("f1"),), "grid", "none", 100, 1)
    assert checked_plan(plan).trials == 16
    endless = SweepPlan(
        parse_space("teacher", {"loop.learning_rate": RATE}), (Objective("f1"),), "grid", "none", 9, 1
    )
    with pytest.raises(SpaceError, match="step or a list"):
        checked_plan(endless)


@pytest.mark.parametrize(
    ("objectives", "part"),
    [
        ([], "at least one"),
        ([{"metric": "loss"}], "one of f1"),
        ([{"metric": "f1"}, {"metric": "f1"}], "twice"),
        ([{"metric": "f1", "direction": "minimize"}], "maximized"),
        ([{"metric": "f1", "label": "rude"}], "no label 'rude'"),
        ([{"metric": "size_mb", "label": "toxic"}], "same for every label"),
        ([{"metric": m} for m in ("f1", "roc_auc", "pr_auc", "size_mb")], "At most 3"),
    ],
)
def test_it_rejects_objectives_that_cannot_be(objectives: Any, part: str) -> None:
    with pytest.raises(SpaceError, match=r"^objectives: ") as error:
        parse_objectives(objectives, ["toxic", "insult"])
    assert part in error.value.message


def test_an_objective_reads_the_card_and_says_what_it_misses() -> None:
    card = {
        "labels": ["toxic"],
        "validation": {"toxic": {"f1": 0.5}},
        "parameters": 9,
        "measured": {"size_mb": 2.5},
    }
    assert [Objective(name).value(card) for name in ("f1", "parameters", "size_mb")] == [0.5, 9, 2.5]
    with pytest.raises(NoValue, match="one class only"):
        Objective("roc_auc").value(card)
    with pytest.raises(NoValue, match="not measured"):
        Objective("latency_ms").value(card)


def test_only_one_quality_can_be_pruned_by() -> None:
    assert can_prune([Objective("f1")])
    assert not can_prune([Objective("size_mb")])
    assert not can_prune([Objective("f1"), Objective("roc_auc")])
    dimensions = parse_space("teacher", {"loop.learning_rate": RATE})
    with pytest.raises(SpaceError, match="single objective"):
        checked_plan(SweepPlan(dimensions, (Objective("f1"), Objective("size_mb")), "tpe", "median", 9, 1))
    with pytest.raises(SpaceError, match="several objectives"):
        checked_plan(SweepPlan(dimensions, (Objective("f1"),), "nsga2", "none", 9, 1))
