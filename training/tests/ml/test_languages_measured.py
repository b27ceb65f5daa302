"""Numbers by language: what is shipped, experimental or refused, and the threshold that harmless sentences ask for."""

import numpy as np
import pytest

from training.ml.evaluation.languages import (
    LanguageTable,
    languages_by_status,
    measure_languages,
    raised_threshold,
    threshold_for,
)

EMPTY = LanguageTable(np.zeros(0), np.zeros(0), [], [], [])


def table(
    language: str, source: str, scores: np.ndarray, targets: np.ndarray, *, trained: bool
) -> LanguageTable:
    count = len(scores)
    return LanguageTable(scores, targets, [source] * count, [language] * count, [trained] * count)


def together(*tables: LanguageTable) -> LanguageTable:
    return LanguageTable(
        np.concatenate([one.scores for one in tables]),
        np.concatenate([one.targets for one in tables]),
        [name for one in tables for name in one.sources],
        [name for one in tables for name in one.languages],
        [flag for one in tables for flag in one.trained],
    )


def rows(language: str, source: str, *, apart: float, trained: bool, seed: int = 0) -> LanguageTable:
    """Return 400 rows, half toxic, whose scores lie `apart` in the mean."""
    rng = np.random.default_rng(seed)
    targets = np.repeat([0.0, 1.0], 200)
    return table(language, source, rng.normal(0.4, 0.1, 400) + apart * targets, targets, trained=trained)


def harmless(language: str, scores: np.ndarray) -> LanguageTable:
    return table(language, "news", scores, np.zeros(len(scores)), trained=False)


def test_the_threshold_leaves_at_most_half_a_percent() -> None:
    scores = np.arange(1000) / 1000
    threshold = threshold_for(scores)
    assert (scores >= threshold).sum() == 5
    assert threshold == pytest.approx(0.9945)
    assert threshold_for(np.full(1000, 0.7)) > 0.7  # equal scores cannot be parted
    assert threshold_for(scores[:50]) == 0.0  # too few to say


def test_it_is_raised_for_the_language_that_needs_most_of_those_not_refused() -> None:
    quiet, loud, hopeless = np.full(1000, 0.1), np.full(1000, 0.1), np.full(1000, 0.8)
    loud[:20] = 0.7
    every = together(harmless("sv", quiet), harmless("th", loud), harmless("xx", hopeless))
    assert 0.7 < raised_threshold(0.6, every) < 0.75
    assert raised_threshold(0.9, every) == 0.9


def test_a_language_is_shipped_by_sets_that_nobody_trained_on() -> None:
    test = together(
        rows("ko", "curse_ko", apart=0.4, trained=False),
        rows("ko", "kmhas_ko", apart=0.1, trained=True),
        rows("tr", "offenseval", apart=0.6, trained=True),
        rows("de", "germeval", apart=0.05, trained=False),
    )
    measured = measure_languages(
        test, EMPTY, harmless("ru", np.full(200, 0.1)), {"careful": 0.9, "balanced": 0.6, "strict": 0.3}
    )
    assert languages_by_status(measured, "shipped") == ["ko"]
    assert languages_by_status(measured, "experimental") == ["de", "ru", "tr"]
    assert measured["tr"].roc_auc is None
    assert measured["ko"].roc_auc == measured["ko"].sets["curse_ko"].roc_auc
    assert measured["ru"].false_positives == {"careful": 0.0, "balanced": 0.0, "strict": 0.0}
    points = measured["ko"].sets["curse_ko"].points
    assert points["strict"]["recall"] >= points["balanced"]["recall"] >= points["careful"]["recall"]


def test_a_language_whose_harmless_sentences_need_too_much_is_refused() -> None:
    test = rows("ko", "curse_ko", apart=0.4, trained=False)
    measured = measure_languages(test, EMPTY, harmless("ko", np.full(200, 0.8)), {"balanced": 0.6})
    assert measured["ko"].status == "refused"


def test_a_language_has_presets_of_its_own_above_what_its_harmless_sentences_need() -> None:
    validation = rows("ko", "beep_ko", apart=0.4, trained=True)
    news = np.full(200, 0.1)
    news[:10] = 0.75
    measured = measure_languages(EMPTY, validation, harmless("ko", news), {"balanced": 0.6})
    points = measured["ko"].points
    assert points is not None
    own = points.threshold("balanced")
    assert own is not None
    assert own > 0.75
    assert measured["ko"].to_dict()["points"]["balanced"]["threshold"] == own
    assert measured["ko"].false_positives["balanced"] == pytest.approx(0.05)
