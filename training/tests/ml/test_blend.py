"""Blending: the mean of weights, shares searched or fixed, blending with the start, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from classifier.inference.scorer import Scorer
from training.ml.artifact.export import export_artifact
from training.ml.config import ConfigError, LoraOptions, ShareOptions, StartBlend, ValidationConfig
from training.ml.data.tables import DataError, TextTable
from training.ml.encoders.blending import BlendError, share_grid
from training.ml.encoders.loading import load_base, load_tokenizer, read_run
from training.ml.recipes.blend import BlendConfig, blend
from training.ml.recipes.lora import LoraConfig, train_lora
from training.ml.recipes.registry import run_recipe
from training.ml.recipes.share_search import (
    OTHER_SOURCES,
    measure_blend,
    rows_to_measure_on,
    source_groups,
)
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.tests.ml.recipes_kit import LOOP, Recorder, make_teacher, rows
from training.tests.ml.tiny import write_base

LABELS = ("toxic", "insult")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model, and one that was tuned from it."""
    folder = tmp_path_factory.mktemp("models")
    data = rows(folder, LABELS, 600)
    first = make_teacher(folder, data, epochs=2, layers=2)
    loop = replace(LOOP, epochs=1, seed=5)
    train_teacher(TeacherConfig(str(first), data, loop, calibrate=False), folder / "tuned")
    return first, folder / "tuned"


def asked(models: tuple[Path, Path], **changes: Any) -> BlendConfig:
    data = ValidationConfig(str(models[0].parent / "validation.jsonl"), labels=LABELS, max_length=32)
    return replace(BlendConfig(str(models[0]), (str(models[1]),), data=data), **changes)


def test_fixed_shares_average_every_weight(models: tuple[Path, Path], tmp_path: Path) -> None:
    result = blend(asked(models, shares="0.35,0.65", calibrate=False), tmp_path / "run")
    first, second, mixed = (load_file(str(f / "model.safetensors")) for f in (*models, tmp_path / "run"))
    assert set(mixed) == set(first)
    for name, value in mixed.items():
        np.testing.assert_allclose(value, 0.35 * first[name] + 0.65 * second[name], atol=1e-6, err_msg=name)
    card = read_run(tmp_path / "run")
    assert (card["recipe"], card["blend"]["shares"], card["blend"]["tried"]) == ("blend", [0.35, 0.65], [])
    assert len(card["provenance"]["blended"]) == 2
    assert result.thresholds == {"toxic": 0.5, "insult": 0.5}
    by_share = blend(asked(models, blend=ShareOptions(share=0.35), calibrate=False), tmp_path / "by-share")
    assert by_share.validation == result.validation


