"""A loss's link, range and scale are those that its values in torch call for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sksequence._inputs import LOSSES
from sksequence._training.losses import LOSSES as IN_TORCH
from sksequence._training.losses import choose_loss

Y = np.random.default_rng(0).gamma(2.0, size=(2001, 1))
PREDICTED = {
    "squared_error": Y.mean(),
    "absolute_error": np.median(Y),
    "quantile": np.quantile(Y, 0.8),
    "poisson": Y.mean(),
}


def test_every_loss_for_numbers_has_values_in_torch():
    of_labels = {"cross_entropy", "binary_cross_entropy"}
    assert {*IN_TORCH, "quantile"} - of_labels == set(LOSSES)


def best_constant(name):
    """The raw output, the same for all targets, whose mean loss is least."""
    loss = choose_loss(name, 0.8)
    outputs = torch.linspace(-3, 8, 11001, dtype=torch.float64)
    truth = torch.from_numpy(Y)
    means = [float(loss(output.expand_as(truth), truth).mean()) for output in outputs]
    return outputs[int(np.argmin(means))].numpy()


@pytest.mark.parametrize("name", PREDICTED)
def test_the_inverse_link_of_the_best_output_is_what_the_loss_predicts(name):
    found = LOSSES[name].inverse_link(best_constant(name))
    np.testing.assert_allclose(found, PREDICTED[name], atol=2e-3)


def test_outliers_pull_the_huber_loss_less():
    found = LOSSES["huber"].inverse_link(best_constant("huber"))
    assert np.median(Y) + 0.01 < found < Y.mean() - 0.01


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_targets_are_scaled_by_moments_or_to_a_mean_of_one(name, weighted):
    weight = np.arange(len(Y)) % 3.0 if weighted else None
    mean, scale = LOSSES[name].fit_scale(Y, weight)
    scaled = (Y - mean) / scale
    average = np.average(scaled, axis=0, weights=weight)
    if LOSSES[name].is_log:
        np.testing.assert_allclose(average, 1)
        assert scaled.min() >= 0
        return
    np.testing.assert_allclose(average, 0, atol=1e-12)
    np.testing.assert_allclose(np.average(scaled**2, axis=0, weights=weight), 1)


@pytest.mark.parametrize("y", [[-1.0, 2.0], [0.0, 0.0]])
def test_only_counts_have_a_range(y):
    y = np.array(y)[:, None]
    for name, loss in LOSSES.items():
        if loss.is_log:
            with pytest.raises(ValueError, match=rf"{name}.* got y with minimum"):
                loss.check_range(y)
        else:
            loss.check_range(y)
