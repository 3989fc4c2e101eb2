"""Source of the kernels, for numba: forward and backward pass of a recurrent layer.

A kernel runs one direction. Its pointers refer to memory laid out as :mod:`.layout`
describes. Parameters annotated ``Numbers`` point to floats, ``Indices`` to int64, and
``Size`` is an int64; the compiler derives a kernel's signature from these annotations.
Sequences are sorted by length, the longest first: ``order`` holds the row of each in the
batch, ``lengths`` its number of steps. The sequences of a block that have not ended are
then always its first lanes, and padding is not computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .._cells import Cell
from .equations import activating, differentiating, hidden_states_read
from .layout import LANES, ROWS, SPAN
from .simd import (
    add_tile,
    add_tile_of_packed,
    exp,
    lanes_of,
    load,
    relu,
    shift,
    store,
    tile_of_packed,
    transpose,
    where_positive,
)

Numbers = Indices = Size = Any

_function = njit(error_model="numpy")


# --------------------------------------------------------------- copying, multiplying


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
    """Write the position of step s of the first n sequences among the batch's steps."""
    for i in range(n):
        places[i] = rows_of[i] * n_steps + (left[i] - 1 - s if reverse else s)


@_function
def _copy_rows(source, size, places, n, rows, width):
    """Copy n rows of ``size`` numbers from their places."""
    for i in range(n):
        _copy(shift(source, places[i] * size), shift(rows, i * width), size)


@_function
def _copy_earlier(
    steps, start, has_start, s, hidden, reverse, places, rows_of, n, rows, width
):
    """Copy the hidden states before step s."""
    if s > 0:
        earlier = shift(steps, hidden if reverse else -hidden)
        _copy_rows(earlier, hidden, places, n, rows, width)
    elif has_start:
        _copy_rows(start, hidden, rows_of, n, rows, width)
    else:
        for i in range(n):
            _clear(shift(rows, i * width), hidden)


@_function
def _gather(source, size, places, n, rows, width):
    """Copy rows from their places and set those of the other lanes to zero."""
    _copy_rows(source, size, places, n, rows, width)
    _clear(shift(rows, n * width), (LANES - n) * width)


@_function
def _scatter(rows, width, first, end, places, target, size):
    """Copy rows to their places."""
    for i in range(first, end):
        _copy(shift(rows, i * width), shift(target, places[i] * size), size)


