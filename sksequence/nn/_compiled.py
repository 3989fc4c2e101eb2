"""Recurrent layers and max pooling with compiled kernels, on the CPU."""

from __future__ import annotations

import ctypes
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from .. import _kernels
from .._cells import Cell, find_cell
from .._kernels import LANES, MOST_CHAINS, VECTOR_BYTES, Layout, ScanLayout
from ._cell_layer import CellLayer, Weights, as_matrices, cell_of, weights_of
from ._few import FEW, Few, distinct_rows
from ._second_order import largest_gradient, recurrence_gradient
from ._states import check_state
from ._threads import count_threads, share
from ._time import check_length_range, check_lengths_shape, valid_steps
from ._workspace import WORKSPACE, Loan


def serves(layer: CellLayer, x: Tensor) -> bool:
    """Return whether there are kernels for a layer and its input."""
    if not fits(x) or x.shape[2] != layer.input_size:
        return False
    if layer.weight_ih_l0.dtype != x.dtype or torch.is_autocast_enabled("cpu"):
        return False
    return load_kernels(cell_of(layer), 8 * x.itemsize) is not None


def load_kernels(
    cell: type[Cell], bits: int, given: bool = False
) -> _kernels.Kernels | None:
    """Return the kernels of a layer, or None if there are none.

    ``given`` says whether the products with the input, or times, are given.
    """
    return _kernels.load(_source_of(cast(Hashable, cell), given), bits, cell)


@lru_cache(maxsize=64)
def _source_of(cell: type[Cell], given: bool) -> str:
    is_scan = not given and _kernels.reads_only_input(cell)
    return "scan" if is_scan else "recurrence"


@lru_cache(maxsize=1024)
def kept_of(layout: Layout | ScanLayout, n: int, n_steps: int) -> Kept:
    """Return what is kept of a forward pass of n sequences."""
    kept = layout.kept(n, n_steps)
    return Kept(kept.size, kept.block, kept.step, kept.values)


class Kept(NamedTuple):
    """Sizes of all that is kept, of a block and of a step; whether it is the values."""

    size: int = 0
    block: int = 0
    step: int = 0
    values: bool = False


def count_workers(
    layout: Layout | ScanLayout, most: int, n_chains: int, *, wants_x: bool = False
) -> int:
    """Return how many of at most so many threads work."""
    if most == 1:
        return 1
    return min(most, layout.most_workers(n_chains, wants_x=wants_x))


def has_kernels(network: dict[str, Any]) -> bool:
    """Return whether kernels can run the recurrence of a network with these keywords."""
    if "cell" not in network:
        return False
    cell = find_cell(network["cell"], network.get("nonlinearity", "tanh"))
    bits = 64 if network["dtype"] == "float64" else 32
    return load_kernels(cell, bits) is not None


def serves_largest(steps: Tensor) -> bool:
    """Return whether there are kernels for max pooling of the steps."""
    if not fits(steps) or steps.shape[2] * steps.itemsize < VECTOR_BYTES:
        return False
    return _kernels.load("pooling", 8 * steps.itemsize) is not None


def fits(x: Tensor) -> bool:
    """Return whether kernels support device, dtype and shape."""
    if x.ndim != 3 or not x.is_cpu or not x.numel():
        return False
    if x.dtype not in (torch.float32, torch.float64):
        return False
    return not (torch.compiler.is_compiling() or torch.jit.is_tracing())


