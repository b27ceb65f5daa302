"""Tiny, randomly initialised BERT-like encoders and small labelled files, made on the spot."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

WORDS = [
    *(
        "you are an idiot stupid fool hate thank thanks help kind nice article page edit source please".split()
    ),
    *("good work day weather rain the a is it this that and of for your my with not".split()),
]
BAD = {"idiot", "stupid", "fool", "hate"}


def write_base(
    folder: Path,
    kind: str = "bert",
    layers: int = 4,
    hidden: int = 16,
    positions: int = 64,
    words: Sequence[str] = WORDS,
) -> Path:
    """Write a tiny encoder with a word-level wordpiece tokenizer, as a hub download would look."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    folder.mkdir(parents=True)
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(vocab))
    tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer._tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    fast.save_pretrained(folder)
    sizes: dict[str, Any] = {
        "vocab_size": len(vocab),
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": positions,
    }
    if kind == "electra":
        sizes["embedding_size"] = 16
    if kind == "roberta":
        sizes.update(pad_token_id=0, bos_token_id=2, eos_token_id=3)
    torch.manual_seed(0)
    AutoModel.from_config(AutoConfig.for_model(kind, **sizes)).save_pretrained(folder)
    return folder


def write_rows(path: Path, count: int, seed: int = 0, labels: tuple[str, ...] = ("toxic", "insult")) -> Path:
    """Write a JSONL file of random word sequences; a row is toxic when it holds one of four bad words."""
    rng = np.random.default_rng(seed)
    with path.open("w") as file:
        for _ in range(count):
            words = [str(w) for w in rng.choice(WORDS, rng.integers(3, 12))]
            bad = int(bool(BAD & set(words)))
            row: dict[str, Any] = {"comment_text": " ".join(words), "label": bad}
            for label in labels:
                row[label] = bad if label != "insult" or rng.random() > 0.1 else -1
            file.write(json.dumps(row) + "\n")
    return path
