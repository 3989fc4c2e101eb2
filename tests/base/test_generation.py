"""Writing on: steps that a tagger draws from its own answers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from scipy.special import softmax

from helpers.estimators import make

CELLS = ["rnn", "lstm", "gru"]


def language_model(text, **params):
    params = {
        "embedding_dim": 4,
        "hidden_size": 16,
        "max_epochs": 30,
        "lr": 0.03,
    } | params
    return make("RecurrentTagger", **params).fit([text[:-1]], [text[1:]])


@pytest.fixture(scope="module")
def waltz():
    """It knows a text of period three."""
    return language_model(np.tile([1, 2, 3], 20), bptt_steps=10)


@pytest.fixture(scope="module")
def babbler():
    """It half knows a text without order: its answers depend on all that it read."""
    return language_model(np.random.default_rng(0).integers(0, 6, size=30), max_epochs=40)


@pytest.mark.parametrize("cell", CELLS)
def test_a_text_goes_on_in_step(cell):
    model = language_model(np.tile([1, 2, 3], 20), cell=cell, bptt_steps=10)
    for prompt, expected in {
        (1,): [2, 3, 1, 2, 3, 1],
        (3, 1, 2): [3, 1, 2, 3, 1, 2],
        (2, 3): [1, 2, 3, 1, 2, 3],
    }.items():
        got = model.generate(prompt, 6, temperature=0.1, random_state=0)
        assert got.tolist() == expected


def test_the_prompt_is_read_to_its_beginning():
    """After "1, 1, ..." comes what the first token was: a state, not the last token."""
    rng = np.random.default_rng(0)
    X = [np.r_[first, np.ones(4, int)] for first in rng.choice([2, 3], size=80)]
    y = [np.full(5, x[0]) for x in X]
    model = make("RecurrentTagger", embedding_dim=4, max_epochs=25, lr=0.03).fit(X, y)
    for first in (2, 3):
        got = model.generate([first, 1, 1, 1], 1, temperature=0.05, random_state=0)
        assert got.tolist() == [first]


@pytest.mark.parametrize("temperature", [1e-3, 1e-300])
def test_without_temperature_comes_the_likeliest_of_what_was_read(temperature, babbler):
    """As predict says of the text so far, from its first token on."""
    written = babbler.generate([4, 0, 2], 20, temperature=temperature, random_state=0)
    text = [4, 0, 2]
    for token in written:
        assert token == babbler.predict([text])[0][-1]
        text.append(token)
    assert len(set(written)) > 1


def test_a_token_that_was_never_read_is_unknown_when_it_is_written_too():
    """Token 4 is only ever a target: no vector was learnt for it."""
    rng = np.random.default_rng(0)
    X = [rng.choice([1, 2, 3, 5], size=8) for _ in range(12)]
    model = make("RecurrentTagger", embedding_dim=4).fit(X, [np.r_[x[1:], 4] for x in X])
    with torch.no_grad():
        model.net_.module_.head.bias[model.classes_.tolist().index(4)] += 100
        model.net_.module_.head.weight.mul_(20)
    fed = []
    advance = model.net_.advance

    def spying(steps, state):
        fed.append(np.asarray(steps).ravel().tolist())
        return advance(steps, state)

    model.net_.advance = spying
    assert model.generate([1], 3, random_state=0).tolist() == [4, 4, 4]
    assert fed == [[1], [0], [0]]
    fed.clear()
    model.generate([1, 4, 2], 1)
    assert fed == [[1, 0, 2]]


def test_frequencies_are_probabilities(babbler):
    proba = babbler.predict_proba([[3, 1]])[0][-1]
    logits = np.log(proba)
    expected = {temperature: softmax(logits / temperature) for temperature in (0.5, 1, 3)}
    for temperature, shares in expected.items():
        draws = [
            babbler.generate([3, 1], 1, temperature=temperature, random_state=seed)[0]
            for seed in range(150)
        ]
        got = np.bincount(draws, minlength=6) / 150
        # Three standard deviations of a share.
        assert np.abs(got - shares).max() < 3 * 0.5 / np.sqrt(150)
    # What would have come at another temperature is further off.
    assert np.abs(expected[1] - expected[0.5]).max() > 0.12
    assert np.abs(expected[1] - expected[3]).max() > 0.12


def test_what_is_written_is_repeatable(babbler):
    first = babbler.generate([1, 2], 30, random_state=3)
    assert first.shape == (30,)
    assert first.dtype == babbler.classes_.dtype
    np.testing.assert_array_equal(babbler.generate([1, 2], 30, random_state=3), first)
    np.testing.assert_array_equal(babbler.generate([1, 2], 9, random_state=3), first[:9])
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(babbler)).generate(
            np.array([1, 2]), 30, random_state=3
        ),
        first,
    )
    assert (babbler.generate([1, 2], 30, random_state=4) != first).any()
    rng = np.random.RandomState(3)
    drawn = [babbler.generate([1, 2], 30, random_state=rng) for _ in range(2)]
    np.testing.assert_array_equal(drawn[0], first)
    assert (drawn[1] != first).any()


def test_writing_leaves_the_model_and_the_global_state_alone(babbler):
    before, state = pickle.dumps(babbler), np.random.get_state()[1].copy()
    torch_state = torch.get_rng_state()
    babbler.generate([1, 2], 5, random_state=0)
    assert pickle.dumps(babbler) == before
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert torch.equal(torch.get_rng_state(), torch_state)


TEXT = np.tile([1, 2, 3], 8)


@pytest.mark.parametrize(
    ("params", "X", "y", "words"),
    [
        ({"embedding_dim": None}, TEXT[:-1], TEXT[1:], "embedding_dim"),
        ({"bidirectional": True}, TEXT[:-1], TEXT[1:], "bidirectional=False"),
        (
            {"conv_channels": (4,), "conv_kernel_size": 2},
            TEXT[:-1],
            TEXT[1:],
            "no conv_channels",
        ),
        (
            {"parallel_channels": (4,), "parallel_kernel_size": 3},
            TEXT[:-1],
            TEXT[1:],
            "parallel_channels",
        ),
        ({}, TEXT[:-1], np.array(list("abc"))[TEXT[1:] - 1], "classes that are token"),
        ({}, TEXT[:-1], TEXT[1:] - 2, "classes that are token ids, below 4"),
        ({}, TEXT[:-1], TEXT[1:] + 1, "classes that are token ids, below 4"),
        ({}, TEXT[:-1], TEXT[1:] > 1, "classes that are token ids"),
        ({}, TEXT[:-1], np.eye(4, dtype=int)[TEXT[1:]] | [1, 0, 0, 0], "labels|class"),
    ],
    ids=[
        "numbers",
        "bidirectional",
        "conv",
        "parallel",
        "text",
        "negative",
        "beyond",
        "bools",
        "several labels",
    ],
)
def test_only_language_models_write(params, X, y, words):
    model = make("RecurrentTagger", **{"embedding_dim": 4} | params).fit([X], [y])
    with pytest.raises(ValueError, match=words):
        model.generate([1], 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prompt": []}, "prompt must have shape"),
        ({"prompt": 1}, "prompt must have shape"),
        ({"prompt": [[1, 2]]}, "prompt must have shape"),
        ({"prompt": "ab"}, "text"),
        ({"prompt": [1, 4]}, "token 4 at step 1"),
        ({"prompt": [1, -1]}, "token -1 at step 1"),
        ({"prompt": [1, 0.5]}, "token 0.5 at step 1"),
        ({"n_steps": 0}, "n_steps must be int of at least 1, got 0"),
        ({"n_steps": 2.0}, "n_steps"),
        ({"n_steps": True}, "n_steps must be int of at least 1, got True"),
        ({"temperature": True}, "temperature must be above 0, got True"),
        ({"temperature": 0}, "temperature must be above 0, got 0"),
        ({"temperature": -1.0}, "temperature"),
        ({"temperature": np.nan}, "temperature"),
        ({"temperature": np.inf}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"random_state": "x"}, "seed"),
    ],
    ids=str,
)
def test_a_prompt_of_no_use_is_refused(arguments, words, waltz):
    with pytest.raises(ValueError, match=words):
        waltz.generate(**{"prompt": [1], "n_steps": 3} | arguments)
