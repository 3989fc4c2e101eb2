"""Early stopping: what is held out, and which weights are kept."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from helpers.comparing import steps_only
from helpers.data import ragged
from helpers.estimators import CLASSIFIERS, ESTIMATORS, REGRESSORS, labels_for, make


def noise(name, n=60):
    """Nothing to be learnt, so that the validation loss soon rises."""
    return ragged(np.random.default_rng(1).integers(4, 9, size=n)), labels_for(name, n)


STOPPING = {
    "early_stopping": True,
    "patience": 3,
    "max_epochs": 60,
    "lr": 0.02,
    "lr_schedule": "constant",
    "validation_fraction": 0.3,
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_training_stops_and_keeps_the_best_weights(name, splits):
    X, y = noise(name)
    model = make(name, **STOPPING).fit(X, y)
    ((train, valid),) = splits
    losses = np.array([epoch["valid_loss"] for epoch in model.history_])
    assert len(losses) == model.n_epochs_ < 60
    assert losses.argmin() <= model.n_epochs_ - 3
    assert sorted([*train, *valid]) == list(range(60))
    part = [X[i] for i in valid]
    if name in CLASSIFIERS:
        loss = log_loss(y[valid], model.predict_proba(part))
    else:
        loss = ((model.predict(part) - y[valid]) ** 2).mean() / y[train].var()
    assert loss == pytest.approx(losses.min(), rel=1e-4)


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_what_is_held_out_moves_neither_weights_nor_scales(name, splits):
    X, y = noise(name)
    params = STOPPING | {"max_epochs": 4, "patience": 9}
    expected = make(name, **params).fit(X, y)
    ((_, valid),) = splits
    other = [100 + 7 * x if i in valid else x for i, x in enumerate(X)]
    y = y.copy()
    if name in REGRESSORS:
        y[valid] += 50
    model = make(name, **params).fit(other, y)
    assert [epoch["train_loss"] for epoch in model.history_] == [
        epoch["train_loss"] for epoch in expected.history_
    ]
    assert steps_only(model) != steps_only(expected)


@pytest.mark.parametrize("seed", range(3))
def test_groups_never_straddle(seed, splits):
    X, y = noise("GRUClassifier")
    groups = np.random.default_rng(seed).integers(0, 12, size=60)
    make("GRUClassifier", **{**STOPPING, "max_epochs": 1, "random_state": seed}).fit(
        X, y, groups=groups
    )
    ((train, valid),) = splits
    assert not set(groups[train]) & set(groups[valid])
    assert len(valid) >= 0.3 * 60
