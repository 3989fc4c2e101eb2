"""Attention pooling in training, with compiled kernels on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .. import _kernels
from .._kernels import LANES, MOST_CHAINS, ROWS, VECTOR_BYTES, Buffers, arrange
from ._compiled import fits, full_lengths
from ._second_order import differentiable_gradients
from ._threads import count_threads, share
from ._workspace import WORKSPACE, Loan

# The same function of the steps and the weights in torch's operations.
InTorch = Callable[..., Tensor]


class Weights(NamedTuple):
    """The weights of the hidden values, their biases, and the context."""

    hidden: Tensor
    bias: Tensor
    context: Tensor


def weights_of(hidden: nn.Linear, context: nn.Linear) -> Weights:
    """Return the weights of both layers."""
    return Weights(hidden.weight, hidden.bias, context.weight)


def serves(hidden: nn.Module, context: nn.Module, steps: Tensor) -> bool:
    """Return whether there are kernels for layers and the steps."""
    if type(hidden) is not nn.Linear or type(context) is not nn.Linear:
        return False
    if not fits(steps) or torch.is_autocast_enabled("cpu"):
        return False
    size, weights = steps.shape[2], weights_of(hidden, context)
    if weights.hidden.shape != (size, size) or weights.bias is None:
        return False
    if any(not w.is_cpu or w.dtype != steps.dtype for w in weights):
        return False
    return _kernels.load("attention", 8 * steps.itemsize) is not None


def attend(
    weights: Weights, steps: Tensor, lengths: Tensor | None, in_torch: InTorch
) -> Tensor:
    """Return the average of the steps, weighted by attention. Lengths must be valid.

    Shape
        steps (batch, steps, size) -> (batch, size)
    """
    return _Attend.apply(in_torch, lengths, steps, *weights)


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        in_torch: InTorch,
        lengths: Tensor | None,
        steps: Tensor,
        *tensors: Tensor,
    ) -> Tensor:
        ctx.run, ctx.in_torch = Attention(), in_torch
        ctx.save_for_backward(steps, *tensors)
        weights = Weights(*(tensor.contiguous() for tensor in tensors))
        return ctx.run.forward(steps.contiguous(), lengths, weights)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            # As views: one may depend on another, which must not count it twice.
            views = [part.view_as(part) for part in ctx.saved_tensors]
            again = ctx.in_torch(*views)
            return None, None, *differentiable_gradients([again], views, [gradient])
        _, *tensors = ctx.saved_tensors  # none has been changed since
        found = [torch.empty(t.shape, dtype=t.dtype, device="cpu") for t in tensors]
        return None, None, ctx.run.backward(gradient, Weights(*found)), *found


class Attention:
    """Attention pooling, and its gradients."""

    def forward(self, steps: Tensor, lengths: Tensor | None, weights: Weights) -> Tensor:
        """Return the averages of steps with given weights, all contiguous."""
        n, n_steps, size = steps.shape
        lengths = full_lengths(steps) if lengths is None else lengths.long().contiguous()
        self.read, self.n_threads = (steps, lengths), count_threads()
        kernels = _kernels.load("attention", 8 * steps.itemsize)
        assert kernels is not None, "who asks for kernels has made sure there are any"
        self.kernels = kernels
        kept, self.scratch, self.sizes = _arrange(n, n_steps, size, steps.itemsize)
        self.loan: Loan | None = None  # the same memory may serve again
        n_bytes = kept.n_bytes + self.n_threads * self.scratch.n_bytes
        self.loan = loan = WORKSPACE.borrow(n_bytes)
        self.begin = loan.address + kept.n_bytes  # of the threads' memory
        pooled = steps.new_empty(n, size)
        self.arguments = {
            **self.sizes,
            **kept.at(loan.address),
            "steps": steps.data_ptr(),
            "lengths": lengths.data_ptr(),
            "weight": weights.hidden.data_ptr(),
            "bias": weights.bias.data_ptr(),
            "context": weights.context.data_ptr(),
        }
        self.kernels["pack"](**self.arguments)
        self._share("forward", n, pooled=pooled.data_ptr())
        return pooled

    def backward(self, gradient: Tensor, gradients: Weights) -> Tensor:
        """Write the gradients of the weights; return that of the steps."""
        gradient, grad_steps = gradient.contiguous(), torch.empty_like(self.read[0])
        self._share(
            "backward",
            self.sizes["n_chains"],
            grad=gradient.data_ptr(),
            grad_steps=grad_steps.data_ptr(),
        )
        self.kernels["unpack"](
            **self.arguments,
            grad_weight=gradients.hidden.data_ptr(),
            grad_bias=gradients.bias.data_ptr(),
            grad_context=gradients.context.data_ptr(),
        )
        return grad_steps

    def _share(self, name: str, most: int, **more: int) -> None:
        """Run a kernel in at most so many threads, each with memory of its own."""
        workers, known = min(self.n_threads, most), self.arguments | more

        def work(worker: int) -> None:
            scratch = self.scratch.at(self.begin, worker)
            self.kernels[name](**known, **scratch, worker=worker, n_workers=workers)

        share(work, workers)


def _arrange(
    n: int, n_steps: int, size: int, itemsize: int
) -> tuple[Buffers, Buffers, dict[str, int]]:
    """Return the memory of a batch, that of a thread, and the sizes for the kernels."""
    vector = VECTOR_BYTES // itemsize
    wide, high, n_rows = (
        -(-number // multiple) * multiple
        for number, multiple in ((size, vector), (size, ROWS), (n_steps, ROWS))
    )
    apart = wide if wide // vector % 2 else wide + vector
    chains = min(-(-n // LANES), MOST_CHAINS)
    kept = {
        "weights": size * wide,
        "turned": size * wide,
        "biases": wide,
        "contexts": wide,
        "hidden": n * n_rows * wide,
        "shares": n * n_rows,
        "sums": chains * (high + 2) * wide,
    }
    scratch = {
        "own": n_rows * apart,
        "of_hidden": n_rows * apart,
        "of_steps": n_rows * wide,
        "slopes": n_rows,
        "given": wide,
        "tail": vector,
    }
    sizes = {"n": n, "n_steps": n_steps, "size": size, "wide": wide}
    sizes["apart"] = apart
    sizes |= {"n_rows": n_rows, "n_chains": chains}
    return arrange(itemsize, kept), arrange(itemsize, scratch), sizes
