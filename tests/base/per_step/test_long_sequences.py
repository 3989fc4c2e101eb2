"""Very long sequences are answered in pieces, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.estimators import make, target_of
from helpers.step_task import BOTH, TAGGER, answers, flat
from sksequence._training import net as training_net


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "params",
    [
        {"cell": "rnn"},
        {"cell": "lstm"},
        {"cell": "gru", "num_layers": 2, "hidden_size": (5, 16)},
        {"cell": "gru", "embedding_dim": 3},
    ],
    ids=["rnn", "lstm", "gru", "tokens"],
)
def test_pieces_are_the_whole_to_the_bit(params, dtype, monkeypatch):
    """The state goes on, whatever is left over at the end."""
    rng = np.random.default_rng(0)
    lengths = (64, 16, 17, 18, 33, 40, 97, 120)
    if "embedding_dim" in params:
        X = [rng.integers(0, 5, size=n) for n in lengths]
    else:
        X = [rng.normal(size=(n, 3)) for n in lengths]
    model = make(TAGGER, dtype=dtype, **params).fit(X, [x > 0 for x in X])
    calls = []
    advance = type(model.net_.module_).advance

    def spying(self, part, *rest):
        calls.append(part.shape[1])
        return advance(self, part, *rest)

    monkeypatch.setattr(type(model.net_.module_), "advance", spying)
    whole = [answers(model, [x]) for x in X]
    assert not calls
    monkeypatch.setattr(training_net, "_CHUNK_VALUES", 16 * 8 * 64)
    for x, expected in zip(X, whole, strict=True):
        np.testing.assert_array_equal(answers(model, [x]), expected)
    assert calls[:4] == [16, 16, 16, 16]
    assert min(calls) > 1
    np.testing.assert_array_equal(answers(model, X), flat(whole))


@pytest.mark.parametrize("name", BOTH)
def test_twenty_thousand_steps_come_in_pieces(name, task, monkeypatch):
    long = np.random.default_rng(0).normal(size=(2**14 + 1, 2))
    model = make(name, bptt_steps=6).fit(task[0], target_of(task, name))
    in_pieces = answers(model, [long])
    assert in_pieces.shape[0] == len(long)
    monkeypatch.setattr(training_net, "_CHUNK_VALUES", 2**26)
    np.testing.assert_array_equal(in_pieces, answers(model, [long]))
