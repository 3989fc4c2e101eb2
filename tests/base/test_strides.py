"""Strides that are learnt from the length of the training sequences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import sksequence
from helpers.data import ragged
from helpers.estimators import make
from sksequence._base.strides import choose_strides

BRANCH = {"parallel_channels": (3, 3, 3), "parallel_stride": "auto"}


@pytest.mark.parametrize("kernels", [(8, 5, 3), (3, 9), (40,), (1, 1)], ids=str)
@pytest.mark.parametrize("n_steps", [1, 127, 255, 256, 600, 1500, 4000, 70_000])
def test_long_sequences_keep_128_to_255_steps_and_every_step_is_read(kernels, n_steps):
    strides = choose_strides(kernels, n_steps, n_steps)
    total = math.prod(strides)
    largest = math.prod(2 ** int(math.log2(kernel)) for kernel in kernels)
    assert all(s <= k for s, k in zip(strides, kernels, strict=True))
    assert all(s & (s - 1) == 0 for s in strides)
    assert total == 1 or n_steps / total >= 128
    assert n_steps / total < 256 or total == largest


def test_the_first_layers_have_strides_first_and_windows_overlap_while_they_can():
    of_length = {n: choose_strides((8, 5, 3), n, n) for n in (255, 256, 512, 1024)}
    assert of_length == {255: (1, 1, 1), 256: (2, 1, 1), 512: (4, 1, 1), 1024: (4, 2, 1)}
    assert choose_strides((8, 5, 3), 2048, 2048) == (8, 2, 1)


def test_no_stride_exceeds_the_shortest_sequence():
    assert choose_strides((8, 5, 3), 10_000, 5) == (4, 1, 1)
    assert choose_strides((8, 5, 3), 10_000, 1) == (1, 1, 1)


def test_auto_is_the_strides_of_the_training_sequences(tmp_path):
    X = ragged([600, 300, 700, 560, 520, 20], n_channels=2)
    y = np.arange(6) % 2
    model = make("GRUClassifier", max_epochs=1, **BRANCH).fit(X, y)
    # Half of the first kernel is enough for the median of 540.
    given = make(
        "GRUClassifier", max_epochs=1, **{**BRANCH, "parallel_stride": (4, 1, 1)}
    )
    expected = given.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    assert model.get_params()["parallel_stride"] == "auto"
    assert model.net_.module_.branch.encoder.strides == (4, 1, 1)
    # Later data have other lengths; the network is the same.
    np.testing.assert_array_equal(
        model.predict_proba([x[:50] for x in X]), given.predict_proba([x[:50] for x in X])
    )
    model.save(tmp_path / "model.safetensors")
    again = sksequence.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict_proba(X), expected)
    model.partial_fit([x[:40] for x in X], y)
    assert model.net_.module_.branch.encoder.strides == (4, 1, 1)
    with pytest.raises(ValueError, match=r"parallel_stride=2 cannot.*='auto'"):
        model.set_params(parallel_stride=2).partial_fit(X, y)


def test_auto_is_learnt_from_the_training_sequences_alone():
    """Those held out for early stopping, or given to it, do not count."""
    X, y = ragged([200] * 6, n_channels=2), np.arange(6) % 2
    model = make("GRUClassifier", max_epochs=1, early_stopping=True, **BRANCH)
    model.fit(X, y, X_val=ragged([900] * 4, n_channels=2, seed=1), y_val=[0, 1, 0, 1])
    assert model.net_.module_.branch.encoder.strides == (1, 1, 1)


def test_auto_suits_a_validation_set_with_a_shorter_sequence():
    X, y = ragged([600] * 6, n_channels=2), np.arange(6) % 2
    model = make("GRUClassifier", max_epochs=1, early_stopping=True, **BRANCH)
    model.fit(X, y, X_val=ragged([700, 3], n_channels=2, seed=1), y_val=[0, 1])
    assert model.net_.module_.branch.encoder.strides == (2, 1, 1)


def test_auto_without_a_branch_is_nothing():
    X = ragged([300] * 6, n_channels=2)
    model = make("GRUClassifier", max_epochs=1, parallel_stride="auto")
    plain = make("GRUClassifier", max_epochs=1)
    np.testing.assert_array_equal(
        model.fit(X, np.arange(6) % 2).predict_proba(X),
        plain.fit(X, np.arange(6) % 2).predict_proba(X),
    )
