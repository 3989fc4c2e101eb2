"""A network in evaluation that answers for few sequences, without calls of its layers.

A lone sequence takes less time in the kernels than in torch's calls around them. Here
their arguments are prepared once, and the same operations are made on the same numbers:
answers are bitwise those of the network.
"""

from __future__ import annotations

from collections.abc import Iterable
from ctypes import c_int64
from threading import Lock
from typing import TypeGuard, cast

import torch
from torch import Tensor, nn

from . import _compiled, _exact
from ._cell_layer import CellLayer, weights_of
from ._compiled import addresses_of_weights, order_of, plan_of_layer
from ._direct import is_plain
from ._few import FEW, most_rows
from ._segments import pool_segments
from .network import SequenceNetwork
from .pooling import MaxPooling
from .recurrent import RecurrentLayer

# Maximum number of values of a layer that are kept; what is longer takes long anyway.
_MOST_VALUES = 2**18


class _Direction:
    """One direction of a recurrent layer, with memory that is kept."""

    def __init__(self, layer: CellLayer, *, reverse: bool) -> None:
        self.weights = weights_of(layer)
        few = plan_of_layer(layer, reverse=reverse).few
        assert few is not None, "who makes it has made sure that there are kernels"
        self.few, self.n_values, self.shape = few, 0, torch.Size((0, 0))

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the steps, zero in padding, and the final state."""
        if x.shape[:2] != self.shape:
            self._begin(*x.shape[:2])
        self.x.value, self.lengths.value = x.data_ptr(), lengths.data_ptr()
        self.pack()
        self.run()
        return self.steps, self.final

    def _begin(self, n: int, n_steps: int) -> None:
        """Prepare for batches of another shape."""
        size = self.few.layout.hidden
        if n * n_steps * size > self.n_values:
            self._reserve(n * n_steps * size)
        self.n.value, self.n_steps.value = n, n_steps
        self.steps = self.kept[: n * n_steps * size].view(n, n_steps, size)
        self.shape = torch.Size((n, n_steps))

    def _reserve(self, n_values: int) -> None:
        """Keep memory for the steps, and fix the arguments of the kernels."""
        layout, run, like = self.few.layout, self.few.run, self.weights.weight_ih.detach()
        self.kept, self.n_values = like.new_empty(n_values), n_values
        finals = like.new_zeros(layout.cell.n_states, FEW, layout.hidden)
        self.final, self.finals = finals[0], finals
        self.memory = torch.empty(layout.few.n_bytes, dtype=torch.uint8, device="cpu")
        self.x, self.lengths, self.n, self.n_steps = (c_int64() for _ in range(4))
        known: dict[str, int | c_int64] = {
            **self.few.arguments(self.memory.data_ptr(), self.kept, finals),
            "x": self.x,
            "lengths": self.lengths,
            "n": self.n,
            "n_steps": self.n_steps,
        }
        self.pack = run["pack"].bind(**known, **addresses_of_weights(self.weights))
        self.run = run["forward"].bind(**known)


class _Largest:
    """Max pooling to the first rows of ``read``, as none has a part in another."""

    def __init__(self, read: Tensor) -> None:
        self.read = read
        self.steps, self.lengths, self.n, self.n_steps = (c_int64() for _ in range(4))
        self.order, _ = order_of(None, FEW, 1)
        self.run = _compiled.largest_kernels(read.itemsize)["forward"].bind(
            steps=self.steps,
            order=self.order.data_ptr(),
            lengths=self.lengths,
            largest=read.data_ptr(),
            n=self.n,
            n_steps=self.n_steps,
            size=read.shape[1],
            n_chains=1,
            worker=0,
            n_workers=1,
        )

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        self.steps.value, self.lengths.value = steps.data_ptr(), lengths.data_ptr()
        self.n.value, self.n_steps.value = steps.shape[:2]
        self.run()
        return self.read


class FewNetwork:
    """A network in evaluation, for few sequences at a time.

    Parameters
    ----------
    network : SequenceNetwork
        A network as ``can_answer_few`` accepts it, whose weights stay where they are.
    """

    def __init__(self, network: SequenceNetwork) -> None:
        self.network = network
        self.layers = [
            (layer, [_Direction(d, reverse=bool(i)) for i, d in enumerate(directions)])
            for layer in cast("Iterable[RecurrentLayer]", network.recurrence.layers)
            for directions in [layer.directions()]
        ]
        weight = network.head.weight.detach()
        self.dtype, self.most_rows = weight.dtype, most_rows(weight.itemsize)
        self.n_channels = network.reader.output_size
        self.widest = max(layer.output_size for layer, _ in self.layers)
        self.largest, self.read = None, weight.new_zeros(FEW, weight.shape[1])
        self.size = network.n_segments * network.recurrence.output_size
        read = weight.new_zeros(FEW, self.size)
        is_largest = type(network.pool) is MaxPooling and network.n_segments == 1
        if is_largest and _compiled.serves_largest(read[:, None]):
            self.largest = _Largest(read)
        self._lock = Lock()

    def forward(self, X: Tensor, lengths: Tensor | None = None) -> Tensor | None:
        """Return the output, or None where the network itself should answer.

        That is, if there are more sequences than take less time here, they are long, or
        another thread is in here.

        Shape
            X (batch, steps, input_size), contiguous; lengths (batch,) from 1 to steps, or
            None -> (batch, output_size)
        """
        n, n_steps, n_channels = X.shape
        if n > self.most_rows or n * n_steps * self.widest > _MOST_VALUES:
            return None
        if X.dtype != self.dtype or n_channels != self.n_channels:
            return None
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._answer(X, lengths)[:n]
        finally:
            self._lock.release()

    def _answer(self, X: Tensor, lengths: Tensor | None) -> Tensor:
        read = self._pooled(X, lengths)
        if self.network.random is not None:
            n = len(X)
            self.read[:n, : self.size] = read[:n]
            self.read[:n, self.size :] = self.network.random(X, lengths)
            read = self.read
        return _exact.linear(self.network.head, read)

    def _pooled(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Return what the pooling returns, in the first rows."""
        every = order_of(None, *x.shape[:2])[1] if lengths is None else lengths
        for layer, directions in self.layers:
            outputs = [direction.forward(x, every) for direction in directions]
            x, final = outputs[0]
            for back, first in outputs[1:]:
                x, final = layer.merge(x, back), layer.merge(final, first)
        if self.largest is not None:
            return self.largest.forward(x, every)
        return self._pool(x, lengths, final)

    def _pool(self, steps: Tensor, lengths: Tensor | None, final: Tensor) -> Tensor:
        """Pool as the network does, with the last sequence in the place of others."""
        pool = self.network.pool
        rows = torch.arange(FEW, device="cpu").clamp_(max=len(steps) - 1)
        assert pool is not None, "a plain network pools"
        if lengths is not None:
            lengths = lengths.index_select(0, rows)
        steps = steps.index_select(0, rows)
        return pool_segments(pool, self.network.n_segments, steps, lengths, final)


def can_answer_few(network: nn.Module) -> TypeGuard[SequenceNetwork]:
    """Return whether a network can be a :class:`FewNetwork`."""
    if not is_plain(network):
        return False
    layers = cast("Iterable[RecurrentLayer]", network.recurrence.layers)
    return all(
        plan_of_layer(direction).few is not None
        for layer in layers
        for direction in layer.directions()
    )
