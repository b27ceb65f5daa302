"""A smaller vocabulary for a base encoder: pieces that the chosen languages do not use are cut, the others keep their
vectors.

Most of a small multilingual encoder is its embedding of pieces, and most pieces belong to languages and subjects that
the model will never see (Abdaoui et al. 2020, "Load What You Need"). A text whose pieces are all kept is cut into the
same pieces as before: a unigram tokenizer takes the likeliest segmentation (Kudo 2018), which is still there, WordPiece
the longest piece, which is too. What is not kept falls apart into smaller pieces; single characters always stay.
"""

import json
import math
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.scripts import script_of, scripts_of
from toxicsite.lib.files import replace_folder, write_json
from training.ml.config.fields import option
from training.ml.encoders.loading import BaseModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FACTS = "vocabulary.json"
EMBEDDING = "embeddings.word_embeddings.weight"
TEXTS_AT_ONCE = 4_096
LANGUAGE_SHARE = 0.02
"""Of the corpus that a multilingual tokenizer was made of, what one language has at most, about."""
IDS = (
    "pad_token_id",
    "bos_token_id",
    "eos_token_id",
    "cls_token_id",
    "sep_token_id",
    "mask_token_id",
    "unk_token_id",
)


@dataclass(frozen=True)
class VocabularyConfig:
    """Which pieces of a base encoder's vocabulary are kept."""

    pieces: int = option(
        89_000, "Pieces to keep at most, special ones and single characters included.", low=64
    )
    temperature: float = option(
        0.5,
        "Exponent of a language's number of pieces in the weight of its texts: 1 weighs texts alike, 0 languages.",
        low=0,
        high=1,
    )
    prior_pieces: int = option(
        20_000,
        "Pieces of text that the tokenizer's own estimate of how common a piece is counts as, in every language: it "
        "keeps common words of which the few sentences of a small language happen to have none. 0: texts alone.",
        low=0,
    )


@dataclass(frozen=True)
class VocabularyReport:
    """Pieces before and after, and by language the share of its pieces of text that are among the kept."""

    pieces_before: int
    pieces: int
    kept_share: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as a manifest holds them."""
        return asdict(self)


def cut_vocabulary(
    base: str,
    folder: Path,
    texts: Mapping[str, Sequence[str]],
    config: VocabularyConfig,
    *,
    cleaned: Callable[[str], str],
) -> VocabularyReport:
    """Write the encoder `base` (hub name or folder) with the pieces that `texts` by language use into `folder`.

    Texts are counted as the model will read them: after `cleaned`. What was cut is told in vocabulary.json. Raises
    BaseModelError where the base cannot be read or its tokenizer is neither Unigram nor WordPiece.
    """
    aside = folder.with_name(f"{folder.name}.writing")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    source = _local(base, aside / "whole")
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    counts = count_pieces(tokenizer, texts, cleaned)
    kept = chosen_pieces(tokenizer, counts, config)

    write_json(aside / "tokenizer.json", with_pieces(tokenizer, kept))
    shutil.copyfile(source / "tokenizer_config.json", aside / "tokenizer_config.json")
    settings = json.loads((source / "config.json").read_text())
    places = {old: new for new, old in enumerate(kept)}
    settings |= {name: places[settings[name]] for name in IDS if isinstance(settings.get(name), int)}
    settings["vocab_size"] = len(kept)
    write_json(aside / "config.json", settings, indent=2)
    _write_weights(source, aside, kept)
    shutil.rmtree(aside / "whole", ignore_errors=True)

    inside = set(kept)
    report = VocabularyReport(
        len(pieces_of(tokenizer)),
        len(kept),
        {
            language: round(sum(n for piece, n in own.items() if piece in inside) / max(own.total(), 1), 4)
            for language, own in sorted(counts.items())
        },
    )
    write_json(aside / FACTS, report.to_dict(), indent=2)
    replace_folder(aside, folder)
    return report


def read_report(folder: Path) -> VocabularyReport:
    """Return what was cut of the encoder in `folder`."""
    return VocabularyReport(**json.loads((folder / FACTS).read_text()))


def pieces_of(tokenizer: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return (piece, log-probability) in the order of their ids; 0 where the tokenizer gives none.

    Raises BaseModelError for a tokenizer whose pieces cannot be cut one by one (BPE has merges).
    """
    model = tokenizer["model"]
    kind = model.get("type") or ("WordPiece" if isinstance(model.get("vocab"), dict) else "Unigram")
    if kind == "Unigram":
        return [(str(piece), float(score)) for piece, score in model["vocab"]]
    if kind == "WordPiece":
        ordered = sorted(model["vocab"].items(), key=lambda item: item[1])
        if [at for _, at in ordered] == list(range(len(ordered))):
            return [(piece, 0.0) for piece, _ in ordered]
    raise BaseModelError(
        f"the vocabulary of a {kind} tokenizer cannot be cut; use a base with a Unigram or WordPiece tokenizer"
    )


