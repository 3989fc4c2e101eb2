"""Films in every layout, to labels, numbers and frames."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.utils.estimator_checks import parametrize_with_checks

import sksequence
from helpers.estimators import EXACT, FAST, make
from sksequence import ConvLSTMClassifier, ConvLSTMRegressor
from sksequence.utils import check_sequence_estimator

SMALL = {**FAST, "hidden_size": 4}


@pytest.fixture(scope="module")
def films():
    """Twenty films of five frames of 6 x 7 with two channels."""
    return np.random.default_rng(0).normal(size=(20, 5, 6, 7, 2))


def dots(n, seed=0, n_steps=6):
    """A dot wanders down or to the right."""
    rng = np.random.default_rng(seed)
    X = np.zeros((n, n_steps, 8, 8), dtype=np.float32)
    y = np.array(["down", "right"])[rng.integers(0, 2, size=n)]
    for film, way in zip(X, y, strict=True):
        row, column = rng.integers(0, 8, size=2)
        for t, frame in enumerate(film):
            down, right = (t, 0) if way == "down" else (0, t)
            frame[(row + down) % 8, (column + right) % 8] = 1
    return X, y


@pytest.mark.no_cover  # slower with it, and others cover what it covers
@parametrize_with_checks(
    [
        ConvLSTMClassifier(hidden_size=8, lr=0.05, max_epochs=12),
        ConvLSTMRegressor(hidden_size=16, lr=0.04, max_epochs=12),
    ],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": (
            "a repeated row changes what shares a mini-batch with what"
        )
    },
)
def test_scikit_learn_cannot_tell_them_from_its_own(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "model",
    [
        ConvLSTMClassifier(**SMALL),
        ConvLSTMRegressor(**SMALL, patch_size=2, peephole=True, pooling="last"),
        ConvLSTMClassifier(**SMALL, bidirectional=True, pooling="attention"),
    ],
)
def test_the_contract_holds(model):
    results = check_sequence_estimator(model, on_fail=None)
    assert not [r for r in results if r["status"] == "failed"]


def test_frames_to_come_alone_are_those_in_company(films):
    X = [film[:n] for film, n in zip(films, [5, 3, 4, 1] * 5, strict=True)]
    model = ConvLSTMRegressor(**SMALL).fit(X, films[:, :2])
    together = model.predict(X)
    for x, frames in zip(X, together, strict=True):
        np.testing.assert_array_equal(model.predict([x])[0], frames)


# ----------------------------------------------------------------------------- learning


def test_directions_are_told_apart():
    X, y = dots(80)
    model = ConvLSTMClassifier(hidden_size=8, lr=0.02, max_epochs=15, random_state=0)
    assert model.fit(X[:60], y[:60]).score(X[60:], y[60:]) >= 0.9
    assert list(model.classes_) == ["down", "right"]


@pytest.mark.parametrize("patch_size", [1, 2])
def test_frames_to_come_are_better_than_the_last(patch_size):
    X, _ = dots(100, n_steps=8)
    model = ConvLSTMRegressor(
        hidden_size=16, lr=0.02, max_epochs=15, patch_size=patch_size, random_state=0
    )
    model.fit(X[:80, :6], X[:80, 6:])
    truth = X[80:, 6:]
    error = np.square(truth - model.predict(X[80:, :6])).sum(axis=(2, 3)).mean()
    last = np.square(truth - X[80:, 5:6]).sum(axis=(2, 3)).mean()
    assert error < 0.5 * last


# ------------------------------------------------------------------------------ layouts


@pytest.mark.parametrize(
    "target",
    [
        np.s_[:, 0],  # the next frame
        np.s_[:, :1],  # one frame in a film of them
        np.s_[:, :3],
        np.s_[:, 0, 0, 0, 0],  # a number
        np.s_[:, 0, 0, 0],  # two numbers
    ],
)
def test_answers_have_the_shape_of_y(films, target):
    y = films[target]
    model = ConvLSTMRegressor(**SMALL).fit(films, y)
    assert model.predict(films).shape == y.shape
    expected = r2_score(y.reshape(-1), model.predict(films).reshape(-1))
    if y.ndim > 2:
        assert model.score(films, y) == pytest.approx(expected)


def test_a_channels_axis_of_one_may_be_left_out(films):
    with_axis, without = films[..., :1], films[..., 0]
    one = ConvLSTMRegressor(**SMALL).fit(with_axis, with_axis[:, 0])
    other = ConvLSTMRegressor(**SMALL).fit(without, without[:, 0])
    np.testing.assert_array_equal(one.predict(with_axis)[..., 0], other.predict(without))


def test_channels_first_is_another_order_of_the_same(films):
    first = np.moveaxis(films, -1, 2)
    last = ConvLSTMRegressor(**SMALL).fit(films, films[:, :2])
    other = ConvLSTMRegressor(**SMALL, data_format="channels_first")
    other.fit(first, first[:, :2])
    np.testing.assert_array_equal(
        np.moveaxis(other.predict(first), 2, -1), last.predict(films)
    )


@pytest.mark.parametrize("container", [list, "object", "memmap"])
def test_containers_hold_the_same_films(films, container, tmp_path):
    y = np.arange(len(films)) % 2
    plain = ConvLSTMClassifier(**SMALL).fit(films, y).predict_proba(films)
    if container == "memmap":
        X = np.memmap(tmp_path / "films", mode="w+", dtype=float, shape=films.shape)
        X[:] = films
    else:
        X = list(films)
        if container == "object":
            X = np.empty(len(films), dtype=object)
            X[:] = list(films)
    again = ConvLSTMClassifier(**SMALL).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(again, plain)


def test_units_of_the_frames_do_not_matter(films):
    y = films[:, :2]
    model = ConvLSTMRegressor(**SMALL).fit(films, y)
    scaled = ConvLSTMRegressor(**SMALL).fit(1000 * films, 5 + 100 * y)
    np.testing.assert_allclose(
        scaled.predict(1000 * films), 5 + 100 * model.predict(films), atol=0.5
    )


# ------------------------------------------------------------------- scikit-learn's tools


def test_searches_and_folds_over_films_of_unequal_length(films):
    X = [film[: 2 + i % 4] for i, film in enumerate(films)]
    y = np.arange(len(X)) % 2
    model = ConvLSTMClassifier(**SMALL)
    search = GridSearchCV(model, {"kernel_size": [1, 3], "patch_size": [1, 2]}, cv=2)
    assert search.fit(X, y).predict(X).shape == (20,)
    scores = cross_validate(ConvLSTMRegressor(**SMALL), X, films[:, 0], cv=2)
    assert np.isfinite(scores["test_score"]).all()
    frames = cross_val_predict(ConvLSTMRegressor(**SMALL), X, films[:, :2], cv=2)
    assert frames.shape == films[:, :2].shape


def test_a_fit_goes_on_and_is_stored(films):
    model = ConvLSTMRegressor(**SMALL).partial_fit(films, films[:, 0])
    stored = pickle.loads(pickle.dumps(model))
    for one in (model, stored):
        one.partial_fit(films, films[:, 0])
    np.testing.assert_array_equal(model.predict(films), stored.predict(films))
    assert model.n_epochs_ == 2
    assert clone(model).get_params() == model.get_params()
    assert model.transform(films).shape == (20, 4)


def test_weights_weigh_films(films):
    weight = np.r_[np.ones(10), np.zeros(10)]
    y = films[:, :2]
    weighted = ConvLSTMRegressor(**SMALL).fit(films, y, sample_weight=weight)
    without = ConvLSTMRegressor(**SMALL).fit(films[:10], y[:10])
    np.testing.assert_allclose(weighted.predict(films), without.predict(films), atol=1e-5)
    one = without.score(films[:10], y[:10])
    assert without.score(films, y, sample_weight=weight) == pytest.approx(one)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "poisson", "quantile"])
def test_frames_by_every_loss(films, loss):
    y = np.abs(films[:, :2])
    frames = ConvLSTMRegressor(**SMALL, loss=loss).fit(films, y).predict(films)
    assert frames.shape == y.shape
    assert loss != "poisson" or (frames > 0).all()


# ---------------------------------------------------------------------- kernels and lines


def test_kernels_per_axis_are_kernels_of_frames_turned(films):
    """Frames with height and width exchanged, and kernels likewise."""
    turned = films.swapaxes(2, 3)
    params = {**SMALL, "max_epochs": 3, "dtype": "float64"}
    one = ConvLSTMRegressor(kernel_size=((1, 3),), **params).fit(films, films[:, 0])
    other = ConvLSTMRegressor(kernel_size=(3, 1), **params).fit(turned, turned[:, 0])
    # Equal at the start, as the weights are drawn in the same order.
    np.testing.assert_allclose(
        one.predict(films), other.predict(turned).swapaxes(1, 2), atol=1e-9
    )


@pytest.mark.parametrize("kernel_size", [(1, 3), ((1, 3), (1, 5)), (3, (1, 3))])
def test_lines_of_pixels_are_told_apart(kernel_size, tmp_path):
    """A bright pixel wanders to the left or to the right; no single frame says which."""
    rng = np.random.default_rng(0)
    right = rng.integers(0, 2, 60)
    place = rng.integers(0, 9, 60)[:, None] + np.where(right, 1, -1)[:, None] * np.arange(
        4
    )
    lines = np.eye(9)[place % 9].reshape(60, 4, 1, 9, 1)
    depth = 1 if kernel_size == (1, 3) else 2
    params = {"hidden_size": 8, "lr": 0.02, "max_epochs": 25, "random_state": 0}
    model = ConvLSTMClassifier(kernel_size=kernel_size, num_layers=depth, **params)
    model.fit(lines[:40], right[:40])
    assert model.score(lines[40:], right[40:]) > 0.9
    model.save(tmp_path / "model")
    back = sksequence.load(tmp_path / "model")
    np.testing.assert_array_equal(back.predict_proba(lines), model.predict_proba(lines))
    assert back.get_params() == model.get_params()


@pytest.mark.parametrize(
    ("shape", "params", "words"),
    [
        ((1, 7), {}, r"kernel_size=3 is wider .* 1 x 7 pixels .* of 2 channel"),
        ((6, 7), {"kernel_size": 9}, r"kernel_size=9 is wider .* 6 x 7 pixels"),
        ((6, 7), {"patch_size": 4}, r"kernel_size=3 is wider .*patch_size=4"),
    ],
)
def test_kernels_wider_than_frames_read_zeros_and_a_warning_says_so(shape, params, words):
    films = np.random.default_rng(0).normal(size=(12, 3, *shape, 2))
    with pytest.warns(UserWarning, match=f"{words}.*channels_last"):
        model = ConvLSTMRegressor(**SMALL, **params).fit(films, films[:, 0])
    frames = model.predict(films)
    assert frames.shape == films[:, 0].shape
    assert np.isfinite(frames).all()


# ----------------------------------------------------------------------------- bad input


def _fit(**params):
    return lambda X, y: ConvLSTMRegressor(**{**SMALL, **params}).fit(X, y)


def _refit(X, y):
    model = ConvLSTMRegressor(**SMALL).partial_fit(np.ones((3, 2, 6, 7, 2)), np.ones(3))
    return model.partial_fit(X, y)


ONES = np.ones((4, 3, 6, 7, 2))


@pytest.mark.parametrize(
    ("fit", "X", "y", "message"),
    [
        (_fit(kernel_size=2), ONES, ONES[:, 0], "kernel_size must be odd"),
        (_fit(kernel_size=(3, 2)), ONES, ONES[:, 0], r"must be odd.*got .*\(3, 2\)"),
        (
            _fit(kernel_size=(3, 3, 3)),
            ONES,
            ONES[:, 0],
            r"\(height, width\).*\(3, 3, 3\)",
        ),
        (_fit(kernel_size=((3, 3, 3),)), ONES, ONES[:, 0], r"one int.*\(\(3, 3, 3\),\)"),
        (_fit(kernel_size=(1.5, 3)), ONES, ONES[:, 0], "kernel_size must be int.*1.5"),
        (_fit(), ONES[..., 0, 0], ONES[:, 0], r"dim 3, .*dim 4 or 5 .*height, width"),
        (_fit(), ONES[:, :0], np.ones(4), "Sequence 0 is empty"),
        (_fit(), [ONES[0], ONES[1, :, :3]], np.ones(2), "Sequence 1 has frames of 3 x 7"),
        (_fit(), [ONES[0], ONES[1, ..., 0]], np.ones(2), "Sequence 1 .* axis of ch"),
        (_fit(), [ONES[0], ONES[1, ..., :1]], np.ones(2), "Sequence 1 has 1 channel"),
        (_fit(), [ONES[0], ONES[1, 0, 0]], np.ones(2), "Sequence 1 has shape"),
        (_fit(), ONES * np.nan, np.ones(4), r"NaN: sequence 0 .* pixel \(0, 0\)"),
        (_fit(), ONES, ONES[:, 0] * np.nan, "y contains NaN"),
        (
            _fit(),
            ONES,
            ONES[:, 0, :5],
            r"y must have frames of 6 x 7 \(height x width\), as X, got 5 x 7",
        ),
        (
            _fit(),
            ONES,
            ONES[:, :, :, :, 0, None, None],
            r"y must be frames in the layout of X, \(n_videos, height, width",
        ),
        (_fit(), ONES, ONES[:3, 0], "inconsistent"),
        (_fit(), ONES, None, "requires y"),
        (_refit, ONES, ONES[:, 0], r"1 frame\(s\) per video, expected numbers"),
        (_refit, ONES[:, :, :5], np.ones(4), "X has frames of 5 x 7"),
    ],
)
def test_bad_input_is_refused(fit, X, y, message):
    with pytest.raises(ValueError, match=message):
        fit(X, y)


@pytest.mark.parametrize("name", ["kernel_size", "patch_size", "peephole"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "a", None])
def test_hyperparameters_out_of_range_are_refused(name, value):
    model = sksequence.ConvLSTMClassifier(**{name: value})
    with pytest.raises((ValueError, TypeError), match=name):
        model.fit(ONES, [0, 1, 0, 1])


def test_numbers_may_be_missing_one_by_one(films):
    """The loss is the mean over those that are given; of frames none may be missing."""
    y = np.column_stack([films[:, 0].mean(axis=(1, 2, 3)), np.arange(20.0)])
    y[::3, 0] = y[1::4, 1] = np.nan
    still = {**EXACT, "max_epochs": 1, "lr": 1e-30}
    model = make("ConvLSTMRegressor", **still).fit(films, np.where(np.isnan(y), None, y))
    errors = (model.predict(films) - y) / np.nanstd(y, axis=0)
    expected = np.nanmean(errors**2)
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-8)
    given = ~np.isnan(y)
    predicted = model.predict(films)
    scores = [r2_score(y[g, i], predicted[g, i]) for i, g in enumerate(given.T)]
    assert model.score(films, y) == pytest.approx(np.mean(scores), rel=1e-12)
    frames = films[:, -1].copy()
    frames[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="y contains NaN"):
        model.fit(films, frames)
