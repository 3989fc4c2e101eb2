"""Streams whose recurrence is compiled, where there are kernels."""

from __future__ import annotations

from . import _kernels
from .portable import Stream
from .portable._recurrence import Cell, RunningCell


class CompiledCell(RunningCell):
    """A cell at work by a kernel; by numpy where there is none."""

    def __init__(self, cell: Cell, n: int) -> None:
        super().__init__(cell, n)
        kernels = _kernels.load(cell.kind, 8 * cell.matrix.itemsize, "step")
        self._compute = super().compute
        if kernels is None:
            return
        depth, rows = cell.matrix.shape
        # The same arrays in every step: their addresses are looked up once.
        self._compute = kernels["step"].bind(
            columns=self.columns.ctypes.data,
            memory=self.memory.ctypes.data,
            gates=self.gates.ctypes.data,
            matrix=cell.matrix.ctypes.data,
            n=n,
            depth=depth,
            rows=rows,
            wide=cell.wide,
            rectifies=int(cell.rectifies),
        )

    def compute(self) -> None:
        self._compute()


class CompiledStream(Stream):
    """A stream of compiled cells."""

    _run = CompiledCell
