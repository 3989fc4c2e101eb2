"""Layers for values that were not observed: masked or decayed, by the equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.gaps import GAPS, LENGTHS, TIMES, with_time
from helpers.layers import sigmoid
from sksequence.nn import DecayMissing, MaskMissing, SequenceNetwork, StateDecay

# ---------------------------------------------------------------- the equations, by hand


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


# ----------------------------------------------------------------------------- bad input


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_channels", [1, 2, 7, 50])
def test_rounding_does_not_say_where_new_states_begin_to_decay(n_channels, dtype):
    """Always observed, each unit of time: none is on the edge of having a gradient."""
    fade = StateDecay(n_channels, 300).to(dtype)
    fade.reset_parameters(torch.Generator().manual_seed(0))
    observed = torch.ones(1, 1, n_channels, dtype=dtype)
    reach = fade.linear.weight.sum(1)
    for order in (slice(None), torch.arange(n_channels - 1, -1, -1)):
        products = (fade.linear.weight[:, order] * observed[0, 0]).cumsum(1)[:, -1]
        assert (products + fade.linear.bias < -1e-6 * reach).all()
    assert (fade(1.001 * observed) < 1).all()
