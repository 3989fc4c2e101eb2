"""The kernels' source, which numba reads: a layer of one direction, there and back.

Pointers go to what :mod:`.layout` describes. Parameters annotated ``Numbers`` point at
floats, ``Indices`` at int64, ``Size`` is an int64; by these the compiler makes a kernel's
signature. Sequences stand sorted, the longest first: ``order`` tells which row of the
batch each is, ``lengths`` how many steps it has. What a block's sequences have left is
then always its first lanes, and steps behind an end are not computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .layout import LANES, ROWS, SPAN
from .simd import (
    add_tile,
    add_tile_of_packed,
    constant,
    lanes_of,
    load,
    shift,
    sigmoid,
    store,
    tanh,
    tile_of_packed,
    transpose,
    where_positive,
)

Numbers = Indices = Size = Any

_function = njit(error_model="numpy")


# ----------------------------------------------------------------- moving, multiplying


@_function
def _copy(source, target, n):
    for i in range(n):
        target[i] = source[i]


@_function
def _clear(target, n):
    for i in range(n):
        target[i] = 0


@_function
def _find_places(rows_of, left, n, n_steps, s, reverse, places):
    """Write where in the batch's steps each of the first n sequences has its s-th."""
    for i in range(n):
        places[i] = rows_of[i] * n_steps + (left[i] - 1 - s if reverse else s)


@_function
def _copy_rows(source, size, places, n, rows, width):
    """Copy n rows of so many numbers from their places."""
    for i in range(n):
        _copy(shift(source, places[i] * size), shift(rows, i * width), size)


@_function
def _gather(source, size, places, n, rows, width):
    """Copy rows from their places; the other lanes' are zero."""
    _copy_rows(source, size, places, n, rows, width)
    _clear(shift(rows, n * width), (LANES - n) * width)


@_function
def _scatter(rows, width, first, end, places, target, size):
    """Copy rows to their places."""
    for i in range(first, end):
        _copy(shift(rows, i * width), shift(target, places[i] * size), size)


