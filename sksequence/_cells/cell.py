"""What a recurrent cell says of itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

# What a gate reads: products with the state and with the input, summed into one value;
# the two apart, as a pair of values; or the product with the input alone.
BOTH, APART, INPUT = "both", "apart", "input"


class Operations(NamedTuple):
    """Elementwise functions of whoever runs a cell, beside the operators + - * /.

    What is not a number stays so. Scalars beside the operators are floats.
    """

    sigmoid: Any
    tanh: Any
    relu: Any
    exp: Any
    maximum: Any
    where_positive: Any  # of (x, y): y where x is positive or NaN, elsewhere zero


class Cell:
    """A recurrent cell: gates, states, equations and gradient.

    Subclasses are never instantiated; they hold what belongs together.

    Attributes
    ----------
    gates : tuple of str
        What each gate reads, in the order in which its weights stand: ``BOTH``,
        ``APART`` or ``INPUT``.
    n_states : int
        One, the hidden state; or two, with a cell state beside it.
    biases : tuple of float
        Where each gate's bias begins.
    time_scale : tuple of int
        By gate, how its bias says for how long the state is kept: 1 where a larger bias
        keeps it longer, -1 where it keeps it shorter, 0 where it does neither. Empty for
        cells without such gates.
    is_diagonal : bool
        Whether each unit reads only its own state: the recurrent weights are then a
        vector for each gate, and not a matrix.
    """

    gates: ClassVar[tuple[str, ...]]
    n_states: ClassVar[int] = 1
    biases: ClassVar[tuple[float, ...]]
    time_scale: ClassVar[tuple[int, ...]] = ()
    is_diagonal: ClassVar[bool] = False

    @staticmethod
    @abstractmethod
    def step(ops: Any, values: Any, states: Any) -> tuple[Any, Any]:
        """Bring the states one step further.

        Parameters
        ----------
        ops : Operations
            Elementwise functions.
        values : tuple
            For each gate what it has read; of a gate that reads apart a pair, from the
            state and from the input.
        states : tuple
            The hidden state and, if there is one, the cell state, before the step.

        Returns
        -------
        states : tuple
            After the step.
        kept : tuple
            What ``gradient`` needs of the values: for each gate one, of a gate that reads
            apart a pair.
        """

    @staticmethod
    @abstractmethod
    def gradient(
        ops: Any, kept: Any, before: Any, after: Any, wanted: Any
    ) -> tuple[Any, Any]:
        """Return the gradients of the values, and of the states directly.

        What the states get through the values, by the recurrent weights, is not in it.

        Parameters
        ----------
        ops : Operations
            Elementwise functions.
        kept : tuple
            As ``step`` returned it.
        before, after : tuple
            The states before and after the step.
        wanted : tuple
            Gradients of the states after the step.

        Returns
        -------
        of_values : tuple
            In the form of ``values``.
        of_states : tuple
            Of the states before the step; None stands for zero.
        """
