"""Truncated backpropagation through the time of a stack of recurrent layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ._exact import State, map_state
from ._time import last_step, zero_padding
from .dropout import Dropout


class _Stack(Protocol):
    """What is needed of a :class:`RecurrentStack`."""

    dropout: Dropout
    output_size: int

    def advance(
        self, x: Tensor, states: list[State] | None = None
    ) -> tuple[Tensor, list[State]]: ...
    def parameters(self) -> Iterator[Tensor]: ...


class _Chunk(NamedTuple):
    """Where a chunk is: its steps, in the first sequences, which have them."""

    begin: int
    end: int
    n_rows: int


def run_in_chunks(
    stack: _Stack, x: Tensor, lengths: Tensor | None, n_steps: int
) -> tuple[Tensor, Tensor]:
    """Run a stack over chunks of ``n_steps``, between which gradients are not carried.

    Of a chunk only the states before it are kept: the backward pass computes it again.

    Shape
        x (batch, steps, input_size), lengths (batch,) or None -> steps (batch, steps,
        output_size), zero in padding, and the final state (batch, output_size)
    """
    longest = x.shape[1]
    begins = range(0, longest, n_steps)
    if lengths is None:
        counts = [len(x)] * len(begins)
        ordered, order = x, None
    else:
        order = lengths.argsort(descending=True, stable=True)
        ordered = zero_padding(x, lengths).index_select(0, order)
        counts = [int((lengths > begin).sum()) for begin in begins]
    chunks = [
        _Chunk(begin, min(begin + n_steps, longest), n)
        for begin, n in zip(begins, counts, strict=True)
        if n
    ]
    weights = [weight for weight in stack.parameters() if weight.requires_grad]
    steps = _Truncated.apply(stack, chunks, ordered, *weights)
    if order is not None:
        steps = zero_padding(steps.index_select(0, order.argsort()), lengths)
    return steps, last_step(steps, lengths)


class _Truncated(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, stack: _Stack, chunks: list[_Chunk], x: Tensor, *weights: Tensor
    ) -> Tensor:
        steps = x.new_empty(0)
        states: list[State] | None = None
        ctx.before = []
        for begin, end, n in chunks:
            if states is not None:
                states = [map_state(partial(_first_rows, n=n), state) for state in states]
            ctx.before.append((states, _masks_of(stack)))
            own, states = stack.advance(x[:n, begin:end], states)
            if not begin:
                steps = own.new_zeros(*x.shape[:2], own.shape[2])
            steps[:n, begin:end] = own
        ctx.stack, ctx.chunks = stack, chunks
        ctx.autocast = _autocast_of(x)
        ctx.save_for_backward(x, *weights)
        return steps

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_steps: Tensor) -> tuple[Tensor | None, ...]:
        x, *weights = ctx.saved_tensors
        grad_x = torch.zeros_like(x) if ctx.needs_input_grad[2] else None
        sums = [torch.zeros_like(weight) for weight in weights]
        for (begin, end, n), (states, masks) in zip(
            reversed(ctx.chunks), reversed(ctx.before), strict=True
        ):
            upstream = grad_steps[:n, begin:end]
            if not upstream.any():
                continue  # as for all but the last chunk if the last step is pooled
            part = x[:n, begin:end].detach().requires_grad_(grad_x is not None)
            with torch.enable_grad(), ctx.autocast(), _same_masks(ctx.stack, masks):
                own, _ = ctx.stack.advance(part, states)
            wanted = weights if grad_x is None else [*weights, part]
            found = torch.autograd.grad(own, wanted, upstream, allow_unused=True)
            for total, gradient in zip(sums, found, strict=False):
                if gradient is not None:
                    total += gradient
            if grad_x is not None and found[-1] is not None:
                grad_x[:n, begin:end] = found[-1]
        return None, None, grad_x, *sums


def _first_rows(part: Tensor, n: int) -> Tensor:
    return part[:, :n]


def _autocast_of(x: Tensor) -> Any:
    """Return a function that makes the present autocast context."""
    kind = x.device.type
    enabled, dtype = torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)
    return lambda: torch.autocast(kind, dtype, enabled)


def _masks_of(stack: _Stack) -> Tensor | None:
    """Return the state of the generator of dropout masks; None if there are none."""
    if not stack.dropout.p:
        return None
    return _generator_of(stack).get_state()


@contextmanager
def _same_masks(stack: _Stack, state: Tensor | None) -> Iterator[None]:
    """Draw masks of dropout as of a state of the generator, and go on as before."""
    if state is None:
        yield
        return
    generator = _generator_of(stack)
    now = generator.get_state()
    generator.set_state(state)
    try:
        yield
    finally:
        generator.set_state(now)


def _generator_of(stack: _Stack) -> torch.Generator:
    return stack.dropout.generator or torch.default_generator
