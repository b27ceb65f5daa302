"""What a run is made of: frozen, documented, JSON-able configuration; a preset holds differences only."""

from training.ml.config.fields import (
    ConfigError,
    FieldInfo,
    build_config,
    describe,
    from_dict,
    option,
    parse_text,
    to_dict,
    with_changes,
)
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

__all__ = [
    "PRESETS",
    "ConfigError",
    "DataConfig",
    "FieldInfo",
    "LoopConfig",
    "LoraOptions",
    "LossWeights",
    "Plan",
    "PlannedRun",
    "Preset",
    "build_config",
    "describe",
    "from_dict",
    "load_preset",
    "option",
    "parse_text",
    "plans",
    "presets",
    "read_plan",
    "read_preset",
    "to_dict",
    "with_changes",
]
