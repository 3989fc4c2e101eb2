"""ONNX files answer as their estimators do, whatever is behind the sequences' ends."""

from __future__ import annotations

import json
import os
import pickle
import sys
from itertools import product

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError

import sksequence
from helpers.choices import draw_choices, levels_of, pairs_not_drawn
from helpers.data import padded, ragged
from helpers.estimators import PUBLIC, make
from helpers.networks import BRANCHES, CELLS, CELLS_BY_NAME, assert_promised, network
from sksequence._deployment.onnx import recurrence

LENGTHS = (9, 4, 7, 12, 5, 8)
CLASSES = np.array(["low", "middle", "high"])[[0, 1, 2, 0, 1, 2]]


def drawn_anew(model, X, seed=0):
    """Give every weight and statistic of a fitted network a number that counts.

    A first fit leaves biases near zero and all gates half open, so that many a mistake
    would change next to nothing. The answers to X differ, and so do its labels, since the
    scores of each have a mean of zero.
    """
    module, generator = model.net_.module_, torch.Generator().manual_seed(seed)
    for _ in range(50):
        for name, values in module.state_dict().items():
            if name.endswith("running_var"):
                values.uniform_(0.5, 2, generator=generator)
            elif values.is_floating_point():
                values.uniform_(-0.6, 0.6, generator=generator)
        scores = as_rows(model._respond(X, "transform", "forward"))
        if np.ptp(scores, axis=0).min() > 0.01:  # not all is rectified to zero
            break
    middle = torch.from_numpy(scores.mean(axis=0))
    module.head.bias.data -= middle.to(module.head.bias)
    return model


def session_of(model, folder):
    path = folder / "model.onnx"
    model.to_onnx(path)
    onnx.checker.check_model(path, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options)


def answers_of(model):
    """What the outputs of the model's file are, by their names."""
    if hasattr(model, "predict_proba"):
        return {"label": model.predict, "probabilities": model.predict_proba}
    return {"values": model.predict}


def as_rows(answer):
    """Answers for steps end to end, others as they are."""
    steps = answer.dtype == object and isinstance(answer[0], np.ndarray)
    return np.concatenate(list(answer)) if steps else answer


def check_equal(model, session, X, inputs):
    """Compare all outputs with the answers, numbers to what is promised of them."""
    names = [output.name for output in session.get_outputs()]
    assert names == list(answers_of(model))
    outputs = dict(zip(names, session.run(None, inputs), strict=True))
    for name, method in answers_of(model).items():
        answer, got = method(X), outputs[name]
        if model._per_step:
            assert got.shape[:2] == inputs["X"].shape[:2]
            assert name == "label" or np.isfinite(got).all()  # also behind the ends
            got = np.concatenate(
                [row[:n] for row, n in zip(got, inputs["lengths"], strict=True)]
            )
        expected = as_rows(answer)
        assert got.shape == expected.shape
        if name == "label":
            assert len(X) == 1 or len(np.unique(expected)) > 1
            np.testing.assert_array_equal(got, expected)
            continue
        assert got.dtype == model.dtype
        assert_promised(got, expected, model)
        # Or anything would be equal.
        assert len(X) == 1 or np.ptp(expected, axis=0).max() > 1e-4


def check_file(model, X, folder, **options):
    """Compare together and alone."""
    session = session_of(model, folder)
    check_equal(model, session, X[1:2], padded(X[1:2], **{**options, "more_steps": 0}))
    check_equal(model, session, X, padded(X, **options))


# ------------------------------------------------------------------- every combination

FACTORS = {
    "cell": CELLS,
    "direction": [None, "concat", "sum", "mean", "mul"],
    "pooling": ["last", "mean", "max", "attention"],
    "convolution": [
        {},
        {"conv_channels": (4,), "conv_kernel_size": 4},
        {"conv_channels": (4, 5), "conv_kernel_size": (4, 2), "conv_stride": (3, 2)},
    ],
    "branch": [
        {},
        {"parallel_channels": (4, 3), "parallel_kernel_size": (8, 3)},
        {
            **{"parallel_channels": (4, 3), "parallel_kernel_size": (8, 3)},
            **{"parallel_stride": (1, 2), "recurrent_output_dropout": 0.5},
        },
        BRANCHES[3],
    ],
    "segments": [1, 3],
    "random": [0, 200],
    "layers": [{"hidden_size": 5}, {"hidden_size": (6, 4), "num_layers": 2}],
    "missing": ["error", "mask", "decay"],
    "task": ["Classifier", "Regressor"],
}
CHOICES = (
    list(product(*(range(len(levels)) for levels in FACTORS.values())))
    if os.environ.get("SKSEQUENCE_TESTS") == "full"
    else draw_choices(FACTORS, 2 * 5 * len(CELLS))
)


