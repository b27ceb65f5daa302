"""The parts that configurations share: rows, loop, loss weights, adapters."""

from dataclasses import dataclass

from classifier.inference.labels import JIGSAW_LABELS
from training.ml.config.fields import option


@dataclass(frozen=True)
class DataConfig:
    """Rows to learn from. `train` and `validation` are a hub name, `hub-name:split`, or a file
    (.parquet, .csv, .jsonl); a folder or hub name alone means its `train` / `validation` split."""

    train: str = option(
        "OxAISH-AL-LLM/wiki_toxic", "Rows to learn from: hub name, hub-name:split, folder or file."
    )
    validation: str = option(
        "OxAISH-AL-LLM/wiki_toxic", "Rows for calibration and thresholds: hub name, folder or file."
    )
    text_column: str = option("comment_text", "The column that holds the text.")
    labels: tuple[str, ...] = option(
        JIGSAW_LABELS, "Labels to learn; one label makes a two-way softmax head."
    )
    max_length: int = option(
        256, "Wordpieces a row, [CLS] and [SEP] included; longer rows are cut.", low=4, high=8192
    )
    max_negatives: int | None = option(
        None, "Keep this many rows with no label at all; empty keeps all.", low=0
    )
    hard_negative_share: float = option(
        0.0, "Of those, the share that a TF-IDF model finds most toxic.", low=0, high=1
    )
    clean_sentences: int = option(
        0, "Short sentences mined from rows without any label, added as harmless ones.", low=0
    )
    max_rows: int | None = option(
        None, "A plain random subset, drawn before everything else; empty: all.", low=1
    )
    validation_rows: int | None = option(None, "A random subset of the validation rows; empty: all.", low=1)
    keep_labels: bool = option(
        False,
        "Keep labels that no row knows, or hardly any, as the start has them, thresholds included, instead of refusing "
        "them. The start must know all labels.",
    )


@dataclass(frozen=True)
class ValidationConfig:
    """Rows to measure on where nothing is learned from rows; the fields mean what they mean in DataConfig."""

    validation: str = option(
        "OxAISH-AL-LLM/wiki_toxic", "Rows for shares, calibration and thresholds: hub name, folder or file."
    )
    text_column: str = option("comment_text", "The column that holds the text.")
    labels: tuple[str, ...] = option(JIGSAW_LABELS, "The labels of the models, in their order.")
    max_length: int = option(
        256,
        "Wordpieces a row, [CLS] and [SEP] included; longer rows are cut, at 256 or later.",
        low=4,
        high=8192,
    )
    validation_rows: int | None = option(None, "A random subset of the validation rows; empty: all.", low=1)


