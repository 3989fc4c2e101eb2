"""The loss of transcripts against the enumeration of their paths."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest
import torch

from sksequence._training.ctc import CTCLoss

SAID = [(1, 2), (2, 2), (1,)]
N_FRAMES = torch.tensor([5, 4, 3])


def outputs():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, 5, 3, generator=generator, dtype=torch.float64)


def targets():
    codes = torch.zeros(3, 2, dtype=torch.int64)
    for row, said in zip(codes, SAID, strict=True):
        row[: len(said)] = torch.tensor(said)
    return codes


def losses():
    """Negative log likelihood per label of each transcript, path by path."""
    found = []
    for scores, n, said in zip(outputs(), N_FRAMES, SAID, strict=True):
        proba = scores.softmax(1)[:n].numpy()
        paths = product(range(3), repeat=int(n))
        kept = [p for p in paths if tuple(s for s, _ in groupby(p) if s) == said]
        total = sum(proba[np.arange(len(path)), path].prod() for path in kept)
        found.append(-np.log(total) / len(said))
    return np.array(found)


def test_the_loss_sums_over_all_paths():
    loss = CTCLoss()(outputs(), targets(), N_FRAMES)
    assert float(loss) == pytest.approx(losses().mean(), rel=1e-12)
    single = CTCLoss()(outputs().float(), targets(), N_FRAMES)
    assert float(single) == pytest.approx(losses().mean(), rel=1e-5)


def test_weights_count_sequences():
    weight = torch.tensor([2.0, 0.0, 1.0], dtype=torch.float64)
    loss = CTCLoss()(outputs(), (targets(), weight), N_FRAMES)
    assert float(loss) == pytest.approx((losses() * weight.numpy()).mean(), rel=1e-12)


def test_padding_has_no_gradient():
    scores = outputs().requires_grad_()
    CTCLoss()(scores, targets(), N_FRAMES).backward()
    assert scores.grad is not None
    for gradient, n in zip(scores.grad, N_FRAMES, strict=True):
        assert (gradient[n:] == 0).all()
        assert (gradient[:n] != 0).any()


def test_gradients_are_those_of_the_loss():
    def loss(scores):
        return CTCLoss()(scores, targets(), N_FRAMES)

    assert torch.autograd.gradcheck(loss, outputs().requires_grad_())
