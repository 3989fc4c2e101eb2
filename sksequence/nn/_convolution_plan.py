"""Sizes and memory of convolutional layers with compiled kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from .._kernels import LANES, MOST_CHAINS, ROWS, SPAN, VECTOR_BYTES, Buffers, arrange


class ConvSizes(NamedTuple):
    """The sizes of a layer, whatever it reads."""

    size_in: int
    size_out: int
    taps: int
    stride: int
    dilation: int
    before: int

    @property
    def reach(self) -> int:
        """Number of steps from the first to the last that an output reads."""
        return self.dilation * (self.taps - 1) + 1


@dataclass(frozen=True)
class LayerPlan:
    """How a layer runs over batches of one size.

    Parameters
    ----------
    layer : ConvSizes
    n, n_steps : int
        Number of sequences, and of their steps.
    itemsize : {4, 8}
        Bytes per number.
    """

    layer: ConvSizes
    n: int
    n_steps: int
    itemsize: int

    @property
    def n_outputs(self) -> int:
        """Number of steps of the output."""
        return -(-self.n_steps // self.layer.stride)

    @property
    def n_chains(self) -> int:
        """Number of partial sums of gradients of weights, whatever the threads."""
        return min(-(-self.n // LANES), MOST_CHAINS)

    @property
    def sizes(self) -> dict[str, int]:
        """Sizes passed to every kernel."""
        n_rows = _up(self.n_outputs, ROWS)
        return {
            **self.layer._asdict(),
            "n": self.n,
            "wide_in": self._wide(self.layer.size_in),
            "wide_out": self._wide(self.layer.size_out),
            "n_outputs": self.n_outputs,
            "n_rows": n_rows,
            "n_spans": -(-n_rows // SPAN),
            "apart": self._apart,
            "n_chains": self.n_chains,
        }

    def kept(self) -> dict[str, int]:
        """Return the sizes of what is kept for the gradient, and of the gradients."""
        layer, sizes = self.layer, self.sizes
        wide_in, wide_out = sizes["wide_in"], sizes["wide_out"]
        of_norm = ("mean", "inverse", "scale", "moved", "level", "tilt")
        in_spans = 2 * self.n * sizes["n_spans"] * wide_out
        parts = 1 if layer.dilation == 1 else layer.taps
        high = parts * _up(layer.size_in * layer.taps // parts, ROWS)
        return {
            "weights": layer.taps * layer.size_in * wide_out,
            "turned": layer.taps * layer.size_out * wide_in,
            "products": self.n * sizes["n_rows"] * wide_out,
            **dict.fromkeys(of_norm, wide_out),
            "moments": in_spans,
            "slopes": in_spans,
            "totals": 2 * wide_out * 8 // self.itemsize,
            "grad_source": self.n * self.n_steps * wide_in,
            "sums": self.n_chains * high * wide_out,
        }

    def scratch(self) -> dict[str, int]:
        """Return the sizes of the memory of one thread, for one sequence."""
        layer, sizes = self.layer, self.sizes
        rows = (sizes["n_rows"] - 1) * layer.stride + layer.reach
        rows = max(rows, layer.before + self.n_steps)
        return {
            "window": rows * layer.size_in + self._lanes,
            "grad_window": (rows + ROWS) * sizes["wide_in"],
            "around": (sizes["n_rows"] + layer.before + layer.taps) * layer.size_out,
            "of_products": sizes["n_rows"] * self._apart,
            "tail": self._lanes,
        }

    @property
    def _apart(self) -> int:
        """Numbers from one row of gradients to the next: an odd number of vectors.

        Rows a power of two apart would be in each other's place in the cache.
        """
        wide = self._wide(self.layer.size_out)
        return wide if wide // self._lanes % 2 else wide + self._lanes

    @property
    def _lanes(self) -> int:
        return VECTOR_BYTES // self.itemsize

    def _wide(self, size: int) -> int:
        return _up(size, self._lanes)


class Plan(NamedTuple):
    """How layers run one after the other.

    Parameters
    ----------
    layers : list of LayerPlan
    sizes : list of dict
        Sizes passed to every kernel of each layer.
    kept : list of Buffers
        The memory of each layer.
    scratch : Buffers
        The memory of a thread.
    """

    layers: list[LayerPlan]
    sizes: list[dict[str, int]]
    kept: list[Buffers]
    scratch: Buffers

    def n_bytes(self, n_threads: int) -> int:
        """Return the number of bytes of all memory."""
        return sum(part.n_bytes for part in self.kept) + n_threads * self.scratch.n_bytes

    def places(self, address: int) -> Iterator[dict[str, int]]:
        """Return the addresses of each layer's buffers, in memory at an address."""
        for part in self.kept:
            yield part.at(address)
            address += part.n_bytes

    def scratch_at(self, address: int, worker: int) -> dict[str, int]:
        """Return the addresses of a thread's buffers, behind those of the layers."""
        begin = address + sum(part.n_bytes for part in self.kept)
        return self.scratch.at(begin, worker)


@lru_cache(maxsize=256)
def plan_of(layers: Sequence[ConvSizes], n: int, n_steps: int, itemsize: int) -> Plan:
    """Return the plan of layers for batches of one size."""
    plans = []
    for layer in layers:
        plans.append(LayerPlan(layer, n, n_steps, itemsize))
        n_steps = plans[-1].n_outputs
    scratches = [plan.scratch() for plan in plans]
    most = {name: max(sizes[name] for sizes in scratches) for name in scratches[0]}
    return Plan(
        plans,
        [plan.sizes for plan in plans],
        [arrange(itemsize, plan.kept()) for plan in plans],
        arrange(itemsize, most),
    )


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple
