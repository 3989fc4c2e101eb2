"""What the estimators learn, say, keep and leave alone."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from conftest import CLASSIFIERS, ESTIMATORS, REGRESSORS, labels_for, make, ragged
from scipy.special import expit, softmax
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_sample_weight
from skorch import NeuralNet
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, LRScheduler

import sksequence._base.fitting

# Where an equation is compared, rounding should not be in the way.
EXACT = {"dtype": "float64", "batch_size": None, "max_epochs": 8}


def steps_only(model):
    """The history without what the clock says."""
    return [
        {key: value for key, value in epoch.items() if key != "duration"}
        for epoch in model.history_
    ]


def answers(model, X):
    return (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(X)


def weights_of(model):
    return np.concatenate(
        [value.detach().numpy().ravel() for value in model.net_.module_.parameters()]
    )


@pytest.fixture(scope="module")
def task():
    """Sequences of unequal length whose mean tells all; codes for X and numbers."""
    rng = np.random.default_rng(5)
    X = [
        rng.normal(size=(n, 2)) + rng.normal(size=2) for n in rng.integers(5, 15, size=60)
    ]
    means = np.array([x.mean(axis=0) for x in X])
    return X, np.digitize(means[:, 0], [-0.6, 0.6]), means @ [2.0, -1.0] + 3


def target_of(task, name):
    return task[1] if name in CLASSIFIERS else task[2]


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


# ------------------------------------------------------------------------------- classes


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["b", "a", "c"]),
        np.array(["b", "a", "c"], dtype=object),
        np.array([7, -2, 0]),
        np.array([2.0, 0.0, 1.0]),
        pd.Series(["b", "a", "c"], dtype="category"),
        pd.Series([3, 1, 2], dtype="Int64"),
        pd.Series(["b", "a", "c"], dtype="string"),
        np.array([True, False]),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_may_be_of_any_kind(labels, task):
    X, codes, _ = task
    codes = codes % len(labels)
    y = labels[codes] if isinstance(labels, np.ndarray) else labels.take(codes)
    y = y if isinstance(y, np.ndarray) else y.reset_index(drop=True)
    classes = sorted(set(labels))
    ranks = np.array([classes.index(label) for label in labels])[codes]

    model = make("GRUClassifier").fit(X, y)
    expected = make("GRUClassifier").fit(X, ranks)
    assert list(model.classes_) == classes
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert list(model.predict(X)) == [classes[i] for i in expected.predict(X)]
    assert model.score(X, y) == expected.score(X, ranks)


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("n_classes", [1, 2, 3])
def test_probabilities_follow_the_classes(name, n_classes, task):
    X, codes, _ = task
    y = np.array(["x", "y", "z"])[codes % n_classes]
    model = make(name, max_epochs=10, lr=0.01).fit(X, y)
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), n_classes)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba, rtol=1e-12)
    # Columns mean what classes_ says: the true class is the likeliest on the whole.
    of_truth = proba[np.arange(len(X)), np.searchsorted(model.classes_, y)]
    assert of_truth.mean() >= 1 / n_classes


def test_log_probabilities_stay_finite_where_probabilities_vanish(task):
    X, codes, _ = task
    model = make("GRUClassifier").fit(X, codes)
    with torch.no_grad():
        model.net_.module_.head.weight.mul_(1e5)
    assert (model.predict_proba(X) == 0).any()
    assert np.isfinite(model.predict_log_proba(X)).all()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_labels_of_a_sequence_are_judged_one_by_one(name, task):
    X, _, _ = task
    y = np.array([x.mean(axis=0) > 0 for x in X]).astype(int)
    model = make(name, hidden_size=16, max_epochs=40, lr=0.02, pooling="mean").fit(X, y)
    proba = model.predict_proba(X)
    assert model.classes_.tolist() == [0, 1]
    np.testing.assert_array_equal(model.predict(X), proba > 0.5)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba, rtol=1e-12)
    assert abs(proba.sum(axis=1) - 1).max() > 0.5
    assert model.score(X, y) > 0.8


# --------------------------------------------------------------------------- regression


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_lone_column_is_a_vector_with_a_warning(name, task):
    X, _, y = task
    expected = make(name).fit(X, y).predict(X)
    with pytest.warns(DataConversionWarning):
        model = make(name).fit(X, y[:, None])
    np.testing.assert_array_equal(model.predict(X), expected)


def skewed(n=400, seed=0):
    return np.random.default_rng(seed).exponential(scale=5.0, size=n) ** 1.5


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(
    ("params", "functional"),
    [
        ({"loss": "squared_error"}, np.mean),
        ({"loss": "absolute_error"}, np.median),
        ({"loss": "quantile", "quantile": 0.9}, lambda y: np.quantile(y, 0.9)),
        ({"loss": "quantile", "quantile": 0.2}, lambda y: np.quantile(y, 0.2)),
        ({"loss": "poisson"}, np.mean),
    ],
    ids=lambda value: (
        "-".join(map(str, value.values())) if isinstance(value, dict) else ""
    ),
)
def test_where_X_says_nothing_the_losses_own_functional_is_predicted(
    params, functional, standardize
):
    y = skewed() / 10
    X = np.ones((len(y), 3))
    model = make(
        "GRURegressor",
        **{"max_epochs": 250, "lr": 0.05, "lr_schedule": "cosine", "gradient_clip": None},
        **{"batch_size": None, "hidden_size": 4, "standardize": standardize},
        **params,
    )
    predicted = model.fit(X, y).predict(X)
    assert np.ptp(predicted) == 0
    assert predicted[0] == pytest.approx(functional(y), abs=0.03 * y.std())


def test_huber_is_between_mean_and_median():
    y = skewed()
    X = np.ones((len(y), 3))
    model = make("GRURegressor", loss="huber", max_epochs=150, lr=0.05, batch_size=None)
    predicted = model.fit(X, y).predict(X)[0]
    assert np.median(y) < predicted < y.mean()


def test_weights_move_the_mean():
    y, weight = skewed(), np.linspace(0, 1, 400)
    X = np.ones((len(y), 3))
    model = make("GRURegressor", max_epochs=150, lr=0.05, batch_size=None, hidden_size=4)
    predicted = model.fit(X, np.sort(y), sample_weight=weight).predict(X)[0]
    expected = np.average(np.sort(y), weights=weight)
    assert predicted == pytest.approx(expected, rel=0.02)


def test_rates_are_never_negative(task):
    X, _, _ = task
    y = np.random.default_rng(0).poisson([np.exp(x[:, 0].mean()) for x in X])
    model = make("LSTMRegressor", loss="poisson", max_epochs=20).fit(X, y)
    far = [100 * x for x in X]
    assert (model.predict(far) >= 0).all()
    assert model.predict(X).mean() == pytest.approx(y.mean(), rel=0.3)


# ------------------------------------------------------------------------------- weights


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("class_weight", [{"a": 3, "c": 0.5}, "balanced"], ids=str)
def test_class_weights_are_sample_weights(name, class_weight, task):
    X, codes, _ = task
    y = np.array(["a", "b", "c"])[codes]
    weighted = {"a": 3, "b": 1, "c": 0.5} if class_weight != "balanced" else "balanced"
    by_class = make(name, class_weight=class_weight, standardize=False).fit(X, y)
    by_sample = make(name, standardize=False).fit(
        X, y, sample_weight=compute_sample_weight(weighted, y)
    )
    np.testing.assert_array_equal(by_class.predict_proba(X), by_sample.predict_proba(X))
    plain = make(name, standardize=False).fit(X, y)
    assert (by_class.predict_proba(X) != plain.predict_proba(X)).any()


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_only_ratios_of_weights_matter(name, task):
    X, y = task[0], target_of(task, name)
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(X))
    some, others = (
        make(name, dtype="float64").fit(X, y, sample_weight=factor * weight)
        for factor in (1, 7.3)
    )
    np.testing.assert_allclose(answers(some, X), answers(others, X), rtol=1e-9)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_zero_weight_is_absence(name, early_stopping, task):
    X, y = task[0], target_of(task, name)
    weight = np.random.default_rng(0).integers(0, 3, size=len(X)).astype(float)
    kept = np.flatnonzero(weight)
    whole = make(name, early_stopping=early_stopping).fit(X, y, sample_weight=weight)
    part = make(name, early_stopping=early_stopping).fit(
        [X[i] for i in kept], y[kept], sample_weight=weight[kept]
    )
    np.testing.assert_array_equal(answers(whole, X), answers(part, X))


# --------------------------------------------------------------------------- standardize


@pytest.mark.parametrize("name", ESTIMATORS)
def test_units_of_measurement_do_not_matter(name, task):
    X, y = task[0], target_of(task, name)
    moved = [1000 + 50 * x for x in X]
    expected = answers(make(name, **EXACT).fit(X, y), X)
    got = answers(make(name, **EXACT).fit(moved, y), moved)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_targets_in_other_units_give_predictions_in_them(loss, task):
    X, _, y = task
    model = make("LSTMRegressor", loss=loss, **EXACT)
    expected = model.fit(X, y).predict(X)
    got = model.fit(X, 3 + 20 * y).predict(X)
    np.testing.assert_allclose(got, 3 + 20 * expected, rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_standardising_is_over_the_steps_there_are(name, weighted, task):
    """As if the steps had been scaled by hand, none of them padding."""
    X, y = task[0], target_of(task, name)
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(X)) if weighted else None
    steps = np.concatenate(X)
    per_step = np.repeat(weight, [len(x) for x in X]) if weighted else None
    mean = np.average(steps, axis=0, weights=per_step)
    scale = np.sqrt(np.average((steps - mean) ** 2, axis=0, weights=per_step))
    by_hand = [(x - mean) / scale for x in X]
    center, width = 0.0, 1.0
    if name in REGRESSORS:
        center = np.average(y, weights=weight)
        width = np.sqrt(np.average((y - center) ** 2, weights=weight))

    expected = answers(make(name, **EXACT).fit(X, y, sample_weight=weight), X)
    plain = make(name, standardize=False, **EXACT)
    plain.fit(by_hand, (y - center) / width if name in REGRESSORS else y, weight)
    got = center + width * answers(plain, by_hand)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_without_standardising_the_network_reads_what_was_given(name):
    X = np.random.default_rng(0).normal(50, 9, size=(16, 7, 3))
    model = make(name, standardize=False, dtype="float64").fit(X, labels_for(name, 16))
    with torch.no_grad():
        output = model.net_.module_.eval()(torch.as_tensor(X)).numpy()
    expected = softmax(output, axis=1) if name in CLASSIFIERS else output[:, 0]
    np.testing.assert_allclose(answers(model, X), expected, rtol=1e-10)


def test_a_constant_channel_is_no_obstacle(task):
    X, y, _ = task
    constant = [np.column_stack([x, np.full(len(x), 4.2)]) for x in X]
    assert np.isfinite(
        make("GRUClassifier").fit(constant, y).predict_proba(X=constant)
    ).all()


# ------------------------------------------------------------------------ early stopping


@pytest.fixture
def splits(monkeypatch):
    """The parts of every early-stopping split made, in turn."""
    made = []
    split = sksequence._base.fitting.validation_split

    def spying(*args, **kwargs):
        made.append(split(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(sksequence._base.fitting, "validation_split", spying)
    return made


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


# ------------------------------------------------------------------------------ training


def rates(task, **params):
    return np.array(
        [
            epoch["lr"]
            for epoch in make("GRUClassifier", lr=0.01, **params).fit(*task[:2]).history_
        ]
    )


def test_a_constant_rate_is_constant(task):
    np.testing.assert_allclose(rates(task, lr_schedule="constant", max_epochs=4), 0.01)


def test_the_cosine_goes_down_to_zero(task):
    expected = 0.01 * (1 + np.cos(np.pi * np.arange(8) / 8)) / 2
    got = rates(task, lr_schedule="cosine", max_epochs=8)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_rate_is_halved_on_a_plateau(early_stopping):
    """Zeros in, zeros out: the loss is zero from the start, and stays there."""
    X, y = np.zeros((20, 4)), np.zeros(20)
    model = make(
        "GRURegressor",
        **{"lr": 0.01, "lr_schedule": "plateau", "max_epochs": 20, "patience": 99},
        early_stopping=early_stopping,
    ).fit(X, y)
    got = [epoch["lr"] for epoch in model.history_]
    assert got == [0.01] * 7 + [0.005] * 6 + [0.0025] * 6 + [0.00125]


class GradientNorms(Callback):
    def __init__(self, norms):
        self.norms = norms

    def on_grad_computed(self, net, named_parameters, **kwargs):
        squares = [parameter.grad.square().sum() for _, parameter in named_parameters]
        self.norms.append(float(torch.stack(squares).sum().sqrt()))


@pytest.mark.parametrize("clip", [1e-3, 0.05, None])
def test_the_gradient_is_no_longer_than_its_clip(clip, task):
    X, y, _ = task
    norms = []
    make("LSTMClassifier", gradient_clip=clip, callbacks=[GradientNorms(norms)]).fit(X, y)
    assert len(norms) == 2 * 4
    if clip is None:
        assert max(norms) > 0.05
    else:
        assert max(norms) == pytest.approx(clip, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("adam", torch.optim.Adam),
        ("adamw", torch.optim.AdamW),
        ("rmsprop", torch.optim.RMSprop),
        ("sgd", torch.optim.SGD),
    ],
)
def test_an_optimizer_by_its_name_is_torchs_own(name, optimizer, task):
    X, y, _ = task
    params = {"weight_decay": 0.01, "lr": 0.01, "max_epochs": 5}
    by_name = make("GRUClassifier", optimizer=name, **params).fit(X, y)
    by_class = make("GRUClassifier", optimizer=optimizer, **params).fit(X, y)
    np.testing.assert_allclose(
        by_name.predict_proba(X), by_class.predict_proba(X), rtol=1e-4
    )
    assert by_name.history_[-1]["train_loss"] < by_name.history_[0]["train_loss"]


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
def test_weight_decay_shrinks_the_weights(optimizer, task):
    X, y, _ = task
    norms = [
        np.linalg.norm(
            weights_of(
                make(
                    "GRUClassifier",
                    **{"optimizer": optimizer, "weight_decay": decay, "lr": 0.01},
                    max_epochs=10,
                ).fit(X, y)
            )
        )
        for decay in (0, 1.0)
    ]
    assert norms[1] < 0.97 * norms[0]


def test_callbacks_of_skorch_take_part(task, tmp_path):
    X, y, _ = task
    model = make(
        "GRUClassifier",
        max_epochs=6,
        lr=0.01,
        lr_schedule="constant",
        callbacks=[
            ("steps", LRScheduler("StepLR", step_size=2, gamma=0.1)),
            Checkpoint(dirname=tmp_path, monitor="train_loss_best"),
        ],
    ).fit(X, y)
    got = [epoch["lr"] for epoch in model.history_]
    np.testing.assert_allclose(got, [1e-2] * 2 + [1e-3] * 2 + [1e-4] * 2)
    saved = torch.load(tmp_path / "params.pt", weights_only=True)
    assert saved.keys() == model.net_.module_.state_dict().keys()


def test_a_callback_of_skorch_may_stop_the_training(task):
    X, y, _ = task
    stop = EarlyStopping(monitor="train_loss", patience=1, threshold=1e9, sink=str)
    model = make("GRUClassifier", max_epochs=50, callbacks=[stop]).fit(X, y)
    assert model.n_epochs_ == len(model.history_) < 5


def test_net_params_have_the_last_word(task):
    X, y, _ = task
    plain = make("GRUClassifier", batch_size=5, max_epochs=3).fit(X, y)
    given = {"batch_size": 5, "optimizer__betas": (0.9, 0.999), "verbose": 0}
    overridden = make("GRUClassifier", max_epochs=3, net_params=given).fit(X, y)
    np.testing.assert_array_equal(overridden.predict_proba(X), plain.predict_proba(X))
    betas = make("GRUClassifier", net_params={"optimizer__betas": (0.5, 0.6)}).fit(X, y)
    assert betas.net_.optimizer_.param_groups[0]["betas"] == (0.5, 0.6)
    assert (betas.predict_proba(X) != plain.predict_proba(X)).any()


# ---------------------------------------------------------------------------- continuing


def pickled(model):
    return pickle.loads(pickle.dumps(model))


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


# ------------------------------------------------------------------------- what it shows


@pytest.mark.parametrize("early_stopping", [False, True])
def test_history_says_of_each_epoch_what_it_promises(early_stopping, task):
    X, y, _ = task
    model = make("GRUClassifier", early_stopping=early_stopping, max_epochs=3).fit(X, y)
    keys = {"train_loss", "lr", "duration"} | (
        {"valid_loss"} if early_stopping else set()
    )
    assert len(model.history_) == model.n_epochs_ == 3
    for epoch in model.history_:
        assert set(epoch) == keys
        assert all(type(value) is float for value in epoch.values())
        assert epoch["duration"] > 0


def test_the_training_loss_is_the_mean_over_the_sequences(task):
    """With no step to speak of, the weights are those that the loss is taken with."""
    X, y, _ = task
    model = make("GRUClassifier", lr=1e-12, max_epochs=1).fit(X, y)
    expected = log_loss(y, model.predict_proba(X))
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_verbose_prints_a_line_per_epoch_and_nothing_else_does(
    early_stopping, task, capfd
):
    X, y, _ = task
    params = {"max_epochs": 3, "early_stopping": early_stopping}
    make("GRUClassifier", **params).fit(X, y).predict(X)
    assert capfd.readouterr() == ("", "")
    make("GRUClassifier", verbose=1, **params).fit(X, y)
    out, err = capfd.readouterr()
    numbers = [line.split()[0] for line in out.splitlines() if line.strip()[:1].isdigit()]
    assert (numbers, err) == (["1", "2", "3"], "")


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_net_is_a_genuine_one_that_speaks_briefly(name, task):
    model = make(name).fit(task[0], target_of(task, name))
    assert isinstance(model.net_, NeuralNet)
    assert len(repr(model.net_)) < 120
    assert "\n" not in repr(model.net_)


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


def test_labels_of_a_sequence_have_logistic_probabilities(task):
    X, codes, _ = task
    model = make("LSTMClassifier", **EXACT).fit(X, np.eye(3, dtype=int)[codes])
    head = model.net_.module_.head
    output = model.transform(X) @ head.weight.detach().numpy().T
    expected = expit(output + head.bias.detach().numpy())
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-10)


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


# ------------------------------------------------------------------------------- storing


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def through_skops(model):
    from skops import io as skops_io

    data = skops_io.dumps(model)
    return skops_io.loads(data, trusted=skops_io.get_untrusted_types(data=data))


@pytest.mark.parametrize(
    "through", [pickled, copy.deepcopy, through_joblib, through_skops]
)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_is_stored_comes_back_to_the_bit(name, through, task):
    X, y = task[0], target_of(task, name)
    params = {"num_layers": 2, "dropout": 0.2, "parallel_channels": (3,)}
    params |= {"parallel_kernel_size": 3, "early_stopping": True}
    model = make(name, **params).fit(X, y)
    expected, units = answers(model, X), model.transform(X)
    # For a next fit: they say nothing about the network that is there.
    model.set_params(hidden_size=3, num_layers=1, dropout=0.0, parallel_channels=())
    back = through(model)
    np.testing.assert_array_equal(answers(back, X), expected)
    np.testing.assert_array_equal(back.transform(X), units)
    assert back.get_params() == model.get_params()
    assert back.history_ == model.history_
    np.testing.assert_array_equal(answers(model, X), expected)


@pytest.mark.parametrize(
    "through", [pickled, copy.deepcopy, through_joblib, through_skops]
)
def test_an_unfitted_estimator_comes_back_as_well(through):
    model = make("GRUClassifier", hidden_size=(4, 3), num_layers=2)
    assert through(model).get_params() == model.get_params()


def leaves(state):
    if isinstance(state, dict):
        for key, value in state.items():
            yield from leaves(key)
            yield from leaves(value)
    elif isinstance(state, list | tuple):
        for value in state:
            yield from leaves(value)
    else:
        yield state


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_the_state_is_numpy_and_plain_python(name, optimizer, task):
    X, y = task[0], target_of(task, name)
    model = make(name, optimizer=optimizer, early_stopping=True, lr_schedule="plateau")
    kinds = {type(leaf) for leaf in leaves(model.fit(X, y).__getstate__())}
    foreign = {
        kind
        for kind in kinds
        if kind.__module__.partition(".")[0] not in ("builtins", "numpy")
    }
    assert not foreign


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_no_training_data_are_stored(name):
    sizes = []
    for n in (20, 2000):
        X = np.random.default_rng(0).normal(size=(n, 10))
        model = make(name, max_epochs=1, early_stopping=True, batch_size=500)
        sizes.append(len(pickle.dumps(model.fit(X, labels_for(name, n)))))
    assert abs(sizes[1] - sizes[0]) < 200


# ----------------------------------------------------------------------- where it stands


def test_auto_is_the_cpu_where_there_is_nothing_else(task):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    X, y, _ = task
    auto, cpu = (
        make("GRUClassifier", device=device).fit(X, y) for device in ("auto", "cpu")
    )
    np.testing.assert_array_equal(auto.predict_proba(X), cpu.predict_proba(X))
    assert auto.net_.device == "cpu"


def test_a_random_state_instance_goes_on_from_fit_to_fit(task):
    X, y, _ = task
    fits = []
    for _ in range(2):
        model = make("GRUClassifier", random_state=np.random.RandomState(3))
        fits.append([model.fit(X, y).predict_proba(X) for _ in range(2)])
    np.testing.assert_array_equal(fits[0], fits[1])
    assert (fits[0][0] != fits[0][1]).any()


def test_no_random_state_is_another_fit_each_time(task):
    X, y, _ = task
    some, others = (
        make("GRUClassifier", random_state=None).fit(X, y).predict_proba(X)
        for _ in range(2)
    )
    assert (some != others).any()


def test_fits_at_the_same_time_are_what_they_are_alone(task):
    X, codes, y = task
    models = {
        "LSTMClassifier": {"dropout": 0.3, "max_epochs": 6},
        "GRURegressor": {"early_stopping": True, "max_epochs": 6, "n_jobs": 1},
    }

    def fit(name):
        target = codes if name in CLASSIFIERS else y
        return answers(make(name, **models[name]).fit(X, target), X)

    alone = [fit(name) for name in models]
    barrier = threading.Barrier(2)

    def fit_at_once(name):
        barrier.wait()
        return fit(name)

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(fit_at_once, models))
    for got, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("n_jobs", [None, 1, -1])
def test_the_caller_has_its_threads_back_also_after_a_failure(n_jobs, task):
    X, _, y = task
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        model = make("GRURegressor", n_jobs=n_jobs).fit(X, y)
        model.predict(X)
        assert torch.get_num_threads() == 3
        model.set_params(optimizer="sgd", lr=1e38, gradient_clip=None, max_epochs=9)
        with pytest.raises(ValueError, match="diverged"):
            model.fit(X, y)
        with pytest.raises(ValueError, match="features"):
            model.predict([x[:, :1] for x in X])
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    "params",
    [
        {"batch_size": np.int64(8)},
        {"hidden_size": np.int64(4), "num_layers": np.int32(2)},
        {"conv_channels": (np.int64(3),), "conv_stride": np.int64(2)},
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


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (
            "import sksequence, sksequence.utils",
            {"torch", "skorch", "safetensors", "onnx"},
        ),
        (
            "import pickle, sksequence\n"
            "model = sksequence.GRUClassifier(max_epochs=2, dropout=0.2)\n"
            "model.fit([[0.0, 1.0], [1.0, 0.0]], [0, 1]).predict([[0.0, 1.0]])\n"
            "pickle.loads(pickle.dumps(model)).predict([[0.0, 1.0]])",
            {"torch._dynamo", "torch._inductor", "sympy"},
        ),
    ],
    ids=["import", "fit and store"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code, absent):
    code += f"\nimport sys; print(sorted({absent} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_skorch_scores_every_epoch_as_the_estimator_itself_would():
    from skorch.callbacks import EpochScoring

    X = np.random.default_rng(0).normal(size=(60, 8))
    y = np.where(X.mean(axis=1) > 0, "high", "low")
    scoring = EpochScoring("accuracy", name="accuracy", on_train=False)
    model = make(
        "GRUClassifier",
        max_epochs=4,
        early_stopping=True,
        validation_fraction=0.3,
        patience=99,
        callbacks=[scoring],
    ).fit(X, y)
    best = min(range(4), key=lambda epoch: model.history_[epoch]["valid_loss"])
    seed_drawn_first = np.random.RandomState(0)
    seed_drawn_first.randint(np.iinfo(np.int32).max)
    split = sksequence._base.splitting.validation_split
    _, valid = split(60, 0.3, seed_drawn_first, classes=y)
    assert model.net_.history[best, "accuracy"] == model.score(X[valid], y[valid])
