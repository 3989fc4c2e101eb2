"""Values that were not observed, and times, as estimators read them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

import sksequence
from helpers.estimators import make
from helpers.gaps import GAPS, LABELS, LENGTHS, TIMES, with_gaps, with_time
from sksequence.nn import SequenceNetwork
from sksequence.utils import check_sequence_estimator

# ---------------------------------------------------------------------------- estimators


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(
    "params",
    [
        {"cell": "gru"},
        {"cell": "lstm", "conv_channels": (4,), "conv_kernel_size": 3},
        {"cell": "rnn", "bidirectional": True, "parallel_channels": (3, 3, 3)},
    ],
    ids=str,
)
def test_masks_are_channels_beside_what_was_imputed(params, standardize):
    """The same bits as with the mean and the mask put there by hand."""
    X = [10 * x + 5 for x in GAPS]
    values = np.concatenate(X)
    mean, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    masks = [~np.isnan(x) for x in X]
    if standardize:
        filled = [np.where(np.isnan(x), 0, (x - mean) / scale) for x in X]
    else:
        filled = [np.where(np.isnan(x), mean, x) for x in X]
    by_hand = [np.hstack(parts) for parts in zip(filled, masks, strict=True)]
    model = make("RecurrentClassifier", missing="mask", standardize=standardize, **params)
    plain = clone(model).set_params(missing="error", standardize=False)
    got = model.fit(X, LABELS).predict_proba(X)
    expected = plain.fit(by_hand, LABELS).predict_proba(by_hand)
    np.testing.assert_allclose(got, expected, rtol=2e-5)


@pytest.mark.parametrize("missing", ["mask", "decay"])
def test_every_way_to_say_nothing_is_the_same(missing):
    table = np.random.default_rng(0).normal(size=(8, 6))
    table[[1, 3, 7], [2, 0, 5]] = np.nan
    model = make("GRUClassifier", missing=missing)
    expected = clone(model).fit(table, LABELS).predict_proba(table)
    none = table.astype(object)
    none[np.isnan(table)] = None
    na = pd.DataFrame(table).astype("Float64")
    for X in (none, na, pd.DataFrame(table), list(table), [[*row] for row in none]):
        np.testing.assert_array_equal(
            clone(model).fit(X, LABELS).predict_proba(X), expected
        )


@pytest.mark.parametrize("missing", ["mask", "decay"])
@pytest.mark.parametrize("name", ["LSTMClassifier", "RecurrentTagger"])
def test_stored_and_held_are_the_same_to_the_bit(name, missing, tmp_path):
    X = np.stack(with_gaps(np.random.default_rng(0).normal(size=(10, 6, 2))))
    X = np.insert(X, 1, np.arange(6) ** 2, axis=2)
    y = np.arange(10) % 2
    y = np.repeat(y[:, None], 6, axis=1) if name == "RecurrentTagger" else y
    np.save(tmp_path / "X.npy", X)
    stored = np.load(tmp_path / "X.npy", mmap_mode="r")
    model = make(name, missing=missing, time_channel=1)
    held = clone(model).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(model.fit(stored, y).predict_proba(stored), held)


@pytest.mark.parametrize("missing", ["mask", "decay"])
def test_what_was_never_observed_is_no_number_that_hurts(missing):
    X = [np.insert(x, 1, np.nan, axis=1) for x in GAPS]
    X[2][:] = np.nan
    model = make("LSTMRegressor", missing=missing).fit(X, LABELS.astype(float))
    assert np.isfinite(model.predict(X)).all()
    # Later it may well be observed; in training there was nothing to scale it by.
    assert np.isfinite(model.predict(np.ones((1, 4, 3)))).all()


def test_the_tag_follows_the_hyperparameter():
    model = make("GRURegressor")
    for missing, expected in {"error": False, "mask": True, "decay": True}.items():
        tags = get_tags(model.set_params(missing=missing))
        assert tags.input_tags.allow_nan is expected
    assert not get_tags(sksequence.ConvLSTMRegressor()).input_tags.allow_nan


def test_missing_is_searchable():
    X, y = GAPS * 2, np.tile(LABELS, 2)
    search = GridSearchCV(
        make("GRUClassifier"), {"missing": ["mask", "decay"]}, cv=2, error_score="raise"
    )
    assert search.fit(X, y).best_params_["missing"] in ("mask", "decay")


# ---------------------------------------------------------------------------------- time


def answers(X, **params):
    model = make("GRUClassifier", missing="decay", **params)
    return model.fit(X, LABELS).predict_proba(X)


def test_times_one_apart_are_no_times():
    X = with_time(GAPS, [np.arange(n) for n in LENGTHS])
    np.testing.assert_array_equal(answers(X, time_channel=1), answers(GAPS))


def test_neither_origin_nor_unit_of_the_time_count():
    expected = answers(with_time(GAPS, TIMES), time_channel=1)
    # As seconds since 1970, from which float32 could not tell such steps.
    later = [2.0**31 + 8 * t for t in TIMES]
    np.testing.assert_array_equal(
        answers(with_time(GAPS, later), time_channel=1), expected
    )


def test_without_decay_the_time_is_a_channel():
    X = with_time(GAPS, TIMES)
    model = make("GRUClassifier", missing="mask")
    expected = clone(model).fit(X, LABELS).predict_proba(X)
    model.set_params(time_channel=1)
    np.testing.assert_array_equal(model.fit(X, LABELS).predict_proba(X), expected)


@pytest.mark.parametrize("time_channel", [None, 1])
def test_windows_that_share_their_rows_are_windows(time_channel):
    rows = np.column_stack([np.concatenate(GAPS)[:20, 0], np.arange(20) ** 1.5])
    views = [rows[i : i + 8] for i in range(12)]
    model = make("GRUClassifier", missing="decay", time_channel=time_channel)
    y = np.arange(12) % 2
    expected = clone(model).fit([x.copy() for x in views], y).predict_proba(views)
    np.testing.assert_array_equal(model.fit(views, y).predict_proba(views), expected)


# ------------------------------------------------------------------------------ learning


def test_what_is_missing_tells_the_class():
    """Noise of which one class lacks the first half more often, the other the second."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=120)
    X = rng.normal(size=(120, 10, 1))
    lost = np.where((np.arange(10) < 5) == y[:, None], 0.8, 0.1)
    X[rng.uniform(size=(120, 10)) < lost] = np.nan
    kwargs = {"hidden_size": 16, "max_epochs": 20, "lr": 0.02, "random_state": 0}
    for missing in ("mask", "decay"):
        model = sksequence.GRUClassifier(missing=missing, **kwargs)
        assert model.fit(X[:80], y[:80]).score(X[80:], y[80:]) > 0.9
    imputed = np.where(np.isnan(X), rng.normal(size=X.shape), X)
    model = sksequence.GRUClassifier(**kwargs).fit(imputed[:80], y[:80])
    assert model.score(imputed[80:], y[80:]) < 0.8


