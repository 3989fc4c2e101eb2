"""Channels and static columns of categories, whose levels are embedded."""

from __future__ import annotations

import json
import pickle

import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import sksequence
from helpers.data import objects
from helpers.estimators import make
from helpers.processes import run_python
from sksequence.preprocessing import from_long, make_windows

SHOPS = [f"shop {i}" for i in range(8)]
EFFECT = 3 * np.random.default_rng(9).normal(size=8)
LEARNS = {"hidden_size": 16, "pooling": "last", "max_epochs": 25, "lr": 0.03}


def task(n, seed):
    """Values and shops of each step; the last shop decides, and the last value."""
    rng = np.random.default_rng(seed)
    values, shops, y = [], [], []
    for length in rng.integers(4, 9, size=n):
        values.append(rng.normal(size=length))
        shops.append(rng.integers(0, 8, size=length))
        y.append(EFFECT[shops[-1][-1]] + values[-1][-1])
    return values, shops, np.array(y)


def frames(values, shops, names=SHOPS, dtype=object):
    return [
        pd.DataFrame({"v": v, "shop": pd.Series([names[k] for k in s], dtype=dtype)})
        for v, s in zip(values, shops, strict=True)
    ]


VALUES, CODES, Y = task(240, 0)
TEST_VALUES, TEST_CODES, TEST_Y = task(80, 1)
X, X_TEST = frames(VALUES, CODES), frames(TEST_VALUES, TEST_CODES)


@pytest.fixture(scope="module")
def fitted():
    return make("GRURegressor", **LEARNS).fit(X, Y)


def test_a_category_that_decides_is_learnt(fitted):
    assert fitted.score(X_TEST, TEST_Y) > 0.98
    assert list(fitted.feature_names_in_) == ["v", "shop"]
    assert fitted.n_features_in_ == 2
    without = make("GRURegressor", **LEARNS).fit(VALUES, Y)
    assert without.score(TEST_VALUES, TEST_Y) < 0.5


@pytest.mark.parametrize("dtype", ["category", "string"])
def test_every_dtype_of_text_is_the_same(fitted, dtype):
    others = frames(VALUES, CODES, dtype=dtype)
    model = make("GRURegressor", **LEARNS).fit(others, Y)
    expected = fitted.predict(X_TEST)
    got = model.predict(frames(TEST_VALUES, TEST_CODES, dtype=dtype))
    np.testing.assert_array_equal(got, expected)


def test_frames_of_polars_are_the_same(fitted):
    tables = [pl.DataFrame({"v": f["v"].to_numpy(), "shop": [*f["shop"]]}) for f in X]
    model = make("GRURegressor", **LEARNS).fit(tables, Y)
    np.testing.assert_array_equal(model.predict(X_TEST), fitted.predict(X_TEST))
    tests = [t.with_columns(pl.col("shop").cast(pl.Categorical)) for t in tables[:5]]
    np.testing.assert_array_equal(model.predict(tests), fitted.predict(X[:5]))


def test_arrays_of_codes_or_of_objects_are_the_same(fitted):
    expected = fitted.predict(X_TEST)
    names = make("GRURegressor", **LEARNS, categorical_features=[1])
    arrays = [np.column_stack(pair) for pair in zip(VALUES, CODES, strict=True)]
    tests = [np.column_stack(pair) for pair in zip(TEST_VALUES, TEST_CODES, strict=True)]
    got = clone(names).fit(arrays, Y).predict(tests)
    np.testing.assert_array_equal(got, expected)
    held = [f.to_numpy(dtype=object) for f in X]
    model = clone(names).fit(held, Y)
    got = model.predict([f.to_numpy(dtype=object) for f in X_TEST])
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("given", [["shop"], [False, True], [1]])
def test_columns_of_numbers_may_be_named(fitted, given):
    others = frames(VALUES, CODES, names=np.arange(8) * 10 - 30, dtype=float)
    tests = frames(TEST_VALUES, TEST_CODES, names=np.arange(8) * 10 - 30, dtype=float)
    model = make("GRURegressor", **LEARNS, categorical_features=given).fit(others, Y)
    np.testing.assert_array_equal(model.predict(tests), fitted.predict(X_TEST))