@_function
def _to_lanes(rows, stride, n, lanes, vectors):
    """Turn the first n numbers, rounded up to eight, of rows so far apart into lanes."""
    half = lanes_of(rows) // 2
    for i in range((n + 7) // 8 * 8 // half):
        for p in range(2 * vectors):
            source = shift(rows, p * half * stride + i * half)
            transpose(source, stride, shift(lanes, (i * LANES + p) * half), LANES)


@_function
def _to_rows(lanes, n, rows, stride, vectors):
    """The reverse."""
    half = lanes_of(rows) // 2
    for i in range((n + 7) // 8 * 8 // half):
        for p in range(2 * vectors):
            target = shift(rows, p * half * stride + i * half)
            transpose(shift(lanes, (i * LANES + p) * half), LANES, target, stride)


def _multiplying(tile: Callable) -> Callable:
    """Return the product of packed weights (rows, depth) and lanes, ``stride`` apart."""

    @_function
    def multiply(packed, depth, rows, column, stride, result, vectors):
        vector = lanes_of(packed)
        for r in range(rows // ROWS):
            for p in range(vectors):
                tile(
                    depth,
                    shift(packed, r * ROWS * depth),
                    0,
                    shift(column, p * vector),
                    stride,
                    shift(result, r * ROWS * LANES + p * vector),
                    LANES,
                )

    return multiply


_multiply = _multiplying(tile_of_packed)
_multiply_add = _multiplying(add_tile_of_packed)


@_function
def _add_outer(gradient, first_row, end_row, row, width, first, end, n, result):
    """Add lanes (rows, n) times rows (n, width), a part of both, to (rows, width)."""
    vector = lanes_of(row)
    for q in range(first // vector, (end + vector - 1) // vector):
        for r in range(first_row // ROWS, end_row // ROWS):
            add_tile(
                n,
                shift(gradient, r * ROWS * SPAN),
                SPAN,
                shift(row, q * vector),
                width,
                shift(result, r * ROWS * width + q * vector),
                width,
            )


@_function
def _add_products(
    gradient, row, width, n, hidden, depth, states_end, all_end, rows, result
):
    """Add what n lanes of gates' gradients make of the weights'."""
    _add_outer(gradient, 0, states_end, row, width, 0, hidden + 1, n, result)
    _add_outer(gradient, states_end, all_end, row, width, 0, depth, n, result)
    _add_outer(gradient, all_end, rows, row, width, hidden, depth, n, result)


# ------------------------------------------------------------------------------- cells
# Ahead, each turns the gates of units ``begin`` to ``end`` into their states; back, what
# is wanted of all states into what is wanted of all gates. ``slot`` has the gates,
# ``memory`` the LSTM's behind the step, ``before`` the one before it; ``first`` is the
# row where those gates begin that read all, ``high`` how many rows a gate has.


@_function
def _activate_rnn(
    slot, before, memory, state, new_state, begin, end, first, high, relu, vectors
):
    vector = lanes_of(slot)
    for j in range(begin, end):
        for p in range(vectors):
            i = j * LANES + p * vector
            x = load(slot, i)
            h = where_positive(x, x) if relu else tanh(x)
            store(slot, i, h)
            store(new_state, i, h)


@_function
def _activate_lstm(
    slot, before, memory, state, new_state, begin, end, first, high, relu, vectors
):
    vector, gate = lanes_of(slot), high * LANES
    for j in range(begin, end):
        for p in range(vectors):
            i = j * LANES + p * vector
            enter = sigmoid(load(slot, i))
            keep = sigmoid(load(slot, gate + i))
            new = tanh(load(slot, 2 * gate + i))
            out = sigmoid(load(slot, 3 * gate + i))
            c = keep * load(before, i) + enter * new
            store(slot, i, enter)
            store(slot, gate + i, keep)
            store(slot, 2 * gate + i, new)
            store(slot, 3 * gate + i, out)
            store(memory, i, c)
            store(new_state, i, out * tanh(c))


@_function
def _activate_gru(
    slot, before, memory, state, new_state, begin, end, first, high, relu, vectors
):
    vector, reset = lanes_of(slot), first * LANES
    update, new = (first + high) * LANES, (first + 2 * high) * LANES
    for j in range(begin, end):
        for p in range(vectors):
            i = j * LANES + p * vector
            r = sigmoid(load(slot, reset + i))
            z = sigmoid(load(slot, update + i))
            n = tanh(load(slot, new + i) + r * load(slot, i))
            store(slot, reset + i, r)
            store(slot, update + i, z)
            store(slot, new + i, n)
            store(new_state, i, n + z * (load(state, i) - n))


@_function
def _gradient_rnn(
    slot, before, memory, state, of_state, of_memory, gradient, hidden, first, high,
    relu, vectors,
):  # fmt: skip
    vector = lanes_of(slot)
    for j in range(hidden):
        for p in range(vectors):
            i, o = j * LANES + p * vector, j * SPAN + p * vector
            h, dh = load(slot, i), load(of_state, i)
            store(gradient, o, where_positive(h, dh) if relu else dh * (1.0 - h * h))
            store(of_state, i, constant(dh, 0.0))


@_function
def _gradient_lstm(
    slot, before, memory, state, of_state, of_memory, gradient, hidden, first, high,
    relu, vectors,
):  # fmt: skip
    vector, gate, wide = lanes_of(slot), high * LANES, high * SPAN
    for j in range(hidden):
        for p in range(vectors):
            i, o = j * LANES + p * vector, j * SPAN + p * vector
            enter, keep = load(slot, i), load(slot, gate + i)
            new, out = load(slot, 2 * gate + i), load(slot, 3 * gate + i)
            dh, c = load(of_state, i), tanh(load(memory, i))
            dc = load(of_memory, i) + dh * out * (1.0 - c * c)
            store(gradient, o, dc * new * enter * (1.0 - enter))
            store(gradient, wide + o, dc * load(before, i) * keep * (1.0 - keep))
            store(gradient, 2 * wide + o, dc * enter * (1.0 - new * new))
            store(gradient, 3 * wide + o, dh * c * out * (1.0 - out))
            store(of_memory, i, dc * keep)
            store(of_state, i, constant(dh, 0.0))


@_function
def _gradient_gru(
    slot, before, memory, state, of_state, of_memory, gradient, hidden, first, high,
    relu, vectors,
):  # fmt: skip
    vector = lanes_of(slot)
    reset, update, new = first, first + high, first + 2 * high
    for j in range(hidden):
        for p in range(vectors):
            i, o = j * LANES + p * vector, j * SPAN + p * vector
            r, z = load(slot, reset * LANES + i), load(slot, update * LANES + i)
            n, dh = load(slot, new * LANES + i), load(of_state, i)
            dn = dh * (1.0 - z) * (1.0 - n * n)
            store(gradient, o, dn * r)
            store(gradient, reset * SPAN + o, dn * load(slot, i) * r * (1.0 - r))
            store(gradient, update * SPAN + o, dh * (load(state, i) - n) * z * (1.0 - z))
            store(gradient, new * SPAN + o, dn)
            store(of_state, i, dh * z)


# ----------------------------------------------------------------------------- kernels


@_function
def _pack(dense, height, depth, down, right, packed):
    """Pack a (height, depth) matrix, whose elements stand so far apart, in tiles."""
    for i in range((height + ROWS - 1) // ROWS * ROWS):
        tile = shift(packed, i // ROWS * ROWS * depth + i % ROWS)
        for k in range(depth):
            tile[k * ROWS] = dense[i * down + k * right] if i < height else 0


def _pack_weights(
    weight_ih: Numbers, weight_hh: Numbers, bias_ih: Numbers, bias_hh: Numbers,
    gates: Indices, n_gates: Size,
    hidden: Size, channels: Size, states_end: Size, all_end: Size, rows: Size,
    dense: Numbers, weights: Numbers,
    weights_of_states: Numbers, weights_of_channels: Numbers,
):  # fmt: skip
    """Put a layer's weights in the order in which the products read them."""
    depth = hidden + 1 + channels
    _clear(dense, rows * depth)
    for g in range(n_gates):
        for j in range(hidden):
            unit = g * hidden + j
            of_states = shift(dense, (gates[2 * g] + j) * depth)
            _copy(shift(weight_hh, unit * hidden), of_states, hidden)
            of_states[hidden] += bias_hh[unit]
            of_channels = shift(dense, (gates[2 * g + 1] + j) * depth + hidden)
            of_channels[0] += bias_ih[unit]
            _copy(shift(weight_ih, unit * channels), shift(of_channels, 1), channels)
    _pack(dense, states_end, hidden + 1, depth, 1, weights)
    to = shift(weights, states_end * (hidden + 1))
    _pack(shift(dense, states_end * depth), all_end - states_end, depth, depth, 1, to)
    to = shift(to, (all_end - states_end) * depth)
    source = shift(dense, all_end * depth + hidden)
    _pack(source, rows - all_end, channels + 1, depth, 1, to)
    _pack(dense, hidden, all_end, 1, depth, weights_of_states)
    source = shift(dense, states_end * depth + hidden + 1)
    _pack(source, channels, rows - states_end, 1, depth, weights_of_channels)


def make_forward(activate: Callable, has_memory: bool) -> Callable:
    """Return the kernel that runs a cell ahead."""

    def forward(
        x: Numbers, order: Indices, lengths: Indices, n: Size, n_steps: Size,
        hidden: Size, channels: Size, states_end: Size, all_end: Size, rows: Size,
        weights: Numbers, reverse: Size, relu: Size,
        has_start: Size, start: Numbers, start_memory: Numbers,
        saved: Numbers, saved_block: Size, saved_step: Size,
        column: Numbers, new_column: Numbers, staged: Numbers, places: Indices,
        steps: Numbers, final: Numbers, final_memory: Numbers,
        worker: Size, n_workers: Size,
    ):  # fmt: skip
        vector = lanes_of(x)
        depth = hidden + 1 + channels
        wide = (max(hidden, channels) + 7) // 8 * 8
        memory = (rows + 7) // 8 * 8 * LANES
        high = (hidden + ROWS - 1) // ROWS * ROWS
        weights_of_all = shift(weights, states_end * (hidden + 1))
        weights_of_channels = shift(weights_of_all, (all_end - states_end) * depth)
        n_blocks = (n + LANES - 1) // LANES
        for share in range((n_blocks - worker + n_workers - 1) // n_workers):
            block = worker + share * n_workers
            rows_of = shift(order, block * LANES)
            left = shift(lengths, block * LANES)
            active = min(LANES, n - block * LANES)
            slot = shift(saved, block * saved_block)
            before = shift(slot, memory)
            if has_start:
                _gather(start, hidden, rows_of, active, staged, wide)
                _to_lanes(staged, wide, hidden, column, LANES // vector)
            else:
                _clear(column, hidden * LANES)
            if has_memory and has_start:
                _gather(start_memory, hidden, rows_of, active, staged, wide)
                _to_lanes(staged, wide, hidden, before, LANES // vector)
            elif has_memory:
                _clear(before, hidden * LANES)
            for i in range(hidden * LANES, (hidden + 1) * LANES):
                column[i] = 1
                new_column[i] = 1
            for i in range(active):
                behind = shift(steps, (rows_of[i] * n_steps + left[i]) * hidden)
                _clear(behind, (n_steps - left[i]) * hidden)

            for s in range(left[0]):
                while left[active - 1] <= s:
                    active -= 1
                vectors = (active + vector - 1) // vector
                _find_places(rows_of, left, active, n_steps, s, reverse, places)
                _gather(x, channels, places, active, staged, wide)
                inputs = shift(column, (hidden + 1) * LANES)
                _to_lanes(staged, wide, channels, inputs, vectors)
                now = shift(slot, memory)
                # A few units at a time, so that their gates are still at hand.
                for begin in range(0, high, ROWS):
                    for k in range(states_end // high):
                        r = begin + k * high
                        part = shift(weights, r * (hidden + 1))
                        gate = shift(slot, r * LANES)
                        _multiply(part, hidden + 1, ROWS, column, LANES, gate, vectors)
                    for k in range((all_end - states_end) // high):
                        r = begin + k * high
                        part = shift(weights_of_all, r * depth)
                        gate = shift(slot, (states_end + r) * LANES)
                        _multiply(part, depth, ROWS, column, LANES, gate, vectors)
                    for k in range((rows - all_end) // high):
                        r = begin + k * high
                        part = shift(weights_of_channels, r * (channels + 1))
                        gate = shift(slot, (all_end + r) * LANES)
                        ones = shift(column, hidden * LANES)
                        _multiply(part, channels + 1, ROWS, ones, LANES, gate, vectors)
                    activate(
                        slot, before, now, column, new_column, begin,
                        min(begin + ROWS, hidden), states_end, high, relu, vectors,
                    )  # fmt: skip
                column, new_column = new_column, column
                _to_rows(column, hidden, staged, wide, vectors)
                _scatter(staged, wide, 0, active, places, steps, hidden)
                last = active
                while last > 0 and left[last - 1] == s + 1:
                    last -= 1
                _scatter(staged, wide, last, active, rows_of, final, hidden)
                if has_memory and last < active:
                    _to_rows(now, hidden, staged, wide, vectors)
                    _scatter(staged, wide, last, active, rows_of, final_memory, hidden)
                before = now
                slot = shift(slot, saved_step)

    return forward


def make_backward(gradient_of: Callable, has_memory: bool) -> Callable:
    """Return the kernel that gives a cell's gradients."""

    def backward(
        x: Numbers, order: Indices, lengths: Indices, n: Size, n_steps: Size,
        hidden: Size, channels: Size, states_end: Size, all_end: Size, rows: Size,
        width: Size, weights_of_states: Numbers, weights_of_channels: Numbers,
        reverse: Size, relu: Size,
        has_start: Size, start: Numbers, start_memory: Numbers,
        saved: Numbers, saved_block: Size, saved_step: Size, steps: Numbers,
        gradient: Numbers, of_state: Numbers, of_memory: Numbers, state: Numbers,
        row: Numbers, staged: Numbers, places: Indices,
        has_of_steps: Size, of_steps: Numbers, has_of_final: Size, of_final: Numbers,
        has_of_final_memory: Size, of_final_memory: Numbers,
        wants_x: Size, of_x: Numbers, wants_start: Size, of_start: Numbers,
        of_start_memory: Numbers, of_weights: Numbers, n_chains: Size,
        worker: Size, n_workers: Size,
    ):  # fmt: skip
        vector = lanes_of(x)
        wide = (max(hidden, channels) + 7) // 8 * 8
        memory = (rows + 7) // 8 * 8 * LANES
        depth = hidden + 1 + channels
        high = (hidden + ROWS - 1) // ROWS * ROWS
        n_blocks = (n + LANES - 1) // LANES
        _clear(gradient, rows * SPAN)
        for turn in range((n_chains - worker + n_workers - 1) // n_workers):
            chain = worker + turn * n_workers
            result = shift(of_weights, chain * rows * width)
            _clear(result, rows * width)
            for share in range((n_blocks - chain + n_chains - 1) // n_chains):
                block = chain + share * n_chains
                rows_of = shift(order, block * LANES)
                left = shift(lengths, block * LANES)
                in_block = min(LANES, n - block * LANES)
                _clear(of_state, high * LANES)
                _clear(of_memory, hidden * LANES)
                _clear(row, SPAN * width)
                for i in range(SPAN):
                    row[i * width + hidden] = 1
                filled = 0
                active = 0
                for back in range(left[0]):
                    s = left[0] - 1 - back
                    slot = shift(saved, block * saved_block + s * saved_step)
                    begun = active
                    while active < in_block and left[active] > s:
                        active += 1
                    vectors = (active + vector - 1) // vector
                    _find_places(rows_of, left, active, n_steps, s, reverse, places)
                    if has_of_steps:
                        _gather(of_steps, hidden, places, active, staged, wide)
                        _to_lanes(staged, wide, hidden, state, vectors)
                        for j in range(hidden):
                            for p in range(vectors):
                                i = j * LANES + p * vector
                                store(of_state, i, load(of_state, i) + load(state, i))
                    for i in range(begun, active):
                        for j in range(hidden):
                            if has_of_final:
                                source = shift(of_final, rows_of[i] * hidden)
                                of_state[j * LANES + i] += source[j]
                            if has_of_final_memory:
                                source = shift(of_final_memory, rows_of[i] * hidden)
                                of_memory[j * LANES + i] = source[j]

                    # What the step has read, in rows, below those of steps before.
                    length = vectors * vector
                    if filled + length > SPAN:
                        _add_products(
                            gradient, row, width, filled, hidden, depth, states_end,
                            all_end, rows, result,
                        )  # fmt: skip
                        filled = 0
                    now_gradient = shift(gradient, filled)
                    now_row = shift(row, filled * width)
                    filled += length
                    inputs = shift(now_row, hidden + 1)
                    _copy_rows(x, channels, places, active, inputs, width)
                    if s > 0:
                        earlier = shift(steps, hidden if reverse else -hidden)
                        _copy_rows(earlier, hidden, places, active, now_row, width)
                    elif has_start:
                        _copy_rows(start, hidden, rows_of, active, now_row, width)
                    else:
                        for i in range(active):
                            _clear(shift(now_row, i * width), hidden)

                    # What the cell has had before the step, in lanes.
                    now = shift(slot, memory)
                    before = state
                    if has_memory and s > 0:
                        before = shift(now, -saved_step)
                    elif has_memory and has_start:
                        _gather(start_memory, hidden, rows_of, active, staged, wide)
                        _to_lanes(staged, wide, hidden, state, vectors)
                    elif has_memory:
                        _clear(state, hidden * LANES)
                    elif states_end:
                        _to_lanes(now_row, width, hidden, state, vectors)
                    gradient_of(
                        slot, before, now, state, of_state, of_memory, now_gradient,
                        hidden, states_end, high, relu, vectors,
                    )  # fmt: skip

                    _multiply_add(
                        weights_of_states,
                        all_end,
                        high,
                        now_gradient,
                        SPAN,
                        of_state,
                        vectors,
                    )
                    if wants_x:
                        part = shift(now_gradient, states_end * SPAN)
                        high_in = (channels + ROWS - 1) // ROWS * ROWS
                        _multiply(
                            weights_of_channels, rows - states_end, high_in, part,
                            SPAN, state, vectors,
                        )  # fmt: skip
                        _to_rows(state, channels, staged, wide, vectors)
                        _scatter(staged, wide, 0, active, places, of_x, channels)

                _add_products(
                    gradient, row, width, filled, hidden, depth, states_end, all_end,
                    rows, result,
                )  # fmt: skip
                for i in range(in_block):
                    if wants_x:
                        behind = shift(of_x, (rows_of[i] * n_steps + left[i]) * channels)
                        _clear(behind, (n_steps - left[i]) * channels)
                if wants_start:
                    _to_rows(of_state, hidden, staged, wide, LANES // vector)
                    _scatter(staged, wide, 0, in_block, rows_of, of_start, hidden)
                    if has_memory:
                        _to_rows(of_memory, hidden, staged, wide, LANES // vector)
                        _scatter(
                            staged, wide, 0, in_block, rows_of, of_start_memory, hidden
                        )

    return backward


def _unpack_weights(
    of_weights: Numbers, n_chains: Size, gates: Indices, n_gates: Size,
    hidden: Size, channels: Size, states_end: Size, all_end: Size, rows: Size,
    width: Size,
    weight_ih: Numbers, weight_hh: Numbers, bias_ih: Numbers, bias_hh: Numbers,
):  # fmt: skip
    """Sum the chains' gradients, one after the other, into those of the weights."""
    for chain in range(1, n_chains):
        other = shift(of_weights, chain * rows * width)
        for i in range(rows * width):
            of_weights[i] += other[i]
    for g in range(n_gates):
        for j in range(hidden):
            unit = g * hidden + j
            of_states = shift(of_weights, (gates[2 * g] + j) * width)
            _copy(of_states, shift(weight_hh, unit * hidden), hidden)
            bias_hh[unit] = of_states[hidden]
            of_channels = shift(of_weights, (gates[2 * g + 1] + j) * width + hidden)
            bias_ih[unit] = of_channels[0]
            _copy(shift(of_channels, 1), shift(weight_ih, unit * channels), channels)


_CELLS = {
    "rnn": (_activate_rnn, _gradient_rnn, False),
    "lstm": (_activate_lstm, _gradient_lstm, True),
    "gru": (_activate_gru, _gradient_gru, False),
}


def kernels_of(cell: str) -> dict[str, Callable]:
    """Return a cell's kernels by their names."""
    activate, gradient_of, has_memory = _CELLS[cell]
    return {
        "pack": _pack_weights,
        "forward": make_forward(activate, has_memory),
        "backward": make_backward(gradient_of, has_memory),
        "unpack": _unpack_weights,
    }
