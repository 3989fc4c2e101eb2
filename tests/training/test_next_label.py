"""The loss of labels that are said one after another, by its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sksequence._training.next_label import NextLabelLoss

SAID = [(1, 2), (2,), (1, 1, 2)]


def outputs():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, 4, 3, generator=generator, dtype=torch.float64)


def targets():
    codes = torch.zeros(3, 3, dtype=torch.int64)
    for row, said in zip(codes, SAID, strict=True):
        row[: len(said)] = torch.tensor(said)
    return codes


def losses(smoothing):
    """Cross entropy with a smoothed distribution, per label and end."""
    found = []
    for scores, said in zip(outputs(), SAID, strict=True):
        log_proba = scores.log_softmax(1).numpy()
        of_labels = []
        for t, code in enumerate([*said, 0]):
            true = np.full(3, smoothing / 3)
            true[code] += 1 - smoothing
            of_labels.append(-(true * log_proba[t]).sum())
        found.append(np.mean(of_labels))
    return np.array(found)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("training", [True, False])
def test_the_loss_is_the_mean_over_sequences_of_that_per_label(smoothing, training):
    loss = NextLabelLoss(smoothing).train(training)
    expected = losses(smoothing if training else 0.0)
    assert float(loss(outputs(), targets())) == pytest.approx(expected.mean(), rel=1e-12)
    weight = torch.tensor([2.0, 0.0, 1.0], dtype=torch.float64)
    weighted = (expected * weight.numpy()).mean()
    assert float(loss(outputs(), (targets(), weight))) == pytest.approx(weighted)


def test_what_comes_after_the_end_has_no_gradient():
    scores = outputs().requires_grad_()
    NextLabelLoss(0.1)(scores, targets()).backward()
    assert scores.grad is not None
    for gradient, said in zip(scores.grad, SAID, strict=True):
        assert (gradient[len(said) + 1 :] == 0).all()
        assert (gradient[: len(said) + 1] != 0).all()


def test_gradients_are_those_of_the_loss():
    def loss(scores):
        return NextLabelLoss(0.1)(scores, targets())

    assert torch.autograd.gradcheck(loss, outputs().requires_grad_())