def test_a_searched_share_is_the_best_of_its_curve_and_is_served_calibrated(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    heard = Recorder()
    result = blend(asked(models), tmp_path / "run", heard)
    assert heard.phases() == ["shares", "validation"]
    assert heard.steps("shares") == sorted(set(heard.steps("shares")))
    how = read_run(tmp_path / "run")["blend"]
    assert [blend["shares"][0] for blend in how["tried"]] == [round(1 - n / 10, 1) for n in range(11)]
    best = max(how["tried"], key=lambda tried: tried["value"])
    assert {tuple(b["shares"]) for b in how["tried"] if b["value"] == best["value"]} >= {tuple(how["shares"])}
    assert (how["measure"], how["label"], how["rows"]) == ("roc_auc", "toxic", 150)
    assert [model["name"] for model in how["models"]] == ["teacher", "tuned"]
    assert not (tmp_path / "run" / "shares.json").exists()
    assert result.validation["toxic"]["roc_auc"] == pytest.approx(best["value"], abs=1e-4)
    manifest = export_artifact(tmp_path / "run", tmp_path / "model", name="tiny")
    assert manifest["provenance"]["recipe"] == "blend"
    about = (tmp_path / "model" / "README.md").read_text()
    assert "weights are the mean of those of 2 models" in about
    bad, good = Scorer(tmp_path / "model", backend="fp32").score(["you are an idiot", "thanks for your help"])
    assert bad.scores["toxic"] > good.scores["toxic"]


def test_a_killed_search_measures_no_blend_twice(models: tuple[Path, Path], tmp_path: Path) -> None:
    class Killed(Recorder):
        def report(self, progress: Any) -> None:
            super().report(progress)
            if progress.step == 5 * progress.steps // 11:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        blend(asked(models), tmp_path / "run", Killed())
    kept = json.loads((tmp_path / "run" / "shares.json").read_text())["tried"]
    assert len(kept) == 4
    heard = Recorder()
    resumed = blend(asked(models), tmp_path / "run", heard)
    assert min(heard.steps("shares")) > 4 * heard.seen[0].steps // 11
    assert resumed.validation == blend(asked(models), tmp_path / "whole").validation


def test_three_models_are_searched_on_a_coarse_simplex(models: tuple[Path, Path], tmp_path: Path) -> None:
    mid = blend(asked(models, shares="0.5,0.5"), tmp_path / "mid").folder
    config = asked(models, others=(str(models[1]), str(mid)), blend=ShareOptions(steps=2, measure="pr_auc"))
    result = blend(config, tmp_path / "run")
    how = read_run(result.folder)["blend"]
    assert {tuple(tried["shares"]) for tried in how["tried"]} == {
        (1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)
    }  # fmt: skip


def test_a_grid_of_shares_sums_to_one_and_has_an_end() -> None:
    assert share_grid(2, 2) == [(1.0, 0.0), (0.5, 0.5), (0.0, 1.0)]
    assert len(share_grid(2)) == 11
    assert len(share_grid(3)) == 15
    assert all(sum(shares) == pytest.approx(1) for shares in share_grid(4, 3))
    with pytest.raises(BlendError, match="more than 300 blends"):
        share_grid(5, 20)


@pytest.fixture
def others(tmp_path: Path) -> dict[str, Path]:
    """Models that cannot be blended with the first: wider, of another kind, of other labels, with other pieces."""
    made = {}
    data = rows(tmp_path / "data", LABELS, 60)
    for name, base, labels in (
        ("wide", {"hidden": 24, "layers": 2}, LABELS),
        ("deep", {"layers": 3}, LABELS),
        ("electra", {"kind": "electra", "layers": 2}, LABELS),
        ("turned", {"layers": 2}, LABELS[::-1]),
        ("cased", {"layers": 2}, LABELS),
    ):
        start = write_base(tmp_path / f"{name}-base", **base)
        run = TeacherConfig(
            str(start), replace(data, labels=labels), replace(LOOP, epochs=0), calibrate=False
        )
        made[name] = train_teacher(run, tmp_path / name).folder
    tokenizer = json.loads((made["cased"] / "tokenizer.json").read_text())
    tokenizer["normalizer"]["lowercase"] = False
    (made["cased"] / "tokenizer.json").write_text(json.dumps(tokenizer))
    return made


def test_models_of_another_shape_are_refused_by_what_differs(
    models: tuple[Path, Path], others: dict[str, Path], tmp_path: Path
) -> None:
    for name, message in {
        "wide": "its hidden_size is 24, not 16",
        "deep": "its num_hidden_layers is 3, not 2",
        "electra": "its model_type is electra, not bert",
        "turned": "its labels are insult, toxic, not toxic, insult",
        "cased": "its tokenizer is another one",
    }.items():
        with pytest.raises(ConfigError, match=rf"^others: .*{name} cannot be blended with .*: {message}"):
            blend(asked(models, others=(str(others[name]),)), tmp_path / "run")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": ""}, "^model: name the first model"),
        ({"others": None}, "^others: name at least one other model"),
        ({"shares": "0.5,0.6"}, r"^shares: the shares sum to 1\.1; they must sum to 1"),
        ({"shares": "0.5"}, "^shares: give 2 numbers, one for each model"),
        ({"shares": "0.5,0.5", "blend": ShareOptions(share=0.5)}, "^shares: give either"),
        ({"others": ("SELF",)}, "^others: a model is named twice"),
    ],
)
def test_wrong_shares_are_refused_by_their_field(
    changes: dict[str, Any], message: str, models: tuple[Path, Path], tmp_path: Path
) -> None:
    if changes.get("others") == ("SELF",):
        changes = {"others": (str(models[0]),)}
    with pytest.raises(ConfigError, match=message):
        blend(asked(models, **changes), tmp_path / "run")


