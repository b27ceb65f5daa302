"""The starter's mixture: which rows of which sources, with a second look at negatives that are only "no hate"."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from classifier.inference.labels import JIGSAW_LABELS
from training.ml.data.tables import load_table
from training.ml.mixture.choose import (
    HELD_OUT,
    IDENTITY_HATE,
    TOXIC,
    Mixture,
    choose_mixture,
    plain,
    position,
    write_table,
)
from training.ml.mixture.concern import CONCERN_PATTERNS, is_held_out
from training.ml.mixture.templates import contrast_sentences

UNKNOWN = dict.fromkeys(JIGSAW_LABELS, -1)
HARMLESS = dict.fromkeys(JIGSAW_LABELS, 0)


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path]:
    wiki = [{"comment_text": f"talk page remark number {n}", "label": 0, **HARMLESS} for n in range(900)] + [
        {"comment_text": f"rotten remark number {n}", "label": 1, **UNKNOWN} for n in range(60)
    ]
    for split in ("train", "validation"):
        write(tmp_path / "wiki" / f"{split}.parquet", wiki)
    english: dict[str, Any] = {"lang": "en", "licence_class": "permissive"}
    public = (
        [{"text": f"no hate but rude {n}", "source": "gab_hate_en", **english, **HARMLESS} for n in range(80)]
        + [{"text": f"a calm remark {n}", "source": "gab_hate_en", **english, **HARMLESS} for n in range(80)]
        + [
            {"text": f"unjudged {n}", "source": "implicit_hate_en", **english, **UNKNOWN, "identity_hate": 0}
            for n in range(50)
        ]
        + [
            {"text": f"frei {n}", "source": "gab_hate_en", **english, **HARMLESS, "lang": "de"}
            for n in range(9)
        ]
        + [{"text": f"unnamed {n}", "source": "ruddit_en", **english, **HARMLESS} for n in range(9)]
        + [
            {
                "text": f"barred {n}",
                "source": "gab_hate_en",
                **english,
                **HARMLESS,
                "licence_class": "caution",
            }
            for n in range(9)
        ]
    )
    write(tmp_path / "public.parquet", public)
    return tmp_path / "wiki", tmp_path / "public.parquet"


def second_look(texts: Sequence[str]) -> Any:
    return np.array([0.9 if "rude" in text else 0.02 for text in texts])


def choose(sources: tuple[Path, Path], judged: Sequence[str] = (), seed: int = 3) -> Mixture:
    return choose_mixture(*sources, second_look, set(), judged, contrast_share=0.02, seed=seed)


def test_what_is_doubted_is_unknown_and_what_is_not_is_harmless(sources: tuple[Path, Path]) -> None:
    mixture = choose(sources)
    train, doubted = mixture.train, mixture.doubted
    toxic = {
        text: labels[TOXIC]
        for text, labels, source in zip(train.texts, train.labels, train.sources, strict=True)
        if source in ("gab_hate_en", "implicit_hate_en")
    }
    rude = [text for text in toxic if text.startswith("no hate but rude")]
    assert rude
    assert {toxic[text] for text in rude} == {-1}
    assert doubted["gab_hate_en"] == len(rude)
    assert {toxic[text] for text in toxic if text.startswith("a calm remark")} == {0}
    assert {toxic[text] for text in toxic if text.startswith("unjudged")} == {0}


def test_other_languages_unnamed_sets_and_barred_licences_stay_out(sources: tuple[Path, Path]) -> None:
    mixture = choose(sources)
    train, validation = mixture.train, mixture.validation
    assert not [
        text for text in train.texts + validation.texts if text.startswith(("frei", "unnamed", "barred"))
    ]


def test_held_out_rows_are_those_whose_hash_says_so(sources: tuple[Path, Path]) -> None:
    mixture = choose(sources)
    train, validation = mixture.train, mixture.validation
    held_out = [t for t, s in zip(validation.texts, validation.sources, strict=True) if s == "gab_hate_en"]
    assert held_out
    assert all(position(text) < HELD_OUT for text in held_out)
    assert not set(map(plain, held_out)) & {
        plain(text)
        for text, source in zip(train.texts, train.sources, strict=True)
        if source == "gab_hate_en"
    }


def test_the_table_can_be_learned_from(sources: tuple[Path, Path], tmp_path: Path) -> None:
    train = choose(sources).train
    write_table(train, tmp_path / "mixture" / "train.parquet")
    table = load_table(str(tmp_path / "mixture"), "train", text_column="comment_text", labels=JIGSAW_LABELS)
    assert len(table) == len(train)
    assert table.sources is not None
    assert {"wiki_toxic", "gab_hate_en", "contrast identity"} <= set(table.sources)
    assert set(np.unique(table.targets[:, IDENTITY_HATE])) <= {-1.0, 0.0, 1.0}


def test_the_seed_decides_the_rows(sources: tuple[Path, Path]) -> None:
    first, again, other = (choose(sources, seed=seed).train for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_a_judged_text_and_its_near_duplicates_stay_out(sources: tuple[Path, Path]) -> None:
    mixture = choose(sources, ["A calm remark 7!", "Talk page remark number 12"])
    assert "a calm remark 7" not in mixture.train.texts
    assert "talk page remark number 12" not in mixture.train.texts
    assert mixture.overlap.judged_texts == 2
    assert mixture.overlap.exact + mixture.overlap.near >= 2


def test_groups_of_people_are_balanced(sources: tuple[Path, Path]) -> None:
    balanced = [word for word in choose(sources).identities if word.harmless_rows and word.toxic_rows]
    assert balanced
    assert all(abs(word.share_after - 0.5) <= abs(word.share_before - 0.5) + 0.02 for word in balanced)


def test_held_out_rows_are_judged_by_the_label_of_their_set(sources: tuple[Path, Path]) -> None:
    mixture = choose(sources)
    held_out = {
        text: labels[TOXIC] for text, labels in zip(mixture.test.texts, mixture.test.labels, strict=True)
    }
    assert {held_out[text] for text in held_out if "rude" in text} == {0}  # unknown after the second look
    assert {held_out[text] for text in held_out if text.startswith("unjudged")} == {0}
    assert set(mixture.validation.texts) <= set(held_out)


def test_concerns_are_a_label_whose_patterns_are_not_all_learned_from(sources: tuple[Path, Path]) -> None:
    rows = choose(sources).train
    of_source: dict[str, dict[str, int]] = {}
    for text, source, concern in zip(rows.texts, rows.sources, rows.concerns, strict=True):
        of_source.setdefault(source, {})[text] = concern
    assert set(of_source["contrast concern"].values()) == {0, 1}
    assert set(of_source["wiki_toxic"].values()) == {0}
    assert set(of_source["implicit_hate_en"].values()) == {-1}
    every = contrast_sentences(3, 0.02, patterns=CONCERN_PATTERNS)
    kept_out = {sentence.text for sentence in every if is_held_out(sentence, 3)}
    assert kept_out
    assert not kept_out & set(of_source["contrast concern"])
