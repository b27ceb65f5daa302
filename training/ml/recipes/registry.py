"""Every recipe by name: the only list of recipes. Importing it loads no torch.

Forms, pages, API, commands, sweeps and the database's choices read RECIPES when they need it.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.ml.config import ConfigError, from_dict, read_preset
from training.ml.recipes.recipe import Recipe

if TYPE_CHECKING:
    from training.ml.progress import Listener
    from training.ml.recipes.common import RunResult

MODULES = (  # each declares RECIPE; in the order in which people see them
    "training.ml.recipes.teacher",
    "training.ml.recipes.distill",
    "training.ml.recipes.lora",
    "training.ml.recipes.hybrid",
    "training.ml.recipes.progressive",
    "training.ml.recipes.layer_search",
    "training.ml.recipes.blend",
)
RECIPES: dict[str, Recipe] = {}


def register(recipe: Recipe) -> Recipe:
    """Add a recipe to the list. Raises ValueError when its name is taken, or longer than the database keeps."""
    if recipe.name in RECIPES:
        raise ValueError(f"there is a recipe {recipe.name!r} already")
    if len(recipe.name) > 32:
        raise ValueError(f"the name {recipe.name!r} has more than 32 characters")
    RECIPES[recipe.name] = recipe
    return recipe


for _module in MODULES:
    register(import_module(_module).RECIPE)


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
        chosen = read_preset(preset)
        if chosen.recipe not in ("", name):
            raise ConfigError(f"preset {preset!r} is for the recipe {chosen.recipe}, not {name}", "preset")
        start = from_dict(config_class, chosen.config)
    return from_dict(config_class, values, start)


def run_recipe(
    name: str, config: Mapping[str, Any], folder: Path, listener: "Listener | None" = None
) -> "RunResult":
    """Build and run a recipe; a run that was killed goes on from what lies in `folder`."""
    return recipe(name).run(build(name, config), folder, listener)
