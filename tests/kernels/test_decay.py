"""Compiled decay, of values and of states, against torch's and finite differences."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from helpers.kernels import CLOSE, KERNELS_ARE_ON, KINDS, drawn_layer, without_kernels
from sksequence._cells import CELLS
from sksequence.nn import DecayMissing, RecurrentLayer, SequenceNetwork, _compiled, _decay
from sksequence.nn._time import valid_steps

pytestmark = KERNELS_ARE_ON


def drawn_fade(hidden, n_elapsed, dtype):
    """Weights of which some factors are one and most are not."""
    weight = torch.rand(hidden, n_elapsed, dtype=dtype) / n_elapsed
    return weight, torch.linspace(-0.6, 0.3, hidden, dtype=dtype)


def assert_close(ours, theirs, dtype):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        scale = other.abs().max().clamp(min=1)
        assert (one - other).abs().max() < CLOSE[dtype] * scale


# --------------------------------------------------------------------------------- states


@pytest.mark.parametrize(
    "check", [torch.autograd.gradcheck, torch.autograd.gradgradcheck]
)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS)
def test_gradients_of_decaying_states_are_those_of_differences(
    cell, reverse, masked, check
):
    """With an initial state, which decays before the first step."""
    torch.manual_seed(0)
    layer = drawn_layer(cell, 2, 5)
    x = torch.randn(5, 4, 2, dtype=torch.float64)
    elapsed = torch.rand(5, 4, 3, dtype=torch.float64) * 2
    lengths = torch.tensor([4, 2, 3, 4, 1])
    states = [torch.randn(5, 5, dtype=torch.float64) for _ in range(cell.n_states)]
    mask = 2.0 * torch.randint(2, (5, 5)).double() if masked else None
    tensors = [x, *states, *drawn_fade(5, 3, torch.float64)]
    tensors = [tensor.requires_grad_() for tensor in tensors]

    def outputs(x, *rest):
        *state, weight, bias = rest[: len(states) + 2]
        return _compiled.recurrence(
            *(layer, x, lengths),
            reverse=reverse,
            state=tuple(state),
            mask=mask,
            fade=_compiled.Fade(elapsed, weight, bias),
        )

    options = {"fast_mode": True} if check is torch.autograd.gradgradcheck else {}
    assert check(outputs, (*tensors, *layer.parameters()), **options)


def outputs_and_gradients(layer, x, lengths, elapsed, upstream):
    x = x.clone().requires_grad_()
    layer.zero_grad()
    steps, final = layer(x, lengths, elapsed)
    ((steps * upstream[0]).sum() + (final * upstream[1]).sum()).backward()
    return [steps.detach(), final.detach(), x.grad, *(p.grad for p in layer.parameters())]


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(
    cell=st.sampled_from(list(CELLS)),
    sizes=st.tuples(*(st.integers(1, most) for most in (80, 12, 20, 50, 40))),
    dtype=st.sampled_from(list(CLOSE)),
    unequal=st.booleans(),
    bidirectional=st.booleans(),
    training=st.booleans(),
    layer_norm=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_kernel_and_torch_agree_in_decaying_states(
    cell, sizes, dtype, unequal, bidirectional, training, layer_norm, seed
):
    torch.manual_seed(seed)
    n, n_steps, n_channels, hidden, n_elapsed = sizes
    layer = RecurrentLayer(
        *(n_channels, hidden),
        cell=cell,
        bidirectional=bidirectional,
        elapsed_size=n_elapsed,
        layer_norm=layer_norm,
    ).to(dtype)
    with torch.no_grad():
        for fade in layer.fades:
            weight, bias = drawn_fade(hidden, n_elapsed, dtype)
            fade.linear.weight.copy_(weight)
            fade.linear.bias.copy_(bias)
    layer.train(training)
    x = torch.randn(n, n_steps, n_channels, dtype=dtype)
    elapsed = tuple(torch.rand(n, n_steps, n_elapsed, dtype=dtype) * 3 for _ in range(2))
    lengths = torch.randint(1, n_steps + 1, (n,)) if unequal else None
    width = layer.output_size
    upstream = [torch.randn(*shape, width, dtype=dtype) for shape in ((n, n_steps), (n,))]
    given = layer, x, lengths, elapsed, upstream
    ours = outputs_and_gradients(*given)
    with without_kernels():
        theirs = outputs_and_gradients(*given)
    # A step at the kink of a factor: rounding chooses the side.
    assert_close(ours, theirs, dtype)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_decaying_sequence_alone_has_the_bits_of_a_batch(cell):
    layer = RecurrentLayer(4, 19, cell=cell, bidirectional=True, elapsed_size=2).eval()
    x, lengths = torch.randn(70, 9, 4), torch.randint(1, 10, (70,))
    elapsed = torch.rand(70, 9, 2) * 9, torch.rand(70, 9, 2) * 9
    with torch.no_grad():
        steps, final = layer(x, lengths, elapsed)
        for i in (0, 33, 69):
            n = int(lengths[i])
            own = tuple(times[i : i + 1, :n] for times in elapsed)
            alone, last = layer(x[i : i + 1, :n], None, own)
            assert torch.equal(alone[0], steps[i, :n])
            assert torch.equal(last[0], final[i])


def test_a_factor_that_rounds_to_one_has_its_gradient():
    """Its slope is there before its first digit is."""
    layer = drawn_layer(CELLS["rnn"], 1, 1, torch.float32)
    weight, bias = torch.zeros(1, 1), torch.tensor([1e-12])
    elapsed, start = torch.ones(1, 1, 1), torch.full((1, 1), 0.5)

    def slope(bias):
        bias = bias.requires_grad_()
        fade = _compiled.Fade(elapsed, weight, bias)
        _compiled.recurrence(layer, torch.zeros(1, 1, 1), state=(start,), fade=fade)[
            0
        ].sum().backward()
        return bias.grad.item()

    assert slope(bias) != 0
    assert slope(torch.zeros(1)) == 0  # as of torch's ReLU


def test_elapsed_times_of_another_shape_or_dtype_are_refused():
    layer = RecurrentLayer(3, 4, elapsed_size=2)
    x, right = torch.zeros(5, 6, 3), torch.zeros(5, 6, 2)
    message = r"elapsed must have shape \(5, 6, 2\) and dtype torch.float32, got "
    for wrong in (torch.zeros(5, 5, 2), torch.zeros(5, 6, 3), right.double()):
        with pytest.raises(ValueError, match=message):
            layer(x, None, (wrong, right))


def test_elapsed_times_may_have_a_gradient_which_torch_computes():
    layer = RecurrentLayer(3, 4, elapsed_size=2).double()
    x = torch.randn(5, 6, 3, dtype=torch.float64)
    elapsed = torch.rand(5, 6, 2, dtype=torch.float64) * 3
    assert torch.autograd.gradcheck(
        lambda elapsed: layer(x, None, (elapsed, elapsed)), elapsed.requires_grad_()
    )


# --------------------------------------------------------------------------------- values


def sequences(dtype, clock, unequal):
    """Sequences with gaps, also at their begin, with a time or without."""
    x = torch.randn(17, 23, 5, dtype=dtype)
    x[torch.rand(x.shape) < 0.5] = torch.nan
    if clock is not None:
        x[..., clock] = torch.rand(17, 23, dtype=dtype).cumsum(1)
    lengths = torch.randint(1, 24, (17,)) if unequal else None
    if lengths is not None:
        x[~valid_steps(lengths, 23)] = torch.inf  # padding may hold anything
    return x, lengths


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("clock", [None, 1])
@pytest.mark.parametrize("dtype", list(CLOSE), ids=str)
def test_gaps_are_filled_and_timed_as_torch_does(dtype, clock, unequal):
    x, lengths = sequences(dtype, clock, unequal)
    layer = DecayMissing(5, time_channel=clock, fill=(0.1, 0.2, 0.3, 0.4, 0.5)).to(dtype)
    with torch.no_grad():
        layer.bias.uniform_(-0.3, 0.3)
    upstream = torch.randn(17, 23, layer.output_size, dtype=dtype)
    valid = valid_steps(torch.full((17,), 23) if lengths is None else lengths, 23)
    upstream = upstream * valid[..., None]

    def results():
        layer.zero_grad()
        read = layer(x, lengths)
        read.backward(upstream)
        times = [part * valid[..., None] for part in layer.elapsed(x, lengths)]
        return [*times, read.detach(), layer.rate.grad.clone(), layer.bias.grad.clone()]

    assert _decay.serves(x, layer.rate)
    ours = results()
    with without_kernels():
        assert not _decay.serves(x, layer.rate)
        theirs = results()
    for one, other in zip(ours[:2], theirs[:2], strict=True):
        assert torch.equal(one, other)
    assert_close(ours, theirs, dtype)


@pytest.mark.parametrize("clock", [None, 1])
def test_gradients_of_decaying_values_are_those_of_differences(clock):
    x, lengths = sequences(torch.float64, clock, True)
    layer = DecayMissing(5, time_channel=clock).double()

    def read(rate, bias):
        again = layer._fill
        in_torch = lambda *weights: again(x, lengths, *weights)  # noqa: E731
        return _decay.fill(layer.filling(x), x, lengths, rate, bias, in_torch)

    weights = torch.rand_like(layer.rate), torch.rand_like(layer.bias) - 0.5
    weights = tuple(weight.requires_grad_() for weight in weights)
    assert torch.autograd.gradcheck(read, weights)
    assert torch.autograd.gradgradcheck(read, weights)


def test_values_that_need_a_gradient_are_left_to_torch():
    layer = DecayMissing(2).double()
    x = torch.randn(3, 6, 2, dtype=torch.float64, requires_grad=True)
    assert not _decay.serves(x, layer.rate)
    assert torch.autograd.gradcheck(layer, x)
    with torch.no_grad():
        assert _decay.serves(x, layer.rate)
    assert not _decay.serves(torch.zeros(3, 6, 2), layer.rate)  # of another dtype
    assert not _decay.serves(x.detach().to("meta"), layer.rate)


# ------------------------------------------------------------------------------- networks


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_after_a_hundred_steps_of_training_weights_are_torchs(cell):
    x, lengths = sequences(torch.float64, 1, True)
    y = torch.randint(2, (17,))

    def trained():
        torch.manual_seed(1)
        network = SequenceNetwork(
            *(5, 2), cell=cell, hidden_size=6, missing="decay", time_channel=1
        ).double()
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        for _ in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(x, lengths), y)
            loss.backward()
            optimizer.step()
        assert loss < 0.4
        return [weight.detach() for weight in network.parameters()]

    ours = trained()
    with without_kernels():
        theirs = trained()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8)


def test_without_the_kernels_of_gaps_those_of_recurrences_serve(monkeypatch):
    """Each is found or missing by itself."""
    x, lengths = sequences(torch.float32, None, True)
    network = SequenceNetwork(5, 2, cell="gru", hidden_size=6, missing="decay").eval()
    expected = network(x, lengths)
    monkeypatch.setattr(_decay, "serves", lambda *_: False)
    torch.testing.assert_close(network(x, lengths), expected)
