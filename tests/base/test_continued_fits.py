"""Fits that go on: partial_fit and warm starts, and what cannot continue a fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.comparing import answers, pickled, steps_only
from helpers.data import CUBE, LABELS, MULTILABEL, NUMBERS, N
from helpers.estimators import (
    CLASSIFIERS,
    ESTIMATORS,
    FAST,
    REGRESSORS,
    labels_for,
    make,
    target_of,
)

# ---------------------------------------------------------------------------- continuing


@pytest.mark.parametrize("name", ESTIMATORS)
def test_partial_fit_goes_on_across_pickling(name, task):
    X, y = task[0], target_of(task, name)
    classes = {"classes": np.unique(y)} if name in CLASSIFIERS else {}
    params = {"dropout": 0.2, "num_layers": 2}
    through, across = make(name, **params), make(name, **params)
    losses = []
    for epoch in range(1, 5):
        through.partial_fit(X, y, **classes)
        across = pickled(across.partial_fit(X, y, **classes))
        losses.append(through.history_[-1]["train_loss"])
        assert through.n_epochs_ == len(through.history_) == epoch
    np.testing.assert_array_equal(answers(across, X), answers(through, X))
    assert steps_only(across) == steps_only(through)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", ["GRUClassifier", "SimpleRNNRegressor"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
def test_a_warm_start_goes_on(name, optimizer, task):
    X, y = task[0], target_of(task, name)
    params = {"warm_start": True, "max_epochs": 5, "lr": 0.02, "optimizer": optimizer}
    params |= {"dropout": 0.1, "lr_schedule": "constant"}
    first = make(name, **params).fit(X, y)
    across = pickled(first).fit(X, y)
    through = first.fit(X, y)
    assert through.n_epochs_ == len(through.history_) == 10
    assert steps_only(across) == steps_only(through)
    np.testing.assert_array_equal(answers(across, X), answers(through, X))
    losses = [epoch["train_loss"] for epoch in through.history_]
    assert np.mean(losses[5:]) < np.mean(losses[:5])


def test_without_a_warm_start_a_fit_is_from_scratch(task):
    X, y, _ = task
    model = make("GRUClassifier").fit(X, y)
    expected, history = model.predict_proba(X), steps_only(model)
    model.fit([x[::-1] + 1 for x in X], y[::-1]).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    assert steps_only(model) == history


# ------------------------------------------------------------ the scaling of partial_fit


def gappy(X, rng):
    """The sequences with a fifth of the values missing, and times in channel 1."""
    found = [np.where(rng.random(x.shape) < 0.2, np.nan, x) for x in X]
    for x in found:
        x[:, 1] = np.cumsum(rng.uniform(0.5, 2, len(x)))
    return found


def following_task(kind, rng):
    """An estimator's name, its parameters, X and y that are far from standardised."""
    X = [5 + 3 * rng.normal(size=(n, 2)) for n in rng.integers(4, 9, size=30)]
    y = np.array([1000 + 100 * x[:, 0].mean() for x in X])
    if kind == "static":
        table = pd.DataFrame({"age": rng.normal(40, 9, 30)})
        table["series"] = X
        return "GRURegressor", {}, table, y
    if kind == "steps":
        return "RecurrentStepRegressor", {}, X, [100 * x for x in X]
    if kind in ("videos", "frames"):
        block = 5 + 3 * rng.normal(size=(30, 3, 4, 4, 2))
        target = 100 * (block[:, -1] if kind == "frames" else block.mean((1, 2, 3)))
        return "ConvLSTMRegressor", {}, block, target
    params = {
        "numbers": {},
        "rates": {"loss": "poisson"},
        "masked": {"missing": "mask"},
        "filled": {"missing": "mask", "standardize": False},
        "timed": {"missing": "decay", "time_channel": 1},
    }[kind]
    X = X if kind in ("numbers", "rates") else gappy(X, rng)
    return "GRURegressor", params, X, y


