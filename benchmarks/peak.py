"""The processor's fused multiply-adds per second, as many as one thread can make."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable

import numpy as np
from numba import cfunc, types

from sksequence._kernels.simd import fma, lanes_of, load, store

_N, _TIMES = 20_000, 500


def _multiply_add(a, n):
    vector = lanes_of(a)
    x = load(a, 0)
    s = x
    t, u, v, w = x, x, x, x
    p, q, r = x, x, x
    h, i, j, k = x, x, x, x
    for _ in range(n):
        s, t, u, v = fma(x, x, s), fma(x, x, t), fma(x, x, u), fma(x, x, v)
        w, p, q, r = fma(x, x, w), fma(x, x, p), fma(x, x, q), fma(x, x, r)
        h, i, j, k = fma(x, x, h), fma(x, x, i), fma(x, x, j), fma(x, x, k)
    store(a, vector, s + t + u + v + w + p + q + r + h + i + j + k)


def fused_multiply_adds() -> float:
    """Return how many numbers of 32 bits a second, by the fastest of many short runs."""
    memory = np.zeros(64, np.float32)
    kernel = cfunc(types.void(types.CPointer(types.float32), types.int64))(_multiply_add)
    call: Callable = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)(
        kernel.address
    )
    best = np.inf
    for _ in range(_TIMES):
        start = time.perf_counter()
        call(memory.ctypes.data, _N)
        best = min(best, time.perf_counter() - start)
    return _N * 12 * 16 / best


if __name__ == "__main__":
    print(f"{fused_multiply_adds() / 1e9:.1f} thousand million a second")
