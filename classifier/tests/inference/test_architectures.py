"""Any encoder with a classification head is scored, whichever engine it needs, with one label or many."""

from pathlib import Path

import numpy
import pytest

from classifier.inference.backends import MAX_ABS_PROBABILITY_ERROR
from classifier.inference.errors import ArtifactInvalid, BackendUnavailable
from classifier.inference.scorer import Scorer
from classifier.tests.inference.models import config_with, reference, reseal, transformers_artifact

TEXTS = ["you", "I hate you", "thank you, that is very good", "rain " * 60]
SIX = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


@pytest.mark.parametrize("kind", ["roberta", "mpnet", "electra", "distilbert"])
def test_it_scores_other_architectures_through_the_generic_engine(tmp_path: Path, kind: str) -> None:
    scorer = Scorer(transformers_artifact(tmp_path / "model", kind, SIX, "sigmoid"))
    assert scorer.backend_name in ("generic", "cuda")
    found = scorer.probabilities(scorer.run(scorer.prepare(TEXTS)))
    assert numpy.abs(found - reference(scorer, TEXTS)).max() <= MAX_ABS_PROBABILITY_ERROR[scorer.backend_name]


def test_a_softmax_model_has_one_label_and_the_second_class_is_it(tmp_path: Path) -> None:
    scorer = Scorer(transformers_artifact(tmp_path / "model", "bert", ["toxic"], "softmax"), "fp32")
    logits = scorer.run(scorer.prepare(TEXTS)).astype(numpy.float64)
    second = numpy.exp(logits[:, 1]) / numpy.exp(logits).sum(axis=1)
    scores = [result.scores for result in scorer.score(TEXTS)]
    assert [list(row) for row in scores] == [["toxic"]] * len(TEXTS)
    assert [row["toxic"] for row in scores] == pytest.approx(second.tolist(), abs=1e-9)


def test_the_packed_engine_refuses_what_it_does_not_know_and_names_the_other(tmp_path: Path) -> None:
    folder = transformers_artifact(tmp_path / "model", "distilbert", SIX, "sigmoid")
    with pytest.raises(BackendUnavailable, match="use generic"):
        Scorer(folder, "fp32")


def test_it_rejects_weights_of_another_architecture(tmp_path: Path) -> None:
    folder = transformers_artifact(tmp_path / "model", "distilbert", SIX, "sigmoid")
    with pytest.raises(ArtifactInvalid, match="roberta"):
        Scorer(
            config_with(
                folder, model_type="roberta", hidden_size=64, num_attention_heads=2, num_hidden_layers=2
            )
        )


def test_it_rejects_an_architecture_that_nobody_knows(folder: Path) -> None:
    with pytest.raises(ArtifactInvalid, match=r"^the model in"):
        Scorer(config_with(folder, model_type="martian"))


def test_it_rejects_an_engine_that_nobody_knows(model: Path) -> None:
    with pytest.raises(BackendUnavailable, match="choose one of"):
        Scorer(model, "tpu")


def test_tanh_gelu_and_relu_run_in_the_packed_engine(folder: Path) -> None:
    for activation in ("gelu_new", "relu"):
        scorer = Scorer(config_with(reseal(folder), hidden_act=activation), "fp32")
        found = scorer.probabilities(scorer.run(scorer.prepare(TEXTS)))
        assert numpy.abs(found - reference(scorer, TEXTS)).max() <= MAX_ABS_PROBABILITY_ERROR["fp32"]
