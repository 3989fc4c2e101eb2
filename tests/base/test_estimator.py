"""What every estimator learns, and what its answers are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from helpers.comparing import answers
from helpers.data import ragged
from helpers.estimators import (
    CLASSIFIERS,
    EXACT,
    REGRESSORS,
    labels_for,
    make,
    target_of,
)

# ------------------------------------------------------------------------------ learning


def order_task(n, seed):
    """Two marked steps; the class says which comes first. The rest is common noise."""
    rng = np.random.default_rng(seed)
    X, y = [], rng.integers(0, 2, size=n)
    for label in y:
        x = rng.normal(scale=0.1, size=(rng.integers(6, 13), 1))
        first, second = np.sort(rng.choice(len(x), size=2, replace=False))
        x[first], x[second] = (1, -1) if label else (-1, 1)
        X.append(x)
    return X, y


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_order_is_learnt(name):
    X, y = order_task(200, 0)
    model = make(name, hidden_size=16, max_epochs=30, lr=0.01, pooling="last")
    model.fit(X, y)
    assert model.score(*order_task(200, 1)) > 0.95


def test_without_order_it_cannot_be_learnt():
    """The same task with its steps sorted: what any bag of steps would see."""
    (X, y), (X_test, y_test) = order_task(200, 0), order_task(200, 1)
    model = make("GRUClassifier", hidden_size=16, max_epochs=30, lr=0.01)
    model.fit([np.sort(x, axis=0) for x in X], y)
    assert model.score([np.sort(x, axis=0) for x in X_test], y_test) < 0.65


@pytest.mark.parametrize("name", REGRESSORS)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_numbers_are_learnt(name, n_outputs):
    X = np.random.default_rng(0).normal(size=(200, 8))
    y = np.column_stack([X[:, -1], X[:, -2] - X[:, 0]])[:, :n_outputs]
    y = y if n_outputs > 1 else y[:, 0]
    model = make(name, hidden_size=16, max_epochs=30, lr=0.01, pooling="last")
    model.fit(X[:150], y[:150])
    assert model.predict(X[150:]).shape == y[150:].shape
    assert model.score(X[150:], y[150:]) > 0.8


# ------------------------------------------------------------------------------- answers


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [(np.float32, np.float32), (np.float64, np.float64), (np.int64, np.float64)],
)
def test_answers_have_the_precision_of_X(name, dtype, given, expected):
    X = [(10 * x).astype(given) for x in ragged()]
    model = make(name, dtype=dtype).fit(X, labels_for(name, len(X)))
    assert answers(model, X).dtype == expected
    assert model.transform(X).dtype == expected


@pytest.mark.parametrize(
    ("params", "width"),
    [
        ({}, 8),
        ({"num_layers": 2, "hidden_size": (8, 5)}, 5),
        ({"bidirectional": True}, 16),
        ({"bidirectional": True, "merge_mode": "sum"}, 8),
        ({"parallel_channels": (6, 4), "parallel_kernel_size": 3}, 12),
        ({"pooling_segments": 3}, 24),
        ({"random_convolutions": 1}, 92),
        ({"pooling_segments": 3, "pooling": "last"}, 8),
        (
            {
                **{"pooling_segments": 2, "pooling": "last", "bidirectional": True},
                **{"parallel_channels": (6, 4), "parallel_kernel_size": 3},
            },
            24,
        ),
        (
            {"bidirectional": True, "parallel_channels": (4,), "parallel_kernel_size": 1},
            20,
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_the_head_reads_what_transform_says(name, params, width, task):
    X, y = task[0], target_of(task, name)
    model = make(name, **params, **{**EXACT, "max_epochs": 1}).fit(X, y)
    units = model.transform(X)
    assert units.shape == (len(X), width)
    assert len(model.get_feature_names_out()) == width
    head = model.net_.module_.head
    output = units @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    expected = softmax(output, axis=1)
    if name in REGRESSORS:
        expected = y.mean() + y.std() * output[:, 0]
    np.testing.assert_allclose(answers(model, X), expected, rtol=1e-10)


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
@pytest.mark.parametrize("equal", [False, True])
def test_channels_first_is_the_transpose(name, equal):
    X = ragged([7] * 8 if equal else (9, 4, 7, 12, 5, 8, 6, 10), n_channels=3)
    X = np.array(X) if equal else X
    turned = X.transpose(0, 2, 1) if equal else [x.T for x in X]
    y = labels_for(name, len(X))
    model = make(name).fit(X, y)
    other = make(name, data_format="channels_first").fit(turned, y)
    np.testing.assert_array_equal(answers(other, turned), answers(model, X))
    assert other.n_features_in_ == model.n_features_in_ == 3


# ----------------------------------------------------------------------- hyperparameters


@pytest.mark.parametrize(
    "params",
    [
        {"batch_size": np.int64(8)},
        {"hidden_size": np.int64(4), "num_layers": np.int32(2)},
        {"conv_channels": (np.int64(3),), "conv_stride": np.int64(2)},
        {
            "parallel_channels": (np.int64(3), np.int64(4)),
            "parallel_kernel_size": np.int64(2),
            "parallel_stride": np.int64(2),
            "parallel_dilation": (np.int64(1), np.int64(2)),
            "parallel_residual": np.int64(1),
            "pooling_segments": np.int64(2),
        },
        {"early_stopping": np.bool_(True), "patience": np.int64(2)},
        {"lr": np.float32(0.01), "dropout": np.float64(0.2), "n_jobs": np.int64(2)},
    ],
    ids=lambda params: next(iter(params)),
)
def test_numbers_of_numpy_are_numbers(params):
    X = np.random.default_rng(0).normal(size=(20, 9, 2))
    plain = {
        name: tuple(int(v) for v in value) if isinstance(value, tuple) else value.item()
        for name, value in params.items()
    }
    models = [
        make("GRUClassifier", **p).fit(X, np.arange(20) % 2) for p in (params, plain)
    ]
    assert np.array_equal(*(model.predict_proba(X) for model in models))
