"""A network whose gradients are computed without autograd, for small batches.

Torch spends several times the time of the arithmetic on a mini-batch of few short
sequences: on calls of layers, and on the graph of autograd. :class:`DirectNetwork` makes
the same operations on the same numbers, so that outputs and gradients have the same bits.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn

from . import _compiled
from ._compiled import BlockWork
from ._direct_layers import DirectStack, Order, Pair, serves
from ._segments import pool_segments
from .missing import Complete
from .network import SequenceNetwork
from .pooling import LastPooling, MaxPooling, MeanPooling


class _Pooling(Protocol):
    """Pools steps (batch, steps, size), and returns the gradients of what it read."""

    def forward(
        self, steps: Tensor, final: Tensor, lengths: Tensor | None, order: Order
    ) -> Tensor: ...
    def backward(self, gradient: Tensor) -> Pair: ...


class _Last:
    def forward(
        self, steps: Tensor, final: Tensor, lengths: Tensor | None, order: Order
    ) -> Tensor:
        return final

    def backward(self, gradient: Tensor) -> Pair:
        return None, gradient


class _Mean:
    def forward(
        self, steps: Tensor, final: Tensor, lengths: Tensor | None, order: Order
    ) -> Tensor:
        self.shape = steps.shape
        self.divisor = (order[1] if lengths is None else lengths)[:, None]
        return steps.sum(1) / self.divisor

    def backward(self, gradient: Tensor) -> Pair:
        # That of the padding is never read.
        return (gradient / self.divisor)[:, None].expand(self.shape), None


class _Max:
    """Maxima, which the threads that run the recurrence also find and differentiate."""

    def reading(self, lengths: Tensor | None, order: Order, steps: Tensor) -> BlockWork:
        """Return how to find the maxima of steps, which ``found`` then has."""
        self.found = steps.new_empty(steps.shape[0], steps.shape[2])
        lengths = order[1] if lengths is None else lengths.long().contiguous()
        self.read = steps, order[0], lengths, self.found
        return _compiled.largest_work("forward", *self.read)

    def returning(self, gradient: Tensor) -> tuple[Tensor, BlockWork]:
        """Return memory for the gradient of the steps, and how to write it."""
        self.gradient = gradient.contiguous()  # alive until it has been read
        grad_steps = torch.empty_like(self.read[0])
        work = _compiled.largest_work(
            "backward",
            *self.read,
            grad_largest=self.gradient.data_ptr(),
            grad_steps=grad_steps.data_ptr(),
        )
        return grad_steps, work


class _Other:
    """Any pooling, by autograd."""

    def __init__(self, pool: nn.Module, n_segments: int, gradients: dict) -> None:
        self.pool, self.n_segments = pool, n_segments
        self.gradients = {p: gradients[p] for p in pool.parameters()}

    def forward(
        self, steps: Tensor, final: Tensor, lengths: Tensor | None, order: Order
    ) -> Tensor:
        self.leaves = steps.detach().requires_grad_(), final.detach().requires_grad_()
        with torch.enable_grad():
            steps, final = self.leaves
            self.pooled = pool_segments(self.pool, self.n_segments, steps, lengths, final)
        return self.pooled.detach()

    def backward(self, gradient: Tensor) -> Pair:
        found = torch.autograd.grad(
            self.pooled, (*self.leaves, *self.gradients), gradient, allow_unused=True
        )
        for target, own in zip(self.gradients.values(), found[2:], strict=True):
            target.copy_(own)
        del self.pooled, self.leaves  # and the graph
        return found[0], found[1]


class DirectNetwork:
    """A network in training whose gradients are computed without autograd.

    Parameters
    ----------
    network : SequenceNetwork
        A network as ``can_be_direct`` accepts it, whose weights stay where they are.

    Attributes
    ----------
    gradients : dict
        Gradient of each weight, which ``backward`` writes.
    flat : Tensor of shape (n_numbers,)
        The memory of all of them; what lies between them is zero.
    """

    def __init__(self, network: SequenceNetwork) -> None:
        self.network, self.n_channels = network, network.reader.output_size
        self.flat, self.gradients = _memory_for(list(network.parameters()))
        self.recurrence = DirectStack(network.recurrence, self.gradients)
        self.pooling = self._make_pooling()
        self.dropouts = network.output_dropout, network.dropout
        self.weight = network.head.weight.detach()
        self.bias = network.head.bias.detach()
        self.turned = self.weight.t()
        self.grad_weight = self.gradients[network.head.weight]
        self.grad_bias = self.gradients[network.head.bias]

    def _make_pooling(self) -> _Pooling | _Max:
        network = self.network
        assert network.pool is not None
        kind = type(network.pool)
        if kind is LastPooling:
            return _Last()
        if network.n_segments == 1 and kind is MeanPooling:
            return _Mean()
        if network.n_segments == 1 and kind is MaxPooling and self.recurrence.is_one_way:
            size = network.recurrence.output_size
            if _compiled.serves_largest(self.flat.new_empty(1, 1, size)):
                return _Max()
        return _Other(network.pool, network.n_segments, self.gradients)

    def forward(self, X: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the output, as the network in training does.

        Shape
            X (batch, steps, input_size), lengths (batch,) or None
            -> (batch, output_size)

        Raises
        ------
        ValueError
            If X has another number of channels or dtype than the weights, or lengths are
            not from 1 to steps.
        """
        # The kernels take an address, and would read whatever is there.
        if X.ndim != 3 or X.shape[2] != self.n_channels or X.dtype != self.flat.dtype:
            raise ValueError(
                f"X must have shape (batch, steps, {self.n_channels}) and dtype "
                f"{self.flat.dtype}, got {tuple(X.shape)} and {X.dtype}"
            )
        order = _compiled.order_of(lengths, *X.shape[:2])
        pooling, X = self.pooling, X.contiguous()
        if isinstance(pooling, _Max):
            self.recurrence.forward(X, order, partial(pooling.reading, lengths, order))
            read = pooling.found
        else:
            read = pooling.forward(*self.recurrence.forward(X, order), lengths, order)
        self.factors: list[Tensor] = []
        for dropout in self.dropouts:
            factors = dropout.draw(read)
            if factors is not None:
                self.factors.append(factors)
                read = read * factors
        self.read = read
        return torch.addmm(self.bias, read, self.turned)

    def backward(self, gradient: Tensor) -> None:
        """Write the gradients of all weights, given that of the latest output."""
        torch.mm(gradient.t(), self.read, out=self.grad_weight)
        torch.sum(gradient, 0, out=self.grad_bias)
        grad_read = torch.mm(gradient, self.weight)
        for factors in reversed(self.factors):
            grad_read = grad_read * factors
        if isinstance(self.pooling, _Max):
            grad_steps, work = self.pooling.returning(grad_read)
            self.recurrence.backward(grad_steps, None, work)
        else:
            self.recurrence.backward(*self.pooling.backward(grad_read))


