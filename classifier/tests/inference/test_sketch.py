"""Sketches: copies in other dress have one hash, near-duplicates share a part, different texts share none."""

import random

import pytest

from classifier.inference.sketch import BANDS, folded, similarity, sketch, sketches, text_hash

RANT = "Nobody wants you here, go back to where you came from and take your friends with you"


@pytest.mark.parametrize(
    "dress", [RANT.upper(), f"  {RANT}!!! ", RANT.replace(" ", "\n\n"), RANT.replace("a", "\u200ba")]
)
def test_a_copy_in_other_dress_has_the_same_hash_and_sketch(dress: str) -> None:
    assert text_hash(folded(dress)) == text_hash(folded(RANT))
    assert sketch(folded(dress)) == sketch(folded(RANT))


def test_numbers_fit_the_columns_of_the_database() -> None:
    for text in (RANT, "x" * 5_000, "😀" * 40, "ü" * 30):
        assert -(2**63) <= text_hash(folded(text)) < 2**63
        parts = sketch(folded(text))
        assert parts is not None
        assert len(parts) == BANDS
        assert all(-(2**31) <= part < 2**31 for part in parts)


def test_a_short_text_has_a_hash_and_no_sketch() -> None:
    assert sketch(folded("you idiot")) is None
    assert text_hash(folded("you idiot")) != text_hash(folded("you friend"))
    assert text_hash(folded("!!!")) != text_hash(folded("???"))


def test_near_copies_mostly_share_a_part_and_different_texts_do_not() -> None:
    generator = random.Random(5)
    words = ["".join(generator.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(400)]
    found = strangers = 0
    for _ in range(100):
        text = generator.choices(words, k=40)
        near = [*text[:20], generator.choice(words), *text[21:]]
        other = generator.choices(words, k=40)
        one, two, three = (folded(" ".join(each)) for each in (text, near, other))
        found += bool(set(sketch(one) or ()) & set(sketch(two) or ()))
        strangers += bool(set(sketch(one) or ()) & set(sketch(three) or ()))
        assert similarity(one, two) > 0.8
        assert similarity(one, three) < 0.5
    assert found >= 97
    assert strangers <= 3


def test_similarity_is_the_share_of_common_shingles() -> None:
    assert similarity("abcdef", "abcdef") == 1.0
    assert similarity("abcdef", "abcdeg") == pytest.approx(1 / 3)  # abcde of abcde, bcdef, bcdeg
    assert similarity("abcdef", "xyzuvw") == 0.0
    assert similarity("a", "b") == 0.0


def test_many_texts_at_once_have_the_sketches_of_each_alone() -> None:
    texts = [
        RANT,
        "short",
        "x" * 5_000,
        "",
        "😀" * 40,
        RANT[:20],
        RANT * 40,
        *(f"{RANT} {n}" for n in range(2_100)),
    ]
    folds = [folded(text) for text in texts]
    made, known = sketches(folds)
    alone = [sketch(fold) for fold in folds]
    assert known.tolist() == [each is not None for each in alone]
    assert all(made[row].tolist() == each for row, each in enumerate(alone) if each is not None)
    assert sketches([])[0].shape == (0, BANDS)
