"""What a recipe declares about itself, in its own module, and the ranges that several recipes propose to search.

A recipe is a way to make a model. Its module holds the configuration, the function that runs it, and `RECIPE`;
`training.ml.recipes.registry` names the module. Nothing else need be touched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from training.ml.config import FieldInfo, describe

if TYPE_CHECKING:
    from training.ml.progress import Listener
    from training.ml.recipes.common import RunResult

Space = Mapping[str, Mapping[str, Any]]  # as training.ml.search.space reads it


@dataclass(frozen=True)
class Recipe:
    """One way to make a model, as the registry lists it.

    `short_name` stands in tables and proposed names, `title` and `description` where there is room. `needs` says what
    it starts from and is the name of the configuration's field for it: a pretrained encoder ("base", which has a
    default), a teacher ("teacher") or a model like itself ("model"), which must be chosen. `function` runs it in a
    folder, or resumes what lies there. `check`, where there is one, refuses a configuration whose fields do not fit
    each other before a run is queued, without reading a model: it raises ConfigError. `searched_first` are the fields
    that a sweep's form proposes. Where `trains_every_weight`, the card of a run need not count the trained parameters.
    """

    name: str
    title: str
    short_name: str
    description: str
    config_class: type[Any]
    needs: Literal["base", "teacher", "model"]
    function: "Callable[[Any, Path, Listener | None], RunResult]"
    searched_first: Space = field(default_factory=dict)
    trains_every_weight: bool = True
    check: "Callable[[Any], None] | None" = None

    def fields(self) -> list[FieldInfo]:
        """Return every field of the configuration, for forms, the API and sweeps."""
        return describe(self.config_class)

    def run(self, config: Any, folder: Path, listener: "Listener | None" = None) -> "RunResult":
        """Run it in `folder`, or resume what lies there. Raises what the recipe's function documents."""
        return self.function(config, folder, listener)


# Ranges that suit small encoders.
RATE = {"type": "float", "low": 1e-5, "high": 5e-4, "log": True}
STUDENT_RATE = {**RATE, "high": 1e-3}
LORA_RATE = {"type": "float", "low": 1e-4, "high": 2e-3, "log": True}
LAYERS = {"type": "categorical", "choices": ["odd", "even", "spread", "last"]}
LOSSES: Space = {
    "loss.kl": {"type": "float", "low": 0.0, "high": 1.0},
    "loss.cosine": {"type": "float", "low": 0.0, "high": 1.0},
    "loss.temperature": {"type": "float", "low": 1.0, "high": 8.0},
}
ADAPTERS: Space = {
    "lora.rank": {"type": "categorical", "choices": [4, 8, 16, 32]},
    "lora.alpha": {"type": "categorical", "choices": [8.0, 16.0, 32.0, 64.0]},
    "lora.dropout": {"type": "float", "low": 0.0, "high": 0.3},
    "lora.target_modules": {"type": "categorical", "choices": ["query,value", "query,key,value", "all"]},
}