def table(sources: list[str] | None, targets: list[int]) -> TextTable:
    return TextTable(
        [str(n) for n in range(len(targets))],
        np.asarray(targets, dtype=np.float32)[:, None],
        np.ones(len(targets), dtype=np.float32),
        ("toxic",),
        sources,
    )


def test_sources_count_alike_however_many_rows_they_have() -> None:
    targets = [1, 0] * 60
    names = ["wiki"] * 80 + ["games"] * 20 + ["chat"] * 10 + ["mail"] * 10
    rows_of = source_groups(table(names, targets))
    assert {name: len(found) for name, found in rows_of.items()} == {
        "games": 20,
        "wiki": 80,
        OTHER_SOURCES: 20,
    }
    scores = np.asarray(targets, dtype=np.float64)
    scores[80:100] = 0.5  # of games nothing is known
    tried = measure_blend((0.5, 0.5), scores, table(names, targets), rows_of, "roc_auc")
    assert tried.sources == {"wiki": 1.0, "games": 0.5, OTHER_SOURCES: 1.0}
    assert tried.value == pytest.approx(2.5 / 3, abs=1e-6)
    assert list(source_groups(table(None, targets))) == [""]
    assert source_groups(table(None, [1] * 9 + [0] * 50)) == {}


def test_the_rows_of_a_search_are_drawn_alike_from_every_source() -> None:
    names = ["wiki"] * 900 + ["games"] * 80 + ["chat"] * 20
    targets = [1, 0] * 500
    targets[0] = -1
    chosen = rows_to_measure_on(table(names, targets), 120, seed=3)
    drawn = [names[i] for i in chosen]
    assert {name: drawn.count(name) for name in set(names)} == {"wiki": 50, "games": 50, "chat": 20}
    assert 0 not in chosen
    assert len(set(chosen.tolist())) == 120
    assert len(rows_to_measure_on(table(names, targets), None, seed=3)) == 999