def test_how_long_ago_an_observation_was_tells_the_answer():
    """A dose is measured once; what is left of it depends on the time alone."""
    rng = np.random.default_rng(0)
    time = rng.exponential(size=(120, 6)).cumsum(axis=1)
    dose = np.full((120, 6), np.nan)
    dose[:, 0] = rng.choice([-1, 1], size=120)
    y = dose[:, 0] * np.exp(-0.3 * (time[:, -1] - time[:, 0]))
    X = np.stack([dose, time], axis=2)
    kwargs = {"hidden_size": 16, "max_epochs": 30, "lr": 0.02, "random_state": 0}
    model = sksequence.GRURegressor(missing="decay", pooling="last", **kwargs)
    without = clone(model).fit(X[:80, :, :1], y[:80]).score(X[80:, :, :1], y[80:])
    model.set_params(time_channel=1)
    assert model.fit(X[:80], y[:80]).score(X[80:], y[80:]) > 0.97 > 0.93 > without


# ----------------------------------------------------------------------------- bad input


CUBE = np.random.default_rng(0).normal(size=(8, 6, 2)).cumsum(axis=1)
ORDERED = np.stack([CUBE[..., 0], np.tile(np.arange(6.0), (8, 1))], axis=2)


def changed(X, at, value):
    X = X.copy()
    X[at] = value
    return X


