"""Features of cheap baselines, against loops that follow their definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from helpers.data import ragged
from sksequence import ConvLSTMClassifier, GRUClassifier, GRURegressor
from sksequence.ensemble import DeepEnsembleClassifier
from sksequence.inspection._features import (
    _KERNELS,
    LastValue,
    PaddedSteps,
    RandomConvolutions,
    Summaries,
    TokenCounts,
)
from sksequence.inspection._reading import fill_gaps, network_of, reading_of
from sksequence.preprocessing import SlidingWindow

X = ragged((9, 4, 7, 12, 5, 8, 6, 10, 1))


# ----------------------------------------------------------------------------- summaries


def test_summaries_by_definition():
    rows = Summaries().fit_transform(X)
    for x, row in zip(X, rows, strict=True):
        expected = []
        for channel in x.T:
            slope = np.polyfit(np.arange(len(x)), channel, 1)[0] if len(x) > 1 else 0.0
            moves = np.abs(np.diff(channel)).mean() if len(x) > 1 else 0.0
            extremes = channel.min(), channel.max(), channel[0], channel[-1]
            expected.append([channel.mean(), channel.std(), *extremes, slope, moves])
        flat = np.transpose(expected).ravel()
        np.testing.assert_allclose(row, [*flat, np.log(len(x))], atol=1e-12)


def test_features_do_not_depend_on_the_container():
    block = np.stack([x[:4] for x in X[:-1]])
    for features in (Summaries(), PaddedSteps(), RandomConvolutions(random_state=0)):
        expected = features.fit_transform(block)
        first = np.moveaxis(block, 1, 2)
        for same in (list(block), block.tolist(), block.astype(object)):
            np.testing.assert_array_equal(features.fit_transform(same), expected)
        turned = features.set_params(channels_first=True).fit_transform(first)
        np.testing.assert_array_equal(turned, expected)
        features.set_params(channels_first=False)
        one = features.fit_transform(block[:, :, :1])
        np.testing.assert_array_equal(features.fit_transform(block[:, :, 0]), one)


def test_static_covariates_and_text_are_further_columns():
    frames = [
        pd.DataFrame({"a": x[:, 0], "kind": np.where(x[:, 1] > 0, "u", "d")}) for x in X
    ]
    table = pd.DataFrame(
        {"series": frames, "age": np.arange(9.0), "site": ["s", "t", "s"] * 3}
    )
    features = Summaries().fit(table)
    rows = features.transform(table)
    share = [np.mean(frame["kind"] == "u") for frame in frames]
    means = rows[:, :3]  # of a, and of the kinds in the order in which they are met
    np.testing.assert_allclose(means[:, 0], [x[:, 0].mean() for x in X])
    kinds = [frames[0]["kind"][0], {"u": "d", "d": "u"}[frames[0]["kind"][0]]]
    np.testing.assert_allclose(means[:, 1 + kinds.index("u")], share)
    np.testing.assert_array_equal(rows[:, -3], np.arange(9.0))
    np.testing.assert_array_equal(rows[:, -2:].argmax(axis=1), [0, 1, 0] * 3)
    unseen = features.transform(table.assign(site="elsewhere"))
    np.testing.assert_array_equal(unseen[:, -2:], 0)
    np.testing.assert_array_equal(unseen[:, :-2], rows[:, :-2])


def test_gaps_are_filled_by_what_was_seen():
    x = np.array([[np.nan, 1, np.nan], [2, np.nan, np.nan], [np.nan, 3, np.nan]])
    filled = np.array([[2, 1, 0], [2, 1, 0], [2, 3, 0]])
    np.testing.assert_array_equal(fill_gaps(x), filled)
    for features in (Summaries(), PaddedSteps(), RandomConvolutions(random_state=0)):
        rows = features.fit_transform([x, *[y[:, [0, 1, 1]] for y in X]])
        expected = features.fit_transform([filled, *[y[:, [0, 1, 1]] for y in X]])
        np.testing.assert_array_equal(rows, expected)


# --------------------------------------------------------------------------------- steps


def test_steps_are_standardised_and_padded_with_zeros():
    features = PaddedSteps().fit(X[:5])
    steps = np.concatenate(X[:5])
    rows = features.transform([X[1], X[3], np.tile(X[3], (2, 1))])
    expected = (X[1] - steps.mean(axis=0)) / steps.std(axis=0)
    np.testing.assert_allclose(rows[0].reshape(12, 2)[:4], expected, rtol=1e-5)
    np.testing.assert_array_equal(rows[0].reshape(12, 2)[4:], 0)
    np.testing.assert_array_equal(rows[2], rows[1])  # longer than any in fit: cut off


# --------------------------------------------------------------------------- convolutions


def test_kernels_are_those_of_minirocket():
    assert _KERNELS.shape == (84, 9)
    assert len(np.unique(_KERNELS, axis=0)) == 84
    np.testing.assert_array_equal(_KERNELS.sum(axis=1), 0)
    assert set(np.unique(_KERNELS)) == {-1.0, 2.0}


def test_convolutions_by_definition():
    sequences = [np.random.default_rng(i).normal(size=(40 + i, 2)) for i in range(12)]
    features = RandomConvolutions(random_state=0).fit(sequences)
    steps = np.concatenate(sequences)
    rows = features.transform(sequences)
    dilations = [dilation for dilation, *_ in features._banks]
    assert dilations == [1, 2, 4]
    at = 0
    x = (sequences[3] - steps.mean(axis=0)) / steps.std(axis=0)
    for dilation, weights, biases in features._banks:
        kernels = weights.reshape(84, 2, 9)
        for kernel, own in zip(kernels, biases, strict=True):
            output = [
                sum(
                    kernel[c, k] * x[t + (k - 4) * dilation, c]
                    for c in range(2)
                    for k in range(9)
                    if 0 <= t + (k - 4) * dilation < len(x)
                )
                for t in range(len(x))
            ]
            for bias in own:
                expected = np.mean(np.array(output) > bias)
                assert rows[3, at] == pytest.approx(expected, abs=1.5 / len(x))
                at += 1
    assert at == rows.shape[1]
    assert 2000 < at < 3000
    used = kernels.any(axis=2)
    assert (used.sum(axis=1) >= 1).all()
    assert not used.all()


def test_convolutions_are_drawn_by_the_seed_and_read_short_sequences():
    features = RandomConvolutions(random_state=0)
    one = features.fit_transform(X)
    np.testing.assert_array_equal(features.fit_transform(X), one)
    assert not np.array_equal(features.set_params(random_state=1).fit_transform(X), one)
    assert np.isfinite(one).all()
    alone = features.fit(X).transform(X[8:])  # of a single step
    np.testing.assert_array_equal(alone, features.transform(X)[8:])


# -------------------------------------------------------------------------------- tokens

TOKENS = [np.array([1, 2, 1]), np.array([3]), np.array([2, 2, 2, 1])]


def test_tokens_are_counted_with_their_pairs():
    features = TokenCounts("tokens").fit(TOKENS)
    rows = features.transform(TOKENS)
    names = features._vectorizer.get_feature_names_out().tolist()
    assert names == ["1", "1 2", "2", "2 1", "2 2", "3"]
    there = (rows.toarray() > 0).astype(int)
    np.testing.assert_array_equal(
        there, [[1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 1], [1, 0, 1, 1, 1, 0]]
    )
    assert features.transform([np.array([9, 9])]).nnz == 0


def test_few_tokens_are_convolved_as_channels_and_many_are_refused():
    features = RandomConvolutions("tokens", random_state=0)
    coded = [(x[:, None] == np.arange(4)).astype(float) for x in TOKENS]
    plain = RandomConvolutions(random_state=0)
    expected = plain.fit_transform(coded)
    np.testing.assert_array_equal(features.fit_transform(TOKENS), expected)
    with pytest.raises(ValueError, match="up to 64 tokens, got 101"):
        features.fit([np.array([100])])


# ---------------------------------------------------------------------------- last value


def test_the_last_value_of_the_channel_that_is_nearest():
    rng = np.random.default_rng(0)
    walks = [x.cumsum(axis=0) for x in rng.normal(size=(60, 9, 3))]
    y = np.array([x[-1, [2, 0]] for x in walks]) + rng.normal(size=(60, 2)) / 10
    model = LastValue().fit(walks, y)
    np.testing.assert_array_equal(model.predict(walks), [x[-1, [2, 0]] for x in walks])
    one = LastValue().fit(walks, y[:, 0])
    np.testing.assert_array_equal(one.predict(walks), [x[-1, 2] for x in walks])
    gaps = y.copy()
    gaps[::2, 1] = np.nan
    np.testing.assert_array_equal(LastValue().fit(walks, gaps)._channels, [2, 0])


# --------------------------------------------------------------------- what networks read


def test_the_network_within_is_found():
    network = GRUClassifier(embedding_dim=3)
    pipeline = make_pipeline(SlidingWindow(3), DeepEnsembleClassifier(network))
    assert network_of(pipeline) is network
    assert reading_of(network)["reads"] == "tokens"
    assert reading_of(ConvLSTMClassifier())["reads"] == "frames"
    assert reading_of(GRURegressor(data_format="channels_first")) == {
        "reads": "numbers",
        "channels_first": True,
    }


def test_frames_are_channels():
    films = np.random.default_rng(0).normal(size=(6, 5, 3, 4))
    rows = Summaries("frames").fit_transform(films)
    expected = Summaries().fit_transform(films.reshape(6, 5, 12))
    np.testing.assert_allclose(rows, expected)