def recurrence(
    layer: CellLayer,
    x: Tensor,
    lengths: Tensor | None = None,
    *,
    reverse: bool = False,
    state: tuple[Tensor, ...] = (),
    products: Tensor | None = None,
    mask: Tensor | None = None,
    fade: Fade | None = None,
) -> tuple[Tensor, ...]:
    """Run a layer of one direction over sequences.

    Parameters
    ----------
    layer : CellLayer
        A cell with its weights.
    x : Tensor of shape (batch, steps, input_size)
        Sequences.
    lengths : Tensor of shape (batch,) or None
        Number of steps of each sequence.
    reverse : bool
        Whether to read the sequences in reverse.
    state : tuple of Tensor of shape (batch, hidden_size)
        Initial hidden state, and initial cell state if the cell has one.
    products : Tensor of shape (batch, steps, gates * hidden_size) or None
        Replaces the products of x with the input weights, including input biases.
    mask : Tensor of shape (batch, hidden_size) or None
        Factors of the hidden state where gates read it.
    fade : Fade or None
        By what all states decay before each step.

    Returns
    -------
    steps : Tensor of shape (batch, steps, hidden_size)
        Hidden states, zero in padding.
    *state : Tensor of shape (batch, hidden_size)
        The final states.

    Raises
    ------
    ValueError
        If a state, mask or elapsed time is invalid, or lengths are not from 1 to steps.
    """
    n, n_steps, _ = x.shape
    cell, shape = cell_of(layer), (n, layer.hidden_size)
    if state:
        check_state(state, cell.n_states, shape, x)
    if mask is not None and mask.shape != shape:
        raise ValueError(f"mask must have shape {shape}, got {tuple(mask.shape)}")
    if fade is not None:
        _check_elapsed(fade, x)
    given, weights = products is not None, weights_of(layer)
    if products is None:
        products = x
    else:
        weights = _without_input(weights)
    plan = plan_of(
        cast(Hashable, cell),
        weights.weight_ih.shape[1],
        layer.hidden_size,
        x.itemsize,
        reverse,
        given,
        0 if fade is None else fade.elapsed.shape[2],
    )
    order = order_of(lengths, n, n_steps)
    start, start_memory = (*state, None, None)[:2]
    weight_ih, bias_ih, weight_hh, bias_hh = weights
    matrices = as_matrices(weight_hh, layer.hidden_size)
    elapsed, weight_fade, bias_fade = fade or (None, None, None)
    inputs = _Inputs(
        products,
        start,
        start_memory,
        mask,
        elapsed,
        weight_ih,
        bias_ih,
        matrices,
        bias_hh,
        weight_fade,
        bias_fade,
    )
    needs_grad = any(tensor is not None and tensor.requires_grad for tensor in inputs)
    if needs_grad and torch.is_grad_enabled():
        return _Recurrence.apply(plan, order, *inputs.contiguous())
    inputs = inputs.contiguous()
    is_plain = not (state or given or mask is not None or fade)
    if n <= FEW and is_plain and plan.few is not None:
        answers = plan.few.forward(inputs.x, order, inputs.addresses_of_weights())
        if answers is not None:
            return answers
    outputs, _ = plan.forward(order, inputs)
    return outputs


class Fade(NamedTuple):
    """By what states decay: elapsed times, and the weights of their products.

    Shape
        elapsed (batch, steps, n_elapsed), weight (hidden_size, n_elapsed), bias
        (hidden_size,)
    """

    elapsed: Tensor
    weight: Tensor
    bias: Tensor


def _check_elapsed(fade: Fade, x: Tensor) -> None:
    """Raise ValueError unless there are times for each step, and weights for them."""
    elapsed, weight, _ = fade
    shape = *x.shape[:2], weight.shape[1]
    if elapsed.shape != shape or not x.dtype == elapsed.dtype == weight.dtype:
        raise ValueError(
            f"elapsed must have shape {shape} and dtype {x.dtype}, got "
            f"{tuple(elapsed.shape)} and {elapsed.dtype}"
        )


def _without_input(weights: Weights) -> Weights:
    """Return the weights that are needed if products with the input are given."""
    rows = len(weights.weight_ih)
    return weights._replace(
        weight_ih=weights.weight_ih.new_empty(rows, 0),
        bias_ih=torch.zeros_like(weights.bias_ih),
    )


