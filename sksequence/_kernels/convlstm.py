"""The source of the kernels of one step of a convolutional LSTM, forward and backward.

Parameters are annotated as in :mod:`.recurrence`. The numbers of a video are in chunks of
``size`` (at least one vector) for each gate and state: one chunk if the channels stand
before the pixels, one for each pixel if they stand behind. Gates are in the order input,
forget, cell, output; the weights of peepholes in the order input, forget, output. Of the
``n`` videos, those with less than ``step + 1`` steps keep their state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .simd import constant, lanes_of, load, shift, sigmoid, store, tanh

Numbers = Indices = Size = Any

_function = njit(error_model="numpy")


@_function
def _place(q, size, vector):
    """Return the start of the q-th vector; the last one may overlap the one before."""
    return min(q * vector, size - vector)


def _update(
    n: Size, n_chunks: Size, size: Size, lengths: Indices, step: Size,
    of_inputs: Numbers, has_state: Size, of_states: Numbers,
    hidden: Numbers, memory: Numbers, has_peepholes: Size, peepholes: Numbers,
    kept: Numbers, new_hidden: Numbers, new_memory: Numbers,
):  # fmt: skip
    """Find the states after a step, and keep the gates for the gradient.

    Without ``has_state``, states are zero and none are read. ``kept`` must be other
    memory than what is read.
    """
    vector = lanes_of(of_inputs)
    for i in range(n):
        for chunk in range(n_chunks):
            at = (i * n_chunks + chunk) * size
            before, behind = shift(of_inputs, 4 * at), shift(kept, 4 * at)
            beside, weights = shift(of_states, 4 * at), shift(peepholes, 3 * chunk * size)
            for q in range((size + vector - 1) // vector):
                j = _place(q, size, vector)
                if has_state and lengths[i] <= step:
                    store(new_hidden, at + j, load(hidden, at + j))
                    store(new_memory, at + j, load(memory, at + j))
                    continue
                a, b = load(before, j), load(before, size + j)
                c, d = load(before, 2 * size + j), load(before, 3 * size + j)
                earlier = constant(a, 0.0)
                if has_state:
                    earlier = load(memory, at + j)
                    a, b = a + load(beside, j), b + load(beside, size + j)
                    c, d = c + load(beside, 2 * size + j), d + load(beside, 3 * size + j)
                if has_peepholes:
                    a = a + load(weights, j) * earlier
                    b = b + load(weights, size + j) * earlier
                a, b, c = sigmoid(a), sigmoid(b), tanh(c)
                now = b * earlier + a * c
                if has_peepholes:
                    d = d + load(weights, 2 * size + j) * now
                d = sigmoid(d)
                store(behind, j, a)
                store(behind, size + j, b)
                store(behind, 2 * size + j, c)
                store(behind, 3 * size + j, d)
                store(new_memory, at + j, now)
                store(new_hidden, at + j, d * tanh(now))


def _find_gradients(
    n: Size, n_chunks: Size, size: Size, lengths: Indices, step: Size,
    kept: Numbers, has_state: Size, memory: Numbers, new_memory: Numbers,
    has_peepholes: Size, peepholes: Numbers,
    has_grad_steps: Size, grad_steps: Numbers, has_back: Size, back: Numbers,
    grad_hidden: Numbers, grad_memory: Numbers,
    grad_gates: Numbers, new_grad_hidden: Numbers, new_grad_memory: Numbers,
):  # fmt: skip
    """Find the gradients of the gates of a step, before their functions.

    The gradient of the hidden state has three parts: of the step, of the gates of the
    next one (``back``), and that of a video that has kept its state (``grad_hidden``).
    ``new_grad_hidden`` and ``new_grad_memory`` are those of the states before, but for
    what goes through the gates. Nothing may be written to memory that is read.
    """
    vector = lanes_of(kept)
    for i in range(n):
        for chunk in range(n_chunks):
            at = (i * n_chunks + chunk) * size
            gates, target = shift(kept, 4 * at), shift(grad_gates, 4 * at)
            weights = shift(peepholes, 3 * chunk * size)
            for q in range((size + vector - 1) // vector):
                j = _place(q, size, vector)
                dh, dc = load(grad_hidden, at + j), load(grad_memory, at + j)
                zero = constant(dh, 0.0)
                if has_back:
                    dh = dh + load(back, at + j)
                if has_grad_steps:
                    dh = dh + load(grad_steps, at + j)
                if has_state and lengths[i] <= step:
                    store(new_grad_hidden, at + j, dh)
                    store(new_grad_memory, at + j, dc)
                    for gate in range(4):
                        store(target, gate * size + j, zero)
                    continue
                a, b = load(gates, j), load(gates, size + j)
                c, d = load(gates, 2 * size + j), load(gates, 3 * size + j)
                earlier = zero
                if has_state:
                    earlier = load(memory, at + j)
                of_memory = tanh(load(new_memory, at + j))
                grad_d = dh * of_memory * d * (1.0 - d)
                dc = dc + dh * d * (1.0 - of_memory * of_memory)
                if has_peepholes:
                    dc = dc + grad_d * load(weights, 2 * size + j)
                grad_a, grad_b = dc * c * a * (1.0 - a), dc * earlier * b * (1.0 - b)
                store(target, j, grad_a)
                store(target, size + j, grad_b)
                store(target, 2 * size + j, dc * a * (1.0 - c * c))
                store(target, 3 * size + j, grad_d)
                dc = dc * b
                if has_peepholes:
                    dc = dc + grad_a * load(weights, j) + grad_b * load(weights, size + j)
                store(new_grad_hidden, at + j, zero)
                store(new_grad_memory, at + j, dc)


def kernels_of(cell: None) -> dict[str, Callable]:
    """Return the kernels of a step by name."""
    return {"forward": _update, "backward": _find_gradients}
