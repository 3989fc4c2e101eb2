"""Few sequences have the answers of a batch, in less time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.kernels import KERNELS_ARE_ON, KINDS, drawn_layer
from sksequence import LSTMClassifier, _kernels
from sksequence._cells import GRU, LSTM
from sksequence.nn import _compiled, _few

pytestmark = KERNELS_ARE_ON

DTYPES = [torch.float32, torch.float64]


@pytest.fixture
def runs(monkeypatch):
    """The number of sequences of each run of the kernels of few sequences."""
    numbers, forward = [], _few.Few.forward

    def counted(self, *args):
        run = self.run["forward"]
        kernels = {**self.run, "forward": lambda **a: (numbers.append(a["n"]), run(**a))}
        return forward(_few.Few(self.layout, kernels, self.fixed), *args)

    monkeypatch.setattr(_few.Few, "forward", counted)
    return numbers


def answers(layer, x, lengths=None, **options):
    with torch.no_grad():
        return _compiled.recurrence(layer, x, lengths, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(("channels", "hidden"), [(1, 1), (3, 5), (7, 16), (2, 37)])
def test_few_sequences_have_the_bits_of_a_batch(runs, cell, channels, hidden, dtype):
    torch.manual_seed(hidden)
    layer = drawn_layer(cell, channels, hidden, dtype)
    x, lengths = torch.randn(40, 9, channels, dtype=dtype), torch.randint(1, 10, (40,))
    for reverse in (False, True):
        expected = answers(layer, x, lengths, reverse=reverse)
        assert not runs
        numbers = [1, 2, 4] if dtype == torch.float32 else [1, 2]
        for n in numbers:
            found = answers(layer, x[:n], lengths[:n], reverse=reverse)
            assert len(found) == len(expected) == 1 + cell.n_states
            for ours, theirs in zip(found, expected, strict=True):
                assert torch.equal(ours, theirs[:n])
        assert runs == numbers
        runs.clear()


def test_what_is_repeated_is_computed_once(runs):
    """As predictions are filled to eight rows with the last sequence."""
    torch.manual_seed(0)
    layer = drawn_layer(LSTM, 3, 20, torch.float32)
    x = torch.randn(3, 6, 3)[[0, 1, 2, 2, 2, 2, 2, 2]]
    expected = answers(layer, torch.cat([x, x]))
    found = answers(layer, x)
    assert runs == [3]
    assert all(torch.equal(a, b[:8]) for a, b in zip(found, expected, strict=True))
    lengths = torch.tensor([6, 6, 6, 6, 6, 4, 4, 4])  # of the same steps, not as many
    expected = answers(layer, torch.cat([x, x]), torch.cat([lengths, lengths]))
    found = answers(layer, x, lengths)
    assert runs == [3, 4]
    assert all(torch.equal(a, b[:8]) for a, b in zip(found, expected, strict=True))


def test_zeros_of_both_signs_and_nan_are_not_repetitions(runs):
    x = torch.tensor([0.0, -0.0, torch.nan, torch.nan])[:, None, None]
    layer = drawn_layer(GRU, 1, 4, torch.float32)
    steps, _ = answers(layer, x)
    assert runs == [3]
    assert steps.isnan().flatten(1).all(1).tolist() == [False, False, True, True]


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 1e38])
@pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS)
def test_extreme_values_go_where_they_go_in_a_batch(cell, value):
    torch.manual_seed(0)
    layer, x = drawn_layer(cell, 2, 18, torch.float32), torch.randn(20, 5, 2)
    x[0, 2, 1] = value
    for ours, theirs in zip(answers(layer, x[:2]), answers(layer, x), strict=True):
        np.testing.assert_array_equal(ours, theirs[:2])  # NaN where there is NaN


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 4), (torch.float64, 2)])
def test_more_than_a_part_of_a_vector_is_a_batch(runs, dtype, most):
    layer, x = drawn_layer(LSTM, 2, 6, dtype), torch.randn(8, 3, 2, dtype=dtype)
    for n in range(1, 9):
        answers(layer, x[:n])
    assert runs == [*range(1, most + 1)]


def test_what_few_sequences_have_no_kernels_for_runs_as_a_batch(runs):
    torch.manual_seed(0)
    layer, x = drawn_layer(LSTM, 2, 6, torch.float32), torch.randn(2, 4, 2)
    start = (torch.randn(2, 6), torch.randn(2, 6))
    mask = 2.0 * torch.randint(2, (2, 6))
    for options in (
        {"state": start},
        {"mask": mask},
        {"products": torch.randn(2, 4, 24)},
    ):
        whole = {
            name: tuple(part.repeat(20, 1) for part in value)
            if name == "state"
            else value.repeat(20, *[1] * (value.ndim - 1))
            for name, value in options.items()
        }
        expected = answers(layer, x.repeat(20, 1, 1), **whole)
        found = answers(layer, x, **options)
        assert all(torch.equal(a, b[:2]) for a, b in zip(found, expected, strict=True))
    steps, *_ = _compiled.recurrence(layer, x)  # and with a gradient
    assert steps.requires_grad
    assert not runs


def test_a_batchs_kernels_serve_where_those_of_few_are_missing(monkeypatch):
    layer, x = drawn_layer(LSTM, 2, 6, torch.float32), torch.randn(1, 4, 2)
    expected, load = answers(layer, x), _kernels.load
    monkeypatch.setattr(
        _kernels,
        "load",
        lambda source, *a: None if source == "alone" else load(source, *a),
    )
    _compiled.plan_of.cache_clear()
    found = answers(layer, x)
    _compiled.plan_of.cache_clear()
    assert all(map(torch.equal, found, expected))


@pytest.mark.parametrize(
    "options",
    [{}, {"num_layers": 2, "bidirectional": True}, {"pooling": "attention"}],
    ids=str,
)
def test_a_lone_prediction_is_that_of_a_batch(runs, options):
    """Behind convolutions, without which a whole network answers for few sequences."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)).astype(np.float32) for n in rng.integers(5, 30, 50)]
    y = [len(x) > 15 for x in X]
    options = {"hidden_size": 12, "conv_channels": (4,), **options}
    model = LSTMClassifier(max_epochs=2, random_state=0, **options)
    together = model.fit(X, y).predict_proba(X)
    runs.clear()
    alone = np.concatenate([model.predict_proba([x]) for x in X])
    assert set(runs) == {1}
    np.testing.assert_array_equal(alone, together)
