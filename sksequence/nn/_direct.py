"""A network whose gradients are computed without autograd, for small batches.

Torch spends several times the time of the arithmetic on a mini-batch of few short
sequences: on calls of layers, and on the graph of autograd. :class:`DirectNetwork` makes
the same operations on the same numbers, so that outputs and gradients have the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_int64
from functools import partial
from typing import Protocol, TypeGuard

import torch
from torch import Tensor, nn

from . import _compiled, _direct_readers
from ._direct_layers import BlockWork, DirectStack, Order, Pair, serves
from ._segments import pool_segments
from ._threads import count_threads
from .dropout import Dropout
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
    """Calls the kernels of max pooling, whose arguments are fixed but for a few.

    The threads that run the recurrence also find the maxima, and differentiate them.
    """

    def __init__(self, like: Tensor, size: int) -> None:
        self.like, self.size, self.n_rows, self.n_values = like, size, 0, 0
        self.n_threads = count_threads()

    def reading(self, lengths: Tensor | None, order: Order, steps: Tensor) -> BlockWork:
        """Return how to find the maxima of steps, which ``found`` then has."""
        n, n_steps, _ = steps.shape
        if n > self.n_rows or steps.numel() > self.n_values:
            self._reserve(n, steps.numel())
        lengths = order[1] if lengths is None else lengths.long().contiguous()
        self.read = steps, order, lengths  # alive until the backward pass
        numbers = self.numbers
        numbers["steps"].value = steps.data_ptr()
        numbers["order"].value = order[0].data_ptr()
        numbers["lengths"].value = lengths.data_ptr()
        numbers["n"].value, numbers["n_steps"].value = n, n_steps
        self.found = self.largest[:n]
        return partial(self._work, self.run_forward)

    def returning(self, gradient: Tensor) -> tuple[Tensor, BlockWork]:
        """Return memory for the gradient of the steps, and how to write it."""
        self.gradient, steps = gradient.contiguous(), self.read[0]
        self.numbers["grad_largest"].value = self.gradient.data_ptr()
        grad_steps = self.grad_steps.as_strided(steps.shape, steps.stride())
        return grad_steps, partial(self._work, self.run_backward)

    def _work(
        self, calls: list[Callable[[], None]], worker: int, n_workers: int, n_chains: int
    ) -> None:
        # All threads write the same.
        self.numbers["n_workers"].value = n_workers
        self.numbers["n_chains"].value = n_chains
        calls[worker]()

    def _reserve(self, n: int, n_values: int) -> None:
        """Make sure that there is memory for a batch of this size."""
        self.n_rows = max(n, self.n_rows)
        self.n_values = max(n_values, self.n_values)
        self.largest = self.like.new_empty(self.n_rows, self.size)
        self.grad_steps = self.like.new_empty(self.n_values)
        names = "steps", "order", "lengths", "n", "n_steps", "grad_largest"
        self.numbers = {name: c_int64() for name in (*names, "n_workers", "n_chains")}
        run = _compiled.largest_kernels(self.like.itemsize)
        fixed: dict[str, int | c_int64] = {
            **self.numbers,
            "largest": self.largest.data_ptr(),
            "size": self.size,
            "grad_steps": self.grad_steps.data_ptr(),
        }
        self.run_forward, self.run_backward = (
            [run[name].bind(**fixed, worker=i) for i in range(self.n_threads)]
            for name in ("forward", "backward")
        )


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
        self.network, self.n_channels = network, network.reader.input_size
        self.flat, self.gradients = _memory_for(list(network.parameters()))
        n_directions = 1 if network.causal else 2
        self.reader = _direct_readers.make_reader(
            network.reader, self.gradients, n_directions
        )
        self.recurrence = DirectStack(
            network.recurrence, self.gradients, wants_x=self.reader.has_weights
        )
        self.pooling = self._make_pooling()
        # Attributes of modules are slow to read.
        self.output_dropout, self.dropout = network.output_dropout, network.dropout
        self.random = network.random
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
                return _Max(self.flat, size)
        return _Other(network.pool, network.n_segments, self.gradients)

    def forward(
        self,
        X: Tensor,
        lengths: Tensor | None = None,
        features: Tensor | None = None,
        order: Order | None = None,
    ) -> Tensor:
        """Return the output, as the network in training does.

        ``order`` is that of the lengths, if it is known: the caller has checked them.

        Shape
            X (batch, steps, input_size), lengths (batch,) or None, features of random
            convolutions, if they are known, (batch, features)
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
        if order is None:
            order = _compiled.order_of(lengths, *X.shape[:2])
        pooling, (x, elapsed) = self.pooling, self.reader.forward(X, lengths)
        if isinstance(pooling, _Max):
            after = partial(pooling.reading, lengths, order)
            self.recurrence.forward(x, order, elapsed, after)
            read = pooling.found
        else:
            steps, final = self.recurrence.forward(x, order, elapsed)
            read = pooling.forward(steps, final, lengths, order)
        self.recurrent_size = read.shape[1]
        read, self.of_recurrence = _drop(self.output_dropout, read)
        if self.random is not None:
            if features is None:
                features = self.network.random_features(X, lengths)
            read = torch.cat([read, features], dim=1)
        self.read, self.of_all = _drop(self.dropout, read)
        return torch.addmm(self.bias, self.read, self.turned)

    def backward(self, gradient: Tensor) -> None:
        """Write the gradients of all weights, given that of the latest output."""
        torch.mm(gradient.t(), self.read, out=self.grad_weight)
        torch.sum(gradient, 0, out=self.grad_bias)
        grad_read = torch.mm(gradient, self.weight)
        if self.of_all is not None:
            grad_read = grad_read * self.of_all
        # There are no gradients of features.
        grad_read = grad_read[:, : self.recurrent_size]
        if self.of_recurrence is not None:
            grad_read = grad_read * self.of_recurrence
        if isinstance(self.pooling, _Max):
            grad_steps, work = self.pooling.returning(grad_read)
            grad_x = self.recurrence.backward(grad_steps, None, work)
        else:
            grad_x = self.recurrence.backward(*self.pooling.backward(grad_read))
        if self.reader.has_weights:
            assert grad_x is not None
            self.reader.backward(grad_x)


