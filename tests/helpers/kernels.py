"""The compiled recurrence beside torch's."""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest
import torch

from sksequence import _kernels
from sksequence._cells import CELLS, RectifiedRNN
from sksequence.nn import _compiled
from sksequence.nn._cell_layer import make_cell_layer

CLOSE = {torch.float32: 2e-5, torch.float64: 1e-12}
KINDS = {**CELLS, "relu": RectifiedRNN}
KERNELS_ARE_ON = pytest.mark.skipif(
    "SKSEQUENCE_KERNELS" in os.environ, reason="kernels may be switched off"
)


@contextmanager
def without_kernels():
    """Torch's own layers, as where nothing can be compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_kernels, "load", lambda *_: None)
        yield


def run(layer, x, lengths, upstream):
    """Outputs of a layer, and the gradients of x and of all weights."""
    x = x.clone().requires_grad_()
    layer.zero_grad()
    steps, final = layer(x, lengths)
    if lengths is not None:
        valid = torch.arange(x.shape[1]) < lengths[:, None]
        steps = steps * valid[..., None]
    loss = (steps * upstream[0]).sum() + (final * upstream[1]).sum()
    loss.backward()
    gradients = [p.grad.clone() for p in layer.parameters()]
    return [steps.detach(), final.detach(), x.grad, *gradients]


def compare(layer, x, lengths):
    """Largest difference of compiled and torch's path, relative to what is large."""
    width = layer.output_size
    upstream = [
        x.new_empty(*shape, width).normal_() for shape in (x.shape[:2], x.shape[:1])
    ]
    assert _compiled.serves(layer.ahead, x)
    ours = run(layer, x, lengths, upstream)
    with without_kernels():
        assert not _compiled.serves(layer.ahead, x)
        theirs = run(layer, x, lengths, upstream)
    return max(
        float((a - b).abs().max() / b.abs().max().clamp(min=1))
        for a, b in zip(ours, theirs, strict=True)
    )


def drawn_layer(cell, channels, hidden, dtype=torch.float64):
    """One direction of a layer, all of whose weights are drawn."""
    layer = make_cell_layer(cell, channels, hidden).to(dtype)
    with torch.no_grad():
        for parameter in layer.parameters():
            # A scale at which gradients neither vanish nor explode.
            parameter.normal_(0, 1 / (1 + hidden**0.5))
    return layer


def differentiable(cell, *, reverse, given, masked):
    """One direction of a layer as a function, and all tensors that it depends on."""
    torch.manual_seed(0)
    layer = drawn_layer(cell, 2, 5)
    lengths = torch.tensor([4, 2, 3, 4, 1])
    states = [torch.randn(5, 5, dtype=torch.float64) for _ in range(cell.n_states)]
    x = torch.randn(5, 4, 2, dtype=torch.float64)
    products = torch.randn(5, 4, 5 * len(cell.gates), dtype=torch.float64)
    tensors = [tensor.requires_grad_() for tensor in (x, products, *states)]
    mask = 2.0 * torch.randint(2, (5, 5)).double() if masked else None

    def outputs(x, products, *rest):
        return _compiled.recurrence(
            layer,
            x,
            lengths,
            reverse=reverse,
            state=rest[: len(states)],
            products=products if given else None,
            mask=mask,
        )

    return outputs, (*tensors, *layer.parameters())