@_function
def _to_lanes(rows, stride, n, lanes, vectors):
    """Transpose n columns (rounded up to 8) of rows, ``stride`` apart, to lanes."""
    half = lanes_of(rows) // 2
    for i in range((n + 7) // 8 * 8 // half):
        for p in range(2 * vectors):
            source = shift(rows, p * half * stride + i * half)
            transpose(source, stride, shift(lanes, (i * LANES + p) * half), LANES)


@_function
def _to_rows(lanes, n, rows, stride, vectors):
    """Transpose lanes to rows, the reverse of ``_to_lanes``."""
    half = lanes_of(rows) // 2
    for i in range((n + 7) // 8 * 8 // half):
        for p in range(2 * vectors):
            target = shift(rows, p * half * stride + i * half)
            transpose(shift(lanes, (i * LANES + p) * half), LANES, target, stride)


def _multiplying(tile: Callable) -> Callable:
    """Return the product of packed weights (rows, depth) with lanes ``stride`` apart."""

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
    """Add the product of lanes (rows, n) and rows (n, width), in part, to ``result``."""
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
    """Add the contribution of n lanes of gate gradients to the weight gradients."""
    if n > 0:
        _add_outer(gradient, 0, states_end, row, width, 0, hidden + 1, n, result)
        _add_outer(gradient, states_end, all_end, row, width, 0, depth, n, result)
        _add_outer(gradient, all_end, rows, row, width, hidden, depth, n, result)


# ------------------------------------------------------- precomputed products, and masks


@_function
def _mask_lanes(source, mask, hidden, target, vectors):
    """Multiply the lanes of each unit by their masks."""
    vector = lanes_of(source)
    for j in range(hidden):
        for p in range(vectors):
            i = j * LANES + p * vector
            store(target, i, load(source, i) * load(mask, i))


@_function
def _add_lanes(source, target, hidden, vectors):
    vector = lanes_of(source)
    for j in range(hidden):
        for p in range(vectors):
            i = j * LANES + p * vector
            store(target, i, load(target, i) + load(source, i))


@_function
def _mask_rows(row, width, mask, hidden, rows_of, n):
    for i in range(n):
        own = shift(mask, rows_of[i] * hidden)
        for j in range(hidden):
            row[i * width + j] *= own[j]


@_function
def _take_products(given, gates, n_gates, hidden, begin, slot, vectors):
    """Copy the precomputed products of a few units to where those of channels belong."""
    vector = lanes_of(given)
    for g in range(n_gates):
        for j in range(begin, min(begin + ROWS, hidden)):
            for p in range(vectors):
                value = load(given, (g * hidden + j) * LANES + p * vector)
                store(slot, (gates[2 * g + 1] + j) * LANES + p * vector, value)


@_function
def _give_products(gradient, gates, n_gates, hidden, grad_given, vectors):
    """Copy the gradients of precomputed products to the order of these products."""
    vector = lanes_of(gradient)
    for g in range(n_gates):
        for j in range(hidden):
            for p in range(vectors):
                value = load(gradient, (gates[2 * g + 1] + j) * SPAN + p * vector)
                store(grad_given, (g * hidden + j) * LANES + p * vector, value)


# ---------------------------------------------------------- states that decay in gaps


@_function
def _take_elapsed(elapsed, size, places, n, staged, wide, lanes, vectors):
    """Copy elapsed times to lanes, below a row of ones for the biases."""
    _gather(elapsed, size, places, n, staged, wide)
    _to_lanes(staged, wide, size, shift(lanes, LANES), vectors)


@_function
def _to_fades(fades, hidden, vectors):
    """Turn products with elapsed times into factors; those below one get a minus.

    A factor may also be one by rounding: the sign tells whether it has a gradient.
    """
    vector = lanes_of(fades)
    for j in range(hidden):
        for p in range(vectors):
            i = j * LANES + p * vector
            x = load(fades, i)
            factor = exp(-relu(x))
            store(fades, i, factor - where_positive(x, 2.0 * factor))


@_function
def _size_of(fade):
    """Return a factor without its sign."""
    return fade + where_positive(-fade, -2.0 * fade)


@_function
def _fade(source, fades, hidden, target, vectors):
    """Multiply the lanes of each unit by their factors."""
    vector = lanes_of(source)
    for j in range(hidden):
        for p in range(vectors):
            i = j * LANES + p * vector
            store(target, i, load(source, i) * _size_of(load(fades, i)))


@_function
def _give_fades(
    fades, states, memory, has_memory, grad_state, grad_memory, hidden, gradient, vectors
):
    """Write the gradients of the products, and multiply those of states by factors.

    ``states`` and ``memory`` are those before they decay.
    """
    vector = lanes_of(fades)
    for j in range(hidden):
        for p in range(vectors):
            i = j * LANES + p * vector
            fade, of_state = load(fades, i), load(grad_state, i)
            factor, total = _size_of(fade), of_state * load(states, i)
            store(grad_state, i, of_state * factor)
            if has_memory:
                of_memory = load(grad_memory, i)
                total = total + of_memory * load(memory, i)
                store(grad_memory, i, of_memory * factor)
            of_product = where_positive(-fade, total * fade)
            store(gradient, j * SPAN + p * vector, of_product)


@_function
def _lanes_to_row(lanes, hidden, n, staged, wide, row, width, vectors):
    """Copy lanes to the first columns of rows."""
    _to_rows(lanes, hidden, staged, wide, vectors)
    for i in range(n):
        _copy(shift(staged, i * wide), shift(row, i * width), hidden)


# ----------------------------------------------------------------------------- kernels


@_function
def _pack(dense, height, depth, down, right, packed):
    """Pack a (height, depth) matrix with strides ``down`` and ``right`` in tiles."""
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
    n_elapsed: Size, weight_fade: Numbers, bias_fade: Numbers, fade_weights: Numbers,
):  # fmt: skip
    """Copy the weights of a layer to the order in which the products read them."""
    depth = hidden + 1 + channels
    _clear(dense, rows * depth)
    state_unit = 0  # among the gates that read states
    for g in range(n_gates):
        for j in range(hidden):
            unit = g * hidden + j
            if gates[2 * g] >= 0:
                of_states = shift(dense, (gates[2 * g] + j) * depth)
                _copy(shift(weight_hh, state_unit * hidden), of_states, hidden)
                of_states[hidden] += bias_hh[state_unit]
                state_unit += 1
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
    if n_elapsed:
        for j in range(hidden):
            own = shift(dense, j * (n_elapsed + 1))
            own[0] = bias_fade[j]
            _copy(shift(weight_fade, j * n_elapsed), shift(own, 1), n_elapsed)
        _pack(dense, hidden, n_elapsed + 1, n_elapsed + 1, 1, fade_weights)


def make_forward(cell: type[Cell]) -> Callable:
    """Return the kernel of a cell's forward pass."""
    activate, has_memory = activating(cell), cell.n_states > 1

    def forward(
        x: Numbers, order: Indices, lengths: Indices, n: Size, n_steps: Size,
        hidden: Size, channels: Size, states_end: Size, all_end: Size, rows: Size,
        inputs: Size, given: Size, gates: Indices, n_gates: Size,
        weights: Numbers, reverse: Size, has_mask: Size, mask: Numbers,
        has_start: Size, start: Numbers, start_memory: Numbers,
        saved: Numbers, saved_block: Size, saved_step: Size,
        column: Numbers, new_column: Numbers, masked: Numbers, staged: Numbers,
        mask_lanes: Numbers, places: Indices,
        n_elapsed: Size, elapsed: Numbers, fade_weights: Numbers,
        elapsed_lanes: Numbers, faded_memory: Numbers,
        steps: Numbers, final: Numbers, final_memory: Numbers,
        worker: Size, n_workers: Size,
    ):  # fmt: skip
        vector = lanes_of(x)
        depth = hidden + 1 + channels
        wide = (max(hidden, inputs, n_elapsed) + 7) // 8 * 8
        memory = (rows + 7) // 8 * 8 * LANES
        high = (hidden + ROWS - 1) // ROWS * ROWS
        weights_of_all = shift(weights, states_end * (hidden + 1))
        weights_of_channels = shift(weights_of_all, (all_end - states_end) * depth)
        # The factors of the states are behind the gates and the cell state.
        fades_at = memory + int(has_memory) * (hidden + 7) // 8 * 8 * LANES
        for i in range(LANES * min(n_elapsed, 1)):
            elapsed_lanes[i] = 1
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
                masked[i] = 1
            if has_mask:
                _gather(mask, hidden, rows_of, active, staged, wide)
                _to_lanes(staged, wide, hidden, mask_lanes, LANES // vector)
            for i in range(active):
                behind = shift(steps, (rows_of[i] * n_steps + left[i]) * hidden)
                _clear(behind, (n_steps - left[i]) * hidden)

            for s in range(left[0]):
                while left[active - 1] <= s:
                    active -= 1
                vectors = (active + vector - 1) // vector
                _find_places(rows_of, left, active, n_steps, s, reverse, places)
                if n_elapsed:
                    _take_elapsed(
                        elapsed, n_elapsed, places, active, staged, wide,
                        elapsed_lanes, vectors,
                    )  # fmt: skip
                    fades = shift(slot, fades_at)
                    _multiply(
                        fade_weights, n_elapsed + 1, high, elapsed_lanes, LANES, fades,
                        vectors,
                    )  # fmt: skip
                    _to_fades(fades, hidden, vectors)
                    _fade(column, fades, hidden, column, vectors)
                    if has_memory:
                        _fade(before, fades, hidden, faded_memory, vectors)
                        before = faded_memory
                # The products read the masked state, the cell the state itself.
                read = column
                if has_mask:
                    _mask_lanes(column, mask_lanes, hidden, masked, vectors)
                    read = masked
                _gather(x, inputs, places, active, staged, wide)
                ones = shift(read, hidden * LANES)
                of_inputs = shift(ones, LANES)
                _to_lanes(staged, wide, inputs, of_inputs, vectors)
                now = shift(slot, memory)
                # A few units at a time, while their gates are still in the cache.
                for begin in range(0, high, ROWS):
                    for k in range(states_end // high):
                        r = begin + k * high
                        part = shift(weights, r * (hidden + 1))
                        gate = shift(slot, r * LANES)
                        _multiply(part, hidden + 1, ROWS, read, LANES, gate, vectors)
                    if given:
                        _take_products(
                            of_inputs, gates, n_gates, hidden, begin, slot, vectors
                        )
                    for k in range((all_end - states_end) // high):
                        r = begin + k * high
                        part = shift(weights_of_all, r * depth)
                        gate = shift(slot, (states_end + r) * LANES)
                        if given:
                            _multiply_add(part, depth, ROWS, read, LANES, gate, vectors)
                        else:
                            _multiply(part, depth, ROWS, read, LANES, gate, vectors)
                    if not given:
                        for k in range((rows - all_end) // high):
                            r = begin + k * high
                            part = shift(weights_of_channels, r * (channels + 1))
                            gate = shift(slot, (all_end + r) * LANES)
                            _multiply(
                                part, channels + 1, ROWS, ones, LANES, gate, vectors
                            )
                    activate(
                        slot, column, before, new_column, now, begin,
                        min(begin + ROWS, hidden), high, vectors,
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


def make_backward(cell: type[Cell]) -> Callable:
    """Return the kernel of a cell's backward pass."""
    differentiate, has_memory = differentiating(cell), cell.n_states > 1
    reads_state, reads_new_state = hidden_states_read(cell)

    def backward(
        x: Numbers, order: Indices, lengths: Indices, n: Size, n_steps: Size,
        hidden: Size, channels: Size, states_end: Size, all_end: Size, rows: Size,
        inputs: Size, given: Size, gates: Indices, n_gates: Size,
        width: Size, weights_of_states: Numbers, weights_of_channels: Numbers,
        reverse: Size, has_mask: Size, mask: Numbers,
        has_start: Size, start: Numbers, start_memory: Numbers,
        saved: Numbers, saved_block: Size, saved_step: Size, steps: Numbers,
        gradient: Numbers, grad_state: Numbers, grad_memory: Numbers, state: Numbers,
        start_memory_lanes: Numbers, new_state: Numbers, masked: Numbers,
        row: Numbers, staged: Numbers, mask_lanes: Numbers, places: Indices,
        n_elapsed: Size, elapsed: Numbers, fade_width: Size, fade_gradient: Numbers,
        fade_row: Numbers, undecayed: Numbers, faded_memory: Numbers,
        grad_fades: Numbers,
        has_grad_steps: Size, grad_steps: Numbers,
        has_grad_final: Size, grad_final: Numbers,
        has_grad_final_memory: Size, grad_final_memory: Numbers,
        wants_x: Size, grad_x: Numbers, wants_start: Size, grad_start: Numbers,
        grad_start_memory: Numbers, grad_weights: Numbers, n_chains: Size,
        worker: Size, n_workers: Size,
    ):  # fmt: skip
        vector = lanes_of(x)
        wide = (max(hidden, inputs, n_elapsed) + 7) // 8 * 8
        memory = (rows + 7) // 8 * 8 * LANES
        depth = hidden + 1 + channels
        high = (hidden + ROWS - 1) // ROWS * ROWS
        fades_at = memory + int(has_memory) * (hidden + 7) // 8 * 8 * LANES
        n_blocks = (n + LANES - 1) // LANES
        _clear(gradient, rows * SPAN)
        if n_elapsed:
            _clear(fade_gradient, high * SPAN)
            _clear(fade_row, SPAN * fade_width)
            for i in range(SPAN):
                fade_row[i * fade_width] = 1
        for turn in range((n_chains - worker + n_workers - 1) // n_workers):
            chain = worker + turn * n_workers
            result = shift(grad_weights, chain * rows * width)
            _clear(result, rows * width)
            fade_result = shift(grad_fades, chain * high * fade_width)
            _clear(fade_result, high * fade_width)
            for share in range((n_blocks - chain + n_chains - 1) // n_chains):
                block = chain + share * n_chains
                rows_of = shift(order, block * LANES)
                left = shift(lengths, block * LANES)
                in_block = min(LANES, n - block * LANES)
                _clear(grad_state, high * LANES)
                _clear(grad_memory, hidden * LANES)
                _clear(row, SPAN * width)
                for i in range(SPAN):
                    row[i * width + hidden] = 1
                if has_mask:
                    _gather(mask, hidden, rows_of, in_block, staged, wide)
                    _to_lanes(staged, wide, hidden, mask_lanes, LANES // vector)
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
                    if has_grad_steps:
                        _gather(grad_steps, hidden, places, active, staged, wide)
                        _to_lanes(staged, wide, hidden, state, vectors)
                        _add_lanes(state, grad_state, hidden, vectors)
                    for i in range(begun, active):
                        for j in range(hidden):
                            if has_grad_final:
                                source = shift(grad_final, rows_of[i] * hidden)
                                grad_state[j * LANES + i] += source[j]
                            if has_grad_final_memory:
                                source = shift(grad_final_memory, rows_of[i] * hidden)
                                grad_memory[j * LANES + i] = source[j]

                    # The inputs of this step as rows, after those of later steps.
                    if filled + vectors * vector > SPAN:
                        _add_products(
                            gradient, row, width, filled, hidden, depth, states_end,
                            all_end, rows, result,
                        )  # fmt: skip
                        if n_elapsed:
                            _add_outer(
                                fade_gradient, 0, high, fade_row, fade_width, 0,
                                n_elapsed + 1, filled, fade_result,
                            )  # fmt: skip
                        filled = 0
                    now_gradient = shift(gradient, filled)
                    now_row = shift(row, filled * width)
                    now_fade_gradient = shift(fade_gradient, filled)
                    now_fade_row = shift(fade_row, filled * fade_width + 1)
                    # Behind these lanes, those of the next step take the place of zeros.
                    filled += (active + ROWS - 1) // ROWS * ROWS
                    of_inputs = shift(now_row, hidden + 1)
                    _copy_rows(x, channels, places, active, of_inputs, width)
                    if all_end or reads_state or n_elapsed:
                        _copy_earlier(
                            steps, start, has_start, s, hidden, reverse, places,
                            rows_of, active, now_row, width,
                        )  # fmt: skip

                    # The cell's states before and after the step, in lanes.
                    now = shift(slot, memory)
                    before = start_memory_lanes
                    if has_memory and s > 0:
                        before = shift(now, -saved_step)
                    elif has_memory and has_start:
                        _gather(start_memory, hidden, rows_of, active, staged, wide)
                        _to_lanes(staged, wide, hidden, before, vectors)
                    elif has_memory:
                        _clear(before, hidden * LANES)
                    fades = shift(slot, fades_at)
                    earlier_memory = before
                    if n_elapsed:
                        _copy_rows(
                            elapsed, n_elapsed, places, active, now_fade_row, fade_width
                        )
                        _to_lanes(now_row, width, hidden, undecayed, vectors)
                        _fade(undecayed, fades, hidden, state, vectors)
                        _lanes_to_row(
                            state, hidden, active, staged, wide, now_row, width, vectors
                        )
                        if has_memory:
                            _fade(before, fades, hidden, faded_memory, vectors)
                            before = faded_memory
                    elif reads_state:
                        _to_lanes(now_row, width, hidden, state, vectors)
                    if reads_new_state:
                        _gather(steps, hidden, places, active, staged, wide)
                        _to_lanes(staged, wide, hidden, new_state, vectors)
                    differentiate(
                        slot, state, before, new_state, now, grad_state, grad_memory,
                        now_gradient, hidden, high, vectors,
                    )  # fmt: skip

                    if has_mask and all_end:
                        _mask_rows(now_row, width, mask, hidden, rows_of, active)
                        _multiply(
                            weights_of_states, all_end, high, now_gradient, SPAN,
                            masked, vectors,
                        )  # fmt: skip
                        _mask_lanes(masked, mask_lanes, hidden, masked, vectors)
                        _add_lanes(masked, grad_state, hidden, vectors)
                    elif all_end:
                        _multiply_add(
                            weights_of_states, all_end, high, now_gradient, SPAN,
                            grad_state, vectors,
                        )  # fmt: skip
                    if n_elapsed:
                        _give_fades(
                            fades, undecayed, earlier_memory, has_memory, grad_state,
                            grad_memory, hidden, now_fade_gradient, vectors,
                        )  # fmt: skip
                    if wants_x and given:
                        _give_products(
                            now_gradient, gates, n_gates, hidden, state, vectors
                        )
                    elif wants_x:
                        part = shift(now_gradient, states_end * SPAN)
                        high_in = (channels + ROWS - 1) // ROWS * ROWS
                        _multiply(
                            weights_of_channels, rows - states_end, high_in, part,
                            SPAN, state, vectors,
                        )  # fmt: skip
                    if wants_x:
                        _to_rows(state, inputs, staged, wide, vectors)
                        _scatter(staged, wide, 0, active, places, grad_x, inputs)

                _add_products(
                    gradient, row, width, filled, hidden, depth, states_end, all_end,
                    rows, result,
                )  # fmt: skip
                if n_elapsed and filled > 0:
                    _add_outer(
                        fade_gradient, 0, high, fade_row, fade_width, 0, n_elapsed + 1,
                        filled, fade_result,
                    )  # fmt: skip
                for i in range(in_block):
                    if wants_x:
                        behind = shift(grad_x, (rows_of[i] * n_steps + left[i]) * inputs)
                        _clear(behind, (n_steps - left[i]) * inputs)
                if wants_start:
                    _to_rows(grad_state, hidden, staged, wide, LANES // vector)
                    _scatter(staged, wide, 0, in_block, rows_of, grad_start, hidden)
                    if has_memory:
                        _to_rows(grad_memory, hidden, staged, wide, LANES // vector)
                        _scatter(
                            staged, wide, 0, in_block, rows_of, grad_start_memory, hidden
                        )

    return backward


@_function
def _sum_chains(sums, n_chains, size):
    """Add the sums of all chains to those of the first, in order."""
    for chain in range(1, n_chains):
        other = shift(sums, chain * size)
        for i in range(size):
            sums[i] += other[i]


def _unpack_weights(
    grad_weights: Numbers, n_chains: Size, gates: Indices, n_gates: Size,
    hidden: Size, channels: Size, states_end: Size, all_end: Size, rows: Size,
    width: Size,
    weight_ih: Numbers, weight_hh: Numbers, bias_ih: Numbers, bias_hh: Numbers,
    n_elapsed: Size, fade_width: Size, grad_fades: Numbers,
    weight_fade: Numbers, bias_fade: Numbers,
):  # fmt: skip
    """Sum the gradients of the chains, in order, to the gradients of the weights."""
    _sum_chains(grad_weights, n_chains, rows * width)
    if n_elapsed:
        high = (hidden + ROWS - 1) // ROWS * ROWS
        _sum_chains(grad_fades, n_chains, high * fade_width)
        for j in range(hidden):
            own = shift(grad_fades, j * fade_width)
            bias_fade[j] = own[0]
            _copy(shift(own, 1), shift(weight_fade, j * n_elapsed), n_elapsed)
    state_unit = 0
    for g in range(n_gates):
        for j in range(hidden):
            unit = g * hidden + j
            if gates[2 * g] >= 0:
                of_states = shift(grad_weights, (gates[2 * g] + j) * width)
                _copy(of_states, shift(weight_hh, state_unit * hidden), hidden)
                bias_hh[state_unit] = of_states[hidden]
                state_unit += 1
            of_channels = shift(grad_weights, (gates[2 * g + 1] + j) * width + hidden)
            bias_ih[unit] = of_channels[0]
            _copy(shift(of_channels, 1), shift(weight_ih, unit * channels), channels)


def kernels_of(cell: type[Cell]) -> dict[str, Callable]:
    """Return the kernels of a cell by name."""
    return {
        "pack": _pack_weights,
        "forward": make_forward(cell),
        "backward": make_backward(cell),
        "unpack": _unpack_weights,
    }
