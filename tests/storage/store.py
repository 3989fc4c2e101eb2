"""Store estimators in every way there is, for the tests of later versions.

    python tests/storage/store.py tests/storage/older

writes one archive, named after the version of sksequence that wrote it. Each release adds
its own and changes none that is there: run this with the package as it is released, and
``test_older_files.py`` reads the new archive with the others. To be run by any version it
uses public names alone.

An archive holds ``manifest.json`` (versions, processor, and a row for every artefact),
the data (``data/NAME.npz``), and for each configuration its artefacts and the answers
that were given at the time (``NAME/...``).
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import lzma
import pickle
import platform
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

import joblib
import llvmlite.binding
import numpy as np
import pandas as pd
import sklearn
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sksequence
from sksequence.ensemble import DeepEnsembleClassifier, DeepEnsembleRegressor
from sksequence.preprocessing import SequenceTokenizer, StepwiseTransformer

LENGTHS = (9, 5, 7, 10, 6, 8)
N = len(LENGTHS)
N_STEPS_READ = 4
METHODS = ("predict", "predict_proba", "transform")

# ------------------------------------------------------------- data as arrays with names


def flatten(data, name=""):
    """Sequences, tables and answers as arrays of plain dtypes, by name."""
    if isinstance(data, pd.DataFrame):
        columns = {f"table-{i}-{c}": data[c].to_numpy() for i, c in enumerate(data)}
        return {k: v for c, col in columns.items() for k, v in flatten(col, c).items()}
    if isinstance(data, list) or (
        data.dtype == object and len(data) and isinstance(data[0], np.ndarray | list)
    ):
        return {f"{name}/list{i:03}": np.asarray(item) for i, item in enumerate(data)}
    if data.dtype == object:
        return {f"{name}/objects": np.array(data.tolist())}
    return {f"{name}/array": data}


def unflatten(arrays):
    """What ``flatten`` was given; of an object array of sequences, a list of them."""
    by_name = {}
    for key, value in arrays.items():
        name, _, kind = key.partition("/")
        by_name.setdefault(name, {})[kind] = value
    items = {name: _whole(parts) for name, parts in by_name.items()}
    if "" in items:
        return items[""]
    columns = {name.split("-", 2)[2]: pd.Series(item) for name, item in items.items()}
    return pd.DataFrame(columns)


def _whole(parts):
    if "array" in parts:
        return parts["array"]
    return parts["objects"].astype(object) if "objects" in parts else list(parts.values())


def plain(value):
    """A value as it comes back from JSON; what has no place there as text."""
    return json.loads(json.dumps(value, default=_in_json))


def _in_json(value):
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


# ------------------------------------------------- what is stored, and what it answers


def methods_of(model):
    """Names of the methods that answer."""
    return [method for method in METHODS if hasattr(model, method)]


def answers(model, X, methods=None):
    """All answers to X, by the name of the method."""
    return {
        f"{method}/{name}": array
        for method in (methods_of(model) if methods is None else methods)
        for name, array in flatten(getattr(model, method)(X)).items()
    }


def told(model, X):
    """The same of an ensemble; of a forecaster, what comes after the end of its table."""
    if isinstance(model, sksequence.WindowForecaster):
        return {"forecast": model.predict().to_numpy()}
    return answers(model, X)


def learnt(model):
    """Public attributes and hyperparameters, as JSON holds them."""
    names = ("n_features_in_", "feature_names_in_", "classes_", "n_outputs_", "n_epochs_")
    found = {name: getattr(model, name) for name in names if hasattr(model, name)}
    found["history_"] = [
        {name: value for name, value in epoch.items() if name != "duration"}
        for epoch in model.history_
    ]
    found["params"] = model.get_params()
    with sklearn.config_context(enable_metadata_routing=True):
        requests = model.get_metadata_routing().fit.requests
    found["requests"] = {k: v for k, v in requests.items() if v is not None}
    return plain(found)


def continue_stream(stream, X):
    """What a stream answers that has read the first steps of the first sequence."""
    state, rest, found = stream.state, X[0][N_STEPS_READ:], {}
    for method in ("step", "step_transform"):
        stream.state = state
        told = [getattr(stream, method)(x) for x in rest]
        found[f"{method}/steps"] = np.array([answer is not None for answer in told])
        found[method] = np.array([answer for answer in told if answer is not None])
    return found


def import_predictor(path):
    """The predictor of a Python file that an estimator has written."""
    spec = importlib.util.spec_from_file_location("stored_bundle", path)
    module = sys.modules["stored_bundle"] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["stored_bundle"]
    return module.predictor


def train_on(model, X, y):
    """One epoch more; a whole fit of one that starts from where it is."""
    return model.fit(X, y) if model.warm_start else model.partial_fit(X, y)


def make(name, params):
    """An estimator of the public class of that name."""
    return getattr(sksequence, name)(**params)


# ------------------------------------------------------------------------ configurations


def _data():
    rng = np.random.default_rng(0)
    ragged = [rng.normal(size=(n, 2)).cumsum(axis=0) for n in LENGTHS]
    gaps = [x.copy() for x in ragged]
    for x in gaps:
        x[1::3, 0] = np.nan
    times = [np.column_stack([x, rng.exponential(size=len(x)).cumsum()]) for x in gaps]
    even = rng.normal(size=(N, 6, 2))
    columns = pd.DataFrame(rng.normal(size=(N, 5)), columns=[*"abcde"])
    static = pd.DataFrame({"age": np.arange(N), "weight": rng.normal(size=N)})
    static["series"] = ragged
    codes = np.arange(N) % 3
    frames = rng.normal(size=(N, 4, 4, 4)).astype(np.float32)
    return {
        "ragged": ragged,
        "gaps": gaps,
        "times": times,
        "even": even,
        "first": np.ascontiguousarray(even.transpose(0, 2, 1)),
        "single": even.astype(np.float32),
        "rows": rng.normal(size=(N, 7)),
        "columns": columns,
        "static": static,
        "days": pd.DataFrame(rng.normal(size=(20, 2)), columns=["a", "b"]),
        "tokens": [rng.integers(0, 6, size=n) for n in LENGTHS],
        "films": frames,
        "coloured": rng.normal(size=(N, 3, 4, 4, 2)),
        "named": static.assign(town=["Ulm", "Rom"] * (N // 2)),
        "codes": codes,
        "words": np.array(["low", "middle", "high"])[codes],
        "objects": np.array(["low", "high"] * (N // 2), dtype=object),
        "bools": codes > 0,
        "labels": np.array([[1, 0, 1], [0, 1, 1], [0, 0, 1]] * (N // 3)),
        "numbers": rng.normal(size=N),
        "several": rng.normal(size=(N, 2)),
        "ahead": rng.normal(size=(N, 3)),
        "counts": np.arange(N) % 5,
        "next": rng.normal(size=(N, 4, 4)).astype(np.float32),
        "nexts": rng.normal(size=(N, 2, 4, 4)).astype(np.float32),
        "tags": [np.where(x[:, 0] > 0, "up", "down") for x in ragged],
        "tag_names": [np.where(x[:, 0] > 0, "B-up", "O") for x in ragged],
        "tag_labels": [(x > 0).astype(int) for x in ragged],
        "step_numbers": [x.sum(axis=1) for x in ragged],
        "step_several": [x[:, ::-1].copy() for x in ragged],
        "sayings": np.array([f"{'ab'[len(x) % 2]}c" for x in ragged]),
        "label_lists": [np.arange(n % 2 + 1) for n in LENGTHS],
        "texts": np.array([f"It was {w}, so {w}" for w in ("good", "bad")] * (N // 2)),
        "next_tokens": [np.roll(np.arange(n), -1) % 4 for n in LENGTHS],
    }


FILE = ("file", "pickle")
ENDED = (*FILE, "ended", "interrupted")
STREAMS = ("stream", "compiled_stream")
ALL = (*ENDED, "joblib", "predictor", "bundle", *STREAMS)
BOTH_WAYS = {"bidirectional": True}
CONVOLVED = {"conv_channels": (3,), "conv_kernel_size": 3, "conv_stride": 2}
BESIDE = {"parallel_channels": (3, 2), "parallel_kernel_size": 3}
STOPPED = {"early_stopping": True, "validation_fraction": 0.25, "patience": 2}
MOMENTUM = {"optimizer": "sgd", "net_params": {"optimizer__momentum": 0.9}}
DECAY = {"missing": "decay"}
TOKENS = {"embedding_dim": 3}
# What came after the first archive was written.
RICH = {
    **BESIDE,
    "num_layers": 2,
    "memory_steps": 20,
    "layer_norm": True,
    "residual": True,
    "parallel_residual": 2,
    "parallel_squeeze": 2,
    "pooling_segments": 2,
    "average_weights": "ema",
    "label_smoothing": 0.1,
}
SMALL_DECODER = {"decoder_hidden_size": 3, "target_embedding_dim": 3}

# name: class, hyperparameters, X, y, kinds of artefacts
CONFIGURATIONS = {
    "rnn": ("SimpleRNNClassifier", {}, "ragged", "codes", ALL),
    "rnn-relu": ("SimpleRNNClassifier", {"nonlinearity": "relu"}, "rows", "words", FILE),
    "rnn-momentum": ("SimpleRNNClassifier", MOMENTUM, "ragged", "codes", FILE),
    "rnn-numbers": ("SimpleRNNRegressor", {}, "even", "numbers", (*FILE, "onnx")),
    "rnn-float64": ("SimpleRNNRegressor", {"dtype": "float64"}, "even", "numbers", ENDED),
    "lstm": ("LSTMClassifier", {}, "even", "words", (*ALL, "onnx")),
    "lstm-dropout": (
        "LSTMClassifier",
        {"dropout": 0.3, "num_layers": 2},
        "ragged",
        "bools",
        ENDED,
    ),
    "lstm-concat": ("LSTMClassifier", BOTH_WAYS, "ragged", "objects", (*FILE, "bundle")),
    "lstm-sum": (
        "LSTMClassifier",
        {**BOTH_WAYS, "merge_mode": "sum", "num_layers": 2},
        "ragged",
        "codes",
        (*FILE, "predictor"),
    ),
    "lstm-fcn": ("LSTMClassifier", {**CONVOLVED, **BESIDE}, "even", "codes", ALL),
    "lstm-mask": (
        "LSTMClassifier",
        {"missing": "mask"},
        "gaps",
        "codes",
        (*FILE, *STREAMS),
    ),
    "lstm-decay": ("LSTMClassifier", DECAY, "gaps", "codes", (*FILE, "predictor")),
    "lstm-columns": ("LSTMClassifier", {}, "columns", "words", (*FILE, "joblib")),
    "lstm-static": ("LSTMClassifier", {}, "static", "words", (*ENDED, "joblib")),
    "lstm-labels": ("LSTMClassifier", {}, "ragged", "labels", (*FILE, "predictor")),
    "lstm-balanced": (
        "LSTMClassifier",
        {"class_weight": "balanced", "optimizer": "adamw", "weight_decay": 0.01},
        "ragged",
        "codes",
        FILE,
    ),
    "lstm-first": (
        "LSTMRegressor",
        {"data_format": "channels_first"},
        "first",
        "numbers",
        (*FILE, "predictor"),
    ),
    "lstm-several": ("LSTMRegressor", {}, "ragged", "several", (*FILE, "predictor")),
    "lstm-huber": (
        "LSTMRegressor",
        {"loss": "huber", "standardize": False, "pooling": "mean"},
        "ragged",
        "numbers",
        FILE,
    ),
    "lstm-decay-times": (
        "LSTMRegressor",
        {**DECAY, "time_channel": 2},
        "times",
        "numbers",
        (*ENDED, "predictor"),
    ),
    "gru": ("GRUClassifier", {}, "ragged", "objects", ALL),
    "gru-one-thread": ("GRUClassifier", {"n_jobs": 1}, "single", "codes", FILE),
    "gru-warm": ("GRUClassifier", {"warm_start": True}, "ragged", "codes", FILE),
    "gru-state": ("GRUClassifier", {"random_state": None}, "ragged", "codes", FILE),
    "gru-tokens": ("GRUClassifier", TOKENS, "tokens", "words", ALL),
    "gru-vocabulary": (
        "GRUClassifier",
        {**TOKENS, "num_embeddings": 9, "dropout": 0.2},
        "tokens",
        "words",
        FILE,
    ),
    "gru-weights": ("GRUClassifier", {"class_weight": {0: 2.0}}, "even", "codes", FILE),
    "gru-routed": ("GRUClassifier", {}, "ragged", "codes", FILE),
    "gru-stopped": ("GRUClassifier", {**STOPPED, "max_epochs": 4}, "even", "codes", FILE),
    "gru-plateau": (
        "GRURegressor",
        {**STOPPED, "lr_schedule": "plateau", "patience": 9},
        "ragged",
        "numbers",
        ENDED,
    ),
    "gru-poisson": ("GRURegressor", {"loss": "poisson"}, "ragged", "counts", FILE),
    "gru-quantile": (
        "GRURegressor",
        {"loss": "quantile", "quantile": 0.9, "pooling": "attention"},
        "ragged",
        "numbers",
        (*FILE, "predictor"),
    ),
    "gru-rmsprop": ("GRURegressor", {"optimizer": "rmsprop"}, "ragged", "several", ENDED),
    "gru-nadam": (
        "GRURegressor",
        {"optimizer": torch.optim.NAdam},
        "ragged",
        "numbers",
        FILE,
    ),
    "gru-generator": (
        "GRURegressor",
        {"random_state": np.random.RandomState(0), "callbacks": []},
        "ragged",
        "numbers",
        FILE,
    ),
    "gru-static": ("GRURegressor", {}, "static", "numbers", FILE),
    "gru-lower": (
        "GRURegressor",
        {"mixed_precision": "bfloat16"},
        "even",
        "numbers",
        FILE,
    ),
    "gru-gaussian": (
        "GRURegressor",
        {"loss": "gaussian"},
        "ragged",
        "numbers",
        (*FILE, "predictor"),
    ),
    "gru-quantiles": (
        "GRURegressor",
        {"loss": "quantile", "quantile": (0.1, 0.5, 0.9)},
        "ragged",
        "numbers",
        (*FILE, "predictor"),
    ),
    "gru-continued": (
        "GRURegressor",
        {"normalize": "last", "target_channels": [0, 1]},
        "even",
        "several",
        FILE,
    ),
    "gru-ahead": (
        "GRURegressor",
        {"decoder": True, "target_channels": [0]},
        "even",
        "ahead",
        FILE,
    ),
    "gru-categories": ("GRURegressor", {}, "named", "numbers", FILE),
    "lstm-features": (
        "LSTMClassifier",
        {"random_convolutions": 84},
        "ragged",
        "codes",
        (*FILE, "predictor"),
    ),
    "lstm-rich": ("LSTMClassifier", RICH, "ragged", "words", (*FILE, "predictor")),
    "any-scan": ("RecurrentClassifier", {"cell": "mingru"}, "ragged", "codes", FILE),
    "any-indrnn": (
        "RecurrentRegressor",
        {"cell": "indrnn"},
        "ragged",
        "numbers",
        FILE,
    ),
    "any": ("RecurrentClassifier", {}, "ragged", "codes", FILE),
    "any-layers": (
        "RecurrentClassifier",
        {**BOTH_WAYS, "cell": "gru", "num_layers": 2, "hidden_size": (3, 2)},
        "ragged",
        "labels",
        FILE,
    ),
    "any-last": (
        "RecurrentClassifier",
        {"cell": "rnn", "pooling": "last"},
        "ragged",
        "codes",
        (*FILE, *STREAMS),
    ),
    "any-mean": (
        "RecurrentClassifier",
        {"cell": "gru", "pooling": "mean"},
        "ragged",
        "codes",
        (*FILE, *STREAMS),
    ),
    "any-attention": (
        "RecurrentClassifier",
        {"cell": "lstm", "pooling": "attention"},
        "ragged",
        "codes",
        (*FILE, *STREAMS),
    ),
    "any-numbers": (
        "RecurrentRegressor",
        {"cell": "gru", "loss": "absolute_error", "lr_schedule": "constant"},
        "ragged",
        "numbers",
        FILE,
    ),
    "any-decay-mul": (
        "RecurrentRegressor",
        {**BOTH_WAYS, **DECAY, "cell": "gru", "merge_mode": "mul"},
        "gaps",
        "numbers",
        FILE,
    ),
    "any-batch": (
        "RecurrentRegressor",
        {"cell": "rnn", "batch_size": None, "gradient_clip": None},
        "ragged",
        "numbers",
        FILE,
    ),
    "tagger": ("RecurrentTagger", {}, "ragged", "tags", ALL),
    "tagger-labels": ("RecurrentTagger", BOTH_WAYS, "ragged", "tag_labels", ("file",)),
    "tagger-chunks": (
        "RecurrentTagger",
        {**TOKENS, "bptt_steps": 3, "cell": "gru"},
        "tokens",
        "next_tokens",
        ENDED,
    ),
    "tagger-chain": (
        "RecurrentTagger",
        {"crf": True, "tag_scheme": "bio"},
        "ragged",
        "tag_names",
        (*ENDED, "predictor", "bundle"),
    ),
    "tagger-mask": ("RecurrentTagger", {"missing": "mask"}, "gaps", "tags", FILE),
    "transcriber": ("RecurrentTranscriber", {}, "ragged", "sayings", ENDED),
    "transcriber-lists": (
        "RecurrentTranscriber",
        {**BOTH_WAYS, **CONVOLVED, "beam_size": 3},
        "ragged",
        "label_lists",
        (*FILE, "predictor"),
    ),
    "detector": ("RecurrentDetector", {}, "ragged", "numbers", FILE),
    "detector-code": (
        "RecurrentDetector",
        {**BOTH_WAYS, "objective": "reconstruct", "code_size": 3, "noise": "student_t"},
        "ragged",
        "numbers",
        ("file",),
    ),
    "translator": ("RecurrentTranslator", SMALL_DECODER, "ragged", "sayings", FILE),
    "translator-lists": (
        "RecurrentTranslator",
        {**BOTH_WAYS, **CONVOLVED, **SMALL_DECODER, "beam_size": 3, "decoder_layers": 1},
        "ragged",
        "label_lists",
        FILE,
    ),
    "steps": ("RecurrentStepRegressor", {}, "ragged", "step_numbers", ENDED),
    "steps-several": (
        "RecurrentStepRegressor",
        {"cell": "gru", "conv_channels": (3,), "conv_kernel_size": 3},
        "ragged",
        "step_several",
        (*FILE, "predictor"),
    ),
    "steps-chunks": (
        "RecurrentStepRegressor",
        {"bptt_steps": 4, "cell": "rnn"},
        "ragged",
        "step_numbers",
        FILE,
    ),
    "films": ("ConvLSTMClassifier", {}, "films", "words", ENDED),
    "films-peephole": (
        "ConvLSTMClassifier",
        {"peephole": True, "kernel_size": 1, "patch_size": 2},
        "coloured",
        "codes",
        ("file",),
    ),
    "films-numbers": (
        "ConvLSTMRegressor",
        {**BOTH_WAYS, "num_layers": 2, "hidden_size": 2},
        "films",
        "numbers",
        ("file",),
    ),
    "films-next": ("ConvLSTMRegressor", {}, "films", "next", FILE),
    "films-nexts": ("ConvLSTMRegressor", {}, "films", "nexts", ("file",)),
}
BASICS = {"hidden_size": 3, "max_epochs": 2, "random_state": 0}

# name: an estimator that holds some of ours, X, y
COMPOSED = {
    "after-tokenizer": (
        make_pipeline(
            SequenceTokenizer(), sksequence.GRUClassifier(embedding_dim=3, **BASICS)
        ),
        "texts",
        "words",
    ),
    "after-scaler": (
        make_pipeline(
            StepwiseTransformer(StandardScaler()), sksequence.LSTMRegressor(**BASICS)
        ),
        "ragged",
        "numbers",
    ),
    "searched": (
        GridSearchCV(
            sksequence.RecurrentClassifier(**BASICS), {"cell": ["rnn", "gru"]}, cv=2
        ),
        "ragged",
        "codes",
    ),
}

# Estimators of ours that hold others, and have files of their own.
WHOLE = {
    "ensemble-labels": (
        DeepEnsembleClassifier(
            sksequence.GRUClassifier(**BASICS), n_estimators=2, random_state=0
        ),
        "ragged",
        "words",
    ),
    "ensemble-numbers": (
        DeepEnsembleRegressor(
            sksequence.GRURegressor(**BASICS), n_estimators=2, random_state=0
        ),
        "ragged",
        "numbers",
    ),
    "forecaster": (
        sksequence.WindowForecaster(
            sksequence.GRURegressor(**BASICS), length=4, horizon=2, target="a"
        ),
        "days",
        None,
    ),
}


# --------------------------------------------------------------------------- writing


class Interrupted(Exception):
    """A fit was ended from outside."""


class _EndsAtEpoch(io.StringIO):
    """Where an estimator prints its epochs; no further than one of them."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = str(epoch)

    def write(self, text):
        if text.split()[:1] == [self.epoch]:
            raise Interrupted
        return super().write(text)


