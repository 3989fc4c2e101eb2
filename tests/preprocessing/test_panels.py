"""Tables in long form become sequences and come back; the oracle is groupby."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars
import pytest
from pandas.testing import assert_frame_equal, assert_index_equal
from sklearn.model_selection import GroupKFold, cross_val_predict

from helpers.estimators import make
from sksequence.preprocessing import from_long, to_long


@pytest.fixture
def long():
    """Seven entities of 1 to 7 rows, shuffled, with an index that means nothing."""
    rng = np.random.default_rng(0)
    store = np.repeat([*"gbdface"], np.arange(1, 8))
    day = np.concatenate([rng.permutation(20)[:n] for n in range(1, 8)])
    frame = pd.DataFrame(
        {
            "price": rng.normal(size=28),
            "store": store,
            "day": pd.Timestamp("2024-03-25", tz="Europe/Berlin")
            + pd.to_timedelta(day, "D"),
            "sold": rng.normal(size=28),
            "city": np.where(store < "c", "Rome", "Oslo"),
            "open": rng.normal(size=28),
        }
    )
    return frame.sample(frac=1, random_state=0)


def grouped(frame, by, time):
    return frame.sort_values(time).groupby(by, sort=True)


def assert_same(sequences, expected):
    assert type(sequences) is list
    assert len(sequences) == len(expected)
    for sequence, other in zip(sequences, expected, strict=True):
        np.testing.assert_array_equal(sequence, other, strict=True)


# ------------------------------------------------------------------------- out of a table


def test_sequences_targets_and_ids_are_those_of_groupby(long):
    X, y, ids = from_long(long, by="store", time="day", target="city")
    groups = grouped(long, "store", "day")
    assert_same(X, [g[["price", "sold", "open"]].to_numpy() for _, g in groups])
    assert y.tolist() == groups["city"].first().tolist()
    assert ids.tolist() == [*"abcdefg"]


def test_a_target_for_every_step(long):
    frame = long.drop(columns="city")
    X, y, _ = from_long(frame, "store", "day", "sold", target_per="step")
    groups = grouped(frame, "store", "day")
    assert_same(X, [g[["price", "open"]].to_numpy() for _, g in groups])
    assert_same(y, [g["sold"].to_numpy() for _, g in groups])


def test_several_targets(long):
    long["size"] = long.groupby("store")["price"].transform("size")
    long["number"] = long["store"].map(ord)
    frame = long.drop(columns="city")
    _, y, _ = from_long(frame, "store", "day", ["size", "number"])
    np.testing.assert_array_equal(y[:, 1], [*range(97, 104)])
    np.testing.assert_array_equal(y[:, 0], long.groupby("store").size())
    _, y, _ = from_long(frame, "store", "day", ["sold", "size"], target_per="step")
    assert_same(
        y, [g[["sold", "size"]].to_numpy() for _, g in grouped(long, "store", "day")]
    )
    _, y, _ = from_long(long, "store", "day", ["city", "size"])
    assert y.tolist()[0] == ["Rome", 5]


def test_several_columns_tell_the_entity(long):
    frame = long.assign(shelf=(long["open"] > 0).astype(int))[
        ["price", "city", "shelf", "sold"]
    ]
    X, _, ids = from_long(frame, by=["city", "shelf"])
    groups = frame.groupby(["city", "shelf"], sort=True)
    assert ids.tolist() == [key for key, _ in groups]
    assert_same(X, [g[["price", "sold"]].to_numpy() for _, g in groups])


def test_several_keys_of_many_values_do_not_overflow():
    """Of 1e19 combinations of four keys 60 000 occur."""
    frame = pd.DataFrame({name: np.arange(60_000)[::-1] for name in "abcd"}).assign(v=1.0)
    X, _, ids = from_long(frame, by=[*"abcd"])
    assert len(X) == 60_000
    assert ids[[0, 1, -1]].tolist() == [(0,) * 4, (1,) * 4, (59_999,) * 4]


def test_a_tuple_is_a_list_unless_it_is_a_label(long):
    frame = long.assign(size=long.groupby("store")["price"].transform("size"))
    for by, target in [("store", ("city", "size")), (("store", "city"), "size")]:
        got = from_long(frame, by, "day", target)
        as_list = [[*one] if isinstance(one, tuple) else one for one in (by, target)]
        expected = from_long(frame, as_list[0], "day", as_list[1])
        assert_same(got[0], expected[0])
        assert got[1].tolist() == expected[1].tolist()
        assert got[2].tolist() == expected[2].tolist()
    columns = pd.MultiIndex.from_product([["a", "b"], [1, 2]])
    labelled = pd.DataFrame(np.arange(8).reshape(2, 4), columns=columns)
    X, y, ids = from_long(labelled, by=("a", 1), target=("b", 2))
    assert_same(X, [np.array([[1, 2]]), np.array([[5, 6]])])
    assert (y.tolist(), ids.tolist()) == ([3, 7], [0, 4])


def test_an_int_is_a_label_if_there_is_one_else_a_position(long):
    frame = long[["price", "store", "day"]]
    expected = from_long(frame, "store", "day")
    assert_same(from_long(frame, 1, 2)[0], expected[0])
    labelled = frame.set_axis([7, 8, 9], axis=1)
    assert_same(from_long(labelled, 8, 9)[0], expected[0])
    with pytest.raises(ValueError, match="by must be the label or the position of one"):
        from_long(frame.set_axis([2, 0, 1], axis=1), 0)


@pytest.mark.parametrize("levels", [["store"], ["day"], ["store", "day"]])
def test_index_levels_stand_for_columns(levels, long):
    frame = long.drop(columns="city")
    as_columns = from_long(frame, by="store", time="day")
    as_levels = from_long(frame.set_index(levels), by="store", time="day")
    assert_same(as_levels[0], as_columns[0])
    assert as_levels[2].tolist() == as_columns[2].tolist()


def test_without_time_rows_stay_in_their_order(long):
    frame = long.drop(columns=["city", "day"])
    X, y, _ = from_long(frame, by="store")
    groups = frame.groupby("store")
    assert y is None
    assert_same(X, [g.drop(columns="store").to_numpy() for _, g in groups])


def test_the_order_of_the_rows_has_no_say(long):
    one = from_long(long, "store", "day", "city")
    other = from_long(long.sample(frac=1, random_state=1), "store", "day", "city")
    assert_same(one[0], other[0])
    assert one[1].tolist() == other[1].tolist()


@pytest.mark.parametrize(
    "stamps",
    [
        pd.date_range("2024-10-27", periods=6, freq="h", tz="Europe/Berlin"),
        pd.period_range("2024-11", periods=6, freq="M"),
        pd.timedelta_range("1s", periods=6),
        pd.Index([1.5, 2, 8, 9, 10, 11]),
        pd.Index([-(2**63), -5, 0, 1, 7, 2**63 - 1]),
        pd.DatetimeIndex([f"{c}-01-01" for c in range(1700, 2201, 100)], tz="UTC"),
        pd.Index([pd.Timestamp(f"2024-01-0{d}").date() for d in range(1, 7)]),
    ],
    ids=[
        "zone, an hour twice",
        "periods",
        "durations",
        "numbers",
        "far apart",
        "centuries",
        "dates",
    ],
)
def test_time_of_any_kind_sorts(stamps):
    order = [3, 0, 5, 1, 4, 2]
    frame = pd.DataFrame({"a": "x", "t": stamps, "v": np.arange(6)}).iloc[order]
    X, _, _, (times,) = from_long(frame, "a", "t", return_times=True)
    np.testing.assert_array_equal(X[0].ravel(), np.arange(6))
    assert_index_equal(times, pd.Index(stamps.tolist()), check_names=False, exact="equiv")


def test_many_entities_over_centuries_of_nanoseconds():
    """Too far apart to be numbered with gaps: by common unit, or by rank."""
    for odd in (0, 1):
        days = pd.DatetimeIndex([f"{1700 + 20 * i}-01-01" for i in range(9)]).as_unit(
            "ns"
        )
        days = days + pd.to_timedelta([0] * 8 + [odd], "ns")
        frame = pd.DataFrame({"a": np.repeat(np.arange(99), 9), "t": [*days] * 99})
        frame["v"] = np.tile(np.arange(9), 99)
        mixed = frame.sample(frac=1, random_state=0)
        assert_same(from_long(mixed, "a", "t")[0], [np.arange(9)[:, None]] * 99)


@pytest.mark.parametrize(
    ("columns", "dtype"),
    [
        ({"u": np.arange(4), "v": [True, False] * 2}, np.int64),
        ({"u": np.arange(4, dtype="f4")}, np.float32),
        ({"u": pd.array([1, None, 3, 4], "Int64")}, np.float64),
        ({"u": pd.array([1, 2, 3, 4], "Int64")}, np.int64),
        ({"u": pd.array([1, None, 3, 4], "Float32")}, np.float32),
        ({"u": pd.array([True, None, False, True], "boolean")}, np.float64),
    ],
)
def test_numbers_of_one_type_that_holds_them_all(columns, dtype):
    frame = pd.DataFrame({"a": [1, 1, 2, 2], **columns})
    X = from_long(frame, by="a")[0]
    expected = frame[[*columns]].astype(float).to_numpy(dtype=float, na_value=np.nan)
    assert {x.dtype for x in X} == {np.dtype(dtype)}
    np.testing.assert_array_equal(np.concatenate(X), expected)


def test_frames_keep_categories_text_and_time(long):
    long["kind"] = pd.Categorical(long["city"].str[:1])
    frames, _, ids = from_long(long, by="store", time="day", as_frames=True)
    for frame, (name, group) in zip(frames, grouped(long, "store", "day"), strict=True):
        assert_frame_equal(frame, group.set_index("day").drop(columns="store"))
        assert name in ids


def test_targets_missing_in_a_whole_entity_are_the_same_in_all_its_rows():
    frame = pd.DataFrame({"a": [1, 1, 2], "v": 0.0, "y": [np.nan, np.nan, 3]})
    np.testing.assert_array_equal(from_long(frame, "a", target="y")[1], [np.nan, 3])


def test_straight_into_an_estimator_in_folds_of_entities(long):
    X, y, ids = from_long(long, by="store", time="day", target="city")
    model, folds = make("GRUClassifier"), GroupKFold(2)
    mine = cross_val_predict(model, X, y, groups=ids, cv=folds)
    by_hand = [
        g[["price", "sold", "open"]].to_numpy() for _, g in grouped(long, "store", "day")
    ]
    hand = cross_val_predict(model, by_hand, y, groups=np.arange(7), cv=folds)
    assert mine.tolist() == hand.tolist()


# ------------------------------------------------------------------------------- and back


def test_round_trip(long):
    X, y, ids, times = from_long(long, "store", "day", "city", return_times=True)
    back = to_long(
        X,
        ids,
        times=times,
        targets=y,
        by="store",
        time="day",
        target="city",
        columns=["price", "sold", "open"],
    )
    expected = long.sort_values(["store", "day"]).reset_index(drop=True)
    assert_frame_equal(back[expected.columns.tolist()], expected)


def test_round_trip_of_frames_and_steps(long):
    long["city"] = pd.Categorical(long["city"])
    shared = {"by": ["store"], "target": ["sold"], "target_per": "step"}
    X, y, ids = from_long(long, time="day", as_frames=True, **shared)
    back = to_long(X, ids, targets=y, time="day", **shared)
    expected = long.sort_values(["store", "day"]).reset_index(drop=True)
    assert_frame_equal(back[expected.columns.tolist()], expected)


def test_predictions_for_every_step_come_back_on_the_time_axis(long):
    frame = long.drop(columns="city")
    X, y, ids, times = from_long(
        frame, "store", "day", "sold", target_per="step", return_times=True
    )
    model = make("RecurrentStepRegressor").fit(X, y)
    predicted = to_long(
        model.predict(X), ids, times=times, by="store", time="day", columns="predicted"
    )
    joined = frame.merge(predicted, on=["store", "day"], validate="one_to_one")
    for i, store in enumerate(ids):
        mine = joined[joined["store"] == store].sort_values("day")
        expected = model.predict(X)[i]
        np.testing.assert_array_equal(mine["predicted"], expected)


def test_blocks_and_labels_without_time():
    table = to_long([["N", "V"], ["N", "N"]], [7, 3], columns="tag", time=None)
    assert table.to_dict("list") == {"id": [7, 7, 3, 3], "tag": ["N", "V", "N", "N"]}
    table = to_long(np.arange(8).reshape(2, 2, 2), [("a", 1), ("b", 2)], by=["k", "n"])
    assert table.to_dict("list") == {
        "k": ["a", "a", "b", "b"],
        "n": [1, 1, 2, 2],
        "time": [0, 1, 0, 1],
        "x0": [0, 2, 4, 6],
        "x1": [1, 3, 5, 7],
    }


# --------------------------------------------------------------------------------- polars


def in_polars(frame):
    polars = pytest.importorskip("polars")
    columns = {
        name: column.dt.to_pydatetime().tolist()
        if column.dtype.kind == "M"
        else column.tolist()
        for name, column in frame.items()
    }
    table = polars.DataFrame(columns)
    zone = "Europe/Berlin"
    return table.with_columns(polars.col("day").dt.convert_time_zone(zone))


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("target_per", ["entity", "step"])
def test_polars_is_read_like_pandas(long, target_per):
    target = "city" if target_per == "entity" else "sold"
    frame = long if target_per == "entity" else long.drop(columns="city")
    params = {"by": "store", "time": "day", "target": target, "target_per": target_per}
    got = from_long(in_polars(frame), **params, return_times=True)
    expected = from_long(frame, **params, return_times=True)
    for one, other in zip(got, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    frames = from_long(in_polars(frame), **params, as_frames=True)[0]
    for a, b in zip(frames, from_long(frame, **params, as_frames=True)[0], strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.columns.equals(b.columns)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_polars_round_trip(long):
    polars = pytest.importorskip("polars")
    table = in_polars(long)
    X, y, ids, times = from_long(table, "store", "day", "city", return_times=True)
    stamps = [polars.Series(stamp.to_pydatetime().tolist()) for stamp in times]
    for given in (times, stamps):
        back = to_long(
            X,
            ids,
            times=given,
            targets=y,
            by="store",
            time="day",
            target="city",
            columns=["price", "sold", "open"],
            output="polars",
        )
        expected = table.sort("store", "day")
        assert back["day"].dtype.time_zone is not None
        day = back["day"].dt.convert_time_zone("Europe/Berlin").dt.cast_time_unit("us")
        assert expected.equals(back.with_columns(day)[expected.columns])


def test_sequences_of_polars_keep_their_names():
    polars = pytest.importorskip("polars")
    frames = [
        polars.DataFrame({"a": [1, 2], "b": ["x", None]}),
        polars.DataFrame({"a": [3], "b": ["y"]}),
    ]
    table = to_long(frames, polars.Series(["u", "v"]), time=None)
    assert table["a"].tolist() == [1, 2, 3]
    assert table["id"].tolist() == ["u", "u", "v"]
    back = to_long(frames, ["u", "v"], time=None, output="polars")
    assert back["b"].to_list() == ["x", None, "y"]


def test_types_of_polars_are_kept():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame(
        {
            "id": ["a", "a", "b"],
            "n": [1, None, 3],
            "flag": [True, None, False],
            "kind": polars.Series(["u", "v", "u"], dtype=polars.Categorical),
            "day": polars.Series(
                ["2024-01-01", "2024-01-02", "2024-01-01"]
            ).str.to_date(),
        }
    )
    X = from_long(table[["id", "n", "flag", "day"]], "id", "day")[0]
    np.testing.assert_array_equal(X[0], [[1, 1], [np.nan, np.nan]])
    frames = from_long(table, "id", "day", as_frames=True)[0]
    assert frames[0]["kind"].tolist() == ["u", "v"]
    assert isinstance(frames[0]["kind"].dtype, pd.CategoricalDtype)
    assert isinstance(frames[0].index, pd.DatetimeIndex)


# ------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"by": "shop"},
            r"by must be the name of one column of frame, got 'shop', .* \['price', 'sto",
        ),
        (
            {"time": "date"},
            r"time must be the name of one column of frame, got 'date', the name of 0",
        ),
        (
            {"target": ["city", "x"]},
            r"target must be the name of one column of frame, got 'x', the name of 0",
        ),
        ({"by": []}, r"by must name at least one column, got \[\]"),
        (
            {"by": ["store", "day"]},
            r"time must not be a column in by=\['store', 'day'\], got 'day'",
        ),
        (
            {"target": "sold"},
            r"target='sold' must be constant within each entity, got .* for 'a'.*'step'",
        ),
        ({"target_per": "row"}, "target_per must be 'entity' or 'step', got 'row'"),
        ({"time": None, "return_times": True}, "return_times=True needs time="),
    ],
)
def test_arguments_that_do_not_fit_the_frame(change, words, long):
    with pytest.raises(ValueError, match=words):
        from_long(long, **{"by": "store", "time": "day", "target": "city", **change})


def test_a_list_names_no_time(long):
    with pytest.raises(
        TypeError, match=r"by, time and target must be column labels, got \['day'\]"
    ):
        from_long(long, by="store", time=["day"])


def test_an_entity_has_each_time_once(long):
    twice = pd.concat([long, long.iloc[[4]]])
    store, day = long.iloc[4][["store", "day"]]
    with pytest.raises(ValueError, match=rf"1 row.*\('{store}', {day.date()}.*Drop"):
        from_long(twice, by="store", time="day", target="city")
    entities_share_times = long.assign(day=long.groupby("store").cumcount())
    assert len(from_long(entities_share_times, "store", "day", "city")[0]) == 7


@pytest.mark.parametrize("missing", [None, pd.NaT])
def test_missing_time_stamps(missing, long):
    long.loc[long.index[[2, 5]], "day"] = missing
    with pytest.raises(
        ValueError,
        match=r"time='day' must have a time stamp in every row, got 2 missing",
    ):
        from_long(long, by="store", time="day", target="city")


def test_missing_entities(long):
    long.loc[long.index[3], "store"] = None
    with pytest.raises(
        ValueError,
        match=r"by='store' must have an entity in every row, got 1 missing, .* in row 3",
    ):
        from_long(long, by="store", time="day", target="city")


def test_time_that_is_text(long):
    frame = long.assign(day=long["day"].dt.strftime("%d.%m.%Y"))
    with pytest.raises(
        TypeError, match="time='day' must hold dates or numbers, got text such"
    ):
        from_long(frame, by="store", time="day", target="city")


def test_time_that_is_text_of_iso_8601(long):
    """Across a change of the clocks, where the text sorts otherwise."""
    frame = long.assign(day=long["day"].astype(str))
    for got, expected in zip(
        from_long(frame, "store", "day", "city")[:2],
        from_long(long, "store", "day", "city")[:2],
        strict=True,
    ):
        assert_same([*got], [*expected])


def test_zones_do_not_mix(long):
    days = long["day"].astype(object)
    days.iloc[0] = pd.Timestamp("2024-01-01")
    with pytest.raises(
        TypeError,
        match="time='day' must hold time stamps that compare with each other, all with a",
    ):
        from_long(long.assign(day=days), by="store", time="day", target="city")


@pytest.mark.parametrize("dtype", [object, "str", "category", "datetime64[ns]", complex])
def test_columns_that_are_no_numbers(dtype, long):
    frame = long.assign(kind=pd.Series(["2024"] * 28, index=long.index).astype(dtype))
    with pytest.raises(TypeError, match=r"Columns must be numeric, got 'kind' \("):
        from_long(frame, by="store", time="day", target="city")


def test_frames_that_are_none():
    with pytest.raises(
        TypeError, match=r"frame must be a pandas or polars DataFrame .* got ndarray"
    ):
        from_long(np.zeros((3, 3)), by=0)
    with pytest.raises(ValueError, match="frame must have at least one row, got none"):
        from_long(pd.DataFrame({"a": [], "b": []}), by="a")
    with pytest.raises(ValueError, match="No column is left"):
        from_long(pd.DataFrame({"a": [1], "b": [2]}), by="a", target="b")
    with pytest.raises(
        ValueError, match=r"frame must have unique column names, got \['a'\] repeatedly"
    ):
        from_long(pd.DataFrame([[1, 2]], columns=["a", "a"]), by="a")
    both = pd.DataFrame({"a": [1], "b": [2]}, index=pd.Index([3], name="a"))
    with pytest.raises(ValueError, match="got 'a', which is both a column and an index"):
        from_long(both, by="a")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"ids": [1]}, "ids must hold one item for each of 2 sequences, got 1"),
        (
            {"times": [[1, 2], [1, 2]]},
            "times must hold one item for each step, got 2 for sequence 1, which has 1",
        ),
        (
            {"targets": [1, 2, 3]},
            "targets must hold one item for each of 2 sequences, got 3",
        ),
        ({"targets": [[1], [1]], "target_per": "step"}, "1 for sequence 0, which has 2"),
        (
            {"columns": ["a", "b"]},
            r"columns must have one name for each of 1 column\(s\), got \['a', 'b'\]",
        ),
        ({"columns": "id"}, r"\['id'\] would be the name of two columns"),
        (
            {"by": ["a", "b"]},
            r"ids must be tuples of 2, for the columns of by=\['a', 'b'\], got 7",
        ),
        ({"output": "arrow"}, "output must be 'pandas' or 'polars', got 'arrow'"),
        ({"target_per": "all"}, "target_per must be 'entity' or 'step', got 'all'"),
    ],
)
def test_parts_that_do_not_fit_together(arguments, words):
    with pytest.raises(ValueError, match=words):
        to_long(**{"sequences": [[0.5, 1.5], [2.5]], "ids": [7, 8], **arguments})


# ---------------------------------------------------------------------- static covariates


VISITS = pd.DataFrame(
    {
        "patient": ["b", "a", "b", "a", "a"],
        "day": [9, 3, 2, 1, 8],
        "pulse": [64.0, 80.0, 62.0, 75.0, 90.0],
        "age": [50, 61, 50, 61, 61],
        "sex": pd.Categorical(["f", "m", "f", "m", "m"]),
        "ill": [0, 1, 0, 1, 1],
    }
)


@pytest.mark.parametrize("as_polars", [False, True])
@pytest.mark.parametrize("static", ["age", ["sex", "age"], [3]])
def test_static_columns_stand_beside_the_sequences(static, as_polars):
    names = {"age": ["age"], str([3]): ["age"]}.get(str(static), ["sex", "age"])
    frame = VISITS if len(names) == 2 else VISITS.drop(columns="sex")
    if as_polars:
        frame = polars.DataFrame({name: frame[name].tolist() for name in frame})
    X, y, ids = from_long(frame, by="patient", time="day", target="ill", static=static)
    assert list(X.columns) == ["sequence", *names]
    assert ids.tolist() == ["a", "b"]
    assert y.tolist() == [1, 0]
    assert X["age"].tolist() == [61, 50]
    if "sex" in names:
        assert X["sex"].tolist() == ["m", "f"]
    assert [x.ravel().tolist() for x in X["sequence"]] == [[75, 80, 90], [62, 64]]


def test_static_columns_are_read_by_estimators():
    rng = np.random.default_rng(0)
    level = np.repeat(rng.normal(size=40), 5)
    frame = pd.DataFrame({"who": np.repeat(np.arange(40), 5), "level": level})
    frame["x"], frame["y"] = rng.normal(size=200), 3 * level
    X, y, _ = from_long(frame, by="who", target="y", static="level")
    model = make("GRURegressor", max_epochs=60, lr=0.02).fit(X[:30], y[:30])
    assert model.n_static_features_in_ == 1
    assert model.score(X[30:], y[30:]) > 0.9


def test_static_columns_that_vary_are_refused():
    with pytest.raises(ValueError, match=r"static='pulse' must be constant .* for 'a'"):
        from_long(VISITS, by="patient", time="day", static=["age", "pulse"])
    with pytest.raises(ValueError, match="No column is left"):
        from_long(VISITS[["patient", "age"]], by="patient", static="age")
