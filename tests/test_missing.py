"""Values that were not observed: masked or decayed, by the equations and by relations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import make, ragged
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

import sksequence
from sksequence._inputs import (
    Sequences,
    StoredSequences,
    mean_gap,
    observed_moments,
    sequences,
)
from sksequence.nn import DecayMissing, MaskMissing, SequenceNetwork, StateDecay
from sksequence.utils import check_sequence_estimator

LENGTHS = (9, 4, 7, 12, 5, 8, 6, 10)
LABELS = np.arange(len(LENGTHS)) % 2


def with_gaps(X, share=0.3, seed=1):
    rng = np.random.default_rng(seed)
    return [np.where(rng.uniform(size=x.shape) < share, np.nan, x) for x in X]


def with_time(X, times):
    """The time as channel 1."""
    return [np.insert(x, 1, t, axis=1) for x, t in zip(X, times, strict=True)]


GAPS = with_gaps(ragged(LENGTHS))
TIMES = [
    np.random.default_rng(i).integers(1, 5, size=n).cumsum().astype(float)
    for i, n in enumerate(LENGTHS)
]


# -------------------------------------------------------------- the equations, by hand


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step_by_hand(cell, x, hidden, memory, w, u, b, c):
    """One step of a cell, in torch's order of the gates."""
    n = len(hidden)
    from_x, from_h = w @ x + b, u @ hidden + c
    if cell == "rnn":
        return np.tanh(from_x + from_h), memory
    if cell == "gru":
        r, z = np.split(sigmoid(from_x[: 2 * n] + from_h[: 2 * n]), 2)
        new = np.tanh(from_x[2 * n :] + r * from_h[2 * n :])
        return (1 - z) * new + z * hidden, memory
    i, f, g, o = np.split(from_x + from_h, 4)
    memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(memory), memory


def elapsed_by_hand(mask, time):
    """Equation 3 of Che et al."""
    delta = np.zeros(mask.shape)
    for t in range(1, len(mask)):
        gap = time[t] - time[t - 1]
        delta[t] = np.where(mask[t - 1], gap, gap + delta[t - 1])
    return delta


def decayed_by_hand(values, time, rate, bias):
    """Equations 4 and 5; the mean is zero."""
    mask = ~np.isnan(values)
    delta = elapsed_by_hand(mask, time)
    last, rows = np.zeros(values.shape[1]), []
    for x, m, d in zip(values, mask, delta, strict=True):
        last = np.where(m, x, last)
        gamma = np.exp(-np.maximum(0, rate * d + bias))
        rows.append(np.concatenate([np.where(m, x, gamma * last), m]))
    return np.array(rows)


def states_by_hand(cell, layer, fade, x, delta):
    """Equations 4 and 7 to 10: the state fades, then the cell."""
    w, u, b, c = (p.detach().numpy() for p in layer.parameters())
    rate, bias = (p.detach().numpy() for p in fade.parameters())
    hidden = memory = np.zeros(layer.hidden_size)
    states = []
    for step, d in zip(x, delta, strict=True):
        gamma = np.exp(-np.maximum(0, rate @ d + bias))
        hidden, memory = step_by_hand(
            cell, step, gamma * hidden, gamma * memory, w, u, b, c
        )
        states.append(hidden)
    return np.array(states)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("time_channel", [None, 1])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_decay_is_gru_d_of_the_paper(cell, bidirectional, time_channel, training):
    size = 2 if time_channel is None else 3
    net = SequenceNetwork(
        size,
        1,
        cell=cell,
        hidden_size=5,
        bidirectional=bidirectional,
        missing="decay",
        time_channel=time_channel,
    ).double()
    generator = torch.Generator().manual_seed(0)
    net.reset_parameters(generator)
    for name, parameter in net.named_parameters():
        if "bias" in name or "fades" in name:
            torch.nn.init.normal_(parameter, generator=generator)
    net.train(training)
    X = GAPS if time_channel is None else with_time(GAPS, TIMES)
    lengths = torch.tensor(LENGTHS)
    # What stands behind an end must not be read.
    batch = torch.full((len(X), 14, size), 7e5, dtype=torch.float64)
    for row, x in zip(batch, X, strict=True):
        row[: len(x)] = torch.from_numpy(x)
    got = net.states(batch, lengths)[0].detach().numpy()

    layer, reader = net.recurrence.layers[0], net.reader
    rates = reader.rate.detach().numpy(), reader.bias.detach().numpy()
    for i, (x, n) in enumerate(zip(GAPS, LENGTHS, strict=True)):
        time = np.arange(n) if time_channel is None else TIMES[i]
        read = decayed_by_hand(x, time, *rates)
        since = elapsed_by_hand(~np.isnan(x), time)
        expected = states_by_hand(cell, layer.ahead, layer.fades[0], read, since)
        if bidirectional:
            until = elapsed_by_hand(~np.isnan(x)[::-1], -time[::-1])
            back = states_by_hand(cell, layer.back, layer.fades[1], read[::-1], until)
            expected = np.concatenate([expected, back[::-1]], axis=1)
        np.testing.assert_allclose(got[i, :n], expected, rtol=1e-9, atol=1e-12)


