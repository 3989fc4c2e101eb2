"""Missing values that decay towards a mean, with compiled kernels on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from .. import _kernels
from .._kernels import VECTOR_BYTES
from ._compiled import fits, full_lengths


def serves(x: Tensor, rate: Tensor) -> bool:
    """Return whether there are kernels for sequences that need no gradient."""
    if not fits(x) or x.dtype != rate.dtype or torch.is_autocast_enabled("cpu"):
        return False
    if x.requires_grad and torch.is_grad_enabled():
        return False
    return _kernels.load("decay", 8 * x.itemsize) is not None


@dataclass(frozen=True)
class Filling:
    """How to fill the gaps of sequences.

    Parameters
    ----------
    columns : tuple of int
        The channels that are read.
    clock : int or None
        The channel of the time, None for a time of one between steps.
    mean : Tensor of shape (len(columns),)
        To what each channel decays.
    """

    columns: tuple[int, ...]
    clock: int | None
    mean: Tensor

    def elapsed(self, x: Tensor, lengths: Tensor | None, *, reverse: bool) -> Tensor:
        """Return the time since the last observation, or until the next; zero in padding.

        Shape
            x (batch, steps, channels), contiguous -> (batch, steps, len(columns))
        """
        lengths = full_lengths(x) if lengths is None else lengths.long().contiguous()
        found = x.new_empty(*x.shape[:2], len(self.columns))
        kernels_for(x)["elapsed"](
            **self._arguments(x, lengths),
            clock=-1 if self.clock is None else self.clock,
            reverse=int(reverse),
            elapsed=found.data_ptr(),
        )
        return found

    def fill(
        self,
        x: Tensor,
        lengths: Tensor | None,
        rate: Tensor,
        bias: Tensor,
        elapsed: Tensor,
    ) -> Filled:
        """Return the filled channels with their masks, and what their gradient needs.

        Shape
            x (batch, steps, channels), contiguous, rate and bias (len(columns),)
        """
        lengths = full_lengths(x) if lengths is None else lengths.long().contiguous()
        n_numbers, n_lanes = elapsed.numel(), VECTOR_BYTES // x.itemsize
        factors = x.new_empty(-(-n_numbers // n_lanes) * n_lanes)
        apart = torch.empty_like(elapsed)
        read = x.new_empty(*x.shape[:2], 2 * len(self.columns))
        kernels_for(x)["forward"](
            **self._arguments(x, lengths),
            mean=self.mean.data_ptr(),
            rate=rate.data_ptr(),
            bias=bias.data_ptr(),
            elapsed=elapsed.data_ptr(),
            factors=factors.data_ptr(),
            apart=apart.data_ptr(),
            read=read.data_ptr(),
        )
        return Filled(read, elapsed, factors, apart)

    def _arguments(self, x: Tensor, lengths: Tensor) -> dict[str, int]:
        n, n_steps, n_channels = x.shape
        return {
            "x": x.data_ptr(),
            "lengths": lengths.data_ptr(),
            "n": n,
            "n_steps": n_steps,
            "n_channels": n_channels,
            "columns": _places(self.columns).data_ptr(),
            "size": len(self.columns),
        }


@dataclass(frozen=True)
class Filled:
    """Filled channels with their masks, and what the gradient needs."""

    read: Tensor
    elapsed: Tensor
    factors: Tensor
    apart: Tensor

    def write_gradients(
        self, gradient: Tensor, grad_rate: Tensor, grad_bias: Tensor
    ) -> None:
        """Write the gradients of rate and bias, given that of ``read``, contiguous."""
        n, n_steps, size = self.elapsed.shape
        kernels_for(gradient)["backward"](
            n=n,
            n_steps=n_steps,
            size=size,
            elapsed=self.elapsed.data_ptr(),
            factors=self.factors.data_ptr(),
            apart=self.apart.data_ptr(),
            grad_read=gradient.data_ptr(),
            grad_rate=grad_rate.data_ptr(),
            grad_bias=grad_bias.data_ptr(),
        )


def fill(
    filling: Filling,
    x: Tensor,
    lengths: Tensor | None,
    rate: Tensor,
    bias: Tensor,
    in_torch: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Return the filled channels and their masks, as a function of rate and bias.

    ``in_torch`` is the same function in torch's operations, for gradients of gradients.
    """
    x = x.contiguous()
    elapsed = filling.elapsed(x, lengths, reverse=False)
    return _Fill.apply(rate, bias, filling, x, lengths, elapsed, in_torch)


class _Fill(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        rate: Tensor,
        bias: Tensor,
        filling: Filling,
        x: Tensor,
        lengths: Tensor | None,
        elapsed: Tensor,
        in_torch: Callable[[Tensor, Tensor], Tensor],
    ) -> Tensor:
        ctx.filled = filling.fill(
            x, lengths, rate.contiguous(), bias.contiguous(), elapsed
        )
        ctx.in_torch = in_torch
        ctx.save_for_backward(rate, bias)
        return ctx.filled.read

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rate, bias = ctx.saved_tensors
        if torch.is_grad_enabled():
            # As views: one may depend on the other, which must not count twice.
            rate, bias = rate.view_as(rate), bias.view_as(bias)
            again = ctx.in_torch(rate, bias)
            of_both = torch.autograd.grad(
                again, (rate, bias), gradient, create_graph=True
            )
        else:
            of_both = torch.empty_like(rate), torch.empty_like(bias)
            ctx.filled.write_gradients(gradient.contiguous(), *of_both)
        return *of_both, None, None, None, None, None


def kernels_for(x: Tensor) -> _kernels.Kernels:
    """Return the kernels for numbers of the dtype of x."""
    kernels = _kernels.load("decay", 8 * x.itemsize)
    assert kernels is not None, "who asks for kernels has made sure that there are any"
    return kernels


@lru_cache(maxsize=64)
def _places(columns: tuple[int, ...]) -> Tensor:
    return torch.tensor(columns, dtype=torch.int64, device="cpu")