def count_pieces(
    tokenizer: Mapping[str, Any], texts: Mapping[str, Sequence[str]], cleaned: Callable[[str], str]
) -> dict[str, Counter[int]]:
    """Return how often each piece, by id, stands in the texts of each language."""
    from tokenizers import Tokenizer

    cutter: Any = Tokenizer.from_str(json.dumps(tokenizer))
    cutter.no_truncation()
    cutter.no_padding()
    counts: dict[str, Counter[int]] = {}
    for language, of_language in texts.items():
        own = counts.setdefault(language, Counter())
        for first in range(0, len(of_language), TEXTS_AT_ONCE):
            some = [cleaned(text) for text in of_language[first : first + TEXTS_AT_ONCE]]
            for encoding in cutter.encode_batch_fast(some, add_special_tokens=False):
                own.update(encoding.ids)
    return counts


def chosen_pieces(
    tokenizer: Mapping[str, Any], counts: Mapping[str, Counter[int]], config: VocabularyConfig
) -> list[int]:
    """Return the ids to keep, in their order: special pieces and single characters, then what is used most.

    A piece counts by its number in the language that uses it most, over the temperature's power of that language's
    total. The tokenizer's log-probabilities stand in for rare use, for pieces in a script of the languages.
    """
    pieces = pieces_of(tokenizer)
    special = {entry["id"] for entry in tokenizer.get("added_tokens", ())}
    special |= {tokenizer["model"]["unk_id"]} if isinstance(tokenizer["model"].get("unk_id"), int) else set()
    always = special | {
        at for at, (piece, _) in enumerate(pieces) if len(piece.strip("▁").removeprefix("##")) <= 1
    }
    use: NDArray[np.float64] = np.zeros(len(pieces))
    scripts = {script for language in counts for script in scripts_of(language)}
    if config.prior_pieces:
        scale = config.prior_pieces ** (1 - config.temperature) / LANGUAGE_SHARE
        for at, (piece, score) in enumerate(pieces):
            if score < 0 and scripts.issuperset(_scripts(piece)):
                use[at] = math.exp(score) * scale
    for own in counts.values():
        total = max(own.total(), 1) ** config.temperature
        for at, number in own.items():
            use[at] = max(use[at], number / total)
    for at in always:
        use[at] = math.inf
    order = np.argsort(-use, kind="stable")[: max(config.pieces, len(always))]
    return sorted(int(at) for at in order if use[at] > 0)


def _scripts(piece: str) -> Iterable[str]:
    return {script for character in piece if (script := script_of(character))}


