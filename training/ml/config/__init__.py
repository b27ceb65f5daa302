"""What a run is made of: frozen, documented, JSON-able configuration; a preset holds differences only."""

from training.ml.config.build import build_config, from_dict, parse_text, to_dict, with_changes
from training.ml.config.describe import FieldInfo, describe
from training.ml.config.fields import ConfigError
from training.ml.config.parts import DataConfig, LoopConfig, LoraOptions, LossWeights
from training.ml.config.presets import (
    PRESETS,
    Plan,
    PlannedRun,
    Preset,
    load_preset,
    plans,
    presets,
    read_plan,
    read_preset,
)
from training.ml.config.runs import (
    DistillConfig,
    HybridConfig,
    LayerSearchConfig,
    LoraConfig,
    ProgressiveConfig,
    SearchOptions,
    TeacherConfig,
    TransferOptions,
)

__all__ = [
    "PRESETS",
    "ConfigError",
    "DataConfig",
    "DistillConfig",
    "FieldInfo",
    "HybridConfig",
    "LayerSearchConfig",
    "LoopConfig",
    "LoraConfig",
    "LoraOptions",
    "LossWeights",
    "Plan",
    "PlannedRun",
    "Preset",
    "ProgressiveConfig",
    "SearchOptions",
    "TeacherConfig",
    "TransferOptions",
    "build_config",
    "describe",
    "from_dict",
    "load_preset",
    "parse_text",
    "plans",
    "presets",
    "read_plan",
    "read_preset",
    "to_dict",
    "with_changes",
]
