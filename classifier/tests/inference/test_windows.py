"""A text longer than the model is cut into overlapping windows, and never cut short."""

from itertools import pairwise
from pathlib import Path

import numpy
import pytest

from classifier.inference.errors import ArtifactInvalid, TextTooLong
from classifier.inference.scorer import Scorer
from classifier.tests.inference.models import config_with


@pytest.fixture(scope="module")
def scorer(model: Path) -> Scorer:
    return Scorer(model, "fp32", max_windows=5)


def test_a_text_that_just_fits_is_one_window(scorer: Scorer) -> None:
    (window,) = scorer.prepare(["you " * 510]).windows
    assert len(window.ids) == 512
    assert scorer.score(["you " * 510])[0].windows == 1


def test_one_token_more_makes_a_second_window(scorer: Scorer) -> None:
    first, second = scorer.prepare(["you " * 511]).windows
    assert len(first.ids) == 512
    assert len(second.ids) == 511 - 384 + 2


def test_windows_cover_every_token_and_overlap(scorer: Scorer) -> None:
    words = ["you", "hate", "rain", "idiot", "love", "very"]
    text = " ".join(words[at * at % 6] for at in range(1_500))
    whole = scorer.windower.tokenizer.encode(text, add_special_tokens=False).ids
    windows = scorer.prepare([text]).windows
    rebuilt: list[int] = []
    for number, window in enumerate(windows):
        assert window.ids[0] == scorer.windower.before[0]
        assert window.ids[-1] == scorer.windower.after[0]
        rebuilt[number * 384 :] = window.ids[1:-1].tolist()
    assert rebuilt == whole
    assert windows[0].begin == 0
    assert windows[-1].end == len(text)
    assert all(a.end > b.begin > a.begin for a, b in pairwise(windows))


def test_a_label_scores_the_highest_of_its_windows(scorer: Scorer) -> None:
    (result,) = scorer.score(["you hate " * 300 + "idiot " * 300])
    assert result.windows == len(result.spans) > 1
    for label in scorer.labels:
        assert result.scores[label] == max(span.scores[label] for span in result.spans)


def test_spans_are_places_of_the_text_as_it_was_given(scorer: Scorer) -> None:
    text = "\x00\x00  " + "i\u200bdiot  " * 700
    spans = scorer.score([text])[0].spans
    assert spans[0].begin == 0
    assert spans[-1].end == len(text)
    assert text[spans[1].begin :].startswith("i\u200bdiot")


def test_it_refuses_a_text_of_too_many_windows_and_names_it(scorer: Scorer) -> None:
    with pytest.raises(TextTooLong, match="the limit is 5") as caught:
        scorer.score(["fine", "you " * 3_000])
    assert (caught.value.index, caught.value.windows, caught.value.limit) == (1, 8, 5)


def test_windows_of_several_texts_stay_with_their_text(scorer: Scorer) -> None:
    prepared = scorer.prepare(["a", "you " * 600, "b"])
    assert [window.text for window in prepared.windows] == [0, 1, 1, 2]
    assert all(window.ids.dtype == numpy.int64 for window in prepared.windows)


def test_it_rejects_a_tokenizer_with_more_words_than_the_model(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    name = "bert.embeddings.word_embeddings.weight"
    weights[name] = weights[name][:10]
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(ArtifactInvalid, match=r"tokenizer\.json"):
        Scorer(config_with(folder, vocab_size=10), "fp32")