class _Inputs(NamedTuple):
    x: Tensor
    start: Tensor | None
    start_memory: Tensor | None
    mask: Tensor | None
    elapsed: Tensor | None
    weight_ih: Tensor
    bias_ih: Tensor
    weight_hh: Tensor | None
    bias_hh: Tensor | None
    weight_fade: Tensor | None
    bias_fade: Tensor | None

    def contiguous(self) -> _Inputs:
        return _Inputs._make(_contiguous(self))

    def addresses_of_weights(self) -> dict[str, int]:
        return addresses_of_weights(self.weights)

    @property
    def weights(self) -> tuple[Tensor | None, ...]:
        return tuple(self)[_FIRST_WEIGHT:]


_FIRST_WEIGHT = _Inputs._fields.index("weight_ih")


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, plan: _Plan, order: tuple[Tensor, Tensor], *tensors: Any
    ) -> tuple[Tensor, ...]:
        inputs = _Inputs(*tensors)
        outputs, ctx.kept = plan.forward(order, inputs, keep=True)
        ctx.plan, ctx.order = plan, order
        ctx.save_for_backward(outputs[0], *inputs)
        ctx.set_materialize_grads(False)
        return outputs

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor | None) -> tuple[Tensor | None, ...]:
        steps, *tensors = ctx.saved_tensors
        if torch.is_grad_enabled():
            twice = ctx.plan.differentiable_gradient(ctx.order, tensors, grad_outputs)
            return None, None, *twice
        gradients = ctx.plan.backward(
            ctx.order,
            ctx.kept,
            steps,
            _Inputs(*tensors),
            _contiguous(grad_outputs),
            wants_x=ctx.needs_input_grad[2],
        )
        return None, None, *gradients


