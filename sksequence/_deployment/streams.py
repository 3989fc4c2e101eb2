"""Streams with compiled recurrence, if there are kernels."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from .. import _kernels
from ..portable import Stream
from ..portable._cell import FittedCell, RunningCell
from ..portable._reading import Numbers, Reading


class CompiledCell(RunningCell):
    """A running cell with a compiled kernel, or with numpy if there is none."""

    def __init__(self, cell: FittedCell, n: int) -> None:
        super().__init__(cell, n)
        self._kernels = _kernels.load("step", 8 * cell.matrix.itemsize, cell.cell)
        self._compute = super().compute
        if self._kernels is not None:
            self._bind(x=0, mean=0, scale=0, has_x=0)

    @property
    def is_compiled(self) -> bool:
        """Whether there is a kernel."""
        return self._kernels is not None

    def standardise(self, x: np.ndarray, known: Reading) -> None:
        """Read x (n, channels) in every step from now on, and standardise it first."""
        self._read = x, known.mean.astype(np.float64), known.scale.astype(np.float64)
        names = dict(zip(("x", "mean", "scale"), self._read, strict=True))
        self._bind(**{k: v.ctypes.data for k, v in names.items()}, has_x=1)

    def _bind(self, **reading: int) -> None:
        # The arrays are the same in every step, so their addresses are bound once.
        assert self._kernels is not None, "callers check that there are kernels"
        depth, rows = self.cell.matrix.shape
        self._compute = self._kernels["step"].bind(
            **reading,
            columns=self.columns.ctypes.data,
            memory=self.cell_state.ctypes.data,
            gates=self.gates.ctypes.data,
            matrix=self.cell.matrix.ctypes.data,
            n=len(self.columns),
            depth=depth,
            rows=rows,
            wide=self.cell.wide,
        )

    def compute(self) -> None:
        self._compute()


class HandedOver(Numbers):
    """Numbers that are standardised by the kernel of the first cell."""

    def __init__(self, n: int, known: Reading, cell: CompiledCell) -> None:
        super().__init__(n, known)
        self.inputs = cell.inputs
        cell.standardise(self.centred, known)

    def step(self, x: np.ndarray) -> tuple[np.ndarray, None]:
        self.centred[...] = x
        return self.inputs, None


class CompiledStream(Stream):
    """A stream of compiled cells."""

    _run = CompiledCell

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        first = cast(CompiledCell, self._cells[0])
        alone = not self._encoder and not self._branch and not self._random
        known = first.is_compiled and first.cell.projection is None
        if alone and type(self._reader) is Numbers and known:
            self._reader = HandedOver(self._n, self._reader.known, first)
