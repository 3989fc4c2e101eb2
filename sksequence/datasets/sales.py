"""Sales of shops, with promotions that are planned ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from .._inputs.borrowed import validate_params
from .._inputs.types import typed
from ._random import SEED, N, Seed, generator_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["make_sales"]


@overload
def make_sales(
    n_days: int = ...,
    n_shops: int = ...,
    *,
    return_expected: Literal[False] = ...,
    random_state: Seed = ...,
) -> pd.DataFrame: ...
@overload
def make_sales(
    n_days: int = ...,
    n_shops: int = ...,
    *,
    return_expected: Literal[True],
    random_state: Seed = ...,
) -> tuple[pd.DataFrame, pd.Series]: ...
@typed(
    validate_params(
        {
            "n_days": N,
            "n_shops": N,
            "return_expected": ["boolean"],
            "random_state": SEED,
        },
        prefer_skip_nested_validation=True,
    )
)
def make_sales(
    n_days: int = 730,
    n_shops: int = 1,
    *,
    return_expected: bool = False,
    random_state: Seed = None,
) -> pd.DataFrame | tuple[pd.DataFrame, pd.Series]:
    """Generate the daily sales of shops, which planned promotions decide.

    A shop sells 100 a day, 30 more at the weekend, and four times the discount in per
    cent, half as much again at the weekend. Who bought ahead stays away: three tenths of
    what promotions sold per day of the last week are missing. The rest is noise, of
    standard deviation 3. Promotions last up to a week, two weeks apart at most: without
    the plan, no forecast knows when the next one begins.

    Parameters
    ----------
    n_days : int, default=730
        Number of days, from January 1, 2021 on.
    n_shops : int, default=1
        Number of shops, each with promotions of its own.
    return_expected : bool, default=False
        Whether to return also what is sold but for the noise, which no forecast can beat.
    random_state : int, RandomState or Generator instance or None, default=None
        Seed of the generator, or the generator.

    Returns
    -------
    table : DataFrame of shape (n_shops * n_days, 3 or 4)
        Columns ``sales``, ``discount`` and ``weekend``, by day, and ``shop`` if there are
        several, one shop after another. Discount and weekend are known ahead.
    expected : Series
        Sales without noise. Only if ``return_expected`` is True.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> from sksequence.datasets import make_sales
    >>> make_sales(5, random_state=0).round(1)
                sales  discount  weekend
    day
    2021-01-01   99.6       0.0      0.0
    2021-01-02  131.9       0.0      1.0
    2021-01-03  130.3       0.0      1.0
    2021-01-04   98.4       0.0      0.0
    2021-01-05  101.1       0.0      0.0
    """
    import pandas as pd

    rng = generator_of(random_state)
    days = pd.date_range("2021-01-01", periods=n_days, name="day")
    shops = []
    for shop in range(n_shops):
        table = _one_shop(days, rng)
        if n_shops > 1:
            table.insert(0, "shop", f"shop {shop + 1}")
        shops.append(table)
    table = pd.concat(shops) if n_shops > 1 else shops[0]
    expected = table.pop("expected")
    return (table, expected) if return_expected else table


def _one_shop(days: pd.DatetimeIndex, rng: np.random.Generator) -> pd.DataFrame:
    """Return sales, discount, weekend, and expected sales."""
    import pandas as pd

    n_days = len(days)
    discount = np.zeros(n_days)
    day = 0
    while (day := day + int(rng.integers(3, 15))) < n_days:
        length = int(rng.integers(1, 8))
        discount[day : day + length] = rng.choice([10, 20, 30, 40, 50])
        day += length
    weekend = (days.day_of_week.to_numpy() >= 5).astype(float)
    extra = 4 * discount * (1 + 0.5 * weekend)
    bought = np.convolve(extra, np.full(7, 1 / 7))[: n_days - 1]
    expected = 100 + 30 * weekend + extra - 0.3 * np.concatenate([[0], bought])
    sales = expected + rng.normal(scale=3, size=n_days)
    columns = {"sales": sales, "discount": discount, "weekend": weekend}
    return pd.DataFrame(columns | {"expected": expected}, index=days)
