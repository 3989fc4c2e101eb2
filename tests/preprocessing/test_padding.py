"""Padding made of NaN, as other libraries hold sequences of unequal length."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from helpers.data import objects, ragged
from helpers.estimators import make
from sksequence.preprocessing import trim_padding

X = ragged()
LABELS = np.arange(len(X)) % 2


def filled(items, n_steps=14, dtype=float):
    """Sequences as one array, with NaN behind their ends."""
    block = np.full((len(items), n_steps, *items[0].shape[1:]), np.nan, dtype=dtype)
    for row, item in zip(block, items, strict=True):
        row[: len(item)] = item
    return block


BLOCK = filled(X)
FORMS = {
    "3-D": (BLOCK, X),
    "2-D": (BLOCK[:, :, 0], [x[:, 0] for x in X]),
    "table": (pd.DataFrame(BLOCK[:, :, 0]), [x[:, 0] for x in X]),
    "nullable table": (
        pd.DataFrame(BLOCK[:, :, 0]).convert_dtypes(),
        [x[:, 0] for x in X],
    ),
    "list": (list(BLOCK), X),
    "object array": (objects(list(BLOCK)), X),
    "frames": ([pd.DataFrame(x) for x in BLOCK], X),
    "polars frames": ([pl.DataFrame(x) for x in BLOCK], X),
    "film": (np.repeat(BLOCK[..., None], 2, axis=3), [np.stack([x, x], 2) for x in X]),
}


@pytest.mark.parametrize(("given", "meant"), FORMS.values(), ids=FORMS)
def test_padding_is_cut_off(given, meant):
    for trimmed, expected in zip(trim_padding(given), meant, strict=True):
        np.testing.assert_array_equal(np.asarray(trimmed), expected)


@pytest.mark.parametrize("side", ["start", "end", "both"])
def test_padding_is_cut_off_on_the_side_that_is_named(side):
    turned = BLOCK[:, ::-1]
    expected = {"start": [x[::-1] for x in X], "end": list(turned)}
    for trimmed, x in zip(
        trim_padding(turned, side=side),
        expected.get(side, expected["start"]),
        strict=True,
    ):
        np.testing.assert_array_equal(trimmed, x)


def test_gaps_within_a_sequence_and_dtypes_stay():
    gaps = BLOCK.astype(np.float32)
    gaps[:, 1, 0] = gaps[:, 2] = np.nan
    for trimmed, x in zip(trim_padding(gaps), X, strict=True):
        assert trimmed.dtype == np.float32
        assert np.shares_memory(trimmed, gaps)
        assert np.isnan(trimmed).sum() == 3
        assert len(trimmed) == len(x)
    whole = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(trim_padding(whole), whole)


def test_a_sequence_of_padding_alone_is_named():
    with pytest.raises(ValueError, match="Sequence 3 is NaN at every step"):
        trim_padding([*BLOCK[:3], BLOCK[0] * np.nan])
    with pytest.raises(ValueError, match="'side' parameter"):
        trim_padding(BLOCK, side="left")


def test_padding_in_a_pipeline_is_as_no_padding():
    expected = make("GRUClassifier").fit(X, LABELS).predict_proba(X)
    pipeline = make_pipeline(FunctionTransformer(trim_padding), make("GRUClassifier"))
    again = pickle.loads(pickle.dumps(pipeline.fit(BLOCK, LABELS)))
    np.testing.assert_array_equal(again.predict_proba(BLOCK), expected)


# -------------------------------------------------------------- what estimators say of it


@pytest.mark.parametrize("given", [BLOCK, BLOCK[:, :, 0], list(BLOCK)])
def test_padding_is_refused_by_name(given):
    model = make("GRUClassifier")
    words = r"sequence 0 is NaN in all channels from step 9 to its end, step 13.*trim_pad"
    with pytest.raises(ValueError, match=words):
        model.fit(given, LABELS)
    model.fit(trim_padding(given), LABELS)
    with pytest.raises(ValueError, match=words):
        model.predict(given)


def test_a_gap_is_no_padding():
    gap = [X[0].copy(), *X[1:]]
    gap[0][3] = np.nan
    with pytest.raises(
        ValueError, match="sequence 0 does at step 3, channel 0"
    ) as caught:
        make("GRUClassifier").fit(gap, LABELS)
    assert "padding" not in str(caught.value)


@pytest.mark.parametrize("missing", ["mask", "decay"])
def test_padding_read_as_missing_is_warned_of(missing):
    model = make("GRUClassifier", missing=missing)
    words = "only at the ends of 8 of 8 sequences, as padding"
    for given in (BLOCK, list(BLOCK)):
        with pytest.warns(UserWarning, match=words):
            model.fit(given, LABELS)
    with pytest.warns(UserWarning, match="of 7 of 8"):
        model.fit(filled(X, 12), LABELS)


def test_missing_values_are_not_warned_of():
    rng = np.random.default_rng(0)
    block = rng.normal(size=(8, 6, 2))
    block[rng.random(block.shape) < 0.3] = np.nan
    last = np.where(np.arange(6)[:, None] == 5, np.nan, rng.normal(size=(8, 6, 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for given in (block, block[:, :, 0], last, trim_padding(BLOCK)):
            make("GRUClassifier", missing="mask").fit(given, LABELS)
