"""Saved estimators of every kind, and files that are changed by hand."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import safetensors.numpy
import torch

import sksequence
from helpers.data import ragged
from helpers.estimators import FAST, make

SMALL = {**FAST, "hidden_size": 4, "max_epochs": 1}
N = 8


def gaps():
    X = ragged()
    for x in X:
        x[::3, 0] = np.nan
    return X


def tokens():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 6, size=n) for n in (5, 9, 4, 7, 6, 8, 3, 5)]


def table():
    frame = pd.DataFrame({"age": np.arange(N), "weight": np.linspace(0, 1, N)})
    frame["series"] = ragged()
    return frame


def columns():
    return pd.DataFrame(np.random.default_rng(0).normal(size=(N, 4)), columns=[*"abcd"])


def films():
    return np.random.default_rng(0).normal(size=(N, 3, 5, 4))


def numbers(*shape):
    return np.random.default_rng(1).normal(size=(N, *shape))


WORDS = np.array(["no", "yes"] * 4)
CODES = np.arange(N) % 2
SEVERAL = np.array([[1, 0, 1], [0, 1, 1]] * 4)
# All public classes, and hyperparameters of every kind.
CASES = {
    "strings": ("SimpleRNNClassifier", {"nonlinearity": "relu"}, ragged, WORDS),
    "objects": ("GRUClassifier", {"warm_start": True}, ragged, WORDS.astype(object)),
    "float64": ("SimpleRNNRegressor", {"dtype": "float64", "optimizer": "sgd"}, ragged),
    "mask": (
        "LSTMClassifier",
        {"missing": "mask", "class_weight": "balanced", "optimizer": "adamw"},
        gaps,
    ),
    "decay": (
        "LSTMRegressor",
        {"missing": "decay", "standardize": False, "loss": "huber"},
        gaps,
    ),
    "tokens": (
        "GRUClassifier",
        {
            "embedding_dim": 3,
            "dropout": 0.3,
            "random_state": np.random.RandomState(0),
        },
        tokens,
    ),
    "stopped": (
        "GRURegressor",
        {"early_stopping": True, "lr_schedule": "plateau", "optimizer": "rmsprop"},
        ragged,
        numbers(2),
    ),
    "several": (
        "RecurrentClassifier",
        {"bidirectional": True, "num_layers": 2, "hidden_size": [4, 3], "cell": "gru"},
        ragged,
        SEVERAL,
    ),
    "convolved": (
        "RecurrentRegressor",
        {
            "conv_channels": (3,),
            "conv_kernel_size": 2,
            "parallel_channels": [4, 3],
            "parallel_kernel_size": [[3, np.int64(2)], 2],
            "parallel_stride": "auto",
            "parallel_residual": np.int64(2),
            "parallel_squeeze": 2,
            "pooling_segments": 2,
            "pooling": "attention",
            "loss": "quantile",
        },
        ragged,
    ),
    "weighted": ("GRUClassifier", {"class_weight": {0: 1.0, 1: np.float64(2)}}, table),
    "searched": (
        "LSTMClassifier",
        {"lr": np.float64(0.01), "hidden_size": np.int64(3), "n_jobs": 2},
        columns,
    ),
    "torch": (
        "RecurrentRegressor",
        {"optimizer": torch.optim.NAdam, "net_params": {"optimizer__betas": (0.8, 0.9)}},
        ragged,
    ),
    "lbfgs": ("SimpleRNNRegressor", {"optimizer": torch.optim.LBFGS}, ragged),
    "counts": ("GRURegressor", {"loss": "poisson"}, ragged, np.arange(N)),
    "quantiles": (
        "GRURegressor",
        {"loss": "quantile", "quantile": (0.1, 0.5)},
        ragged,
        numbers(2),
    ),
    "distribution": (
        "GRURegressor",
        {"loss": "negative_binomial", "quantile": [0.1, 0.5]},
        ragged,
        np.arange(N),
    ),
    "tagged": (
        "RecurrentTagger",
        {"bptt_steps": 3},
        ragged,
        [np.arange(len(x)) % 3 for x in ragged()],
    ),
    "steps": ("RecurrentStepRegressor", {}, ragged, [x.sum(axis=1) for x in ragged()]),
    "transcribed": (
        "RecurrentTranscriber",
        {"beam_size": 2},
        ragged,
        ["ab"[len(x) % 2] * 2 for x in ragged()],
    ),
    "transcribed lists": (
        "RecurrentTranscriber",
        {"bidirectional": True},
        ragged,
        [[len(x) % 3, 5] for x in ragged()],
    ),
    "watched": ("RecurrentDetector", {"early_stopping": True}, ragged),
    "reconstructed": (
        "RecurrentDetector",
        {"objective": "reconstruct", "code_size": 2, "contamination": 0.2},
        ragged,
    ),
    "translated": (
        "RecurrentTranslator",
        {"beam_size": 2, "label_smoothing": 0.0},
        ragged,
        ["ab"[len(x) % 2] * 2 for x in ragged()],
    ),
    "translated lists": (
        "RecurrentTranslator",
        {"attention": False, "max_length": 4, "decoder_layers": 1},
        ragged,
        [[len(x) % 3, 5] for x in ragged()],
    ),
    "films": ("ConvLSTMClassifier", {"peephole": True, "kernel_size": 1}, films, WORDS),
    "frames": ("ConvLSTMRegressor", {}, films, numbers(5, 4)),
}


def fitted(case):
    """An estimator, what it was fitted on, and to which answers."""
    name, params, X, *y = CASES[case]
    X = X()
    y = y[0] if y else (CODES if name.endswith("Classifier") else numbers())
    return make(name, **{**SMALL, **params}).fit(X, y), X, y


def methods_of(model):
    methods = ("predict", "predict_proba", "transform")
    return [method for method in methods if hasattr(model, method)]


def answers(model, X):
    return [getattr(model, method)(X) for method in methods_of(model)]


def stored(model, path):
    return model.save(path) and sksequence.load(path)


def learnt(model):
    """Its state, less the rates that the next fit sets."""
    state = model.__getstate__()
    for group in state["fitted"]["net"]["optimizer"].pop("param_groups"):
        assert group["params"]
    return state


def forge(path, change):
    """Change what a file says, and put a checksum upon it that fits."""
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    content = json.loads(header["__metadata__"]["sksequence"])
    arrays = safetensors.numpy.load(data)
    change(content, arrays)
    content["sha256"] = "0" * 64
    seal(path, arrays, json.dumps(content, separators=(",", ":")))


def seal(path, arrays, text):
    """Write a file with this document, and a checksum that fits."""
    data = safetensors.numpy.save(arrays, {"sksequence": text})
    digest = hashlib.sha256(data).hexdigest().encode()
    path.write_bytes(data.replace(b"0" * 64, digest, 1))


def without(*place):
    def change(content, arrays):
        *parents, name = place
        part = content["tree"]
        for parent in parents:
            part = part[parent]
        del part[name]
        arrays.pop("/".join(place), None)

    return change