def test_every_pair_of_levels_is_drawn():
    assert pairs_not_drawn(FACTORS, CHOICES) == set()


def gaps_in(X, seed=0):
    rng = np.random.default_rng(seed)
    return [np.where(rng.random(x.shape) < 0.4, np.float32(np.nan), x) for x in X]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: "".join(map(str, choice)))
def test_a_file_answers_as_its_estimator(choice, tmp_path):
    levels = levels_of(FACTORS, choice)
    name, params = network(levels["cell"], levels["task"])
    if levels["direction"] is not None:
        params |= {"bidirectional": True, "merge_mode": levels["direction"]}
    params |= levels["layers"] | levels["convolution"] | levels["branch"]
    params |= {"pooling": levels["pooling"], "missing": levels["missing"]}
    params |= {"pooling_segments": levels["segments"]}
    if levels["missing"] != "decay":
        params["random_convolutions"] = levels["random"]
    model = make(name, **{**params, "max_epochs": 1})

    shortest = 4 if levels["convolution"] else 2 if levels["branch"] else 1
    X = [x.astype(np.float32) for x in ragged((9, shortest, 7, 12, 5, 8), 3)]
    if levels["missing"] != "error":
        X = gaps_in(X)
    y = CLASSES if levels["task"] == "Classifier" else ragged([6], 2)[0]
    model = drawn_anew(model.fit(X, y), X, seed=sum(choice))
    check_file(model, X, tmp_path)


@pytest.mark.parametrize("missing", ["error", "decay"])
@pytest.mark.parametrize("direction", [None, "concat"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_scan_answers_as_an_operator(cell, direction, missing, tmp_path, monkeypatch):
    """Whether ONNX has an operator for a cell or not."""
    monkeypatch.setattr(recurrence, "OPERATORS", {})
    name, params = network(cell, hidden_size=5, num_layers=2, missing=missing)
    model = make(name, **params, bidirectional=direction is not None)
    X = [x.astype(np.float32) for x in ragged(LENGTHS, 3)]
    model = drawn_anew(model.fit(X, CLASSES), X)
    check_file(model, X, tmp_path)
    ops = {node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node}
    assert "Scan" in ops
    assert not ops & {"RNN", "GRU", "LSTM"}


# ---------------------------------------------------------------------- what is read


@pytest.fixture
def X():
    return [x.astype(np.float32) for x in ragged(LENGTHS, 3)]


def targets_per_step(kind):
    rng = np.random.default_rng(0)
    if kind == "RecurrentTagger":
        return [rng.choice(["in", "out"], size=n) for n in LENGTHS]
    return [rng.normal(size=(n, 2)) for n in LENGTHS]


@pytest.mark.parametrize("cell", CELLS_BY_NAME)
@pytest.mark.parametrize("time_channel", [0, 2])
def test_times_count_from_the_start(cell, time_channel, X, tmp_path):
    X = gaps_in(X)
    rng = np.random.default_rng(1)
    for x in X:
        x[:, time_channel] = 2**20 + rng.integers(0, 7, size=len(x)).cumsum()
    params = {"cell": cell, "bidirectional": True, "hidden_size": 5, "missing": "decay"}
    model = make("RecurrentClassifier", time_channel=time_channel, **params)
    check_file(drawn_anew(model.fit(X, CLASSES), X), X, tmp_path)


@pytest.mark.parametrize("missing", ["mask", "decay"])
def test_gaps_without_scaling(missing, X, tmp_path):
    """What stands for NaN is then a channel's mean, not zero."""
    X = gaps_in([x + np.float32([5, -3, 40]) for x in X])
    model = make("GRURegressor", missing=missing, standardize=False, hidden_size=5)
    check_file(drawn_anew(model.fit(X, np.arange(6.0)), X), X, tmp_path)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_tokens(bidirectional, tmp_path):
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 12, size=n) for n in LENGTHS]
    fit_on = [np.where(ids % 3 == 2, 1, ids) for ids in X]  # some are met but later
    params = {"embedding_dim": 3, "num_embeddings": 12, "bidirectional": bidirectional}
    model = drawn_anew(make("LSTMClassifier", **params).fit(fit_on, CLASSES), X)
    assert not model._reading.known.all()
    check_file(model, X, tmp_path, behind=(-99, 12, 2**40))


