"""Windows lie end to end in groups of nearly one length; filling is the window's own last token."""

import numpy

from classifier.inference.backends.packing import SLACK, pack
from classifier.inference.scorer import packs


def test_near_lengths_share_a_group_and_far_ones_do_not() -> None:
    windows = [numpy.arange(length) + 100 for length in (20, 20, 20 - SLACK, 5)]
    packed = pack(windows)
    assert [(group.count, group.length) for group in packed.groups] == [(3, 20), (1, 5)]
    assert packed.firsts.tolist() == [0, 20, 40, 60]
    assert packed.groups[0].filled is not None
    assert packed.groups[1].filled is None


def test_filling_repeats_the_last_token_at_its_own_place() -> None:
    packed = pack([numpy.array([7, 8, 9]), numpy.array([7, 9])])
    assert packed.ids.tolist() == [7, 8, 9, 7, 9, 9]
    assert packed.places.tolist() == [0, 1, 2, 0, 1, 1]


def test_packs_hold_every_window_once_within_the_budget() -> None:
    lengths = [5, 300, 40, 40, 7, 512, 2, 90]
    groups = packs(lengths, 512)
    assert sorted(at for group in groups for at in group) == list(range(len(lengths)))
    assert all(sum(lengths[at] for at in group) <= 512 for group in groups)


def test_a_window_above_the_budget_runs_alone() -> None:
    assert packs([100, 20, 100], 50) == [[0], [2], [1]]