class Store:
    """A folder of artefacts and of what they answer, with its manifest."""

    def __init__(self, folder):
        self.folder = folder
        self.rows = []
        self.data = _data()
        for name, data in self.data.items():
            self.write_arrays(f"data/{name}.npz", flatten(data))

    def path(self, name):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write_arrays(self, name, arrays):
        np.savez(self.path(name), **arrays)

    def add(self, name):
        """Fit a configuration; keep it in all its kinds."""
        class_name, params, X, y, kinds = CONFIGURATIONS[name]
        row = {"class": class_name, "params": {**BASICS, **params}, "X": X, "y": y}
        X, y = self.data[X], self.data[y]
        model = make(class_name, row["params"])
        if name == "gru-routed":
            with sklearn.config_context(enable_metadata_routing=True):
                model.set_fit_request(sample_weight="weight", groups=True)
        model.fit(X, y)
        for kind in kinds:
            if kind in ("ended", "interrupted"):
                continue
            file = getattr(self, f"_{kind}")(name, model, X)
            self.rows.append({**row, "name": name, "kind": kind, "file": file})
        self.write_arrays(f"{name}/answers.npz", answers(model, X))
        state = learnt(model)
        self.path(f"{name}/learnt.json").write_text(json.dumps(state), encoding="utf-8")
        self.write_arrays(f"{name}/after.npz", answers(train_on(model, X, y), X))
        if "ended" in kinds:
            self._checkpoints(name, row, X, y)

    def add_composed(self, name):
        """Fit an estimator of scikit-learn that holds one of ours, and pickle it."""
        model, X, y = COMPOSED[name]
        model.fit(self.data[X], self.data[y])
        file = self._pickle(name, model, None)
        self.write_arrays(f"{name}/answers.npz", answers(model, self.data[X]))
        row = {"X": X, "y": y, "name": name, "kind": "composed", "file": file}
        self.rows.append({"class": type(model).__name__, "params": {}, **row})

    def add_whole(self, name):
        """Fit an estimator of ours that holds another one, and save it."""
        model, X, y = WHOLE[name]
        model.fit(self.data[X], *([] if y is None else [self.data[y]]))
        file = self._file(name, model, None)
        self.write_arrays(f"{name}/answers.npz", told(model, self.data[X]))
        row = {"X": X, "name": name, "kind": "whole", "file": file}
        self.rows.append({"class": type(model).__name__, **row})

    def _file(self, name, model, X):
        model.save(self.path(f"{name}/model.safetensors"))
        return f"{name}/model.safetensors"

    def _pickle(self, name, model, X):
        self.path(f"{name}/model.pickle").write_bytes(pickle.dumps(model, protocol=4))
        return f"{name}/model.pickle"

    def _joblib(self, name, model, X):
        joblib.dump(model, self.path(f"{name}/model.joblib"))
        return f"{name}/model.joblib"

    def _predictor(self, name, model, X):
        predictor = model.to_numpy()
        file = f"{name}/predictor.pickle"
        self.path(file).write_bytes(pickle.dumps(predictor, protocol=4))
        self.write_arrays(
            f"{name}/predictor.npz", answers(predictor, X, methods_of(model))
        )
        return file

    def _bundle(self, name, model, X):
        model.to_numpy(self.path(f"{name}/bundle.py"))
        predictor = import_predictor(self.folder / f"{name}/bundle.py")
        self.write_arrays(f"{name}/bundle.npz", answers(predictor, X, methods_of(model)))
        return f"{name}/bundle.py"

    def _onnx(self, name, model, X):
        model.to_onnx(self.path(f"{name}/model.onnx"))
        return f"{name}/model.onnx"

    def _stream(self, name, model, X):
        return self._amid_sequence(name, "stream", model.to_numpy(), X)

    def _compiled_stream(self, name, model, X):
        return self._amid_sequence(name, "compiled_stream", model, X)

    def _amid_sequence(self, name, kind, opens, X):
        stream = opens.open_stream()
        for x in X[0][:N_STEPS_READ]:
            stream.step(x)
        file = f"{name}/{kind}.pickle"
        self.path(file).write_bytes(pickle.dumps(stream, protocol=4))
        self.write_arrays(f"{name}/{kind}.npz", continue_stream(stream, X))
        return file

    def _checkpoints(self, name, row, X, y):
        """One of a fit that was through, and one of a fit that ended half way."""
        params = {**row["params"], "max_epochs": 4}
        through = make(row["class"], params).fit(X, y)
        self.write_arrays(f"{name}/through.npz", answers(through, X))
        path = self.path(f"{name}/ended.checkpoint")
        make(row["class"], {**params, "checkpoint": path}).fit(X, y)
        path = self.path(f"{name}/interrupted.checkpoint")
        model = make(row["class"], {**params, "checkpoint": path, "verbose": 1})
        with contextlib.redirect_stdout(_EndsAtEpoch(3)):
            try:
                model.fit(X, y)
            except Interrupted:
                pass
            else:
                raise AssertionError(f"{name} was not interrupted")
        for kind in ("ended", "interrupted"):
            file = f"{name}/{kind}.checkpoint"
            self.rows.append(
                {**row, "params": params, "name": name, "kind": kind, "file": file}
            )

    def write_manifest(self):
        manifest = {"sksequence": sksequence.__version__, **circumstances()}
        manifest["artefacts"] = self.rows
        text = json.dumps(manifest, indent=1, default=_in_json)
        self.path("manifest.json").write_text(text, encoding="utf-8")