def test_without_gaps_decay_reads_what_is_there_and_starts_without_fading():
    X = torch.randn(3, 7, 2, generator=torch.Generator().manual_seed(0))
    reader, fade = DecayMissing(2), StateDecay(2, 4)
    assert torch.equal(reader(X), torch.cat([X, torch.ones(3, 7, 2)], 2))
    since, until = reader.elapsed(X)
    assert torch.equal(since, until.flip(1))
    torch.testing.assert_close(fade(since), torch.ones(3, 7, 4))


def test_values_fade_towards_the_mean():
    reader = DecayMissing(1, fill=(10.0,))
    torch.nn.init.constant_(reader.rate, np.log(2))
    X = torch.tensor([[[np.nan], [26.0], [np.nan], [np.nan]]])
    got = reader(X)[0, :, 0].detach()
    torch.testing.assert_close(got, torch.tensor([10.0, 26, 18, 14]))


# ----------------------------------------------------------------- what the mean is of


def end_to_end(X, stored=False):
    lengths = np.array([len(x) for x in X])
    if stored:
        return StoredSequences(list(X), lengths)
    return Sequences(np.concatenate(X), lengths)


@pytest.mark.parametrize("chunk", [1, 20, 2**20])
@pytest.mark.parametrize("stored", [False, True], ids=["held", "stored"])
def test_moments_are_those_of_what_was_observed(chunk, stored, monkeypatch):
    monkeypatch.setattr(sequences, "_CHUNK_VALUES", chunk)
    X = [x + 100 for x in with_gaps(ragged(n_channels=4))]
    for x in X[:4]:
        x[:, 1] = np.nan  # a whole chunk lacks it
    for x in X[5:]:
        x[:, 2] = np.nan
    values = np.concatenate(X)
    mean, scale = observed_moments(end_to_end(X, stored), None)
    np.testing.assert_allclose(mean, np.nanmean(values, axis=0), rtol=1e-14)
    np.testing.assert_allclose(scale, np.nanstd(values, axis=0), rtol=1e-10)
    if chunk == 2**20:
        theirs = StandardScaler().fit(values)
        np.testing.assert_allclose(scale, theirs.scale_, rtol=1e-12)


def test_weights_repeat_and_zeros_leave_out():
    weight = np.array([0, 1, 2, 0, 3, 1, 0, 2])
    repeated = [x for x, w in zip(GAPS, weight, strict=True) for _ in range(w)]
    got = observed_moments(end_to_end(GAPS), weight / 3)
    np.testing.assert_allclose(got, observed_moments(end_to_end(repeated), None))


def test_constants_and_channels_never_observed():
    X = np.tile([0.1, np.nan, -1e6, 0], (1000, 1))
    mean, scale = observed_moments(end_to_end([X, X]), None)
    np.testing.assert_allclose(mean, [0.1, 0, -1e6, 0])
    np.testing.assert_array_equal(scale, 1)


def test_mean_gap_counts_what_passes_within_sequences():
    X = [t[:, None] for t in TIMES]
    gaps = [np.diff(t) for t in TIMES]
    expected = np.concatenate(gaps).mean()
    assert mean_gap(end_to_end(X), 0, None) == pytest.approx(expected)
    only = np.array([0, 0, 1, 0, 0, 0, 0, 0])
    assert mean_gap(end_to_end(X), 0, only) == pytest.approx(gaps[2].mean())
    assert mean_gap(end_to_end([np.full((4, 1), 7.0)]), 0, None) == 1


# ------------------------------------------------------------------------- estimators


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


# ------------------------------------------------------------------------------- time


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


# --------------------------------------------------------------------------- learning


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


# -------------------------------------------------------------------------- bad input

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
    "no such time": ({"time_channel": 2}, CUBE, "time_channel=2 .*2 channel"),
    "nothing but time": ({"time_channel": 0}, CUBE[..., 0], "time_channel=0 .*1 chann"),
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


@pytest.mark.parametrize(
    ("layer", "params"),
    [
        (MaskMissing, {"fill": (1.0,)}),
        (DecayMissing, {"fill": (1.0, 2.0, 3.0)}),
        (DecayMissing, {"time_channel": 2}),
    ],
)
def test_layers_name_what_does_not_fit(layer, params):
    with pytest.raises(ValueError, match=next(iter(params))):
        layer(2, **params)


# --------------------------------------------------------------------------- promises

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
