"""Weights of attention: those by which states are averaged, and their picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from helpers import translations
from helpers.data import data_for, ragged
from helpers.estimators import EXACT, labels_for, make
from sksequence.inspection import AttentionDisplay, attention_weights
from sksequence.preprocessing import SequenceTokenizer

LENGTHS = (9, 4, 7, 12, 5, 8, 6, 10)
X = ragged(LENGTHS)
Y = labels_for("GRUClassifier", len(X))


def fitted(name="GRUClassifier", **params):
    return make(name, pooling="attention", **{**EXACT, **params}).fit(X, Y)


def states_of(model, x):
    with torch.no_grad():
        inputs = torch.from_numpy((x - x_mean()) / x_std())[None]
        return model.net_.module_.eval().states(inputs)[0][0].numpy()


def x_mean():
    return np.concatenate(X).mean(axis=0)


def x_std():
    return np.concatenate(X).std(axis=0)


@pytest.mark.parametrize(
    "params", [{}, {"bidirectional": True}, {"conv_channels": (4,), "conv_stride": 2}]
)
def test_the_representation_is_the_mean_of_states_by_the_weights(params):
    model = fitted(**params)
    for x, own, represented in zip(
        X, attention_weights(model, X), model.transform(X), strict=True
    ):
        assert own.shape == (-(-len(x) // params.get("conv_stride", 1)),)
        assert own.sum() == pytest.approx(1)
        np.testing.assert_allclose(own @ states_of(model, x), represented, atol=1e-9)


def test_each_segment_has_its_share():
    model = fitted(pooling_segments=2)
    for x, own, represented in zip(
        X, attention_weights(model, X), model.transform(X), strict=True
    ):
        assert own.shape == (len(x),)
        assert own.sum() == pytest.approx(1)
        states, half = states_of(model, x), len(x) // 2
        if len(x) % 2 == 0:
            assert own[:half].sum() == pytest.approx(0.5)
            both = [
                2 * own[part] @ states[part] for part in (slice(half), slice(half, None))
            ]
            np.testing.assert_allclose(np.concatenate(both), represented, atol=1e-9)


def test_weights_belong_to_the_sequence_alone():
    model = fitted(dtype="float32")
    together = attention_weights(model, X)
    for i, own in enumerate(together):
        np.testing.assert_array_equal(attention_weights(model, [X[i]])[0], own)


def test_frames_have_weights():
    films, y = data_for("ConvLSTMClassifier", X, Y)
    model = make("ConvLSTMClassifier", pooling="attention").fit(films, y)
    weights = attention_weights(model, films)
    assert [len(own) for own in weights] == [*LENGTHS]
    np.testing.assert_allclose([own.sum() for own in weights], 1, rtol=1e-6)


def test_a_translator_attends_for_each_label():
    words, said = translations.words(12)
    model = translations.fitted()
    for given in (None, said):
        ours = attention_weights(model, words, given)
        for own, theirs in zip(ours, model.attend(words, given), strict=True):
            np.testing.assert_array_equal(own, theirs)


def test_a_pipeline_and_a_search_have_the_weights_of_their_network():
    texts = ["ab" * n for n in range(2, 8)]
    y = labels_for("GRUClassifier", len(texts))
    model = make("GRUClassifier", pooling="attention", embedding_dim=4)
    pipeline = make_pipeline(SequenceTokenizer(analyzer="char"), model).fit(texts, y)
    expected = attention_weights(pipeline[-1], pipeline[:-1].transform(texts))
    for own, theirs in zip(attention_weights(pipeline, texts), expected, strict=True):
        np.testing.assert_array_equal(own, theirs)
    search = GridSearchCV(make("GRUClassifier"), {"pooling": ["attention"]}, cv=2)
    assert len(attention_weights(search.fit(X, Y), X)) == len(X)


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor", "RecurrentTagger"])
def test_a_network_without_attention_says_how_to_get_one(name):
    given, y = data_for(name, X, labels_for(name, len(X)))
    model = make(name).fit(given, y)
    match = rf'This {name} has no attention: .*pooling="attention"'
    for ask in (attention_weights, AttentionDisplay.from_estimator):
        with pytest.raises(ValueError, match=match):
            ask(model, given)


def test_answers_are_for_translators():
    with pytest.raises(ValueError, match="y must be None for GRUClassifier"):
        attention_weights(fitted(), X, Y)


@pytest.mark.parametrize("which", [len(X), -len(X) - 1, True])
def test_a_sequence_that_is_not_there_is_refused(which):
    with pytest.raises(ValueError, match=f"position in X, of {len(X)}, got {which}"):
        AttentionDisplay.from_estimator(fitted(), X, sequence=which)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weights": np.ones((2, 2, 2))}, r"got shape \(2, 2, 2\)"),
        ({"weights": []}, r"got shape \(0,\)"),
        (
            {"weights": [0.5, 0.5], "step_names": "abc"},
            "step_names must be 2 names, got 3",
        ),
        ({"weights": [[1.0]], "label_names": "ab"}, "label_names must be 1 names, got 2"),
    ],
)
def test_weights_of_another_form_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        AttentionDisplay.from_predictions(**given)


# ------------------------------------------------------------------------------ pictures


@pytest.mark.parametrize("sequence", [0, 3, -1])
def test_bars_are_the_weights_over_the_channels(sequence, pictures):
    model = fitted()
    _, ax = pictures.subplots()
    display = AttentionDisplay.from_estimator(model, X, sequence=sequence, ax=ax)
    (own,) = attention_weights(model, [X[sequence]])
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    np.testing.assert_allclose([bar.get_height() for bar in display.bars_], own)
    drawn = [line.get_ydata() for line in display.series_ax_.lines]
    np.testing.assert_array_equal(np.transpose(drawn), X[sequence])


def test_blocks_stand_below_the_steps_that_they_hold():
    model = fitted(conv_channels=(4,), conv_stride=2)
    display = AttentionDisplay.from_estimator(model, X)
    assert len(display.bars_) == 5
    at = display.series_ax_.lines[0].get_xdata()
    np.testing.assert_allclose(at, (np.arange(9) - 0.5) / 2)


def test_a_translation_is_a_picture_of_labels_and_steps():
    words, said = translations.words(6)
    display = AttentionDisplay.from_estimator(
        translations.fitted(), words, said, sequence=2
    )
    (own,) = attention_weights(translations.fitted(), words[2:3], said[2:3])
    np.testing.assert_array_equal(display.image_.get_array(), own)
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == [*said[2]]


def test_characters_name_the_steps():
    texts = ["abba", "ba", "abab", "bb"]
    model = make("GRUClassifier", pooling="attention", embedding_dim=4)
    pipeline = make_pipeline(SequenceTokenizer(analyzer="char"), model)
    pipeline.fit(texts, [0, 1, 0, 1])
    display = AttentionDisplay.from_estimator(pipeline, texts)
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["a", "b", "b", "a"]
    assert display.series_ax_ is None
