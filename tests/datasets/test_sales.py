"""Sales follow from the plan, the weekend and the noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sksequence.datasets import make_sales


def test_what_is_expected_follows_from_the_plan():
    table, expected = make_sales(400, return_expected=True, random_state=0)
    extra = 4 * table["discount"] * np.where(table["weekend"] == 1, 1.5, 1)
    before = [extra.iloc[max(0, t - 7) : t].sum() / 7 for t in range(400)]
    wanted = 100 + 30 * table["weekend"] + extra - 0.3 * np.array(before)
    np.testing.assert_allclose(expected, wanted)
    noise = table["sales"] - expected
    assert noise.std() == pytest.approx(3, rel=0.1)
    assert abs(noise.mean()) < 0.5


def test_the_calendar_is_that_of_the_days():
    table = make_sales(300, random_state=0)
    assert isinstance(table.index, pd.DatetimeIndex)
    assert table.index.freq == "D"
    np.testing.assert_array_equal(table["weekend"], table.index.day_of_week >= 5)
    assert list(table.columns) == ["sales", "discount", "weekend"]
    assert set(table["discount"]) == {0, 10, 20, 30, 40, 50}


def test_shops_have_plans_of_their_own():
    table = make_sales(100, 3, random_state=0)
    assert list(table["shop"].unique()) == ["shop 1", "shop 2", "shop 3"]
    plans = [part["discount"].to_numpy() for _, part in table.groupby("shop")]
    assert all(len(plan) == 100 for plan in plans)
    assert not np.array_equal(plans[0], plans[1])
    alone = make_sales(100, random_state=0)
    first = table[table["shop"] == "shop 1"].drop(columns="shop")
    pd.testing.assert_frame_equal(first, alone, check_freq=False)


@pytest.mark.parametrize("n_days", [1, 5, 8])
def test_few_days_are_no_less_right(n_days):
    table, expected = make_sales(n_days, return_expected=True, random_state=0)
    assert len(table) == len(expected) == n_days