@pytest.mark.parametrize("kind", ["RecurrentTagger", "RecurrentStepRegressor"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"conv_channels": (4,), "conv_kernel_size": 3, "conv_stride": 3},
        {
            **{"conv_channels": (4, 5), "conv_kernel_size": 2, "conv_stride": 2},
            **{"parallel_channels": (3,), "parallel_kernel_size": 6},
        },
        {
            **{"conv_channels": (4,), "conv_kernel_size": 2, "conv_stride": 2},
            **{"parallel_channels": (3,), "parallel_kernel_size": 6},
            "parallel_stride": 3,
        },
        {"missing": "decay"},
    ],
    ids=["plain", "stride", "strides and branch", "strided branch", "decay"],
)
def test_an_answer_for_every_step(kind, bidirectional, more, X, tmp_path):
    X = gaps_in(X) if "missing" in more else X
    model = make(kind, bidirectional=bidirectional, **{**more, "hidden_size": 5})
    model.fit(X, targets_per_step(kind))
    check_file(drawn_anew(model, X), X, tmp_path)


@pytest.mark.parametrize("kind", ["GRUClassifier", "RecurrentStepRegressor"])
def test_static_covariates(kind, X, tmp_path):
    """Numbers beyond what float32 resolves count too: years to the second."""
    seen = pd.Timestamp("2020-01-01").timestamp() + np.arange(6) ** 2.0
    table = pd.DataFrame({"seen": seen, "x": X, "age": [3, 1, 4, 1, 5, 9]})
    y = CLASSES if kind == "GRUClassifier" else targets_per_step(kind)
    model = drawn_anew(make(kind, hidden_size=5).fit(table, y), table)
    static = table[["seen", "age"]].to_numpy()
    session = session_of(model, tmp_path)
    check_equal(model, session, table, {**padded(X), "static": static})
    one = {**padded(X[1:2], 0), "static": static[1:2]}
    check_equal(model, session, table[1:2], one)


def test_a_channel_far_from_zero(X, tmp_path):
    X = [x + np.float32([2e5, 0, -3e4]) for x in X]
    model = drawn_anew(make("LSTMClassifier").fit(X, CLASSES), X)
    check_file(model, X, tmp_path)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", CELLS_BY_NAME)
def test_hundreds_of_steps_in_either_precision(cell, dtype, tmp_path):
    X = [x.astype(dtype) for x in ragged((300, 1, 170, 41), 2)]
    params = {"cell": cell, "dtype": dtype, "hidden_size": 24, "bidirectional": True}
    model = make("RecurrentClassifier", **{**params, "max_epochs": 1})
    check_file(drawn_anew(model.fit(X, CLASSES[:4]), X), X, tmp_path)


# -------------------------------------------------------------------- double precision

STRIDE = {"conv_channels": (4,), "conv_kernel_size": 4, "conv_stride": 3}
BRANCH = {"parallel_channels": (4,), "parallel_kernel_size": (5,)}
IN_DOUBLE = {
    "plain": {"num_layers": 2, "standardize": False},
    "decay, stride, time": {"missing": "decay", "time_channel": 0, **STRIDE},
    "decay, time": {"missing": "decay", "time_channel": 0, **BRANCH},
    "mask, options": {"missing": "mask", "layer_norm": True, "residual": True},
}


@pytest.mark.parametrize("direction", [None, "concat", "sum", "mean", "mul"])
@pytest.mark.parametrize("params", IN_DOUBLE.values(), ids=IN_DOUBLE)
@pytest.mark.parametrize("kind", ["RecurrentTagger", "RecurrentStepRegressor"])
def test_double_precision_for_every_step(kind, params, direction, tmp_path):
    """Of X too: float32 knows no second from the next."""
    rng = np.random.default_rng(0)
    lengths = (4, 6, 5, 6, 4, 5)
    X = [rng.normal(size=(n, 2)) for n in lengths]
    if "missing" in params:
        X = [np.where(rng.random(x.shape) < 0.3, np.nan, x) for x in X]
    if "time_channel" in params:
        for x in X:
            x[:, 0] = 1.7e9 + rng.uniform(0, 3, len(x)).cumsum()
    y = [rng.integers(0, 2, size=(n, 3)) for n in lengths]
    if direction is not None:
        params = {**params, "bidirectional": True, "merge_mode": direction}
    model = make(kind, dtype="float64", **{**params, "hidden_size": 4}).fit(X, y)
    check_file(drawn_anew(model, X), X, tmp_path)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("cell", CELLS)
def test_double_precision_for_sequences(cell, pooling, tmp_path):
    name, params = network(cell, "Regressor", pooling=pooling, **STRIDE, **BRANCH)
    X = ragged((9, 4, 7, 12, 5, 8), 3)
    model = make(name, dtype="float64", **params).fit(X, np.arange(6.0))
    check_file(drawn_anew(model, X), X, tmp_path)


