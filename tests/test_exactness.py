"""Answers and fits that are equal to the bit, whatever stands around them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone

from helpers.choices import draw_choices, levels_of, pairs_not_drawn
from helpers.data import ragged
from helpers.estimators import CLASSIFIERS, labels_for, make
from helpers.networks import BRANCHES
from sksequence import _kernels

pytestmark = pytest.mark.no_cover  # slower with it, and others cover what these cover

FACTORS = {
    "cell": ["tanh", "relu", "gru", "lstm"],
    "direction": [None, "concat", "sum", "mean", "mul"],
    "pooling": ["last", "mean", "max", "attention"],
    "convolution": [
        {},
        {"conv_channels": (3,), "conv_kernel_size": 1},
        {"conv_channels": (5,), "conv_kernel_size": 2, "conv_stride": 2},
        {"conv_channels": (8,), "conv_kernel_size": 4, "conv_stride": 3},
        {"conv_channels": (6, 7), "conv_kernel_size": (4, 1), "conv_stride": (2, 1)},
    ],
    "branch": [
        {},
        {"parallel_channels": (5,), "parallel_kernel_size": 1},
        {"parallel_channels": (4, 3), "parallel_kernel_size": (8, 3)},
        {
            **{"parallel_channels": (4, 3), "parallel_kernel_size": (8, 3)},
            "parallel_stride": (3, 2),
        },
        BRANCHES[3],
        {
            "parallel_channels": (8, 12),
            "parallel_kernel_size": ((12, 7, 1), 3),
            **{"parallel_dilation": (1, 3), "parallel_residual": 1},
        },
    ],
    "segments": [1, 1, 2, 5],
    "random": [0, 0, 200],
    "hidden_size": [3, 7, 10, 32, 50],
    "num_layers": [1, 2],
    "n_channels": [1, 3, 5, 8],
    "n_outputs": [2, 3, 10],
    "task": ["Classifier", "Regressor"],
    "dtype": ["float32", "float64"],
    "longest": [12, 40, 90],
    "kernels": [True, False],
}


CHOICES = draw_choices(FACTORS, 60)


def fitted(choice, **more):
    """An estimator of that choice, fitted for one epoch, and data to ask it about."""
    levels = levels_of(FACTORS, choice)
    cell = levels["cell"]
    family = {"gru": "GRU", "lstm": "LSTM"}.get(cell, "SimpleRNN")
    params = {"nonlinearity": cell} if family == "SimpleRNN" else {}
    if levels["direction"] is not None:
        params |= {"bidirectional": True, "merge_mode": levels["direction"]}
    for name in ("pooling", "hidden_size", "num_layers", "dtype"):
        params[name] = levels[name]
    params["pooling_segments"] = levels["segments"]
    params["random_convolutions"] = levels["random"]
    model = make(
        family + levels["task"],
        **{"max_epochs": 1, **params, **levels["convolution"], **levels["branch"]},
        **more,
    )

    rng = np.random.default_rng(choice)
    shortest = 6 if levels["convolution"] or levels["branch"] else 1
    lengths = rng.integers(shortest, levels["longest"] + 1, size=300)
    X = ragged(lengths, levels["n_channels"], seed=choice[0])
    n_outputs = levels["n_outputs"]
    y = (
        np.arange(30) % n_outputs
        if levels["task"] == "Classifier"
        else rng.normal(size=(30, n_outputs))
    )
    return model.fit(X[:30], y), X


def methods_of(model):
    answer = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    return [getattr(model, answer), model.transform]


def test_every_pair_of_levels_is_drawn():
    assert pairs_not_drawn(FACTORS, CHOICES) == set()


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def callers_threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def in_company(X, rng):
    """Which sequences are asked about together, in all sizes, orders and paddings."""
    everyone = np.arange(len(X))
    longest = max(everyone, key=lambda i: len(X[i]))
    shortest = min(everyone, key=lambda i: len(X[i]))
    some = rng.permutation(everyone)
    for i in (*some[:5], longest, shortest):
        yield [i]
    for i in some[5:8]:
        yield [i, longest]
        yield [i, shortest]
    for size in (3, 7, 8, 9, 40, 257):
        yield some[:size]
        yield some[-size:]
    yield some
    yield np.sort(some)[::-1]
    yield np.concatenate([some[:3]] * 5)


def check_company_changes_nothing(method, X, seed=0):
    expected = method(X)
    assert len(np.unique(expected, axis=0)) > 1
    for index in in_company(X, np.random.default_rng(seed)):
        np.testing.assert_array_equal(method([X[i] for i in index]), expected[index])


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: "".join(map(str, choice)))
def test_an_answer_belongs_to_its_sequence(choice, monkeypatch):
    if choice[list(FACTORS).index("kernels")]:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    model, X = fitted(choice)
    before = torch.get_num_threads()
    try:
        for number, method in enumerate(methods_of(model), 1):
            torch.set_num_threads(number)
            check_company_changes_nothing(method, X, seed=number)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("choice", CHOICES[::15], ids=lambda c: "".join(map(str, c)))
def test_an_answer_belongs_to_its_sequence_with_more_threads(choice):
    model, X = fitted(choice, n_jobs=2)
    check_company_changes_nothing(methods_of(model)[0], X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("units", [8, 16, 64])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_a_head_of_few_outputs_is_exact(units, n_outputs, dtype):
    """A product with one column is a kernel of its own, which looks at the rows."""
    X = ragged([6] * 41, n_channels=2)
    y = np.random.default_rng(0).normal(size=(41, n_outputs))
    model = make("LSTMRegressor", hidden_size=units, max_epochs=1, dtype=dtype)
    model.fit(X, y if n_outputs > 1 else y[:, 0])
    expected = model.predict(X)
    for n in range(1, 41):
        np.testing.assert_array_equal(model.predict(X[:n]), expected[:n])


@pytest.mark.parametrize("cell", ["SimpleRNN", "GRU", "LSTM"])
@pytest.mark.parametrize("n_steps", [1, 2, 25])
def test_the_container_does_not_matter(cell, n_steps, callers_threads):
    """A block, a list of its rows and, with one channel, a table are the same X."""
    block = np.random.default_rng(0).normal(size=(20, n_steps, 1))
    model = make(f"{cell}Regressor", hidden_size=7).fit(list(block), block[:, 0, 0])
    expected = model.predict(list(block))
    objects = np.empty(20, dtype=object)
    objects[:] = [x[:, 0] for x in block]
    for same in (block, block.tolist(), objects, np.asfortranarray(block)):
        np.testing.assert_array_equal(model.predict(same), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8])
def test_numbers_that_single_precision_holds_are_the_same_in_any_dtype(dtype):
    X = [np.round(4 * x) for x in ragged(n_channels=3)]
    model = make("LSTMRegressor").fit(X, labels_for("LSTMRegressor", len(X)))
    got, expected = model.transform([x.astype(dtype) for x in X]), model.transform(X)
    np.testing.assert_array_equal(got.astype(np.float64), expected)


# ---------------------------------------------------------------------------- refitting

TRAININGS = {
    "dropout": {"num_layers": 2, "dropout": 0.4},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3, "patience": 2},
    "everything": {
        "bidirectional": True,
        "pooling": "attention",
        "dropout": 0.2,
        "conv_channels": (5,),
        "conv_kernel_size": 3,
        "parallel_channels": (4,),
        "parallel_kernel_size": 3,
        "early_stopping": True,
        "lr_schedule": "cosine",
    },
}


def weights_and_history(name, params, X, y):
    """All that a fit learns; the time that it took is another each time."""
    model = make(name, **{"max_epochs": 4, "batch_size": 7, **params}).fit(X, y)
    history = [
        {key: value for key, value in epoch.items() if key != "duration"}
        for epoch in model.history_
    ]
    weights = [value.numpy() for value in model.net_.module_.state_dict().values()]
    return weights, history


def assert_same_fit(fit, expected):
    assert fit[1] == expected[1]
    for got, value in zip(fit[0], expected[0], strict=True):
        np.testing.assert_array_equal(got, value)


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(3)
    X = ragged(rng.integers(4, 20, size=40), n_channels=3)
    return X, {name: labels_for(name, 40) for name in ("Classifier", "Regressor")}


@pytest.mark.parametrize("training", TRAININGS)
@pytest.mark.parametrize(
    "name", ["SimpleRNNRegressor", "GRUClassifier", "LSTMClassifier", "LSTMRegressor"]
)
def test_a_refit_is_equal_to_the_bit(name, training, task):
    X, targets = task
    kind = "Classifier" if name in CLASSIFIERS else "Regressor"
    arguments = name, TRAININGS[training], X, targets[kind]
    expected = weights_and_history(*arguments)
    before = torch.get_num_threads()
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            assert_same_fit(weights_and_history(*arguments), expected)
    finally:
        torch.set_num_threads(before)
    for backend in ("threading", "loky"):
        fits = Parallel(n_jobs=2, backend=backend)(
            delayed(weights_and_history)(*arguments) for _ in range(3)
        )
        for fit in fits:
            assert_same_fit(fit, expected)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_a_refit_with_more_threads_is_equal_with_as_many(n_jobs, task, callers_threads):
    X, targets = task
    arguments = "LSTMClassifier", {"n_jobs": n_jobs, "hidden_size": 32}, X
    first, second = (
        weights_and_history(*arguments, targets["Classifier"]) for _ in range(2)
    )
    assert_same_fit(first, second)
    assert torch.get_num_threads() == callers_threads


@pytest.mark.parametrize("params", TRAININGS.values(), ids=TRAININGS)
def test_another_random_state_is_another_fit(params, task):
    X, targets = task
    some, others = (
        weights_and_history(
            "GRUClassifier", {**params, "random_state": seed}, X, targets["Classifier"]
        )
        for seed in (0, 1)
    )
    assert some[1] != others[1]


def test_a_clone_fits_as_its_original(task):
    X, targets = task
    model = make("GRUClassifier", dropout=0.3).fit(X, targets["Classifier"])
    copy = clone(model).fit(X, targets["Classifier"])
    np.testing.assert_array_equal(model.predict_proba(X), copy.predict_proba(X))