KINDS = ["numbers", "rates", "masked", "filled", "timed", "static", "steps"]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [*KINDS, "videos", "frames"])
def test_the_scaling_of_partial_fit_becomes_that_of_all_data(kind, weighted, rng):
    name, params, X, y = following_task(kind, rng)
    weight = rng.uniform(0, 2, 30) if weighted else None
    model = make(name, **params)
    for part in (slice(1), slice(1, 9), slice(9, 30)):
        own = None if weight is None else weight[part]
        model = pickled(model.partial_fit(X[part], y[part], sample_weight=own))
    whole = make(name, **params, max_epochs=1).fit(X, y, sample_weight=weight)
    for found, expected in (
        (model._reading, whole._reading),
        (model._reading.static, whole._reading.static),
        (model._target, whole._target),
    ):
        np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-6)
        np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-6)
    if kind == "filled":
        np.testing.assert_allclose(model._reading.fill, whole._reading.fill, rtol=1e-9)
        assert model._network["fill"] == model._reading.fill


@pytest.mark.parametrize("first", [1, 40])
def test_a_small_first_call_to_partial_fit_does_no_lasting_harm(first, rng):
    X = [5 + 3 * rng.normal(size=(n, 2)) for n in rng.integers(4, 9, size=300)]
    y = np.array([1000 + 100 * x[:, 0].mean() for x in X])
    model = make("GRURegressor", lr=0.01, hidden_size=16)
    model.partial_fit([X[0][:1]] if first == 1 else X[:first], y[:first])
    for _ in range(12):
        for begin in range(0, 200, 20):
            model.partial_fit(X[begin : begin + 20], y[begin : begin + 20])
    assert model.score(X[200:], y[200:]) > 0.85


@pytest.mark.parametrize("name", ["GRURegressor", "GRUClassifier"])
def test_the_scaling_of_a_fit_stays(name):
    y = labels_for(name, N)
    model = make(name).fit(CUBE, y)
    reading, target = model._reading, model._target
    model.partial_fit(50 + 9 * CUBE, y)
    np.testing.assert_array_equal(model._reading.mean, reading.mean)
    np.testing.assert_array_equal(model._reading.scale, reading.scale)
    assert model._target is target


# ------------------------------------------------------------------- going on with a fit


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_first_partial_fit_needs_the_classes(name):
    model = make(name)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(CUBE, LABELS)
    assert not hasattr(model, "net_")
    assert hasattr(model.partial_fit(CUBE, MULTILABEL), "net_")


@pytest.mark.parametrize(
    ("y", "classes", "words"),
    [
        (LABELS, [0], r"not in.*\[0\].*1"),
        (LABELS, ["a", "b"], r"not in.*'a' 'b'.*0 1"),
        (LABELS, [0, 1, np.nan], "classes.*NaN"),
        (LABELS, [[0, 1]], "classes"),
        (LABELS, [], "classes"),
        (LABELS[:5], [0, 1], r"inconsistent.*\[12, 5\]"),
        (None, [0, 1], "requires y"),
        (None, None, "requires y"),
    ],
)
def test_a_bad_first_partial_fit_is_refused(y, classes, words):
    model = make("GRUClassifier")
    with pytest.raises(ValueError, match=words):
        model.partial_fit(CUBE, y, classes=classes)
    assert not hasattr(model, "net_")


def _new_class(model):
    model.partial_fit(CUBE, LABELS + 1)


def _other_classes(model):
    model.partial_fit(CUBE, LABELS, classes=[0, 1, 2])


def _other_channels(model):
    model.partial_fit(CUBE[:, :, :1], LABELS)


def _several_labels(model):
    model.partial_fit(CUBE, MULTILABEL)


def _other_network(model):
    model.set_params(hidden_size=5).partial_fit(CUBE, LABELS)


def _warm_start(**params):
    def fit(model):
        model.set_params(warm_start=True, **params).fit(CUBE, model.predict(CUBE))

    fit.__name__ = str(params)
    return fit