def test_double_precision_for_tokens_with_a_branch(tmp_path):
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 12, size=n) for n in LENGTHS]
    params = {"embedding_dim": 3, "dtype": "float64", **BRANCH}
    model = make("RecurrentTagger", **params).fit(X, [x % 3 for x in X])
    check_file(drawn_anew(model, X), X, tmp_path, behind=(-99, 12, 2**40))


# ------------------------------------------------------------------- what is answered

TARGETS = {
    "int": np.array([7, -2, 7, 30, -2, 30]),
    "small int": np.array([7, 2, 7, 30, 2, 30], dtype=np.uint8),
    "text": CLASSES,
    "text in objects": CLASSES.astype(object),
}
POSITIONS = {
    "float": np.array([0.0, 2.0, 0.0, 5.0, 2.0, 5.0]),
    "bool": np.arange(6) % 2 == 1,
    "no Unicode": np.array(["a\udcff", "b"] * 3),
    "beyond int64": np.array([1, 2**63, 1, 5, 5, 2**63], dtype=np.uint64),
}


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_labels_are_those_of_fit(y, X, tmp_path):
    check_file(drawn_anew(make("GRUClassifier").fit(X, y), X), X, tmp_path)


@pytest.mark.parametrize("y", POSITIONS.values(), ids=POSITIONS)
def test_other_labels_are_positions(y, X, tmp_path):
    model = drawn_anew(make("GRUClassifier").fit(X, y), X)
    label, _ = session_of(model, tmp_path).run(None, padded(X))
    assert label.dtype == np.int64
    assert len(set(label)) > 1
    np.testing.assert_array_equal(model.classes_[label], model.predict(X))


@pytest.mark.parametrize("kind", ["SimpleRNNClassifier", "RecurrentTagger"])
def test_any_number_of_labels(kind, X, tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=(6, 3))
    if kind == "RecurrentTagger":
        y = [rng.integers(0, 2, size=(n, 3)) for n in LENGTHS]
    model = make(kind, max_epochs=1).fit(X, y)
    check_file(drawn_anew(model, X), X, tmp_path)


@pytest.mark.parametrize(
    ("params", "y"),
    [
        ({}, np.arange(6.0)),
        ({}, np.arange(6.0)[:, None] * [1, -20] + [500, 3]),
        ({"standardize": False}, np.arange(6.0)),
        ({"loss": "poisson"}, np.arange(6)),
        ({"loss": "poisson", "standardize": False}, np.arange(12).reshape(6, 2)),
    ],
    ids=["one", "several", "not scaled", "rates", "several rates, not scaled"],
)
def test_values_are_on_the_scale_of_the_targets(params, y, X, tmp_path):
    model = drawn_anew(make("LSTMRegressor", **params).fit(X, y), X)
    check_file(model, X, tmp_path)


@pytest.mark.parametrize("kernel", [{}, {"conv_kernel_size": 2, "conv_stride": 4}])
def test_sequences_shorter_than_a_kernel(kernel, tmp_path):
    X = [x.astype(np.float32) for x in ragged((9, 1, 7, 2, 3, 8), 3)]
    model = make("GRUClassifier", conv_channels=(4,), max_epochs=1, **kernel)
    check_file(drawn_anew(model.fit(X, CLASSES), X), X, tmp_path)


def test_targets_too_fine_for_float32_are_answered_in_float64(X, tmp_path):
    z = np.arange(6.0)
    model = drawn_anew(make("LSTMRegressor").fit(X, 1e9 + z), X)
    session = session_of(model, tmp_path)
    (got,) = session.run(None, padded(X))
    assert got.dtype == np.float64
    assert np.ptp(got) > 0.1
    assert np.abs(got - model.predict(X)).max() < 1e-5


def test_what_a_file_declares(X, tmp_path):
    model = make("RecurrentTagger").fit(X, targets_per_step("RecurrentTagger"))
    session = session_of(model, tmp_path)
    declared = {
        value.name: (value.type, value.shape)
        for value in (*session.get_inputs(), *session.get_outputs())
    }
    assert declared == {
        "X": ("tensor(float)", ["batch", "steps", 3]),
        "lengths": ("tensor(int64)", ["batch"]),
        "label": ("tensor(string)", ["batch", "steps"]),
        "probabilities": ("tensor(float)", ["batch", "steps", 2]),
    }


