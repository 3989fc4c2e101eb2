"""States that layers continue from, and what else torch's recurrences promise.

Kernels read and write memory at addresses: whatever torch would refuse, they must not
touch. The oracle is torch's own recurrence with the same weights.
"""

from __future__ import annotations

import re
from contextlib import nullcontext
from itertools import product

import pytest
import torch
from torch import nn

from helpers.kernels import without_kernels
from helpers.layers import TORCH_CELLS, assert_equal, every_cell, scrambled
from sksequence import _cells
from sksequence.nn import ConvLSTMCell, RecurrentLayer, RecurrentStack

any_cell = pytest.mark.parametrize("cell", _cells.CELLS)
with_and_without = pytest.mark.parametrize(
    "kernels", [nullcontext, without_kernels], ids=["kernels", "torch"]
)
N, STEPS, CHANNELS, HIDDEN = 4, 6, 3, 5


def inputs(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(N, STEPS, CHANNELS, generator=generator, dtype=dtype)


def states_for(layer, shape=(1, N, HIDDEN), dtype=torch.float64):
    """The states of a layer's cell: one tensor, or a tuple of two."""
    generator = torch.Generator().manual_seed(1)
    n = layer.cell.n_states
    parts = tuple(torch.randn(shape, generator=generator, dtype=dtype) for _ in range(n))
    return parts if n == 2 else parts[0]


def parts_of(state):
    return (state,) if isinstance(state, torch.Tensor) else tuple(state)


def made(cell, **options):
    return scrambled(RecurrentLayer(CHANNELS, HIDDEN, cell=cell, **options))


# ------------------------------------------------------------------------------- refused


@with_and_without
@pytest.mark.parametrize(
    "shape",
    [(1, N + 1, HIDDEN), (1, N, HIDDEN + 1), (2, N, HIDDEN), (N, HIDDEN), (1, 1, HIDDEN)],
)
@any_cell
def test_states_of_another_shape_are_refused(cell, shape, kernels):
    layer = made(cell)
    state = states_for(layer, shape)
    wanted, got = re.escape(f"each of shape {(1, N, HIDDEN)}"), re.escape(f"got {shape}")
    with kernels(), pytest.raises(ValueError, match=f"{wanted}.*{got}"):
        layer.advance(inputs(), state)


@with_and_without
@any_cell
def test_states_of_another_dtype_are_refused(cell, kernels):
    layer = made(cell)
    state = states_for(layer, dtype=torch.float32)
    words = r"torch.float64.* got .*torch.float32"
    with kernels(), pytest.raises(ValueError, match=words):
        layer.advance(inputs(), state)


@with_and_without
@any_cell
def test_a_state_too_few_or_too_many_is_refused(cell, kernels):
    layer = made(cell)
    one = states_for(layer)
    wrong = one[0] if layer.cell.n_states == 2 else (one, one)
    for state in (wrong, (), (None,) * layer.cell.n_states):
        with kernels(), pytest.raises(ValueError, match="state must be hidden state"):
            layer.advance(inputs(), state)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_stack_wants_a_state_for_each_layer(n):
    stack = RecurrentStack(CHANNELS, HIDDEN, 2, cell="gru").double()
    states = [torch.zeros(1, N, HIDDEN, dtype=torch.float64)] * n
    with pytest.raises(ValueError, match=rf"one per layer \(2\), got {n}"):
        stack.advance(inputs(), states)


@pytest.mark.parametrize("shape", [(1, 2, 4, 4), (3, 1, 4, 4), (3, 2, 1, 1)])
def test_states_of_frames_do_not_spread_over_others(shape):
    cell, x = ConvLSTMCell(1, 2), torch.randn(3, 1, 4, 4)
    right, wrong = torch.zeros(3, 2, 4, 4), torch.zeros(shape)
    for state in ((wrong, wrong), (right, wrong), (right,)):
        with pytest.raises(ValueError, match=r"state must be .*\(3, 2, 4, 4\)"):
            cell(x, state)


@with_and_without
@any_cell
def test_an_input_of_another_dtype_is_refused(cell, kernels):
    layer = made(cell)
    for x in (inputs().float(), inputs().long()):
        for run in (layer, layer.advance):
            with kernels(), pytest.raises(ValueError, match=r"x must be torch\.float64"):
                run(x)


@with_and_without
@any_cell
def test_sequences_without_a_step_are_refused(cell, kernels):
    layer = made(cell)
    for run in (layer, layer.advance):
        with kernels(), pytest.raises(ValueError, match="x must have a step"):
            run(inputs()[:, :0])


@with_and_without
@any_cell
def test_a_batch_without_sequences_has_no_outputs(cell, kernels):
    layer = made(cell)
    with kernels():
        steps, final = layer(inputs()[:0])
        of_none, _ = layer(inputs()[:0], torch.zeros(0, dtype=torch.long))
    assert steps.shape == of_none.shape == (0, STEPS, HIDDEN)
    assert final.shape == (0, HIDDEN)


@pytest.mark.parametrize("size", [0, -1, 2.5, 3.0, True, "3", None])
@any_cell
def test_sizes_are_ints_of_at_least_one(cell, size):
    for name in ("input_size", "hidden_size"):
        sizes = {"input_size": 3, "hidden_size": 4, name: size}
        with pytest.raises(ValueError, match=f"{name} must be int .*, got {size!r}"):
            RecurrentLayer(**sizes, cell=cell)


# ---------------------------------------------------------------------- memory as it lies


def strided(tensor):
    """The same numbers, of which every second of another tensor is one."""
    wide = torch.full((*tensor.shape[:-1], 2 * tensor.shape[-1]), torch.nan)
    wide = wide.to(tensor.dtype)
    wide[..., ::2] = tensor
    return wide[..., ::2]


@with_and_without
@any_cell
def test_states_and_inputs_may_lie_anywhere(cell, kernels):
    layer, x = made(cell), inputs()
    parts = parts_of(states_for(layer))
    with kernels(), torch.no_grad():
        expected = layer.advance(x, parts)
        for change in (strided, lambda t: t.transpose(0, 1).contiguous().transpose(0, 1)):
            moved = tuple(map(change, parts))
            steps, state = layer.advance(change(x), moved)
            assert torch.equal(steps, expected[0])
            for ours, theirs in zip(parts_of(state), parts_of(expected[1]), strict=True):
                assert torch.equal(ours, theirs)


@with_and_without
@any_cell
def test_sequences_of_any_length_begin_with_a_state(cell, kernels):
    layer, x, lengths = made(cell), inputs(), torch.tensor([2, 6, 1, 4])
    parts = parts_of(states_for(layer))
    with kernels(), torch.no_grad():
        steps, final = layer(x, lengths, state=parts)
        for i, n in enumerate(lengths.tolist()):
            own = tuple(part[:, i : i + 1] for part in parts)
            expected, behind = layer.advance(x[i : i + 1, :n], own)
            assert_equal(steps[i, :n], expected[0])
            assert (steps[i, n:] == 0).all()
            assert_equal(final[i], parts_of(behind)[0][0, 0])


@with_and_without
@any_cell
def test_a_state_to_begin_with_is_for_one_direction(cell, kernels):
    layer = made(cell, bidirectional=True)
    for run in (layer.advance, lambda x, state: layer(x, state=state)):
        with kernels(), pytest.raises(ValueError, match="cannot continue from a state"):
            run(inputs(), states_for(layer))
    words = "state must be hidden state"
    with kernels(), pytest.raises(ValueError, match=words):
        made(cell)(inputs(), state=())


@with_and_without
@any_cell
def test_a_state_given_is_not_written_to(cell, kernels):
    layer = made(cell)
    parts = parts_of(states_for(layer))
    before = [part.clone() for part in parts]
    with kernels(), torch.no_grad():
        layer.advance(inputs(), parts)
    assert all(map(torch.equal, parts, before))


@with_and_without
@any_cell
def test_expanded_states_are_one_state_each(cell, kernels):
    layer, x = made(cell), inputs()
    parts = parts_of(states_for(layer, (1, 1, HIDDEN)))
    with kernels(), torch.no_grad():
        ours, _ = layer.advance(x, tuple(part.expand(1, N, HIDDEN) for part in parts))
        theirs, _ = layer.advance(x, tuple(part.repeat(1, N, 1) for part in parts))
    assert torch.equal(ours, theirs)


# ----------------------------------------------------------------------------- gradients


def both(cell):
    """Our layer and torch's with the same weights."""
    layer = made(cell).train()
    theirs = TORCH_CELLS[cell](CHANNELS, HIDDEN, batch_first=True).double()
    theirs.load_state_dict(layer.ahead.state_dict())
    return layer, theirs


def gradients_of(run, x, state, chosen, weights):
    """Gradients of inputs, states and weights, of some of the outputs."""
    x = x.clone().requires_grad_()
    leaves = [part.clone().requires_grad_() for part in parts_of(state)]
    steps, end = run(x, tuple(leaves) if len(leaves) == 2 else leaves[0])
    names = ("steps", "final", "memory")
    outputs = dict(zip(names, (steps, *parts_of(end)), strict=False))
    total = sum(outputs[name].square().sum() for name in chosen)
    return torch.autograd.grad(total, [x, *leaves, *weights], allow_unused=True)


OUTPUTS = [("steps",), ("final",), ("steps", "final")]
OF_MEMORY = [("memory",), ("final", "memory"), ("steps", "memory")]


@with_and_without
@pytest.mark.parametrize(
    ("cell", "chosen"),
    [*product(TORCH_CELLS, OUTPUTS), *product(["lstm"], OF_MEMORY)],
    ids=str,
)
def test_any_output_alone_has_the_gradient_of_torch(cell, chosen, kernels):
    """Also that of the states a layer begins with."""
    layer, theirs = both(cell)
    state = states_for(layer)
    with kernels():
        ours = gradients_of(
            layer.advance, inputs(), state, chosen, list(layer.ahead.parameters())
        )
    expected = gradients_of(theirs, inputs(), state, chosen, list(theirs.parameters()))
    for one, other in zip(ours, expected, strict=True):
        assert_equal(one, other)


@with_and_without
@any_cell
def test_a_gradient_reaches_back_through_the_state(cell, kernels):
    """In two pieces as in one, if the state is not cut off."""
    layer, x = made(cell).train(), inputs()
    weights = list(layer.ahead.parameters())
    with kernels():
        whole, _ = layer.advance(x)
        first, state = layer.advance(x[:, :2])
        second, _ = layer.advance(x[:, 2:], state)
    pieces = torch.cat([first, second], 1)
    expected = torch.autograd.grad(whole.square().sum(), weights)
    ours = torch.autograd.grad(pieces.square().sum(), weights)
    for one, other in zip(ours, expected, strict=True):
        assert_equal(one, other)


@with_and_without
@any_cell
def test_a_layer_used_twice_sums_its_gradients(cell, kernels):
    layer, x = made(cell).train(), inputs()
    weights = list(layer.ahead.parameters())
    with kernels():
        apart = [
            torch.autograd.grad(layer(part)[0].square().sum(), weights)
            for part in (x, 2 * x)
        ]
        together = layer(x)[0].square().sum() + layer(2 * x)[0].square().sum()
    for one, *others in zip(torch.autograd.grad(together, weights), *apart, strict=True):
        assert_equal(one, sum(others))


@with_and_without
@any_cell
def test_frozen_weights_get_no_gradient_and_the_others_theirs(cell, kernels):
    layer, x = made(cell).train(), inputs().requires_grad_()
    with kernels():
        layer(x)[0].square().sum().backward()
        expected = x.grad.clone()
        thawed = layer.ahead.weight_ih_l0.grad.clone()
        x.grad = None
        layer.zero_grad()
        layer.ahead.bias_ih_l0.requires_grad_(False)
        layer(x)[0].square().sum().backward()
    assert layer.ahead.bias_ih_l0.grad is None
    assert_equal(layer.ahead.weight_ih_l0.grad, thawed)
    assert_equal(x.grad, expected)


@any_cell
def test_what_a_gradient_needs_must_not_be_overwritten(cell):
    """Kernels read it again at its address; torch says so, rather than be wrong."""
    layer, x = made(cell).train(), inputs()
    for change in (x, layer.ahead.weight_ih_l0):
        steps, _ = layer(x)
        with torch.no_grad():
            change.mul_(2)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            steps.sum().backward()


@with_and_without
@any_cell
def test_outputs_are_the_same_with_and_without_a_gradient(cell, kernels):
    layer, x = made(cell, bidirectional=True), inputs()
    with kernels():
        with_gradient, _ = layer(x)
        with torch.no_grad():
            without, _ = layer(x)
        with torch.inference_mode():
            inference, _ = layer(x)
    assert with_gradient.requires_grad
    assert not without.requires_grad
    assert torch.equal(without, inference)
    if kernels is nullcontext:
        assert torch.equal(with_gradient, without)
    assert_equal(with_gradient, without, atol=1e-14)


# ------------------------------------------------------------------------- axes and draws


@with_and_without
@any_cell
def test_the_first_axis_is_that_of_sequences(cell, kernels):
    """No sequence knows of another; each step knows those before it."""
    layer, x = made(cell), inputs()
    changed = x.clone()
    changed[1, 3] += 1
    with kernels(), torch.no_grad():
        before, after = layer(x)[0], layer(changed)[0]
    moved = (before != after).any(2)
    expected = torch.zeros(N, STEPS, dtype=torch.bool)
    expected[1, 3:] = True
    assert torch.equal(moved, expected)


@with_and_without
@pytest.mark.parametrize("p", [0.0, 1e-9, 0.5, 0.999999])
@every_cell
def test_dropout_is_between_layers_alone(cell, p, kernels):
    """Torch's edges: with 0 nothing is dropped, with nearly 1 all that a layer reads."""
    stack = RecurrentStack(CHANNELS, HIDDEN, 2, cell=cell, dropout=p).double()
    first, second = stack.layers
    with kernels(), torch.no_grad():
        steps = stack.train()(inputs())[0]
        below = first(inputs())[0]
        nothing_dropped = second(below)[0]
        all_dropped = second(torch.zeros_like(below))[0]
        in_evaluation = stack.eval()(inputs())[0]
    assert_equal(in_evaluation, nothing_dropped)
    if p < 1e-3:
        assert_equal(steps, nothing_dropped, atol=1e-8)
    elif p > 0.99:
        assert_equal(steps, all_dropped)
    else:
        assert (steps != nothing_dropped).any()
        assert (steps != 0).all()  # the last layer's own outputs are not dropped


def test_weights_are_torchs_by_name_and_shape():
    for cell, torchs in TORCH_CELLS.items():
        layer = RecurrentLayer(CHANNELS, HIDDEN, cell=cell)
        ours = {name: p.shape for name, p in layer.ahead.named_parameters()}
        theirs = torchs(CHANNELS, HIDDEN).named_parameters()
        assert ours == {name: p.shape for name, p in theirs}


def test_a_wide_float64_layer_is_not_rounded_to_float32():
    layer = nn.LSTM(CHANNELS, HIDDEN, batch_first=True).double()
    ours = RecurrentLayer(CHANNELS, HIDDEN).double()
    ours.ahead.load_state_dict(layer.state_dict())
    with torch.no_grad():
        assert_equal(ours(inputs())[0], layer(inputs())[0], atol=1e-15)
