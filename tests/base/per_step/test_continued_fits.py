"""Fits that go on: partial_fit, warm starts, classes of a first call."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.comparing import pickled
from helpers.data import objects, ragged
from helpers.estimators import make, target_of
from helpers.step_task import BOTH, TAGGER, answers, flat


@pytest.mark.parametrize("bptt_steps", [None, 5])
@pytest.mark.parametrize("name", BOTH)
def test_partial_fit_goes_on_across_pickling(name, bptt_steps, task):
    X, y = task[0], target_of(task, name)
    classes = {"classes": [0, 1, 2]} if name == TAGGER else {}
    params = {"bptt_steps": bptt_steps, "dropout": 0.2, "num_layers": 2}
    through, across = make(name, **params), make(name, **params)
    for epoch in range(1, 4):
        through.partial_fit(X, y, **classes)
        across = pickled(across.partial_fit(X, y, **classes))
        assert through.n_epochs_ == len(across.history_) == epoch
        assert len(through.net_.carried) == 0
    np.testing.assert_array_equal(answers(across, X), answers(through, X))
    # A first pass is what a fit of one epoch is.
    first = make(name, **params).partial_fit(X, y, **classes)
    once = make(name, **params, max_epochs=1, lr_schedule="constant").fit(X, y)
    np.testing.assert_array_equal(answers(first, X), answers(once, X))


@pytest.mark.parametrize("bptt_steps", [None, 5])
@pytest.mark.parametrize("name", BOTH)
def test_a_warm_start_goes_on(name, bptt_steps, task):
    X, y = task[0], target_of(task, name)
    params = {"warm_start": True, "bptt_steps": bptt_steps, "lr_schedule": "constant"}
    first = make(name, **params).fit(X, y)
    across = pickled(first).fit(X, y)
    through = first.fit(X, y)
    assert through.n_epochs_ == len(through.history_) == 4
    np.testing.assert_array_equal(answers(across, X), answers(through, X))
    at_once = make(name, **params, max_epochs=4).fit(X, y)
    np.testing.assert_array_equal(answers(at_once, X), answers(through, X))


@pytest.mark.parametrize("form", [list, objects], ids=["list", "objects"])
def test_a_first_partial_fit_needs_the_classes(form, task):
    X, y, _ = task
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        make(TAGGER).partial_fit(X, form(y))


def test_a_first_partial_fit_on_a_block_needs_the_classes():
    X = np.random.default_rng(0).normal(size=(6, 5))
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        make(TAGGER).partial_fit(X, (X > 0).astype(int))


@pytest.mark.parametrize("equal", [False, True])
def test_a_first_partial_fit_of_several_labels_knows_them(equal):
    X = ragged([5] * 4 if equal else (5, 7, 4, 6))
    y = [(x > 0).astype(int) for x in X]
    X, y = (np.array(X), np.array(y)) if equal else (X, y)
    assert make(TAGGER).partial_fit(X, y).classes_.tolist() == [0, 1]


def test_later_classes_must_have_been_announced(task):
    X, y, _ = task
    model = make(TAGGER).partial_fit(X, y, classes=[0, 1, 2, 9])
    assert flat(model.predict_proba(X)).shape[1] == 4
    expected = answers(model, X)
    with pytest.raises(ValueError, match=r"not in \[0 1 2 9\]: \[5\]"):
        model.partial_fit(X[:1], [np.full(len(X[0]), 5)])
    np.testing.assert_array_equal(answers(model, X), expected)
