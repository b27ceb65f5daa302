"""A seed repeats the order of the faults, and every fault has its turn before one comes again."""

import random
from itertools import islice

from chaos.attack import in_turns
from chaos.faults import FAULTS
from chaos.load import text


def test_a_seed_repeats_the_order() -> None:
    first, again, other = (
        list(islice(in_turns(list(FAULTS), random.Random(seed)), 40)) for seed in (5, 5, 6)
    )
    assert first == again
    assert first != other


def test_every_fault_has_its_turn() -> None:
    size = len(FAULTS)
    order = list(islice(in_turns(list(FAULTS), random.Random(1)), 3 * size))
    for turn in range(3):
        assert sorted(order[turn * size : (turn + 1) * size]) == sorted(FAULTS)
    assert order[:size] != order[size : 2 * size]


def test_no_two_texts_are_alike() -> None:
    rng = random.Random(1)
    texts = [text(rng) for _ in range(500)]
    assert len(set(texts)) == 500
    assert all(texts)
