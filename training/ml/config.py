"""What a run is made of: frozen, documented, JSON-able configuration; a preset holds differences only."""

import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

JIGSAW_LABELS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
PRESETS = Path(__file__).parent / "presets"

T = TypeVar("T")


class ConfigError(ValueError):
    """A configuration names an unknown field or holds a value of the wrong kind."""


@dataclass(frozen=True)
class DataConfig:
    """Rows to learn from. `train` and `validation` are a hub name, `hub-name:split`, or a file
    (.parquet, .csv, .jsonl); a folder or hub name alone means its `train` / `validation` split."""

    train: str = "OxAISH-AL-LLM/wiki_toxic"
    validation: str = "OxAISH-AL-LLM/wiki_toxic"
    text_column: str = "comment_text"
    labels: tuple[str, ...] = JIGSAW_LABELS
    max_length: int = 256  # wordpieces a row, [CLS] and [SEP] included
    max_negatives: int | None = None  # rows with no label at all; None keeps them all
    hard_negative_share: float = 0.0  # of those, how many are drawn by a TF-IDF model's (mistaken) score
    clean_sentences: int = 0  # short sentences mined from rows without any label, added as negatives
    max_rows: int | None = None  # a plain random subset, drawn before everything else
    validation_rows: int | None = None


@dataclass(frozen=True)
class LoopConfig:
    """How to step. Defaults suit a small BERT; `token_budget` counts padded tokens of one batch."""

    epochs: float = 1.0
    token_budget: int = 2048
    learning_rate: float = 5e-5
    head_learning_rate: float | None = 5e-4  # pooler and classifier, which start fresh; None: as the rest
    warmup_share: float = 0.06
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    precision: str = "auto"  # auto, bf16, fp16, fp32
    attention: str = "auto"  # auto, eager, sdpa
    dropout: float | None = 0.0  # None leaves the encoder's own; 0 is faster and enough for one epoch
    gradient_checkpointing: bool = False
    checkpoint_seconds: float = 180.0
    threads: int | None = None
    seed: int = 13


@dataclass(frozen=True)
class TeacherConfig:
    """Full fine-tuning of a BERT-like encoder."""

    base: str = "bert-base-uncased"  # hub name or folder
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)


@dataclass(frozen=True)
class LossWeights:
    """Weights of the three loss parts; the seed's experiment used a third each."""

    cross_entropy: float = 1 / 3
    kl: float = 1 / 3
    cosine: float = 1 / 3
    temperature: float = 2.0


@dataclass(frozen=True)
class DistillConfig:
    """A student made of some of a fine-tuned teacher's layers, taught by the teacher's logits."""

    teacher: str = ""  # folder of a fine-tuned teacher
    layers: str = "even"  # a selection's name, or "2,4,6,8,10,12" (counted from 1)
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=lambda: LoopConfig(learning_rate=1e-4, head_learning_rate=None))
    loss: LossWeights = field(default_factory=LossWeights)


def to_dict(config: Any) -> dict[str, Any]:
    """Return the configuration as plain JSON values."""
    result: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return result


def from_dict(kind: type[T], values: dict[str, Any], base: T | None = None) -> T:
    """Build a configuration from `values`, the differences to `base` (or to the defaults).

    Raises ConfigError naming the field when it is unknown.
    """
    start = base if base is not None else kind()
    known = {f.name: getattr(start, f.name) for f in fields(kind)}  # type: ignore[arg-type]
    for name, value in values.items():
        if name not in known:
            raise ConfigError(f"{kind.__name__} has no field {name!r}; it has: {', '.join(sorted(known))}")
        old = known[name]
        if is_dataclass(old) and isinstance(value, dict):
            known[name] = from_dict(type(old), value, old)
        else:
            known[name] = tuple(value) if isinstance(old, tuple) else value
    return kind(**known)


def load_preset(kind: type[T], name_or_path: str) -> T:
    """Read a preset by name (`training/ml/presets/NAME.json`) or by path. Raises ConfigError."""
    path = Path(name_or_path)
    if path.suffix != ".json":
        path = PRESETS / f"{name_or_path}.json"
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        have = ", ".join(sorted(p.stem for p in PRESETS.glob("*.json"))) or "none"
        raise ConfigError(f"no preset {name_or_path!r}; there are: {have}") from None
    except json.JSONDecodeError as error:
        raise ConfigError(f"preset {path} is not JSON: {error}") from None
    return from_dict(kind, values)