@dataclass(frozen=True)
class LoopConfig:
    """How to step. Defaults suit a small BERT; `token_budget` counts padded tokens of one batch."""

    epochs: float = option(
        1.0,
        "Passes over the rows; may be a fraction; 0 trains nothing and keeps the start as it is.",
        low=0,
        high=1000,
    )
    token_budget: int = option(2048, "Padded tokens a batch; lower it when memory runs out.", low=8)
    learning_rate: float = option(5e-5, "Largest step of AdamW, reached after the warm-up.", above=0, high=1)
    head_learning_rate: float | None = option(
        5e-4, "The same for pooler and classifier, which start fresh; empty: as the rest.", above=0, high=1
    )
    warmup_share: float = option(0.06, "Share of the steps in which the rate rises.", low=0, high=1)
    weight_decay: float = option(0.01, "AdamW's weight decay, biases and norms left out.", low=0, high=1)
    max_grad_norm: float = option(1.0, "Longer gradients are cut to this length.", above=0)
    precision: str = option(
        "auto", "Arithmetic of the matrix products.", choices=("auto", "bf16", "fp16", "fp32")
    )
    attention: str = option("auto", "How attention is computed.", choices=("auto", "eager", "sdpa"))
    dropout: float | None = option(
        0.0, "Empty leaves the encoder's own; 0 is faster and enough for one epoch.", low=0, high=0.9
    )
    gradient_checkpointing: bool = option(False, "Less memory, about a third more time.")
    checkpoint_seconds: float = option(180.0, "How often the state is saved.", above=0)
    evaluate_share: float = option(
        0.0,
        "Score some validation rows after every such share of the steps; 0: only at the end.",
        low=0,
        high=1,
    )
    threads: int | None = option(None, "CPU threads; empty: all.", low=1)
    seed: int = option(13, "Decides order, sampling and fresh weights.", low=0, high=2**31 - 1)


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts of distillation; the published experiment used a third each of the first three."""

    cross_entropy: float = option(1 / 3, "Weight of the labels.", low=0)
    kl: float = option(1 / 3, "Weight of the teacher's softened logits.", low=0)
    cosine: float = option(1 / 3, "Weight of the direction of the teacher's logits.", low=0)
    temperature: float = option(2.0, "Softens both sides' logits.", above=0, high=100)
    hidden: float = option(
        0.0,
        "Weight of the cosine distance to the teacher's hidden states; above 0 the teacher runs live.",
        low=0,
    )


@dataclass(frozen=True)
class LoraOptions:
    """Low-rank adapters (Hu et al. 2021), made and merged by `peft`."""

    rank: int = option(8, "Rank of the two small matrices beside each chosen one.", low=1, high=1024)
    alpha: float = option(
        16.0, "The product is scaled by alpha / rank (rsLoRA: alpha / sqrt(rank)).", above=0
    )
    dropout: float = option(0.0, "Dropout before the adapters.", low=0, high=0.9)
    target_modules: tuple[str, ...] = option(
        ("query", "value"),
        "Which linear layers of the encoder get adapters: query, key, value, dense (attention output and both of the "
        "feed-forward), whatever the encoder calls them; or its own names; or `all`.",
    )
    rslora: bool = option(False, "Scale by alpha / sqrt(rank), steadier at high ranks (Kalajdzievski 2023).")
    dora: bool = option(False, "Learn direction and magnitude apart (DoRA, Liu et al. 2024); slower.")
    task_type: str = option(
        "SEQ_CLS",
        "SEQ_CLS trains the head beside the adapters. CAUSAL_LM, as in the published experiment, knows of no "
        "classification head: it stays as it came (random on a bare encoder) and frozen.",
        choices=("SEQ_CLS", "CAUSAL_LM"),
    )
    train_pooler: bool = option(
        True, "With SEQ_CLS, train the pooler too, which few encoders come with trained."
    )
    keep_adapter: bool = option(
        False,
        "Also write the adapters alone (peft format) to `adapter/`; the model itself always has them merged.",
    )


@dataclass(frozen=True)
class ShareOptions:
    """How the shares of a blend of weights are chosen."""

    share: float | None = option(
        None,
        "The first model's share, fixed; the others have equal parts of the rest. Empty: the shares that are best on "
        "validation.",
        low=0,
        high=1,
    )
    steps: int | None = option(
        None,
        "In how many steps shares from 0 to 1 are tried; empty: 10 with two models, 4 with more.",
        low=1,
        high=100,
    )
    measure: str = option(
        "roc_auc",
        "What is best: the first label's ROC-AUC or PR-AUC, as the mean over sources where the validation rows say "
        "where they come from.",
        choices=("roc_auc", "pr_auc"),
    )
    rows: int | None = option(
        4000,
        "Validation rows that every blend is measured on, as many of each source as there are; empty: all.",
        low=100,
    )


@dataclass(frozen=True)
class StartBlend(ShareOptions):
    """Blending what was learned with the model that the run started from (WiSE-FT, Wortsman et al. 2022)."""

    with_start: bool = option(
        False,
        "Average the tuned weights with those of the start, by the start's share that is best on validation: keeps "
        "what the start knew. The start must be a classifier of the same labels.",
    )
