"""A list in, a list out, in order, with the verdict that the thresholds mean."""

from pathlib import Path

import numpy
import pytest

from classifier.inference.errors import ScoreNotFinite
from classifier.inference.scorer import Scorer
from classifier.inference.verdict import verdict_for
from classifier.tests.inference.models import reseal


@pytest.fixture(scope="module")
def scorer(model: Path) -> Scorer:
    return Scorer(model, "fp32", token_budget=32)


def test_results_keep_the_order_whatever_the_lengths(scorer: Scorer) -> None:
    texts = ["you", "very " * 40, "hate rain", "", "idiot " * 7, "you"]
    results = scorer.score(texts)
    assert len(results) == len(texts)
    for text, result in zip(texts, results, strict=True):
        assert result.scores == pytest.approx(scorer.score([text])[0].scores, abs=1e-5)


def test_no_texts_give_no_results(scorer: Scorer) -> None:
    assert scorer.score([]) == []


def test_it_rejects_one_string_in_place_of_a_list(scorer: Scorer) -> None:
    with pytest.raises(TypeError, match="list of strings"):
        scorer.score("I hate you")


def test_labels_and_version_are_the_manifests(scorer: Scorer) -> None:
    (result,) = scorer.score(["hello"])
    assert tuple(result.scores) == scorer.labels == scorer.manifest.labels
    assert scorer.version == scorer.manifest.version
    assert all(0.0 < value < 1.0 for value in result.scores.values())


def test_the_verdict_follows_the_primary_labels_threshold_alone() -> None:
    thresholds = {"toxic": 0.5, "insult": 0.1}
    assert verdict_for({"toxic": 0.5, "insult": 0.0}, thresholds, "toxic") == "toxic"
    assert verdict_for({"toxic": 0.49, "insult": 0.9}, thresholds, "toxic") == "non-toxic"


@pytest.mark.parametrize(("threshold", "verdict"), [(0.0, "toxic"), (1.0, "non-toxic")])
def test_the_scorer_uses_the_manifests_threshold(folder: Path, threshold: float, verdict: str) -> None:
    scorer = Scorer(folder)
    reseal(folder, thresholds=dict.fromkeys(scorer.labels, threshold))
    assert Scorer(folder, "fp32").score(["you"])[0].verdict == verdict


def test_it_never_reports_what_is_not_a_number(scorer: Scorer) -> None:
    prepared = scorer.prepare(["you"])
    with pytest.raises(ScoreNotFinite, match=scorer.version):
        scorer.finish(prepared, numpy.full((1, 6), numpy.nan, dtype=numpy.float32))


def test_invisible_characters_do_not_change_a_score(scorer: Scorer) -> None:
    plain, hidden = scorer.score(["you idiot", "\u200byou\x00  id\u00adi\u200dot\n"])
    assert plain.scores == hidden.scores
