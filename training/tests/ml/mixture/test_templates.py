"""Contrast sentences: both sides of each difference, no two alike, the same for the same seed."""

from random import Random

import pytest

from training.ml.mixture.templates import MEANINGS, contrast_sentences, filled, quotation_frames

SENTENCES = contrast_sentences(5, 0.1)


def test_every_family_has_a_toxic_and_a_harmless_side() -> None:
    sides = {(sentence.family, sentence.labels[0]) for sentence in SENTENCES}
    families = {family for family, _ in sides}
    assert len(families) == 9
    assert sides == {(family, toxic) for family in families for toxic in (0, 1)}


def test_no_slot_is_left_open_and_no_sentence_comes_twice() -> None:
    texts = [sentence.text for sentence in SENTENCES]
    assert not [text for text in texts if "{" in text or "}" in text]
    assert len({text.lower() for text in texts}) == len(texts)
    assert not [text for text in texts if not text.strip()]


def test_the_seed_decides_everything() -> None:
    assert contrast_sentences(5, 0.1) == SENTENCES
    assert contrast_sentences(6, 0.1) != SENTENCES


@pytest.mark.parametrize("meaning", MEANINGS.values())
def test_labels_are_known_or_unknown(meaning: tuple[int, ...]) -> None:
    assert len(meaning) == 6
    assert set(meaning) <= {-1, 0, 1}
    assert meaning[0] == max(meaning)  # whatever else a text is, toxic says so


def test_frames_of_quotations_object_or_agree() -> None:
    objecting, agreeing = quotation_frames(endorsed=False), quotation_frames(endorsed=True)
    assert objecting
    assert agreeing
    assert not set(objecting) & set(agreeing)
    assert all(frame.count("{x}") == 1 for frame in objecting + agreeing)


def test_a_pattern_is_filled_with_the_words_of_the_folder() -> None:
    assert filled("see you {time}", Random(1)).startswith("see you ")
    assert filled("{a} and {b}", Random(1), {"a": ["{b}"], "b": ["x"]}) == "x and x"
