"""The split of early stopping."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import KFold, PredefinedSplit, TimeSeriesSplit

from sksequence._base.splitting import Windows, validation_split


def split(n, fraction, seed=0, **by):
    train, valid = validation_split(n, fraction, np.random.RandomState(seed), **by)
    np.testing.assert_array_equal(np.sort(np.r_[train, valid]), np.arange(n))
    assert (np.diff(train) > 0).all()
    assert (np.diff(valid) > 0).all()
    return train, valid


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_every_class_gives_its_share(fraction, rng):
    classes = rng.permutation(np.repeat(["a", "b", "c"], [100, 60, 20]))
    _, valid = split(180, fraction, classes=classes)
    names, counts = np.unique(classes[valid], return_counts=True)
    assert names.tolist() == ["a", "b", "c"]
    assert counts.tolist() == [round(fraction * n) for n in (100, 60, 20)]


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("counts", [(1, 2), (1, 1, 1, 5), (2, 2), (3, 1)])
def test_training_keeps_one_of_every_class(counts, fraction):
    classes = np.repeat(np.arange(len(counts)), counts)
    train, valid = split(len(classes), fraction, classes=classes)
    assert set(classes[train]) == set(classes)
    assert len(valid)


def test_without_classes_the_share_is_that_of_all():
    _, valid = split(50, 0.2)
    assert len(valid) == 10


@pytest.mark.parametrize(("n", "fraction", "n_valid"), [(50, 0.2, 10), (3, 0.9, 2)])
def test_last_holds_out_the_end(n, fraction, n_valid):
    train, valid = split(n, fraction, how="last")
    assert valid.tolist() == list(range(n - n_valid, n))
    assert train.tolist() == list(range(n - n_valid))


@pytest.mark.parametrize(
    "how", [TimeSeriesSplit(4), KFold(5), PredefinedSplit([-1] * 10 + [0, 1] * 10)]
)
def test_a_splitter_gives_its_last_split(how):
    train, valid = split(30, 0.2, how=how)
    *_, expected = how.split(np.zeros(30))
    np.testing.assert_array_equal(train, expected[0])
    np.testing.assert_array_equal(valid, expected[1])


def rows_of(begins, length, n_ahead, index):
    """The rows that windows cover, and the rows that their targets cover."""
    inputs = {row for i in index for row in range(begins[i], begins[i] + length)}
    ends = [begins[i] + length for i in index]
    return inputs, {row for end in ends for row in range(end, end + n_ahead)}


@pytest.mark.parametrize("n_ahead", [0, 1, 12])
@pytest.mark.parametrize("entities", [1, 3])
@pytest.mark.parametrize("shuffled", [False, True])
def test_windows_are_held_out_by_time_and_share_no_row(n_ahead, entities, shuffled, rng):
    length, n = 8, 60
    begins = np.concatenate([np.arange(n) + e * (n + length) for e in range(entities)])
    begins = rng.permutation(begins) if shuffled else begins
    windows = Windows(begins, begins + length, n_ahead)
    train, valid = validation_split(
        len(begins), 0.2, np.random.RandomState(0), windows=windows
    )
    expected = [n - 12 + i + e * (n + length) for e in range(entities) for i in range(12)]
    assert sorted(begins[valid]) == expected
    assert len(train) == entities * (n - 12 - length + 1 - n_ahead)
    for entity in range(entities):
        first = entity * (n + length)
        mine = [i for i in train if first <= begins[i] < first + n]
        inputs, targets = rows_of(begins, length, n_ahead, mine)
        held = [i for i in valid if first <= begins[i] < first + n]
        held_inputs, held_targets = rows_of(begins, length, n_ahead, held)
        assert not (inputs | targets) & (held_inputs | held_targets)


def test_windows_of_short_entities_are_trained_on_or_held_out_whole():
    begins = np.array([0, 1, 2, 10, 11, 12, 20, 21, 22])
    train, valid = Windows(begins, begins + 5, 1).split(0.3)
    assert (train.tolist(), valid.tolist()) == ([0, 1, 2, 3, 4, 5], [6, 7, 8])
    with pytest.raises(ValueError, match=r"3 windows overlap so far.*X_val"):
        Windows(begins[:3], begins[:3] + 5, 1).split(0.3)


def test_windows_are_split_at_random_if_asked_or_by_their_groups():
    begins = np.arange(40)
    windows = Windows(begins, begins + 30, 1)
    expected = split(40, 0.2)
    found = split(40, 0.2, how="random", windows=windows)
    np.testing.assert_array_equal(found[1], expected[1])
    groups = begins // 10
    expected = split(40, 0.2, groups=groups)
    found = split(40, 0.2, groups=groups, windows=windows)
    np.testing.assert_array_equal(found[1], expected[1])


class BadSplitter:
    def __init__(self, *splits):
        self.splits = splits

    def split(self, X, y, groups):
        return self.splits


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ({"how": BadSplitter()}, "made no split of 4"),
        ({"how": BadSplitter(([0, 1], [1, 2]))}, "without common sequences, got 2 and 2"),
        ({"how": BadSplitter(([0, 1], []))}, "got 2 and 0 of 4"),
        ({"how": "last", "groups": np.arange(4)}, '"last" holds out no whole groups'),
    ],
)
def test_a_split_of_ones_own_that_is_none_is_refused(by, words):
    with pytest.raises(ValueError, match=words):
        validation_split(4, 0.5, np.random.RandomState(0), **by)


def test_the_split_is_random_and_reproducible():
    first = split(50, 0.2)[1]
    np.testing.assert_array_equal(split(50, 0.2)[1], first)
    assert (split(50, 0.2, seed=1)[1] != first).any()


@pytest.mark.parametrize("fraction", [0.1, 0.4, 0.8])
@pytest.mark.parametrize("seed", range(5))
def test_groups_are_held_out_whole(fraction, seed, rng):
    groups = rng.integers(0, 12, size=200)
    classes = rng.integers(0, 3, size=200)
    train, valid = split(200, fraction, seed, classes=classes, groups=groups)
    assert not set(groups[train]) & set(groups[valid])
    assert set(classes[train]) == set(classes)
    largest = np.bincount(groups).max() / 200
    assert fraction <= len(valid) / 200 < fraction + largest


@pytest.mark.parametrize("seed", range(5))
def test_a_group_that_alone_has_a_class_stays_in_training(seed):
    classes = np.array([0, 0, 1, 1, 0, 0])
    groups = np.array(["a", "a", "b", "b", "c", "c"])
    train, valid = split(6, 0.3, seed, classes=classes, groups=groups)
    assert {2, 3} <= set(train)
    assert len(valid) == 2


@pytest.mark.parametrize(
    ("n", "by", "words"),
    [
        (1, {}, "n_samples = 1:"),
        (3, {"classes": np.array([0, 1, 2])}, "n_samples = 3:"),
        (4, {"groups": np.zeros(4)}, r"n_samples = 4 in 1 group"),
        (
            4,
            {"groups": np.array([0, 0, 1, 1]), "classes": np.array([0, 0, 1, 1])},
            r"n_samples = 4 in 2 group",
        ),
    ],
)
def test_a_split_that_leaves_no_part_is_refused(n, by, words):
    with pytest.raises(ValueError, match=words):
        validation_split(n, 0.5, np.random.RandomState(0), **by)