def test_names_of_levels_and_their_order_change_no_number(fitted):
    other = [name[::-1] for name in reversed(SHOPS)]
    renamed = frames(VALUES, CODES, other)
    model = make("GRURegressor", **LEARNS).fit(renamed, Y)
    got = model.predict(frames(TEST_VALUES, TEST_CODES, other))
    np.testing.assert_array_equal(got, fitted.predict(X_TEST))
    one = [f.assign(shop=pd.Categorical(f["shop"], SHOPS[::-1])) for f in X]
    model = make("GRURegressor", **LEARNS).fit(one, Y)
    np.testing.assert_array_equal(model.predict(X_TEST), fitted.predict(X_TEST))


def test_levels_that_fit_has_not_seen_have_the_unknown_vector():
    model = make("GRURegressor", max_epochs=3).fit(X, Y)
    table = model.net_.module_.categories.tables[0].weight
    assert not table[0].any()  # never trained
    new = [f.assign(shop="new") for f in X_TEST]
    expected = model.predict(new)
    for missing in (None, np.nan, "", pd.NA):
        other = [f.assign(shop=pd.Series([missing] * len(f), dtype=object)) for f in new]
        np.testing.assert_array_equal(model.predict(other), expected)
    known = model._reading.categories.levels_by_id[0].index("shop 3") + 1
    table.data[known] = 0
    third = [f.assign(shop="shop 3") for f in X_TEST]
    np.testing.assert_array_equal(model.predict(third), expected)


def test_levels_of_the_validation_set_alone_are_unknown():
    first = [f.assign(shop=f["shop"].replace("shop 7", "shop 6")) for f in X]
    params = {"early_stopping": True, "max_epochs": 3}
    model = make("GRURegressor", **params).fit(first, Y, X_val=X[:20], y_val=Y[:20])
    assert model._network["categories"] == ((1, 7, 5),)
    held = make("GRURegressor", early_stopping=True, validation_split="last")
    held.fit([*first[:216], *X[216:]], Y)
    assert held._network["categories"] == ((1, 7, 5),)
    eighth, new = ([f.assign(shop=s) for f in X_TEST] for s in ("shop 7", "never"))
    np.testing.assert_array_equal(held.predict(eighth), held.predict(new))


def test_partial_fit_knows_the_levels_of_its_first_call():
    model = make("GRURegressor")
    few = [f.assign(shop=f["shop"].replace("shop 7", "shop 6")) for f in X]
    model.partial_fit(few, Y).partial_fit(X, Y)
    assert "shop 7" not in model._reading.categories.levels_by_id[0]
    # The unknown vector was trained on it.
    assert model.net_.module_.categories.tables[0].weight[0].abs().max() > 0
    assert np.isfinite(model.predict(X_TEST)).all()


def test_numbers_beside_are_standardised_as_without(fitted):
    alone = make("GRURegressor", max_epochs=1).fit(VALUES, Y)
    np.testing.assert_array_equal(fitted._reading.mean, [alone._reading.mean[0], 0])
    np.testing.assert_array_equal(fitted._reading.scale, [alone._reading.scale[0], 1])


def test_a_large_vocabulary_is_read_in_the_same_way():
    levels = [f"item {i}" for i in range(10_000)]
    rng = np.random.default_rng(0)
    many = [
        pd.DataFrame({"item": [levels[k] for k in part], "v": rng.normal(size=4)})
        for part in rng.permutation(10_000).reshape(-1, 4)
    ]
    model = make("GRURegressor", max_epochs=1, batch_size=500)
    model.fit(many, rng.normal(size=len(many)))
    assert model._network["categories"] == ((0, 10_000, 50),)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(many[:9]), model.predict(many)[:9])


