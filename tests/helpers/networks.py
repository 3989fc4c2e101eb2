"""Small fitted networks of every kind, for what has to hold wherever a network runs."""

from __future__ import annotations

import math
import os
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from helpers.choices import draw_choices, levels_of, pairs_not_drawn
from helpers.data import ragged
from helpers.estimators import plain
from sksequence._cells import CELLS as CELLS_BY_NAME
from sksequence._cells import NONLINEARITIES

FULL = os.environ.get("SKSEQUENCE_TESTS") == "full"
LIVELY = {"hidden_size": 5, "max_epochs": 1, "lr": 0.1, "random_state": 0}
LENGTHS = (9, 14, 7, 12, 16, 8, 6, 10)

# The plain cell by its nonlinearities.
CELLS = (*NONLINEARITIES, *(name for name in CELLS_BY_NAME if name != "rnn"))
POOLINGS = ("last", "mean", "max", "attention")
CONVOLUTIONS = (
    {},
    {"conv_channels": (4,), "conv_kernel_size": 3},
    {"conv_channels": (4, 3), "conv_kernel_size": (3, 2), "conv_stride": (2, 1)},
    {"conv_channels": (5,), "conv_kernel_size": 2, "conv_stride": 3},
)
_BRANCH = {"parallel_channels": (4, 3), "parallel_kernel_size": (5, 2)}
BRANCHES = (
    {},
    _BRANCH,
    {**_BRANCH, "parallel_stride": (1, 2), "recurrent_output_dropout": 0.5},
    {
        **{"parallel_channels": (6, 6, 5), "parallel_kernel_size": (3, (5, 2), 2)},
        **{"parallel_stride": (1, 2, 1), "parallel_dilation": (1, 1, 2)},
        **{"parallel_residual": 2, "parallel_bottleneck": 3, "parallel_squeeze": 2},
    },
)


def choices_of(*factors):
    """All choices of levels with SKSEQUENCE_TESTS=full, else some with all pairs."""
    if FULL:
        return list(product(*factors))
    levels = dict(enumerate(factors))
    first, second = sorted(map(len, factors))[-2:]
    choices = draw_choices(levels, 2 * first * second)
    assert not pairs_not_drawn(levels, choices)
    return [tuple(levels_of(levels, choice).values()) for choice in choices]


@cache
def fitted(name, **params):
    """A lively network of two channels, and of three classes or two numbers."""
    X = sequences()
    classes = np.array(["no", "so", "yes"])[np.arange(len(X)) % 3]
    y = classes if name.endswith("Classifier") else np.arange(16.0).reshape(8, 2) ** 2
    return plain(name, **{**LIVELY, **params}).fit(X, y)


def network(cell, task="Classifier", **params):
    """An estimator's name and hyperparameters, by the name of a cell."""
    if cell in NONLINEARITIES:
        return f"SimpleRNN{task}", {"nonlinearity": cell, **params}
    if cell in ("gru", "lstm"):
        return f"{cell.upper()}{task}", params
    return f"Recurrent{task}", {"cell": cell, **params}


def sequences():
    return [x.cumsum(axis=0) for x in ragged(LENGTHS)]


def with_gaps(X, seed=1):
    """The same with every fifth value missing, but for those in the second channel."""
    rng = np.random.default_rng(seed)
    gaps = [x.copy() for x in X]
    for x in gaps:
        x[rng.uniform(size=len(x)) < 0.2, 0] = np.nan
    return gaps


