"""A decoder: each step of a forecast is read from the state at its own row."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest
import torch

import sksequence
from helpers.estimators import make
from sksequence import nn
from sksequence.preprocessing import make_windows

rng = np.random.default_rng(0)
X = [rng.normal(size=(n, 3)).astype(np.float32) for n in rng.integers(6, 12, 30)]
Y = np.stack([x[-4:, :2] for x in X])
FLAT = Y[:, :, 0]
FORMS = [
    {},
    {"bidirectional": True, "merge_mode": "sum"},
    {"conv_channels": (5,), "num_layers": 2},
    {"parallel_channels": (4,), "parallel_kernel_size": 3},
    {"parallel_channels": (4,), "parallel_kernel_size": 3, "parallel_stride": 2},
    {"missing": "decay"},
]


def fitted(y=Y, **params):
    return make("GRURegressor", decoder=True, max_epochs=3, **params).fit(X, y)


@pytest.mark.parametrize("form", FORMS)
def test_each_step_is_read_from_its_own_row(form):
    model = fitted(**form, standardize=False)
    network = model.net_.module_
    params = inspect.signature(nn.SequenceNetwork).parameters
    keywords = {k: v for k, v in model._network.items() if k in params}
    keywords |= {"per_step": True, "decoder_steps": 0}
    steps = nn.SequenceNetwork(**keywords).eval()
    steps.load_state_dict(network.state_dict())
    with torch.no_grad():
        for x, found in zip(X, model.predict(X), strict=True):
            every = steps(torch.from_numpy(x)[None])[0]
            np.testing.assert_allclose(found, every[-4:], atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("y", [Y, FLAT], ids=["steps and targets", "steps"])
def test_a_decoder_answers_the_same_everywhere(form, y, tmp_path):
    model = fitted(y, **form)
    predicted = model.predict(X)
    assert predicted.shape == y.shape
    np.testing.assert_array_equal(model.predict(X[7:8])[0], predicted[7])
    copies = pickle.loads(pickle.dumps(model)), sksequence.load(_saved(model, tmp_path))
    for copy in copies:
        np.testing.assert_array_equal(copy.predict(X), predicted)
    portable = model.to_numpy()
    np.testing.assert_allclose(portable.predict(X), predicted, atol=2e-6)
    np.testing.assert_allclose(portable.transform(X), model.transform(X), atol=2e-6)
    np.testing.assert_allclose(_by_onnx(model, tmp_path), predicted, atol=2e-6)


def _saved(model, folder):
    model.save(folder / "model.safetensors")
    return folder / "model.safetensors"


def _by_onnx(model, folder):
    onnxruntime = pytest.importorskip("onnxruntime")
    model.to_onnx(folder / "model.onnx")
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    lengths = np.array([len(x) for x in X])
    padded = np.full((len(X), lengths.max(), 3), 99, dtype=np.float32)
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    return session.run(None, {"X": padded, "lengths": lengths})[0]


def test_a_causal_decoder_reads_nothing_beyond_its_step():
    model = fitted(FLAT)
    later = [x.copy() for x in X]
    for x in later:
        x[-2:] += 5
    before, after = model.predict(X), model.predict(later)
    np.testing.assert_array_equal(before[:, :2], after[:, :2])
    assert (before[:, 2:] != after[:, 2:]).any(axis=1).all()


def test_static_covariates_reach_every_step():
    import pandas as pd

    table = pd.DataFrame({"x": X, "level": np.arange(30.0)})
    model = make("GRURegressor", decoder=True, max_epochs=60, lr=0.02, hidden_size=16)
    y = np.arange(30.0)[:, None] * [1, 2, 3, 4]
    assert model.fit(table, y).score(table, y) > 0.95
    np.testing.assert_allclose(
        model.to_numpy().predict(X, np.arange(30.0)[:, None]),
        model.predict(table),
        rtol=1e-4,
        atol=1e-3,
    )


def test_a_decoder_learns_a_plan_that_decides_everything(rng):
    promotion = rng.integers(0, 2, 260)
    table = np.column_stack([20 + 10 * promotion + rng.normal(size=260), promotion])
    X, y, _ = make_windows(table, 5, 4, target=0, known=1)
    model = make("GRURegressor", decoder=True, hidden_size=16, max_epochs=15, lr=0.02)
    assert model.fit(X[:180], y[:180]).score(X[190:], y[190:]) > 0.9


def test_there_is_no_answer_before_the_end():
    model = fitted()
    for call in (
        lambda: model.open_stream(),
        lambda: model.predict_prefixes(X),
        lambda: model.to_numpy().open_stream(),
    ):
        with pytest.raises(ValueError, match="decoder"):
            call()


def test_sequences_without_a_row_for_each_step_are_refused():
    model = fitted()
    for call in (
        lambda: model.predict([*X[:4], X[0][:3]]),
        lambda: make("GRURegressor", decoder=True).fit([*X[:-1], X[0][:3]], Y),
    ):
        with pytest.raises(ValueError, match=r"has 3 step\(s\), expected at least 4"):
            call()
    with pytest.raises(ValueError, match="at least 4 steps"):
        model.to_numpy().predict([X[0][:3]])
    with pytest.raises(ValueError, match="conv_stride=1"):
        fitted(conv_channels=(3,), conv_stride=2)
    with pytest.raises(ValueError, match="decoder=False cannot continue"):
        model.set_params(decoder=False).partial_fit(X, Y)


def test_a_validation_set_may_be_given_to_a_first_fit_and_to_others():
    params = {"decoder": True, "early_stopping": True, "max_epochs": 3}
    model = make("GRURegressor", **params).fit(X, Y, X_val=X[:9], y_val=Y[:9])
    assert [epoch["valid_loss"] > 0 for epoch in model.history_] == [True] * 3
    expected = make("GRURegressor", **params).fit(X, FLAT, X_val=X[:9], y_val=FLAT[:9])
    model.fit(X, FLAT, X_val=X[:9], y_val=FLAT[:9])
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    short = make("GRURegressor", **params)
    with pytest.raises(ValueError, match=r"X_val and y_val.*has 3 step\(s\)"):
        short.fit(X, Y, X_val=[X[0][:3]], y_val=Y[:1])
