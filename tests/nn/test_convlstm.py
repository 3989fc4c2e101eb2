"""Convolutional recurrence against numpy, torch.nn and itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from helpers.layers import (
    DIRECTIONS,
    FILM_LENGTHS,
    PLANE,
    assert_equal,
    convlstm_by_hand,
    films_of,
    scrambled,
)
from sksequence.nn._time import zero_padding
from sksequence.nn.convlstm import ConvLSTM, ConvLSTMCell, ConvLSTMLayer

MERGES = {
    "concat": lambda ahead, back: np.concatenate([ahead, back], axis=-3),
    "sum": lambda ahead, back: ahead + back,
    "mean": lambda ahead, back: 0.5 * (ahead + back),
    "mul": lambda ahead, back: ahead * back,
}
every_direction = pytest.mark.parametrize(
    "direction", DIRECTIONS, ids=lambda options: "-".join(map(str, options.values()))
)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kernel", [1, 3, 5, (1, 3), (5, 3), (7, 9)])
@pytest.mark.parametrize("peephole_size", [None, PLANE])
def test_cell_follows_the_equations(kernel, peephole_size, training):
    cell = scrambled(ConvLSTMCell(2, 3, kernel, peephole_size=peephole_size))
    cell.train(training)
    X, lengths = films_of(FILM_LENGTHS)
    steps, (final_h, final_c) = cell.unroll(X, lengths)
    h, c = convlstm_by_hand(cell, X)
    for i, n in enumerate(FILM_LENGTHS):
        assert_equal(steps[i, :n], h[i, :n])
        assert_equal(final_h[i], h[i, n - 1])
        assert_equal(final_c[i], c[i, n - 1])
    after = cell(X[:, 1], (torch.tensor(h[:, 0]), torch.tensor(c[:, 0])))
    assert_equal(after[0], h[:, 1])
    assert_equal(after[1], c[:, 1])


@pytest.mark.parametrize("training", [False, True])
def test_a_kernel_is_as_wide_as_it_is_said_per_axis(training):
    """Frames turned by their diagonal, with kernels turned likewise, are the same."""
    kernel, turned = ((1, 3), (5, 3)), ((3, 1), (3, 5))
    one = scrambled(ConvLSTM(2, (3, 4), 2, kernel_size=kernel, bidirectional=True))
    other = ConvLSTM(2, (3, 4), 2, kernel_size=turned, bidirectional=True).double().eval()
    other.load_state_dict(
        {k: v.mT if v.ndim == 4 else v for k, v in one.state_dict().items()}
    )
    X, lengths = films_of(FILM_LENGTHS)
    outputs = one.train(training)(X, lengths), other.train(training)(X.mT, lengths)
    for got, expected in zip(*outputs, strict=True):
        assert_equal(got, expected.mT)


@pytest.mark.parametrize(("plane", "row"), [((1, 7), True), ((7, 1), False)])
def test_of_a_kernel_wider_than_a_line_the_middle_counts(plane, row):
    """The rest reads the zeros around it."""
    square, line = (
        ConvLSTM(2, 3, kernel_size=3),
        ConvLSTM(2, 3, kernel_size=(1, 3) if row else (3, 1)),
    )
    scrambled(square), line.double().eval()
    line.load_state_dict(
        {
            k: v if v.ndim < 4 else v[:, :, 1:2] if row else v[..., 1:2]
            for k, v in square.state_dict().items()
        }
    )
    X, lengths = films_of(FILM_LENGTHS, plane=plane)
    for got, expected in zip(square(X, lengths), line(X, lengths), strict=True):
        assert_equal(got, expected)


@pytest.mark.parametrize(
    ("kernel_size", "num_layers", "expected"),
    [
        (3, 2, [(3, 3), (3, 3)]),
        ((1, 3), 1, [(1, 3)]),
        ((1, 3), 2, [(1, 1), (3, 3)]),
        ((1, 3), 3, [(1, 3)] * 3),
        ([(1, 3), 5], 2, [(1, 3), (5, 5)]),
        (((1, 3),), 1, [(1, 3)]),
        ((5,), 1, [(5, 5)]),
    ],
)
def test_kernel_sizes_are_those_of_each_layer_and_axis(kernel_size, num_layers, expected):
    stack = ConvLSTM(1, 2, num_layers, kernel_size=kernel_size)
    for layer, size in zip(stack.layers, expected, strict=True):
        assert layer.ahead.input_conv.kernel_size == size
        assert layer.ahead.hidden_conv.kernel_size == size


@pytest.mark.parametrize("num_layers", [1, 2])
def test_a_lone_pixel_is_read_as_torch_reads_a_sequence(num_layers):
    ours = ConvLSTM(2, 4, num_layers, kernel_size=1, bidirectional=True)
    scrambled(ours)
    theirs = nn.LSTM(2, 4, num_layers, batch_first=True, bidirectional=True).double()
    state = {}
    for i, layer in enumerate(ours.layers):
        for cell, ending in ((layer.ahead, f"l{i}"), (layer.back, f"l{i}_reverse")):
            state[f"weight_ih_{ending}"] = cell.input_conv.weight.flatten(1)
            state[f"weight_hh_{ending}"] = cell.hidden_conv.weight.flatten(1)
            state[f"bias_ih_{ending}"] = cell.input_conv.bias
            state[f"bias_hh_{ending}"] = torch.zeros(16)
    theirs.load_state_dict(state)
    X, lengths = films_of(FILM_LENGTHS, plane=(1, 1))
    steps, states = ours.encode(X, lengths)
    packed = pack_padded_sequence(
        X.flatten(2), lengths, batch_first=True, enforce_sorted=False
    )
    answer, (h, c) = theirs(packed)
    assert_equal(steps.flatten(2), pad_packed_sequence(answer, batch_first=True)[0])
    for i, (hidden, cell) in enumerate(states):
        assert_equal(hidden.flatten(1), torch.cat([h[2 * i], h[2 * i + 1]], 1))
        assert_equal(cell.flatten(1), torch.cat([c[2 * i], c[2 * i + 1]], 1))
    assert_equal(ours(X, lengths)[1], states[-1][0])


@pytest.mark.parametrize("merge_mode", MERGES)
def test_merge_joins_a_film_read_ahead_and_the_reversed_film(merge_mode):
    layer = ConvLSTMLayer(2, 3, bidirectional=True, merge_mode=merge_mode)
    scrambled(layer)
    X, lengths = films_of(FILM_LENGTHS)
    steps, (hidden, cell) = layer(X, lengths)
    for i, n in enumerate(FILM_LENGTHS):
        h, c = convlstm_by_hand(layer.ahead, X[i : i + 1, :n])
        h_back, c_back = convlstm_by_hand(layer.back, X[i : i + 1, :n].flip(1))
        merge = MERGES[merge_mode]
        assert_equal(steps[i, :n], merge(h[0], h_back[0, ::-1]))
        assert_equal(hidden[i], merge(h[0, -1], h_back[0, -1]))
        assert_equal(cell[i], merge(c[0, -1], c_back[0, -1]))


@every_direction
def test_a_stack_is_its_layers_chained(direction):
    stack = ConvLSTM(2, (3, 4), 2, kernel_size=(3, 1), **direction)
    scrambled(stack)
    X, lengths = films_of(FILM_LENGTHS)
    steps, states = stack.encode(X, lengths)
    below, first = stack.layers[0](X, lengths)
    above, second = stack.layers[1](below, lengths)
    assert_equal(steps, zero_padding(above, lengths))
    for got, expected in zip(states, (first, second), strict=True):
        assert_equal(torch.stack(got), torch.stack(expected))
    assert stack.output_sizes == [state[0].shape[1] for state in states]
    for i, n in enumerate(FILM_LENGTHS):
        assert not steps[i, n:].any()


@pytest.mark.parametrize("peephole", [False, True])
def test_a_stack_goes_on_from_its_states(peephole):
    stack = ConvLSTM(2, (3, 4), 2, peephole=peephole, frame_size=PLANE)
    scrambled(stack)
    X, _ = films_of([6, 6])
    expected = stack.encode(X)[1]
    states = stack.encode(X[:, :4])[1]
    for x in X[:, 4:].unbind(1):
        states = stack.step(x, states)
    for got, state in zip(states, expected, strict=True):
        assert_equal(torch.stack(got), torch.stack(state))


def test_without_a_backward_direction_no_state_depends_on_later_frames():
    stack = scrambled(ConvLSTM(2, 3, 2))
    X, _ = films_of([6, 6])
    later = X.clone()
    later[:, 4:] += 1
    before, after = stack(X)[0], stack(later)[0]
    assert torch.equal(before[:, :4], after[:, :4])
    assert (before[:, 4:] != after[:, 4:]).any()
    both = scrambled(ConvLSTM(2, 3, 2, bidirectional=True))
    assert (both(X)[0][:, 0] != both(later)[0][:, 0]).any()
