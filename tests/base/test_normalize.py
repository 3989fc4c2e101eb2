"""Sequences that are normalised by themselves, and targets with them.

The oracle is what one would write by hand: X and y are moved, an estimator without
``normalize`` is fitted, and its predictions are moved back.
"""

from __future__ import annotations

import pickle

import numpy as np
import onnxruntime
import pytest
from sklearn.model_selection import GridSearchCV

import sksequence
from helpers.data import ragged
from helpers.estimators import REGRESSORS, make
from helpers.processes import run_python
from sksequence._training import batches
from sksequence.forecasting import forecast_recursive
from sksequence.preprocessing import make_windows
from sksequence.utils import check_sequence_estimator

RNG = np.random.default_rng(0)
TABLE = 5 + RNG.normal(size=(90, 2)).cumsum(axis=0)
WINDOWS, AHEAD, _ = make_windows(TABLE, 12, 3)
X, Y = np.array(WINDOWS), AHEAD  # a copy: no views of one table
N = len(X)


def by_hand(how, X, season=None, n_ahead=3):
    """X as normalised, and level and spread of the targets (n, n_ahead, n_channels)."""
    level, spread = X[:, -1:], np.ones((len(X), 1, X.shape[2]))
    if how == "window":
        level, spread = X.mean(axis=1, keepdims=True), X.std(axis=1, keepdims=True)
    normal = (X - level) / spread
    level = np.repeat(level, n_ahead, axis=1)
    if season is not None:
        level = X[:, X.shape[1] - season + np.arange(n_ahead) % season]
    return normal, level, spread


WAYS = {
    "fit": ({}, lambda model, X, y: model.fit(X, y)),
    "weights": ({}, lambda model, X, y: model.fit(X, y, np.arange(N) % 3)),
    "partial_fit": (
        {},
        lambda model, X, y: model.partial_fit(X[:40], y[:40]).partial_fit(X[40:], y[40:]),
    ),
    "warm start": (
        {"warm_start": True},
        lambda model, X, y: model.fit(X[:40], y[:40]).fit(X[40:], y[40:]),
    ),
    "early stopping": (
        {"early_stopping": True, "validation_split": "random", "max_epochs": 5},
        lambda model, X, y: model.fit(X, y),
    ),
    "validation set": (
        {"early_stopping": True, "max_epochs": 5},
        lambda model, X, y: model.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:]),
    ),
    "not standardised": ({"standardize": False}, lambda model, X, y: model.fit(X, y)),
    "both ways": ({"bidirectional": True}, lambda model, X, y: model.fit(X, y)),
    "quantile": ({"loss": "quantile", "quantile": 0.8}, lambda m, X, y: m.fit(X, y)),
}


@pytest.mark.parametrize("season", [None, 1, 2, 12])
@pytest.mark.parametrize("how", ["last", "window"])
@pytest.mark.parametrize("way", WAYS)
def test_it_is_what_one_would_write_by_hand(way, how, season):
    params, fit = WAYS[way]
    normal, level, spread = by_hand(how, X, season)
    model = fit(make("GRURegressor", normalize=how, season=season, **params), X, Y)
    plain = fit(make("GRURegressor", **params), normal, (Y - level) / spread)
    expected = level + spread * plain.predict(normal)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5, atol=1e-5)
    names = ("train_loss", "valid_loss")
    for epoch, other in zip(model.history_, plain.history_, strict=True):
        losses = [[e[name] for name in names if name in e] for e in (epoch, other)]
        np.testing.assert_allclose(*losses, rtol=1e-4)


@pytest.mark.parametrize("name", REGRESSORS)
@pytest.mark.parametrize("how", ["last", "window"])
def test_a_network_without_an_answer_repeats_the_level(name, how):
    model = make(name, normalize=how, standardize=False).fit(X, Y)
    model.net_.module_.head.weight.data.zero_()
    model.net_.module_.head.bias.data.zero_()
    level = X[:, -1:] if how == "last" else X.mean(axis=1, keepdims=True)
    expected = np.repeat(level, 3, axis=1)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-14)


@pytest.mark.parametrize("how", ["last", "window"])
@pytest.mark.parametrize("season", [1, 4, 7, 12])
def test_a_network_without_an_answer_is_the_seasonal_naive_forecast(how, season):
    series = np.tile(np.arange(season) ** 2.0, 40)[:120]
    X, y, _ = make_windows(series, 12, 10)
    params = {"normalize": how, "season": season, "standardize": False}
    model = make("GRURegressor", **params).fit(X, y)
    model.net_.module_.head.weight.data.zero_()
    model.net_.module_.head.bias.data.zero_()
    # The series repeats its season, so this forecast is right to the bit.
    np.testing.assert_array_equal(model.predict(X), y)


