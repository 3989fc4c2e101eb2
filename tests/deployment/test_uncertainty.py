"""Quantiles and distributions are the same in every export."""

from __future__ import annotations

import pickle
import runpy

import numpy as np
import pytest

from helpers.estimators import make

LOSSES = [
    {"loss": "quantile", "quantile": (0.1, 0.3, 0.5, 0.9)},
    {"loss": "quantile", "quantile": (0.7, 0.9)},
    {"loss": "quantile", "quantile": (0.5,)},
    {"loss": "gaussian"},
    {"loss": "student_t"},
    {"loss": "negative_binomial"},
]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 9, 2)).astype(np.float32)
COUNTS = RNG.poisson(5, size=(20, 9, 2))
FORMS = {
    "one": ("GRURegressor", COUNTS[:, 0, 0]),
    "several": ("GRURegressor", COUNTS[:, 0]),
    "horizons": ("GRURegressor", COUNTS[:, :3]),
    "steps": ("RecurrentStepRegressor", COUNTS[:, :, 0]),
    "steps of several": ("RecurrentStepRegressor", COUNTS),
}
every_loss = pytest.mark.parametrize(
    "params", LOSSES, ids=lambda p: f"{p['loss']} {p.get('quantile', '')}"
)
every_form = pytest.mark.parametrize("form", FORMS)


def fitted(form, params, **more):
    name, y = FORMS[form]
    return make(name, **params, **more).fit(X, y)


def answers(predict, params):
    """Predictions, and standard deviations if there are any."""
    if params["loss"] == "quantile":
        return [predict(X)]
    return list(predict(X, return_std=True))


def assert_close(found, expected, tolerance=2e-5):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@every_loss
@every_form
def test_numpy_answers_as_the_estimator(form, params, tmp_path):
    model = fitted(form, params)
    expected = answers(model.predict, params)
    predictor = model.to_numpy(tmp_path / "exported.py")
    alone = runpy.run_path(str(tmp_path / "exported.py"))["predictor"]
    for other in (predictor, pickle.loads(pickle.dumps(predictor)), alone):
        assert_close(answers(other.predict, params), expected)
        assert_close([other.predict(X)], expected[:1])
    if params["loss"] == "quantile":
        assert not (np.diff(predictor.predict(X)) < 0).any()


@every_loss
@every_form
def test_streams_answer_as_the_estimator(form, params):
    model = fitted(form, params)
    has_std = params["loss"] != "quantile"
    options = {"return_std": True} if has_std else {}
    expected = answers(model.predict, params)
    for stream in (model.open_stream(20), model.to_numpy().open_stream(20)):
        for t in range(X.shape[1]):
            said = stream.step(X[:, t].astype(float), **options)
            if form.startswith("steps"):
                now = [answer[:, t] for answer in expected]
                assert_close(list(said) if has_std else [said], now)
        if not form.startswith("steps"):
            assert_close(list(said) if has_std else [said], expected)
    lone = model.open_stream()
    for x in X[0]:
        said = lone.step(x.astype(float), **options)
    last = [a[0, -1] if form.startswith("steps") else a[0] for a in expected]
    assert_close(list(said) if has_std else [said], last)
    prefixes = model.predict_prefixes(X)
    assert_close([prefixes[0, -1]], last[:1])


@every_loss
@every_form
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx_answers_as_the_estimator(form, params, dtype, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    model = fitted(form, params, dtype=dtype)
    model.to_onnx(tmp_path / "m.onnx")
    session = runtime.InferenceSession(str(tmp_path / "m.onnx"))
    names = [output.name for output in session.get_outputs()]
    has_std = params["loss"] != "quantile"
    assert names == (["values", "std"] if has_std else ["values"])
    lengths = np.full(len(X), X.shape[1], dtype=np.int64)
    found = session.run(None, {"X": X.astype(dtype), "lengths": lengths})
    expected = answers(model.predict, params)
    assert_close(found, expected, 1e-4 if dtype == "float32" else 1e-6)
    for output, answer in zip(session.get_outputs(), found, strict=True):
        fixed = [n for n in output.shape if isinstance(n, int)]
        assert fixed == list(answer.shape[answer.ndim - len(fixed) :])


def test_onnx_answers_in_float64_where_float32_is_too_coarse(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    for params in (LOSSES[0], {"loss": "gaussian"}):
        model = make("GRURegressor", **params).fit(X, 1e9 + 10.0 * COUNTS[:, 0, 0])
        model.to_onnx(tmp_path / "m.onnx")
        session = runtime.InferenceSession(str(tmp_path / "m.onnx"))
        lengths = np.full(len(X), X.shape[1], dtype=np.int64)
        found = session.run(None, {"X": X, "lengths": lengths})
        for one, other in zip(found, answers(model.predict, params), strict=True):
            assert one.dtype == np.float64
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-3)


@every_loss
def test_a_strided_stream_answers_at_the_end_of_blocks(params):
    model = fitted("one", params, conv_channels=(3,), conv_kernel_size=2, conv_stride=2)
    stream, has_std = model.open_stream(), params["loss"] != "quantile"
    options = {"return_std": True} if has_std else {}
    said = [stream.step(x.astype(float), **options) for x in X[0, :2]]
    assert said[0] == ((None, None) if has_std else None)
    expected = model.predict(X[:1, :2], **options)
    last = [answer[0] for answer in expected] if has_std else expected[0]
    np.testing.assert_allclose(said[1], last, rtol=1e-5)


@pytest.mark.parametrize("params", [LOSSES[0], {}, {"loss": "poisson"}], ids=str)
def test_without_a_distribution_there_is_no_deviation(params):
    model = make("GRURegressor", **params).fit(X, COUNTS[:, 0, 0])
    predictor, stream = model.to_numpy(), model.open_stream()
    with pytest.raises(
        ValueError, match=r"return_std=True needs .*: gaussian, student_t"
    ):
        predictor.predict(X, return_std=True)
    with pytest.raises(ValueError, match="return_std=True needs"):
        stream.step(X[0, 0].astype(float), return_std=True)
    assert stream.n_steps_ == 0


@every_loss
@pytest.mark.parametrize("form", ["several", "horizons"])
@pytest.mark.parametrize("way", [{"normalize": "window"}, {"decoder": True}], ids=str)
def test_normalised_and_decoded_forecasts_are_exported(way, form, params, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    if "normalize" in way and params["loss"] == "negative_binomial":
        pytest.skip("counts are not normalised")
    model = fitted(form, params, **way)
    expected = answers(model.predict, params)
    assert_close(answers(model.to_numpy().predict, params), expected)
    model.to_onnx(tmp_path / "m.onnx")
    session = runtime.InferenceSession(str(tmp_path / "m.onnx"))
    lengths = np.full(len(X), X.shape[1], dtype=np.int64)
    dtype = np.float64 if "normalize" in way else np.float32
    found = session.run(None, {"X": X.astype(dtype), "lengths": lengths})
    assert_close(found, expected, 1e-4)
