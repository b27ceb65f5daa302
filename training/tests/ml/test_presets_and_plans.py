"""Every shipped preset is a configuration of its recipe, and every plan can be started."""

import json
from pathlib import Path

import pytest

from training.ml.config import ConfigError, describe, parse_text, plans, presets, read_plan
from training.ml.recipes.registry import RECIPES, build


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_a_preset_is_complete(preset: object) -> None:
    assert preset.recipe in RECIPES  # type: ignore[attr-defined]
    assert preset.title  # type: ignore[attr-defined]
    assert preset.description  # type: ignore[attr-defined]
    build(preset.recipe, {}, preset.name)  # type: ignore[attr-defined]


@pytest.mark.parametrize("plan", plans(), ids=lambda plan: plan.name)
def test_a_plan_builds_every_run(plan: object) -> None:
    for run in plan.runs:  # type: ignore[attr-defined]
        config = build(run.recipe, run.config, run.preset or None)
        assert build(run.recipe, run.differences()) == config
        assert (RECIPES[run.recipe].needs == "base") <= (run.teacher == "")
        if RECIPES[run.recipe].needs != "base":
            assert run.teacher or config.teacher


def test_the_seed_as_coded_keeps_its_defects() -> None:
    plan = read_plan("seed-as-coded")
    teacher, odd, even, lora = (build(run.recipe, run.differences()) for run in plan.runs)
    assert teacher.loop.epochs == 0
    assert (odd.layers, even.layers) == ("odd-as-coded", "even-as-coded")
    for config in (odd, even, lora):
        assert (config.data.max_rows, config.data.max_length, config.loop.epochs) == (2000, 64, 5)
        assert config.data.labels == ("toxic",)
        assert not config.calibrate
    assert (lora.lora.rank, lora.lora.alpha, lora.lora.dropout) == (8, 32, 0.1)
    assert lora.lora.task_type == "CAUSAL_LM"
    assert odd.loss.cross_entropy == odd.loss.kl == odd.loss.cosine == 1 / 3


def test_a_plan_that_names_a_later_run_in_a_list_of_teachers_is_refused(tmp_path: Path) -> None:
    runs = [
        {"name": "student", "recipe": "distill", "config": {"also_teachers": ["@later"]}},
        {"name": "later", "recipe": "teacher"},
    ]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"experiments": runs}))
    with pytest.raises(ConfigError, match="student names 'later', which is no run before it"):
        read_plan(str(path))


@pytest.mark.parametrize("name", RECIPES)
def test_every_field_is_described(name: str) -> None:
    found = RECIPES[name].fields()
    assert all(info.doc for info in found)
    assert len({info.name for info in found}) == len(found)
    assert {info.name for info in found} >= {"data.labels", "calibrate", RECIPES[name].needs}


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"loop.learning_rate": -1}, "loop.learning_rate: -1.0 is too small; use a number above 0"),
        ({"loop": {"seed": 1.5}}, "loop.seed: must be a whole number, not 1.5"),
        ({"loop": {"seed": True}}, "loop.seed: must be a whole number, not True"),
        (
            {"loop.precision": "int4"},
            "loop.precision: there is no 'int4'; use one of: auto, bf16, fp16, fp32",
        ),
        ({"lora.rank": 0}, "lora.rank: 0 is too small; use 1 or more"),
        ({"lora.ranks": 8}, "lora.ranks: LoraOptions has no field 'ranks'; it has: alpha"),
        ({"data.labels": "toxic"}, "data.labels: must be a list of names, not 'toxic'"),
        ({"data.max_rows": "all"}, "data.max_rows: must be a whole number or empty, not 'all'"),
        ({"loop.epochs": float("nan")}, "loop.epochs: must be a number"),
        ({"base.name": "x"}, "base: base is a single value and has no part 'name'"),
        ({"loop": 3}, "loop: give its fields, not 3"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_to_do(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=r"^(loop|lora|data|base)[\w.\[\]!-]*: ") as caught:
        build("lora", values)
    assert str(caught.value).startswith(complaint)
    assert caught.value.field == complaint.partition(":")[0]


def test_what_a_person_types_becomes_the_fields_kind() -> None:
    kind = RECIPES["lora"].config_class
    typed = {
        "loop.epochs": ("2", 2.0),
        "loop.threads": ("", None),
        "lora.rank": (" 16 ", 16),
        "lora.rslora": ("on", True),
        "data.labels": ("toxic, insult", ("toxic", "insult")),
        "base": ("thenlper/gte-small", "thenlper/gte-small"),
    }
    for name, (text, value) in typed.items():
        assert parse_text(kind, name, text) == value
    with pytest.raises(ConfigError, match="'two' is not a number"):
        parse_text(kind, "loop.epochs", "two")
    with pytest.raises(ConfigError, match="LoraConfig has no part 'lop'"):
        parse_text(kind, "lop.epochs", "2")


def test_a_recipe_or_preset_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="there is no recipe 'magic'"):
        build("magic", {})
    with pytest.raises(ConfigError, match="is for the recipe teacher, not lora"):
        build("lora", {}, "results-teacher")
    assert describe(RECIPES["lora"].config_class)[0].name == "base"
