"""All convolutional layers of an encoder in training, with compiled kernels on the CPU.

Torch's layers write every result to memory: padded sequences, products, what is left of
them by the normalisation and by the ReLU, and the same again for gradients. Here one
sequence after the other goes through a layer, and only its products are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import _kernels
from ._compiled import fits, full_lengths
from ._convolution_plan import ConvSizes, plan_of
from ._second_order import differentiable_gradients
from ._threads import count_threads, share
from ._time import valid_steps
from ._workspace import WORKSPACE, Loan
from .convolution import ConvLayer, MaskedBatchNorm


class Weights(NamedTuple):
    """The weights of a layer, or their gradients."""

    kernel: Tensor
    norm: Tensor
    bias: Tensor


def weights_of(layer: ConvLayer) -> Weights:
    """Return the weights of a plain layer."""
    kernel = cast(nn.Conv1d, layer.convolution)
    return Weights(kernel.weight, layer.norm.weight, layer.norm.bias)


def serves(layers: Iterable[nn.Module], x: Tensor) -> bool:
    """Return whether there are kernels for layers in training, one after the other."""
    layers = list(layers)
    if not layers or not fits(x) or torch.is_autocast_enabled("cpu"):
        return False
    if not all(_is_plain(layer, x.dtype) for layer in layers):
        return False
    first = cast(ConvLayer, layers[0])
    return weights_of(first).kernel.shape[1] == x.shape[2] and has_kernels(x.itemsize)


def has_kernels(itemsize: int) -> bool:
    """Return whether there are kernels for numbers of this size."""
    return _kernels.load("convolution", 8 * itemsize) is not None


def _is_plain(layer: nn.Module, dtype: torch.dtype) -> bool:
    """Return whether a layer is one convolution, one normalisation and a ReLU."""
    if type(layer) is not ConvLayer or type(layer.convolution) is not nn.Conv1d:
        return False
    norm = layer.norm
    if type(norm) is not MaskedBatchNorm or not norm.training or not norm.affine:
        return False
    if layer.bottleneck is not None or layer.squeeze is not None or not layer.rectifies:
        return False
    tensors = *weights_of(layer), norm.running_mean, norm.running_var
    return all(t is not None and t.is_cpu and t.dtype == dtype for t in tensors)


def convolve(
    layers: Iterable[ConvLayer], x: Tensor, lengths: Tensor | None, *, pools: bool = False
) -> Tensor:
    """Return the output of layers in training, zero in padding, or its mean.

    Running moments are updated. Lengths must be valid.

    Shape
        x (batch, steps, channels) -> (batch, steps', channels') or (batch, channels')
    """
    run = Convolutions(layers, pools=pools)
    tensors = [weight for layer in run.layers for weight in weights_of(layer)]
    return _Convolve.apply(run, lengths, x, *tensors)


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, run: Convolutions, lengths: Tensor | None, x: Tensor, *tensors: Tensor
    ) -> Tensor:
        ctx.run, ctx.lengths = run, lengths
        ctx.save_for_backward(x, *tensors)
        output = run.forward(x, lengths, _by_layer([t.contiguous() for t in tensors]))
        run.output = None  # which will refer to this graph
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, *tensors = ctx.saved_tensors
        run: Convolutions = ctx.run
        if torch.is_grad_enabled():
            # As views: one may depend on another, which must not count it twice.
            views = [part.view_as(part) for part in (x, *tensors)]
            again = run.in_torch(views[0], ctx.lengths, _by_layer(views[1:]))
            return None, None, *differentiable_gradients([again], views, [gradient])
        found = [torch.empty(t.shape, dtype=t.dtype, device="cpu") for t in tensors]
        of_x = run.backward(gradient, _by_layer(found), wants_x=ctx.needs_input_grad[2])
        return None, None, of_x, *found


def _by_layer(tensors: Sequence[Tensor]) -> list[Weights]:
    return [Weights(*tensors[i : i + 3]) for i in range(0, len(tensors), 3)]


class Convolutions:
    """Layers one after the other in training, and their gradients.

    What ``forward`` returns is valid until the next one.

    Parameters
    ----------
    layers : iterable of ConvLayer
        The layers, as ``serves`` accepts them.
    pools : bool, default=False
        Whether the output is averaged over the steps of each sequence.
    """

    def __init__(self, layers: Iterable[ConvLayer], *, pools: bool = False) -> None:
        self.layers, self.pools = list(layers), pools
        self.sizes = tuple(map(_sizes_of, self.layers))
        self.loan: Loan | None = None
        self.output: Tensor | None = None

    def forward(
        self, x: Tensor, lengths: Tensor | None, weights: Sequence[Weights]
    ) -> Tensor:
        """Return the output with given weights, which are contiguous."""
        self.x, self.n_threads = x.contiguous(), count_threads()
        kernels = _kernels.load("convolution", 8 * x.itemsize)
        assert kernels is not None, "who asks for kernels has made sure there are any"
        self.kernels = kernels
        self.plan = plan_of(self.sizes, *x.shape[:2], x.itemsize)
        self.loan = None  # the same memory may serve again
        self.loan = loan = WORKSPACE.borrow(self.plan.n_bytes(self.n_threads))
        self.lengths = [
            full_lengths(x) if lengths is None else lengths.long().contiguous()
        ]
        self.arguments: list[dict[str, int]] = []
        for i, place in enumerate(self.plan.places(loan.address)):
            layer = self.layers[i]
            self.lengths.append(layer.output_lengths(self.lengths[i]))
            self.arguments.append(self._arguments(i, place, weights[i]))
            self._run("pack", i)
            self._share("forward", i, len(x))
            self._run("normalise", i)
            layer.norm.num_batches_tracked.add_(1)
        last = self.plan.layers[-1]
        steps = () if self.pools else (last.n_outputs,)
        shape = len(x), *steps, last.layer.size_out
        if self.output is None or self.output.shape != shape:
            self.output = x.new_empty(shape)
        more = {"pools": int(self.pools), "output": self.output.data_ptr()}
        self._share("finish", -1, len(x), **more)
        return self.output

    def backward(
        self, gradient: Tensor, gradients: Sequence[Weights], *, wants_x: bool
    ) -> Tensor | None:
        """Write the gradients of all weights, given that of the latest output.

        Returns the gradient of x, if it is wanted.
        """
        if self.pools:
            gradient = gradient / self.lengths[-1][:, None]
        gradient = gradient.contiguous()
        of_x = torch.empty_like(self.x) if wants_x else None
        given = {
            "grad": gradient.data_ptr(),
            "grad_apart": gradient.stride(0),
            "grad_wide": 0 if self.pools else gradient.shape[2],
        }
        for i in reversed(range(len(self.layers))):
            plan, own = self.plan.layers[i], gradients[i]
            given |= {
                "target_rows": plan.n_steps,
                "target_wide": self.plan.sizes[i]["wide_in"] if i else plan.layer.size_in,
                "wants_x": int(wants_x or i > 0),
                "grad_weight": own.kernel.data_ptr(),
                "grad_weight_norm": own.norm.data_ptr(),
                "grad_bias_norm": own.bias.data_ptr(),
            }
            if not i and of_x is not None:
                given["grad_source"] = of_x.data_ptr()
            self._share("slopes", i, plan.n, **given)
            self._run("sum_slopes", i, **given)
            self._share("backward", i, plan.n_chains, **given)
            self._run("unpack", i, **given)
            # Of the layer below.
            given = {
                "grad": self.arguments[i]["grad_source"],
                "grad_apart": given["target_rows"] * given["target_wide"],
                "grad_wide": given["target_wide"],
            }
        return of_x

    def in_torch(
        self, x: Tensor, lengths: Tensor | None, weights: Sequence[Weights]
    ) -> Tensor:
        """Return the same output by torch's operations; no moments are updated."""
        left, x = full_lengths(x) if lengths is None else lengths, x.mT
        for layer, sizes, own in zip(self.layers, self.sizes, weights, strict=True):
            n_outputs = layer.output_lengths(x.shape[2])
            x = x.masked_fill(~valid_steps(left, x.shape[2])[:, None], 0)
            read = (n_outputs - 1) * sizes.stride + sizes.reach
            x = F.pad(x, (sizes.before, read - sizes.before - x.shape[2]))
            x = F.conv1d(x, own.kernel, None, sizes.stride, 0, sizes.dilation)
            left = layer.output_lengths(left)
            padding, count = ~valid_steps(left, n_outputs)[:, None], left.sum()
            mean = x.masked_fill(padding, 0).sum((0, 2)) / count
            x = (x - mean[:, None]).masked_fill(padding, 0)
            factor = torch.rsqrt(x.square().sum((0, 2)) / count + layer.norm.eps)
            x = torch.relu(x * (own.norm * factor)[:, None] + own.bias[:, None])
            x = x.masked_fill(padding, 0)
        return x.sum(2) / left[:, None] if self.pools else x.mT

    def _arguments(self, i: int, place: dict[str, int], weights: Weights) -> dict:
        """Return the arguments of all kernels of a layer, but for the gradients."""
        norm = self.layers[i].norm
        source = {
            "source": self.x.data_ptr(),
            "source_rows": self.x.shape[1],
            "source_wide": self.x.shape[2],
            "is_normed": 0,
            "scale_in": 0,
            "moved_in": 0,
        }
        if i:
            below = self.arguments[i - 1]
            source = {
                "source": below["products"],
                "source_rows": below["n_rows"],
                "source_wide": below["wide_out"],
                "is_normed": 1,
                "scale_in": below["scale"],
                "moved_in": below["moved"],
            }
        return {
            **self.plan.sizes[i],
            **place,
            **source,
            "lengths": self.lengths[i].data_ptr(),
            "left": self.lengths[i + 1].data_ptr(),
            "weight": weights.kernel.data_ptr(),
            "weight_norm": weights.norm.data_ptr(),
            "bias_norm": weights.bias.data_ptr(),
            "running_mean": norm.running_mean.data_ptr(),
            "running_var": norm.running_var.data_ptr(),
            "settings": _settings(norm.eps, norm.momentum or 0.0).data_ptr(),
        }

    def _run(self, name: str, i: int, **more: int) -> None:
        self.kernels[name](**self.arguments[i] | more)

    def _share(self, name: str, i: int, most: int, **more: int) -> None:
        """Run a kernel in at most so many threads, each with memory of its own."""
        workers, known = min(self.n_threads, most), self.arguments[i] | more
        assert self.loan is not None, "forward has borrowed the memory"
        begin = self.loan.address

        def work(worker: int) -> None:
            scratch = self.plan.scratch_at(begin, worker)
            self.kernels[name](**known, **scratch, worker=worker, n_workers=workers)

        share(work, workers)


def _sizes_of(layer: ConvLayer) -> ConvSizes:
    kernel = cast(nn.Conv1d, layer.convolution)
    return ConvSizes(
        kernel.in_channels,
        kernel.out_channels,
        kernel.kernel_size[0],
        layer.stride,
        layer.dilation,
        layer.before,
    )


@lru_cache(maxsize=64)
def _settings(eps: float, share_of_batch: float) -> Tensor:
    return torch.tensor([eps, share_of_batch], dtype=torch.float64, device="cpu")
