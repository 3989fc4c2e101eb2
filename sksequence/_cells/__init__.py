"""Recurrent cells, each in one file, for all back ends.

Plain Python only. The back end that runs a cell (torch, a kernel, numpy, an ONNX graph)
provides the operations; the equations and the gradient are written here once.
"""

from .cell import APART, BOTH, INPUT, Cell, Operations
from .gru import GRU
from .indrnn import IndRNN
from .lstm import LSTM
from .mingru import MinGRU
from .minlstm import MinLSTM
from .qrnn import QRNN
from .rnn import RNN, RectifiedRNN

CELLS: dict[str, type[Cell]] = {
    "rnn": RNN,
    "lstm": LSTM,
    "gru": GRU,
    "mingru": MinGRU,
    "minlstm": MinLSTM,
    "indrnn": IndRNN,
    "qrnn": QRNN,
}
# Variants of the simple recurrent cell, by nonlinearity.
NONLINEARITIES: dict[str, type[Cell]] = {"tanh": RNN, "relu": RectifiedRNN}


def find_cell(name: str, nonlinearity: str = "tanh") -> type[Cell]:
    """Return a cell by name, and for "rnn" by nonlinearity.

    Examples
    --------
    >>> find_cell("gru").__name__, find_cell("rnn", "relu").__name__
    ('GRU', 'RectifiedRNN')
    >>> find_cell("gated")
    Traceback (most recent call last):
    ...
    ValueError: cell must be one of 'rnn', 'lstm', 'gru', ..., got 'gated'
    """
    for options, what, value in (
        (CELLS, "cell", name),
        (NONLINEARITIES, "nonlinearity", nonlinearity),
    ):
        if value not in options:
            raise ValueError(
                f"{what} must be one of {', '.join(map(repr, options))}, got {value!r}"
            )
    return NONLINEARITIES[nonlinearity] if name == "rnn" else CELLS[name]


__all__ = [
    "APART",
    "BOTH",
    "CELLS",
    "INPUT",
    "NONLINEARITIES",
    "Cell",
    "Operations",
    "find_cell",
]
