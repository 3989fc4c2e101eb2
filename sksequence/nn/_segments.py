"""Pool each of several parts of a sequence."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ._time import check_batch


def pool_segments(
    pool: nn.Module,
    n_segments: int,
    steps: Tensor,
    lengths: Tensor | None = None,
    final: Tensor | None = None,
) -> Tensor:
    """Pool each of the segments of every sequence, and concatenate what they give.

    A single segment is the whole sequence, for which alone there is a final state.

    Shape
        steps (batch, steps, size) -> (batch, n_segments * pooled size)
    """
    if n_segments == 1:
        return pool(steps, lengths, final)
    pooled = pool(*cut_segments(steps, lengths, n_segments))
    return pooled.unflatten(0, (len(steps), n_segments)).flatten(1)


def weigh_segments(
    pool: Any, n_segments: int, steps: Tensor, lengths: Tensor | None = None
) -> Tensor:
    """Return the attention weights of all steps; those of a segment add up to its share.

    A step that two segments share has the sum of both weights.

    Shape
        steps (batch, steps, size) -> (batch, steps)
    """
    if n_segments == 1:
        return pool.weights(steps, lengths)
    weights = pool.weights(*cut_segments(steps, lengths, n_segments)) / n_segments
    every = torch.arange(steps.shape[1], dtype=torch.float64, device=steps.device)
    places, _ = cut_segments(every.expand(len(steps), -1)[..., None], lengths, n_segments)
    at = places[..., 0].long().unflatten(0, (len(steps), n_segments)).flatten(1)
    own = weights.unflatten(0, (len(steps), n_segments)).flatten(1)
    return torch.zeros_like(steps[..., 0]).scatter_add(1, at, own)


def cut_segments(
    steps: Tensor, lengths: Tensor | None, n_segments: int
) -> tuple[Tensor, Tensor | None]:
    """Cut the valid steps of each sequence into segments, which are then a batch.

    As in torch's adaptive pooling, segment j of n is from step floor(j T / n) to before
    ceil((j + 1) T / n) of T: equal parts, which share a step if n does not divide T. None
    is empty, also of sequences that are shorter than n.

    Shape
        steps (batch, steps, size) -> (batch * n_segments, steps', size), and the lengths
        of the segments, None if there is no padding

    Examples
    --------
    >>> steps = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]])[..., None]
    >>> segments, lengths = cut_segments(steps, torch.tensor([5, 3]), 2)
    >>> [segment[:n, 0].tolist() for segment, n in zip(segments, lengths)]
    [[1, 2, 3], [3, 4, 5], [6, 7], [7, 8]]
    """
    check_batch(steps, lengths)
    n, n_steps, size = steps.shape
    if lengths is None and n_steps % n_segments == 0:
        return steps.reshape(n * n_segments, -1, size), None
    if lengths is None:
        lengths = torch.full((n,), n_steps, device=steps.device)
    number = torch.arange(n_segments, device=steps.device)
    begins = lengths[:, None] * number // n_segments
    ends = -(-lengths[:, None] * (number + 1) // n_segments)
    longest = min(-(-n_steps // n_segments) + 1, n_steps)
    within = begins[..., None] + torch.arange(longest, device=steps.device)
    first = n_steps * torch.arange(n, device=steps.device)
    rows = first[:, None, None] + within.clamp(max=n_steps - 1)
    # Rows of one axis are copied, and their gradients added, several times as fast.
    segments = steps.reshape(n * n_steps, size).index_select(0, rows.flatten())
    return segments.view(n * n_segments, longest, size), (ends - begins).flatten()
