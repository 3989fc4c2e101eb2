"""An ensemble is one ONNX file that answers as it does."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from helpers.data import padded, ragged
from helpers.estimators import make
from sksequence.ensemble import DeepEnsembleClassifier, DeepEnsembleRegressor

N = 24
LENGTHS = np.random.default_rng(0).integers(4, 12, size=N)
X = [x.astype(np.float32) for x in ragged(LENGTHS)]
WORDS = np.array(["low", "mid", "high"])[np.arange(N) % 3]
COUNTS = np.random.default_rng(1).poisson(4, size=(N, 3, 2)).astype(float)


def classifier(name="GRUClassifier", n=3, **params):
    network = make(name, **{"hidden_size": 4, "lr": 0.05, **params})
    return DeepEnsembleClassifier(network, n, random_state=0)


def regressor(name="GRURegressor", n=3, **params):
    network = make(name, **{"hidden_size": 4, "lr": 0.05, **params})
    return DeepEnsembleRegressor(network, n, random_state=0)


def run(model, folder, inputs):
    path = folder / "model.onnx"
    model.to_onnx(path)
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    metadata = session.get_modelmeta().custom_metadata_map
    return dict(zip(names, session.run(None, inputs), strict=True)), metadata


def assert_close(got, expected, atol=2e-6):
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=2e-6, atol=atol)


CLASSIFIERS = {
    "words": ("GRUClassifier", {}, WORDS),
    "numbers": ("LSTMClassifier", {"bidirectional": True}, 10 * (np.arange(N) % 3) - 5),
    "bools": ("SimpleRNNClassifier", {}, np.arange(N) % 2 == 0),
    "several": ("GRUClassifier", {}, COUNTS[:, 0].astype(int) % 2),
    "double": ("GRUClassifier", {"dtype": "float64"}, WORDS),
    "scanned": ("RecurrentClassifier", {"cell": "mingru", "num_layers": 2}, WORDS),
    "convolved": (
        "LSTMClassifier",
        {"conv_channels": (3,), "conv_kernel_size": 3, "parallel_channels": (2,)},
        WORDS,
    ),
}


@pytest.mark.parametrize("case", CLASSIFIERS)
def test_labels_probabilities_and_spread(case, tmp_path):
    name, params, y = CLASSIFIERS[case]
    if "parallel_channels" in params:
        params = {**params, "parallel_kernel_size": 3}
    model = classifier(name, **params).fit(X, y)
    inputs = padded(X)
    inputs["X"] = inputs["X"].astype(params.get("dtype", "float32"))
    found, metadata = run(model, tmp_path, inputs)
    proba, std = model.predict_proba(X, return_std=True)
    assert [*found] == ["label", "probabilities", "std"]
    assert_close(found["probabilities"], proba)
    assert_close(found["std"], std)
    expected = model.predict(X)
    if case == "bools":
        expected = np.searchsorted(model.classes_, expected)
    np.testing.assert_array_equal(found["label"], expected)
    assert metadata["estimator"] == "DeepEnsembleClassifier"
    assert json.loads(metadata["classes"]) == model.classes_.tolist()
    assert json.loads(metadata["hyperparameters"])["n_estimators"] == 3


LOSSES = [
    {},
    {"dtype": "float64"},
    {"loss": "poisson"},
    {"loss": "quantile", "quantile": (0.1, 0.5, 0.9)},
    {"loss": "gaussian"},
    {"loss": "student_t", "dtype": "float64"},
    {"loss": "negative_binomial"},
    {"loss": "gaussian", "normalize": "last"},
]


@pytest.mark.parametrize("params", LOSSES, ids=lambda p: "-".join(map(str, p.values())))
@pytest.mark.parametrize("form", ["one", "several", "horizons"])
def test_values_and_the_deviation_of_the_mixture(form, params, tmp_path):
    y = {"one": COUNTS[:, 0, 0], "several": COUNTS[:, 0], "horizons": COUNTS}[form]
    if "normalize" in params:
        params = {**params, "target_channels": (0, 1)[: 1 if form == "one" else 2]}
    model = regressor(**params).fit(X, y)
    inputs = padded(X)
    is_double = params.get("dtype") == "float64" or "normalize" in params
    inputs["X"] = inputs["X"].astype(np.float64 if is_double else np.float32)
    found, _ = run(model, tmp_path, inputs)
    values, std = model.predict(X, return_std=True)
    assert [*found] == ["values", "std"]
    assert_close(found["values"], values, atol=2e-5)
    assert_close(found["std"], std, atol=2e-5)
    assert found["std"].dtype == found["values"].dtype


def test_targets_far_from_zero_are_resolved(tmp_path):
    y = 1e9 + COUNTS[:, 0, 0]
    model = regressor().fit(X, y)
    found, _ = run(model, tmp_path, padded(X))
    assert found["values"].dtype == np.float64
    values, std = model.predict(X, return_std=True)
    np.testing.assert_allclose(found["values"], values, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["std"], std, rtol=0, atol=1e-5)


def test_tokens_that_only_some_members_have_seen(tmp_path):
    ids = [np.digitize(x[:, 0], [-1, 0, 1]).astype(np.int64) for x in X]
    ids[3][:], ids[4][:] = 40, 41  # held out by one and trained on by another
    model = classifier(
        embedding_dim=3, early_stopping=True, validation_fraction=0.4, n=4
    ).fit(ids, WORDS)
    longest = max(map(len, ids))
    block = np.array([[*x, *[-7] * (longest - len(x))] for x in ids])
    inputs = {"X": block, "lengths": np.array([len(x) for x in ids])}
    found, _ = run(model, tmp_path, inputs)
    assert_close(found["probabilities"], model.predict_proba(ids))


def test_categories_that_members_number_differently(tmp_path):
    rng = np.random.default_rng(0)
    frames = [
        pd.DataFrame({"a": x[:, 0], "kind": rng.choice([*"uvwxyz"], len(x))}) for x in X
    ]
    frames[3]["kind"], frames[7]["kind"] = "rare", "odd"
    table = pd.DataFrame({"series": frames, "site": rng.choice([*"pqrs"], N), "age": 1.5})
    model = classifier(n=4, early_stopping=True, validation_fraction=0.4)
    model.fit(table, WORDS)
    own = [member._export_parts()["reading"] for member in model.estimators_]
    for part in ("categories", "static_categories"):
        assert len({str(reading[part]) for reading in own}) > 1
    path = tmp_path / "model.onnx"
    model.to_onnx(path)
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    (kinds,) = json.loads(metadata["categories"])
    (sites,) = json.loads(metadata["static_categories"])
    assert set(kinds["levels"]) == {*"uvwxyz", "rare", "odd"}
    coded = [
        np.column_stack([f["a"], [kinds["levels"].index(k) + 1 for k in f["kind"]]])
        for f in frames
    ]
    inputs = padded([x.astype(np.float32) for x in coded])
    site = [sites["levels"].index(s) + 1 for s in table["site"]]
    inputs["static"] = np.column_stack([site, table["age"]]).astype(np.float64)
    found, _ = run(model, tmp_path, inputs)
    assert_close(found["probabilities"], model.predict_proba(table))
    inputs["static"][:, 0] = 0  # a site that was never seen
    found, _ = run(model, tmp_path, inputs)
    unseen = table.assign(site="elsewhere")
    assert_close(found["probabilities"], model.predict_proba(unseen))


def test_members_that_share_nothing_but_the_input_are_told_apart(tmp_path):
    one = classifier(n=2).fit(X, WORDS)
    found, _ = run(one, tmp_path, padded(X))
    assert found["std"].max() > 1e-3
    same = classifier(n=2).fit(X, WORDS)
    same.estimators_ = [same.estimators_[0]] * 2
    found, _ = run(same, tmp_path, padded(X))
    assert_close(found["probabilities"], one.estimators_[0].predict_proba(X))
    np.testing.assert_array_equal(found["std"], 0)


def test_what_cannot_be_exported_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(NotFittedError):
        classifier().to_onnx(path)
    pipeline = make_pipeline(FunctionTransformer(), make("GRUClassifier"))
    model = DeepEnsembleClassifier(pipeline, 1).fit(X[0:6], WORDS[:6])
    with pytest.raises(TypeError, match="members that have it themselves, got Pipeline"):
        model.to_onnx(path)
    mixed = classifier(n=1).set_params(warm_start=True).fit(X, WORDS)
    mixed.set_params(n_estimators=2, estimator__dtype="float64").fit(X, WORDS)
    with pytest.raises(ValueError, match="Member 1 of the ensemble has other inputs"):
        mixed.to_onnx(path)
    assert not path.exists()
    with pytest.raises(OSError, match="nowhere"):
        classifier(n=1).fit(X, WORDS).to_onnx(tmp_path / "nowhere" / "model.onnx")
