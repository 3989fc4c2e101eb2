"""Helpers over time against slices."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

from helpers.layers import FILM_LENGTHS, LENGTHS, assert_equal, batch_of, films_of
from sksequence import _kernels, nn
from sksequence.nn._time import last_step, reverse_steps, valid_steps, zero_padding


def test_time_helpers_do_what_slices_do():
    X, lengths = batch_of(LENGTHS, padding=(np.nan,))
    mask, reverse = valid_steps(lengths, X.shape[1]), reverse_steps(X, lengths)
    last = last_step(X, lengths)
    for i, n in enumerate(LENGTHS):
        assert mask[i].tolist() == [True] * n + [False] * (X.shape[1] - n)
        assert_equal(reverse[i, :n], X[i, :n].flip(0))
        assert_equal(last[i], X[i, n - 1])
    assert_equal(reverse_steps(X[1:2], None), X[1:2].flip(1))
    assert_equal(last_step(X[1:2], None), X[1:2, -1])


def test_time_helpers_do_to_frames_what_slices_do():
    X, lengths = films_of(FILM_LENGTHS, padding=(np.nan,), extra=1)
    zeroed, mirrored = zero_padding(X, lengths), reverse_steps(X, lengths)
    last = last_step(X, lengths)
    for i, n in enumerate(FILM_LENGTHS):
        assert_equal(zeroed[i, :n], X[i, :n])
        assert not zeroed[i, n:].any()
        assert_equal(mirrored[i, :n], X[i, :n].flip(0))
        assert_equal(last[i], X[i, n - 1])


# ------------------------------------------------------------------ of every layer

X, X_FIRST, FRAMES = (
    torch.randn(3, 5, 4),
    torch.randn(3, 4, 5),
    torch.randn(3, 5, 4, 6, 6),
)
LAYERS = {
    "MaskedBatchNorm": (nn.MaskedBatchNorm(4), X_FIRST),
    "ConvLayer": (nn.ConvLayer(4, 3, 3), X_FIRST),
    "ConvEncoder": (nn.ConvEncoder(4, (3,), 3), X),
    "ConvBranch": (nn.ConvBranch(4, (3,), 3), X),
    "LastPooling": (nn.LastPooling(), X),
    "MeanPooling": (nn.MeanPooling(), X),
    "MaxPooling": (nn.MaxPooling(), X),
    "MaxPooling of many units": (nn.MaxPooling(), torch.randn(3, 5, 32)),
    "AttentionPooling": (nn.AttentionPooling(4), X),
    "TokenEmbedding": (nn.TokenEmbedding(4, 2), torch.ones(3, 5, 1)),
    "MaskMissing": (nn.MaskMissing(4), X),
    "DecayMissing": (nn.DecayMissing(4), X),
    "RecurrentLayer": (nn.RecurrentLayer(4, 3), X),
    "RecurrentLayer with a norm": (nn.RecurrentLayer(4, 3, layer_norm=True), X),
    "RecurrentStack": (nn.RecurrentStack(4, 3, 2, residual=True), X),
    "SequenceNetwork": (nn.SequenceNetwork(4, 2), X),
    "SequenceNetwork of steps": (nn.SequenceNetwork(4, 2, per_step=True), X),
    "SequenceNetwork of all kinds": (
        nn.SequenceNetwork(
            4,
            2,
            missing="decay",
            conv_channels=(3,),
            conv_kernel_size=2,
            parallel_channels=(3,),
            parallel_kernel_size=2,
            pooling="attention",
        ),
        X,
    ),
    "ConvLSTMLayer": (nn.ConvLSTMLayer(4, 2), FRAMES),
    "ConvLSTM": (nn.ConvLSTM(4, 2), FRAMES),
    "FrameNetwork": (nn.FrameNetwork(4, 2, frame_size=(6, 6)), FRAMES),
    "FrameNetwork to frames": (
        nn.FrameNetwork(4, 2, frame_size=(6, 6), n_frames=2),
        FRAMES,
    ),
}
every_layer = pytest.mark.parametrize(("layer", "x"), LAYERS.values(), ids=LAYERS)


def test_every_layer_that_takes_lengths_is_here():
    takes = {
        name
        for name in nn.__all__
        if "lengths" in inspect.signature(getattr(nn, name).forward).parameters
    }
    assert takes == {name.split()[0] for name in LAYERS}


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([5], r"shape \(3,\), one for each sequence, got \(1,\)"),
        ([5, 4], r"shape \(3,\), one for each sequence, got \(2,\)"),
        ([5, 4, 3, 2], r"shape \(3,\), one for each sequence, got \(4,\)"),
        ([[5, 4, 3]], r"shape \(3,\), one for each sequence, got \(1, 3\)"),
        ([5, 0, 3], "from 1 to 5, got 0 to 5"),
        ([5, -1, 3], "from 1 to 5, got -1 to 5"),
        ([5, 6, 3], "from 1 to 5, got 3 to 6"),
    ],
    ids=str,
)
@every_layer
def test_impossible_lengths_are_refused(
    layer, x, lengths, words, training, kernels, monkeypatch
):
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    with pytest.raises(ValueError, match=f"^lengths must .*{words}"):
        layer.train(training)(x, torch.tensor(lengths))
    with torch.no_grad():  # possible ones are not
        layer(x, torch.tensor([5, 4, 3]))


@every_layer
def test_sequences_without_a_batch_are_refused(layer, x):
    lacking = x[0]
    with pytest.raises(ValueError, match=r"(x|X) must have (shape|frames)"):
        layer(lacking)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: nn.RecurrentStack(4, 3, n),
        lambda n: nn.SequenceNetwork(4, 2, num_layers=n),
        lambda n: nn.ConvLSTM(4, 2, n),
        lambda n: nn.FrameNetwork(4, 2, frame_size=(6, 6), num_layers=n),
    ],
    ids=["RecurrentStack", "SequenceNetwork", "ConvLSTM", "FrameNetwork"],
)
@pytest.mark.parametrize("num_layers", [0, -1, 1.5])
def test_a_stack_has_a_layer(make, num_layers):
    with pytest.raises(ValueError, match=rf"num_layers must be .*, got {num_layers}"):
        make(num_layers)
