"""Fitted estimators and trees of data, compared to the bit."""

from __future__ import annotations

import pickle
import struct

import numpy as np


def assert_same(a, b):
    """Two trees of plain data are of the same types, and equal to the bit."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert_same(list(a.items()), list(b.items()))
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif isinstance(a, np.ndarray | np.generic):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if a.dtype == object:
            assert_same(a.tolist(), b.tolist())
        else:
            assert a.tobytes() == b.tobytes()
    elif isinstance(a, np.random.RandomState):
        assert_same(a.get_state(legacy=False), b.get_state(legacy=False))
    elif isinstance(a, float):
        assert struct.pack(">d", a) == struct.pack(">d", b)
    else:
        assert a == b


def steps_only(model):
    """The history without what the clock says."""
    return [
        {key: value for key, value in epoch.items() if key != "duration"}
        for epoch in model.history_
    ]


def weights_of(model):
    return np.concatenate(
        [value.detach().numpy().ravel() for value in model.net_.module_.parameters()]
    )


def pickled(model):
    return pickle.loads(pickle.dumps(model))


def answers(model, X):
    """Probabilities or numbers, those of steps end to end; units of translators."""
    if hasattr(model, "predict_nbest"):
        return model.transform(X)
    method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    made = getattr(model, method)(X)
    return np.concatenate(list(made)) if made.dtype == object else made
