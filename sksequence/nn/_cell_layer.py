"""One direction of a recurrent layer: a cell with its weights."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from .._cells import GRU, INPUT, LSTM, RNN, Cell, RectifiedRNN


class OwnCellLayer(nn.Module):
    """The weights of a cell that torch does not have, with torch's names.

    If no gate reads the state, there is no ``weight_hh_l0`` and no ``bias_hh_l0``; if
    each unit only reads its own state, ``weight_hh_l0`` is a vector.
    """

    def __init__(self, cell: type[Cell], input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell, self.input_size, self.hidden_size = cell, input_size, hidden_size
        rows = len(cell.gates) * hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(rows, input_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(rows))
        rows = count_state_gates(cell) * hidden_size
        if rows:
            shape = (rows,) if cell.is_diagonal else (rows, hidden_size)
            self.weight_hh_l0 = nn.Parameter(torch.empty(shape))
            self.bias_hh_l0 = nn.Parameter(torch.empty(rows))

    def extra_repr(self) -> str:
        return f"{self.cell.__name__}, {self.input_size}, {self.hidden_size}"


CellLayer = nn.RNNBase | OwnCellLayer

_TORCH: dict[Any, Any] = {
    RNN: nn.RNN,
    RectifiedRNN: partial(nn.RNN, nonlinearity="relu"),
    LSTM: nn.LSTM,
    GRU: nn.GRU,
}
_CELLS_OF_TORCH: dict[str, type[Cell]] = {
    "RNN_TANH": RNN,
    "RNN_RELU": RectifiedRNN,
    "LSTM": LSTM,
    "GRU": GRU,
}


def make_cell_layer(cell: type[Cell], input_size: int, hidden_size: int) -> CellLayer:
    """Return a layer of one direction with uninitialised weights."""
    if cell in _TORCH:
        return _TORCH[cell](input_size, hidden_size, batch_first=True)
    return OwnCellLayer(cell, input_size, hidden_size)


def cell_of(layer: CellLayer) -> type[Cell]:
    """Return the cell of a layer."""
    if isinstance(layer, OwnCellLayer):
        return layer.cell
    return _CELLS_OF_TORCH[layer.mode]


def count_state_gates(cell: type[Cell]) -> int:
    """Return the number of gates of a cell that read the state."""
    return sum(reads != INPUT for reads in cell.gates)


class Weights(NamedTuple):
    """The weights of a layer; those of the state are None if no gate reads it."""

    weight_ih: Tensor
    bias_ih: Tensor
    weight_hh: Tensor | None
    bias_hh: Tensor | None


def weights_of(layer: CellLayer) -> Weights:
    """Return the weights of a layer."""
    return Weights(
        cast(Tensor, layer.weight_ih_l0),
        cast(Tensor, layer.bias_ih_l0),
        getattr(layer, "weight_hh_l0", None),
        getattr(layer, "bias_hh_l0", None),
    )


def norm_of(layer: CellLayer) -> nn.LayerNorm | None:
    """Return the layer normalisation of a layer, or None."""
    return getattr(layer, "norm", None)


def as_matrices(weight_hh: Tensor | None, size: int) -> Tensor | None:
    """Return recurrent weights as matrices, also those of diagonal cells."""
    if weight_hh is None or weight_hh.ndim == 2:
        return weight_hh
    return torch.cat([part.diag() for part in weight_hh.split(size)])