GOING_ON = [
    ("GRUClassifier", _new_class, r"not in \[0 1\].*\[2\]"),
    ("GRUClassifier", _other_classes, "classes"),
    ("GRUClassifier", _other_channels, "X has 1 features.*expecting 2"),
    (
        "GRUClassifier",
        _several_labels,
        r"y must hold one class each, of shape \(n,\), as in the first fit, got shape",
    ),
    ("GRUClassifier", _other_network, "hidden_size=5 cannot continue.*hidden_size=8"),
    ("RecurrentClassifier", _warm_start(cell="gru"), "cell='gru' cannot.*cell='lstm'"),
    (
        "SimpleRNNClassifier",
        _warm_start(nonlinearity="relu"),
        "nonlinearity='relu' cannot",
    ),
    ("GRUClassifier", _warm_start(dtype="float64"), "dtype='float64' cannot continue"),
    ("GRURegressor", _warm_start(loss="poisson"), "loss='poisson' cannot continue"),
    *(
        ("GRUClassifier", _warm_start(**{name: value}), f"{name}=.* cannot continue")
        for name, value in [
            ("hidden_size", 9),
            ("num_layers", 2),
            ("bidirectional", True),
            ("merge_mode", "sum"),
            ("dropout", 0.5),
            ("conv_channels", (3,)),
            ("conv_kernel_size", 2),
            ("conv_stride", 2),
            ("parallel_channels", (2, 2, 2)),
            ("parallel_kernel_size", 3),
            ("parallel_stride", 2),
            ("parallel_dilation", 2),
            ("parallel_residual", 2),
            ("parallel_bottleneck", 2),
            ("parallel_squeeze", 2),
            ("recurrent_output_dropout", 0.5),
            ("pooling_segments", 2),
            ("random_convolutions", 84),
            ("pooling", "mean"),
        ]
    ),
]


@pytest.mark.parametrize(
    ("name", "go_on", "words"), GOING_ON, ids=[go_on.__name__ for _, go_on, _ in GOING_ON]
)
def test_what_cannot_continue_a_fit_is_refused(name, go_on, words):
    model = make(name).fit(CUBE, np.abs(labels_for(name, N)))
    expected = model.transform(CUBE)
    with pytest.raises(ValueError, match=words):
        go_on(model)
    model.set_params(**make(name).get_params())
    np.testing.assert_array_equal(model.transform(CUBE), expected)


@pytest.mark.parametrize("after", ["adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize("before", ["adam", "adamw", "rmsprop", "sgd"])
def test_another_optimizer_may_continue_a_fit(before, after):
    model = make("GRUClassifier", optimizer=before, warm_start=True).fit(CUBE, LABELS)
    weights = model.transform(CUBE)
    model.set_params(optimizer=after).fit(CUBE, LABELS)
    assert model.n_epochs_ == 2 * FAST["max_epochs"]
    assert (model.transform(CUBE) != weights).any()


@pytest.mark.parametrize("name", REGRESSORS)
def test_another_number_of_outputs_is_refused(name):
    model = make(name).fit(CUBE, CUBE[:, 0])
    with pytest.raises(
        ValueError, match=r"y must have 2 output\(s\), as in the first fit, got 1"
    ):
        model.partial_fit(CUBE, NUMBERS)


@pytest.mark.parametrize("name", ["GRUClassifier", "ConvLSTMClassifier"])
def test_a_tuple_says_how_many_layers(name):
    X = (
        CUBE
        if name == "GRUClassifier"
        else np.repeat(np.repeat(CUBE[..., None], 3, 3), 2, 2)
    )
    plain = make(name, hidden_size=(5, 3)).fit(X, LABELS)
    said = make(name, hidden_size=(5, 3), num_layers=2).fit(X, LABELS)
    np.testing.assert_array_equal(plain.predict_proba(X), said.predict_proba(X))
    assert plain._network["num_layers"] == 2
    assert plain.num_layers is None
    one = make(name, hidden_size=4).fit(X, LABELS)
    assert one._network["num_layers"] == 1
    # A fit may go on with the number said or not.
    plain.set_params(num_layers=2).partial_fit(X, LABELS)
    said.set_params(num_layers=None).partial_fit(X, LABELS)
    np.testing.assert_array_equal(plain.predict_proba(X), said.predict_proba(X))
    pickled(plain.set_params(num_layers=None)).partial_fit(X, LABELS)
    for wrong in (1, 3):
        with pytest.raises(ValueError, match=rf"one per layer \({wrong}\).*\(5, 3\)"):
            make(name, hidden_size=(5, 3), num_layers=wrong).fit(X, LABELS)


def test_net_params_have_the_last_word_on_the_number_of_epochs():
    model = make("GRUClassifier", net_params={"max_epochs": 4}).fit(CUBE, LABELS)
    assert model.n_epochs_ == 4


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "mps:7", "meta"])
def test_a_device_that_the_machine_lacks_is_refused(device):
    with pytest.raises(ValueError, match=f"device='{device}' is not available"):
        make("GRUClassifier", device=device).fit(CUBE, LABELS)
