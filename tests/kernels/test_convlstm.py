"""The compiled convolutional LSTM against torch's, and against finite differences."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from helpers.kernels import CLOSE, KERNELS_ARE_ON, without_kernels
from sksequence.nn import ConvLSTM, ConvLSTMCell, _convlstm
from sksequence.nn._threads import kernel_threads

pytestmark = KERNELS_ARE_ON


def drawn(layer, dtype=torch.float64):
    with torch.no_grad():
        for weight in layer.to(dtype).parameters():
            weight.normal_(0, 0.3)
    return layer.train()


def results(layer, x, lengths, upstream):
    """Outputs, and the gradients of x and of all weights."""
    x = x.clone().requires_grad_()
    layer.zero_grad()
    steps, final = layer(x, lengths)
    ((steps * upstream[0]).sum() + (final * upstream[1]).sum()).backward()
    return [steps.detach(), final.detach(), x.grad, *(p.grad for p in layer.parameters())]


@pytest.mark.parametrize("dtype", list(CLOSE), ids=str)
@pytest.mark.parametrize("options", [{}, {"peephole": True, "bidirectional": True}])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    # Whole vectors of channels and others, several vectors and less than two.
    ("size", "plane"),
    [(16, (5, 6)), (48, (3, 2)), (5, (5, 6)), (3, (4, 9)), (2, (3, 3))],
)
def test_kernel_and_torch_agree_in_outputs_and_gradients(
    size, plane, channels, options, dtype
):
    torch.manual_seed(0)
    layer = ConvLSTM(channels, size, 2, kernel_size=(3, 5), frame_size=plane, **options)
    drawn(layer, dtype)
    x = torch.randn(5, 6, channels, *plane, dtype=dtype)
    width = layer.output_size
    upstream = [torch.randn(*n, width, *plane, dtype=dtype) for n in ((5, 6), (5,))]
    assert _convlstm.serves(x, layer.layers[0].ahead.hidden_conv.weight)
    for lengths in (None, torch.tensor([6, 1, 3, 5, 6])):
        ours = results(layer, x, lengths, upstream)
        with without_kernels():
            theirs = results(layer, x, lengths, upstream)
        for one, other in zip(ours, theirs, strict=True):
            scale = other.abs().max().clamp(min=1)
            assert (one - other).abs().max() < CLOSE[dtype] * scale


@pytest.mark.parametrize(
    "check", [torch.autograd.gradcheck, torch.autograd.gradgradcheck]
)
@pytest.mark.parametrize("peephole_size", [None, (2, 3)])
@pytest.mark.parametrize("size", [2, 8])
def test_gradients_are_those_of_finite_differences(size, peephole_size, check):
    """Also of the states after the last step of each video."""
    torch.manual_seed(0)
    cell = drawn(ConvLSTMCell(1, size, peephole_size=peephole_size))
    lengths = torch.tensor([3, 1])
    x = torch.randn(2, 3, 1, 2, 3, dtype=torch.float64, requires_grad=True)

    def outputs(x, *weights):
        steps, (hidden, memory) = cell.unroll(x, lengths)
        return steps, hidden, memory

    assert _convlstm.serves(x, cell.hidden_conv.weight)
    assert check(outputs, (x, *cell.parameters()), fast_mode=True)


def test_a_video_of_one_step_has_no_gradient_of_recurrent_weights():
    cell = drawn(ConvLSTMCell(2, 4))
    cell.unroll(torch.randn(3, 1, 2, 4, 4, dtype=torch.float64))[0].sum().backward()
    assert not cell.hidden_conv.weight.grad.any()
    assert cell.input_conv.weight.grad.any()


def test_a_graph_that_is_kept_gives_its_gradient_again():
    cell = drawn(ConvLSTMCell(2, 16), torch.float32)
    total = cell.unroll(torch.randn(3, 4, 2, 4, 4))[0].sum()
    first = torch.autograd.grad(total, cell.hidden_conv.weight, retain_graph=True)[0]
    # Another pass in between must not write over what the first one has kept.
    cell.unroll(torch.randn(3, 4, 2, 4, 4))[0].sum().backward()
    assert torch.equal(torch.autograd.grad(total, cell.hidden_conv.weight)[0], first)


@pytest.mark.parametrize("size", [5, 16])
def test_several_threads_find_the_same_bits(size):
    layer = drawn(ConvLSTM(2, size, bidirectional=True), torch.float32)
    x, lengths = torch.randn(7, 4, 2, 4, 4), torch.tensor([4, 1, 2, 3, 4, 4, 2])
    width = layer.output_size
    upstream = torch.randn(7, 4, width, 4, 4), torch.randn(7, width, 4, 4)
    one = [part.clone() for part in results(layer, x, lengths, upstream)]
    with kernel_threads(3):
        several = results(layer, x, lengths, upstream)
    for mine, known in zip(several, one, strict=True):
        assert torch.equal(mine, known)


def test_after_a_hundred_steps_of_training_weights_are_torchs():
    torch.manual_seed(0)
    x = torch.randn(6, 5, 1, 4, 4, dtype=torch.float64)
    y, lengths = x[:, 0, 0].clone(), torch.tensor([5, 2, 3, 5, 1, 4])

    def trained():
        torch.manual_seed(1)
        layer = ConvLSTM(1, 8).double()
        head = nn.Conv2d(8, 1, 1).double()
        weights = [*layer.parameters(), *head.parameters()]
        optimizer = torch.optim.Adam(weights, lr=0.01)
        for _ in range(100):
            optimizer.zero_grad()
            loss = (head(layer(x, lengths)[1])[:, 0] - y).square().mean()
            loss.backward()
            optimizer.step()
        assert loss < 0.6
        return weights

    ours = trained()
    with without_kernels():
        theirs = trained()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8)


def test_what_has_no_kernels_is_left_to_torch():
    weight = torch.zeros(64, 16, 3, 3)
    x = torch.zeros(2, 3, 1, 4, 4)
    assert _convlstm.serves(x, weight)
    assert not _convlstm.serves(x.double(), weight)
    assert not _convlstm.serves(x.to("meta"), weight)
    assert not _convlstm.serves(x.bfloat16(), weight.bfloat16())
    assert not _convlstm.serves(x[..., :1, :1], weight[:, :15])  # less than a vector
    with torch.autocast("cpu"):
        assert not _convlstm.serves(x, weight)
    with without_kernels():
        assert not _convlstm.serves(x, weight)
