"""A fitted network: reading, convolution, recurrence, pooling and head."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._cells import find_cell
from ._cell import FittedCell
from ._decoder import Decoder
from ._layers import Layer, make_layers, run_layers
from ._pooling import POOLINGS, LastPooling, MeanPooling, Pool, pool_segments
from ._random import RandomConvolutions
from ._reading import Reading
from ._recurrence import last_steps, run_whole
from ._time import last_n_steps, reverse_steps
from ._weights import below

MERGES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "concat": lambda ahead, back: np.concatenate([ahead, back], axis=-1),
    "sum": np.add,
    "mean": lambda ahead, back: (ahead + back) / 2,
    "mul": np.multiply,
}


class Network:
    """The layers of a network, run over padded sequences.

    Parameters
    ----------
    settings : dict
        Keywords of :class:`sksequence.nn.SequenceNetwork`.
    weights : dict of ndarray
        Its weights, by torch's names.
    reading : Reading
        How inputs are read.
    """

    has_residual = False  # of networks pickled by earlier versions
    decoder_steps = 0
    per_frame = False
    n_segments = branch_stride = 1
    decoder: Decoder | None = None
    random: RandomConvolutions | None = None

    def __init__(
        self, settings: dict[str, Any], weights: dict[str, np.ndarray], reading: Reading
    ) -> None:
        self.reading = reading
        self.causal = not settings["bidirectional"]
        self.merge_mode = settings["merge_mode"]
        self.per_step = settings["per_step"]
        self.per_frame = settings.get("per_frame", False)
        self.decoder_steps = settings.get("decoder_steps", 0)
        self.encoder = self._layers("conv", settings, below("encoder", weights))
        branch = below("branch.encoder", weights)
        self.branch = self._layers("parallel", settings, branch)
        self.branch_stride = math.prod(layer.stride for layer in self.branch)
        self.stride = int(np.prod([layer.stride for layer in self.encoder], dtype=int))
        self.has_residual = settings.get("residual", False)
        self.layers = [
            _fit_cells(settings, below(f"recurrence.layers.{i}", weights))
            for i in range(settings["num_layers"])
        ]
        doubled = not self.causal and settings["merge_mode"] == "concat"
        self.size = self.layers[-1][0].hidden * (2 if doubled else 1)
        answers_often = self.per_step or self.per_frame or self.decoder_steps
        self.pooling = "last" if answers_often else settings["pooling"]
        if not answers_often:
            self.n_segments = settings.get("pooling_segments", 1)
        if own := below("random", weights):
            dilations = settings["random_dilations"]
            self.random = RandomConvolutions(own, dilations, self.causal)
        self.attention = below("pool", weights)
        self.join = _matrix(below("join.linear", weights))
        self.head = _matrix(below("head", weights))
        if n_layers := settings.get("decoder_layers", 0):
            own = below("decoder", weights)
            cells = [
                _fit_cells(settings, below(f"layers.{i}", own)) for i in range(n_layers)
            ]
            self.decoder = Decoder([one for (one,) in cells], own, self.has_residual)

    def _layers(
        self, kind: str, settings: dict[str, Any], weights: dict[str, np.ndarray]
    ) -> list[Layer]:
        """Return the convolutions before or parallel to the recurrence."""
        n = len(settings[f"{kind}_channels"])
        strides, dilations = (
            value if isinstance(value, Sequence) else [value] * n
            for value in (
                settings.get(f"{kind}_stride", 1),
                settings.get(f"{kind}_dilation", 1),
            )
        )
        residual = settings.get(f"{kind}_residual")
        return make_layers(weights, strides[:n], self.causal, dilations, residual)

    @property
    def block(self) -> int:
        """How many steps complete a block of all strides that an answer waits for."""
        if self.per_step or self.per_frame:
            return self.stride if self.per_frame else 1
        return math.lcm(self.stride, self.branch_stride)

    def make_pools(self, n: int) -> list[Pool]:
        """Return the pooling of the recurrence, and of the branch if there is one."""
        dtype = self.reading.dtype
        pools = [POOLINGS[self.pooling](n, self.size, dtype, **self.attention)]
        if self.branch:
            kind = LastPooling if self.per_step or self.per_frame else MeanPooling
            pools.append(kind(n, self.branch[-1].size, dtype))
        return pools

    def represent(self, x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Represent padded sequences (n, n_steps, n_channels), or each of their steps.

        With ``decoder_steps``, each of so many last steps; with ``per_frame`` each frame,
        of which strides leave one for a block of steps.
        """
        read, steps, left, final, beside, whole = self._run(x, lengths)
        if self.per_frame:
            return self._frames(steps, beside, lengths)
        if self.per_step or self.decoder_steps:
            parts = [
                self._spread(steps, self.stride, x.shape[1]),
                self._spread(beside, self.branch_stride, x.shape[1]),
            ]
            every = np.concatenate(parts[: 1 + bool(self.branch)], axis=2)
            if self.decoder_steps:
                return last_n_steps(every, lengths, self.decoder_steps)
            return every
        return self._pool(read, lengths, steps, left, final, beside, whole)

    def translate(
        self,
        x: np.ndarray,
        lengths: np.ndarray,
        static: np.ndarray | None,
        max_length: int,
    ) -> np.ndarray:
        """Return the codes of the labels that a decoder says (n, max_length)."""
        assert self.decoder is not None, "only a network with a decoder translates"
        read, steps, left, final, beside, whole = self._run(x, lengths)
        pooled = self._pool(read, lengths, steps, left, final, beside, whole)
        start = np.tanh(self.output(pooled, static))
        memory = self._frames(steps, beside, lengths)
        return self.decoder.answer(start, memory, left, max_length)

    def _run(self, x: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return what layers read, the steps of the recurrence, their number, the final
        state, the steps of the branch, and their number.
        """
        read, since = self._read(x)
        steps, left, elapsed = read, lengths, [since]
        if since is not None and not self.causal:
            # Read backward, the time until the next observation is that since the last.
            backward = reverse_steps(x, lengths)
            if self.reading.time_channel is not None:
                backward[..., self.reading.time_channel] *= -1
            elapsed.append(self._read(backward)[1])
        steps, left = run_layers(self.encoder, steps, left)
        steps, final = self._recur(steps, left, elapsed)
        beside, whole = run_layers(self.branch, read, lengths)
        return read, steps, left, final, beside, whole

    def _pool(
        self,
        read: np.ndarray,
        lengths: np.ndarray,
        steps: np.ndarray,
        left: np.ndarray,
        final: np.ndarray,
        beside: np.ndarray,
        whole: np.ndarray,
    ) -> np.ndarray:
        """Pool the recurrence, and the branch and random convolutions, if there are."""
        k = self.n_segments
        pools = self.make_pools(k * len(steps))
        at_end = self.pooling == "last"
        parts = [final if at_end else pool_segments(pools[0], steps, left, k)]
        parts += [pool_segments(pool, beside, whole, k) for pool in pools[1:]]
        if self.random is not None:
            parts.append(self.random(read, lengths))
        return np.concatenate(parts, axis=1)

    def _recur(
        self, steps: np.ndarray, lengths: np.ndarray, elapsed: list[np.ndarray | None]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run the recurrent layers; return every step and the final state."""
        final = np.empty(0)
        for level, cells in enumerate(self.layers):
            below = steps
            (steps, final), *back = (
                run_whole(cell, below, lengths, elapsed[-1 if i else 0], reverse=bool(i))
                for i, cell in enumerate(cells)
            )
            if back:
                merge, (back_steps, first) = MERGES[self.merge_mode], back[0]
                steps, final = merge(steps, back_steps), merge(final, first)
            if level and self.has_residual:
                steps, final = steps + below, final + last_steps(below, lengths)
        return steps, final

    def _read(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the input of the first layer for all steps, and times for the decay."""
        reader = self.reading.start(len(x))
        read, since = [], []
        for t in range(x.shape[1]):
            step, elapsed = reader.step(x[:, t])
            read.append(step.copy())
            if elapsed is not None:
                since.append(elapsed)
        decays = self.layers[0][0].decay is not None
        return np.stack(read, 1), np.stack(since, 1) if decays else None

    def _spread(self, steps: np.ndarray, stride: int, n_steps: int) -> np.ndarray:
        """Repeat strided states, so that there is one for each step of the input."""
        late = stride - 1 if self.causal else 0
        covered = np.pad(steps.repeat(stride, 1), ((0, 0), (late, 0), (0, 0)))
        return covered[:, :n_steps]

    def count_answers(self, lengths: np.ndarray) -> np.ndarray:
        """Return the number of answers for each sequence, (n,)."""
        if self.per_step:
            return lengths
        return -(-lengths // self.stride) if self.per_frame else np.ones_like(lengths)

    def _frames(
        self, steps: np.ndarray, beside: np.ndarray, lengths: np.ndarray
    ) -> np.ndarray:
        """Append to each frame the output of the branch at the last step of its block."""
        if not self.branch:
            return steps
        beside = self._spread(beside, self.branch_stride, lengths.max())
        last = np.arange(self.stride - 1, self.stride * steps.shape[1], self.stride)
        at = np.minimum(last, lengths[:, None] - 1)[..., None]
        return np.concatenate([steps, np.take_along_axis(beside, at, axis=1)], axis=2)

    def output(self, representation: np.ndarray, static: np.ndarray | None) -> np.ndarray:
        """Return raw outputs (..., n_outputs)."""
        if static is not None:
            both = np.concatenate([representation, static], axis=-1)
            matrix, bias = self.join
            hidden = both @ matrix + bias
            representation = np.concatenate([both, np.maximum(hidden, 0)], axis=-1)
        matrix, bias = self.head
        return representation.dot(matrix) + bias


def _fit_cells(
    settings: dict[str, Any], weights: dict[str, np.ndarray]
) -> list[FittedCell]:
    """Return the one or two directions of a recurrent layer."""
    cell = find_cell(settings["cell"], settings.get("nonlinearity", "tanh"))
    return [
        FittedCell(cell, own, below(f"fades.{i}.linear", weights))
        for i, direction in enumerate(("ahead", "back"))
        if (own := below(direction, weights))
    ]


def _matrix(linear: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    """Return the transposed weights and the bias of a linear layer, if there is one."""
    return (linear["weight"].T.copy(), linear["bias"]) if linear else ()
