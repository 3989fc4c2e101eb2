"""Batches of sequences of like length."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import torch

from helpers.training import as_they_are, dataset_of, one_each
from sksequence._inputs import Sequences, standardised
from sksequence._training import batches, make_dataset
from sksequence._training.batches import BatchIterator

LENGTHS = np.random.default_rng(0).integers(20, 200, size=500)


def _lengths_in(inputs):
    X = inputs["X"]
    return inputs.get("lengths", torch.full((len(X),), X.shape[1]))


def shuffled(dataset, batch_size, seed=0):
    return BatchIterator(dataset, batch_size, torch.Generator().manual_seed(seed))


def rows_of(batches):
    return [(inputs["X"][:, 0, 0] - 1).int().tolist() for inputs, _ in batches]


@pytest.mark.parametrize("lengths", [LENGTHS, np.full(500, 7), LENGTHS[:3], LENGTHS[:1]])
@pytest.mark.parametrize("batch_size", [1, 16, 499, 1000])
def test_an_epoch_has_every_sequence_once(lengths, batch_size):
    iterator = shuffled(dataset_of(lengths), batch_size)
    for _ in range(2):
        rows = rows_of(iterator)
        assert len(rows) == len(iterator)
        assert max(map(len, rows)) <= batch_size
        assert sorted(chain(*rows)) == list(range(len(lengths)))


def test_batches_hold_the_sequences_and_nothing_else():
    target = np.arange(500)
    weight = (target / 10).astype(np.float32)
    dataset = dataset_of(LENGTHS, target=target, weight=weight)
    for inputs, (truth, weight) in shuffled(dataset, 16):
        X, lengths = inputs["X"], _lengths_in(inputs)
        assert X.shape == (len(truth), lengths.max(), 2)
        valid = torch.arange(X.shape[1]) < lengths[:, None]
        assert lengths.tolist() == LENGTHS[truth].tolist()
        assert torch.equal(X, (valid * (truth[:, None] + 1.0))[..., None].expand_as(X))
        assert torch.equal(weight, truth / 10)


@pytest.mark.parametrize("lengths", [LENGTHS, np.full(500, 7)])
def test_the_generator_alone_decides_the_batches(lengths):
    before = torch.get_rng_state()
    iterator = shuffled(dataset_of(lengths), 16)
    epochs = [rows_of(iterator), rows_of(iterator)]
    again = shuffled(dataset_of(lengths), 16)
    assert [rows_of(again), rows_of(again)] == epochs
    assert epochs[0] != epochs[1]
    assert rows_of(shuffled(dataset_of(lengths), 16, seed=1)) != epochs[0]
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_generator_the_order_is_kept():
    rows = rows_of(BatchIterator(dataset_of(LENGTHS), 16))
    assert list(chain(*rows)) == list(range(500))


def _padding(batches):
    """Share of the values that are padding."""
    valid = sum(int(_lengths_in(inputs).sum()) for inputs, _ in batches)
    return 1 - valid / sum(inputs["X"][..., 0].numel() for inputs, _ in batches)


def test_pools_cut_padding_by_half_and_more():
    dataset = dataset_of(LENGTHS)
    order = torch.randperm(500, generator=torch.Generator().manual_seed(0))
    at_random = [dataset.batch(index) for index in order.split(16)]
    assert _padding(list(shuffled(dataset, 16))) < 0.5 * _padding(at_random)


def test_long_and_short_batches_come_in_random_order():
    means = [
        _lengths_in(inputs).float().mean()
        for inputs, _ in shuffled(dataset_of(LENGTHS), 16)
    ]
    position = np.arange(len(means))
    assert abs(np.corrcoef(position, means)[0, 1]) < 0.5


def test_equal_sequences_are_a_view_and_need_no_lengths():
    dataset = dataset_of([7] * 20)
    assert dataset.held.block.data_ptr() == dataset.held.values.data_ptr()
    for inputs, _ in shuffled(dataset, 8):
        assert inputs.keys() == {"X"}
        assert inputs["X"].shape[1:] == (7, 2)
    assert not dataset_of([7, 8]).held.equal


def test_equal_lengths_within_a_batch_need_no_lengths():
    inputs, _ = dataset_of([7, 3, 7]).batch(torch.tensor([0, 2]))
    assert inputs.keys() == {"X"}
    assert inputs["X"][:, :, 0].tolist() == [[1.0] * 7, [3.0] * 7]


def test_held_padded_or_not_a_batch_is_the_same(monkeypatch):
    padded = dataset_of(LENGTHS)
    monkeypatch.setattr(batches, "_PADDED_VALUES", 0)
    gathered = dataset_of(LENGTHS)
    assert padded.held.block is not None
    assert gathered.held.block is None
    pairs = zip(shuffled(padded, 16), shuffled(gathered, 16), strict=True)
    for (one, _), (other, _) in pairs:
        assert torch.equal(one["X"], other["X"])
        assert torch.equal(_lengths_in(one), _lengths_in(other))


def test_an_item_is_a_batch_of_one():
    inputs, target = dataset_of([7, 3], target=torch.tensor([5, 6]))[1]
    assert inputs["X"].tolist() == [[[2.0, 2.0]] * 3]
    assert target.tolist() == [6]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "u1"])
def test_standardising_is_in_double_precision_and_of_a_copy(kind, dtype):
    values = np.arange(1, 9).reshape(4, 2).astype(kind)
    before, mean, scale = values.copy(), np.array([1.5, 3.25]), np.array([0.3, 7.0])
    out = standardised(Sequences(values, np.array([3, 1])), mean, scale, dtype)
    assert out.values.dtype == dtype
    np.testing.assert_allclose(out.values, (before - mean) / scale, rtol=1e-6)
    np.testing.assert_array_equal(values, before)


def test_a_large_offset_does_not_cost_the_digits():
    values = 1e9 + np.arange(4.0)[:, None]
    out = standardised(
        Sequences(values, np.array([4])), values.mean(0), values.std(0), "float32"
    )
    expected = (np.arange(4) - 1.5) / np.std(np.arange(4))
    np.testing.assert_allclose(out.values[:, 0], expected, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_targets_that_overflow_are_refused():
    one = Sequences(np.ones((1, 1)), np.array([1]))
    with pytest.raises(ValueError, match=r"y contains .*float32"):
        make_dataset(one, as_they_are, one_each([[1e300]]), dtype="float32")
