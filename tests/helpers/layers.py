"""Networks with weights of no pattern, their gradients, and equal tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

TORCH_CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS = list(TORCH_CELLS)
MERGES = {
    "concat": lambda ahead, back: np.concatenate([ahead, back], axis=-1),
    "sum": lambda ahead, back: ahead + back,
    "mean": lambda ahead, back: 0.5 * (ahead + back),
    "mul": lambda ahead, back: ahead * back,
}
DIRECTIONS = [{"bidirectional": False}] + [
    {"bidirectional": True, "merge_mode": merge} for merge in MERGES
]
LENGTHS = [3, 6, 4]


def name_of(options):
    """What a test is called that takes them."""
    return "-".join(str(value).replace(" ", "") for value in options.values())


every_cell = pytest.mark.parametrize("cell", CELLS)
every_merge = pytest.mark.parametrize("merge_mode", MERGES)


def batch_of(lengths, n_channels=3, padding=(0.0,), extra=0):
    """Sequences that depend on the lengths alone; values of ``padding`` behind them."""
    generator = torch.Generator().manual_seed(1)
    shape = len(lengths), max(lengths) + extra, n_channels
    X = torch.tensor(padding)[torch.randint(len(padding), shape)]
    for row, length in zip(X, lengths, strict=True):
        row[:length] = torch.randn(length, n_channels, generator=generator)
    return X.double(), torch.tensor(lengths)


def scrambled(module, std=0.5):
    """The module in double precision and evaluation mode, with nothing at a default."""
    for name, tensor in module.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.is_floating_point():
            tensor.normal_(std=std)
    return module.double().eval()


def assert_equal(got, expected, atol=1e-12):
    torch.testing.assert_close(
        torch.as_tensor(got), torch.as_tensor(expected), rtol=0, atol=atol
    )


def gradients(module, loss):
    module.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in module.named_parameters()}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


FILM_LENGTHS = [3, 5, 1, 4]
PLANE = (4, 5)


def films_of(lengths, n_channels=2, plane=PLANE, padding=(0.0,), extra=0):
    """Films that depend on the lengths alone; values of ``padding`` behind them."""
    generator = torch.Generator().manual_seed(1)
    shape = len(lengths), max(lengths) + extra, n_channels, *plane
    X = torch.tensor(padding)[torch.randint(len(padding), shape)].double()
    for row, n in zip(X, lengths, strict=True):
        row[:n] = torch.randn(n, n_channels, *plane, generator=generator)
    return X, torch.tensor(lengths)


def correlate(x, weight):
    """Sum each window times a kernel: (n, c, h, w), (d, c, *kernel) -> (n, d, h, w)."""
    kernel = weight.shape[-2:]
    around = [(side // 2, side // 2) for side in kernel]
    padded = np.pad(x, [(0, 0), (0, 0), *around])
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(2, 3))
    return np.einsum("nchwij,dcij->ndhw", windows, weight)


def convlstm_by_hand(cell, X, state=None):
    """The equations of ConvLSTMCell, one step after the other."""
    W, b = (p.detach().numpy() for p in cell.input_conv.parameters())
    U = cell.hidden_conv.weight.detach().numpy()
    V = np.zeros((3, 1, 1, 1)) if cell.peepholes is None else cell.peepholes.data.numpy()
    zeros = np.zeros((len(X), U.shape[1], *X.shape[-2:]))
    h, c = (zeros, zeros) if state is None else state
    states = []
    for x in X.numpy().swapaxes(0, 1):
        gates = correlate(x, W) + correlate(h, U) + b[:, None, None]
        i, f, g, o = np.split(gates, 4, axis=1)
        i, f = sigmoid(i + V[0] * c), sigmoid(f + V[1] * c)
        c = f * c + i * np.tanh(g)
        h = sigmoid(o + V[2] * c) * np.tanh(c)
        states.append((h, c))
    return [np.stack(of, axis=1) for of in zip(*states, strict=True)]


def loss_of(y):
    """One number for each output, which each of its values moves in another way."""
    y = y.flatten(1)
    return (y - torch.linspace(-1, 1, y.shape[1])).square().mean(1)
