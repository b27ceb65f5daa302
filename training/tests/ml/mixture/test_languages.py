"""Which rows a multilingual model learns from: by language and licence, with sets that nobody trains on."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from classifier.inference.labels import JIGSAW_LABELS
from training.ml.config import ConfigError
from training.ml.mixture.languages import (
    LanguageMixture,
    LanguagesConfig,
    choose_languages,
    own_label,
    shares,
)

CONFIG = LanguagesConfig(rows=400, english_share=0.25, contrast_share=0.0)


def public_table(path: Path, sets: list[tuple[str, str, str, int, float]]) -> Path:
    """Write sets of (name, language, class of the licence, rows, share of toxic ones)."""
    columns: dict[str, list[Any]] = {name: [] for name in ("text", "source", "lang", "licence_class")}
    labels: dict[str, list[int]] = {label: [] for label in JIGSAW_LABELS}
    for source, language, licence, rows, toxic in sets:
        for number in range(rows):
            is_toxic = number < rows * toxic
            columns["text"].append(
                f"{source} {language} comment number {number} of {'bad' if is_toxic else 'good'} people"
            )
            columns["source"].append(source)
            columns["lang"].append(language)
            columns["licence_class"].append(licence)
            hate_alone = source == "gahd_de"
            for label in JIGSAW_LABELS:
                known = -1 if hate_alone and not is_toxic and label != "identity_hate" else 0
                labels[label].append(1 if is_toxic and label in ("toxic", "identity_hate") else known)
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table({**columns, **labels}), path)
    return path


def wiki(folder: Path) -> Path:
    for split in ("train", "validation"):
        texts = [f"wiki {split} page {number}" for number in range(300)]
        toxic = [int(number < 60) for number in range(300)]
        labels = {label: toxic if label == "toxic" else [0] * 300 for label in JIGSAW_LABELS}
        folder.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(
            pyarrow.table({"comment_text": texts, "label": toxic, **labels}), folder / f"{split}.parquet"
        )
    return folder


SETS = [
    ("beep_ko", "ko", "sharealike", 300, 0.5),
    ("curse_ko", "ko", "permissive", 200, 0.4),
    ("told_br_pt", "pt", "sa", 400, 0.3),
    ("reddit_br_pt", "pt", "caution", 100, 0.3),
    ("gahd_de", "de", "permissive", 300, 0.4),
    ("mlma_en_fr_ar", "fr", "permissive", 200, 0.8),
    ("benign_news_sentences_multi", "ru", "caution", 150, 0.0),
    ("own_news", "ru", "permissive", 150, 0.0),
    ("convabuse_en", "en", "permissive", 300, 0.4),
    ("ruddit_en", "en", "caution", 100, 0.4),
]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("languages")
    return wiki(folder / "wiki"), public_table(folder / "mix.parquet", SETS)


def chosen(sources: tuple[Path, Path], config: LanguagesConfig = CONFIG, **changes: Any) -> LanguageMixture:
    return choose_languages(*sources, lambda texts: np.full(len(texts), 0.05), (), replace(config, **changes))


@pytest.fixture(scope="module")
def mixture(sources: tuple[Path, Path]) -> LanguageMixture:
    return chosen(sources)


def test_the_smallest_of_several_sets_is_held_out_unless_a_licence_holds_out_one(
    mixture: LanguageMixture,
) -> None:
    assert ("ko", "curse_ko") in mixture.never_trained
    assert ("pt", "reddit_br_pt") in mixture.never_trained
    assert ("pt", "told_br_pt") not in mixture.never_trained
    assert ("de", "gahd_de") not in mixture.never_trained  # the only one


def test_no_row_of_a_held_out_set_or_of_an_unclear_licence_is_learned_from(mixture: LanguageMixture) -> None:
    learned = set(zip(mixture.train.languages, mixture.train.rows.sources, strict=True))
    assert not learned & mixture.never_trained
    assert {source for _, source in learned} >= {
        "beep_ko",
        "told_br_pt",
        "gahd_de",
        "mlma_en_fr_ar",
        "own_news",
    }
    assert not set(mixture.train.rows.texts) & set(mixture.test.rows.texts)


def test_a_set_can_be_held_out_by_choice(sources: tuple[Path, Path]) -> None:
    mixture = chosen(sources, hold_out=("beep_ko", "convabuse_en"))
    assert ("ko", "curse_ko") not in mixture.never_trained
    assert "curse_ko" in mixture.train.rows.sources
    assert "convabuse_en" not in mixture.train.rows.sources
    with pytest.raises(ConfigError, match="no set nothing_xx"):
        chosen(sources, hold_out=("nothing_xx",))


def test_every_licence_is_learned_from_only_where_that_is_asked_for(sources: tuple[Path, Path]) -> None:
    mixture = chosen(sources, any_licence=True)
    assert "benign_news_sentences_multi" in mixture.train.rows.sources


def test_languages_are_drawn_by_a_temperature() -> None:
    assert shares({"a": 10_000, "b": 100}, 1010, 1.0) == {"a": 1000, "b": 10}
    assert shares({"a": 10_000, "b": 100}, 110, 0.5) == {"a": 100, "b": 10}
    assert shares({"a": 10_000, "b": 100}, 1100, 0.0) == {"a": 1000, "b": 100}  # b has no more
    assert shares({"a": 10, "b": 0}, 100, 0.5) == {"a": 10, "b": 0}


def test_a_language_whose_rows_are_mostly_toxic_is_not_learned_as_toxic(mixture: LanguageMixture) -> None:
    weight: Counter[tuple[str, int]] = Counter()
    for at, language in enumerate(mixture.train.languages):
        weight[language, mixture.train.rows.labels[at][0]] += mixture.train.rows.weights[at]  # type: ignore[assignment]
    for language in ("ko", "pt", "fr", "de"):
        assert weight[language, 1] == pytest.approx(weight[language, 0], rel=0.01)


def test_no_hate_is_harmless_outside_english_with_less_weight(mixture: LanguageMixture) -> None:
    german = [at for at, source in enumerate(mixture.train.rows.sources) if source == "gahd_de"]
    assert {mixture.train.rows.labels[at][0] for at in german} == {0, 1}
    assert own_label((-1, -1, -1, -1, -1, 0)) == 0
    assert own_label((-1, -1, -1, -1, -1, -1)) == -1


def test_harmless_sentences_are_measured_on_and_learned_from_where_they_may_be(
    mixture: LanguageMixture,
) -> None:
    measured = Counter(mixture.harmless.rows.sources)
    assert measured["benign_news_sentences_multi"] == 150
    assert 0 < measured["own_news"] < 150
    assert not set(mixture.harmless.rows.texts) & set(mixture.train.rows.texts)


def test_the_tables_say_of_each_row_its_language_and_whether_its_set_was_trained_on(
    mixture: LanguageMixture, tmp_path: Path
) -> None:
    mixture.write(tmp_path)
    table = pyarrow.parquet.read_table(tmp_path / "test.parquet").to_pylist()
    trained = {(row["language"], row["source"]): row["trained_on"] for row in table}
    assert trained["ko", "curse_ko"] is False
    assert trained["ko", "beep_ko"] is True
    assert trained["en", "wiki_toxic"] is True
    assert {row["toxic"] for row in table} == {0, 1}
    assert sum(mixture.counts()["ko"].values()) == mixture.train.languages.count("ko")


def test_a_row_that_is_judged_by_is_left_out(sources: tuple[Path, Path], mixture: LanguageMixture) -> None:
    judged = [next(text for text in mixture.train.rows.texts if text.startswith("beep_ko"))]
    again = choose_languages(*sources, lambda texts: np.full(len(texts), 0.05), judged, CONFIG)
    assert judged[0] not in again.train.rows.texts
    assert again.overlap.exact == 1
