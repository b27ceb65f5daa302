"""Rows made by rule: each rule changes what it says, keeps the rest, and leaves alone what it does not apply to."""

import random

import pytest

from training.ml.mixture import augment


def rng(seed: int = 1) -> random.Random:
    return random.Random(seed)


def test_every_way_of_disguising_a_word_occurs_and_keeps_its_first_letters_or_length() -> None:
    spelled = {augment.disguised("garbage", rng(seed)) for seed in range(200)}
    assert len(spelled) > 40
    assert any(" " in word for word in spelled)
    assert any("@" in word or "4" in word for word in spelled)
    assert "grbg" in spelled


def test_only_the_words_asked_for_are_disguised() -> None:
    rule = augment.disguising({"rotten"})
    text = rule("what a rotten, rainy day", rng())
    assert text is not None
    assert text.startswith("what a ")
    assert text.endswith(" rainy day")
    assert "rotten" not in text
    assert rule("what a rainy day", rng()) is None


def test_any_word_may_be_disguised_but_nothing_without_letters() -> None:
    assert augment.disguise_any("good morning everybody", rng()) != "good morning everybody"
    assert augment.disguise_any("12 + 30 = 42", rng()) is None


def test_a_buried_comment_stays_whole_among_harmless_ones() -> None:
    harmless = [f"the weather report of day {day}" for day in range(20)]
    for seed in range(20):
        text = augment.burying(harmless)("you are all fools", rng(seed))
        assert text is not None
        assert "you are all fools" in text
        assert "weather report" in text


def test_a_quotation_holds_the_text_without_its_own_quotation_marks() -> None:
    assert augment.quoting(['he wrote "{x}" to me'])('"go away"', rng()) == 'he wrote "go away" to me'


@pytest.mark.parametrize(
    ("text", "pattern"),
    [("Muslims are our neighbours", "are our neighbours"), ("a gay couple and a gay choir", "couple and a")],
)
def test_a_group_is_exchanged_for_another_of_its_kind(text: str, pattern: str) -> None:
    changed = augment.exchange_identity(text, rng())
    assert changed is not None
    assert changed != text
    assert pattern in changed


def test_the_same_group_becomes_the_same_other_one_and_keeps_its_capital() -> None:
    changed = augment.exchange_identity("Women vote. women work. Women rest.", rng(3))
    assert changed is not None
    first, second, third = (sentence.split()[0] for sentence in changed.split(". "))
    assert first == third
    assert first[0].isupper()
    assert second == first.lower()


def test_a_text_without_groups_is_left_alone() -> None:
    assert augment.exchange_identity("the gaynor street bakery", rng()) is None
