"""Level and spread of each sequence, by formulas of numpy."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from helpers.data import ragged
from sksequence._inputs import LocalScale, Sequences, find_target_channels

X = ragged(n_channels=3)
LENGTHS = np.array([len(x) for x in X])


def with_gaps(share, seed=1):
    """The sequences with some NaN; channel 0 of the third has nothing else."""
    rng = np.random.default_rng(seed)
    gaps = [np.where(rng.uniform(size=x.shape) < share, np.nan, x) for x in X]
    if share:
        gaps[2][:, 0] = np.nan
    return gaps


def laid(items):
    return Sequences(np.concatenate(items), np.array([len(x) for x in items]))


def last_of(x):
    given = x[~np.isnan(x)]
    return given[-1] if len(given) else np.nan


def level_and_spread(how, x, usual_spread):
    """Of one channel of one sequence."""
    if how == "last" or np.isnan(x).all():
        return last_of(x), 1.0
    return np.nanmean(x), np.nanstd(x) or usual_spread


@pytest.mark.parametrize("share", [0, 0.3])
@pytest.mark.parametrize("how", ["last", "window"])
def test_each_sequence_is_normalised_by_itself(how, share):
    items = with_gaps(share)
    scale = LocalScale(how, None, (2, 0), 1).learn(laid(items))
    (_, values), *others = scale.normalised(laid(items)).chunks()
    assert not others
    for x, got in zip(items, np.split(values, np.cumsum(LENGTHS)[:-1]), strict=True):
        expected = x.copy()
        for j, usual in zip((2, 0), scale.usual_spread, strict=True):
            level, spread = level_and_spread(how, x[:, j], usual)
            expected[:, j] = (x[:, j] - level) / spread
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("season", [None, 1, 3, 4])
@pytest.mark.parametrize("how", ["last", "window"])
def test_predictions_get_the_level_and_the_spread_of_their_sequence(how, season):
    items = with_gaps(0.2)
    scale = LocalScale(how, season, (2, 1), n_ahead=5).learn(laid(items))
    usual_spread = scale.usual_spread
    values = np.random.default_rng(0).normal(size=(len(items), 5, 2))
    expected, scaled = np.empty_like(values), np.empty_like(values)
    for i, x in enumerate(items):
        for k in range(5):
            for at, (j, usual) in enumerate(zip((2, 1), usual_spread, strict=True)):
                level, spread = level_and_spread(how, x[:, j], usual)
                if season is not None:
                    before = x[len(x) - season + k % season, j]
                    level = level if np.isnan(before) else before
                scaled[i, k, at] = spread * values[i, k, at]
                expected[i, k, at] = level + scaled[i, k, at]
    got = scale.place(values, laid(items))
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    deviations = scale.place(values, laid(items), is_level=False)
    np.testing.assert_allclose(deviations, scaled, rtol=1e-12)
    # With an axis behind that of the targets, as quantiles have.
    more = np.stack([values, values + 1], axis=-1)
    got = scale.place(more, laid(items))[..., 0]
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    rows = scale.relative(expected.reshape(len(items), -1), laid(items))
    np.testing.assert_allclose(rows, values.reshape(len(items), -1), atol=1e-12)


@pytest.mark.parametrize("how", ["last", "window"])
@pytest.mark.parametrize("layout", ["C", "F"])
def test_statistics_are_the_same_to_the_bit_alone_and_in_a_batch(how, layout):
    items = [np.random.default_rng(n).normal(9e5, size=(37 * n, 3)) for n in LENGTHS]
    scale = LocalScale(how, 2, (0, 1, 2), 3).learn(laid(items))
    together = Sequences(np.asarray(np.concatenate(items), order=layout), 37 * LENGTHS)
    values = np.ones((len(items), 9))
    alone = [scale.place(v[None], laid([x])) for v, x in zip(values, items, strict=True)]
    np.testing.assert_array_equal(scale.place(values, together), np.concatenate(alone))
    ((_, whole),) = scale.normalised(together).chunks()
    parts = [next(iter(scale.normalised(laid([x])).chunks()))[1] for x in items]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize("how", ["last", "window"])
def test_levels_and_spreads_are_not_repeated_for_every_step_ahead(how):
    X = Sequences(np.arange(6000.0).reshape(-1, 2), np.full(1000, 3))
    scale = LocalScale(how, None, (0, 1), n_ahead=200).learn(X)
    rows = np.zeros((1000, 400))
    tracemalloc.start()
    try:
        scale.relative(rows, X)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The answer, and what is small beside it.
    assert most < 1.5 * rows.nbytes


def test_differences_are_exact_far_from_zero():
    items = [np.cumsum(np.arange(5.0) % 3)[:, None] for _ in range(3)]
    far = [x + 2.0**40 for x in items]
    scale = LocalScale("window", None, (0,), 1)
    near = [v for _, v in scale.learn(laid(items)).normalised(laid(items)).chunks()]
    moved = [v for _, v in scale.learn(laid(far)).normalised(laid(far)).chunks()]
    np.testing.assert_array_equal(near, moved)


def test_what_a_sequence_does_not_show_is_the_median_of_the_others():
    rows = [[1.0, 1.0], [2.0, 4.0], [5.0, 15.0], [np.nan, np.nan]]
    items = [np.array(row)[:, None] for row in rows]
    scale = LocalScale("window", None, (0,), 1).learn(laid(items))
    # Levels 1, 3 and 10; deviations 1 and 5 of those that vary, the lower median.
    assert scale.usual_level == [3.0]
    assert scale.usual_spread == [1.0]
    placed = scale.place(np.array([2.0, 2.0, 2.0, 2.0]), laid(items))
    np.testing.assert_array_equal(placed, [3.0, 5.0, 20.0, 5.0])


def test_weights_count_as_repetitions_do():
    items = [np.array([[0.0], [2.0 * i]]) for i in range(1, 6)]
    weight = np.array([1, 0, 3, 1, 2])
    repeated = [x for x, times in zip(items, weight, strict=True) for _ in range(times)]
    scale = LocalScale("window", None, (0,), 1)
    weighted, expected = scale.learn(laid(items), weight), scale.learn(laid(repeated))
    assert weighted.usual_level == expected.usual_level
    assert weighted.usual_spread == expected.usual_spread


# ------------------------------------------------------------------------- channels


@pytest.mark.parametrize(
    ("given", "shape", "numeric", "expected"),
    [
        (None, (), (0,), (0,)),
        (None, (4,), (0,), (0,)),  # steps
        (None, (3,), (0, 1, 2), (0, 1, 2)),  # one step of each
        (None, (5, 3), (0, 1, 2), (0, 1, 2)),
        (None, (2,), (0, 2), (0, 2)),  # without the time
        (1, (), (0, 1), (1,)),
        (1, (3,), (0, 1, 2), (1,)),  # steps, though there are as many channels
        ((1,), (3,), (0, 1, 2), (1,)),
        ((2, 0), (2,), (0, 1, 2), (2, 0)),
        ((2, 0), (7, 2), (0, 1, 2), (2, 0)),
    ],
)
def test_channels_of_targets(given, shape, numeric, expected):
    assert find_target_channels(given, shape, numeric) == expected


@pytest.mark.parametrize(
    ("given", "shape", "words"),
    [
        (None, (), r"must name the channel.* of 3, .*got None"),
        (None, (2,), r"shape \(n_sequences, 2\), got None"),
        (None, (4, 2), r"shape \(n_sequences, 4, 2\), got None"),
        ((0, 0), (2,), "different channels"),
        (3, (), r"of \[0, 1, 2\], got 3"),
        ((0, 1), (3,), r"2 target\(s\).*got 3.*n_steps, n_targets"),
        ((0, 1), (5, 3), r"2 target\(s\).*got 3"),
        (0, (5, 2), r"1 target\(s\).*got 2"),
    ],
)
def test_channels_that_do_not_fit_are_refused(given, shape, words):
    with pytest.raises(ValueError, match=words):
        find_target_channels(given, shape, (0, 1, 2))