@dataclass(frozen=True)
class _Plan:
    """How to run layers of one cell and size, independent of the batch."""

    layout: Layout | ScanLayout
    run: _kernels.Kernels
    fixed: dict[str, int]

    def forward(
        self,
        order: tuple[Tensor, Tensor],
        inputs: _Inputs,
        keep: bool = False,
    ) -> tuple[tuple[Tensor, ...], Loan]:
        """Return steps and final states, and the memory kept for the backward pass."""
        layout = self.layout
        n, n_steps, _ = inputs.x.shape
        workers = count_workers(layout, count_threads(), -(-n // LANES))
        slot_bytes = layout.itemsize * layout.slot
        n_bytes = workers * slot_bytes
        if keep:
            n_bytes = layout.itemsize * kept_of(layout, n, n_steps).size
        kept = WORKSPACE.borrow(layout.packed.n_bytes + n_bytes)
        steps = inputs.x.new_empty(n, n_steps, layout.hidden)
        finals = [
            inputs.x.new_zeros(n, layout.hidden) for _ in range(layout.cell.n_states)
        ]
        arguments = {
            **self._arguments(order, inputs, kept, keep),
            "steps": steps.data_ptr(),
            "final": finals[0].data_ptr(),
            "final_memory": finals[-1].data_ptr(),
            "n_workers": workers,
        }
        self.run["pack"](**arguments, **inputs.addresses_of_weights())

        scratch = WORKSPACE.borrow(workers * layout.forward_scratch.n_bytes)

        def work(worker: int) -> None:
            places = layout.forward_scratch.at(scratch.address, worker)
            own = {} if keep else {"saved": arguments["saved"] + worker * slot_bytes}
            self.run["forward"](**arguments | places | own, worker=worker)

        share(work, workers)
        return (steps, *finals), kept

    @cached_property
    def few(self) -> Few | None:
        """The same for few sequences; None without kernels for these."""
        # Their layout is that of a recurrence also where others are a scan.
        fields = "cell", "channels", "hidden", "itemsize"
        layout = Layout(*(getattr(self.layout, name) for name in fields))
        run = _kernels.load("alone", 8 * layout.itemsize, cast(Any, layout.cell))
        if run is None:
            return None
        gates = {"gates": ctypes.addressof(layout.gates)}
        return Few(layout, run, self.fixed | layout.sizes | gates)

    def backward(
        self,
        order: tuple[Tensor, Tensor],
        kept: Loan,
        steps: Tensor,
        inputs: _Inputs,
        grad_outputs: tuple[Tensor | None, ...],
        wants_x: bool,
    ) -> list[Tensor | None]:
        """Return the gradients of the inputs."""
        layout = self.layout
        x, start, start_memory = inputs[:3]
        grad_x = torch.empty_like(x) if wants_x else None
        grad_start, grad_start_memory = _empty_like(start), _empty_like(start_memory)
        grad_weights = [_empty_like(weight) for weight in inputs.weights]
        chains = min(-(-len(x) // LANES), MOST_CHAINS)
        workers = count_workers(layout, count_threads(), chains, wants_x=wants_x)
        scratch_bytes = workers * layout.backward_scratch.n_bytes
        sum_bytes = layout.itemsize * layout.weight_gradient * chains
        fade_bytes = layout.itemsize * layout.fade_gradient * chains
        memory = WORKSPACE.borrow(scratch_bytes + sum_bytes + fade_bytes)
        grad_steps, grad_final, grad_memory = (*grad_outputs, None)[:3]
        arguments = {
            **self._arguments(order, inputs, kept, True),
            "steps": steps.data_ptr(),
            "has_grad_steps": int(grad_steps is not None),
            "grad_steps": _address(grad_steps),
            "has_grad_final": int(grad_final is not None),
            "grad_final": _address(grad_final),
            "has_grad_final_memory": int(grad_memory is not None),
            "grad_final_memory": _address(grad_memory),
            "wants_x": int(wants_x),
            "grad_x": _address(grad_x),
            "wants_start": int(start is not None),
            "grad_start": _address(grad_start),
            "grad_start_memory": _address(grad_start_memory),
            "grad_weights": memory.address + scratch_bytes,
            "grad_fades": memory.address + scratch_bytes + sum_bytes,
            "n_chains": chains,
            "n_workers": workers,
        }

        def work(worker: int) -> None:
            places = layout.backward_scratch.at(memory.address, worker)
            self.run["backward"](**arguments | places, worker=worker)

        share(work, workers)
        self.run["unpack"](**arguments, **addresses_of_weights(grad_weights))
        return [grad_x, grad_start, grad_start_memory, None, None, *grad_weights]

    def differentiable_gradient(
        self,
        order: tuple[Tensor, Tensor],
        inputs: Sequence[Tensor | None],
        grad_outputs: Sequence[Tensor | None],
    ) -> list[Tensor | None]:
        """Return the gradients of the inputs as functions of all that is given."""
        places, left = order
        return recurrence_gradient(
            self.layout.cell,
            inputs,
            torch.empty_like(left).scatter_(0, places, left),
            grad_outputs,
            reverse=bool(self.fixed["reverse"]),
            given=bool(self.fixed["given"]),
        )

    def _arguments(
        self,
        order: tuple[Tensor, Tensor],
        inputs: _Inputs,
        kept: Loan,
        keep: bool,
    ) -> dict[str, int]:
        """Return the arguments of the kernels of both passes."""
        layout = self.layout
        x, start, start_memory, mask, elapsed = inputs[:5]
        n, n_steps, _ = x.shape
        of_all = kept_of(layout, n, n_steps) if keep else Kept()
        return {
            **self.fixed,
            **layout.packed.at(kept.address),
            "saved": kept.address + layout.packed.n_bytes,
            "saved_block": of_all.block,
            "saved_step": of_all.step,
            "keeps_values": int(of_all.values),
            "x": x.data_ptr(),
            "order": order[0].data_ptr(),
            "lengths": order[1].data_ptr(),
            "n": n,
            "n_steps": n_steps,
            "has_start": int(start is not None),
            "start": _address(start),
            "start_memory": _address(start_memory),
            "has_mask": int(mask is not None),
            "mask": _address(mask),
            "elapsed": _address(elapsed),
        }


@lru_cache(maxsize=1024)
def plan_of(
    cell: type[Cell],
    channels: int,
    hidden: int,
    itemsize: int,
    reverse: bool,
    given: bool,
    n_elapsed: int = 0,
) -> _Plan:
    layout: Layout | ScanLayout
    more = given or n_elapsed > 0
    if _source_of(cast(Hashable, cell), more) == "scan":
        layout = ScanLayout(cell, channels, hidden, itemsize)
    else:
        layout = Layout(cell, channels, hidden, itemsize, given, n_elapsed)
    run = load_kernels(cell, 8 * itemsize, more)
    assert run is not None, "who asks for kernels has made sure that there are any"
    fixed = {
        **layout.sizes,
        "gates": ctypes.addressof(layout.gates),
        "n_gates": len(cell.gates),
        "reverse": int(reverse),
        "given": int(given),
    }
    return _Plan(layout, run, fixed)


def plan_of_layer(
    layer: CellLayer, *, reverse: bool = False, n_elapsed: int = 0
) -> _Plan:
    """Return the plan of a layer that reads its input itself."""
    return plan_of(
        cast(Hashable, cell_of(layer)),
        layer.input_size,
        layer.hidden_size,
        weights_of(layer).weight_ih.itemsize,
        reverse,
        False,
        n_elapsed,
    )


def largest(steps: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return the maximum of each unit over the valid steps.

    If several steps have the maximum, the gradient is divided equally, as for ``amax``.

    Shape
        steps (batch, steps, size) -> (batch, size)
    """
    if lengths is None:
        lengths = full_lengths(steps)
    return _Largest.apply(steps, lengths.long().contiguous())


class _Largest(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, steps: Tensor, lengths: Tensor) -> Tensor:
        steps = steps.contiguous()
        found = steps.new_empty(steps.shape[0], steps.shape[2])
        order, _ = _full_order(*steps.shape[:2])
        _run_largest("forward", steps, order, lengths, found)
        ctx.save_for_backward(steps, found)
        ctx.lengths = lengths  # not saved: may be an inference tensor, but is only read
        return found

    @staticmethod
    def backward(ctx: Any, grad_largest: Tensor) -> tuple[Tensor, None]:
        steps, found = ctx.saved_tensors
        if torch.is_grad_enabled():
            mask = valid_steps(ctx.lengths, steps.shape[1])[..., None]
            steps = steps.masked_fill(~mask, -torch.inf)
            return largest_gradient(steps, found, grad_largest), None
        grad_steps, grad_largest = torch.empty_like(steps), grad_largest.contiguous()
        _run_largest(
            "backward",
            steps,
            _full_order(*steps.shape[:2])[0],
            ctx.lengths,
            found,
            grad_largest=grad_largest.data_ptr(),
            grad_steps=grad_steps.data_ptr(),
        )
        return grad_steps, None


def largest_kernels(itemsize: int) -> _kernels.Kernels:
    """Return the kernels of max pooling, forward and backward."""
    kernels = _kernels.load("pooling", 8 * itemsize)
    assert kernels is not None, "who asks for kernels has made sure that there are any"
    return kernels


def _run_largest(
    name: str,
    steps: Tensor,
    order: Tensor,
    lengths: Tensor,
    found: Tensor,
    **addresses: int,
) -> None:
    """Run a kernel of max pooling, "forward" or "backward", in several threads."""
    kernel, (n, n_steps, size) = largest_kernels(steps.itemsize)[name], steps.shape
    n_blocks = -(-n // LANES)
    workers = min(count_threads(), n_blocks)
    arguments = {
        "steps": steps.data_ptr(),
        "order": order.data_ptr(),
        "lengths": lengths.data_ptr(),
        "largest": found.data_ptr(),
        "n": n,
        "n_steps": n_steps,
        "size": size,
        "n_chains": n_blocks,
        "n_workers": workers,
        **addresses,
    }
    share(lambda worker: kernel(**arguments, worker=worker), workers)


def serves_shares(x: Tensor) -> bool:
    """Return whether there are kernels for random convolutions of sequences."""
    return fits(x) and _kernels.load("shares", 8 * x.itemsize) is not None


def shares_of_steps(
    x: Tensor,
    lengths: Tensor | None,
    *,
    channels: Tensor,
    taps: Tensor,
    n_taps: int,
    dilations: Sequence[int],
    biases: Tensor,
    is_causal: bool,
) -> Tensor:
    """Return the shares of steps at which convolutions exceed their biases.

    Shape
        x (batch, steps, channels) -> (batch, biases)
    """
    n, n_steps, n_channels = x.shape
    kernels = _kernels.load("shares", 8 * x.itemsize)
    assert kernels is not None, "who asks for kernels has made sure that there are any"
    if lengths is None:
        lengths = full_lengths(x)
    x, lengths = x.contiguous(), lengths.long().contiguous()
    copies = None
    if n <= FEW:
        firsts, copies = distinct_rows(x, lengths)
        n = len(firsts)
        if n < len(x):
            index = torch.tensor(firsts, device="cpu")
            x, lengths = x.index_select(0, index), lengths.index_select(0, index)
    n_vectors = VECTOR_BYTES // x.itemsize
    margin = (n_taps - 1) * max(dilations)
    width = n_steps + 2 * margin + 2 * n_vectors
    row, totals, line = x.new_empty(3, width)
    planes = x.new_empty(n_channels + 1, width)
    shares, levels = x.new_empty(n, biases.numel()), torch.tensor(dilations, device="cpu")
    kernels["forward"](
        x=x.data_ptr(),
        lengths=lengths.data_ptr(),
        n=n,
        n_steps=n_steps,
        n_channels=n_channels,
        channels=channels.data_ptr(),
        n_slots=channels.shape[2],
        taps=taps.data_ptr(),
        n_taps=n_taps,
        n_kernels=len(taps),
        dilations=levels.data_ptr(),
        n_dilations=len(levels),
        biases=biases.data_ptr(),
        n_biases=biases.shape[2],
        is_causal=int(is_causal),
        planes=planes.data_ptr(),
        width=width,
        margin=margin,
        row=row.data_ptr(),
        totals=totals.data_ptr(),
        line=line.data_ptr(),
        shares=shares.data_ptr(),
    )
    return shares if copies is None else shares[copies]


def order_of(lengths: Tensor | None, n: int, n_steps: int) -> tuple[Tensor, Tensor]:
    """Return the order by decreasing length, and the lengths in this order."""
    if lengths is None:
        return _full_order(n, n_steps)
    check_lengths_shape(lengths, n)
    left, order = lengths.long().sort(descending=True, stable=True)
    in_order = left.tolist()
    check_length_range(in_order[-1], in_order[0], n_steps)
    return order, left


def full_lengths(x: Tensor) -> Tensor:
    """Return the lengths of sequences that fill all of x (batch, steps, channels)."""
    return _full_order(*x.shape[:2])[1]


@lru_cache(maxsize=64)
def _full_order(n: int, n_steps: int) -> tuple[Tensor, Tensor]:
    return torch.arange(n, device="cpu"), torch.full((n,), n_steps, device="cpu")


def addresses_of_weights(tensors: Sequence[Tensor | None]) -> dict[str, int]:
    """Return the addresses of weights, or of their gradients.

    Those of elapsed times, which come last, may be left out.
    """
    names = _Inputs._fields[_FIRST_WEIGHT:]
    return {name: _address(tensor) for name, tensor in zip(names, tensors, strict=False)}


def _empty_like(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else torch.empty_like(tensor)


def _contiguous(tensors: Sequence[Tensor | None]) -> tuple[Tensor | None, ...]:
    return tuple(None if tensor is None else tensor.contiguous() for tensor in tensors)


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()