# ---------------------------------------------------------------------- invariances


@pytest.mark.parametrize("how", ["last", "window"])
def test_a_level_added_to_each_sequence_is_added_to_its_prediction(how):
    model = make("GRURegressor", normalize=how, max_epochs=5).fit(X, Y)
    moved = 2.0 ** np.arange(N) % 1013
    moved = moved[:, None, None]
    expected = model.predict(X) + moved
    np.testing.assert_allclose(model.predict(X + moved), expected, rtol=1e-10)
    again = make("GRURegressor", normalize=how, max_epochs=5).fit(X + moved, Y + moved)
    np.testing.assert_allclose(again.predict(X + moved), expected, rtol=1e-4)


def test_a_factor_of_each_sequence_is_one_of_its_prediction():
    model = make("GRURegressor", normalize="window", max_epochs=5).fit(X, Y)
    factor = 2.0 ** (np.arange(N) % 40 - 20)[:, None, None]
    expected = model.predict(X) * factor
    np.testing.assert_array_equal(model.predict(X * factor), expected)
    again = make("GRURegressor", normalize="window", max_epochs=5)
    again.fit(X * factor, Y * factor)
    np.testing.assert_array_equal(again.predict(X * factor), expected)


@pytest.mark.parametrize("how", ["last", "window"])
def test_small_movements_far_from_zero_are_answered_in_float64(how):
    # Of integers, so that adding 2 ** 40 is exact.
    walk = np.cumsum(RNG.integers(-3, 4, size=90)).astype(float)
    X, y, _ = make_windows(walk, 8, 2)
    model = make("GRURegressor", normalize=how, max_epochs=5).fit(X, y)
    far = make("GRURegressor", normalize=how, max_epochs=5).fit(X + 2**40, y + 2**40)
    predicted = far.predict(X + 2**40)
    assert predicted.dtype == np.float64
    np.testing.assert_allclose(predicted - 2**40, model.predict(X), atol=1e-3)


def test_float32_is_answered_in_float64():
    model = make("GRURegressor", normalize="last").fit(X.astype(np.float32), Y)
    small = model.predict(X.astype(np.float32))
    assert small.dtype == np.float64
    np.testing.assert_array_equal(
        small, model.predict(X.astype(np.float32).astype(float))
    )


def test_a_sequence_is_answered_the_same_alone_in_any_batch_and_padded():
    items = [x.cumsum(axis=0) for x in ragged((9, 4, 7, 12, 5, 8, 6, 10) * 3)]
    y = np.array([x[-1] for x in items])
    for how in ("last", "window"):
        model = make("LSTMRegressor", normalize=how, season=3).fit(items, y)
        together = model.predict(items)
        alone = np.concatenate([model.predict([x]) for x in items])
        np.testing.assert_array_equal(together, alone)
        np.testing.assert_array_equal(model.predict(items[::-1])[::-1], together)


@pytest.mark.parametrize("how", ["last", "window"])
def test_a_walk_into_new_heights_is_followed(how):
    walk = np.random.default_rng(3).normal(0.3, 1.0, size=800).cumsum()
    X, y, _ = make_windows(walk, 16, 4)
    errors = {}
    for normalize in (None, how):
        model = make("GRURegressor", normalize=normalize, max_epochs=15)
        forecast = model.fit(X[:400], y[:400]).predict(X[420:])
        errors[normalize] = np.mean((forecast - y[420:]) ** 2)
    assert errors[how] < 0.1 * errors[None]


# ------------------------------------------------------------------------- channels


@pytest.mark.parametrize("how", ["last", "window"])
def test_covariates_and_static_columns_keep_their_level(how):
    covariate = np.where(RNG.uniform(size=N) < 0.5, 100.0, 300.0)
    beside = np.repeat(covariate[:, None], 12, axis=1)[:, :, None]
    both = np.concatenate([beside, X[:, :, :1]], axis=2)
    y = X[:, -1, 0] + covariate / 100
    params = {"hidden_size": 16, "max_epochs": 60, "normalize": how, "lr": 0.01}
    model = make("GRURegressor", **params, target_channels=1).fit(both[:60], y[:60])
    if how == "last":
        assert model.score(both[60:], y[60:]) > 0.98
    moved = np.concatenate([beside, X[:, :, :1] + 50], axis=2)
    expected = model.predict(both) + 50
    np.testing.assert_allclose(model.predict(moved), expected, rtol=1e-12)
    other = np.concatenate([beside + 50, X[:, :, :1]], axis=2)
    assert np.abs(model.predict(other) - model.predict(both)).max() > 0.01


