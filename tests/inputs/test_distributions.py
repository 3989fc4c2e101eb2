"""Distributions by their parameters, against scipy.stats; quantiles never cross."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import stats

from sksequence._inputs import LOSSES, Numbers, check_levels, check_quantile
from sksequence._inputs.distributions import Quantiles

SCALE = np.array([2.5, 40.0])
NAMES = ["gaussian", "student_t", "negative_binomial"]


def softplus(x):
    return np.log1p(np.exp(x))


def frozen(name, output):
    """The same distribution of scipy, (n, k, 1), of counts in their own units."""
    location, *others = (output[..., i, None] for i in range(output.shape[-1]))
    one = 1 / np.log(2)
    if name == "gaussian":
        return stats.norm(location, 1e-4 + one * softplus(others[0]))
    if name == "student_t":
        freedom = 2.1 + 4 * one * softplus(others[1])
        return stats.t(freedom, location, 1e-4 + one * softplus(others[0]))
    dispersion = 1e-6 + one * softplus(others[0])
    rate = np.exp(location) * SCALE[:, None]
    return stats.nbinom(1 / dispersion, 1 / (1 + dispersion * rate))


def units_of(name):
    """What one on the scale of the loss is in scipy's distribution."""
    return SCALE if name == "negative_binomial" else np.ones(2)


def outputs(name, n=30):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 2, LOSSES[name].n_parameters))


@pytest.mark.parametrize("name", NAMES)
def test_mean_and_deviation_are_those_of_scipy(name):
    output, family, unit = outputs(name), LOSSES[name].family, units_of(name)
    expected = frozen(name, output)
    np.testing.assert_allclose(family.mean(output) * unit, expected.mean()[..., 0])
    np.testing.assert_allclose(family.std(output, SCALE) * unit, expected.std()[..., 0])
    np.testing.assert_array_equal(family.point(output, SCALE), family.mean(output))


@pytest.mark.parametrize("name", NAMES)
def test_quantiles_are_those_of_scipy(name):
    levels = np.array([0.01, 0.3, 0.5, 0.9, 0.999])
    output, unit = outputs(name), units_of(name)
    found = LOSSES[name].family.quantiles(output, SCALE, levels) * unit[:, None]
    expected = frozen(name, output).ppf(levels)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_samples_have_the_moments(name):
    output, family = outputs(name, n=3), LOSSES[name].family
    if name == "student_t":
        output[..., 2] += 5  # or the fourth moment is infinite
    drawn = family.draw(output, SCALE, 40000, np.random.RandomState(0))
    assert drawn.shape == (3, 2, 40000)
    std = family.std(output, SCALE)
    np.testing.assert_allclose(drawn.mean(-1), family.mean(output), atol=0.04 * std.max())
    np.testing.assert_allclose(drawn.std(-1), std, rtol=0.06)
    if name == "negative_binomial":
        counts = drawn * SCALE[:, None]
        np.testing.assert_allclose(counts, np.rint(counts), atol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_extreme_outputs_have_finite_moments(name, dtype):
    n_parameters = LOSSES[name].n_parameters
    grid = np.meshgrid(*[np.array([-1e4, -50, 0, 50, 1e4], dtype)] * n_parameters)
    output = np.stack(grid, axis=-1).reshape(-1, 1, n_parameters)
    family, scale = LOSSES[name].family, np.ones(1)
    mean, std = family.mean(output), family.std(output, scale)
    assert mean.dtype == std.dtype == dtype
    assert np.isfinite(mean).all()
    assert np.isfinite(std).all()
    assert (std > 0).all()
    drawn = family.draw(output, scale, 3, np.random.RandomState(0))
    assert np.isfinite(drawn).all()


# ----------------------------------------------------------------------------- quantiles

LEVELS = st.lists(st.floats(0.001, 0.999), min_size=1, max_size=12, unique=True).map(
    lambda levels: tuple(sorted(levels))
)


@settings(max_examples=150, deadline=None)
@given(
    levels=LEVELS,
    data=st.data(),
    dtype=st.sampled_from([np.float32, np.float64]),
    mean=st.floats(-1e6, 1e6),
    scale=st.floats(1e-6, 1e6),
)
def test_quantiles_never_cross(levels, data, dtype, mean, scale):
    width = 32 if dtype == np.float32 else 64
    extreme = st.floats(-(2.0**60), 2.0**60, width=width)
    output = data.draw(npst.arrays(dtype, (4, 2 * len(levels)), elements=extreme))
    target = Numbers.of(np.zeros((3, 2)), "quantile", levels)
    for double in (0.0, 1e9):  # a mean for which float32 is too coarse
        at = np.full(2, mean + double)
        learnt = Numbers(
            "quantile", 2, True, mean=at, scale=np.full(2, scale), quantiles=levels
        )
        answers = learnt.predictions["predict"](output)
        assert answers.shape == (4, 2, len(levels))
        assert not (np.diff(answers, axis=-1) < 0).any()
    assert target.n_outputs == 2 * len(levels)


@pytest.mark.parametrize(
    "levels", [(0.1, 0.5, 0.9), (0.2,), (0.6, 0.7, 0.95), (0.3, 0.4)]
)
def test_outputs_of_zero_are_quantiles_of_the_normal_distribution(levels):
    quantiles = Quantiles(levels)
    found = quantiles.point(np.zeros((1, 1, len(levels))), np.ones(1))[0, 0]
    expected = stats.norm.ppf(levels)
    np.testing.assert_allclose(np.diff(found), np.diff(expected))
    assert found[quantiles.middle] == 0


def test_each_gap_is_that_of_its_own_output():
    quantiles, output = Quantiles((0.1, 0.3, 0.5, 0.9)), np.zeros((1, 1, 4))
    before = np.diff(quantiles.point(output, np.ones(1))[0, 0])
    for i in range(3):
        changed = output.copy()
        changed[..., 1 + i] = 2
        after = np.diff(quantiles.point(changed, np.ones(1))[0, 0])
        factor = np.where(np.arange(3) == i, softplus(2) / np.log(2), 1)
        np.testing.assert_allclose(after, before * factor)


@pytest.mark.parametrize(
    "levels",
    [(), (0.5, 0.1), (0.1, 0.1), (0.0, 0.5), (0.5, 1.0), ("a",), (None,), [[0.1, 0.9]],
     (np.nan,), (True,), "0.5", None, ["0.1", "0.9"], np.array([[0.1]])],
    ids=repr,
)  # fmt: skip
def test_levels_that_are_none_are_refused(levels):
    with pytest.raises(ValueError, match=r"quantile must be .* increasing .* got"):
        check_levels(levels, "quantile")


@pytest.mark.parametrize("form", [tuple, list, np.array])
def test_levels_may_be_any_sequence(form):
    assert check_quantile(form([0.1, 0.5])) == (0.1, 0.5)
    assert check_quantile(np.float32(0.5)) == ()
