"""The split of early stopping."""

from __future__ import annotations

import numpy as np
import pytest

from sksequence._base.splitting import validation_split


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
