"""Gradients of losses by formula, and by autograd where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sksequence._training import loss_gradients
from sksequence._training.loss_gradients import with_gradient
from sksequence._training.losses import LOSSES
from sksequence._training.weighted_loss import WeightedLoss

N = 7
# Outputs for each of two values, by loss.
N_PARAMETERS = {"gaussian": 2, "student_t": 3, "negative_binomial": 2, "quantile": 1}
LEVELS = (0.1, 0.5, 0.9)


def criterion_of(name, **options):
    if name == "quantiles":
        return WeightedLoss("quantile", LEVELS, **options).train()
    scale = np.array([2.0, 3.0]) if name == "negative_binomial" else None
    quantile = 0.3 if name == "quantile" else None
    return WeightedLoss(name, quantile, target_scale=scale, **options).train()


def drawn(name, dtype):
    """Outputs of a network, and targets for them."""
    if name == "cross_entropy":
        return torch.randn(N, 5, dtype=dtype), torch.randint(5, (N,))
    n_parameters = 3 if name == "quantiles" else N_PARAMETERS.get(name, 1)
    output = torch.randn(N, 2 * n_parameters, dtype=dtype)
    if name == "binary_cross_entropy":
        return output, torch.randint(2, (N, 2)).to(dtype)
    counts = name in ("poisson", "negative_binomial")
    return output, torch.randn(N, 2, dtype=dtype).abs().round() if counts else (
        torch.randn(N, 2, dtype=dtype)
    )


def by_autograd(criterion, output, target):
    leaf = output.clone().requires_grad_()
    loss = criterion(leaf, target)
    loss.backward()
    return loss.detach(), leaf.grad


def assert_same(criterion, output, target):
    expected = by_autograd(criterion, output, target)
    found = with_gradient(criterion)(output.clone(), target)
    for mine, known in zip(found, expected, strict=True):
        assert torch.equal(mine, known)
        assert not mine.requires_grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("weighted", [None, "sequences", "outputs"])
@pytest.mark.parametrize("name", [*LOSSES, "quantile", "quantiles"])
def test_a_loss_and_its_gradient_have_the_bits_of_autograd(name, weighted, dtype):
    torch.manual_seed(0)
    output, target = drawn(name, dtype)
    if weighted == "outputs":
        if target.ndim == 1:
            pytest.skip("a label is one output")
        target = target, torch.rand(N, 2, dtype=dtype)
    elif weighted:
        target = target, torch.rand(N, dtype=dtype)
    assert_same(criterion_of(name), output, target)


@pytest.mark.parametrize("n", [1, 3, 16, 300])
@pytest.mark.parametrize("name", ["cross_entropy", "squared_error"])
def test_formulas_hold_for_batches_of_any_size(name, n):
    torch.manual_seed(n)
    for n_outputs in (1, 2, 30):
        output, weight = torch.randn(n, n_outputs), torch.rand(n)
        if name == "cross_entropy":
            target = torch.randint(n_outputs, (n,))
        else:
            target = torch.randn(n, n_outputs)
        for given in (target, (target, weight)):
            assert_same(criterion_of(name), output, given)


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("weighted", [False, True])
def test_smoothed_labels_have_a_gradient_too(name, weighted):
    torch.manual_seed(0)
    output, target = drawn(name, torch.float32)
    target = (target, torch.rand(N)) if weighted else target
    assert_same(criterion_of(name, label_smoothing=0.2), output, target)


def test_probabilities_of_labels_have_a_gradient_too():
    """Those of mixed sequences."""
    output, shares = torch.randn(N, 5), torch.rand(N, 5).softmax(1)
    assert_same(criterion_of("cross_entropy"), output, shares)


def test_labels_and_squares_need_no_graph(monkeypatch):
    monkeypatch.setattr(torch.autograd, "grad", None)
    for name in ("cross_entropy", "squared_error"):
        with_gradient(criterion_of(name))(*drawn(name, torch.float32))


def test_without_torchs_own_gradient_autograd_serves(monkeypatch):
    formulas = {
        loss: formula
        for loss, formula in loss_gradients._FORMULAS.items()
        if loss is not LOSSES["cross_entropy"]
    }
    monkeypatch.setattr(loss_gradients, "_FORMULAS", formulas)
    assert_same(criterion_of("cross_entropy"), *drawn("cross_entropy", torch.float32))


@pytest.mark.parametrize("n_classes", [2, 64, 65, 200])
def test_however_many_classes_there_are(n_classes):
    """Of few, the gradients of all labels are kept."""
    criterion = criterion_of("cross_entropy")
    for n in (1, 7, 16):
        output = 5 * torch.randn(n, n_classes)
        assert_same(criterion, output, torch.randint(n_classes, (n,)))
