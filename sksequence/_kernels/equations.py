"""Compile the equations of a cell, with loads and stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import exp as scalar_exp
from types import FunctionType
from typing import Any

from numba import njit

from .._cells import Cell, Operations
from . import simd
from .layout import LANES, SPAN, blocks_of
from .simd import constant, lanes_of, load, store

_function = njit(error_model="numpy")

Places = Sequence[Any]  # a block of rows for each value, a pair of blocks for a pair


@_function
def _where_positive(x, y):
    return simd.where_positive(x, y)


@_function
def _maximum(x, y):
    return simd.largest_of(x, y)


@_function
def _tanh(x):
    return simd.tanh(x)


@_function
def _exp(x):
    return simd.exp(x)


OPERATIONS = Operations(
    sigmoid=simd.sigmoid,
    tanh=_tanh,
    relu=simd.relu,
    exp=_exp,
    maximum=_maximum,
    where_positive=_where_positive,
)


def compiled(function: Callable) -> Callable:
    """Compile a function of a cell with numba, and the functions of its module."""
    assert isinstance(function, FunctionType)
    known = function.__globals__
    helpers = {
        name: compiled(known[name])
        for name in function.__code__.co_names
        if isinstance(known.get(name), FunctionType)
    }
    return _function(
        FunctionType(
            function.__code__,
            {**known, **helpers},
            function.__name__,
            function.__defaults__,
            function.__closure__,
        )
    )


def reading(places: Places) -> Callable:
    """Return a function that loads one vector of each block as a tuple.

    ``i`` is the position within a block, ``apart`` the distance between blocks.
    """
    if not places:

        @_function
        def read(source, i, apart):
            return ()

        return read
    first, rest = places[0], reading(places[1:])
    if isinstance(first, tuple):
        pair = reading(first)

        @_function
        def read(source, i, apart):
            return (pair(source, i, apart), *rest(source, i, apart))

    else:

        @_function
        def read(source, i, apart):
            return (load(source, first * apart + i), *rest(source, i, apart))

    return read


def writing(places: Places, k: int = 0) -> Callable:
    """Return a function that stores vectors, the inverse of ``reading``."""
    if k == len(places):

        @_function
        def write(target, values, i, apart):
            return

        return write
    place, rest = places[k], writing(places, k + 1)
    if isinstance(place, tuple):
        pair = writing(place)

        @_function
        def write(target, values, i, apart):
            pair(target, values[k], i, apart)
            rest(target, values, i, apart)

    else:

        @_function
        def write(target, values, i, apart):
            store(target, place * apart + i, values[k])
            rest(target, values, i, apart)

    return write


def states_in_memory(n_states: int) -> tuple[Callable, Callable]:
    """Return functions that load and store the states."""
    if n_states == 1:

        @_function
        def read(hidden, memory, i):
            return (load(hidden, i),)

        @_function
        def write(hidden, memory, states, i):
            store(hidden, i, states[0])

    else:

        @_function
        def read(hidden, memory, i):
            return load(hidden, i), load(memory, i)

        @_function
        def write(hidden, memory, states, i):
            store(hidden, i, states[0])
            store(memory, i, states[1])

    return read, write


def activating(cell: type[Cell]) -> Callable:
    """Return a function that computes the states of units ``begin`` to ``end``.

    ``slot`` holds the values, and afterwards what the gradient needs; the block of a gate
    has ``high`` rows. ``memory`` is the cell state before the step.
    """
    places = blocks_of(cell).places
    step = compiled(cell.step)
    read, write = reading(places), writing(places)
    read_states, write_states = states_in_memory(cell.n_states)

    @_function
    def activate(
        slot, state, memory, new_state, new_memory, begin, end, high, vectors
    ):  # fmt: skip
        vector, block = lanes_of(slot), high * LANES
        for j in range(begin, end):
            for p in range(vectors):
                i = j * LANES + p * vector
                before = read_states(state, memory, i)
                states, kept = step(OPERATIONS, read(slot, i, block), before)
                write(slot, kept, i, block)
                write_states(new_state, new_memory, states, i)

    return activate


@_function
def _or_zero(x, like):
    return constant(like, 0.0) if x is None else x


def differentiating(cell: type[Cell]) -> Callable:
    """Return a function that computes the gradients of states and values of a step.

    Gradients of states are updated in place, without the part through the values;
    gradients of values are written to ``gradient``.
    """
    places = blocks_of(cell).places
    gradient_of = compiled(cell.gradient)
    read, write = reading(places), writing(places)
    read_states, write_states = states_in_memory(cell.n_states)
    with_zeros = with_zeros_for_none(cell.n_states)

    @_function
    def differentiate(
        slot, state, memory, new_state, new_memory, grad_state, grad_memory, gradient,
        hidden, high, vectors,
    ):  # fmt: skip
        vector = lanes_of(slot)
        for j in range(hidden):
            for p in range(vectors):
                i, o = j * LANES + p * vector, j * SPAN + p * vector
                wanted = read_states(grad_state, grad_memory, i)
                grad_values, grad_states = gradient_of(
                    OPERATIONS,
                    read(slot, i, high * LANES),
                    read_states(state, memory, i),
                    read_states(new_state, new_memory, i),
                    wanted,
                )
                write(gradient, grad_values, o, high * SPAN)
                write_states(grad_state, grad_memory, with_zeros(grad_states, wanted), i)

    return differentiate


def with_zeros_for_none(n_states: int) -> Callable:
    """Return a function that replaces None among the gradients of states by zero."""
    if n_states == 1:

        @_function
        def with_zeros(states, like):
            return (_or_zero(states[0], like[0]),)

    else:

        @_function
        def with_zeros(states, like):
            return _or_zero(states[0], like[0]), _or_zero(states[1], like[1])

    return with_zeros


# ------------------------------------------------------- which hidden states are needed


class _Noting(tuple):
    """A tuple that records whether its first element is read."""

    is_read = False

    def __getitem__(self, index: Any) -> Any:
        self.is_read |= index != 1
        return super().__getitem__(index)

    def __iter__(self) -> Iterator:
        self.is_read = True
        return super().__iter__()


_SCALARS = Operations(
    sigmoid=lambda x: 0.5,
    tanh=lambda x: 0.5,
    relu=lambda x: 0.5,
    exp=scalar_exp,
    maximum=max,
    where_positive=lambda x, y: y,
)


def hidden_states_read(cell: type[Cell]) -> tuple[bool, bool]:
    """Return whether the gradient reads the hidden states before and after the step.

    Determined by running it. States that are not read need not be converted to lanes.
    """
    kept = tuple(
        (0.5, 0.5) if isinstance(place, tuple) else 0.5
        for place in blocks_of(cell).places
    )
    states = (0.5,) * cell.n_states
    before, after = _Noting(states), _Noting(states)
    cell.gradient(_SCALARS, kept, before, after, states)
    return before.is_read, after.is_read