@pytest.mark.parametrize("name", ["RecurrentTagger", "RecurrentStepRegressor"])
def test_every_step_is_answered_alone_as_in_a_batch(name):
    labels = [s > 3 for s in CODES]
    y = labels if name == "RecurrentTagger" else [s.astype(float) for s in CODES]
    model = make(name, hidden_size=16, max_epochs=25, lr=0.02).fit(X, y)
    assert model.score(X, y) > 0.98
    together = model.predict(X_TEST)
    for x, answer in zip(X_TEST, together, strict=True):
        np.testing.assert_array_equal(model.predict([x])[0], answer)


def test_sequences_are_answered_the_same_alone_and_in_any_order(fitted):
    together = fitted.predict(X_TEST)
    alone = np.concatenate([fitted.predict([x]) for x in X_TEST])
    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(fitted.predict(X_TEST[::-1])[::-1], together)
    np.testing.assert_array_equal(fitted.predict(objects(X_TEST)), together)


# ------------------------------------------------------------------- static columns


def static_table(values, codes, dtype=object):
    last = pd.Series([SHOPS[s[-1]] for s in codes], dtype=dtype)
    return pd.DataFrame(
        {"size": [float(len(v)) for v in values], "x": objects(values), "shop": last}
    )


STATIC, STATIC_TEST = static_table(VALUES, CODES), static_table(TEST_VALUES, TEST_CODES)


@pytest.fixture(scope="module")
def with_static():
    return make("GRURegressor", **LEARNS).fit(STATIC, Y)


def test_a_static_category_that_decides_is_learnt(with_static):
    assert with_static.score(STATIC_TEST, TEST_Y) > 0.98
    assert with_static.n_static_features_in_ == 2
    one = make("GRURegressor", **LEARNS).fit(static_table(VALUES, CODES, "category"), Y)
    np.testing.assert_array_equal(
        one.predict(STATIC_TEST), with_static.predict(STATIC_TEST)
    )


def test_an_unseen_static_level_is_unknown(with_static):
    new = with_static.predict(STATIC_TEST.assign(shop="new"))
    np.testing.assert_array_equal(with_static.predict(STATIC_TEST.assign(shop=None)), new)
    module = with_static.net_.module_
    saved = pickle.loads(pickle.dumps(with_static))
    table = module.static_categories.tables[0].weight.detach()
    level = with_static._reading.static.categories.levels_by_id[0].index("shop 2") + 1
    saved.net_.module_.static_categories.tables[0].weight.data[level] = table[0]
    np.testing.assert_array_equal(saved.predict(STATIC_TEST.assign(shop="shop 2")), new)


def test_static_text_is_refused_if_categories_are():
    model = make("GRURegressor", categorical_features=None)
    with pytest.raises(ValueError, match=r"'shop' holds 'shop.*expected numbers"):
        model.fit(STATIC, Y)
    with pytest.raises(ValueError, match=r"holds text.*expected numbers"):
        model.fit(X, Y)


def test_static_columns_of_a_long_table_are_embedded():
    long = pd.concat(
        [
            pd.DataFrame({"id": i, "t": range(len(v)), "v": v, "shop": SHOPS[s[-1]]})
            for i, (v, s) in enumerate(zip(VALUES, CODES, strict=True))
        ]
    )
    table, _, _ = from_long(long, by="id", time="t", static="shop")
    model = make("GRURegressor", **LEARNS).fit(table, Y)
    assert model.score(table, Y) > 0.98
    varying = long.assign(shop=np.concatenate([[SHOPS[k] for k in s] for s in CODES]))
    sequences, _, _ = from_long(varying, by="id", time="t", as_frames=True)
    model = make("GRURegressor", **LEARNS).fit(sequences, Y)
    assert model.score(sequences, Y) > 0.98


def test_codes_in_windows_are_channels_of_numbers():
    rng = np.random.default_rng(0)
    day = np.arange(300) % 7
    sales = np.array([3.0, 8, 1, 9, 4, 20, 2])[day] + rng.normal(0, 0.1, 300)
    windows, y, _ = make_windows(np.column_stack([sales, day]), 4, 1, target=0, known=1)
    model = make("GRURegressor", **LEARNS, categorical_features=[1])
    assert model.fit(windows[:200], y[:200, 0]).score(windows[204:], y[204:, 0]) > 0.98


