"""The loss parts against numbers worked out by hand."""

import math

import pytest
import torch

from training.ml.config import LossWeights
from training.ml.train.losses import cosine, cross_entropy, distill_loss, temperature_kl


def test_cross_entropy_of_a_sigmoid_head_leaves_unknown_labels_out() -> None:
    logits = torch.tensor([[0.0, 5.0], [math.log(3), 0.0]])
    targets = torch.tensor([[1.0, -1.0], [0.0, -1.0]])
    expected = (math.log(2) + math.log(4)) / 2  # -log(1/2), -log(1 - 3/4)
    assert cross_entropy(logits, targets, softmax=False).item() == pytest.approx(expected, rel=1e-6)


def test_an_unknown_label_sends_no_gradient() -> None:
    logits = torch.zeros(2, 2, requires_grad=True)
    cross_entropy(logits, torch.tensor([[1.0, -1.0], [0.0, -1.0]]), softmax=False).backward()
    assert logits.grad is not None
    assert logits.grad[:, 1].abs().sum() == 0
    assert logits.grad[:, 0].abs().sum() > 0


def test_cross_entropy_of_a_softmax_head_is_the_usual_one() -> None:
    logits = torch.tensor([[0.0, math.log(3)], [9.0, 0.0]])
    targets = torch.tensor([[1.0], [-1.0]])
    assert cross_entropy(logits, targets, softmax=True).item() == pytest.approx(math.log(4 / 3), rel=1e-6)


def test_nothing_known_costs_nothing() -> None:
    unknown = torch.full((2, 1), -1.0)
    assert cross_entropy(torch.ones(2, 2), unknown, softmax=True).item() == 0
    assert cross_entropy(torch.ones(2, 1), unknown, softmax=False).item() == 0


def test_kl_of_two_softmax_heads_by_hand() -> None:
    teacher, student = torch.tensor([[0.0, 2 * math.log(3)]]), torch.zeros(1, 2)
    # at temperature 2 the teacher says (1/4, 3/4) and the student (1/2, 1/2)
    expected = 4 * (0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5))
    assert temperature_kl(student, teacher, 2.0, softmax=True).item() == pytest.approx(expected, rel=1e-5)


def test_kl_of_two_sigmoid_heads_is_averaged_over_labels() -> None:
    teacher, student = torch.tensor([[2 * math.log(3), 0.0]]), torch.zeros(1, 2)
    one = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert temperature_kl(student, teacher, 2.0, softmax=False).item() == pytest.approx(4 * one / 2, rel=1e-5)


def test_equal_logits_have_no_kl_and_no_cosine_distance() -> None:
    logits = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))
    assert temperature_kl(logits, logits, 3.0, softmax=False).item() == pytest.approx(0, abs=1e-6)
    assert cosine(logits, logits).item() == pytest.approx(0, abs=1e-6)
    assert cosine(logits, -logits).item() == pytest.approx(2, abs=1e-6)


def test_the_default_weights_make_the_mean_of_the_three_parts() -> None:
    generator = torch.Generator().manual_seed(1)
    student, teacher = (torch.randn(4, 2, generator=generator) for _ in range(2))
    parts = distill_loss(
        student, teacher, torch.tensor([[1.0], [0.0], [1.0], [0.0]]), LossWeights(), softmax=True
    )
    mean = (parts.cross_entropy + parts.kl + parts.cosine) / 3
    assert parts.total.item() == pytest.approx(mean.item(), rel=1e-6)


def test_an_output_without_a_teacher_learns_from_the_targets_alone() -> None:
    generator = torch.Generator().manual_seed(2)
    student, teacher = (torch.randn(4, 3, generator=generator) for _ in range(2))
    targets = torch.tensor([[1.0, 0.0, 1.0]] * 4)
    taught = torch.tensor([True, True, False])
    parts = distill_loss(student, teacher, targets, LossWeights(), softmax=False, taught=taught)
    two = distill_loss(student[:, :2], teacher[:, :2], targets[:, :2], LossWeights(), softmax=False)
    assert (parts.kl, parts.cosine) == (two.kl, two.cosine)
    assert parts.cross_entropy.item() == pytest.approx(cross_entropy(student, targets, softmax=False).item())


def test_row_weights_multiply_each_rows_part() -> None:
    logits = torch.tensor([[0.0], [math.log(3)]])
    targets = torch.tensor([[1.0], [0.0]])
    weights = torch.tensor([0.5, 1.5])
    expected = (0.5 * math.log(2) + 1.5 * math.log(4)) / 2
    assert cross_entropy(logits, targets, softmax=False, row_weights=weights).item() == pytest.approx(
        expected
    )
    two = torch.tensor([[0.0, 0.0], [0.0, math.log(3)]])
    assert cross_entropy(two, targets, softmax=True, row_weights=weights).item() == pytest.approx(expected)


def test_a_row_of_weight_zero_counts_in_no_part_of_distillation() -> None:
    student, teacher = torch.tensor([[0.3, -0.2], [4.0, 9.0]]), torch.tensor([[1.0, 0.5], [-7.0, 2.0]])
    targets = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    alone = distill_loss(student[:1], teacher[:1], targets[:1], LossWeights(), softmax=False)
    weighted = distill_loss(
        student, teacher, targets, LossWeights(), softmax=False, row_weights=torch.tensor([2.0, 0.0])
    )
    assert weighted.total.item() == pytest.approx(alone.total.item(), rel=1e-5)
