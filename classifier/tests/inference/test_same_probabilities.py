"""Every engine gives transformers' fp32 probabilities within the tolerance that it states."""

import json
import os
from pathlib import Path

import numpy
import pytest

from classifier.inference.backends import MAX_ABS_PROBABILITY_ERROR
from classifier.inference.scorer import Scorer
from classifier.tests.inference.models import reference, texts_of_many_lengths

STARTER = Path(os.environ.get("STARTER_MODEL_DIR", Path(__file__).parents[3] / "models" / "starter"))
COMMENTS = json.loads((Path(__file__).parent / "comments.json").read_text())["comments"]
ENGINES = ["fp32", "bf16", "int8", "generic"]


def deviation(scorer: Scorer, texts: list[str]) -> float:
    found = scorer.probabilities(scorer.run(scorer.prepare(texts)))
    return float(numpy.abs(found - reference(scorer, texts)).max())


@pytest.mark.parametrize("backend", ENGINES)
def test_it_agrees_on_a_random_model(model: Path, backend: str) -> None:
    assert deviation(Scorer(model, backend), texts_of_many_lengths()) <= MAX_ABS_PROBABILITY_ERROR[backend]


@pytest.mark.starter
@pytest.mark.skipif(
    not STARTER.joinpath("manifest.json").exists(), reason="no starter model in this checkout"
)
@pytest.mark.parametrize("backend", ENGINES)
def test_it_agrees_on_the_starter_model_and_real_sentences(backend: str) -> None:
    scorer = Scorer(STARTER, backend)
    assert deviation(scorer, COMMENTS) <= MAX_ABS_PROBABILITY_ERROR[backend]


@pytest.mark.skipif("not __import__('torch').cuda.is_available()", reason="no GPU here")
def test_the_gpu_agrees_too(model: Path) -> None:
    assert deviation(Scorer(model, "cuda"), texts_of_many_lengths()) <= MAX_ABS_PROBABILITY_ERROR["cuda"]


def test_company_in_a_batch_changes_nothing_that_matters(model: Path) -> None:
    scorer = Scorer(model, "fp32")
    texts = texts_of_many_lengths()
    alone = [scorer.score([text])[0].scores["toxic"] for text in texts]
    together = [result.scores["toxic"] for result in scorer.score(texts)]
    assert together == pytest.approx(alone, abs=1e-5)
