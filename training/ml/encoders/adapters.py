"""Low-rank adapters on any BERT-like encoder: which matrices get them, and folding them in again."""

import warnings
from typing import TYPE_CHECKING, Any

from training.ml.encoders.layers import layer_stack
from training.ml.encoders.loading import HEAD_PARTS, BaseModelError

if TYPE_CHECKING:
    from training.ml.config import LoraOptions

# What the encoders of transformers call the same matrix.
ALIASES = {
    "query": {"query", "q", "q_lin", "q_proj", "Wqkv"},
    "key": {"key", "k", "k_lin", "k_proj", "Wqkv"},
    "value": {"value", "v", "v_lin", "v_proj", "Wqkv"},
    "dense": {"dense", "o", "out_lin", "lin1", "lin2", "out_proj", "fc1", "fc2", "Wi", "Wo"},
}
OWN_HEAD = ("classifier", "score")  # peft adds these itself for SEQ_CLS


def adapted_modules(model: Any, wanted: tuple[str, ...]) -> list[str]:
    """Return the full names of the linear layers in the encoder's stack that `wanted` means.

    `wanted` holds the common names (query, key, value, dense), the encoder's own, or `all`. The head and the pooler
    are not among them: they are trained whole or not at all. Raises BaseModelError naming what there is.
    """
    import torch

    stack = layer_stack(model)
    inside = {id(module) for module in stack.modules()}
    linear = [
        name
        for name, module in model.named_modules()
        if id(module) in inside and isinstance(module, torch.nn.Linear)
    ]
    modules: set[str] = set()
    for target in wanted:
        names = ALIASES.get(target, {target})
        hits = [name for name in linear if target == "all" or name.rpartition(".")[2] in names]
        if not hits:
            there = sorted({name.rpartition(".")[2] for name in linear})
            raise BaseModelError(
                f"lora.target_modules: no linear layer is called {target!r}; this encoder has: {', '.join(there)}"
            )
        modules.update(hits)
    return [name for name in linear if name in modules]


def add_adapters(model: Any, options: "LoraOptions") -> tuple[Any, dict[str, Any]]:
    """Freeze `model`, put adapters beside the chosen matrices, and leave the head as `options.task_type` says.

    Returns (the peft model, what the run's card tells of it). `adapter_share` is the adapters' part of the encoder's
    own parameters; `trainable_share` counts the head too, where it is trained.
    """
    from peft import LoraConfig, TaskType, get_peft_model

    modules = adapted_modules(model, options.target_modules)
    own = sum(p.numel() for p in model.parameters())
    head: list[str] = []
    if options.task_type == "SEQ_CLS":
        names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
        head = [part for part in HEAD_PARTS if part in names and (part != "pooler" or options.train_pooler)]
    with warnings.catch_warnings():  # peft asks transformers in a way of before version 5
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
        adapted = get_peft_model(
            model,
            LoraConfig(
                r=options.rank,
                lora_alpha=options.alpha,  # type: ignore[arg-type]  # any number will do
                lora_dropout=options.dropout,
                target_modules=modules,
                modules_to_save=[part for part in head if part not in OWN_HEAD] or None,
                use_rslora=options.rslora,
                use_dora=options.dora,
                # With CAUSAL_LM peft would look for a language model's methods; that it trains no head is what counts.
                task_type=TaskType.SEQ_CLS if options.task_type == "SEQ_CLS" else None,
            ),
        )
    trainable = {name: p.numel() for name, p in adapted.named_parameters() if p.requires_grad}
    adapters = sum(count for name, count in trainable.items() if ".lora_" in name)
    return adapted, {
        "rank": options.rank,
        "alpha": options.alpha,
        "task_type": options.task_type,
        "modules": len(modules),
        "module_names": sorted({name.rpartition(".")[2] for name in modules}),
        "trained_head": head,
        "adapter_parameters": adapters,
        "adapter_share": adapters / own,
        "trainable_parameters": sum(trainable.values()),
        "trainable_share": sum(trainable.values()) / own,
    }


def merge_adapters(adapted: Any) -> Any:
    """Fold the adapters into the matrices beside them: the same class as before, the same logits, no peft needed."""
    return adapted.merge_and_unload(safe_merge=True)
