"""A task with an answer for every step, and what its estimators say."""

from __future__ import annotations

import numpy as np

from helpers.data import ragged
from helpers.estimators import EXACT

TAGGER, REGRESSOR = "RecurrentTagger", "RecurrentStepRegressor"
BOTH = [TAGGER, REGRESSOR]
CELLS = ["rnn", "lstm", "gru"]
# No step to speak of: the weights are those that the first loss was taken with.
STILL = {**EXACT, "max_epochs": 1, "lr": 1e-30}
# One plain step along the gradient.
ONE_STEP = {**EXACT, "max_epochs": 1, "optimizer": "sgd", "gradient_clip": None}
CONVOLVED = {"conv_channels": (6,), "conv_kernel_size": 3, "conv_stride": 2}
BRANCHED = {"parallel_channels": (4,), "parallel_kernel_size": 3}


def running_means():
    """Unequal sequences; three classes of their running mean, and the mean itself."""
    rng = np.random.default_rng(0)
    X = ragged(rng.integers(4, 13, size=30))
    means = [x.cumsum(axis=0) / np.arange(1, len(x) + 1)[:, None] for x in X]
    codes = [np.digitize(mean[:, 0], [-0.3, 0.3]) for mean in means]
    return X, codes, [mean @ [2.0, -1.0] + 3 for mean in means]


def flat(items):
    return np.concatenate(list(items))


def answers(model, X):
    """All answers end to end."""
    return flat((model.predict_proba if hasattr(model, "classes_") else model.predict)(X))


def lengths_of(items):
    return [len(item) for item in items]


def parameters(model):
    return {
        name: value.detach().numpy().copy()
        for name, value in model.net_.module_.named_parameters()
    }


def assert_same_weights(got, expected, **tolerance):
    got, expected = parameters(got), parameters(expected)
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, err_msg=name, **tolerance)


def differs(some, other):
    pairs = zip(parameters(some).values(), parameters(other).values(), strict=True)
    return any(np.abs(a - b).max() > 1e-6 for a, b in pairs)
