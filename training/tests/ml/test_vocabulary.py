"""Cutting a base encoder's vocabulary: kept text is cut into the same pieces, and every piece keeps its vector."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from training.ml.encoders.loading import BaseModelError, load_base, load_tokenizer
from training.ml.encoders.vocabulary import (
    VocabularyConfig,
    chosen_pieces,
    cut_vocabulary,
    pieces_of,
    read_report,
    with_pieces,
)
from training.tests.ml.tiny import WORDS, write_base

WORDS_OF = {"de": ["du", "bist", "dumm", "heute", "regnet"], "ru": ["ты", "дурак", "сегодня", "дождь"]}
UNUSED = ["▁zebra", "▁quark", "▁орёл", "▁ตัว"]


def unigram() -> dict[str, Any]:
    """Return tokenizer.json as XLM-R's: unigram pieces with log-probabilities, special ones first and the mask last."""
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0)]
    pieces += [(piece, -18.0) for piece in UNUSED]
    pieces += [(f"▁{word}", -8.0) for words in WORDS_OF.values() for word in words]
    letters = sorted({letter for piece, _ in pieces for letter in piece if letter.isalpha()})
    pieces += [(letter, -14.0) for letter in letters] + [("<mask>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    ids = {name: tokenizer.token_to_id(name) for name in ("<s>", "</s>")}
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=list(ids.items())
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    parsed: dict[str, Any] = json.loads(tokenizer.to_str())
    return parsed


def text_of(words: list[str], repeats: int = 3) -> list[str]:
    return [" ".join(words)] * repeats


def pieces_in(tokenizer: dict[str, Any], text: str) -> list[str]:
    return list(Tokenizer.from_str(json.dumps(tokenizer)).encode(text).tokens)


def counted(tokenizer: dict[str, Any], texts: list[str]) -> Counter[int]:
    cutter = Tokenizer.from_str(json.dumps(tokenizer))
    return Counter(at for text in texts for at in cutter.encode(text, add_special_tokens=False).ids)


@pytest.fixture
def tokenizer() -> dict[str, Any]:
    return unigram()


def chosen(tokenizer: dict[str, Any], **changes: Any) -> list[int]:
    config = VocabularyConfig(**{"pieces": 64, "prior_pieces": 0, **changes})
    counts = {language: counted(tokenizer, text_of(words)) for language, words in WORDS_OF.items()}
    return chosen_pieces(tokenizer, counts, config)


def test_kept_text_is_cut_into_the_same_pieces(tokenizer: dict[str, Any]) -> None:
    cut = with_pieces(tokenizer, chosen(tokenizer))
    for words in WORDS_OF.values():
        assert pieces_in(cut, " ".join(words)) == pieces_in(tokenizer, " ".join(words))
    assert len(pieces_of(cut)) == len(pieces_of(tokenizer)) - len(UNUSED)


def test_pieces_that_no_text_uses_fall_apart_into_letters(tokenizer: dict[str, Any]) -> None:
    cut = with_pieces(tokenizer, chosen(tokenizer))
    assert pieces_in(tokenizer, "zebra") == ["<s>", "▁zebra", "</s>"]
    assert pieces_in(cut, "zebra") == ["<s>", "▁", *"zebra", "</s>"]


def test_special_pieces_have_their_new_numbers_everywhere(tokenizer: dict[str, Any]) -> None:
    cut = with_pieces(tokenizer, chosen(tokenizer))
    names = [piece for piece, _ in pieces_of(cut)]
    assert all(names[entry["id"]] == entry["content"] for entry in cut["added_tokens"])
    assert names[cut["model"]["unk_id"]] == "<unk>"
    unknown = Tokenizer.from_str(json.dumps(cut)).encode("☃", add_special_tokens=False).ids
    assert unknown == [names.index("▁"), names.index("<unk>")]


def test_a_common_word_stays_by_the_tokenizers_own_estimate(tokenizer: dict[str, Any]) -> None:
    tokenizer["model"]["vocab"] = [
        [piece, -9.0 if piece in ("▁zebra", "▁ตัว") else score] for piece, score in tokenizer["model"]["vocab"]
    ]
    names = [piece for piece, _ in pieces_of(with_pieces(tokenizer, chosen(tokenizer, prior_pieces=20_000)))]
    assert "▁zebra" in names
    assert "▁ตัว" not in names  # of a script that no chosen language is written in


def test_rare_pieces_go_first_where_there_is_no_room(tokenizer: dict[str, Any]) -> None:
    always = len(chosen(tokenizer)) - sum(map(len, WORDS_OF.values()))
    counts = {language: counted(tokenizer, text_of(words)) for language, words in WORDS_OF.items()}
    counts["de"].update(counted(tokenizer, ["dumm"] * 20))
    kept = chosen_pieces(tokenizer, counts, VocabularyConfig(pieces=max(64, always + 1), prior_pieces=0))
    names = [pieces_of(tokenizer)[at][0] for at in kept]
    assert "▁dumm" in names


def test_every_kept_piece_keeps_its_vector_and_the_model_can_be_loaded(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base")
    texts = {"en": [" ".join(WORDS[:10])]}
    report = cut_vocabulary(
        str(base), tmp_path / "cut", texts, VocabularyConfig(pieces=64, prior_pieces=0), cleaned=str
    )
    assert (report.pieces, report.kept_share) == (
        10 + 5 + len([w for w in WORDS[10:] if len(w) == 1]),
        {"en": 1.0},
    )
    assert read_report(tmp_path / "cut") == report
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "cut"))
    name = "embeddings.word_embeddings.weight"
    old, new = load_tokenizer(str(base)), load_tokenizer(str(tmp_path / "cut"))
    for piece, at in new.get_vocab().items():
        assert after[name][at] == pytest.approx(before[name][old.get_vocab()[piece]], abs=1e-3)
    model = load_base(
        str(tmp_path / "cut"), labels=("toxic", "insult"), softmax=False, attention="eager", dropout=0.0
    )
    assert model.get_input_embeddings().num_embeddings == report.pieces


def test_a_base_of_8_bit_rows_is_restored(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base")
    weights = load_file(base / "model.safetensors")
    packed: dict[str, Any] = {}
    for name, value in weights.items():
        if value.ndim != 2:
            packed[name] = value
            continue
        scale = np.abs(value).max(axis=1, keepdims=True).clip(1e-9) / 127
        packed |= {f"{name}|q": np.round(value / scale).astype(np.int8), f"{name}|s": scale}
    np.savez(base / "weights.npz", **packed)
    (base / "model.safetensors").unlink()
    cut_vocabulary(
        str(base), tmp_path / "cut", {"en": WORDS}, VocabularyConfig(pieces=200, prior_pieces=0), cleaned=str
    )
    restored = load_file(tmp_path / "cut" / "model.safetensors")
    name = "encoder.layer.0.attention.self.query.weight"
    assert restored[name] == pytest.approx(weights[name], abs=float(np.abs(weights[name]).max()) / 100)


def test_a_tokenizer_of_merges_is_refused(tokenizer: dict[str, Any]) -> None:
    with pytest.raises(BaseModelError, match="BPE tokenizer cannot be cut"):
        pieces_of({"model": {"type": "BPE", "vocab": {}, "merges": []}})


def test_a_folder_that_is_no_encoder_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BaseModelError, match=r"lacks config.json, tokenizer.json"):
        cut_vocabulary(str(tmp_path / "empty"), tmp_path / "cut", {}, VocabularyConfig(), cleaned=str)