def with_pieces(tokenizer: Mapping[str, Any], kept: Sequence[int]) -> dict[str, Any]:
    """Return tokenizer.json with the pieces whose ids are `kept`, numbered anew in that order."""
    places = {old: new for new, old in enumerate(kept)}
    model = dict(tokenizer["model"])
    if isinstance(model["vocab"], dict):
        model["vocab"] = {piece: places[at] for piece, at in model["vocab"].items() if at in places}
    else:
        model["vocab"] = [model["vocab"][at] for at in kept]
    if isinstance(model.get("unk_id"), int):
        model["unk_id"] = places[model["unk_id"]]
    return {
        **tokenizer,
        "model": model,
        "truncation": None,
        "padding": None,
        "added_tokens": [{**entry, "id": places[entry["id"]]} for entry in tokenizer.get("added_tokens", ())],
        "post_processor": _renumbered(tokenizer.get("post_processor"), places),
    }


def _renumbered(processor: Any, places: Mapping[int, int]) -> Any:
    """Return a post-processor whose special tokens have their new ids: a template's `ids`, or BERT's pairs."""
    if not isinstance(processor, dict):
        return processor
    result = dict(processor)
    if isinstance(result.get("special_tokens"), dict):
        result["special_tokens"] = {
            name: {**entry, "ids": [places[at] for at in entry["ids"]]}
            for name, entry in result["special_tokens"].items()
        }
    for name in ("cls", "sep"):
        if isinstance(result.get(name), list):
            result[name] = [result[name][0], places[result[name][1]]]
    if isinstance(result.get("processors"), list):
        result["processors"] = [_renumbered(inner, places) for inner in result["processors"]]
    return result


def _local(base: str, folder: Path) -> Path:
    """Return a folder with the encoder's files: `base` itself, or a download of the hub's in `folder`."""
    if Path(base).is_dir():
        missing = [
            name
            for name in ("config.json", "tokenizer.json", "tokenizer_config.json")
            if not (Path(base) / name).is_file()
        ]
        if missing:
            raise BaseModelError(f"{base} lacks {', '.join(missing)}, which a base encoder must have")
        return Path(base)
    from transformers import AutoModel, AutoTokenizer

    try:
        AutoModel.from_pretrained(base, use_safetensors=True, trust_remote_code=False).save_pretrained(folder)
        AutoTokenizer.from_pretrained(base, use_fast=True, trust_remote_code=False).save_pretrained(folder)
    except Exception as error:
        raise BaseModelError(f"no encoder at {base}: {error}") from error
    return folder


def _write_weights(source: Path, folder: Path, kept: Sequence[int]) -> None:
    """Write the weights as fp16 with the kept rows of the embedding of pieces."""
    from safetensors.numpy import save_file

    weights = _read_weights(source)
    names = [name for name in weights if name.endswith(EMBEDDING)]
    if len(names) != 1:
        raise BaseModelError(
            f"{source} has {len(names)} tensors called {EMBEDDING}; one is needed to cut the vocabulary"
        )
    weights[names[0]] = weights[names[0]][np.asarray(kept)]
    halves = {
        name: np.ascontiguousarray(value.astype(np.float16) if value.dtype.kind == "f" else value)
        for name, value in weights.items()
    }
    save_file(halves, str(folder / "model.safetensors"), metadata={"format": "pt"})


def _read_weights(source: Path) -> "dict[str, NDArray[Any]]":
    """Return the tensors of model.safetensors, or of weights.npz with 8-bit rows (`NAME|q`) and scales (`NAME|s`)."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        if (source / "model.safetensors").is_file():
            return dict(load_file(str(source / "model.safetensors")))
        with np.load(source / "weights.npz", allow_pickle=False) as stored:
            whole = {name: stored[name] for name in stored.files if not name.endswith(("|q", "|s"))}
            for name in stored.files:
                if name.endswith("|q"):
                    plain = name[:-2]
                    whole[plain] = (stored[name].astype(np.float32) * stored[f"{plain}|s"]).astype(np.float16)
            return whole
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise BaseModelError(
            f"{source} holds no model.safetensors or weights.npz that can be read: {error}"
        ) from None
