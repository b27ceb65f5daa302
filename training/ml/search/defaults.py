"""The fields that are worth searching first, recipe by recipe, with ranges that suit small encoders."""

from typing import Any

from training.ml.search.space import searchable_fields

RATE = {"type": "float", "low": 1e-5, "high": 5e-4, "log": True}
DECAY = {"type": "float", "low": 0.0, "high": 0.1}
WARM_UP = {"type": "float", "low": 0.0, "high": 0.2}
LAYERS = {"type": "categorical", "choices": ["odd", "even", "spread", "last"]}
LOSSES = {
    "loss.kl": {"type": "float", "low": 0.0, "high": 1.0},
    "loss.cosine": {"type": "float", "low": 0.0, "high": 1.0},
    "loss.temperature": {"type": "float", "low": 1.0, "high": 8.0},
}
ADAPTERS = {
    "lora.rank": {"type": "categorical", "choices": [4, 8, 16, 32]},
    "lora.alpha": {"type": "categorical", "choices": [8.0, 16.0, 32.0, 64.0]},
    "lora.dropout": {"type": "float", "low": 0.0, "high": 0.3},
    "lora.target_modules": {"type": "categorical", "choices": ["query,value", "query,key,value", "all"]},
}
LORA_RATE = {"type": "float", "low": 1e-4, "high": 2e-3, "log": True}

SUGGESTED: dict[str, dict[str, Any]] = {
    "teacher": {"loop.learning_rate": RATE, "loop.weight_decay": DECAY, "loop.warmup_share": WARM_UP},
    "distill": {"layers": LAYERS, "loop.learning_rate": {**RATE, "high": 1e-3}, **LOSSES},
    "lora": {"loop.learning_rate": LORA_RATE, **ADAPTERS},
    "hybrid": {
        "layers": LAYERS,
        "student_loop.learning_rate": {**RATE, "high": 1e-3},
        "lora_loop.learning_rate": LORA_RATE,
        **ADAPTERS,
    },
    "progressive": {
        "layers": LAYERS,
        "transfer.learning_rate": {**RATE, "high": 1e-3},
        "transfer.epochs": {"type": "float", "low": 0.1, "high": 1.0},
        "loop.learning_rate": {**RATE, "high": 1e-3},
        **LOSSES,
    },
    "layer-search": {"loop.learning_rate": {**RATE, "high": 1e-3}, **LOSSES},
}


def suggested_space(recipe_name: str) -> dict[str, Any]:
    """What the form proposes for a recipe; fields that the recipe does not have are left out."""
    known = {info.name for info in searchable_fields(recipe_name)}
    return {name: spec for name, spec in SUGGESTED.get(recipe_name, {}).items() if name in known}
