"""All steps of a convolutional LSTM in training, with compiled kernels on the CPU.

Torch convolves, kernels do the rest of a step in one pass over its memory. Autograd would
also find the gradient of recurrent weights step by step: here it is one convolution over
all steps. Whatever belongs to a step is one piece of memory, steps being its first axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import _kernels
from .._kernels import VECTOR_BYTES
from ._second_order import differentiable_gradients
from ._threads import count_threads, share
from ._workspace import WORKSPACE, Loan, as_tensor

# Convolves frames with given input kernels, hidden kernels, biases and peepholes.
Unroll = Callable[..., tuple[Tensor, Tensor, Tensor]]


class Weights(NamedTuple):
    """The weights of a cell."""

    of_inputs: Tensor
    bias: Tensor
    of_states: Tensor
    peepholes: Tensor | None


def serves(x: Tensor, weight: Tensor) -> bool:
    """Return whether there are kernels for videos and the weight of hidden states."""
    if x.ndim != 5 or not x.is_cpu or not x.numel() or x.dtype != weight.dtype:
        return False
    if x.dtype not in (torch.float32, torch.float64):
        return False
    if torch.is_autocast_enabled("cpu"):
        return False
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return False
    if weight.shape[1] * x.shape[3] * x.shape[4] * x.itemsize < VECTOR_BYTES:
        return False
    return _kernels.load("convlstm", 8 * x.itemsize) is not None


def unroll(
    x: Tensor, lengths: Tensor | None, weights: Weights, in_torch: Unroll
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the hidden states of all steps, and both states after the last one.

    ``in_torch`` is the same function of x and the weights in torch's operations, for
    gradients of gradients.

    Shape
        x (batch, steps, channels, height, width), lengths (batch,) or None
        -> (batch, steps, hidden, height, width), twice (batch, hidden, height, width)
    """
    return _Unroll.apply(in_torch, lengths, x, *weights)


class _Unroll(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, in_torch: Unroll, lengths: Tensor | None, x: Tensor, *tensors: Any
    ) -> tuple[Tensor, Tensor, Tensor]:
        weights = Weights(*tensors)
        frames = _Frames.of(x, weights.of_states)
        if lengths is None:
            lengths = torch.full((len(x),), x.shape[1], device="cpu")
        ctx.lengths, ctx.in_torch = lengths.long().contiguous(), in_torch
        ctx.frames = frames
        inputs = frames.by_step(frames.widen(x))
        gates, hidden, memory = frames.forward(inputs, ctx.lengths, weights)
        ctx.save_for_backward(x, *weights, inputs, gates, hidden, memory)
        ctx.set_materialize_grads(False)
        return hidden.transpose(0, 1), hidden[-1].clone(), memory[-1].clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        x, *tensors, inputs, gates, hidden, memory = ctx.saved_tensors
        if torch.is_grad_enabled():
            return None, None, *_again(ctx.in_torch, (x, *tensors), gradients)
        weights, frames = Weights(*tensors), ctx.frames
        loan = WORKSPACE.borrow(gates.nbytes)
        of_gates = frames.backward(
            *(ctx.lengths, weights, gates, hidden, memory, gradients, loan)
        )
        wants_x = ctx.needs_input_grad[2]
        return (
            None,
            None,
            *frames.gradients(inputs, hidden, memory, of_gates, weights, wants_x),
        )


def _again(
    in_torch: Unroll,
    inputs: tuple[Tensor | None, ...],
    gradients: tuple[Tensor | None, ...],
) -> list[Tensor | None]:
    """Return the gradients of x and the weights as functions of all that is given."""
    # As views: one may depend on another, whose gradient must not count it twice.
    views = [None if part is None else part.view_as(part) for part in inputs]
    return differentiable_gradients(in_torch(*views), views, gradients)


