"""Losses against scikit-learn's metrics and formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn import metrics
from torch.nn import functional as F

from sksequence._inputs import LOSSES as PROPERTIES
from sksequence._inputs import find_loss
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


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("per_step", [False, True])
def test_labels_are_smoothed_as_torch_does_it(smoothing, weighted, per_step, rng):
    shape = (4, 5) if per_step else (20,)
    output = torch.tensor(rng.normal(size=(*shape, 3)))
    codes = torch.tensor(rng.integers(0, 3, size=shape))
    weight = torch.tensor(rng.uniform(0, 2, size=shape)) if weighted else None
    target = (codes, weight) if weighted else codes
    criterion = WeightedLoss(
        "cross_entropy", per_step=per_step, label_smoothing=smoothing
    )
    of_each = torch.nn.CrossEntropyLoss(label_smoothing=smoothing, reduction="none")
    expected = of_each(output.reshape(-1, 3), codes.flatten())
    if weighted:
        expected = expected * weight.flatten()
    torch.testing.assert_close(criterion.train()(output, target), expected.mean())
    plain = WeightedLoss("cross_entropy", per_step=per_step)(output, target)
    assert torch.equal(criterion.eval()(output, target), plain)


@pytest.mark.parametrize("weighted", [False, True])
def test_each_of_several_labels_is_smoothed_between_true_and_false(weighted, rng):
    output = torch.tensor(rng.normal(size=(20, 3)))
    truth = rng.integers(0, 2, size=(20, 3)) * 1.0
    weight = rng.uniform(0, 2, size=20) if weighted else np.ones(20)
    p = output.sigmoid().numpy()
    soft = np.where(truth == 1, 0.9, 0.1)  # a fifth of one is spread over both
    expected = -(soft * np.log(p) + (1 - soft) * np.log(1 - p)).mean(axis=1) * weight
    target = torch.tensor(truth)
    target = (target, torch.tensor(weight)) if weighted else target
    criterion = WeightedLoss("binary_cross_entropy", label_smoothing=0.2)
    assert criterion.train()(output, target).item() == pytest.approx(expected.mean())


def test_mixed_labels_are_smoothed_as_each_of_them_is(rng):
    """The loss is linear in the target."""
    output = torch.tensor(rng.normal(size=(9, 4)))
    one, other = (torch.tensor(rng.integers(0, 4, size=9)) for _ in range(2))
    criterion = WeightedLoss("cross_entropy", label_smoothing=0.2).train()
    mixed = 0.7 * F.one_hot(one, 4) + 0.3 * F.one_hot(other, 4).double()
    expected = 0.7 * criterion(output, one) + 0.3 * criterion(output, other)
    torch.testing.assert_close(criterion(output, mixed.double()), expected)


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


# ------------------------------------------------------------ several outputs per number

SCALE = np.array([2.5, 40.0])
LEVELS = (0.1, 0.25, 0.5, 0.9)


def likelihood(name, output, truth):
    """The negative log likelihood by scipy; the parameters are those of predictions."""
    family, parts = PROPERTIES[name].family, output.reshape(len(output), 2, -1)
    if name == "gaussian":
        return -stats.norm.logpdf(truth, family.mean(parts), family.std(parts, SCALE))
    mean, std = family.mean(parts), family.std(parts, SCALE)
    if name == "student_t":
        freedom = 2.1 + 4 / np.log(2) * np.log1p(np.exp(parts[..., 2]))
        scale = std / np.sqrt(freedom / (freedom - 2))
        return -stats.t.logpdf(truth, freedom, mean, scale)
    mean, std = mean * SCALE, std * SCALE
    dispersion = (std**2 - mean) / mean**2
    size = 1 / dispersion
    return -stats.nbinom.logpmf(truth * SCALE, size, 1 / (1 + dispersion * mean))


def drawn(name, rng, spread=1.0, n=9):
    """Outputs and targets of two numbers, on the scale of the loss."""
    n_parameters = PROPERTIES[name].n_parameters if name in PROPERTIES else len(LEVELS)
    output = spread * rng.normal(size=(n, 2 * n_parameters))
    counts = rng.poisson(4, size=(n, 2)) / SCALE
    return output, counts if name == "negative_binomial" else rng.normal(size=(n, 2))


def loss_of(name, output, truth):
    scale = SCALE if name == "negative_binomial" else None
    loss = WeightedLoss(name, LEVELS, target_scale=scale)
    return loss(output, torch.as_tensor(truth, dtype=output.dtype))


DISTRIBUTIONS = ["gaussian", "student_t", "negative_binomial"]


@pytest.mark.parametrize("spread", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_likelihoods_are_those_of_scipy(name, spread, rng):
    output, truth = drawn(name, rng, spread)
    expected = likelihood(name, output, truth).mean()
    found = loss_of(name, torch.tensor(output), truth).item()
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-6)


def test_the_loss_of_several_quantiles_is_the_mean_of_their_pinball_losses(rng):
    output, truth = rng.normal(size=(9, 8)), rng.normal(size=(9, 2))
    values = find_loss("quantile", LEVELS).point(output, SCALE)
    expected = np.mean(
        [
            metrics.mean_pinball_loss(truth, values[..., i], alpha=q)
            for i, q in enumerate(LEVELS)
        ]
    )
    assert loss_of("quantile", torch.tensor(output), truth).item() == pytest.approx(
        expected, rel=1e-9
    )


@pytest.mark.parametrize("name", [*DISTRIBUTIONS, "quantile"])
def test_gradients_are_those_of_finite_differences(name, rng):
    output, truth = drawn(name if name != "quantile" else "", rng)
    output = torch.tensor(output, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: loss_of(name, x, truth), output, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", [*DISTRIBUTIONS, "quantile"])
def test_extreme_outputs_have_a_finite_loss_and_gradient(name, dtype):
    n_parameters = len(LEVELS) if name == "quantile" else PROPERTIES[name].n_parameters
    size = 1e4 if name != "student_t" else 1e3
    grid = torch.cartesian_prod(*[torch.tensor([-size, 0.0, size])] * n_parameters)
    output = torch.cat([grid, grid], 1).to(dtype).requires_grad_()
    loss = loss_of(name, output, np.full((len(grid), 2), 1.0))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(output.grad).all()


@pytest.mark.parametrize("name", [*DISTRIBUTIONS, "quantile"])
def test_an_output_of_weight_zero_is_absent_by_itself(name, rng):
    """Of two numbers one is missing: the loss is the mean over those that are given."""
    output, truth = drawn(name if name != "quantile" else "", rng)
    weight = (rng.random((9, 2)) < 0.6).astype(float)
    loss = WeightedLoss(
        name, LEVELS, target_scale=SCALE if name == "negative_binomial" else None
    )
    found = loss(
        torch.tensor(output), (torch.tensor(truth), torch.tensor(weight / weight.mean()))
    )
    parts, each = output.reshape(9, 2, -1), np.empty((9, 2))
    for i in range(9):
        for j in range(2):
            one = WeightedLoss(
                name,
                LEVELS,
                target_scale=SCALE[[j]] if name == "negative_binomial" else None,
            )
            each[i, j] = one(
                torch.tensor(parts[[i], j]), torch.tensor(truth[[i]][:, [j]])
            )
    assert found.item() == pytest.approx((each * weight).sum() / weight.sum(), rel=1e-9)
