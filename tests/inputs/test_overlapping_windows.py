"""Windows that overlap are read as their copies, without the memory of copies."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from helpers.estimators import make
from helpers.tables import RNG, TABLE, assert_same_windows, block_of, copied, fit, read
from sksequence._inputs import Sequences, StoredSequences
from sksequence._inputs import sequences as inputs_sequences


def rows_before(table, length):
    """A view of each row with those before it, as a list."""
    return [table[max(0, i + 1 - length) : i + 1] for i in range(len(table))]


BLOCK = block_of(TABLE, 7)
VIEWS = {
    "block": BLOCK,
    "every other": BLOCK[::2],
    "reversed": BLOCK[::-1, ::-1],
    "backwards in time": BLOCK[:, ::-1],
    "one channel": BLOCK[:, :, :1],
    "2-D": BLOCK[:, :, 1],
    "float32": block_of(TABLE.astype("float32"), 7),
    "whole numbers": block_of((9 * TABLE).astype(int), 7),
    "one sequence repeated": np.broadcast_to(TABLE[:9], (20, 9, 2)),
    "list": list(BLOCK),
    "unequal": rows_before(TABLE, 7),
    "unequal, of a part": rows_before(TABLE[5:], 7)[::-1],
    "with a gap": rows_before(TABLE, 9)[:20] + rows_before(TABLE, 9)[35:],
    "univariate": rows_before(TABLE[:, 0], 5),
    "one object repeated": [TABLE[:9]] * 20,
    "in Fortran order": rows_before(np.asfortranarray(TABLE), 7),
}
# By default, windows are split by time, and copies at random.
STOPPED = {"early_stopping": True, "validation_split": "random"}
SETTINGS = {
    "plain": {"standardize": False},
    "scaled": {},
    "weighted": {"sample_weight": True},
    "stopped": {**STOPPED, "batch_size": 4},
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("X", VIEWS.values(), ids=VIEWS)
def test_overlapping_views_are_their_copies_to_the_bit(X, setting):
    y = np.array([np.ravel(x)[-1] for x in X])
    assert read(X).begins is not None
    assert read(copied(X)).begins is None
    shared, plain = (fit(x, y, **SETTINGS[setting]) for x in (X, copied(X)))
    np.testing.assert_array_equal(shared.predict(X), plain.predict(copied(X)))
    np.testing.assert_array_equal(shared._reading.mean, plain._reading.mean)
    np.testing.assert_array_equal(shared._reading.scale, plain._reading.scale)


@pytest.mark.parametrize("pieces", [2**20, 10])
@pytest.mark.parametrize("X", VIEWS.values(), ids=VIEWS)
def test_what_overlaps_is_read_as_its_copy(X, pieces, monkeypatch):
    monkeypatch.setattr(inputs_sequences, "_CHUNK_VALUES", pieces)
    shared, plain = read(X), read(copied(X))
    assert len(shared.values) < len(plain.values)
    for index in (np.arange(len(X)), np.array([3, 0, 3, 11]), np.arange(4, 9)):
        parts = [sequences.take(index) for sequences in (shared, plain)]
        for (one, values), (other, expected) in zip(
            *(part.chunks() for part in parts), strict=True
        ):
            assert one == other
            np.testing.assert_array_equal(values, expected)
        # Nothing is kept that no sequence has.
        assert set(map(tuple, parts[0].values)) == set(map(tuple, parts[1].values))
    assert len(shared.take(np.arange(0))) == 0


@pytest.mark.parametrize("bptt_steps", [None, 3])
def test_steps_of_windows_may_be_answered(bptt_steps):
    X = rows_before(TABLE, 7)
    y = rows_before(TABLE[:, 0], 7)
    models = [
        make("RecurrentStepRegressor", bptt_steps=bptt_steps).fit(x, y)
        for x in (X, copied(X))
    ]
    assert_same_windows(
        *(m.predict(x) for m, x in zip(models, (X, copied(X)), strict=True))
    )


def test_windows_of_a_film_are_films():
    film = RNG.normal(size=(20, 4, 5, 2))
    X, y = sliding_window_view(film, 6, axis=0), film[5:, 0, 0, 0]
    X = np.moveaxis(X, -1, 1)
    assert read(X, "ConvLSTMRegressor").begins is not None
    models = [make("ConvLSTMRegressor", hidden_size=2).fit(x, y) for x in (X, X.copy())]
    np.testing.assert_array_equal(models[0].predict(X), models[1].predict(X.copy()))


def test_tokens_may_overlap():
    ids = RNG.integers(1, 9, size=60)
    X, y = rows_before(ids, 6), np.arange(60) % 2
    models = [
        make("LSTMClassifier", embedding_dim=2, **STOPPED).fit(x, y)
        for x in (X, copied(X))
    ]
    assert read(X).begins is not None
    shared, plain = (
        m.predict_proba(x) for m, x in zip(models, (X, copied(X)), strict=True)
    )
    np.testing.assert_array_equal(shared, plain)


@pytest.mark.parametrize(
    "X",
    [
        TABLE.reshape(12, 5, 2),
        list(TABLE.reshape(12, 5, 2)),
        list(TABLE.reshape(12, 5, 2)[::2]),
        [TABLE[:9], TABLE[5:20].copy()],  # two tables
        [TABLE[:9], TABLE[3:18:2]],  # two strides
        [TABLE[:9], TABLE[3:9, ::-1]],
        [TABLE[:9], TABLE[45:]],  # as far apart as a copy is long
        [TABLE[:9, :1], TABLE[3:9, 1:]],  # two channels
        [TABLE[:9], TABLE[3:9].astype("float32")],
        # Windows of a row laid flat: no shift by whole steps leads to the next.
        np.lib.stride_tricks.as_strided(TABLE, (20, 5, 2), (8, 16, 8)),
        np.broadcast_to(TABLE[:20, None], (20, 9, 2)),  # each step the same
    ],
)
def test_what_only_looks_alike_is_laid_end_to_end(X):
    sequences = read(X)
    assert sequences.begins is None
    np.testing.assert_array_equal(sequences.values, np.concatenate(list(X)))


@pytest.mark.parametrize("form", [list, np.asarray])
def test_what_is_not_finite_in_a_window_is_named(form):
    table = TABLE.copy()
    table[20, 1] = np.nan
    X = form(block_of(table, 7))
    words = "NaN: sequence 14 does at step 6, channel 1"
    with pytest.raises(ValueError, match=words):
        fit(X, np.arange(len(X)))
    # Rows that are in no window are not looked at.
    apart = [*X[:14], *X[21:]]
    y = np.arange(len(apart))
    expected = fit(copied(apart), y).predict(copied(apart))
    np.testing.assert_array_equal(fit(apart, y).predict(apart), expected)


@pytest.mark.parametrize("form", ["block", "list"])
def test_windows_do_not_take_the_memory_of_copies(form):
    table = RNG.normal(size=(20_000, 2))
    X = block_of(table, 400) if form == "block" else rows_before(table, 400)
    copies = sum(len(x) for x in X) * table.itemsize * 2
    model = make("GRURegressor", hidden_size=2)
    tracemalloc.start()
    try:
        sequences = model._read(X, None)[0]
        sequences.take(np.arange(0, len(X), 2))
        reading = model._read(X, None)[2]
        reading.learn(sequences, None, sequences, None, standardize=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(sequences, Sequences)
    assert peak < copies / 2


@pytest.mark.parametrize("form", [list, np.asarray])
def test_windows_of_a_mapped_file_stay_there(form, tmp_path):
    np.save(tmp_path / "table.npy", TABLE)
    mapped = form(block_of(np.load(tmp_path / "table.npy", mmap_mode="r"), 7))
    X, y = block_of(TABLE, 7).copy(), TABLE[6:, 0]
    stored = read(mapped)
    assert isinstance(stored, StoredSequences)
    # Of a part of a block no view is made for each sequence.
    assert stored.take(np.arange(3)).arrays is stored.arrays
    chosen = np.array([7, 2, 2])
    np.testing.assert_array_equal(
        stored.take(np.arange(9)[::-1]).load(chosen).values, X[8 - chosen].reshape(-1, 2)
    )
    models = [fit(x, y, **STOPPED) for x in (mapped, X)]
    np.testing.assert_array_equal(models[0].predict(mapped), models[1].predict(X))