def circumstances():
    """What answers depend on in their last bit."""
    libraries = ("torch", "numpy", "numba", "scikit-learn", "skorch")
    return {
        "processor": llvmlite.binding.get_host_cpu_name(),
        "python": platform.python_version(),
        **{library: version(library) for library in libraries},
    }


def pack(folder, path):
    """All files in one archive, the manifest first."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    files.sort(key=lambda file: (file.name != "manifest.json", file.suffix))

    def anonymous(info):
        info.mtime = info.uid = info.gid = 0
        info.uname = info.gname = ""
        return info

    with tarfile.open(path, "w:xz", preset=9 | lzma.PRESET_EXTREME) as archive:
        for file in files:
            archive.add(file, file.relative_to(folder).as_posix(), filter=anonymous)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the archive goes")
    folder = parser.parse_args().folder
    torch.set_num_threads(1)
    path = folder / f"{sksequence.__version__}.tar.xz"
    if path.exists():
        raise FileExistsError(f"{path} is there, and what a version stored stays.")
    with tempfile.TemporaryDirectory() as temporary:
        store = Store(Path(temporary))
        for name in CONFIGURATIONS:
            store.add(name)
        for name in COMPOSED:
            store.add_composed(name)
        for name in WHOLE:
            store.add_whole(name)
        store.write_manifest()
        pack(store.folder, path)
    size = path.stat().st_size / 1e6
    print(f"{path}: {len(store.rows)} artefacts, {size:.2f} MB")


if __name__ == "__main__":
    main()
