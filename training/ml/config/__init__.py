"""What a run is made of: frozen, documented, JSON-able configuration; a preset holds differences only."""

from training.ml.config.fields import (
    ConfigError,
    FieldInfo,
    describe,
    from_dict,
    option,
    parse_text,
    to_dict,
)
from training.ml.config.parts import DataConfig, LoopConfig, LoraOptions, LossWeights
from training.ml.config.presets import (
    PRESETS,
    Plan,
    PlannedRun,
    Preset,
    dotted,
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
    "describe",
    "dotted",
    "from_dict",
    "load_preset",
    "option",
    "parse_text",
    "plans",
    "presets",
    "read_plan",
    "read_preset",
    "to_dict",
]