def test_searches_and_folds_take_frames():
    scores = cross_val_score(make("GRURegressor", **LEARNS), X, Y, cv=3)
    assert scores.min() > 0.9


# -------------------------------------------------------------- files, exports, streams


def table_of(kind):
    """Sequences with two categories, numbers, times and gaps; as a static table too."""
    rng = np.random.default_rng(2)
    tables = []
    for length in rng.integers(4, 9, size=20):
        table = pd.DataFrame(
            {
                "k": rng.choice(list("abcd"), length),
                "v": rng.normal(size=length),
                "q": rng.integers(0, 5, length) * 10.0,
                "t": np.arange(length) * 1.5,
            }
        )
        if kind != "error":
            table.loc[rng.uniform(size=length) < 0.3, "v"] = np.nan
        tables.append(table)
    towns = rng.choice(["u", "v", "w"], len(tables))
    static = pd.DataFrame({"a": rng.normal(size=20), "x": tables, "town": towns})
    return tables, static, rng.normal(size=20)


KINDS = [
    {},
    {"missing": "mask", "bidirectional": True},
    {"missing": "decay", "time_channel": 3, "bidirectional": True},
    {"missing": "decay", "conv_channels": (4,)},
    {"normalize": "window", "target_channels": 1, "parallel_channels": (3, 3, 3)},
]


