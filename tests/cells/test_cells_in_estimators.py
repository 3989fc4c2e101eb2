"""An added cell, a class and a line of registry, goes the whole way of an estimator."""

from __future__ import annotations

import pickle

import numpy as np
import onnxruntime
import pytest
from sklearn.model_selection import GridSearchCV

import sksequence
from helpers.data import padded
from helpers.networks import sequences
from sksequence import RecurrentClassifier, _cells, _kernels
from sksequence._cells import BOTH, Cell


class LightGRU(Cell):
    """One gate and a rectified candidate (Ravanelli et al., 2018)."""

    gates, biases, time_scale = (BOTH, BOTH), (0.0, 0.0), (1, 0)

    @staticmethod
    def step(ops, values, states):
        z, n = ops.sigmoid(values[0]), ops.relu(values[1])
        return (n + z * (states[0] - n),), (z, n)

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        z, n = kept
        of_z = wanted[0] * (before[0] - n) * z * (1.0 - z)
        of_n = ops.where_positive(n, wanted[0] * (1.0 - z))
        return (of_z, of_n), (wanted[0] * z,)


@pytest.fixture(autouse=True)
def added(monkeypatch):
    monkeypatch.setitem(_cells.CELLS, "ligru", LightGRU)


X = [x.astype(np.float32) for x in sequences()]
Y = np.array(["falls", "rises"])[[int(x[-1, 0] > x[0, 0]) for x in X]]
PARAMS = {"cell": "ligru", "hidden_size": 6, "max_epochs": 8, "random_state": 0}
PARAMS["random_convolutions"] = 0


def test_kernels_train_it_as_torch_does(monkeypatch):
    compiled = RecurrentClassifier(**PARAMS).fit(X, Y)
    assert compiled.history_[-1]["train_loss"] < compiled.history_[0]["train_loss"]
    monkeypatch.setattr(_kernels, "load", lambda *_: None)
    in_torch = RecurrentClassifier(**PARAMS).fit(X, Y)
    np.testing.assert_allclose(
        compiled.predict_proba(X), in_torch.predict_proba(X), atol=1e-4
    )


def test_a_search_chooses_among_cells_and_a_file_keeps_the_choice(tmp_path):
    model = RecurrentClassifier(**{**PARAMS, "cell": "gru"}, num_layers=2)
    search = GridSearchCV(model, {"cell": ["ligru", "rnn"]}, cv=2, error_score="raise")
    search.fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = RecurrentClassifier(**PARAMS).fit(X, Y)
    expected = best.predict_proba(X)
    best.save(tmp_path / "model")
    for again in (sksequence.load(tmp_path / "model"), pickle.loads(pickle.dumps(best))):
        np.testing.assert_array_equal(again.predict_proba(X), expected)
    for x, proba in zip(X, expected, strict=True):
        np.testing.assert_array_equal(best.predict_proba([x])[0], proba)


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "layer_norm": True}])
def test_it_predicts_the_same_without_torch(options, tmp_path):
    model = RecurrentClassifier(**PARAMS, **options, memory_steps=16).fit(X, Y)
    expected = model.predict_proba(X)
    assert np.ptp(expected[:, 0]) > 0.01
    np.testing.assert_allclose(model.to_numpy().predict_proba(X), expected, atol=1e-6)
    stream = model.open_stream()
    for x, proba in zip(X, expected, strict=True):
        said = [stream.step_proba(step) for step in x]
        np.testing.assert_allclose(said[-1], proba, atol=1e-6)
        stream.reset()
    model.to_onnx(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    probabilities = session.run(["probabilities"], padded(X))[0]
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    model.to_numpy(tmp_path / "model.py")
    scope: dict = {}
    exec((tmp_path / "model.py").read_text(encoding="utf-8"), scope)
    np.testing.assert_allclose(scope["predictor"].predict_proba(X), expected, atol=1e-6)
