"""Configuration: presets hold differences, unknown fields are refused by name."""

from pathlib import Path

import pytest

from training.ml.config import ConfigError, LoopConfig, from_dict, load_preset, to_dict
from training.ml.recipes.distill import DistillConfig
from training.ml.recipes.teacher import TeacherConfig


def test_a_preset_changes_only_what_it_names() -> None:
    student = load_preset(DistillConfig, "starter-wiki-student")
    assert student.layers == "even"
    assert student.loss.kl == 0.65
    assert student.loop.weight_decay == LoopConfig().weight_decay
    assert load_preset(TeacherConfig, "starter-wiki-teacher").loop.head_learning_rate == 5e-4


def test_a_configuration_survives_json() -> None:
    student = load_preset(DistillConfig, "starter-wiki-student")
    assert from_dict(DistillConfig, to_dict(student)) == student


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ConfigError, match="LoopConfig has no field 'epoch'"):
        from_dict(TeacherConfig, {"loop": {"epoch": 3}})


def test_a_missing_or_broken_preset_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there are: .*starter-student, starter-teacher"):
        load_preset(TeacherConfig, "nothing")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ConfigError, match="is not JSON"):
        load_preset(TeacherConfig, str(tmp_path / "broken.json"))
