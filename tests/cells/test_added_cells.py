"""A cell that is added needs its class and a line of registry, wherever it runs.

Here a test adds one, with weights that nobody has trained; the oracle is the network
written out, sequence by sequence.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from helpers.data import padded
from helpers.networks import fitted, sequences, worst
from sksequence import _cells
from sksequence._cells import APART, BOTH, INPUT, Cell
from sksequence._deployment.onnx import make_model
from sksequence.portable import NumpyPredictor

SIZE, CHANNELS, N_CLASSES = 5, 2, 3


class Mixed(Cell):
    """One gate of each kind, all operations, and two states that read each other."""

    gates, n_states, biases = (BOTH, APART, INPUT), 2, (0.0,) * 3

    @staticmethod
    def step(ops, values, states):
        share, (from_state, from_input) = ops.sigmoid(values[0]), values[1]
        size = ops.maximum(values[2], -values[2])
        new = ops.tanh(from_input + share * from_state) / (1.0 + ops.exp(0.5 - size))
        c = (1.0 - share) * states[1] + share * new - 0.1
        return (c + ops.relu(states[0]) * 0.5, c), (share, (from_state, from_input), size)


class MixedDiagonal(Mixed):
    """The same, where each unit reads its own state."""

    is_diagonal = True


def expected_step(x_products, h, c, state_products):
    """The same once more, in other words."""
    share = 1 / (1 + np.exp(-(x_products[0] + state_products[0])))
    new = np.tanh(x_products[1] + share * state_products[1])
    new = new / (1 + np.exp(0.5 - np.abs(x_products[2])))
    c = c + share * (new - c) - 0.1
    return c + np.clip(h, 0, None) / 2, c


def drawn_network(rng, is_diagonal, bidirectional, layer_norm):
    """The weights of two layers and a head, by torch's names."""
    weights, channels = {}, CHANNELS
    directions = ("ahead", "back")[: 1 + bidirectional]
    for i in range(2):
        for direction in directions:
            shapes = {
                "weight_ih_l0": (3 * SIZE, channels),
                "bias_ih_l0": (3 * SIZE,),
                "weight_hh_l0": (2 * SIZE,) if is_diagonal else (2 * SIZE, SIZE),
                "bias_hh_l0": (2 * SIZE,),
            }
            if layer_norm:
                shapes |= {"norm.weight": (3 * SIZE,), "norm.bias": (3 * SIZE,)}
            for name, shape in shapes.items():
                value = rng.normal(size=shape).astype(np.float32)
                weights[f"recurrence.layers.{i}.{direction}.{name}"] = value
        channels = SIZE
    weights["head.weight"] = rng.normal(size=(N_CLASSES, SIZE)).astype(np.float32)
    weights["head.bias"] = rng.normal(size=N_CLASSES).astype(np.float32)
    return weights


def run_direction(x, weights, prefix):
    """States of one direction after each step of a sequence (n_steps, channels)."""
    own = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
    h = c = np.zeros(SIZE)
    states = []
    for step in x:
        products = own["weight_ih_l0"] @ step
        if "norm.weight" in own:
            spread = np.sqrt(products.var() + 1e-5)
            products = (products - products.mean()) / spread
            products = products * own["norm.weight"] + own["norm.bias"]
        products = (products + own["bias_ih_l0"]).reshape(3, SIZE)
        recurrent = own["weight_hh_l0"]
        from_state = recurrent @ h if recurrent.ndim == 2 else recurrent * np.tile(h, 2)
        from_state = (from_state + own["bias_hh_l0"]).reshape(2, SIZE)
        h, c = expected_step(products, h, c, from_state)
        states.append(h)
    return np.array(states)


def expected_final(x, weights, bidirectional, residual):
    """The final state of a network of two layers, whose directions are summed."""
    for i in range(2):
        prefix = f"recurrence.layers.{i}."
        steps = run_direction(x, weights, f"{prefix}ahead.")
        final = steps[-1]
        if bidirectional:
            back = run_direction(x[::-1], weights, f"{prefix}back.")
            steps, final = steps + back[::-1], final + back[-1]
        if residual and i:
            steps, final = steps + x, final + x[-1]
        x = steps
    return final


@pytest.fixture(params=[Mixed, MixedDiagonal], ids=lambda cell: cell.__name__)
def added(request, monkeypatch):
    monkeypatch.setitem(_cells.CELLS, "mixed", request.param)
    return request.param


def described_network(weights, **network):
    """What a fitted estimator says of itself, with another network in its place."""
    model = fitted("GRUClassifier", hidden_size=SIZE, num_layers=2)
    settings, arrays = model._export()
    # Before networks had these, nothing was said of them.
    for name in ("layer_norm", "residual"):
        settings["network"].pop(name, None)
    settings["network"] |= {"cell": "mixed", "merge_mode": "sum", "pooling": "last"}
    settings["network"] |= network
    arrays = {k: v for k, v in arrays.items() if not k.startswith("weights.")}
    return settings, arrays | {f"weights.{k}": v for k, v in weights.items()}


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_cell_that_is_added_runs(added, bidirectional, layer_norm, residual):
    rng = np.random.default_rng(0)
    weights = drawn_network(rng, added.is_diagonal, bidirectional, layer_norm)
    more = {"layer_norm": True} if layer_norm else {}
    more |= {"residual": True} if residual else {}
    settings, arrays = described_network(weights, bidirectional=bidirectional, **more)
    predictor, X = NumpyPredictor(settings, arrays), sequences()
    mean, scale = arrays["reading.mean"], arrays["reading.scale"]
    expected = [
        expected_final((x - mean) / scale, weights, bidirectional, residual) for x in X
    ]
    assert np.ptp(expected, axis=0).min() > 0.01
    assert worst(predictor.transform(X), expected) < 1e-6

    if not bidirectional:
        stream = predictor.open_stream()
        for x, state in zip(X, expected, strict=True):
            said = [stream.step_transform(step) for step in x]
            assert worst([said[-1]], [state]) < 1e-6
            stream.reset()

    parts = {
        name: {
            key.removeprefix(f"{name}."): value
            for key, value in arrays.items()
            if key.startswith(f"{name}.")
        }
        for name in ("reading", "answer")
    }
    model = make_model(
        network=settings["network"],
        weights=weights,
        reading=parts["reading"],
        answer=settings["answer"] | parts["answer"],
        metadata={},
        version="0",
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    given = padded([x.astype(np.float32) for x in X])
    probabilities = session.run(["probabilities"], given)[0]
    scores = np.array(expected) @ weights["head.weight"].T + weights["head.bias"]
    likely = np.exp(scores - scores.max(1, keepdims=True))
    likely /= likely.sum(1, keepdims=True)
    assert worst(probabilities, likely) < 2e-6
    assert worst(predictor.predict_proba(X), likely) < 1e-6