def test_too_few_rows_to_search_on_are_refused(models: tuple[Path, Path], tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text(
        "\n".join(json.dumps({"comment_text": "a nice day", "toxic": 0, "insult": 0}) for _ in range(30))
    )
    config = asked(models, data=ValidationConfig(str(few), labels=LABELS))
    with pytest.raises(DataError, match=r"too few to search shares on; fix them \(blend.share\)"):
        blend(config, tmp_path / "run")
    fixed = blend(replace(config, blend=ShareOptions(share=0.5)), tmp_path / "run")
    assert fixed.thresholds == read_run(models[0])["thresholds"]  # nothing to choose others by


@pytest.mark.parametrize("recipe", ["teacher", "lora"])
def test_a_tuned_model_is_blended_with_its_start(
    recipe: str, models: tuple[Path, Path], tmp_path: Path
) -> None:
    data, loop, with_start = (
        rows(tmp_path, LABELS),
        replace(LOOP, epochs=1),
        StartBlend(0.25, with_start=True),
    )
    start = str(models[1])
    if recipe == "teacher":
        asked_for: Any = TeacherConfig(start, data, loop, calibrate=False)
    else:
        asked_for = LoraConfig(start, data, loop, LoraOptions(rank=2), calibrate=False)
    train: Any = train_teacher if recipe == "teacher" else train_lora
    train(asked_for, tmp_path / "alone")
    train(replace(asked_for, blend=with_start), tmp_path / "blended")
    begun, tuned, mixed = (
        load_file(str(folder / "model.safetensors"))
        for folder in (models[1], tmp_path / "alone", tmp_path / "blended")
    )
    for name, value in mixed.items():
        np.testing.assert_allclose(value, 0.25 * begun[name] + 0.75 * tuned[name], atol=1e-5, err_msg=name)
    assert read_run(tmp_path / "blended")["blend"]["shares"] == [0.25, 0.75]
    searched = train(replace(asked_for, blend=StartBlend(with_start=True)), tmp_path / "searched")
    how = read_run(searched.folder)["blend"]
    assert len(how["tried"]) == 11
    assert [model["name"] for model in how["models"]] == ["tuned", "tuned here"]


def test_blending_with_the_start_needs_a_start_of_the_same_labels(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    base = write_base(tmp_path / "base", layers=2)
    config = TeacherConfig(str(base), rows(tmp_path, LABELS), LOOP, blend=StartBlend(with_start=True))
    with pytest.raises(ConfigError, match=r"^blend\.with_start: .* is no fine-tuned model"):
        train_teacher(config, tmp_path / "run")
    fewer = replace(config, base=str(models[0]), data=rows(tmp_path, ("toxic",)))
    with pytest.raises(
        ConfigError, match=r"^blend\.with_start: the start knows toxic, insult, the run learns toxic"
    ):
        train_teacher(fewer, tmp_path / "run")


def test_too_few_validation_rows_give_the_start_half(models: tuple[Path, Path], tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text(json.dumps({"comment_text": "a nice day", "toxic": 0, "insult": 0}))
    data = replace(rows(tmp_path, LABELS), validation=str(few))
    config = TeacherConfig(str(models[0]), data, replace(LOOP, epochs=0.2), blend=StartBlend(with_start=True))
    how = read_run(train_teacher(config, tmp_path / "run").folder)["blend"]
    assert (how["shares"], how["tried"]) == ([0.5, 0.5], [])
    assert "too few to search a share" in how["note"]


def test_the_recipe_is_run_by_its_name(models: tuple[Path, Path], tmp_path: Path) -> None:
    values = {
        "model": str(models[0]), "others": [str(models[1])], "blend": {"share": 1},
        "data": {"validation": str(models[0].parent / "validation.jsonl"), "labels": list(LABELS)},
    }  # fmt: skip
    result = run_recipe("blend", values, tmp_path / "run")
    like: dict[str, Any] = {"labels": LABELS, "softmax": False, "attention": "auto", "dropout": None}
    assert load_base(str(result.folder), **like).num_labels == 2
    assert load_tokenizer(str(result.folder)).vocab_size == load_tokenizer(str(models[0])).vocab_size


def test_labels_that_no_row_knows_stay_as_the_start_has_them(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    data = rows(tmp_path, LABELS)
    for name in ("train", "validation"):
        path = tmp_path / f"{name}.jsonl"
        told = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text("\n".join(json.dumps({**row, "insult": -1}) for row in told))
    config = TeacherConfig(str(models[0]), data, replace(LOOP, epochs=0.5))
    with pytest.raises(DataError, match="knows nothing of the label 'insult'"):
        train_teacher(config, tmp_path / "refused")
    kept = replace(config, data=replace(data, keep_labels=True))
    result = train_teacher(kept, tmp_path / "kept")
    assert result.thresholds["insult"] == read_run(models[0])["thresholds"]["insult"]
    assert result.thresholds["toxic"] != read_run(models[0])["thresholds"]["toxic"]
    before, after = (load_file(str(f / "model.safetensors")) for f in (models[0], result.folder))
    row = LABELS.index("insult")
    np.testing.assert_allclose(after["classifier.weight"][row], before["classifier.weight"][row], rtol=2e-2)
    bare = replace(kept, base=str(write_base(tmp_path / "base", layers=2)))
    with pytest.raises(ConfigError, match=r"^data\.keep_labels: .* is no fine-tuned model"):
        train_teacher(bare, tmp_path / "bare")