@pytest.mark.parametrize("has_static", [False, True])
@pytest.mark.parametrize("params", KINDS, ids=str)
def test_they_are_stored_and_exported(params, has_static, tmp_path):
    tables, static, y = table_of(params.get("missing", "error"))
    X = static if has_static else tables
    model = make("GRURegressor", **params, categorical_features=["q"]).fit(X, y)
    expected = model.predict(X)
    model.save(tmp_path / "m")
    for other in (sksequence.load(tmp_path / "m"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(X), expected)
        more = pickle.loads(pickle.dumps(model)).partial_fit(X, y)
        np.testing.assert_array_equal(other.partial_fit(X, y).predict(X), more.predict(X))
    beside = static[["a", "town"]].to_numpy(dtype=object) if has_static else None
    predictor = model.to_numpy()
    np.testing.assert_allclose(predictor.predict(tables, beside), expected, atol=2e-6)
    again = pickle.loads(pickle.dumps(predictor))
    np.testing.assert_array_equal(
        again.predict(tables, beside), predictor.predict(tables, beside)
    )
    got = run_onnx(model, tables, beside, tmp_path / "m.onnx")
    np.testing.assert_allclose(got, expected, atol=2e-6)


def run_onnx(model, tables, beside, path):
    """Ids in the place of levels, by what the file says of itself."""
    model.to_onnx(path)
    session = onnxruntime.InferenceSession(path)
    told = session.get_modelmeta().custom_metadata_map
    kind = session.get_inputs()[0].type
    dtype = np.float64 if kind == "tensor(double)" else np.float32
    lengths = np.array([len(table) for table in tables])
    padded = np.full((len(tables), 10, 4), 77, dtype=dtype)
    for row, table in zip(padded, tables, strict=True):
        row[: len(table)] = with_ids(table.to_numpy(dtype=object), told["categories"])
    inputs = {"X": padded, "lengths": lengths}
    if beside is not None:
        inputs["static"] = with_ids(beside, told["static_categories"])
    return session.run(None, inputs)[0]


def with_ids(rows, told):
    rows = rows.copy()
    for category in json.loads(told):
        j, levels = category["column"], category["levels"]
        rows[:, j] = [levels.index(v) + 1 if v in levels else 0 for v in rows[:, j]]
    return rows.astype(float)


def test_streams_read_levels(fitted):
    stream = fitted.open_stream()
    for row in X_TEST[0].to_numpy(dtype=object):
        last = stream.step(row)
    assert last == pytest.approx(fitted.predict(X_TEST[:1])[0], abs=1e-5)
    both = fitted.open_stream(2)
    steps = [np.array([f.iloc[i] for f in X_TEST[:2]], dtype=object) for i in range(4)]
    for rows in steps:
        last = both.step(rows)
    expected = fitted.predict([f[:4] for f in X_TEST[:2]])
    np.testing.assert_allclose(last, expected, atol=1e-5)
    state = pickle.loads(pickle.dumps(both))
    np.testing.assert_array_equal(state.step(steps[0]), both.step(steps[0]))
    again = both.reset().step(steps[0])
    np.testing.assert_array_equal(again, fitted.open_stream(2).step(steps[0]))
    prefixes = fitted.predict_prefixes(X_TEST[:1])[0]
    assert prefixes[-1] == pytest.approx(fitted.predict(X_TEST[:1])[0], abs=1e-6)


def test_a_file_of_numpy_reads_levels(fitted, tmp_path):
    fitted.to_numpy(tmp_path / "model.py")
    code = """
        from model import predictor
        print(*predictor.predict([[[0.5, "shop 1"], [1, "new"]], [[2, "shop 4"]]]))
    """
    got = [float(x) for x in run_python(code, cwd=tmp_path).split()]
    tables = [
        pd.DataFrame({"v": [0.5, 1], "shop": ["shop 1", "new"]}),
        pd.DataFrame({"v": [2.0], "shop": ["shop 4"]}),
    ]
    np.testing.assert_allclose(got, fitted.predict(tables), atol=1e-5)


def test_categories_alone_need_no_numbers(tmp_path):
    alone = [f[["shop"]] for f in X]
    y = np.array([EFFECT[s[-1]] for s in CODES])
    model = make("GRURegressor", **LEARNS).fit(alone, y)
    assert model.score(alone, y) > 0.98
    expected = model.predict(alone)
    np.testing.assert_allclose(model.to_numpy().predict(alone), expected, atol=2e-6)
    model.to_onnx(tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    told = session.get_modelmeta().custom_metadata_map["categories"]
    ids = with_ids(alone[0].to_numpy(dtype=object), told).astype(np.float32)
    inputs = {"X": ids[None], "lengths": np.array([len(ids)])}
    np.testing.assert_allclose(session.run(None, inputs)[0], expected[:1], atol=2e-6)


# -------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"categorical_features": [7]}, "positions of the 2 channel"),
        ({"categorical_features": ["town"]}, r"names among \['v', 'shop'\]"),
        (
            {"categorical_features": [0], "missing": "mask"},
            "all of X hold categories",
        ),
        (
            {"categorical_features": [0], "missing": "decay", "time_channel": 0},
            "must not hold time_channel=0",
        ),
        ({"normalize": "last", "target_channels": 1}, r"different channels of \[0\]"),
        ({"categorical_features": [1], "embedding_dim": 3}, "one token per step"),
    ],
)
def test_what_does_not_go_together_is_refused(params, words):
    model = make("GRURegressor", **params)
    with pytest.raises(ValueError, match=words):
        model.fit(X, Y)
    assert not hasattr(model, "net_")


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_numbers_and_other_columns_are_refused_at_predict(fitted):
    for wrong, words in [
        ([f.assign(shop=3.0) for f in X_TEST], "holds 3.0 where fit had categories"),
        ([f[["shop", "v"]] for f in X_TEST], "feature names"),
        ([f[["v"]] for f in X_TEST], "feature names"),
    ]:
        with pytest.raises(ValueError, match=words):
            fitted.predict(wrong)
    arrays = [f.to_numpy(dtype=object) for f in X]
    model = make("GRURegressor", categorical_features=[1]).fit(arrays, Y)
    for wrong in ([np.zeros((4, 2))], np.zeros((3, 4, 2)), [X[0], np.zeros((4, 2))]):
        for one in (model, fitted):
            with pytest.raises(ValueError, match=r"text in channel\(s\) \[1\], as in"):
                one.predict(wrong)
    later = make("GRURegressor").fit(VALUES, Y)
    with pytest.raises(ValueError, match="holds text"):
        later.predict([f[["shop"]] for f in X_TEST])