BAD = {
    "infinity": ({}, changed(CUBE, (3, 2, 1), np.inf), "infinity: sequence 3 .*step 2"),
    "infinity beside NaN": (
        {},
        changed(changed(CUBE, (3, 1, 0), np.nan), (3, 2, 1), -np.inf),
        "infinity: sequence 3 does at step 2, channel 1",
    ),
    "1e300": ({}, changed(CUBE, (3, 2, 1), 1e300), "too large for .*float32"),
    "no such time": (
        {"time_channel": 2},
        CUBE,
        "time_channel must be the position of a channel beside .* got 2",
    ),
    "nothing but time": (
        {"time_channel": 0},
        CUBE[..., 0],
        "time_channel must be the position of a channel beside .* got 0",
    ),
    "time back": (
        {"time_channel": 1},
        changed(ORDERED, (3, 2, 1), 0.5),
        "time goes back from 1.0 to 0.5 at step 2 of sequence 3",
    ),
    "time unknown": (
        {"time_channel": 1},
        changed(ORDERED, (5, 4, 1), np.nan),
        "time is NaN at step 4 of sequence 5",
    ),
    "time infinite": (
        {"time_channel": 1},
        changed(ORDERED, (5, 5, 1), np.inf),
        "infinity: sequence 5 does at step 5, channel 1",
    ),
    "tokens": ({"embedding_dim": 4}, [[1, 2]] * 8, "missing='decay'.*embedding_dim"),
}


@pytest.mark.parametrize(("params", "X", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_named(params, X, words):
    model = make("GRUClassifier", missing="decay", **params)
    with pytest.raises(ValueError, match=words):
        model.fit(X, LABELS)
    assert not hasattr(model, "net_")


def test_bad_times_are_named_at_predict_too():
    model = make("GRUClassifier", missing="decay", time_channel=1).fit(ORDERED, LABELS)
    with pytest.raises(ValueError, match="step 2 of sequence 3"):
        model.predict(BAD["time back"][1])
    assert model.predict(ORDERED[:, :1]).shape == (8,)


def test_nan_is_refused_without_missing_and_the_way_out_is_named():
    model = make("GRUClassifier").fit(CUBE, LABELS)
    gap = changed(CUBE, (3, 2, 1), np.nan)
    for call in (model.predict, lambda X: clone(model).fit(X, LABELS)):
        with pytest.raises(ValueError, match=r'NaN: sequence 3 .*step 2.*missing="mask"'):
            call(gap)


def test_decay_cannot_be_cut_into_chunks():
    model = make("RecurrentTagger", missing="decay", bptt_steps=3)
    with pytest.raises(ValueError, match=r'bptt_steps=3.*missing="decay"'):
        model.fit(CUBE, np.zeros((8, 6)))
    net = SequenceNetwork(2, 1, missing="decay", per_step=True)
    with pytest.raises(ValueError, match="decay"):
        net.advance(torch.zeros(1, 3, 2))


def test_masked_chunks_are_the_whole():
    net = SequenceNetwork(2, 1, missing="mask", per_step=True).double().eval()
    X = torch.from_numpy(GAPS[3])[None]
    first, state = net.advance(X[:, :5])
    second, _ = net.advance(X[:, 5:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), net(X))


# ------------------------------------------------------------------------------ promises


QUICK = {"hidden_size": 6, "max_epochs": 1, "batch_size": 12}


@pytest.mark.parametrize(
    "model",
    [
        sksequence.GRUClassifier(missing="mask", **QUICK),
        sksequence.LSTMClassifier(missing="decay", time_channel=1, **QUICK),
        sksequence.SimpleRNNRegressor(
            missing="decay", bidirectional=True, num_layers=2, pooling="last", **QUICK
        ),
        sksequence.GRUClassifier(
            missing="decay", conv_channels=(5,), conv_stride=2, dtype="float64", **QUICK
        ),
        sksequence.RecurrentTagger(
            missing="decay", cell="gru", time_channel=0, dtype="float64", **QUICK
        ),
    ],
    ids=str,
)
def test_the_contract_holds(model):
    check_sequence_estimator(model)


ENOUGH = {"hidden_size": 16, "max_epochs": 15, "lr": 0.05}


@pytest.mark.no_cover  # slower with it, and others cover what it covers
@parametrize_with_checks(
    [
        sksequence.SimpleRNNClassifier(missing="mask", **ENOUGH),
        sksequence.SimpleRNNRegressor(missing="decay", **ENOUGH),
    ],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": (
            "a repeated row changes what shares a mini-batch with what"
        )
    },
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
