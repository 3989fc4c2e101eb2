"""Bad input is refused before any training, with what was got and what was expected.

One table of cases for fit: each has to raise on a new estimator, which stays unfitted,
and on a fitted one, which then answers as before.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.exceptions import NotFittedError
from skorch.callbacks import EarlyStopping

from helpers.data import CUBE, LABELS, MULTILABEL, NUMBERS, STEPS, N, objects
from helpers.estimators import ESTIMATORS, labels_for, make

TABLE = CUBE[:, :, 0].copy()
LISTED = list(CUBE)
DATES = np.arange(N * STEPS).reshape(N, STEPS).astype("M8[s]")


class Case(NamedTuple):
    """A call of fit that has to fail, and how."""

    id: str
    words: str
    error: type[Exception] = ValueError
    X: Any = CUBE
    y: Any = LABELS
    name: str = "GRUClassifier"
    params: dict = {}
    fit_params: dict = {}


def with_value(X, value, dtype=float):
    """X with one value of sequence 3, at step 2, changed."""
    X = X.astype(dtype)
    X[(3, 2, 1)[: X.ndim]] = value
    return X


def with_item(item, at=7):
    """The list of sequences with one of them replaced."""
    return [*LISTED[:at], item, *LISTED[at + 1 :]]


NOT_FINITE = {"NaN": np.nan, "infinity": np.inf, "1e300": 1e300, "-1e300": -1e300}
X_CASES = [
    *(
        Case(
            f"{name} in {kind}",
            f"X contains .*sequence 3 .*step 2, channel {channel}",
            X=X,
        )
        for name, value in NOT_FINITE.items()
        for kind, X, channel in [
            ("2-D", with_value(TABLE, value), 0),
            ("3-D", with_value(CUBE, value), 1),
            ("list", list(with_value(CUBE, value)), 1),
            ("unequal list", [*with_value(CUBE, value)[:, :5].tolist()[:-1], CUBE[0]], 1),
        ]
    ),
    Case("NaN in float16", "X contains NaN", X=with_value(CUBE, np.nan, np.float16)),
    Case("infinity in float32", "X contains inf", X=with_value(CUBE, np.inf, np.float32)),
    Case("1e300 is named", r"X contains 1e\+300.*float32", X=with_value(CUBE, 1e300)),
    Case("huge int", "X contains .*float32", X=with_value(TABLE, 10**60, object)),
    Case("NaN in DataFrame", "X contains NaN", X=pd.DataFrame(with_value(TABLE, np.nan))),
    Case(
        "NA in DataFrame",
        "X contains NaN",
        X=pd.DataFrame({"a": pd.array([1, None] * 6, dtype="Int64"), "b": 1}),
    ),
    Case("NaN in tensor", "X contains NaN", X=torch.tensor(with_value(CUBE, np.nan))),
    # no sequence, no step
    Case("empty list", "no sequence.*0 sample", X=[], y=[]),
    Case("empty tuple", "no sequence.*0 sample", X=(), y=[]),
    Case("empty 2-D", r"0 sample.*\(0, 6\).*minimum of 1", X=TABLE[:0], y=[]),
    Case("empty 3-D", r"0 sample.*\(0, 6, 2\).*minimum of 1", X=CUBE[:0], y=[]),
    Case("empty object array", "0 sample", X=objects([]), y=[]),
    Case("no column", r"0 feature.*\(12, 0\)", X=TABLE[:, :0]),
    Case("no step in 3-D", r"empty.*\(12, 0, 2\)", X=CUBE[:, :0]),
    Case("no channel in 3-D", r"empty.*\(12, 6, 0\)", X=CUBE[:, :, :0]),
    Case("no step in item", "Sequence 7 is empty.*0 step", X=with_item(CUBE[0, :0])),
    Case(
        "no channel in item",
        "Sequence 7 is empty.*0 channel",
        X=with_item(CUBE[0, :, :0]),
    ),
    Case("no step in (t,)", "Sequence 11 is empty", X=[*TABLE[:11], TABLE[0, :0]]),
    Case("no step in nested", "Sequence 11 is empty", X=[*TABLE[:11].tolist(), []]),
    # channels that differ
    Case(
        "channels of array",
        r"Sequence 7 has 3 channel.*\(5, 3\).*sequence 0 has 2.*\(6, 2\)",
        X=with_item(np.ones((5, 3))),
    ),
    Case(
        "mixed ranks",
        r"Sequence 7 has shape \(5,\), but sequence 0 \(6, 2\).*axis of channels",
        X=with_item(np.ones(5)),
    ),
    Case("channels of transposed", "Sequence 7 has 6 channel", X=with_item(CUBE[7].T)),
    Case(
        "channels of nested", "Sequence 7 has 3 channel", X=with_item([[1.0, 2.0, 3.0]])
    ),
    Case("unequal rows", "Sequence 7 is not.*n_steps", X=with_item([[1.0, 2.0], [3.0]])),
    # dimensions
    Case("1-D", "Expected 2D array, got 1D array", X=TABLE[:, 0]),
    Case("list of numbers", "Expected 2D array, got 1D array", X=TABLE[:, 0].tolist()),
    Case("Series of numbers", "2.?D|2-dimensional", X=pd.Series(TABLE[:, 0])),
    Case("4-D", r"dim 4.*\(12, 6, 2, 1\).*dim <= 3", X=CUBE[..., None]),
    Case("5-D", r"dim 5.*\(12, 6, 2, 1, 1\).*dim <= 3", X=CUBE[..., None, None]),
    Case(
        "3-D item",
        r"Sequence 7.*shape \(6, 2, 1\); expected",
        X=with_item(CUBE[7][..., None]),
    ),
    Case("0-D item", r"Sequence 7.*shape \(\); expected", X=with_item(np.float64(3))),
    Case("number", "scalar", X=3.0),
    # no numbers
    Case("None", "None", (ValueError, TypeError), X=None),
    Case("word", "abc|str", (ValueError, TypeError), X="abc"),
    Case("dict", "dict|scalar", (ValueError, TypeError), X={"a": TABLE}),
    Case("text", "X holds text", X=TABLE.astype(str)),
    Case("bytes", "X holds text", X=TABLE.astype("S")),
    Case("text as objects", "X holds text", X=TABLE.astype(str).astype(object)),
    Case("text in nested", "X holds text", X=[["a", "b"]] * N),
    Case("numeric strings", "X holds text", X=[["1", "2"]] * N),
    Case(
        "numeric strings, unequal", "Sequence 0 holds text", X=[["1", "2"]] * 11 + [["1"]]
    ),
    Case("text in item", "Sequence 7 holds text", X=with_item(CUBE[7].astype(str))),
    Case("text for item", "Sequence 7 holds text", X=with_item("abc")),
    Case(
        "text in DataFrame",
        "text|string.*'a'",
        X=pd.DataFrame({"a": list("abcdefghijkl"), "b": 1.0}),
    ),
    Case(
        "category in DataFrame",
        "text|string",
        X=pd.DataFrame({"a": pd.Categorical(["u"] * N)}),
    ),
    Case("Series of strings", "text|string", X=pd.Series(list("abcdefghijkl"))),
    Case(
        "text in listed DataFrame",
        "Sequence 0.*'a'",
        X=[pd.DataFrame({"a": ["a"]})] * N,
        params={"categorical_features": None},
    ),
    Case("None in array", "X .*None", X=with_value(TABLE, None, object)),
    Case("None in nested", "X .*None", X=with_value(TABLE, None, object).tolist()),
    Case("None in item", "Sequence 3 .*None", X=list(with_value(TABLE, None, object))),
    Case("None for item", "Sequence 7 .*None", X=with_item(None)),
    Case("complex", "Complex data not supported.*X is complex", X=CUBE + 1j),
    Case("complex item", "Complex data.*Sequence 7", X=with_item(CUBE[7] + 1j)),
    Case("complex nested", "Complex data not supported", X=(CUBE + 1j).tolist()),
    Case("complex objects", "Complex data.*X holds", X=(TABLE + 1j).astype(object)),
    Case("dates", r"X holds dates.*datetime64\[s\]", TypeError, X=DATES),
    Case("durations", "X holds dates or durations", TypeError, X=DATES - DATES[0, 0]),
    Case("dates in item", "Sequence 7 holds dates", TypeError, X=with_item(DATES[:, :2])),
    Case("dates in DataFrame", "X holds dates", TypeError, X=pd.DataFrame(DATES)),
    Case(
        "dates with a zone",
        "date|time",
        (TypeError, ValueError),
        X=pd.DataFrame(DATES).apply(lambda column: column.dt.tz_localize("UTC")),
    ),
    Case(
        "dates among numbers",
        "X holds dates",
        TypeError,
        X=pd.DataFrame({"a": DATES[:, 0], "b": 1.0}),
    ),
    Case("dates as objects", "X holds dates", TypeError, X=DATES.astype(object)),
    Case("dates in nested", "X holds dates", TypeError, X=DATES.astype(object).tolist()),
    Case("masked", "masked.*filled", TypeError, X=np.ma.masked_array(CUBE)),
    Case("masked 2-D", "masked.*filled", TypeError, X=np.ma.masked_less(TABLE, 0)),
    Case(
        "masked item",
        "Sequence 7 is a masked.*filled",
        TypeError,
        X=with_item(np.ma.masked_less(CUBE[7], 0)),
    ),
    Case("sparse", "[Ss]parse.*dense.*toarray", TypeError, X=sparse.csr_array(TABLE)),
    Case("sparse matrix", "[Ss]parse.*dense", TypeError, X=sparse.csr_matrix(TABLE)),
    Case(
        "sparse item",
        "Sequence 7.*dense",
        TypeError,
        X=with_item(sparse.csr_array(CUBE[7])),
    ),
]


def _y_cases(name, good):
    with_none, with_nan = good.astype(object), good.astype(float)
    with_none[3], with_nan[3] = None, np.nan
    return [
        Case("y=None", f"{name} .*requires y .*y is None", y=None, name=name),
        Case("short y", r"inconsistent.*\[12, 11\]", y=good[:11], name=name),
        Case("long y", r"inconsistent.*\[12, 13\]", y=np.r_[good, 1], name=name),
        Case("y of one", r"inconsistent.*\[12, 1\]", y=[1], name=name),
        Case("number for y", "y|dim", (ValueError, TypeError), y=1, name=name),
        Case("NaN in y", "y contains NaN", y=with_nan, name=name),
        Case(
            "infinity in y",
            "y contains inf",
            y=np.where(with_nan > 9, 0, np.inf),
            name=name,
        ),
        Case("None in y", "y contains (None|NaN)", y=with_none, name=name),
        Case(
            "None in listed y", "y contains (None|NaN)", y=with_none.tolist(), name=name
        ),
        Case("4-D y", "dim 4|shape", y=np.zeros((N, 2, 2, 2)), name=name),
        Case("complex y", "[Cc]omplex", y=good + 1j, name=name),
        Case("unequal y", "y|shape", y=[[1], [1, 2]] * 6, name=name),
        Case(
            "masked y",
            "y is a masked array",
            TypeError,
            y=np.ma.masked_array(good, good > 0),
            name=name,
        ),
    ]


Y_CASES = [
    *_y_cases("GRUClassifier", LABELS),
    *_y_cases("GRURegressor", NUMBERS),
    Case("continuous y", "continuous", y=NUMBERS),
    Case("continuous 2-D y", "continuous", y=CUBE[:, 0]),
    Case(
        "multiclass-multioutput y",
        r"\(12, 2\).*multiclass-multioutput.*MultiOutputClassifier",
        y=np.arange(2 * N).reshape(N, 2) % 3,
    ),
    Case("text and numbers in y", "y mixes", (ValueError, TypeError), y=["a", 1] * 6),
    Case(
        "text and numbers among objects in y",
        "y mixes|y .*types",
        (ValueError, TypeError),
        y=np.array(["a", 1] * 6, dtype=object),
    ),
    Case("text y", "y .*text.*classifier", y=["a", "b"] * 6, name="GRURegressor"),
    Case("numeric strings y", "y.*(text|str)", y=["1", "2"] * 6, name="GRURegressor"),
    Case("dates y", "y .*dates", TypeError, y=DATES[:, 0], name="GRURegressor"),
    Case(
        "sparse y",
        "[Ss]parse",
        TypeError,
        y=sparse.csr_array(CUBE[:, 0]),
        name="GRURegressor",
    ),
    Case("huge y", "y contains .*too large", y=NUMBERS * 1e300, name="GRURegressor"),
    Case(
        "negative counts",
        'loss="poisson".*at least zero.*minimum -1',
        y=LABELS - 1.0,
        name="GRURegressor",
        params={"loss": "poisson"},
    ),
    Case(
        "counts of zero alone",
        'loss="poisson".*positive sum.*0',
        y=LABELS * 0.0,
        name="GRURegressor",
        params={"loss": "poisson"},
    ),
]
EARLY = {"early_stopping": True}
SHORT = CUBE[:, :3]
SIZE_CASES = [
    *(
        Case(
            f"{n} sequences for early stopping",
            rf"n_samples = {n}\b",
            X=X,
            y=y,
            params=EARLY,
        )
        for n, X, y in [
            (1, CUBE[:1], [0]),
            (2, CUBE[:2], [0, 1]),
            (2, CUBE[:2], ["a", "b"]),
        ]
    ),
    Case(
        "one sequence for early stopping",
        "validation.*n_samples = 1",
        X=CUBE[:1],
        y=[0.5],
        name="GRURegressor",
        params=EARLY,
    ),
    Case(
        "weights that leave too few",
        "validation.*n_samples = 2",
        params=EARLY,
        fit_params={"sample_weight": np.r_[1, 1, np.zeros(10)]},
    ),
    Case(
        "one group for early stopping",
        r"validation.*1 group",
        params=EARLY,
        fit_params={"groups": ["a"] * N},
    ),
    Case(
        "a class per group for early stopping",
        r"validation.*2 group",
        params=EARLY,
        fit_params={"groups": LABELS},
    ),
    Case(
        "long kernel",
        "kernel_size=5.*sequence 0, the longest.*3 step",
        X=SHORT,
        params={"conv_channels": [4]},
    ),
    Case(
        "long kernel on a table",
        r"kernel_size=5.*3 step.*n_features = 3",
        X=TABLE[:, :3],
        params={"conv_channels": (4,)},
    ),
    Case(
        "long stride",
        "stride=4.*sequence 0, the longest.*3 step",
        X=SHORT,
        params={"conv_channels": (4,), "conv_kernel_size": 2, "conv_stride": 4},
    ),
    Case(
        "long second kernel",
        "Convolution 2.*kernel_size=3.*sequence 0, the longest.*2 step.*of 3",
        X=SHORT,
        params={"conv_channels": (4, 4), "conv_kernel_size": 3, "conv_stride": 2},
    ),
    Case(
        "a parallel dilation beyond the longest sequence",
        r"Parallel convolution 2 has dilation=4, but sequence 0, the longest, has only "
        r"3 step.* left of 6 .*smaller parallel_dilation",
        params={
            **{"parallel_channels": (4, 4), "parallel_kernel_size": 3},
            **{"parallel_stride": 2, "parallel_dilation": (6, 4)},
        },
    ),
    Case(
        "more kernels than channels",
        r"parallel_channels must have a channel for each of the 3 kernels \(9, 5, 3\) .*"
        r"got \(8, 2\)",
        params={"parallel_channels": (8, 2), "parallel_kernel_size": (5, (9, 5, 3))},
    ),
    Case(
        "a parallel stride beyond the shortest sequence",
        r"Parallel convolution 2 has stride=4, but sequence 1, the shortest, has only "
        r"3 step.* left of 5 .*smaller parallel_stride",
        X=[CUBE[0], CUBE[1][:5], *CUBE[2:]],
        params={
            **{"parallel_channels": (4, 4), "parallel_kernel_size": 3},
            "parallel_stride": (2, 4),
        },
    ),
    *(
        Case(
            f"{name}={value}",
            rf"{name} must be .*per layer \({n}\)",
            params={name: value} | p,
        )
        for name, value, n, p in [
            ("hidden_size", (4, 4), 1, {"num_layers": 1}),
            ("hidden_size", (4,), 2, {"num_layers": 2}),
            ("hidden_size", (), 1, {}),
            ("conv_kernel_size", (3, 3), 1, {"conv_channels": (4,)}),
            ("conv_stride", (1,), 2, {"conv_channels": (4, 4), "conv_kernel_size": 2}),
            ("parallel_kernel_size", (8, 5, 3), 2, {"parallel_channels": (4, 4)}),
            ("parallel_kernel_size", (3,), 2, {"parallel_channels": (4, 4)}),
            *(
                (name, (2, 1, 1), 2, {"parallel_channels": (4, 4)} | kernel)
                for name, kernel in [
                    ("parallel_stride", {"parallel_kernel_size": 3}),
                    ("parallel_dilation", {"parallel_kernel_size": 3}),
                    ("parallel_kernel_size", {}),
                ]
            ),
        ]
    ),
]


def _weighted(id, words, weight, error=ValueError, **params):
    return Case(id, words, error, fit_params={"sample_weight": weight}, params=params)


def _class_weighted(class_weight, words, y=LABELS, error=ValueError):
    return Case(
        f"class_weight={class_weight}",
        f"class_weight.*{words}",
        error,
        y=y,
        params={"class_weight": class_weight},
    )


WEIGHT_CASES = [
    _weighted("negative weight", "Negative.*sample_weight: -2.0 at 1", [1, -2] * 6),
    _weighted("NaN weight", "sample_weight contains NaN", [1, np.nan] * 6),
    _weighted("infinite weight", "sample_weight contains NaN or inf", [1, np.inf] * 6),
    _weighted("weights of zero", "sample_weight is zero everywhere", [0] * N),
    _weighted("short weight", r"sample_weight.*\(11,\), expected \(12,\)", [1] * 11),
    _weighted(
        "2-D weight", r"sample_weight.*\(12, 1\), expected \(12,\)", np.ones((N, 1))
    ),
    _weighted("text weight", "sample_weight.*(text|numbers)", ["a"] * N),
    _weighted("numeric strings weight", "sample_weight.*(text|numbers)", ["1"] * N),
    _weighted(
        "complex weight", "sample_weight.*complex|[Cc]omplex.*sample_weight", [1j] * N
    ),
    _weighted("dates weight", "sample_weight.*dates", DATES[:, 0], TypeError),
    _weighted("unequal weight", "sample_weight", [[1], [1, 2]] * 6),
    _weighted("None weight", "sample_weight", [1, None] * 6),
    _weighted("sparse weight", "sample_weight", sparse.csr_array(TABLE), TypeError),
    _weighted(
        "masked weight",
        "sample_weight.*masked",
        np.ma.masked_less(np.ones(N), 2),
        TypeError,
    ),
    Case("short groups", r"groups.*\(11,\).*\(12,\)", fit_params={"groups": [1] * 11}),
    Case(
        "2-D groups",
        r"groups.*\(12, 1\).*\(12,\)",
        fit_params={"groups": np.ones((N, 1))},
    ),
    Case(
        "mixed groups",
        "groups",
        (ValueError, TypeError),
        params=EARLY,
        fit_params={"groups": np.array(["a", 1] * 6, dtype=object)},
    ),
    Case(
        "None among groups",
        "groups",
        (ValueError, TypeError),
        params=EARLY,
        fit_params={"groups": [None, "a"] * 6},
    ),
    _class_weighted({5: 1.0}, r"\[0, 1\].*\[5\]"),
    _class_weighted({"0": 1.0}, r"\[0, 1\].*\['0'\]"),
    _class_weighted({0: -1}, "at least zero.*-1"),
    _class_weighted({0: np.nan}, "finite.*nan"),
    _class_weighted({0: np.inf}, "finite.*inf"),
    _class_weighted({0: 0, 1: 0}, "zeros alone"),
    _class_weighted({0: "a"}, ".*'a'", error=(ValueError, TypeError)),
    _class_weighted([{0: 1, 1: 2}], "dict.*list.*multilabel"),
    _class_weighted({0: 1, 1: 2}, "multilabel.*list of 2", MULTILABEL),
    _class_weighted([{0: 1, 1: 2}], "multilabel.*list of 2", MULTILABEL),
    _class_weighted([{0: 1}, {5: 1}], r"\[5\]", MULTILABEL),
    _class_weighted([{0: -1}, {0: 1}], "at least zero", MULTILABEL),
    _class_weighted(["a", "b"], ".*'a'", MULTILABEL, (ValueError, TypeError)),
    _class_weighted([1, 2], "multilabel.*dict", MULTILABEL, (ValueError, TypeError)),
]


# ----------------------------------------------------------------------- hyperparameters


# Values out of range or of a wrong type, for every hyperparameter of any estimator.
COUNT = [0, -1, 2.5, "a", None, True, False, 2**63]
FLAG = [None, "yes", 2]
SIZES = [*COUNT, (0,), (2.5,), ("a",), (None,)]
BAD_VALUES = {
    "hidden_size": [
        *(size for size in SIZES if size != 2**63),
        (True,),
        (),
        np.array([4]),
    ],
    "num_layers": [value for value in COUNT if value is not None],
    "bptt_steps": [value for value in COUNT if value is not None],
    "bidirectional": FLAG,
    "merge_mode": ["max", None, 1],
    "dropout": [-0.1, 1.0, "a", None, np.nan, False],
    "layer_norm": FLAG,
    "decoder": FLAG,
    "residual": FLAG,
    "recurrent_dropout": [-0.1, 1.0, "a", None, np.nan, False],
    "memory_steps": [2, -1, "a", np.nan, True],
    "conv_channels": [4, None, "a", (0,), (2.5,), ("a",), (True,)],
    "conv_kernel_size": SIZES,
    "conv_stride": SIZES,
    "parallel_channels": [4, None, "a", (0,), (2.5,), ("a",)],
    "parallel_kernel_size": [
        *SIZES,
        ((),),
        ((3, 0),),
        ((3, 2.5),),
        (("a",),),
        ((3, 2),) * 2,
    ],
    "parallel_dilation": SIZES,
    "parallel_residual": [value for value in COUNT if value is not None],
    "parallel_bottleneck": [value for value in COUNT if value is not None],
    "parallel_squeeze": [value for value in COUNT if value is not None],
    "parallel_stride": [*SIZES, "automatic"],
    "recurrent_output_dropout": [-0.1, 1.0, "a", None, np.nan, False],
    "embedding_dim": [0, -1, 2.5, "a", True],
    "num_embeddings": [0, -1, 2.5, "a", True],
    "categorical_features": [3, "auto", True, [9], [-1], [0.5], ["x"], [True], [None]],
    "category_dim": [0, -1, 2.5, "a", True],
    "missing": ["impute", None, True],
    "time_channel": [-1, 1.5, "a", False],
    "normalize": ["mean", True, 1],
    "season": [0, -1, 2.5, "a", True],
    "target_channels": [-1, 1.5, "a", (), (0, 0), (0, 2), (True,), (0.0,), ("a",)],
    "pooling": ["min", None],
    "pooling_segments": COUNT,
    "random_convolutions": [-1, 2.5, "a", None, True],
    "standardize": FLAG,
    "data_format": ["channels", None],
    "lr": [0, -1, "a", None, np.nan, np.inf, True],
    "lr_schedule": ["step", None],
    "label_smoothing": [-0.1, 1, 1.5, "a", None, np.nan, True],
    "lr_warmup": [-0.1, 1, 1.0, "a", None, np.nan, True],
    "average_weights": ["mean", "EMA", True, 0.99, 1],
    "ema_decay": [0, 1, -0.1, 1.5, "a", None, np.nan, False],
    "mixed_precision": ["float32", True],
    "max_epochs": COUNT,
    "batch_size": [0, -1, 2.5, "a", True, "AUTO"],
    "augment": [
        *(3, True, "noise", "Jitter", ["jitter", "blur"], ("jitter", "jitter"), [3]),
        *({"jitter": value} for value in (0, -1, "a", None, np.nan, np.inf, True)),
        *({"crop": 1.0}, {"crop": 1.5}, {"warp": 2}, {"scale": -0.1}, {"mixup": 1.1}),
        *({"noise": 0.1}, {3: 0.1}),
    ],
    "optimizer": ["adagrad", None, 3, torch.nn.Linear, print],
    "weight_decay": [-1, "a", None, np.nan, np.inf, False],
    "gradient_clip": [0, -1, "a", np.nan, np.inf, True],
    "early_stopping": FLAG,
    "validation_split": ["first", None, 3, 0.5],
    "scoring": [3, "accuracies"],
    "validation_fraction": [0, 1, -0.1, 1.5, "a", None, np.nan],
    "patience": COUNT,
    "device": ["gpu", "cuda:99", "", None, 3, "cpu:1", "cpu:99999", "cuda:256"],
    "n_jobs": [0, 1.5, "a", 10**6, True],
    "dtype": ["float16", "int", None, np.float32],
    "callbacks": [3, "a", [3], ["a"], [EarlyStopping]],
    "net_params": [3, "a", [1], {"width": 3}, {"optimizer__width": 3}, {3: 3}],
    "random_state": ["a", -1, 1.5, 2**40],
    "checkpoint": [1, True, b"fit"],
    "verbose": [-1, "a", None],
    "warm_start": FLAG,
    "class_weight": ["even", 3],
    "loss": ["mse", None],
    "quantile": [
        *(0, 1, -1, "a", None, np.nan, True, ()),
        *((0.5, 0.1), (0.1, 0.1), (0, 0.5), [0.5, 1.0], ("a",), (None,), (True,)),
        *(np.array([[0.1, 0.9]]), np.array([0.9, np.nan])),
    ],
    "beam_size": COUNT,
    "objective": ["forecast", None, True],
    "code_size": COUNT,
    "contamination": [0, 0.6, -0.1, "some", None, np.nan, True],
    "noise": ["normal", None],
    "score_reduction": ["max", None],
    "max_length": [size for size in COUNT if size is not None],
    "target_embedding_dim": COUNT,
    "decoder_hidden_size": COUNT,
    "decoder_layers": [*COUNT, 65],
    "attention": FLAG,
    "cell": ["tcn", None],
    "nonlinearity": ["sigmoid", None],
}
# Without layers their kernels count for nothing.
CONTEXT = {
    "conv_kernel_size": {"conv_channels": (4,)},
    "conv_stride": {"conv_channels": (4,)},
    "parallel_kernel_size": {"parallel_channels": (4,)},
    **{
        f"parallel_{name}": {"parallel_channels": (4,), "parallel_kernel_size": 3}
        for name in ("stride", "dilation", "residual", "bottleneck", "squeeze")
    },
    "target_channels": {"normalize": "last"},
}


def _estimator_with(parameter):
    new = ("RecurrentTranscriber", "RecurrentTranslator", "RecurrentDetector")
    names = ("GRUClassifier", "GRURegressor", *ESTIMATORS, *new)
    return next(name for name in names if hasattr(make(name), parameter))


def _parameter_cases():
    for parameter, values in BAD_VALUES.items():
        name = _estimator_with(parameter)
        for value in values:
            params = CONTEXT.get(parameter, {}) | {parameter: value}
            yield Case(
                f"{parameter}={value!r}",
                rf"\b{parameter}\b",
                (ValueError, TypeError),
                y=labels_for(name, N),
                name=name,
                params=params,
            )


MEMORY_CASES = [
    Case(
        f"hidden_size={size}",
        "GiB|too large",
        MemoryError,
        params={"hidden_size": size},
    )
    for size in (10**6, 10**12, 2**63 - 1, 2**63, (2**64,))
] + [
    Case("segments", "GiB|too large", MemoryError, params={"pooling_segments": 2**62}),
    *(
        Case(
            name,
            "GiB|too large|memory",
            MemoryError,
            params={"parallel_channels": (4,), "parallel_kernel_size": 3, name: size},
        )
        for name, size in {
            "parallel_kernel_size": 2**40,
            "parallel_channels": (2**40,),
        }.items()
    ),
    Case("wide convolution", "GiB", MemoryError, params={"conv_channels": (10**9,)}),
    *(
        Case(
            f"num_layers={n}",
            r"A network of \d{9,} parameters takes .* GiB .* fewer layers",
            MemoryError,
            params={"num_layers": n},
        )
        for n in (10**8, 2**40, 2**63 - 1)
    ),
]
CASES = [
    *X_CASES,
    *Y_CASES,
    *SIZE_CASES,
    *WEIGHT_CASES,
    *_parameter_cases(),
    *MEMORY_CASES,
]


def _say(case):
    return (
        case.id
        if case.name == Case._field_defaults["name"]
        else f"{case.id} ({case.name})"
    )


every_case = pytest.mark.parametrize("case", CASES, ids=_say)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_hyperparameter_has_a_bad_value(name):
    assert not set(make(name).get_params()) - set(BAD_VALUES)


@contextmanager
def no_training():
    """Training must not begin, nor may torch be told to start a million threads."""

    def begin(*args):
        raise AssertionError("training began")

    def set_threads(n):
        assert n <= 1024, f"torch was told to use {n} threads"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sksequence._training.train", begin)
        patch.setattr("torch.set_num_threads", set_threads)
        yield


@every_case
def test_bad_fit_is_refused_before_training(case):
    model = make(case.name, **case.params)
    before = dict(vars(model))
    with no_training(), pytest.raises(case.error, match=f"(?s){case.words}"):
        model.fit(case.X, case.y, **case.fit_params)
    assert not hasattr(model, "net_")
    assert vars(model) == before


@cache
def _fitted(name):
    X = TABLE if name == "GRURegressor" else CUBE
    y = LABELS if name.endswith("Classifier") else NUMBERS
    y = ["ab"] * N if name.endswith(("Transcriber", "Translator")) else y
    model = make(name).fit(X, y)
    return model, X, model.transform(X)


@every_case
def test_bad_refit_leaves_a_fitted_estimator_as_it_was(case):
    model, X, expected = _fitted(case.name)
    model = copy.copy(model).set_params(**case.params)
    before = dict(vars(model))
    with no_training(), pytest.raises(case.error):
        model.fit(case.X, case.y, **case.fit_params)
    after = vars(model)
    assert after.keys() == before.keys()
    assert all(after[name] is value for name, value in before.items())
    model.set_params(**_fitted(case.name)[0].get_params())
    np.testing.assert_array_equal(model.transform(X), expected)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    "case",
    [case for case in X_CASES if case.id in {"NaN in list", "4-D", "sparse"}],
    ids=_say,
)
def test_every_estimator_refuses_a_bad_X(name, case):
    with no_training(), pytest.raises(case.error, match=case.words):
        make(name).fit(case.X, labels_for(name, N))


# ----------------------------------------------------------------------------- answering


ANSWERS = ["predict", "predict_proba", "predict_log_proba", "transform"]


@pytest.mark.parametrize("case", X_CASES, ids=_say)
def test_bad_X_is_refused_in_answers_too_and_does_no_harm(case):
    model, X, expected = _fitted("GRUClassifier")
    # A table that has no channel or no column has not those of fit either.
    words = f"(?s){case.words}|X has . features, but GRUClassifier"
    for answer in ANSWERS:
        with pytest.raises(case.error, match=words):
            getattr(model, answer)(case.X)
    np.testing.assert_array_equal(model.transform(X), expected)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (CUBE[:, :, :1], "X has 1 features, .*expecting 2 features"),
        ([x[:, :1] for x in CUBE], "X has 1 features, .*expecting 2 features"),
        (TABLE, "X has 1 features, .*expecting 2 features"),
        (
            CUBE[0],
            r"expecting 2 features.*pass a single multivariate sequence x as \[x\]",
        ),
    ],
    ids=["3-D", "list", "table", "one sequence"],
)
def test_other_channels_than_in_fit_are_refused(X, words):
    model, _, _ = _fitted("GRUClassifier")
    with pytest.raises(ValueError, match=words):
        model.predict(X)


def test_other_columns_than_in_fit_are_refused():
    model, _, _ = _fitted("GRURegressor")
    with pytest.raises(ValueError, match=r"X has 4 features, .*expecting 6 features"):
        model.predict(TABLE[:, :4])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_nothing_is_answered_before_fit(name):
    model = make(name)
    for answer in (*ANSWERS, "get_feature_names_out"):
        if hasattr(model, answer):
            with pytest.raises(
                NotFittedError, match=f"This {name} instance is not fitted"
            ):
                getattr(model, answer)(CUBE)
    with pytest.raises(NotFittedError, match=f"This {name} instance is not fitted"):
        model.score(CUBE, labels_for(name, N))
