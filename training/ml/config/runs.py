"""One configuration a recipe; every field is documented where it is declared."""

from dataclasses import dataclass, field

from training.ml.config.fields import option
from training.ml.config.parts import DataConfig, LoopConfig, LoraOptions, LossWeights

CALIBRATE = (
    "Fold Platt scaling into the head and choose thresholds on validation; off: raw probabilities and 0.5, as the "
    "published experiment had it."
)
LAYERS = (
    "Which of the teacher's layers, counted from 1: odd, even, first, last, spread, odd-as-coded, even-as-coded, "
    "or a list such as 2,4,6,8,10,12."
)
FINE_TUNED = "The fine-tuned teacher: folder of a run or of a model."


def _student_loop() -> LoopConfig:
    return LoopConfig(learning_rate=1e-4, head_learning_rate=None)


def _lora_loop() -> LoopConfig:
    return LoopConfig(learning_rate=1e-3, head_learning_rate=5e-4, weight_decay=0.0)


@dataclass(frozen=True)
class TeacherConfig:
    """Full fine-tuning of a BERT-like encoder."""

    base: str = option(
        "bert-base-uncased", "The pretrained encoder: hub name, or folder of a run or of a model."
    )
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    calibrate: bool = option(True, CALIBRATE)


@dataclass(frozen=True)
class DistillConfig:
    """A student made of some of a fine-tuned teacher's layers, taught by the teacher's logits."""

    teacher: str = option("", FINE_TUNED)
    layers: str = option("even", LAYERS)
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=_student_loop)
    loss: LossWeights = field(default_factory=LossWeights)
    live_teacher: bool = option(
        False,
        "Ask the teacher at every step instead of once for all epochs; slower, needed for its dropout alone.",
    )
    calibrate: bool = option(True, CALIBRATE)


@dataclass(frozen=True)
class LoraConfig:
    """Low-rank adapters beside the frozen weights of an encoder, merged into them for serving."""

    base: str = option(
        "bert-base-uncased", "The pretrained encoder: hub name, or folder of a run or of a model."
    )
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=_lora_loop)
    lora: LoraOptions = field(default_factory=LoraOptions)
    calibrate: bool = option(True, CALIBRATE)


@dataclass(frozen=True)
class HybridConfig:
    """Distillation and LoRA, one after the other."""

    teacher: str = option(
        "",
        "student-then-lora: the fine-tuned teacher, folder of a run or of a model. lora-then-student: the encoder that "
        "LoRA makes the teacher of; a hub name is fine.",
    )
    order: str = option(
        "student-then-lora",
        "student-then-lora tunes the distilled student by adapters; lora-then-student distils a teacher that was tuned "
        "by adapters alone.",
        choices=("student-then-lora", "lora-then-student"),
    )
    layers: str = option("even", LAYERS)
    data: DataConfig = field(default_factory=DataConfig)
    student_loop: LoopConfig = field(default_factory=_student_loop)
    loss: LossWeights = field(default_factory=LossWeights)
    lora_loop: LoopConfig = field(default_factory=_lora_loop)
    lora: LoraOptions = field(default_factory=LoraOptions)
    calibrate: bool = option(True, CALIBRATE)


@dataclass(frozen=True)
class TransferOptions:
    """How a student first learns to compute what the teacher's layers compute, before it learns to answer."""

    order: str = option(
        "bottom-to-top",
        "One student layer after the other, the ones below frozen, or all-at-once.",
        choices=("bottom-to-top", "all-at-once"),
    )
    epochs: float = option(
        0.5, "Passes over the rows for the whole transfer, shared by its phases.", low=0, high=1000
    )
    learning_rate: float = option(2e-4, "Largest step during the transfer.", above=0, high=1)
    hidden: float = option(1.0, "Weight of the distance between hidden states.", low=0)
    distance: str = option(
        "cosine", "cosine as DistilBERT, or the mean square as TinyBERT.", choices=("cosine", "mse")
    )
    attention: float = option(
        0.1,
        "Weight of the divergence between attention maps (as MobileBERT); 0 leaves them out and is faster.",
        low=0,
    )


@dataclass(frozen=True)
class ProgressiveConfig:
    """Layer-wise transfer of hidden states and attention, then distillation of the logits."""

    teacher: str = option("", FINE_TUNED)
    layers: str = option("even", LAYERS)
    student: str = option(
        "",
        "Empty: the student is made of the teacher's layers. Else another encoder with the same vocabulary (hub name "
        "or folder), which may be narrower: a projection, thrown away afterwards, bridges the widths.",
    )
    data: DataConfig = field(default_factory=DataConfig)
    transfer: TransferOptions = field(default_factory=TransferOptions)
    loop: LoopConfig = field(default_factory=_student_loop)
    loss: LossWeights = field(default_factory=LossWeights)
    calibrate: bool = option(True, CALIBRATE)


@dataclass(frozen=True)
class SearchOptions:
    """How selections of layers are tried before the best is trained in full."""

    candidates: tuple[str, ...] = option(
        ("odd", "even", "first", "last", "spread"),
        "Selections that are always tried; a list of layers is written 2-4-6-8-10-12.",
    )
    strategy: str = option(
        "greedy",
        "named: the candidates alone. random: then random selections. greedy: then neighbours of the best so far, one "
        "layer moved, until none is better.",
        choices=("named", "random", "greedy"),
    )
    trials: int = option(12, "Selections tried at most, the candidates included.", low=1, high=1000)
    size: int | None = option(None, "Layers of a student; empty: half of the teacher's.", low=1)
    rows: int = option(2000, "Training rows of one try.", low=8)
    validation_rows: int = option(1000, "Validation rows of one try.", low=8)
    epochs: float = option(1.0, "Passes over those rows.", low=0, high=1000)
    score: str = option(
        "kl",
        "kl: least divergence from the teacher on the validation rows, which tells close selections apart with few "
        "rows. roc_auc: highest mean ROC-AUC of the labels.",
        choices=("kl", "roc_auc"),
    )


@dataclass(frozen=True)
class LayerSearchConfig:
    """Tries selections of layers cheaply, then distils the best one in full."""

    teacher: str = option("", FINE_TUNED)
    search: SearchOptions = field(default_factory=SearchOptions)
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=_student_loop)
    loss: LossWeights = field(default_factory=LossWeights)
    calibrate: bool = option(True, CALIBRATE)