def _special():
    X, n = sequences(), len(LENGTHS)
    rng = np.random.default_rng(0)
    classes, numbers = np.arange(n) % 2, rng.normal(size=n)
    labels = rng.integers(0, 2, size=(n, 3))
    gaps = with_gaps(X)
    tokens = [rng.integers(0, 7, len(x)) for x in X]
    static = np.column_stack([np.arange(n), rng.normal(size=n)])
    table = pd.DataFrame(static, columns=["age", "size"]).assign(x=X)
    # Seconds since 1970, of which float32 knows none from the next.
    times = [1.7e9 + np.cumsum(rng.integers(1, 4, len(x))) for x in X]
    timed = [np.column_stack([x[:, 0], t]) for x, t in zip(gaps, times, strict=True)]
    stride = {"conv_channels": (4,), "conv_kernel_size": 3, "conv_stride": 2}
    branch = {"parallel_channels": (3,), "parallel_kernel_size": 3}
    layers = {"num_layers": 3, "hidden_size": (6, 3, 20)}
    mask, decay = {"missing": "mask"}, {"missing": "decay"}
    at = {"time_channel": 1}
    return {
        "float64": ("GRUClassifier", X, classes, {"dtype": "float64"}),
        "univariate": ("LSTMRegressor", [x[:, 0] for x in X], numbers, {}),
        "rows": ("GRURegressor", rng.normal(size=(n, 9)), numbers, {}),
        "unscaled": ("GRURegressor", X, numbers, {"standardize": False}),
        "rates": ("GRURegressor", X, np.arange(n), {"loss": "poisson"}),
        "outputs": ("LSTMRegressor", X, labels * 1.5, {}),
        "labels": ("GRUClassifier", X, labels, {}),
        "layers": ("LSTMClassifier", X, classes, layers),
        "norm": ("LSTMClassifier", X, classes, {"num_layers": 2, "layer_norm": True}),
        "residual": ("GRUClassifier", X, classes, {"num_layers": 3, "residual": True}),
        "tokens": ("GRUClassifier", tokens, classes, {"embedding_dim": 4}),
        "mask": ("GRUClassifier", gaps, classes, mask | branch),
        "mask, unscaled": (
            "LSTMClassifier",
            gaps,
            classes,
            mask | {"standardize": False},
        ),
        "decay": ("GRUClassifier", gaps, classes, decay),
        "decay, lstm": ("LSTMClassifier", gaps, classes, decay | branch),
        "decay, time": ("SimpleRNNClassifier", timed, classes, decay | at),
        "decay, stride": ("GRUClassifier", gaps, classes, decay | stride),
        "static": ("GRURegressor", table, numbers, {}),
        "random": ("GRUClassifier", X, classes, {"random_convolutions": 200}),
        "tags": ("RecurrentTagger", X, [x[:, 0] > 0 for x in X], {"cell": "gru"}),
        "tags, stride": ("RecurrentTagger", X, [x[:, 0] > 0 for x in X], stride | branch),
        "step numbers": ("RecurrentStepRegressor", X, [x * 2 for x in X], {}),
    }


SPECIAL = tuple(_special())


@cache
def special(kind, **more):
    """A fitted estimator, what it takes for X, the sequences in that, and what is static.

    Static covariates are in X, a table, where a kind has any; the last is None elsewhere.
    """
    name, X, y, params = _special()[kind]
    model = plain(name, **{**LIVELY, **params, **more}).fit(X, y)
    if not hasattr(X, "columns"):
        return model, X, list(X), None
    return model, X, list(X["x"]), X[["age", "size"]].to_numpy()


def stride_of(model):
    """After how many steps there is a prediction again, for all strides."""
    encoders = model.net_.module_.encoder, model.net_.module_.branch.encoder
    return math.lcm(*(encoder.total_stride for encoder in encoders))


def answer_of(model):
    """The name of the method that says most."""
    return "predict_proba" if hasattr(model, "predict_proba") else "predict"


def worst(first, second):
    """The largest difference of two lists of answers, relative to the largest."""
    pairs = [
        (np.asarray(a, float), np.asarray(b, float))
        for a, b in zip(first, second, strict=True)
    ]
    size = max(1.0, *(np.abs(b).max() for _, b in pairs))
    return max(np.abs(a - b).max() for a, b in pairs) / size


# What docs/reproducibility.md promises, relative to the largest of what is compared.
PROMISED = {"float32": 5e-6, "float64": 1e-12}


def assert_promised(got, expected, model=None, *, link="identity", promised=PROMISED):
    """What another engine answers is what was expected, as closely as is promised.

    Parameters
    ----------
    got, expected : sequences of array-like
        Answers, or representations.
    model : estimator or None
        Whose ``dtype`` says how close; None for float32.
    link : {"identity", "log"}
        Of the loss that the answers belong to. Rounding errors arise before its inverse:
        exp multiplies them by the answers, so that their logarithms are compared.
    promised : dict
        The largest difference in either dtype.
    """
    read = np.log if link == "log" else np.asarray
    pairs = [[read(np.asarray(x, float)) for x in answers] for answers in (got, expected)]
    dtype = "float32" if model is None else model.dtype
    # An answer itself is rounded, to the dtype of X.
    is_single = any(np.asarray(x).dtype == np.float32 for x in expected)
    rounding = np.finfo(np.float32 if is_single else np.float64).eps
    assert worst(*pairs) <= max(promised[dtype], rounding)


def link_of(model):
    """The link of what a fitted estimator predicts."""
    return "log" if getattr(model, "loss", None) == "poisson" else "identity"
