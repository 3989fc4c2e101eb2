"""Chains of tags in numpy alone, in one file, and in ONNX files."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import onnx
import onnxruntime
import pytest

from helpers.chains import follows
from helpers.data import padded, ragged
from helpers.estimators import make
from helpers.networks import LIVELY, assert_promised
from helpers.step_task import TAGGER

LENGTHS = (9, 4, 7, 12, 1, 8)
CASES = {
    "text": (["B-a", "I-a", "O"], {"tag_scheme": "bio"}),
    "numbers": ([7, 1, 3], {}),
    "bools": ([False, True], {"dtype": "float64"}),
    "one": (["only"], {}),
}
every_case = pytest.mark.parametrize("case", CASES)


def fitted(case, **more):
    """A tagger whose transitions count, and sequences."""
    classes, params = CASES[case]
    X = ragged(LENGTHS)
    y = [np.array(classes)[np.arange(len(x)) % len(classes)] for x in X]
    if "tag_scheme" in params:
        y = [["O"] * len(x) for x in X]
        y[0][:3] = ["B-a", "I-a", "I-a"]
    model = make(TAGGER, **{**LIVELY, "crf": True, **params, **more}).fit(X, y)
    rng = np.random.default_rng(0)
    for values in model.net_.module_.chain.parameters():
        values.data.copy_(values.data.new_tensor(rng.normal(size=values.shape)))
    return model, X


@every_case
@pytest.mark.parametrize("bidirectional", [False, True])
def test_numpy_alone_answers_the_same(case, bidirectional, tmp_path):
    model, X = fitted(case, bidirectional=bidirectional)
    model.to_numpy(tmp_path / "model.py")
    spec = spec_from_file_location("model", tmp_path / "model.py")
    bundle = module_from_spec(spec)
    spec.loader.exec_module(bundle)
    for predictor in (model.to_numpy(), bundle.predictor):
        for got, expected in zip(predictor.predict(X), model.predict(X), strict=True):
            np.testing.assert_array_equal(got, expected)
        assert_promised(predictor.predict_proba(X), model.predict_proba(X), model)
        assert_promised(predictor.transform(X), model.transform(X), model)


@every_case
def test_onnx_files_answer_the_same(case, tmp_path):
    model, X = fitted(case, bidirectional=True)
    model.to_onnx(tmp_path / "model.onnx")
    onnx.checker.check_model(tmp_path / "model.onnx", full_check=True)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    dtype = np.dtype(model.dtype)
    X = [x.astype(dtype) for x in X]
    for part in (X, X[4:5], X[:2]):
        inputs = padded(part)
        lengths = inputs["lengths"]
        labels, proba = session.run(["label", "probabilities"], inputs)
        answers = zip(model.predict(part), model.predict_proba(part), strict=True)
        for i, (expected, shares) in enumerate(answers):
            wanted = expected
            if expected.dtype.kind == "b":
                wanted = expected.astype(np.int64)
            np.testing.assert_array_equal(labels[i, : lengths[i]], wanted)
            np.testing.assert_allclose(proba[i, : lengths[i]], shares, rtol=0, atol=2e-6)
            assert proba.dtype == dtype


def test_no_file_breaks_the_scheme(tmp_path):
    model, _ = fitted("text")
    model.to_onnx(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    rng = np.random.default_rng(1)
    block = (rng.normal(size=(50, 9, 2)) * 5).astype(np.float32)
    lengths = rng.integers(1, 10, size=50)
    labels, proba = session.run(None, {"X": block, "lengths": lengths})
    for tags, n, shares in zip(labels, lengths, proba, strict=True):
        assert follows(tags[:n], "bio")
        assert shares[0, 1] == 0
