"""Base class of recurrent cells."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

# What a gate reads: the sum of the products with state and input (BOTH); a pair of the
# two products (APART); or the product with the input only (INPUT).
BOTH, APART, INPUT = "both", "apart", "input"


class Operations(NamedTuple):
    """Elementwise functions of a back end, in addition to the operators + - * /.

    They must propagate NaN. Scalar operands are floats.
    """

    sigmoid: Any
    tanh: Any
    relu: Any
    exp: Any
    maximum: Any
    where_positive: Any  # of (x, y): y where x is positive or NaN, else zero


class Cell:
    """A recurrent cell: gates, states, equations and gradient.

    Subclasses are never instantiated.

    Attributes
    ----------
    gates : tuple of str
        What each gate reads, in the order of the weights: ``BOTH``, ``APART`` or
        ``INPUT``.
    n_states : int
        One for a hidden state, two for a hidden state and a cell state.
    biases : tuple of float
        Initial bias of each gate.
    time_scale : tuple of int
        Effect of each gate's bias on how long the state is kept: 1 if a larger bias keeps
        it longer, -1 if it keeps it shorter, 0 if there is no effect. Empty for cells
        without such gates.
    is_diagonal : bool
        Whether each unit only reads its own state, so that the recurrent weights of a
        gate are a vector rather than a matrix.
    """

    gates: ClassVar[tuple[str, ...]]
    n_states: ClassVar[int] = 1
    biases: ClassVar[tuple[float, ...]]
    time_scale: ClassVar[tuple[int, ...]] = ()
    is_diagonal: ClassVar[bool] = False

    @staticmethod
    @abstractmethod
    def step(ops: Any, values: Any, states: Any) -> tuple[Any, Any]:
        """Update the states by one step.

        Parameters
        ----------
        ops : Operations
            Elementwise functions.
        values : tuple
            The value that each gate reads; for an ``APART`` gate a pair, of state and
            input.
        states : tuple
            Hidden state and, if there is one, cell state before the step.

        Returns
        -------
        states : tuple
            States after the step.
        kept : tuple
            What ``gradient`` needs: one value per gate, a pair for an ``APART`` gate.
        """

    @staticmethod
    @abstractmethod
    def gradient(
        ops: Any, kept: Any, before: Any, after: Any, wanted: Any
    ) -> tuple[Any, Any]:
        """Return the gradients of the values, and the direct gradients of the states.

        The gradient of the states through the recurrent weights is not included.

        Parameters
        ----------
        ops : Operations
            Elementwise functions.
        kept : tuple
            As returned by ``step``.
        before, after : tuple
            The states before and after the step.
        wanted : tuple
            Gradients of the states after the step.

        Returns
        -------
        grad_values : tuple
            Gradients in the form of ``values``.
        grad_states : tuple
            Gradients of the states before the step; None for zero.
        """
