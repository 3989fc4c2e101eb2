"""Targets of several numbers at several steps ahead."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_predict, cross_val_score

import sksequence
from helpers.estimators import make
from helpers.tables import TABLE
from sksequence.preprocessing import make_windows, merge_forecasts

REGRESSORS = [
    "SimpleRNNRegressor",
    "LSTMRegressor",
    "GRURegressor",
    "RecurrentRegressor",
]
X, Y, INDEX = make_windows(TABLE, 6, 3)
FLAT = Y.reshape(len(Y), -1)


@pytest.mark.parametrize("name", REGRESSORS)
@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_steps_and_targets_are_learnt_as_one_vector(name, loss):
    # By time, the gap behind the training part counts steps, and of one vector numbers.
    params = {"loss": loss, "early_stopping": True, "validation_split": "random"}
    model, expected = make(name, **params), make(name, **params).fit(X, FLAT)
    predicted = model.fit(X, Y).predict(X)
    assert predicted.shape == Y.shape
    np.testing.assert_array_equal(predicted.reshape(FLAT.shape), expected.predict(X))
    weight = np.arange(len(X)) % 4
    r2 = r2_score(FLAT, expected.predict(X), sample_weight=weight)
    assert model.score(X, Y, weight) == pytest.approx(r2, rel=1e-12)
    more = model.partial_fit(X, Y).predict(X)
    other = expected.partial_fit(X, FLAT).predict(X)
    np.testing.assert_array_equal(more.reshape(FLAT.shape), other)


@pytest.mark.parametrize("target", [None, 0, [0], [1, 0]])
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_windows_forecasts_and_the_time_axis_fit_each_other(target, horizon):
    X, y, index = make_windows(TABLE, 6, horizon, target=target)
    forecasts = make("GRURegressor").fit(X, y).predict(X)
    merged = merge_forecasts(forecasts, index, TABLE)
    by_hand = merge_forecasts(np.reshape(forecasts, y.shape), index, TABLE)
    np.testing.assert_array_equal(merged, by_hand)
    columns = [0, 1] if target is None else target
    assert merged.shape == TABLE[:, columns].shape
    truth = merge_forecasts(y, index, TABLE)
    np.testing.assert_allclose(truth[6:], TABLE[6:, columns])


def test_one_step_ahead_may_have_an_axis_or_none():
    _, y, index = make_windows(TABLE[:, 0], 6, 1)
    np.testing.assert_array_equal(
        merge_forecasts(y[:, 0], index, TABLE), merge_forecasts(y, index, TABLE)
    )


def test_targets_of_some_steps_may_be_missing(rng):
    y = np.where(rng.uniform(size=Y.shape) < 0.3, np.nan, Y)
    flat = y.reshape(FLAT.shape)
    model, expected = make("GRURegressor").fit(X, y), make("GRURegressor").fit(X, flat)
    predicted = model.predict(X)
    np.testing.assert_array_equal(predicted.reshape(FLAT.shape), expected.predict(X))
    assert model.score(X, y) == expected.score(X, flat)


def test_it_is_stored_and_exported(tmp_path):
    model = make("GRURegressor").fit(X, Y)
    expected = model.predict(X)
    model.save(tmp_path / "m")
    for other in (
        sksequence.load(tmp_path / "m"),
        pickle.loads(pickle.dumps(model)),
    ):
        np.testing.assert_array_equal(other.predict(X), expected)
        assert other.score(X, Y) == model.score(X, Y)
    predictor = model.to_numpy()
    np.testing.assert_allclose(predictor.predict(X), expected, atol=1e-5)
    stream = model.open_stream()
    for step, prefix in zip(X[0], model.predict_prefixes(X)[0], strict=True):
        np.testing.assert_allclose(stream.step(step), prefix, atol=1e-5)
    np.testing.assert_allclose(prefix, expected[0], atol=1e-5)


def test_it_is_exported_to_onnx(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    model = make("GRURegressor").fit(X, Y)
    model.to_onnx(tmp_path / "m.onnx")
    session = runtime.InferenceSession(str(tmp_path / "m.onnx"))
    lengths = np.full(len(X), X.shape[1], dtype=np.int64)
    (got,) = session.run(None, {"X": X.astype(np.float32), "lengths": lengths})
    np.testing.assert_allclose(got, model.predict(X), atol=1e-4)


def test_within_scikit_learn():
    model = make("GRURegressor")
    predicted = cross_val_predict(model, X, Y, cv=3)
    flat = cross_val_predict(model, X, FLAT, cv=3)
    np.testing.assert_array_equal(predicted.reshape(FLAT.shape), flat)
    scores = cross_val_score(model, X, Y, cv=3)
    np.testing.assert_array_equal(scores, cross_val_score(model, X, FLAT, cv=3))


@pytest.mark.parametrize(
    ("first", "then", "words"),
    [
        (Y, FLAT, r"y must have shape \(n_sequences, 3, 2\) as .*, got \(52, 6\)"),
        (Y, Y[:, :2], r"y must have shape \(n_sequences, 3, 2\) as .*, got \(52, 2, 2\)"),
        (FLAT, Y, r"y must have 6 output\(s\) .* without an axis of steps"),
        (Y[:, 0, 0], Y, r"y must have 1 output\(s\) .* got shape \(52, 3, 2\)"),
    ],
)
def test_the_form_of_y_stays(first, then, words):
    model = make("GRURegressor").partial_fit(X, first)
    with pytest.raises(ValueError, match=words):
        model.partial_fit(X, then)


def test_what_is_not_finite_is_told():
    y = Y.copy()
    y[3, 1, 0] = np.inf
    with pytest.raises(ValueError, match="y contains infinity"):
        make("GRURegressor").fit(X, y)


def test_steps_and_targets_may_be_missing_one_by_one():
    y = np.where(np.random.default_rng(0).random(Y.shape) < 0.3, np.nan, Y)
    flat = y.reshape(len(y), -1)
    expected = make("GRURegressor").fit(X, flat)
    for form in (y, np.where(np.isnan(y), None, y)):
        model = make("GRURegressor").fit(X, form)
        predicted = model.predict(X)
        np.testing.assert_array_equal(predicted.reshape(flat.shape), expected.predict(X))
        assert model.score(X, form) == expected.score(X, flat)
    columns = zip(flat.T, expected.predict(X).T, strict=True)
    scores = [r2_score(t[~np.isnan(t)], p[~np.isnan(t)]) for t, p in columns]
    assert expected.score(X, flat) == pytest.approx(np.mean(scores), rel=1e-12)


def test_nothing_is_scored_before_a_fit():
    for y in (Y, FLAT):
        with pytest.raises(NotFittedError):
            make("GRURegressor").score(X, y)
