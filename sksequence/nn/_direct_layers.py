"""Recurrent layers whose gradients are computed without autograd.

They call the same kernels in the same order as :mod:`._compiled`, so results have the
same bits, but from memory that is prepared once: for small batches the preparation, and
the graph of autograd, take several times as long as the arithmetic.

Every class has a ``forward`` and a ``backward``, which belongs to the latest ``forward``.
Tensors that they return are only valid until the next one. Gradients of weights are
written to given memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ctypes import c_int64
from typing import NamedTuple, cast

from torch import Tensor, nn

from .._kernels import LANES, MOST_CHAINS
from ._cell_layer import CellLayer, OwnCellLayer, weights_of
from ._compiled import (
    Kept,
    addresses_of_weights,
    count_workers,
    kept_of,
    load_kernels,
    plan_of_layer,
)
from ._threads import count_threads, share
from ._workspace import WORKSPACE, Loan
from .missing import StateDecay
from .recurrent import RecurrentLayer, RecurrentStack

# Lengths of sequences as the kernels read them: the order by decreasing length, and the
# lengths in this order.
Order = tuple[Tensor, Tensor]
# Times since the last observations and until the next, contiguous; None without decay.
Elapsed = tuple[Tensor | None, Tensor | None]
# The gradient of each weight, by the weight.
Gradients = Mapping[Tensor, Tensor]
# Gradients of the steps and of the final state, None for zero.
Pair = tuple[Tensor | None, Tensor | None]
# What a worker does for its blocks of sequences, called with its number, the number of
# workers and that of chains: those of a worker are ``worker``, ``worker + n_workers`` and
# so on, and the blocks of a chain ``chain``, ``chain + n_chains`` and so on.
BlockWork = Callable[[int, int, int], None]
# Of the steps of a layer, which are not yet computed.
After = Callable[[Tensor], BlockWork]

# Arguments of the kernels that are set for each batch, and those that stay at zero: a
# layer begins without a state.
_OF_BATCH = (
    *("x", "order", "lengths", "n", "n_steps", "has_mask", "mask", "elapsed"),
    *("saved_block", "saved_step", "keeps_values"),
    *("has_grad_steps", "grad_steps", "has_grad_final", "grad_final"),
    *("n_chains", "n_workers"),
)
_UNUSED = (
    *("has_start", "start", "start_memory", "has_grad_final_memory"),
    *("grad_final_memory", "wants_start", "grad_start", "grad_start_memory"),
)
_STEPS_AT_ONCE = 16  # by which memory grows
_LAYER_PARTS = {"ahead", "back", "recurrent_dropout", "fades"}
_TYPES = {nn.RNN, nn.LSTM, nn.GRU, OwnCellLayer}


def serves(stack: RecurrentStack) -> bool:
    """Return whether a stack can do without autograd."""
    layers = cast("Iterable[RecurrentLayer]", stack.layers)
    if stack.residual or stack.bptt_steps is not None:
        return False
    return all(map(_serves_layer, layers))


def _serves_layer(layer: RecurrentLayer) -> bool:
    if not {name for name, _ in layer.named_children()} <= _LAYER_PARTS:
        return False
    if layer.layer_norm or layer.cell.is_diagonal:
        return False
    if any(type(direction) not in _TYPES for direction in layer.directions()):
        return False
    bits = 8 * weights_of(layer.ahead).weight_ih.itemsize
    return load_kernels(layer.cell, bits, bool(layer.fades)) is not None


class _Begun(NamedTuple):
    """What is prepared of a batch of one shape."""

    outputs: tuple[Tensor, Tensor]
    kept: Kept


class _Direction:
    """One direction of a recurrent layer.

    The arguments of its kernels are fixed, but for a few numbers that are set in place.
    """

    def __init__(
        self,
        layer: CellLayer,
        fade: StateDecay | None,
        gradients: Gradients,
        *,
        reverse: bool,
        wants_x: bool,
    ) -> None:
        linear = None if fade is None else fade.linear
        of_fade = (None, None) if linear is None else (linear.weight, linear.bias)
        weights = weights_of(layer)
        all_weights = *weights, *of_fade
        n_elapsed = 0 if linear is None else linear.in_features
        self.plan = plan_of_layer(layer, reverse=reverse, n_elapsed=n_elapsed)
        self.weights = addresses_of_weights(all_weights)
        self.gradients = addresses_of_weights(
            [None if weight is None else gradients[weight] for weight in all_weights]
        )
        self.like, self.wants_x = weights.weight_ih.detach(), wants_x
        self.n_threads = count_threads()
        self.largest, self.kept_size = (0, 0), 0  # batch for which there is memory
        self.shape = 0, 0
        self.begun: dict[tuple[int, int], _Begun] = {}  # what is prepared of each shape

    def forward(
        self,
        x: Tensor,
        order: Order,
        mask: Tensor | None,
        elapsed: Tensor | None,
        after: After | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the steps, zero in padding, and the final hidden state.

        ``after`` is called with the steps, before they are computed, and returns what
        each thread does with those that it has computed.
        """
        n, n_steps, _ = x.shape
        if (n, n_steps) != self.shape:
            self._begin(n, n_steps)
        self.inputs = x, order, mask, elapsed  # alive until the backward pass
        numbers = self.numbers
        numbers["x"].value = x.data_ptr()
        numbers["order"].value = order[0].data_ptr()
        numbers["lengths"].value = order[1].data_ptr()
        numbers["has_mask"].value = int(mask is not None)
        if mask is not None:
            numbers["mask"].value = mask.data_ptr()
        if elapsed is not None:
            numbers["elapsed"].value = elapsed.data_ptr()
        work = None if after is None else after(self.outputs[0])
        self.pack()
        self._share(self.run_forward, -(-len(x) // LANES), behind=work)
        return self.outputs

    def backward(
        self,
        grad_steps: Tensor | None,
        grad_final: Tensor | None,
        before: BlockWork | None = None,
    ) -> Tensor | None:
        """Return the gradient of x, if it is wanted.

        ``before`` is what each thread does first: it makes the gradient of its steps.
        """
        x, numbers = self.inputs[0], self.numbers
        kept = []
        for name, gradient in (("grad_steps", grad_steps), ("grad_final", grad_final)):
            numbers[f"has_{name}"].value = int(gradient is not None)
            if gradient is not None:
                kept.append(gradient.contiguous())
                numbers[name].value = kept[-1].data_ptr()
        chains = min(-(-len(x) // LANES), MOST_CHAINS)
        numbers["n_chains"].value = chains
        self._share(self.run_backward, chains, before)
        self.unpack()
        return self.grad_x.as_strided(x.shape, x.stride()) if self.wants_x else None

    def _begin(self, n: int, n_steps: int) -> None:
        """Prepare for batches of another shape."""
        shape = n, n_steps
        if shape not in self.begun:
            self._reserve(n, n_steps)
            size = self.plan.layout.hidden
            steps = self.steps[: n * n_steps * size].view(n, n_steps, size)
            kept = kept_of(self.plan.layout, n, n_steps)
            self.begun[shape] = _Begun((steps, self.final[:n]), kept)
        self.outputs, kept = self.begun[shape]
        numbers = self.numbers
        numbers["n"].value, numbers["n_steps"].value = shape
        numbers["saved_block"].value, numbers["saved_step"].value = kept.block, kept.step
        numbers["keeps_values"].value = int(kept.values)
        self.shape = shape

    def _share(
        self,
        calls: list[Callable[[], None]],
        n_chains: int,
        before: BlockWork | None = None,
        behind: BlockWork | None = None,
    ) -> None:
        wants_x = self.wants_x and calls is self.run_backward
        workers = count_workers(
            self.plan.layout, self.n_threads, n_chains, wants_x=wants_x
        )
        self.numbers["n_workers"].value = workers
        if workers == 1 or workers > n_chains:
            # One has all steps, or several share units, and none has all steps of any.
            if before is not None:
                before(0, 1, n_chains)
            share(lambda worker: calls[worker](), workers)
            if behind is not None:
                behind(0, 1, n_chains)
            return

        def work(worker: int) -> None:
            if before is not None:
                before(worker, workers, n_chains)
            calls[worker]()
            if behind is not None:
                behind(worker, workers, n_chains)

        share(work, workers)

    def _reserve(self, n: int, n_steps: int) -> None:
        """Make sure that there is memory for a batch of this size."""
        layout, n_threads = self.plan.layout, self.n_threads
        size = kept_of(layout, n, n_steps).size
        if n <= self.largest[0] and n_steps <= self.largest[1] and size <= self.kept_size:
            return
        self.begun.clear()
        # Of longer ones in the next batches, some have their place already.
        n_steps = -(-n_steps // _STEPS_AT_ONCE) * _STEPS_AT_ONCE
        n, n_steps = max(n, self.largest[0]), max(n_steps, self.largest[1])
        size = max(size, self.kept_size, kept_of(layout, n, n_steps).size)
        n_blocks = -(-n // LANES)
        chains = min(n_blocks, MOST_CHAINS)
        sizes = {
            "packed": layout.packed.n_bytes,
            "saved": layout.itemsize * size,
            "ahead": layout.forward_scratch.n_bytes * n_threads,
            "back": layout.backward_scratch.n_bytes * n_threads,
            "grad_weights": layout.itemsize * layout.weight_gradient * chains,
            "grad_fades": layout.itemsize * layout.fade_gradient * chains,
        }
        self.loan: Loan | None = None  # before a larger one is borrowed
        self.loan = WORKSPACE.borrow(sum(sizes.values()))
        at, place = {}, self.loan.address
        for name, n_bytes in sizes.items():
            at[name], place = place, place + n_bytes
        self.steps = self.like.new_empty(n * n_steps * layout.hidden)
        self.final, self.final_memory = (
            self.like.new_empty(n, layout.hidden) for _ in range(2)
        )
        self.grad_x = self.like.new_empty(n * n_steps * layout.channels * self.wants_x)
        self._bind(at)
        self.largest, self.kept_size = (n, n_steps), size

    def _bind(self, at: dict[str, int]) -> None:
        """Fix the arguments of the kernels; ``at`` has the addresses of the memory."""
        layout, run = self.plan.layout, self.plan.run
        known = {
            **dict.fromkeys((*_OF_BATCH, *_UNUSED), 0),
            **self.plan.fixed,
            **layout.packed.at(at["packed"]),
            "saved": at["saved"],
            "steps": self.steps.data_ptr(),
            "final": self.final.data_ptr(),
            "final_memory": self.final_memory.data_ptr(),
            "wants_x": int(self.wants_x),
            "grad_x": self.grad_x.data_ptr(),
            "grad_weights": at["grad_weights"],
            "grad_fades": at["grad_fades"],
        }
        self.numbers = {name: c_int64(number) for name, number in known.items()}
        workers = range(self.n_threads)
        ahead, back = layout.forward_scratch, layout.backward_scratch
        self.pack = run["pack"].bind(**self.numbers | self.weights)
        self.run_forward = [
            run["forward"].bind(**self.numbers | ahead.at(at["ahead"], i), worker=i)
            for i in workers
        ]
        self.run_backward = [
            run["backward"].bind(**self.numbers | back.at(at["back"], i), worker=i)
            for i in workers
        ]
        self.unpack = run["unpack"].bind(**self.numbers | self.gradients)


# ----------------------------------------------------------------- merging of directions


def _split(ahead: Tensor, back: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    return gradient[..., : ahead.shape[-1]], gradient[..., ahead.shape[-1] :]


def _both(ahead: Tensor, back: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    return gradient, gradient


def _half(ahead: Tensor, back: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    return (gradient / 2,) * 2


def _crosswise(ahead: Tensor, back: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    return gradient * back, gradient * ahead


# Gradients of the two directions, given their outputs and the gradient of the merged.
_PARTS = {"concat": _split, "sum": _both, "mean": _half, "mul": _crosswise}


class _Layer:
    """A recurrent layer in one or two directions."""

    def __init__(
        self, layer: RecurrentLayer, gradients: Gradients, *, wants_x: bool
    ) -> None:
        self.layer, self.recurrent_dropout = layer, layer.recurrent_dropout
        fades = cast("Iterable[StateDecay | None]", layer.fades or (None, None))
        self.directions = [
            _Direction(direction, fade, gradients, reverse=bool(i), wants_x=wants_x)
            for i, (direction, fade) in enumerate(
                zip(layer.directions(), fades, strict=False)
            )
        ]

    def forward(
        self, x: Tensor, order: Order, elapsed: Elapsed, after: After | None = None
    ) -> tuple[Tensor, Tensor]:
        if len(self.directions) == 1:
            return self.directions[0].forward(
                x, order, self._draw_mask(x), elapsed[0], after
            )
        self.outputs = [
            direction.forward(x, order, self._draw_mask(x), times, after)
            for direction, times in zip(self.directions, elapsed, strict=True)
        ]
        (ahead, final), (back, first) = self.outputs
        return self.layer.merge(ahead, back), self.layer.merge(final, first)

    def _draw_mask(self, x: Tensor) -> Tensor | None:
        return self.layer.draw_mask(x) if self.recurrent_dropout.p else None

    def backward(
        self,
        grad_steps: Tensor | None,
        grad_final: Tensor | None,
        before: BlockWork | None = None,
    ) -> Tensor | None:
        gradients = grad_steps, grad_final
        if len(self.directions) == 1:
            return self.directions[0].backward(grad_steps, grad_final, before)
        parts = _PARTS[self.layer.merge_mode]
        pairs = [
            (None, None) if gradient is None else parts(ahead, back, gradient)
            for ahead, back, gradient in zip(*self.outputs, gradients, strict=True)
        ]
        ahead, back = (
            direction.backward(*given)
            for direction, given in zip(
                self.directions, zip(*pairs, strict=True), strict=True
            )
        )
        return None if ahead is None or back is None else ahead + back


class DirectStack:
    """A stack of recurrent layers, the same as :class:`RecurrentStack` in training.

    Parameters
    ----------
    stack : RecurrentStack
        The layers, as ``serves`` accepts them.
    gradients : dict
        Memory for the gradient of each weight.
    wants_x : bool
        Whether the gradient of the sequences is wanted.
    """

    def __init__(
        self, stack: RecurrentStack, gradients: Gradients, *, wants_x: bool
    ) -> None:
        self.dropout = stack.dropout
        self.layers = [
            _Layer(layer, gradients, wants_x=bool(i) or wants_x)
            for i, layer in enumerate(cast("Iterable[RecurrentLayer]", stack.layers))
        ]

    @property
    def is_one_way(self) -> bool:
        """Whether the last layer has one direction, so that its steps are not merged."""
        return len(self.layers[-1].directions) == 1

    def forward(
        self,
        x: Tensor,
        order: Order,
        elapsed: Elapsed = (None, None),
        after: After | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the steps, zero in padding, and the final state.

        ``after`` is as for one direction, which the last layer then must have.
        """
        self.factors: list[Tensor | None] = []
        last = self.layers[-1]
        for i, layer in enumerate(self.layers):
            if i:
                self.factors.append(self.dropout.draw(x))
                x = x if self.factors[-1] is None else x * self.factors[-1]
            x, final = layer.forward(
                x,
                order,
                (None, None) if i else elapsed,
                after if layer is last else None,
            )
        return x, final

    def backward(
        self,
        grad_steps: Tensor | None,
        grad_final: Tensor | None,
        before: BlockWork | None = None,
    ) -> Tensor | None:
        """Write the gradients of all weights; return that of x, if it is wanted.

        ``before`` is as for one direction.
        """
        for layer in reversed(self.layers):
            grad_steps = layer.backward(grad_steps, grad_final, before)
            grad_final, before = None, None
            factors = self.factors.pop() if self.factors else None
            if grad_steps is not None and factors is not None:
                grad_steps = grad_steps * factors
        return grad_steps
