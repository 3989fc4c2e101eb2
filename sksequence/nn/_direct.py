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

from . import _attending, _compiled, _direct_readers
from ._direct_convolutions import DirectConvolutions
from ._direct_layers import BlockWork, DirectStack, Elapsed, Order, Pair, serves
from ._segments import pool_segments
from ._threads import count_threads
from .dropout import Dropout
from .missing import Complete
from .network import SequenceNetwork
from .pooling import AttentionPooling, LastPooling, MaxPooling, MeanPooling


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


class _MergedMax:
    """Max pooling of the steps of two directions, which have to be merged before."""

    def __init__(self, largest: _Max) -> None:
        self.largest = largest

    def forward(
        self, steps: Tensor, final: Tensor, lengths: Tensor | None, order: Order
    ) -> Tensor:
        self.largest.reading(lengths, order, steps.contiguous())(0, 1, 1)
        return self.largest.found

    def backward(self, gradient: Tensor) -> Pair:
        grad_steps, work = self.largest.returning(gradient)
        work(0, 1, 1)
        return grad_steps, None


class _Attention:
    """Calls the kernels of attention pooling."""

    def __init__(self, pool: AttentionPooling, gradients: dict) -> None:
        own = _attending.weights_of(pool.hidden, pool.context)
        self.weights = _attending.Weights(*(weight.detach() for weight in own))
        self.gradients = _attending.Weights(*(gradients[weight] for weight in own))
        self.run = _attending.Attention()

    def forward(
        self, steps: Tensor, final: Tensor, lengths: Tensor | None, order: Order
    ) -> Tensor:
        return self.run.forward(steps.contiguous(), lengths, self.weights)

    def backward(self, gradient: Tensor) -> Pair:
        return self.run.backward(gradient, self.gradients), None


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
        self.network, self.reads_tokens = network, network.embedding is not None
        self.n_channels = 1 if self.reads_tokens else network.reader.input_size
        self.flat, self.gradients = _memory_for(list(network.parameters()))
        self.reader = _direct_readers.make_reader(network, self.gradients)
        layers, beside = network.encoder.layers, network.branch.encoder.layers
        self.encoder = self.branch = None
        if len(layers):
            self.encoder = DirectConvolutions(layers, self.gradients)
        if len(beside):
            self.branch = DirectConvolutions(beside, self.gradients, pools=True)
        self.recurrence = DirectStack(
            network.recurrence,
            self.gradients,
            wants_x=self.reader.has_weights or self.encoder is not None,
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
        if network.n_segments == 1 and kind is MaxPooling:
            size = network.recurrence.output_size
            if _compiled.serves_largest(self.flat.new_empty(1, 1, size)):
                largest = _Max(self.flat, size)
                return largest if self.recurrence.is_one_way else _MergedMax(largest)
        if network.n_segments == 1 and isinstance(network.pool, AttentionPooling):
            like = self.flat.new_empty(1, 1, network.recurrence.output_size)
            if kind is AttentionPooling and network.pool.serves(like):
                return _Attention(network.pool, self.gradients)
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
        is_read = self.reads_tokens or X.dtype == self.flat.dtype
        if X.ndim != 3 or X.shape[2] != self.n_channels or not is_read:
            raise ValueError(
                f"X must have shape (batch, steps, {self.n_channels}) and dtype "
                f"{self.flat.dtype}, got {tuple(X.shape)} and {X.dtype}"
            )
        if order is None:
            order = _compiled.order_of(lengths, *X.shape[:2])
        x, elapsed = self.reader.forward(X, lengths)
        encoded, left = x, lengths
        if self.encoder is not None:
            encoded = self.encoder.forward(x, lengths)
            left = self.network.encoder.left(lengths)
            if self.network.encoder.total_stride > 1:
                order = _compiled.order_of(left, *encoded.shape[:2])
        read = self._recur(encoded, left, order, elapsed)
        self.recurrent_size = read.shape[1]
        read, self.of_recurrence = _drop(self.output_dropout, read)
        if self.branch is not None:
            read = torch.cat([read, self.branch.forward(x, lengths)], dim=1)
        if self.random is not None:
            if features is None:
                features = self.network.random_features(X, lengths)
            read = torch.cat([read, features], dim=1)
        self.read, self.of_all = _drop(self.dropout, read)
        return torch.addmm(self.bias, self.read, self.turned)

    def _recur(
        self, x: Tensor, lengths: Tensor | None, order: Order, elapsed: Elapsed
    ) -> Tensor:
        """Return what is pooled of the recurrence."""
        pooling = self.pooling
        if isinstance(pooling, _Max):
            after = partial(pooling.reading, lengths, order)
            self.recurrence.forward(x, order, elapsed, after)
            return pooling.found
        steps, final = self.recurrence.forward(x, order, elapsed)
        return pooling.forward(steps, final, lengths, order)

    def backward(self, gradient: Tensor) -> None:
        """Write the gradients of all weights, given that of the latest output."""
        torch.mm(gradient.t(), self.read, out=self.grad_weight)
        torch.sum(gradient, 0, out=self.grad_bias)
        grad_read = torch.mm(gradient, self.weight)
        if self.of_all is not None:
            grad_read = grad_read * self.of_all
        wants_x, size = self.reader.has_weights, self.recurrent_size
        grad_x = self._recur_backward(grad_read[:, :size])
        if self.encoder is not None:
            assert grad_x is not None
            grad_x = self.encoder.backward(grad_x, wants_x=wants_x)
        if self.branch is not None:
            # Behind it there are features, which have no gradient.
            of_branch = grad_read[:, size : size + self.network.branch.output_size]
            of_x = self.branch.backward(of_branch, wants_x=wants_x)
            grad_x = None if grad_x is None or of_x is None else grad_x + of_x
        if wants_x:
            assert grad_x is not None
            self.reader.backward(grad_x)

    def _recur_backward(self, gradient: Tensor) -> Tensor | None:
        """Take the gradient of what is pooled; return that of what was read."""
        if self.of_recurrence is not None:
            gradient = gradient * self.of_recurrence
        if isinstance(self.pooling, _Max):
            grad_steps, work = self.pooling.returning(gradient)
            return self.recurrence.backward(grad_steps, None, work)
        return self.recurrence.backward(*self.pooling.backward(gradient))


def can_be_direct(network: nn.Module) -> bool:
    """Return whether the gradients of a network can be computed without autograd.

    It must be plain, but for gaps or tokens that it reads and convolutions, and all its
    weights in training.
    """
    return (
        _is_recurrence(network)
        and _direct_readers.serves(network)
        and _serves_convolutions(network)
        and all(w.requires_grad for w in network.parameters())
    )


def is_plain(network: nn.Module) -> TypeGuard[SequenceNetwork]:
    """Return whether a network is just recurrent layers, a pooling and a linear head.

    On the CPU, with kernels for the layers, and without gaps or tokens to read.
    """
    if not _is_recurrence(network) or type(network.reader) is not Complete:
        return False
    if network.embedding is not None:
        return False
    if network.branch.output_size or len(network.encoder.layers):
        return False
    return _direct_readers.serves(network)


def _is_recurrence(network: nn.Module) -> TypeGuard[SequenceNetwork]:
    """Return the same, whatever the network reads with, and whatever its convolutions."""
    if type(network) is not SequenceNetwork or network.pool is None:
        return False
    # Whatever is added to networks one day is a part of another name.
    if {name for name, _ in network.named_children()} - _OPTIONAL != _PARTS:
        return False
    if type(network.head) is not nn.Linear:
        return False
    weights = list(network.parameters())
    if not all(w.is_cpu and w.is_contiguous() for w in weights):
        return False
    if len({w.dtype for w in weights}) > 1:
        return False
    return serves(network.recurrence)


def _serves_convolutions(network: SequenceNetwork) -> bool:
    """Return whether kernels convolve before the recurrence and beside it, if at all."""
    like, encoders = network.head.weight, [network.encoder, network.branch.encoder]
    before, beside = (len(encoder.layers) for encoder in encoders)
    if beside and not network.branch.pools_whole:
        return False
    is_learnt = network.reader.looks_back or network.embedding is not None
    if beside and not before and is_learnt and not network.causal:
        # Autograd adds the gradients of both directions and of the branch in an order
        # of its own.
        return False
    return all(
        encoder.serves(like.new_empty(1, 1, encoder.input_size))
        for encoder in encoders
        if len(encoder.layers)
    )


def _drop(dropout: Dropout, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return x with dropout, and the factors that were drawn for it, if any were."""
    factors = dropout.draw(x)
    return (x, None) if factors is None else (x * factors, factors)


# The parts of a network without any that are optional.
_PARTS = {"reader", "encoder", "recurrence", "pool", "branch", "head"}
_PARTS |= {"output_dropout", "dropout"}
_OPTIONAL = {"random", "embedding"}
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