@dataclass(frozen=True)
class _Frames:
    """How to run the steps of frames of one size.

    Parameters
    ----------
    n : int
        Number of videos.
    size : int
        Channels of the hidden state.
    plane : tuple of (int, int)
        Height and width.
    padding : tuple of (int, int)
        Pixels of zeros around frames.
    layout : torch.memory_format
        Channels behind the pixels, which convolutions prefer, if a pixel fills vectors.
    kernels : dict
        The kernels.
    """

    n: int
    size: int
    plane: tuple[int, int]
    padding: tuple[int, int]
    layout: torch.memory_format
    kernels: _kernels.Kernels

    @classmethod
    def of(cls, x: Tensor, weight: Tensor) -> _Frames:
        """Return how to run videos, given the weight of hidden states."""
        kernels = _kernels.load("convlstm", 8 * x.itemsize)
        assert kernels is not None, "who asks for kernels has made sure there are any"
        _, size, height, width = weight.shape
        fills = size * x.itemsize % VECTOR_BYTES == 0
        return cls(
            len(x),
            size,
            (x.shape[3], x.shape[4]),
            (height // 2, width // 2),
            torch.channels_last if fills else torch.contiguous_format,
            kernels,
        )

    def by_step(self, x: Tensor) -> Tensor:
        """Return (batch, steps, ...) as (steps, batch, ...), in the memory's layout."""
        turned = x.transpose(0, 1)
        flat = turned.flatten(0, 1).contiguous(memory_format=self.layout)
        return flat.unflatten(0, turned.shape[:2])

    def widen(self, x: Tensor) -> Tensor:
        """Add a channel of zeros to a lone one, of frames or of their kernels.

        Whether a lone channel is the last axis in memory cannot be told, so torch copies
        its results to the layout where it is not, in several times the time.
        """
        is_lone = x.shape[-3] == 1 and self.layout is torch.channels_last
        return F.pad(x, (0, 0, 0, 0, 0, 1)) if is_lone else x

    def forward(
        self, inputs: Tensor, lengths: Tensor, weights: Weights
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gates of all steps, the hidden states and the cell states."""
        n_steps = len(inputs)
        of_states = self._weight(weights.of_states)
        of_inputs = self._convolve(
            inputs.flatten(0, 1),
            self._weight(self.widen(weights.of_inputs)),
            weights.bias,
        ).unflatten(0, (n_steps, self.n))
        # A kernel may keep gates where it has read them, unless its vectors overlap.
        in_place = of_inputs[0, 0].numel() * of_inputs.itemsize % (4 * VECTOR_BYTES) == 0
        gates = of_inputs if in_place else torch.empty_like(of_inputs)
        hidden, memory = (self._states(inputs, n_steps) for _ in range(2))
        peepholes = self._peepholes(weights)
        for t in range(n_steps):
            beside = None if t == 0 else self._convolve(hidden[t - 1], of_states)
            self._run(
                "forward",
                lengths,
                t,
                peepholes,
                of_inputs=of_inputs[t],
                of_states=beside,
                hidden=None if t == 0 else hidden[t - 1],
                memory=None if t == 0 else memory[t - 1],
                kept=gates[t],
                new_hidden=hidden[t],
                new_memory=memory[t],
            )
        return gates, hidden, memory

    def backward(
        self,
        lengths: Tensor,
        weights: Weights,
        gates: Tensor,
        hidden: Tensor,
        memory: Tensor,
        gradients: tuple[Tensor | None, ...],
        loan: Loan,
    ) -> Tensor:
        """Return the gradients of the gates of all steps, before their functions.

        They are in memory as large as that of the gates, which is lent.
        """
        grad_steps, *of_final = gradients
        if grad_steps is not None:
            grad_steps = self.by_step(grad_steps)
        # Of the hidden state and of the cell state, before and after a step.
        now, earlier = ([self._states(hidden, 1)[0] for _ in range(2)] for _ in range(2))
        for target, given in zip(now, of_final, strict=True):
            target.zero_() if given is None else target.copy_(given)
        of_gates, back = as_tensor(loan, gates), None
        # Backwards, a convolution is one with kernels that are turned.
        turned = self._weight(weights.of_states.transpose(0, 1).flip(2, 3))
        peepholes = self._peepholes(weights)
        for t in reversed(range(len(gates))):
            self._run(
                "backward",
                lengths,
                t,
                peepholes,
                kept=gates[t],
                memory=None if t == 0 else memory[t - 1],
                new_memory=memory[t],
                grad_steps=None if grad_steps is None else grad_steps[t],
                back=back,
                grad_hidden=now[0],
                grad_memory=now[1],
                grad_gates=of_gates[t],
                new_grad_hidden=earlier[0],
                new_grad_memory=earlier[1],
            )
            now, earlier = earlier, now
            back = self._convolve(of_gates[t], turned) if t else None
        return of_gates

    def gradients(
        self,
        inputs: Tensor,
        hidden: Tensor,
        memory: Tensor,
        of_gates: Tensor,
        weights: Weights,
        wants_x: bool,
    ) -> list[Tensor | None]:
        """Return the gradients of x and of the weights, over all steps at once."""
        channels = weights.of_inputs.shape[1]
        of_x, of_inputs = self._of_convolution(
            of_gates, inputs, self.widen(weights.of_inputs), wants_x=wants_x
        )
        if of_x is not None:
            of_x = of_x.unflatten(0, inputs.shape[:2]).transpose(0, 1)[:, :, :channels]
        of_states = torch.zeros_like(weights.of_states)
        if len(hidden) > 1:
            _, of_states = self._of_convolution(
                of_gates[1:], hidden[:-1], weights.of_states
            )
        of_peepholes = None
        if weights.peepholes is not None:
            of_peepholes = self._of_peepholes(of_gates, memory)
        # As a sum, since torch's convolution would copy what it sums.
        of_bias = of_gates.permute(0, 1, 3, 4, 2).flatten(0, 3).sum(0)
        return [of_x, of_inputs[:, :channels], of_bias, of_states, of_peepholes]

    def _of_convolution(
        self, of_gates: Tensor, read: Tensor, weight: Tensor, *, wants_x: bool = False
    ) -> tuple[Tensor | None, Tensor]:
        """Return the gradients of what a convolution has read, and of its weight."""
        of_read, of_weight, _ = torch.ops.aten.convolution_backward(
            *(of_gates.flatten(0, 1), read.flatten(0, 1), self._weight(weight)),
            *(None, (1, 1), self.padding, (1, 1), False, (0, 0), 1),
            (wants_x, True, False),
        )
        return of_read, of_weight

    @staticmethod
    def _of_peepholes(of_gates: Tensor, memory: Tensor) -> Tensor:
        """Return the gradient of the peepholes of input, forget and output gate."""
        i, f, _, o = of_gates.chunk(4, 2)
        earlier = memory[:-1]
        parts = (i[1:] * earlier, f[1:] * earlier, o * memory)
        return torch.stack([part.sum((0, 1)) for part in parts])

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        found = F.conv2d(x, weight, bias, padding=self.padding)
        return found.contiguous(memory_format=self.layout)

    def _weight(self, weight: Tensor) -> Tensor:
        return weight.contiguous(memory_format=self.layout)

    def _states(self, like: Tensor, n_steps: int) -> Tensor:
        """Return memory for states (steps, batch, size, height, width)."""
        shape = n_steps * self.n, self.size, *self.plane
        flat = torch.empty(
            shape, dtype=like.dtype, device=like.device, memory_format=self.layout
        )
        return flat.unflatten(0, (n_steps, self.n))

    def _peepholes(self, weights: Weights) -> Tensor | None:
        """Return the weights of peepholes as the kernels read them."""
        if weights.peepholes is None or self.layout is torch.contiguous_format:
            return weights.peepholes
        return weights.peepholes.permute(2, 3, 0, 1).contiguous()

    def _run(
        self,
        name: str,
        lengths: Tensor,
        step: int,
        peepholes: Tensor | None,
        **tensors: Tensor | None,
    ) -> None:
        """Run a kernel on the memory of tensors, in several threads."""
        height, width = self.plane
        behind = self.layout is torch.channels_last
        workers = min(count_threads(), self.n)
        most = -(-self.n // workers)
        fixed = {
            "n_chunks": height * width if behind else 1,
            "size": self.size if behind else self.size * height * width,
            "step": step,
            "has_peepholes": int(peepholes is not None),
            "peepholes": 0 if peepholes is None else peepholes.data_ptr(),
            **{f"has_{k}": int(tensors.get(k) is not None) for k in _OPTIONAL},
            "has_state": int(tensors["memory"] is not None),
        }

        def work(worker: int) -> None:
            first = worker * most
            places = {
                k: 0 if tensor is None else tensor[first:].data_ptr()
                for k, tensor in tensors.items()
            }
            self.kernels[name](
                n=min(most, self.n - first),
                lengths=lengths[first:].data_ptr(),
                **fixed,
                **places,
            )

        share(work, -(-self.n // most))


_OPTIONAL = ("grad_steps", "back")