def test_steps_of_one_channel_are_those_of_windows():
    both = make("GRURegressor", normalize="last", target_channels=(1,)).fit(X, Y[:, :, 1])
    cube = make("GRURegressor", normalize="last", target_channels=1).fit(X, Y[:, :, 1:])
    np.testing.assert_array_equal(both.predict(X)[:, :, None], cube.predict(X))


def test_one_step_of_several_channels_is_in_the_order_of_their_names():
    params = {"normalize": "last", "standardize": False}
    model = make("GRURegressor", **params, target_channels=(1, 0)).fit(X, Y[:, 0, ::-1])
    model.net_.module_.head.weight.data.zero_()
    model.net_.module_.head.bias.data.zero_()
    np.testing.assert_array_equal(model.predict(X), X[:, -1, ::-1])


@pytest.mark.parametrize("first", [False, True])
def test_channels_first_are_the_same(first):
    given = np.swapaxes(X, 1, 2) if first else X
    layout = "channels_first" if first else "channels_last"
    model = make("GRURegressor", normalize="window", data_format=layout).fit(given, Y)
    expected = make("GRURegressor", normalize="window").fit(X, Y).predict(X)
    np.testing.assert_array_equal(model.predict(given), expected)


# -------------------------------------------------------------------------- decoder

PROMOTION = RNG.integers(0, 2, size=90)
SALES = 50 + np.arange(90.0) + 10 * PROMOTION
PLANNED = np.column_stack([SALES, PROMOTION])


@pytest.mark.parametrize("season", [None, 4, 12])
@pytest.mark.parametrize("how", ["last", "window"])
def test_what_lies_ahead_counts_in_no_level(how, season, tmp_path):
    X, y, _ = make_windows(PLANNED, 12, 5, target=0, known=1)
    past = X[:, :12, :1]
    normal, level, spread = by_hand(how, past, season, n_ahead=5)
    ahead = (X[:, 12:, :1] - (X[:, 11:12, :1] - normal[:, -1:] * spread)) / spread
    normal = np.concatenate([normal, ahead], axis=1)
    normal = np.concatenate([normal, X[:, :, 1:]], axis=2)
    level, spread = level[:, :, 0], spread[:, 0]
    params = {"decoder": True, "max_epochs": 5}
    own = {"normalize": how, "season": season, "target_channels": 0}
    model = make("GRURegressor", **params, **own).fit(X, y)
    plain = make("GRURegressor", **params).fit(normal, (y - level) / spread)
    expected = level + spread * plain.predict(normal)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5, atol=1e-5)
    predictor = model.to_numpy()
    np.testing.assert_allclose(predictor.predict(X), model.predict(X), rtol=1e-5)
    model.to_onnx(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    inputs = {"X": X.astype(float), "lengths": np.full(len(X), 16)}
    (values,) = session.run(None, inputs)
    np.testing.assert_allclose(values, model.predict(X), rtol=1e-5)
    if season is not None:
        short = [*X[:3], X[3, : season + 3]]
        for one in (model, predictor):
            with pytest.raises(
                ValueError, match=f"season={season} steps, got {season - 1}"
            ):
                one.predict(short)


def test_a_plan_decides_on_sales_that_grow():
    X, y, _ = make_windows(PLANNED, 8, 4, target=0, known=1)
    params = {"decoder": True, "hidden_size": 16, "max_epochs": 40, "lr": 0.02}
    own = {"normalize": "last", "target_channels": 0}
    model = make("GRURegressor", **params, **own).fit(X[:55], y[:55])
    assert model.score(X[60:], y[60:]) > 0.9
    one, y, _ = make_windows(PLANNED, 8, 1, target=0, known=1)
    model = make("GRURegressor", **{**params, "decoder": False}, **own)
    model.fit(one[:60], y[:60, 0])
    plan = np.stack([PROMOTION[60 + i : 64 + i, None] for i in range(20)])
    windows = np.stack([PLANNED[52 + i : 60 + i] for i in range(20)])
    forecast = forecast_recursive(model, windows, 4, target=0, future=plan)
    truth = np.stack([SALES[60 + i : 64 + i] for i in range(20)])
    assert np.abs(forecast - truth).mean() < 1.5


# -------------------------------------------------------------------------- missing


@pytest.mark.parametrize("missing", ["mask", "decay"])
@pytest.mark.parametrize("how", ["last", "window"])
def test_what_is_missing_stays_missing(missing, how):
    gaps = np.where(RNG.uniform(size=X.shape) < 0.2, np.nan, X)
    time = np.tile(np.arange(12.0)[:, None] ** 1.5, (N, 1, 1))
    level = np.empty((N, 1, 2))
    for i, j in np.ndindex(N, 2):
        level[i, 0, j] = gaps[i, ~np.isnan(gaps[i, :, j]), j][-1]
    spread = np.ones((N, 1, 2))
    if how == "window":
        level = np.nanmean(gaps, axis=1, keepdims=True)
        spread = np.nanstd(gaps, axis=1, keepdims=True)
    normal = np.concatenate([(gaps - level) / spread, time], axis=2)
    params = {"missing": missing, "time_channel": 2}
    given = np.concatenate([gaps, time], axis=2)
    names = {"target_channels": (0, 1)}
    model = make("GRURegressor", **params, **names, normalize=how).fit(given, Y)
    if missing == "decay":
        # All channels but the time are those of the targets.
        same = make("GRURegressor", **params, normalize=how).fit(given, Y)
        np.testing.assert_array_equal(model.predict(given), same.predict(given))
    plain = make("GRURegressor", **params).fit(normal, (Y - level) / spread)
    expected = level + spread * plain.predict(normal)
    np.testing.assert_allclose(model.predict(given), expected, rtol=1e-5, atol=1e-5)


def test_targets_of_some_steps_may_be_missing():
    y = np.where(RNG.uniform(size=Y.shape) < 0.3, np.nan, Y)
    normal, level, spread = by_hand("window", X)
    model = make("GRURegressor", normalize="window").fit(X, y)
    plain = make("GRURegressor").fit(normal, (y - level) / spread)
    expected = level + spread * plain.predict(normal)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5, atol=1e-5)
    assert np.isfinite(model.score(X, y))


