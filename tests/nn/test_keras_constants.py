"""Layers with constant weights have the states that Keras' own tests give as numbers.

The numbers stand in ``keras/src/layers/rnn`` (``simple_rnn_test.py``, ``gru_test.py``,
``lstm_test.py``, ``bidirectional_test.py``) of https://github.com/keras-team/keras. With
constant weights a unit reads the sums of inputs and states alone: a second oracle, which
also gives what is not printed there. Keras' mask leaves out steps.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from helpers.kernels import without_kernels
from helpers.layers import sigmoid
from sksequence.nn import RecurrentLayer


class Constants(NamedTuple):
    """Weights that are the same everywhere."""

    kernel: float = 0.01
    recurrent: float = 0.02
    bias: float = 0.03
    forget: float = 1.0  # bias of an LSTM's forget gate


class Case(NamedTuple):
    """A layer, what it reads, and its last hidden states: one number where all agree."""

    cell: str
    units: int
    shape: tuple[int, int, int]
    answers: list
    constants: Constants = Constants()
    backward: bool = False
    state: bool = False  # whether it begins with 0, 1, 2, ...
    times: int = 1  # how often it reads X, from the state that it ended with
    mask: list[list[int]] | None = None

    @property
    def X(self):
        return np.arange(float(np.prod(self.shape))).reshape(self.shape)

    @property
    def sequences(self):
        """What is read of each sequence, in this order."""
        read = list(self.X)
        if self.mask is not None:
            read = [
                x[np.array(keep, bool)] for x, keep in zip(read, self.mask, strict=True)
            ]
        read = [x[::-1] for x in read] if self.backward else read
        return [np.tile(x, (self.times, 1)) for x in read]

    @property
    def begin(self):
        n = self.shape[0] * self.units
        start = np.arange(float(n)) if self.state else np.zeros(n)
        return start.reshape(self.shape[0], self.units)


SMALL, SHORT, LONG = (2, 3, 4), (2, 4, 3), (3, 6, 4)
NO_BIAS = Constants(bias=0.0, forget=0.0)
HOLES = [[1, 1, 0, 1], [1, 0, 0, 1]]
CASES = {
    "rnn": Case("rnn", 4, SMALL, [0.405432, 0.73605347]),
    "rnn-backward": Case("rnn", 4, SMALL, [0.11144729, 0.5528889], backward=True),
    "rnn-stateful": Case("rnn", 4, SMALL, [0.40559256, 0.7361247], times=2),
    "rnn-state": Case("rnn", 4, SHORT, [0.33621645, 0.6262637], state=True),
    "rnn-state-backward": Case(
        "rnn", 4, SHORT, [0.07344437, 0.43043602], state=True, backward=True
    ),
    "rnn-mask": Case("rnn", 4, SHORT, [0.32951632, 0.61799484], mask=HOLES),
    "rnn-mask-of-two": Case("rnn", 2, SHORT, [0.32394567, 0.608085], mask=HOLES),
    "rnn-mask-backward": Case(
        "rnn", 4, SHORT, [0.07376196, 0.43645123], mask=HOLES, backward=True
    ),
    "rnn-of-two": Case("rnn", 2, SMALL, [0.39687276, 0.7237238]),
    "rnn-of-two-backward": Case("rnn", 2, SMALL, [0.10004295, 0.53391594], backward=True),
    "gru": Case("gru", 3, LONG, [0.5217289, 0.6371659, 0.39384964]),
    "gru-backward": Case(
        "gru", 3, LONG, [0.24406259, 0.611516, 0.3928808], backward=True
    ),
    "gru-no-bias": Case("gru", 3, LONG, [0.49988455, 0.64701194, 0.4103359], NO_BIAS),
    "gru-stateful": Case("gru", 4, SMALL, [0.29542392, 0.5885018], times=2),
    "gru-state": Case(
        "gru", 2, SHORT, [[0.23774096, 0.33508456], [0.83659905, 1.0227708]], state=True
    ),
    "gru-state-backward": Case(
        "gru",
        2,
        SHORT,
        [[0.13486053, 0.23261218], [0.78257304, 0.9691353]],
        state=True,
        backward=True,
    ),
    "gru-mask": Case("gru", 2, SHORT, [0.19393763, 0.30818558], mask=HOLES),
    "gru-mask-backward": Case(
        "gru", 2, SHORT, [0.11669192, 0.28380975], mask=HOLES, backward=True
    ),
    "lstm": Case("lstm", 3, LONG, [0.6288687, 0.86899155, 0.9460773]),
    "lstm-backward": Case(
        "lstm", 3, LONG, [0.35622165, 0.74789524, 0.8872726], backward=True
    ),
    "lstm-plain-bias": Case(
        "lstm", 3, LONG, [0.57019705, 0.8661914, 0.9459622], Constants(forget=0.03)
    ),
    "lstm-no-bias": Case("lstm", 3, LONG, [0.54986924, 0.86226785, 0.9443936], NO_BIAS),
    "lstm-stateful": Case("lstm", 4, SMALL, [0.3124785, 0.6863672], times=2),
    "lstm-state": Case(
        "lstm", 2, SHORT, [[0.20574439, 0.3558822], [0.64930826, 0.66276]], state=True
    ),
    "lstm-state-backward": Case(
        "lstm",
        2,
        SHORT,
        [[0.13281618, 0.2790356], [0.5839337, 0.5992567]],
        state=True,
        backward=True,
    ),
    "lstm-mask": Case(
        "lstm", 2, SHORT, [0.11755939, 0.28556206], mask=[[1, 1, 1, 0], [1, 1, 0, 0]]
    ),
    "lstm-mask-backward": Case(
        "lstm",
        2,
        SHORT,
        [0.15341201, 0.3844719],
        mask=[[0, 1, 1, 1], [0, 0, 1, 1]],
        backward=True,
    ),
    "lstm-of-two": Case("lstm", 2, SHORT, [0.1990008, 0.52335435]),
    "lstm-of-two-backward": Case(
        "lstm", 2, SHORT, [0.12659755, 0.44717982], backward=True
    ),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
with_and_without = pytest.mark.parametrize(
    "kernels", [nullcontext, without_kernels], ids=["kernels", "torch"]
)


def states_of(case, x, h):
    """The hidden state after each step of one sequence, by sums alone."""
    kernel, recurrent, bias, forget = case.constants
    c, states = h, []
    for read in kernel * x.sum(1):
        remembered = recurrent * h.sum()
        both = read + remembered + bias
        if case.cell == "rnn":
            h = np.full(case.units, np.tanh(both))
        elif case.cell == "gru":  # with reset_after there is a bias for each product
            gate = sigmoid(both + bias)
            h = gate * h + (1 - gate) * np.tanh(read + bias + gate * (remembered + bias))
        else:
            c = sigmoid(both - bias + forget) * c + sigmoid(both) * np.tanh(both)
            h = sigmoid(both) * np.tanh(c)
        states.append(h)
    return np.stack(states)


def layer_of(case, dtype, **options):
    """Our layer with these weights."""
    layer = RecurrentLayer(case.shape[2], case.units, cell=case.cell, **options).to(dtype)
    for direction in filter(None, [layer.ahead, layer.back]):
        fill(direction, case)
    return layer


@torch.no_grad()
def fill(direction, case):
    constants = case.constants
    direction.weight_ih_l0.fill_(constants.kernel)
    direction.weight_hh_l0.fill_(constants.recurrent)
    direction.bias_ih_l0.fill_(constants.bias)
    direction.bias_hh_l0.fill_(constants.bias if case.cell == "gru" else 0)
    if case.cell == "lstm":
        direction.bias_ih_l0[case.units : 2 * case.units] = constants.forget


def test_all_the_cells_are_here_with_every_reading():
    for cell in ("rnn", "gru", "lstm"):
        for reading in ("backward", "stateful", "state-backward", "mask-backward"):
            assert f"{cell}-{reading}" in CASES


@every_case
def test_sums_alone_give_the_numbers_of_keras(case):
    found = [
        states_of(case, *one)[-1] for one in zip(case.sequences, case.begin, strict=True)
    ]
    for got, answer in zip(found, case.answers, strict=True):
        np.testing.assert_allclose(got, np.broadcast_to(answer, case.units), rtol=1e-6)


@with_and_without
@every_case
def test_layers_give_the_numbers_of_keras(case, kernels):
    """From a state each, in double precision: the sums' digits, and Keras' few."""
    layer = layer_of(case, torch.float64)
    for x, begin, answer in zip(case.sequences, case.begin, case.answers, strict=True):
        h = torch.from_numpy(begin)[None, None]
        with kernels(), torch.no_grad():
            state = (h, h) if case.cell == "lstm" else h
            steps, _ = layer.advance(torch.from_numpy(x.copy())[None], state)
        np.testing.assert_allclose(steps[0], states_of(case, x, begin), atol=1e-14)
        expected = np.broadcast_to(answer, case.units)
        np.testing.assert_allclose(steps[0, -1], expected, rtol=1e-6)


@with_and_without
@pytest.mark.parametrize(
    "case",
    [case for case in CASES.values() if not case.state],
    ids=[name for name, case in CASES.items() if not case.state],
)
def test_batches_give_the_numbers_of_keras(case, kernels):
    """All sequences at once, padded; backward is half of both directions."""
    sequences = [torch.from_numpy(x.copy()).float() for x in case.sequences]
    if case.backward:
        sequences = [x.flip(0) for x in sequences]
    batch = nn.utils.rnn.pad_sequence(sequences, True, padding_value=torch.nan)
    lengths = torch.tensor([len(x) for x in sequences])
    layer = layer_of(case, torch.float32, bidirectional=case.backward)
    with kernels(), torch.no_grad():
        _, final = layer(batch, lengths)
    for got, answer in zip(final[:, -case.units :], case.answers, strict=True):
        np.testing.assert_allclose(got, np.full(case.units, answer), rtol=2e-6)


# ------------------------------------------------------------------------- two directions


MERGED = {
    "concat": [[0.39687276] * 2 + [0.10004295] * 2, [0.7237238] * 2 + [0.53391594] * 2],
    "mean": [[0.24845785] * 2, [0.6288199] * 2],
}


@with_and_without
@pytest.mark.parametrize("merge_mode", MERGED)
def test_two_directions_are_merged_as_in_keras(merge_mode, kernels):
    case = CASES["rnn-of-two"]
    layer = layer_of(case, torch.float32, bidirectional=True, merge_mode=merge_mode)
    with kernels(), torch.no_grad():
        _, final = layer(torch.from_numpy(case.X).float())
    np.testing.assert_allclose(final, MERGED[merge_mode], rtol=1e-6)


@with_and_without
def test_a_direction_may_have_weights_of_its_own(kernels):
    case = CASES["rnn-of-two"]
    layer = layer_of(case, torch.float32, bidirectional=True, merge_mode="mul")
    fill(layer.back, case._replace(constants=Constants(0.03, 0.02, 0.01)))
    with kernels(), torch.no_grad():
        _, final = layer(torch.from_numpy(case.X).float())
    np.testing.assert_allclose(final, [[0.08374989] * 2, [0.6740834] * 2], rtol=1e-6)


@with_and_without
def test_all_steps_of_two_directions_are_summed_as_in_keras(kernels):
    case = CASES["gru"]._replace(units=2, shape=SMALL)
    layer = layer_of(case, torch.float32, bidirectional=True, merge_mode="sum")
    with kernels(), torch.no_grad():
        steps, _ = layer(torch.from_numpy(case.X).float())
    answers = [[0.20937867, 0.34462988, 0.40290534], [0.59829646, 0.6734641, 0.6479671]]
    np.testing.assert_allclose(steps, np.repeat(answers, 2).reshape(2, 3, 2), rtol=1e-6)


@with_and_without
@pytest.mark.parametrize(
    ("backward", "cells"),
    [(False, [0.35567185, 1.0492687]), (True, [0.2501858, 0.941473])],
)
def test_cell_states_are_those_of_keras(backward, cells, kernels):
    case = CASES["lstm-of-two-backward" if backward else "lstm-of-two"]
    layer = layer_of(case, torch.float32)
    X = torch.from_numpy(np.stack(case.sequences)).float()
    with kernels(), torch.no_grad():
        _, (_, memory) = layer.advance(X)
    np.testing.assert_allclose(memory[0], np.repeat(cells, 2).reshape(2, 2), rtol=1e-6)
