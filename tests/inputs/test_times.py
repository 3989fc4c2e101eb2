"""Time stamps of every type in the same order."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from sksequence._inputs import time_positions, time_ranks
from sksequence._inputs.times import read_times

ORDER = [2, 0, 3, 1]
DAYS = pd.DatetimeIndex(["2023-12-31", "2024-01-01", "2024-02-29", "2024-03-01"])[ORDER]
ZONED = DAYS.tz_localize("Europe/Berlin")


def polars_series(values):
    return pytest.importorskip("polars").Series(values)


def in_arrow(values, kind):
    pytest.importorskip("pyarrow")
    return pd.Series(values).astype(f"{kind}[pyarrow]")


FORMS = {
    "dates": lambda: DAYS,
    "dates in seconds": lambda: DAYS.as_unit("s"),
    "column": lambda: pd.Series(DAYS, index=[7, 7, 7, 7]),
    "zone": lambda: ZONED,
    "numpy": lambda: DAYS.to_numpy(),
    "days of numpy": lambda: DAYS.to_numpy().astype("M8[D]"),
    "days of Python": lambda: DAYS.date,
    "list of days": lambda: [*DAYS.date],
    "index of days": lambda: pd.Index(DAYS.date),
    "datetime": lambda: DAYS.to_pydatetime(),
    "datetime in a zone": lambda: ZONED.to_pydatetime(),
    "stamps as objects": lambda: ZONED.astype(object),
    "ISO text": lambda: [str(day) for day in DAYS.date],
    "ISO text, index": lambda: pd.Index([str(day) for day in DAYS.date]),
    "ISO text, objects": lambda: np.array([f"{day}T00:00" for day in DAYS.date], object),
    "ISO text in two zones": lambda: [
        "2024-02-29T00:30+02:00",
        "2023-12-31 23:00Z",
        "2024-03-01T00:00+02:00",
        "2024-01-01T00:30+01:00",
    ],
    "months as text": lambda: ["2024-02", "2023-12", "2024-03", "2024-01"],
    "periods": lambda: DAYS.to_period("D"),
    "periods as objects": lambda: DAYS.to_period("D").astype(object),
    "column of periods": lambda: pd.Series(DAYS.to_period("M")),
    "durations": lambda: DAYS - DAYS[0],
    "durations of Python": lambda: [*(DAYS - DAYS[0]).to_pytimedelta()],
    "integers": lambda: np.array(ORDER),
    "unsigned": lambda: np.array(ORDER, dtype=np.uint8),
    "floats": lambda: np.array(ORDER) / 7,
    "nullable": lambda: pd.array(ORDER, dtype="Int64"),
    "decimals": lambda: np.array([Decimal(i) / 3 for i in ORDER], dtype=object),
    "Arrow": lambda: in_arrow(DAYS, "timestamp[us]"),
    "Arrow in a zone": lambda: in_arrow(ZONED, "timestamp[ns, tz=Europe/Berlin]"),
    "days of Arrow": lambda: in_arrow(DAYS.date, "date32[day]"),
    "text of Arrow": lambda: in_arrow(DAYS.astype(str), "string"),
    "integers of Arrow": lambda: in_arrow(ORDER, "int64"),
    "polars": lambda: polars_series([*DAYS.date]),
    "polars, datetime": lambda: polars_series([*ZONED.to_pydatetime()]),
    "polars, text": lambda: polars_series([str(day) for day in DAYS.date]),
    "polars, integers": lambda: polars_series(ORDER),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_time_stamps_of_every_type_have_the_same_order(form):
    assert time_ranks(form(), "t").tolist() == ORDER
    positions = time_positions(form(), "t", 2**40)
    assert np.argsort(np.argsort(positions)).tolist() == ORDER


@pytest.mark.parametrize(
    "unsorted",
    [
        ["b", "a"],
        ["2024-1-5", "2024-1-10"],
        ["31-01-2024"],
        ["2024-13-01"],
        [True, False],
    ],
)
def test_names_are_no_times(unsorted):
    assert read_times(unsorted, "t") is None
    assert read_times(pd.Index(unsorted), "t") is None


@pytest.mark.parametrize(
    "form",
    ["dates", "zone", "periods", "floats", "nullable", "days of Python", "ISO text"],
)
def test_missing_time_stamps_are_told(form):
    column = pd.Series(FORMS[form]())
    column[1] = None
    with pytest.raises(
        ValueError,
        match=r"in every row, got 1 missing .*in row 1",
    ):
        time_ranks(column, "t")


@pytest.mark.parametrize(
    "mixed",
    [
        [DAYS[0], ZONED[0]],
        [datetime.datetime(2024, 1, 1), datetime.date(2024, 1, 1)],
        ["2024-01-01T00:00", "2024-01-01T00:00Z"],
        [datetime.date(2024, 1, 1), 3],
    ],
)
def test_times_of_two_kinds_do_not_compare(mixed):
    with pytest.raises(TypeError, match=r"t must hold time stamps that compare"):
        time_ranks(np.array(mixed, dtype=object), "t")


def test_nanoseconds_are_kept():
    stamps = pd.Timestamp("2024-01-01") + pd.to_timedelta([2, 1, 3], unit="ns")
    assert time_ranks(stamps.astype(object), "t").tolist() == [1, 0, 2]
    assert time_ranks(stamps.tz_localize("UTC").astype(object), "t").tolist() == [1, 0, 2]
