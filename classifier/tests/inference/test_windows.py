"""A text longer than a window is cut into overlapping ones, and never cut short."""

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy
import pytest

from classifier.inference.errors import ArtifactInvalid, TextTooLong
from classifier.inference.scorer import WINDOW_SPREAD, Scorer, of_windows
from classifier.inference.windows import WINDOW_LENGTH
from classifier.tests.inference.models import config_with


@pytest.fixture(scope="module")
def scorer(model: Path) -> Scorer:
    return Scorer(model, "fp32", max_windows=5)


def test_a_text_that_just_fits_is_one_window(scorer: Scorer) -> None:
    (window,) = scorer.prepare(["you " * (WINDOW_LENGTH - 2)]).windows
    assert len(window.ids) == WINDOW_LENGTH
    assert scorer.score(["you " * (WINDOW_LENGTH - 2)])[0].windows == 1


def test_one_token_more_makes_a_second_window(scorer: Scorer) -> None:
    first, second = scorer.prepare(["you " * (WINDOW_LENGTH - 1)]).windows
    assert len(first.ids) == WINDOW_LENGTH
    assert len(second.ids) == WINDOW_LENGTH - 1 - WINDOW_LENGTH * 3 // 4 + 2


def test_a_manifest_may_name_the_length_of_a_window(folder: Path) -> None:
    raw = json.loads((folder / "manifest.json").read_text())
    for length, windows in ((64, 3), (512, 1)):
        (folder / "manifest.json").write_text(json.dumps({**raw, "window_length": length}))
        assert Scorer(folder, "fp32").score(["you " * 150])[0].windows == windows
    for wrong in (4, 513, "64", True):
        (folder / "manifest.json").write_text(json.dumps({**raw, "window_length": wrong}))
        with pytest.raises(ArtifactInvalid, match="window_length must be a whole number from 8 to 512"):
            Scorer(folder, "fp32")


def test_windows_cover_every_token_and_overlap(scorer: Scorer) -> None:
    words = ["you", "hate", "rain", "idiot", "love", "very"]
    text = " ".join(words[at * at % 6] for at in range(1_500))
    whole = scorer.windower.tokenizer.encode(text, add_special_tokens=False).ids
    windows = scorer.prepare([text]).windows
    rebuilt: list[int] = []
    for number, window in enumerate(windows):
        assert window.ids[0] == scorer.windower.before[0]
        assert window.ids[-1] == scorer.windower.after[0]
        rebuilt[number * (WINDOW_LENGTH * 3 // 4) :] = window.ids[1:-1].tolist()
    assert rebuilt == whole
    assert windows[0].begin == 0
    assert windows[-1].end == len(text)
    assert all(a.end > b.begin > a.begin for a, b in pairwise(windows))


def test_a_label_scores_the_highest_of_its_windows_lowered_for_their_number(scorer: Scorer) -> None:
    (result,) = scorer.score(["you hate " * 300 + "idiot " * 300])
    assert result.windows == len(result.spans) > 1
    for label in scorer.labels:
        parts = [span.scores[label] for span in result.spans]
        assert result.scores[label] == of_windows(parts)
        odds = [math.log(p / (1 - p)) for p in (max(parts), result.scores[label])]
        lowered = WINDOW_SPREAD * math.sqrt(2 * math.log(len(parts)))
        assert odds[0] - odds[1] == pytest.approx(lowered)


def test_the_score_of_one_window_and_a_sure_one_stay(scorer: Scorer) -> None:
    assert of_windows([0.7]) == 0.7
    assert of_windows([0.0, 0.0]) == 0.0
    assert of_windows([0.2, 1.0]) == 1.0


def test_spans_are_places_of_the_text_as_it_was_given(scorer: Scorer) -> None:
    text = "\x00\x00  " + "i\u200bdiot  " * 700
    spans = scorer.score([text])[0].spans
    assert spans[0].begin == 0
    assert spans[-1].end == len(text)
    assert text[spans[1].begin :].startswith("i\u200bdiot")


def test_it_refuses_a_text_of_too_many_windows_of_the_models_whole_length_and_names_it(
    scorer: Scorer,
) -> None:
    longest = 510 + 4 * 384  # tokens in five windows of 512
    assert scorer.score(["you " * longest])[0].windows > 5
    with pytest.raises(TextTooLong, match="the limit is 5"):
        scorer.score(["you " * (longest + 1)])
    with pytest.raises(TextTooLong, match="the limit is 5") as caught:
        scorer.score(["fine", "you " * 3_000])
    assert (caught.value.index, caught.value.windows, caught.value.limit) == (1, 8, 5)


def test_windows_of_several_texts_stay_with_their_text(scorer: Scorer) -> None:
    prepared = scorer.prepare(["a", "you " * 250, "b"])
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