@pytest.mark.parametrize("how", ["last", "window"])
def test_a_constant_sequence_has_a_finite_answer(how):
    flat = np.concatenate([X, np.full((4, 12, 2), 7.0)])
    y = np.concatenate([Y, np.full((4, 3, 2), 7.0)])
    model = make("GRURegressor", normalize=how, standardize=False).fit(flat, y)
    model.net_.module_.head.weight.data.zero_()
    model.net_.module_.head.bias.data.zero_()
    np.testing.assert_array_equal(model.predict(flat[-4:]), y[-4:])


# -------------------------------------------------------------------------- scoring


def test_scores_are_in_units_of_y():
    params = {"normalize": "window", "early_stopping": True, "max_epochs": 1}
    model = make("GRURegressor", scoring="neg_mean_absolute_error", **params)
    model.fit(X[:60], Y[:60], X_val=X[60:], y_val=Y[60:])
    error = np.abs(model.predict(X[60:]) - Y[60:]).mean()
    assert model.history_[0]["valid_score"] == pytest.approx(-error, rel=1e-9)
    residual = ((model.predict(X) - Y) ** 2).sum(axis=0)
    total = ((Y - Y.mean(axis=0)) ** 2).sum(axis=0)
    assert model.score(X, Y) == pytest.approx(np.mean(1 - residual / total), rel=1e-9)


def test_a_search_may_turn_it_off():
    model = make("GRURegressor", season=4, target_channels=0)
    grid = {"normalize": [None, "last", "window"]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, Y[:, :, 0])
    assert len(search.cv_results_["params"]) == 3


# ------------------------------------------------------- storage and views of a table


def test_it_is_stored_and_goes_on_as_before(tmp_path):
    model = make("GRURegressor", normalize="window", season=4).partial_fit(X, Y)
    model.save(tmp_path / "m")
    for other in (
        sksequence.load(tmp_path / "m"),
        pickle.loads(pickle.dumps(model)),
    ):
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
        more = pickle.loads(pickle.dumps(model)).partial_fit(X[::-1], Y[::-1])
        other.partial_fit(X[::-1], Y[::-1])
        np.testing.assert_array_equal(other.predict(X), more.predict(X))


@pytest.mark.parametrize("how", ["last", "window"])
def test_windows_of_a_table_are_answered_as_copies_are(how, monkeypatch):
    params = {"normalize": how, "max_epochs": 3}
    expected = make("GRURegressor", **params).fit(X, Y).predict(X)
    whole = make("GRURegressor", **params).fit(WINDOWS, AHEAD)
    np.testing.assert_array_equal(whole.predict(WINDOWS), expected)
    # Too many to lie one behind the other in memory.
    monkeypatch.setattr(batches, "_LAID_OUT_VALUES", 0)
    part = make("GRURegressor", **params).fit(WINDOWS, AHEAD)
    np.testing.assert_array_equal(part.predict(WINDOWS), expected)


