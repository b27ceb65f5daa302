"""Every recipe by name, with its configuration and what it starts from; importing this loads no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from training.ml.config import (
    ConfigError,
    DistillConfig,
    FieldInfo,
    HybridConfig,
    LayerSearchConfig,
    LoraConfig,
    ProgressiveConfig,
    TeacherConfig,
    describe,
    from_dict,
    read_preset,
)

if TYPE_CHECKING:
    from training.ml.progress import Listener
    from training.ml.recipes.common import RunResult


@dataclass(frozen=True)
class Recipe:
    """One way to make a model.

    `needs` says what it starts from and is the name of the configuration's field for it: a pretrained encoder
    ("base", which has a default) or a teacher ("teacher", which must be chosen). `function` is `module:name`.
    """

    name: str
    title: str
    description: str
    config_class: type[Any]
    needs: Literal["base", "teacher"]
    function: str

    def fields(self) -> list[FieldInfo]:
        """Return every field of the configuration, for forms, the API and sweeps."""
        return describe(self.config_class)

    def run(self, config: Any, folder: Path, listener: "Listener | None" = None) -> "RunResult":
        """Run it in `folder`, or resume what lies there. Raises what the recipe's function documents."""
        module, _, name = self.function.partition(":")
        result: RunResult = getattr(import_module(module), name)(config, folder, listener)
        return result


_EVERY = (
    Recipe(
        "teacher",
        "Teacher: full fine-tuning",
        "Fine-tunes every weight of a pretrained encoder: the best that it can do, and what students learn of.",
        TeacherConfig,
        "base",
        "training.ml.recipes.teacher:train_teacher",
    ),
    Recipe(
        "distill",
        "Student: distillation from chosen layers",
        "Copies some of a teacher's layers and teaches them with the labels and the teacher's logits.",
        DistillConfig,
        "teacher",
        "training.ml.recipes.distill:distill",
    ),
    Recipe(
        "lora",
        "LoRA: low-rank adapters",
        "Leaves the encoder as it is and learns two small matrices beside each chosen one, merged for serving.",
        LoraConfig,
        "base",
        "training.ml.recipes.lora:train_lora",
    ),
    Recipe(
        "hybrid",
        "Hybrid: distillation and LoRA",
        "A distilled student tuned by adapters, or a teacher tuned by adapters that a student is distilled from.",
        HybridConfig,
        "teacher",
        "training.ml.recipes.hybrid:train_hybrid",
    ),
    Recipe(
        "progressive",
        "Progressive layer-wise transfer",
        "Teaches each student layer the hidden states and attention of its teacher layer, then distils the logits.",
        ProgressiveConfig,
        "teacher",
        "training.ml.recipes.progressive:train_progressive",
    ),
    Recipe(
        "layer-search",
        "Search for the best layers",
        "Tries selections of layers on few rows, then distils the best one in full.",
        LayerSearchConfig,
        "teacher",
        "training.ml.recipes.layer_search:search_layers",
    ),
)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _EVERY}


def recipe(name: str) -> Recipe:
    """Return a recipe by name. Raises ConfigError."""
    if name not in RECIPES:
        raise ConfigError(f"there is no recipe {name!r}; there are: {', '.join(RECIPES)}", "recipe")
    return RECIPES[name]


def build(name: str, values: Mapping[str, Any], preset: str | None = None) -> Any:
    """Return a recipe's configuration: defaults, then a preset, then `values` (nested or by dotted names).

    Raises ConfigError, whose `field` is the dotted name of what is wrong.
    """
    config_class = recipe(name).config_class
    start = config_class()
    if preset:
        found = read_preset(preset)
        if found.recipe not in ("", name):
            raise ConfigError(f"preset {preset!r} is for the recipe {found.recipe}, not {name}", "preset")
        start = from_dict(config_class, found.config)
    return from_dict(config_class, values, start)


def run_recipe(
    name: str, config: Mapping[str, Any], folder: Path, listener: "Listener | None" = None
) -> "RunResult":
    """Build and run a recipe; a run that was killed goes on from what lies in `folder`."""
    return recipe(name).run(build(name, config), folder, listener)