def can_be_direct(network: nn.Module) -> bool:
    """Return whether the gradients of a network can be computed without autograd.

    It must be plain, but for gaps in what it reads, and all its weights in training.
    """
    return (
        _is_recurrence(network)
        and _direct_readers.serves(network.reader, network.recurrence)
        and all(w.requires_grad for w in network.parameters())
    )


def is_plain(network: nn.Module) -> TypeGuard[SequenceNetwork]:
    """Return whether a network is just recurrent layers, a pooling and a linear head.

    On the CPU, with kernels for the layers, and without gaps in what it reads.
    """
    if not _is_recurrence(network) or type(network.reader) is not Complete:
        return False
    return _direct_readers.serves(network.reader, network.recurrence)


def _is_recurrence(network: nn.Module) -> TypeGuard[SequenceNetwork]:
    """Return the same, whatever the network reads with."""
    if type(network) is not SequenceNetwork or network.pool is None:
        return False
    # Whatever is added to networks one day is a part of another name.
    if {name for name, _ in network.named_children()} - {"random"} != _PARTS:
        return False
    if network.branch.output_size or len(network.encoder.layers):
        return False
    if type(network.head) is not nn.Linear:
        return False
    weights = list(network.parameters())
    if not all(w.is_cpu and w.is_contiguous() for w in weights):
        return False
    if len({w.dtype for w in weights}) > 1:
        return False
    return serves(network.recurrence)


def _drop(dropout: Dropout, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return x with dropout, and the factors that were drawn for it, if any were."""
    factors = dropout.draw(x)
    return (x, None) if factors is None else (x * factors, factors)


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
    flat = weights[0].new_zeros(end)
    return flat, {
        weight: flat[begin : begin + weight.numel()].view(weight.shape)
        for weight, begin in zip(weights, begins, strict=True)
    }
