"""Long coherent texts: the same part of a topic with an abusive sentence and with one that only looks so."""

import pytest

from training.ml.mixture.long_texts import AIMED, TOPICS, long_texts
from training.ml.mixture.templates import MEANINGS, Sentence, contrast_sentences

BORROWED = [
    Sentence("you are a plank", MEANINGS["insult"], "aimed"),
    Sentence("they called me a plank", MEANINGS["mentioned"], "aimed"),
]
TEXTS = long_texts(400, BORROWED, 5)


def test_both_sides_are_there_as_often() -> None:
    toxic = [text for text in TEXTS if text.labels[0] == 1]
    assert abs(len(toxic) - len(TEXTS) / 2) <= 5
    assert {text.labels for text in toxic} == {AIMED, MEANINGS["insult"]}
    assert {text.labels for text in TEXTS if text.labels[0] == 0} == {
        MEANINGS["harmless"],
        MEANINGS["mentioned"],
    }


def test_what_is_slipped_in_is_never_cut() -> None:
    assert [text for text in TEXTS if "plank" in text.text]
    for text in TEXTS:
        if text.labels == MEANINGS["insult"]:
            assert "you are a plank" in text.text.lower()


def test_a_text_is_a_part_of_its_topic_in_order() -> None:
    import yaml

    topics = yaml.safe_load(TOPICS.read_text(encoding="utf-8"))["topics"]
    for text in TEXTS[:60]:
        sentences = topics[int(text.pattern.rsplit(" ", 1)[1])]["sentences"]
        places = [text.text.find(sentence) for sentence in sentences if sentence in text.text]
        assert places
        assert places == sorted(places)


def test_no_slot_is_left_open_and_nothing_comes_twice() -> None:
    texts = [text.text for text in TEXTS]
    assert not [text for text in texts if "{" in text or "}" in text]
    assert len(set(texts)) == len(texts)


def test_a_window_holds_most_of_them_whole() -> None:
    lengths = sorted(len(text.text.split()) for text in TEXTS)
    assert 30 < lengths[len(lengths) // 2] < 110


@pytest.mark.parametrize("seed", [5, 6])
def test_the_seed_decides_everything(seed: int) -> None:
    assert (long_texts(400, BORROWED, seed) == TEXTS) is (seed == 5)


def test_contrast_sentences_are_slipped_in_with_their_labels() -> None:
    contrast = contrast_sentences(5, 0.02)
    labels = {text.labels for text in long_texts(300, contrast, 5)}
    assert MEANINGS["threat"] in labels
    assert MEANINGS["swearing"] in labels
