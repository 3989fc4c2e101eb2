"""Losses against scikit-learn's metrics and formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn import metrics

from sksequence._inputs import LOSSES as PROPERTIES
from sksequence._training.losses import LOSSES, choose_loss
from sksequence._training.net import WeightedLoss


@pytest.fixture
def outputs(rng):
    return torch.tensor(rng.normal(size=(9, 3)), requires_grad=True)


def test_cross_entropy_is_log_loss(outputs, rng):
    codes = torch.tensor(rng.integers(0, 3, size=9))
    loss = choose_loss("cross_entropy")(outputs, codes)
    probability = outputs.softmax(1).detach().numpy()
    expected = metrics.log_loss(codes, probability, labels=[0, 1, 2])
    assert loss.mean().item() == pytest.approx(expected)


def test_binary_cross_entropy_is_the_mean_log_loss_of_the_labels(outputs, rng):
    truth = torch.tensor(rng.integers(0, 2, size=(9, 3))).double()
    loss = choose_loss("binary_cross_entropy")(outputs, truth)
    probability = outputs.sigmoid().detach().numpy()
    per_label = [
        metrics.log_loss(truth[:, i], probability[:, i], labels=[0, 1]) for i in range(3)
    ]
    assert loss.mean().item() == pytest.approx(np.mean(per_label))


def _huber(truth, output):
    apart = np.abs(truth - output)
    return np.where(apart <= 1, apart**2 / 2, apart - 0.5).mean()


@pytest.mark.parametrize(
    ("name", "quantile", "metric"),
    [
        ("squared_error", None, metrics.mean_squared_error),
        ("absolute_error", None, metrics.mean_absolute_error),
        ("huber", None, _huber),
        *(
            ("quantile", q, lambda t, o, q=q: metrics.mean_pinball_loss(t, o, alpha=q))
            for q in (0.05, 0.5, 0.9)
        ),
    ],
)
def test_regression_loss_is_the_metric_of_that_name(name, quantile, metric, outputs, rng):
    truth = rng.normal(size=(9, 3)) * 2
    loss = choose_loss(name, quantile)(outputs, torch.tensor(truth)).detach().numpy()
    output = outputs.detach().numpy()
    expected = [metric(truth[[i]], output[[i]]) for i in range(9)]
    np.testing.assert_allclose(loss, expected)


def test_poisson_is_half_the_deviance_up_to_a_constant(outputs, rng):
    counts = rng.poisson(2, size=(9, 3)) + 0.0
    loss = choose_loss("poisson")

    def deviance(output):
        return metrics.mean_poisson_deviance(counts.ravel(), np.exp(output).ravel())

    def apart(function):
        return function(outputs.detach() * 2 + 1) - function(outputs.detach())

    ours = apart(lambda output: loss(output, torch.tensor(counts)).mean().item())
    assert ours == pytest.approx(apart(lambda output: deviance(output.numpy())) / 2)
    loss(outputs, torch.tensor(counts)).sum().backward()
    expected = (np.exp(outputs.detach().numpy()) - counts) / 3
    np.testing.assert_allclose(outputs.grad.numpy(), expected)


@pytest.mark.parametrize("name", [*LOSSES, "quantile"])
def test_a_weight_of_two_is_the_sequence_twice(name, rng):
    family = PROPERTIES[name].family if name in PROPERTIES else None
    n_parameters = 1 if family is None else family.n_parameters
    outputs = torch.tensor(rng.normal(size=(9, 3 * n_parameters)))
    scale = np.array([1.0, 2.0, 3.0]) if family and family.needs_scale else None
    loss = WeightedLoss(name, 0.3, target_scale=scale)
    truth = torch.tensor(rng.integers(0, 2, size=(9, 3))).double()
    truth = truth[:, 0].long() if name == "cross_entropy" else truth
    weight = torch.ones(9).double()
    weight[:3], weight[3] = 2, 0
    rows = torch.tensor([0, 0, 1, 1, 2, 2, 4, 5, 6, 7, 8])
    weighted = loss(outputs, (truth, weight)) * 9
    torch.testing.assert_close(weighted, loss(outputs[rows], truth[rows]) * 11)


def test_the_mean_of_cross_entropies_has_the_gradient_of_each(outputs, rng):
    """It is taken by a shorter way, of which nothing but the time may be seen."""
    truth = torch.tensor(rng.integers(0, 3, size=9))
    of_mean, of_each = outputs.detach().clone(), outputs.detach().clone()
    mean = WeightedLoss("cross_entropy")(of_mean.requires_grad_(), truth)
    each = choose_loss("cross_entropy")(of_each.requires_grad_(), truth).mean()
    mean.backward(), each.backward()
    assert mean.item() == pytest.approx(each.item())
    assert torch.equal(of_mean.grad, of_each.grad)