def can_be_direct(network: nn.Module) -> bool:
    """Return whether the gradients of a network can be computed without autograd.

    It must consist of recurrent layers with kernels, a pooling and a linear head.
    """
    if type(network) is not SequenceNetwork or network.pool is None:
        return False
    # Whatever is added to networks one day is a part of another name.
    if {name for name, _ in network.named_children()} != _PARTS:
        return False
    if network.branch.output_size or len(network.encoder.layers):
        return False
    if type(network.reader) is not Complete or type(network.head) is not nn.Linear:
        return False
    weights = list(network.parameters())
    if not all(w.requires_grad and w.is_cpu and w.is_contiguous() for w in weights):
        return False
    if len({w.dtype for w in weights}) > 1:
        return False
    return serves(network.recurrence)


# The parts of a network without any that are optional.
_PARTS = {"reader", "encoder", "recurrence", "pool", "branch", "head"}
_PARTS |= {"output_dropout", "dropout"}
# Numbers between the gradients, so that each begins as torch would align it.
_ALIGNED = 16


def _memory_for(weights: list[nn.Parameter]) -> tuple[Tensor, dict[Tensor, Tensor]]:
    """Return one piece of memory, and the gradient of each weight within it."""
    begins, end = [], 0
    for weight in weights:
        begins.append(end)
        end += -(-weight.numel() // _ALIGNED) * _ALIGNED
    flat = torch.zeros(end, dtype=weights[0].dtype)
    return flat, {
        weight: flat[begin : begin + weight.numel()].view(weight.shape)
        for weight, begin in zip(weights, begins, strict=True)
    }
