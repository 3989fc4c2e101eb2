"""Random convolutions step by step, by numpy: each sum has the bits of torch's."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from helpers.data import ragged
from helpers.networks import assert_promised
from sksequence import GRUClassifier, _kernels
from sksequence.nn import RandomConvolutions as Layer
from sksequence.portable._random import RandomConvolutions


def pair(n_channels, dilations, dtype=torch.float32, *, whole=False):
    """The convolutions of torch and of numpy, and sequences (8, 90, n_channels)."""
    layer = Layer(n_channels, 600, dilations, causal=True).to(dtype)
    generator = torch.Generator().manual_seed(0)
    layer.reset_parameters(generator)
    X = torch.randn(8, 90, n_channels, generator=generator).to(dtype)
    if whole:
        X = (2 * X).round()  # outputs are then often equal to a bias
    layer.learn(X)
    weights = {name: value.numpy() for name, value in layer.state_dict().items()}
    return layer, RandomConvolutions(weights, dilations, True), X


def read(running, X):
    """The features after every step: (n, steps, features)."""
    found = []
    for t in range(X.shape[1]):
        running.add(X[:, t])
        found.append(running.result())
    return np.stack(found, axis=1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("whole", [False, True], ids=["numbers", "whole numbers"])
@pytest.mark.parametrize(
    ("n_channels", "dilations"), [(1, (1,)), (1, (1, 2, 5)), (4, (1, 3)), (20, (2, 4, 6))]
)
def test_running_features_have_the_bits_of_torch(n_channels, dilations, whole, dtype):
    layer, random, X = pair(n_channels, dilations, dtype, whole=whole)
    features = read(random.start(len(X)), X.numpy())
    assert features.dtype == X.numpy().dtype
    np.testing.assert_array_equal(features, layer.prefixes(X).numpy())
    alone = read(random.start(1), X[:1].numpy())
    np.testing.assert_array_equal(alone, features[:1])


def test_kernels_of_one_channel_share_their_sums():
    _, random, _ = pair(1, (1, 2, 5))
    running = random.start(1)
    assert running.first.shape == (9, 3)
    assert running.more == []


def test_some_begin_anew():
    layer, random, X = pair(3, (1, 2))
    X, running = X[:3], random.start(3)
    read(running, X[:, :30].numpy())
    running.reset(np.array([True, False, True]))
    features = read(running, X[:, 30:].numpy())
    np.testing.assert_array_equal(features[1], layer.prefixes(X)[1, 30:].numpy())
    expected = layer.prefixes(X[:, 30:])[[0, 2]].numpy()
    np.testing.assert_array_equal(features[[0, 2]], expected)


@pytest.mark.parametrize("length", [1, 8, 9, 16, 17, 40])
def test_a_state_goes_on_elsewhere(length):
    layer, random, X = pair(2, (1, 2))
    running, other = random.start(8), random.start(8)
    read(running, X[:, :length].numpy())
    state = pickle.loads(pickle.dumps(running.get_state()))
    read(running, X[:, :5].numpy())  # must not be seen by the other
    other.set_state(state)
    features = read(other, X[:, length:].numpy())
    np.testing.assert_array_equal(features, layer.prefixes(X)[:, length:].numpy())


def test_a_state_does_not_grow_and_counts_beyond_single_precision():
    _, random, X = pair(1, (1, 2))
    running = random.start(1)
    read(running, X[:1].numpy())
    size = len(pickle.dumps(running.get_state()))
    many = 2**24
    running.seen += many
    running.exceeded += many  # all exceeded, so long
    before = running.exceeded.copy()
    read(running, X[:1].numpy())
    assert len(pickle.dumps(running.get_state())) <= size
    assert (running.exceeded > before).any()


@pytest.mark.parametrize("kernels", [True, False], ids=["compiled", "numpy"])
@pytest.mark.parametrize("missing", ["error", "mask"])
def test_streams_say_what_prefixes_do(missing, kernels, monkeypatch):
    X = ragged((60, 35, 80, 41), 3)
    if missing == "mask":
        X = [np.where(x > 1, np.nan, x) for x in X]
    params = {"random_convolutions": 840, "missing": missing, "random_state": 0}
    model = GRUClassifier(hidden_size=5, max_epochs=1, **params).fit(X, [0, 1, 0, 1])
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    assert len(model._network["random_dilations"]) > 3
    n = model.net_.module_.random.output_size
    parts = [model.predict_prefixes(X, m) for m in ("transform", "predict_proba")]
    for engine in (model, model.to_numpy()):
        stream = engine.open_stream()
        for x, represented, proba in zip(X, *parts, strict=True):
            got = np.array([stream.step_transform(step) for step in x])
            np.testing.assert_array_equal(got[:, -n:], represented[:, -n:])
            assert_promised(got, represented)
            stream.reset()
            assert_promised([stream.step_proba(step) for step in x], proba)
            stream.reset()


def test_a_file_of_numpy_streams(tmp_path, monkeypatch):
    X = ragged((30, 20, 41), 2)
    model = GRUClassifier(random_convolutions=200, max_epochs=1, random_state=0)
    model.fit(X, [0, 1, 0]).to_numpy(tmp_path / "streaming_random.py")
    monkeypatch.syspath_prepend(tmp_path)
    from streaming_random import predictor

    stream = predictor.open_stream()
    got = [stream.step_proba(step) for step in X[2]]
    assert_promised(got, model.predict_prefixes(X[2:], "predict_proba")[0])
