"""Source of the kernels of cells whose gates only read the input: a scan over time.

Of such a cell only elementwise equations depend on the step before. So the products of a
span of steps, of all sequences of a block, are computed together, and the states follow
in a scan. Vectors have units of one sequence, whose units are independent: threads share
the blocks of sequences, and the units if there are fewer blocks than threads.

Every sum has the order of :mod:`.recurrence`, and everything else is elementwise: outputs
and gradients are the same to the bit. The backward pass computes the values of a span
again, from the inputs and the state before it: to keep those of many steps takes as long.
With ``keeps_values`` they are kept nevertheless, which is faster for many sequences.

Steps are counted in the order in which they are read. Those of a span are the rows of
``inputs``, ``values``, ``hidden_states`` and ``memories``: the last step of all sequences
that have it first, as gradients of weights are summed in this order. ``places`` has the
row of the first sequence at each step, counted from the beginning of the span. A row of
inputs has a one for the biases and the channels, in ``deep`` numbers; a row of values has
``wide`` numbers for each gate. Parameters are annotated as in :mod:`.recurrence`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .._cells import Cell
from .equations import (
    OPERATIONS,
    compiled,
    reading,
    states_in_memory,
    with_zeros_for_none,
    writing,
)
from .layout import LANES, ROWS, SPAN, blocks_of
from .simd import add_tile_of_columns, lanes_of, load, shift, store, tile

Numbers = Indices = Size = Any

_function = njit(error_model="numpy")


@_function
def _copy(source, target, n):
    for i in range(n):
        target[i] = source[i]


@_function
def _clear(target, n):
    for i in range(n):
        target[i] = 0


@_function
def _add(source, target, n):
    for i in range(n):
        target[i] += source[i]


# ------------------------------------------------------------------------ spans of steps


@_function
def _lay_out(left, n, first, end, places):
    """Write the place of each step of a span, and return the number of its rows."""
    n_rows, active = 0, 0
    for back in range(end - first):
        s = end - 1 - back
        while active < n and left[active] > s:
            active += 1
        places[s - first] = n_rows
        n_rows += active
    return n_rows


@_function
def _position(row, length, n_steps, s, reverse):
    """Return where step s of a sequence is among the steps of the batch."""
    return row * n_steps + (length - 1 - s if reverse else s)


@_function
def _read_inputs(
    x, rows_of, left, n, n_steps, channels, reverse, first, end, places, inputs, deep
):
    """Copy the inputs of a span."""
    for i in range(n):
        for s in range(first, min(left[i], end)):
            row = shift(inputs, (places[s - first] + i) * deep)
            row[0] = 1
            position = _position(rows_of[i], left[i], n_steps, s, reverse)
            _copy(shift(x, position * channels), shift(row, 1), channels)


@_function
def _read_states(
    steps, row, length, n_steps, hidden, reverse, first, last, places, i, states, wide
):
    """Copy the hidden states of one sequence in a span."""
    for s in range(first, last):
        state = shift(states, (places[s - first] + i) * wide)
        position = _position(row, length, n_steps, s, reverse)
        _copy(shift(steps, position * hidden), state, hidden)
        _clear(shift(state, hidden), wide - hidden)


@_function
def _multiply(
    inputs, deep, n_rows, weights, depth, n_gates, wide, width, begin, stop, values
):
    """Compute the products of a span with the weights of some units."""
    vector = lanes_of(inputs)
    for g in range(n_gates):
        for p in range((stop - begin) // vector):
            q = g * wide + begin + p * vector
            for r in range((n_rows + ROWS - 1) // ROWS):
                tile(
                    depth, shift(inputs, r * ROWS * deep), deep,
                    shift(weights, q * depth), vector,
                    shift(values, r * ROWS * width + q), width,
                )  # fmt: skip


@_function
def _add_products(
    inputs, deep, n_rows, values, n_gates, wide, width, begin, stop, strip, result
):
    """Add what a span contributes to the gradients of the weights of some units.

    The values of a vector are copied to a strip, one behind the other: they are read for
    every channel, and rows are so far apart that they would leave the cache.
    """
    vector = lanes_of(inputs)
    if n_rows == 0:
        return
    for g in range(n_gates):
        for p in range((stop - begin) // vector):
            q = g * wide + begin + p * vector
            for k in range(n_rows):
                store(strip, k * vector, load(values, k * width + q))
            for r in range(deep // ROWS):
                c = r * ROWS
                add_tile_of_columns(
                    n_rows, shift(inputs, c), deep, strip, vector,
                    shift(result, c * width + q), width,
                )  # fmt: skip


@_function
def _multiply_back(values, width, n_rows, weights_of_channels, wide_in, grad_inputs):
    """Compute the gradients of the inputs of a span, given those of the values."""
    vector = lanes_of(values)
    for p in range(wide_in // vector):
        c = p * vector
        for r in range((n_rows + ROWS - 1) // ROWS):
            tile(
                width, shift(values, r * ROWS * width), width,
                shift(weights_of_channels, c * width), vector,
                shift(grad_inputs, r * ROWS * wide_in + c), wide_in,
            )  # fmt: skip


@_function
def _write_gradients(
    grad_inputs, wide_in, rows_of, left, n, n_steps, channels, reverse, first, end,
    places, grad_x,
):  # fmt: skip
    """Copy the gradients of the inputs of a span."""
    for i in range(n):
        for s in range(first, min(left[i], end)):
            own = shift(grad_inputs, (places[s - first] + i) * wide_in)
            position = _position(rows_of[i], left[i], n_steps, s, reverse)
            _copy(own, shift(grad_x, position * channels), channels)


@_function
def _add_final(
    has_grad_final, grad_final, has_grad_final_memory, grad_final_memory, grad_state,
    grad_memory, n,
):  # fmt: skip
    """Take the gradients of the final states, at the last step of a sequence."""
    if has_grad_final:
        _add(grad_final, grad_state, n)
    if has_grad_final_memory:
        _copy(grad_final_memory, grad_memory, n)


def _scanning(cell: type[Cell]) -> Callable:
    """Return a function that computes the states of one sequence in a span."""
    equations, places_of = compiled(cell.step), blocks_of(cell).places
    read, write = reading(places_of), writing(places_of)
    read_states, write_states = states_in_memory(cell.n_states)

    @_function
    def scan(
        values, width, wide, hidden_states, memories, places, i, n, state, memory,
        begin, stop,
    ):  # fmt: skip
        vector = lanes_of(values)
        for s in range(n):
            k = places[s] + i
            own = shift(values, k * width)
            new_state, new_memory = (
                shift(hidden_states, k * wide),
                shift(memories, k * wide),
            )
            for p in range((stop - begin) // vector):
                u = begin + p * vector
                before = read_states(state, memory, u)
                after, kept = equations(OPERATIONS, read(own, u, wide), before)
                write(own, kept, u, wide)
                write_states(state, memory, after, u)
                write_states(new_state, new_memory, after, u)

    return scan


def _scanning_back(cell: type[Cell]) -> Callable:
    """Return a function that computes the gradients of one sequence at one step."""
    gradient_of, places_of = compiled(cell.gradient), blocks_of(cell).places
    read, write = reading(places_of), writing(places_of)
    read_states, write_states = states_in_memory(cell.n_states)
    with_zeros = with_zeros_for_none(cell.n_states)

    @_function
    def differentiate(
        kept, own, wide, state, memory, new_state, new_memory, grad_state, grad_memory,
        begin, stop,
    ):  # fmt: skip
        vector = lanes_of(own)
        for p in range((stop - begin) // vector):
            u = begin + p * vector
            wanted = read_states(grad_state, grad_memory, u)
            grad_values, grad_states = gradient_of(
                OPERATIONS,
                read(kept, u, wide),
                read_states(state, memory, u),
                read_states(new_state, new_memory, u),
                wanted,
            )
            write(own, grad_values, u, wide)
            write_states(grad_state, grad_memory, with_zeros(grad_states, wanted), u)

    return differentiate


# ----------------------------------------------------------------------------- kernels


def _pack_weights(
    weight_ih: Numbers, bias_ih: Numbers, n_gates: Size, hidden: Size, channels: Size,
    wide: Size, width: Size, wide_in: Size,
    weights: Numbers, weights_of_channels: Numbers,
):  # fmt: skip
    """Copy the weights of a layer to the order in which the products read them."""
    vector, depth = lanes_of(weights), 1 + channels
    _clear(weights, width * depth)
    _clear(weights_of_channels, width * wide_in)
    for g in range(n_gates):
        for j in range(hidden):
            unit, q = g * hidden + j, g * wide + j
            own = shift(weight_ih, unit * channels)
            for c in range(channels):
                strip = shift(weights_of_channels, c // vector * vector * width)
                strip[q * vector + c % vector] = own[c]
            column = shift(weights, q // vector * vector * depth + q % vector)
            column[0] = bias_ih[unit]
            for c in range(channels):
                column[(1 + c) * vector] = own[c]


@_function
def _begin(start, has_start, row, hidden, state, wide):
    _clear(state, wide)
    if has_start:
        _copy(shift(start, row * hidden), state, hidden)


def make_forward(cell: type[Cell]) -> Callable:
    """Return the kernel of a cell's forward pass."""
    scan, has_memory = _scanning(cell), cell.n_states > 1

    def forward(
        x: Numbers, order: Indices, lengths: Indices, n: Size, n_steps: Size,
        hidden: Size, channels: Size, n_gates: Size, wide: Size, width: Size, deep: Size,
        weights: Numbers, reverse: Size,
        has_start: Size, start: Numbers, start_memory: Numbers,
        saved: Numbers, saved_block: Size, saved_step: Size, keeps_values: Size,
        inputs: Numbers, values: Numbers, hidden_states: Numbers, memories: Numbers,
        state: Numbers, memory: Numbers, places: Indices,
        steps: Numbers, final: Numbers, final_memory: Numbers,
        worker: Size, n_workers: Size,
    ):  # fmt: skip
        vector, n_blocks = lanes_of(x), (n + LANES - 1) // LANES
        span = SPAN // min(n, LANES)
        n_shares = (n_workers + n_blocks - 1) // n_blocks
        _clear(inputs, SPAN * deep)
        n_tasks = n_blocks * n_shares
        for turn in range((n_tasks - worker + n_workers - 1) // n_workers):
            task = worker + turn * n_workers
            block, share = task // n_shares, task % n_shares
            begin = share * (wide // vector) // n_shares * vector
            stop = (share + 1) * (wide // vector) // n_shares * vector
            n_own = min(stop, hidden) - begin
            rows_of = shift(order, block * LANES)
            left = shift(lengths, block * LANES)
            in_block = min(LANES, n - block * LANES)
            for i in range(in_block):
                _begin(start, has_start, rows_of[i], hidden, shift(state, i * wide), wide)
                if has_memory:
                    own = shift(memory, i * wide)
                    _begin(start_memory, has_start, rows_of[i], hidden, own, wide)
                for t in range(left[i], n_steps):
                    behind = shift(steps, (rows_of[i] * n_steps + t) * hidden + begin)
                    _clear(behind, n_own)
            for part in range((left[0] + span - 1) // span):
                first = part * span
                end = min(first + span, left[0])
                kept = shift(saved, block * saved_block + part * saved_step)
                if keeps_values:
                    values, memories = kept, shift(kept, SPAN * width)
                n_rows = _lay_out(left, in_block, first, end, places)
                _read_inputs(
                    x, rows_of, left, in_block, n_steps, channels, reverse, first, end,
                    places, inputs, deep,
                )  # fmt: skip
                _multiply(
                    inputs, deep, n_rows, weights, 1 + channels, n_gates, wide, width,
                    begin, stop, values,
                )  # fmt: skip
                for i in range(in_block):
                    last = min(left[i], end)
                    if last <= first:
                        break
                    own_state, own_memory = (
                        shift(state, i * wide),
                        shift(memory, i * wide),
                    )
                    if has_memory and saved_step and not keeps_values:
                        at = i * wide + begin
                        _copy(shift(memory, at), shift(kept, at), stop - begin)
                    scan(
                        values, width, wide, hidden_states, memories, places, i,
                        last - first, own_state, own_memory, begin, stop,
                    )  # fmt: skip
                    for s in range(first, last):
                        position = _position(rows_of[i], left[i], n_steps, s, reverse)
                        k = places[s - first] + i
                        _copy(
                            shift(hidden_states, k * wide + begin),
                            shift(steps, position * hidden + begin),
                            n_own,
                        )
                    if last == left[i]:
                        at = rows_of[i] * hidden + begin
                        _copy(shift(own_state, begin), shift(final, at), n_own)
                        if has_memory:
                            _copy(
                                shift(own_memory, begin), shift(final_memory, at), n_own
                            )

    return forward


def make_backward(cell: type[Cell]) -> Callable:
    """Return the kernel of a cell's backward pass."""
    scan, differentiate = _scanning(cell), _scanning_back(cell)
    has_memory = cell.n_states > 1

    def backward(
        x: Numbers, order: Indices, lengths: Indices, n: Size, n_steps: Size,
        hidden: Size, channels: Size, n_gates: Size, wide: Size, width: Size, deep: Size,
        wide_in: Size, weights: Numbers, weights_of_channels: Numbers, reverse: Size,
        has_start: Size, start: Numbers, start_memory: Numbers,
        saved: Numbers, saved_block: Size, saved_step: Size, keeps_values: Size,
        steps: Numbers,
        inputs: Numbers, values: Numbers, hidden_states: Numbers, memories: Numbers,
        state: Numbers, memory: Numbers, before: Numbers, memory_before: Numbers,
        grad_state: Numbers, grad_memory: Numbers, grad_inputs: Numbers, strip: Numbers,
        places: Indices,
        has_grad_steps: Size, grad_steps: Numbers,
        has_grad_final: Size, grad_final: Numbers,
        has_grad_final_memory: Size, grad_final_memory: Numbers,
        wants_x: Size, grad_x: Numbers, wants_start: Size, grad_start: Numbers,
        grad_start_memory: Numbers, grad_weights: Numbers, n_chains: Size,
        worker: Size, n_workers: Size,
    ):  # fmt: skip
        vector, n_blocks = lanes_of(x), (n + LANES - 1) // LANES
        span = SPAN // min(n, LANES)
        n_shares = (n_workers + n_chains - 1) // n_chains
        _clear(inputs, SPAN * deep)
        n_tasks = n_chains * n_shares
        for turn in range((n_tasks - worker + n_workers - 1) // n_workers):
            task = worker + turn * n_workers
            chain, share = task // n_shares, task % n_shares
            begin = share * (wide // vector) // n_shares * vector
            stop = (share + 1) * (wide // vector) // n_shares * vector
            n_own = min(stop, hidden) - begin
            result = shift(grad_weights, chain * deep * width)
            for c in range(deep):
                for g in range(n_gates):
                    _clear(shift(result, c * width + g * wide + begin), stop - begin)
            for nth in range((n_blocks - chain + n_chains - 1) // n_chains):
                block = chain + nth * n_chains
                rows_of = shift(order, block * LANES)
                left = shift(lengths, block * LANES)
                in_block = min(LANES, n - block * LANES)
                _clear(grad_state, LANES * wide)
                _clear(grad_memory, LANES * wide)
                n_spans = (left[0] + span - 1) // span
                for back in range(n_spans):
                    part = n_spans - 1 - back
                    first = part * span
                    end = min(first + span, left[0])
                    kept = shift(saved, block * saved_block + part * saved_step)
                    memory_kept, kept_values = kept, values
                    if keeps_values:
                        memory_kept = shift(kept, SPAN * width - saved_step)
                        kept_values, memories = kept, shift(kept, SPAN * width)
                    n_rows = _lay_out(left, in_block, first, end, places)
                    _read_inputs(
                        x, rows_of, left, in_block, n_steps, channels, reverse, first,
                        end, places, inputs, deep,
                    )  # fmt: skip
                    if not keeps_values:
                        _multiply(
                            inputs, deep, n_rows, weights, 1 + channels, n_gates, wide,
                            width, begin, stop, values,
                        )  # fmt: skip
                    for i in range(in_block):
                        last = min(left[i], end)
                        if last <= first:
                            break
                        own, own_memory = shift(state, i * wide), shift(memory, i * wide)
                        if first > 0:
                            _clear(own, wide)
                            position = _position(
                                rows_of[i], left[i], n_steps, first - 1, reverse
                            )
                            _copy(shift(steps, position * hidden), own, hidden)
                        else:
                            _begin(start, has_start, rows_of[i], hidden, own, wide)
                        if has_memory and first > 0:
                            _copy(shift(memory_kept, i * wide), own_memory, wide)
                        elif has_memory:
                            _begin(
                                start_memory, has_start, rows_of[i], hidden, own_memory,
                                wide,
                            )  # fmt: skip
                        _copy(own, before, wide)
                        _copy(own_memory, memory_before, wide)
                        if keeps_values:
                            _read_states(
                                steps, rows_of[i], left[i], n_steps, hidden, reverse,
                                first, last, places, i, hidden_states, wide,
                            )  # fmt: skip
                        else:
                            scan(
                                values, width, wide, hidden_states, memories, places, i,
                                last - first, own, own_memory, begin, stop,
                            )  # fmt: skip

                        of_state = shift(grad_state, i * wide)
                        of_memory = shift(grad_memory, i * wide)
                        for nearer in range(last - first):
                            s = last - 1 - nearer
                            k = places[s - first] + i
                            if has_grad_steps:
                                position = _position(
                                    rows_of[i], left[i], n_steps, s, reverse
                                )
                                _add(
                                    shift(grad_steps, position * hidden + begin),
                                    shift(of_state, begin), n_own,
                                )  # fmt: skip
                            if s == left[i] - 1:
                                at = rows_of[i] * hidden + begin
                                _add_final(
                                    has_grad_final, shift(grad_final, at),
                                    has_grad_final_memory, shift(grad_final_memory, at),
                                    shift(of_state, begin), shift(of_memory, begin),
                                    n_own,
                                )  # fmt: skip
                            earlier, earlier_memory = before, memory_before
                            if s > first:
                                k_before = places[s - 1 - first] + i
                                earlier = shift(hidden_states, k_before * wide)
                                earlier_memory = shift(memories, k_before * wide)
                            differentiate(
                                shift(kept_values, k * width),
                                shift(values, k * width), wide, earlier, earlier_memory,
                                shift(hidden_states, k * wide), shift(memories, k * wide),
                                of_state, of_memory, begin, stop,
                            )  # fmt: skip
                    _add_products(
                        inputs, deep, n_rows, values, n_gates, wide, width, begin, stop,
                        strip, result,
                    )  # fmt: skip
                    if wants_x:
                        _multiply_back(
                            values, width, n_rows, weights_of_channels, wide_in,
                            grad_inputs,
                        )  # fmt: skip
                        _write_gradients(
                            grad_inputs, wide_in, rows_of, left, in_block, n_steps,
                            channels, reverse, first, end, places, grad_x,
                        )  # fmt: skip
                for i in range(in_block):
                    if wants_x:
                        position = rows_of[i] * n_steps + left[i]
                        behind = shift(grad_x, position * channels)
                        _clear(behind, (n_steps - left[i]) * channels)
                    if wants_start:
                        at = rows_of[i] * hidden + begin
                        of_start = shift(grad_state, i * wide + begin)
                        _copy(of_start, shift(grad_start, at), n_own)
                        if has_memory:
                            of_start = shift(grad_memory, i * wide + begin)
                            _copy(of_start, shift(grad_start_memory, at), n_own)

    return backward


def _unpack_weights(
    grad_weights: Numbers, n_chains: Size, n_gates: Size, hidden: Size, channels: Size,
    wide: Size, width: Size, deep: Size, weight_ih: Numbers, bias_ih: Numbers,
):  # fmt: skip
    """Sum the gradients of the chains, in order, to the gradients of the weights."""
    for chain in range(1, n_chains):
        _add(shift(grad_weights, chain * deep * width), grad_weights, deep * width)
    for g in range(n_gates):
        for j in range(hidden):
            unit, column = g * hidden + j, shift(grad_weights, g * wide + j)
            bias_ih[unit] = column[0]
            for c in range(channels):
                weight_ih[unit * channels + c] = column[(1 + c) * width]


def kernels_of(cell: type[Cell]) -> dict[str, Callable]:
    """Return the kernels of a cell by name."""
    return {
        "pack": _pack_weights,
        "forward": make_forward(cell),
        "backward": make_backward(cell),
        "unpack": _unpack_weights,
    }
