"""Weights and groups in any form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.data import ragged
from helpers.estimators import make
from sksequence._inputs import check_groups, check_weights


@pytest.mark.parametrize(
    "weight",
    [
        [1, 2, 0],
        (1.0, 2.0, 0.0),
        np.array([1, 2, 0], dtype=np.uint8),
        pd.Series([1, 2, 0], index=[5, 6, 7]),
        torch.tensor([1.0, 2.0, 0.0], requires_grad=True),
        [True, 2, False],
    ],
)
def test_weights_may_come_in_any_form(weight):
    checked = check_weights(weight, 3)
    assert checked.dtype == np.float64
    np.testing.assert_allclose(checked / checked.max(), [0.5, 1, 0])


def test_one_weight_is_that_weight_for_all():
    assert np.ptp(check_weights(2.0, 3)) == 0
    assert check_weights(2.0, 3).shape == (3,)
    assert check_weights(None, 3) is None


@pytest.mark.parametrize("factor", [1e-3, 7.0, 1e300])
def test_only_ratios_of_weights_count(factor, rng):
    X, y = ragged(), np.arange(8) % 2
    weight = rng.uniform(1, 2, size=8)
    expected = make("GRURegressor").fit(X, y, sample_weight=weight).predict(X)
    scaled = make("GRURegressor").fit(X, y, sample_weight=weight * factor)
    np.testing.assert_allclose(scaled.predict(X), expected, rtol=1e-4)


@pytest.mark.parametrize(
    "groups", [["a", "b", "a"], pd.Series([1, 2, 1]), (1.5, 2.5, 1.5)]
)
def test_groups_may_have_any_names(groups):
    checked = check_groups(groups, 3)
    assert checked[0] == checked[2] != checked[1]
    assert check_groups(None, 3) is None


def test_groups_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"groups.shape == \(2,\), expected \(3,\)"):
        check_groups([1, 2], 3)
