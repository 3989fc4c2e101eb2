"""Targets of no use, and answers before a fit, are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from helpers.data import ragged
from helpers.estimators import make, target_of
from helpers.step_task import BOTH, TAGGER

X_BAD = ragged((4, 3, 5))
GOOD = [np.array([0, 1, 0, 1]), np.array([0, 1, 1]), np.array([1, 0, 0, 1, 0])]


def with_target(i, target):
    y = list(GOOD)
    y[i] = target
    return y


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("y", "words"),
    [
        (with_target(1, [0, 1]), r"2 target\(s\) for sequence 1, which has 3 step"),
        (with_target(2, [0] * 6), r"6 target\(s\) for sequence 2, which has 5 step"),
        (with_target(2, []), r"0 target\(s\) for sequence 2"),
        ([0, 1, 0], "RecurrentClassifier"),
        (np.array([0, 1, 0]), "RecurrentClassifier"),
        (pd.Series([0, 1, 0]), "RecurrentClassifier"),
        (with_target(1, 1), r"shape \(\) for sequence 1"),
        (with_target(1, np.zeros((3, 2), int)), r"shape \(3, 2\) for sequence 1"),
        (
            with_target(0, np.zeros((4, 1, 1))),
            r"shape \(4, 1, 1\) for sequence 0;",
        ),
        ([np.eye(4, 2), np.eye(3, 3), np.eye(5, 2)], "3 outputs per step for sequence 1"),
        ([np.full(len(x), np.nan) for x in X_BAD], "NaN or None alone"),
        ([[None] * len(x) for x in X_BAD], "NaN or None alone"),
        (with_target(1, [0, np.inf, 1]), "infinity"),
        (None, "y is None"),
        (7, "targets of each sequence"),
        (GOOD[:2], r"inconsistent numbers of samples: \[3, 2\]"),
        ([*GOOD, GOOD[0]], r"inconsistent numbers of samples: \[3, 4\]"),
        ([], "y holds no sequence's targets"),
    ],
    ids=[
        "too few",
        "too many",
        "none",
        "one each",
        "one each, array",
        "one each, series",
        "one",
        "two ranks",
        "three ranks",
        "outputs",
        "all NaN",
        "all None",
        "infinity",
        "None",
        "number",
        "fewer",
        "more",
        "empty",
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_targets_of_no_use_are_refused(y, words, name):
    model = make(name)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=words):
        model.fit(X_BAD, y)
    assert vars(model) == before


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([["a", "b", "a", "b"], [1, 2, 1], ["a"] * 5], "mixes"),
        ([["a", "b", "a", 1], ["a"] * 3, ["a"] * 5], "mixes"),
        ([x[:, 0] for x in X_BAD], "[Cc]lassif"),
        ([np.arange(2 * n).reshape(n, 2) for n in (4, 3, 5)], "zeros and ones"),
        ([[["a"], ["a", "b"]] * 2, [["b"]] * 3, [["a"]] * 5], "MultiLabelBinarizer"),
        ([[["a", "b"]] * n for n in (4, 3, 5)], "MultiLabelBinarizer"),
        ([[{"a"}] * n for n in (4, 3, 5)], "MultiLabelBinarizer"),
    ],
    ids=[
        "mixed sequences",
        "mixed steps",
        "numbers",
        "several classes",
        "lists of labels",
        "pairs of labels",
        "sets of labels",
    ],
)
def test_labels_of_no_use_are_refused(y, words):
    with pytest.raises(ValueError, match=words):
        make(TAGGER).fit(X_BAD, y)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("listed", [False, True])
def test_a_mask_is_not_ignored(name, listed):
    X, y = np.zeros((4, 3)), np.ma.masked_equal(np.arange(12).reshape(4, 3) % 2, 1)
    X, y = (list(X), list(y)) if listed else (X, y)
    with pytest.raises(TypeError, match="mask"):
        make(name).fit(X, y)


@pytest.mark.parametrize("name", BOTH)
def test_nothing_is_answered_before_fit(name, task):
    X, y = task[0], target_of(task, name)
    model = make(name)
    methods = ["predict", "transform"]
    if name == TAGGER:
        methods += ["predict_proba", "predict_log_proba"]
        with pytest.raises(NotFittedError):
            model.generate([1], 3)
    for method in methods:
        with pytest.raises(NotFittedError):
            getattr(model, method)(X)
    with pytest.raises(NotFittedError):
        model.score(X, y)
