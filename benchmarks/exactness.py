"""Count the shapes for which results are not batch-invariant, in torch and sksequence.

In every case one row (or sequence) is computed in batches of several sizes, multiples of
eight, and several lengths; counted are the shapes for which not all results are bitwise
identical.

    python benchmarks/exactness.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import torch
from torch import Tensor, nn

from sksequence.nn import _exact

SIZES = (1, 2, 3, 4, 5, 7, 8, 10, 12, 16, 20, 32, 50, 64)
ROWS = (8, 16, 40, 256)


def differs(
    compute: Callable[[Tensor], Tensor], one: Tensor, extra: Iterable[int]
) -> bool:
    """Return whether the result for ``one`` (steps, channels) depends on the batch."""
    first = None
    for rows, more in product(ROWS, extra):
        batch = torch.zeros(rows, len(one) + more, one.shape[1])
        batch[:, : len(one)] = one
        result = compute(batch)
        first = result[0].clone() if first is None else first
        if (result != first).any():
            return True
    return False


def count(name: str, make: Callable[[int, int], tuple[Callable, Callable]]) -> None:
    """Count the shapes with different results, in torch and in sksequence."""
    generator = torch.Generator().manual_seed(0)
    bad = [0, 0]
    shapes = list(product(SIZES, SIZES))
    for n_inputs, n_outputs in shapes:
        one = torch.randn(23, n_inputs, generator=generator)
        for i, compute in enumerate(make(n_inputs, n_outputs)):
            bad[i] += differs(compute, one, (0, 3, 40))
    cells = [name, *(f"{one} of {len(shapes)}" for one in bad)]
    print("|", " | ".join(cells), "|", flush=True)


def of_linear(n_inputs: int, n_outputs: int) -> tuple[Callable, Callable]:
    """A linear layer on the last step."""
    layer = nn.Linear(n_inputs, n_outputs)
    return lambda x: layer(x[:, 22]), lambda x: _exact.linear(layer, x[:, 22])


def of_cell(build: type[nn.RNNBase]) -> Callable[[int, int], tuple[Callable, Callable]]:
    """The state of a recurrent layer at the last step."""

    def make(n_inputs: int, n_outputs: int) -> tuple[Callable, Callable]:
        layer = build(n_inputs, n_outputs, batch_first=True)
        return (
            lambda x: layer(x)[0][:, 22],
            lambda x: _exact.recurrence(layer, x)[0][:, 22],
        )

    return make


def of_convolution(kernel: int) -> Callable[[int, int], tuple[Callable, Callable]]:
    """The outputs of a convolution within the sequence."""

    def make(n_inputs: int, n_outputs: int) -> tuple[Callable, Callable]:
        layer = nn.Conv1d(n_inputs, n_outputs, kernel, bias=False)
        return (
            lambda x: layer(x.mT)[..., : 24 - kernel],
            lambda x: _exact.convolution(layer, x.mT)[..., : 24 - kernel],
        )

    return make


def of_frame_convolution(kernel: int) -> Callable[[int, int], tuple[Callable, Callable]]:
    """A convolution of frames: sixteen steps are used as a frame of 4 x 4."""

    def make(n_inputs: int, n_outputs: int) -> tuple[Callable, Callable]:
        layer = nn.Conv2d(n_inputs, n_outputs, kernel, padding=kernel // 2)
        return (
            lambda x: layer(x[:, :16].mT.unflatten(2, (4, 4))),
            lambda x: _exact.frame_convolution(layer, x[:, :16].mT.unflatten(2, (4, 4))),
        )

    return make


def of_sum(n_inputs: int, n_outputs: int) -> tuple[Callable, Callable]:
    """A sum over the steps."""
    return lambda x: x.sum(1), _exact.sum_steps


def main() -> None:
    """Print a Markdown table."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("| computation | torch differs | sksequence differs |")
    print("| --- | --- | --- |")
    with torch.inference_mode():
        count("linear", of_linear)
        for build in (nn.RNN, nn.GRU, nn.LSTM):
            count(build.__name__, of_cell(build))
        for kernel in (1, 2, 5):
            count(f"convolution, kernel {kernel}", of_convolution(kernel))
        for kernel in (1, 3):
            count(f"frame convolution, kernel {kernel}", of_frame_convolution(kernel))
        count("sum over time", of_sum)


if __name__ == "__main__":
    main()