def test_what_a_file_says_of_itself(X, tmp_path):
    table = pd.DataFrame({"age": np.arange(6.0), "x": X, "size": 2.0})
    params = {"hidden_size": np.int64(3), "conv_channels": (4,), "conv_kernel_size": 2}
    model = make("GRUClassifier", optimizer=torch.optim.SGD, **params)
    told = session_of(model.fit(table, CLASSES), tmp_path).get_modelmeta()
    said = dict(told.custom_metadata_map)
    assert told.producer_name == "sksequence"
    assert said.pop("estimator") == "GRUClassifier"
    assert said.pop("sksequence") == sksequence.__version__
    said = {key: json.loads(value) for key, value in said.items()}
    hyperparameters = said.pop("hyperparameters")
    # The optimizer is a class, which JSON cannot hold.
    expected = {**model.get_params(), "hidden_size": 3}
    del expected["optimizer"]
    assert hyperparameters == json.loads(json.dumps(expected))
    assert said == {
        "classes": ["high", "low", "middle"],
        "static_names": ["age", "size"],
    }


def test_columns_of_a_table_are_told(tmp_path):
    table = pd.DataFrame(np.eye(6), columns=[*"abcdef"])
    model = make("SimpleRNNRegressor").fit(table, np.arange(6.0))
    session = session_of(model, tmp_path)
    said = session.get_modelmeta().custom_metadata_map
    assert json.loads(said["feature_names"]) == [*"abcdef"]
    X = table.to_numpy(dtype=np.float32)[..., None]
    values = session.run(None, {"X": X, "lengths": np.full(6, 6)})[0]
    np.testing.assert_allclose(values, model.predict(table), atol=1e-6)


# ------------------------------------------------------------------------- the file


@pytest.fixture
def fitted(X):
    return make("GRUClassifier").fit(X, CLASSES)


def test_writing_leaves_the_estimator_as_it_was(fitted, tmp_path):
    before = pickle.dumps(fitted)
    fitted.to_onnx(str(tmp_path / "model.onnx"))
    assert pickle.dumps(fitted) == before
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_what_is_set_after_a_fit_changes_nothing(fitted, tmp_path):
    fitted.to_onnx(tmp_path / "before")
    changed = {"hidden_size": 3, "bidirectional": True, "embedding_dim": 5}
    fitted.set_params(**changed).to_onnx(tmp_path / "after")
    before, after = (onnx.load(tmp_path / name) for name in ("before", "after"))
    assert before.graph == after.graph


def test_the_same_network_is_the_same_file(fitted, tmp_path):
    fitted.to_onnx(tmp_path / "first")
    pickle.loads(pickle.dumps(fitted)).to_onnx(tmp_path / "second")
    first, second = ((tmp_path / name).read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        (3, TypeError, "str or os.PathLike, got 3"),
        (b"model.onnx", TypeError, "str or os.PathLike"),
        ("", IsADirectoryError, "must be a file, got the directory"),
        (".", IsADirectoryError, "must be a file, got the directory"),
        ("nowhere/model.onnx", FileNotFoundError, "'nowhere' does not exist"),
        ("file/model.onnx", NotADirectoryError, "'file' is a file"),
    ],
)
def test_a_bad_path_is_refused(path, error, words, fitted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("something")
    with pytest.raises(error, match=words):
        fitted.to_onnx(path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_failing_write_leaves_what_was_there(name, fitted, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    path = tmp_path / "model.onnx"
    path.write_bytes(b"the old one")
    with monkeypatch.context() as patch:
        patch.setattr(os, name, fail)
        with pytest.raises(OSError, match="no space left"):
            fitted.to_onnx(path)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]
    fitted.to_onnx(path)
    onnx.checker.check_model(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_as_readable_as_others(fitted, tmp_path):
    (tmp_path / "other").write_text("")
    fitted.to_onnx(tmp_path / "model")
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_network_beyond_the_format_is_refused(fitted, tmp_path, monkeypatch):
    monkeypatch.setattr(sksequence._deployment.onnx_files, "_MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="at most 2 GB"):
        fitted.to_onnx(tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_estimator_has_to_be_fitted(tmp_path):
    with pytest.raises(NotFittedError):
        make("GRUClassifier").to_onnx(tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_without_onnx_an_error_says_what_to_install(fitted, tmp_path, monkeypatch):
    package = "sksequence._deployment.onnx"
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(sksequence._deployment, "onnx", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'sksequence\[onnx\]'"):
        fitted.to_onnx(tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_who_can_be_written():
    able = {name for name in PUBLIC if hasattr(make(name), "to_onnx")}
    assert able == {name for name in PUBLIC if "ConvLSTM" not in name}