def test_sequences_in_files_are_answered_as_those_in_memory(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    expected = make("GRURegressor", normalize="window").fit(X, Y).predict(X)
    model = make("GRURegressor", normalize="window").fit(mapped, Y)
    np.testing.assert_array_equal(model.predict(mapped), expected)


# -------------------------------------------------------------------------- exports


@pytest.mark.parametrize("season", [None, 5])
@pytest.mark.parametrize("how", ["last", "window"])
@pytest.mark.parametrize("missing", ["error", "mask", "decay"])
@pytest.mark.parametrize(
    ("target_channels", "shape"), [(1, ()), (None, (3,)), ((2, 0), (7, 2))]
)
def test_exports_answer_the_same(missing, how, season, target_channels, shape, tmp_path):
    rng = np.random.default_rng(0)
    items = [1e9 + x.cumsum(axis=0) for x in ragged((9, 5, 7, 12, 5, 8, 6, 10), 3)]
    items[1][:, 1] = 1e9 + 4  # constant
    if missing != "error":
        for x in items:
            x[rng.uniform(size=x.shape) < 0.3] = np.nan
        items[2][:] = np.nan
    y = 1e9 + rng.normal(size=(len(items), *shape))
    params = {"normalize": how, "season": season, "target_channels": target_channels}
    model = make("GRURegressor", missing=missing, **params).fit(items, y)
    expected = model.predict(items)
    assert expected.dtype == np.float64
    predictor = model.to_numpy()
    np.testing.assert_allclose(predictor.predict(items) - 1e9, expected - 1e9, atol=4e-6)
    same = pickle.loads(pickle.dumps(predictor))
    np.testing.assert_array_equal(same.predict(items), predictor.predict(items))
    np.testing.assert_allclose(
        predictor.transform(items), model.transform(items), atol=1e-6
    )
    lengths = np.array([len(x) for x in items])
    padded = np.full((len(items), 14, 3), -7e300)
    for row, x in zip(padded, items, strict=True):
        row[: len(x)] = x
    model.to_onnx(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (values,) = session.run(None, {"X": padded, "lengths": lengths})
    assert values.shape == expected.shape
    np.testing.assert_allclose(values - 1e9, expected - 1e9, atol=4e-6)


def test_a_file_of_numpy_answers_the_same(tmp_path):
    model = make("GRURegressor", normalize="window", season=4).fit(X, Y)
    model.to_numpy(tmp_path / "model.py")
    np.save(tmp_path / "x.npy", X)
    code = (
        "import numpy as np; from model import predictor;"
        "print(*predictor.predict(np.load('x.npy')).ravel())"
    )
    printed = run_python(code, cwd=tmp_path)
    got = np.array(printed.split(), dtype=float)
    np.testing.assert_allclose(got, model.predict(X).ravel(), rtol=1e-5)


# -------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"loss": "poisson"}, "normalize must be None.*poisson.*counts"),
        ({"embedding_dim": 4}, "normalize must be None for tokens"),
        ({"season": 13}, "at least season=13 steps, got 12 in sequence 0"),
    ],
)
def test_what_does_not_go_together_is_refused_before_training(params, words):
    tokens = np.ones((N, 12), dtype=int) if "embedding_dim" in params else X
    model = make("GRURegressor", normalize="last", **params)
    with pytest.raises(ValueError, match=words):
        model.fit(tokens, np.abs(Y))
    assert not hasattr(model, "net_")


def test_a_sequence_shorter_than_the_season_is_named():
    model = make("GRURegressor", normalize="last", season=6).fit(X, Y)
    short = [*X[:3], X[3, :5]]
    with pytest.raises(ValueError, match=r"season=6 steps, got 5 in sequence 3"):
        model.predict(short)
    with pytest.raises(ValueError, match=r"season=6 steps, got 5"):
        model.to_numpy().predict(short)


def test_prefixes_and_streams_say_why_they_cannot_be():
    model = make("GRURegressor", normalize="window").fit(X, Y)
    for call in (lambda: model.predict_prefixes(X), model.open_stream):
        with pytest.raises(ValueError, match="every prefix has another scale"):
            call()
    with pytest.raises(ValueError, match="read all of it before"):
        model.to_numpy().open_stream()


def test_it_must_not_change_between_calls_of_partial_fit():
    model = make("GRURegressor", normalize="last").partial_fit(X, Y)
    with pytest.raises(ValueError, match="normalize='window' cannot continue"):
        model.set_params(normalize="window").partial_fit(X, Y)


@pytest.mark.parametrize("how", ["last", "window"])
def test_the_contract_holds(how):
    model = make("GRURegressor", normalize=how, target_channels=0)
    check_sequence_estimator(model)
