"""Metrics of quantiles, intervals and distributions, by their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

from sksequence.metrics import (
    crps_gaussian,
    crps_quantiles,
    crps_samples,
    interval_coverage,
    interval_width,
    pinball_loss,
)

LEVELS = (0.1, 0.5, 0.8)
RNG = np.random.default_rng(0)
Y = RNG.normal(size=(30, 2))
PREDICTED = np.sort(RNG.normal(size=(30, 2, 3)), axis=-1)
WEIGHT = RNG.uniform(size=30)


def by_definition(name, y, predicted, weight):
    """The score of one output."""
    if name == "pinball":
        losses = [
            mean_pinball_loss(y, predicted[:, i], alpha=q, sample_weight=weight)
            for i, q in enumerate(LEVELS)
        ]
        return np.mean(losses)
    low, high = predicted[:, 0], predicted[:, -1]
    if name == "coverage":
        return np.average((y >= low) & (y <= high), weights=weight)
    return np.average(high - low, weights=weight)


METRICS = {
    "pinball": lambda *args, **more: pinball_loss(*args, quantiles=LEVELS, **more),
    "coverage": interval_coverage,
    "width": interval_width,
}


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", METRICS)
def test_metrics_are_those_of_each_output(name, weight):
    metric = METRICS[name]
    each = [by_definition(name, Y[:, j], PREDICTED[:, j], weight) for j in (0, 1)]
    more = {"sample_weight": weight}
    assert metric(Y[:, 0], PREDICTED[:, 0], **more) == pytest.approx(each[0])
    assert metric(Y, PREDICTED, **more) == pytest.approx(np.mean(each))
    raw = metric(Y, PREDICTED, multioutput="raw_values", **more)
    np.testing.assert_allclose(raw, each)
    expected = (3 * each[0] + each[1]) / 4
    assert metric(Y, PREDICTED, multioutput=[3, 1], **more) == pytest.approx(expected)
    # (n, steps, targets), as columns
    blocks = Y.reshape(10, 3, 2), PREDICTED.reshape(10, 3, 2, 3)
    flat = Y.reshape(10, 6), PREDICTED.reshape(10, 6, 3)
    assert metric(*blocks) == metric(*flat)


@pytest.mark.parametrize("name", METRICS)
def test_missing_targets_do_not_count(name):
    y = np.where(RNG.random(Y.shape) < 0.3, np.nan, Y)
    given = ~np.isnan(y)
    each = [
        by_definition(name, y[g, j], PREDICTED[g, j], WEIGHT[g])
        for j, g in enumerate(given.T)
    ]
    found = METRICS[name](y, PREDICTED, sample_weight=WEIGHT)
    assert found == pytest.approx(np.mean(each))
    with pytest.raises(ValueError, match="no target for output 1"):
        METRICS[name](np.c_[Y[:, 0], np.full(30, np.nan)], PREDICTED)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("n_outputs", [None, 2])
def test_steps_of_unequal_sequences_count_alike(name, n_outputs):
    parts = np.split(np.arange(30), [3, 10, 21])
    columns = 0 if n_outputs is None else slice(None)
    y = [Y[part][:, columns] for part in parts]
    predicted = np.empty(4, dtype=object)
    predicted[:] = [PREDICTED[part][:, columns] for part in parts]
    expected = METRICS[name](Y[:, columns], PREDICTED[:, columns])
    for form in (predicted, list(predicted)):
        assert METRICS[name](y, form) == pytest.approx(expected)
    weight = [1.0, 2.0, 0.0, 0.5]
    found = METRICS[name](y, predicted, sample_weight=weight)
    spread = np.repeat(weight, [len(part) for part in parts])
    expected = METRICS[name](Y[:, columns], PREDICTED[:, columns], sample_weight=spread)
    assert found == pytest.approx(expected)
    by_step = METRICS[name](y, predicted, sample_weight=np.split(spread, [3, 10, 21]))
    assert by_step == pytest.approx(expected)


# ------------------------------------------------------------------------------ the CRPS


def crps(cdf, y, low=-40, high=40):
    """The integral of the squared difference of the distribution functions."""
    below = integrate.quad(lambda x: cdf(x) ** 2, low, y, limit=400)[0]
    return below + integrate.quad(lambda x: (1 - cdf(x)) ** 2, y, high, limit=400)[0]


@pytest.mark.parametrize(
    ("y", "mean", "std"), [(0.3, 0.0, 1.0), (-2.0, 1.5, 0.4), (4.0, 4.0, 2.0)]
)
def test_the_crps_of_a_normal_distribution_is_its_integral(y, mean, std):
    expected = crps(stats.norm(mean, std).cdf, y)
    assert crps_gaussian([y], [mean], [std]) == pytest.approx(expected, rel=1e-6)


def test_the_crps_of_samples_is_that_of_their_empirical_distribution():
    samples = RNG.normal(size=7)
    cdf = stats.ecdf(samples).cdf.evaluate
    grid = np.linspace(-4, 4, 400001)
    step = np.square(cdf(grid) - (grid >= 0.3)).sum() * (grid[1] - grid[0])
    assert crps_samples([0.3], samples[None]) == pytest.approx(step, abs=1e-4)


def test_all_three_agree_on_a_normal_distribution():
    y, mean, std = RNG.normal(size=200), RNG.normal(size=200), RNG.uniform(0.3, 2, 200)
    expected = crps_gaussian(y, mean, std, sample_weight=np.arange(200))
    levels = (np.arange(400) + 0.5) / 400
    quantiles = mean[:, None] + std[:, None] * stats.norm.ppf(levels)
    more = {"sample_weight": np.arange(200)}
    found = crps_quantiles(y, quantiles, quantiles=levels, **more)
    assert found == pytest.approx(expected, rel=1e-2)
    assert crps_samples(y, quantiles, **more) == pytest.approx(expected, rel=1e-2)


def test_the_crps_of_a_point_is_its_absolute_error():
    point = RNG.normal(size=30)
    expected = mean_absolute_error(Y[:, 0], point)
    assert crps_gaussian(Y[:, 0], point, np.zeros(30)) == pytest.approx(expected)
    assert crps_samples(Y[:, 0], point[:, None]) == pytest.approx(expected)
    same = np.repeat(point[:, None], 3, axis=1)
    found = crps_quantiles(Y[:, 0], same, quantiles=(0.1, 0.5, 0.9))
    assert found == pytest.approx(expected)


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pinball_loss(Y, PREDICTED, quantiles=(0.5, 0.1, 0.2)), "increasing"),
        (
            lambda: pinball_loss(Y, PREDICTED, quantiles=(0.1, 0.9)),
            "2 quantiles .* got 3",
        ),
        (lambda: pinball_loss(Y, Y, quantiles=(0.1,)), "one axis more than y_true"),
        (lambda: pinball_loss(Y, PREDICTED[:5], quantiles=LEVELS), "shape of y_true"),
        (lambda: interval_coverage(Y, PREDICTED[..., :1]), "at least two quantiles"),
        (lambda: interval_width(Y, PREDICTED, multioutput="best"), "multioutput must"),
        (lambda: crps_gaussian(Y, Y, -np.ones_like(Y)), "std must be at least 0, got -1"),
    ],
)
def test_what_does_not_fit_is_told(call, words):
    with pytest.raises(ValueError, match=words):
        call()
