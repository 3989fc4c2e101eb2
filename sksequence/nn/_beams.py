"""Beam search for the most probable labels that a decoder says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from . import _exact
from ._exact import State, map_state

# A product of matrices is batch-invariant with a multiple of eight rows.
_ROWS = 8

# From the codes of the last labels (sequences, beams), the states of all rows and what
# the decoder reads beside them, to outputs (sequences, beams, 1 + n_labels) and states.
Step = Callable[[Tensor, Any, Any], tuple[Tensor, Any]]


@dataclass
class _Beams:
    """The most probable beginnings of the answers for some sequences.

    Those of a sequence are in the order of their codes.

    Attributes
    ----------
    index : Tensor of shape (n,)
        Positions of the sequences. The last ones may be repeated, to fill up rows.
    codes : Tensor of shape (n, beam_size, max_length)
        Codes of their labels, from 1, zeros behind the last one.
    scores : Tensor of shape (n, beam_size)
        Logarithms of their probabilities; -inf for none.
    has_ended : Tensor of shape (n, beam_size)
        Whether the end has been said.
    """

    index: Tensor
    codes: Tensor
    scores: Tensor
    has_ended: Tensor

    @classmethod
    def empty(cls, n: int, beam_size: int, max_length: int, device: Any) -> _Beams:
        """Return beams that hold nothing but the empty beginning."""
        scores = torch.full(
            (n, beam_size), -torch.inf, dtype=torch.float64, device=device
        )
        scores[:, 0] = 0
        return cls(
            torch.arange(n, device=device),
            torch.zeros(n, beam_size, max_length, dtype=torch.int64, device=device),
            scores,
            torch.zeros(n, beam_size, dtype=torch.bool, device=device),
        )

    def grow(self, t: int, log_proba: Tensor) -> Tensor:
        """Append label t or the end to all of them; return whence each has grown.

        Shape
            log_proba (n, beam_size, 1 + n_labels) -> (n, beam_size)
        """
        n_labels = log_proba.shape[2] - 1
        is_over = t == self.codes.shape[2]
        # What has ended stays as it is, and what is as long as may be has to end.
        grown = self.scores[..., None] + log_proba
        stays = torch.where(self.has_ended, self.scores, grown[..., 0])
        grown[..., 0] = stays
        no_label = torch.ones_like(self.has_ended) if is_over else self.has_ended
        grown[..., 1:].masked_fill_(no_label[..., None], -torch.inf)
        chosen = _first_of_largest(grown.flatten(1), self.scores.shape[1])
        self.scores = grown.flatten(1).gather(1, chosen)
        parents, codes = chosen // (1 + n_labels), chosen % (1 + n_labels)
        self.codes = self.codes.gather(
            1, parents[..., None].expand(-1, -1, self.codes.shape[2])
        )
        if not is_over:
            self.codes[:, :, t] = codes
        self.has_ended = codes == 0
        return parents

    def are_settled(self, n_best: int) -> Tensor:
        """Return whether no answer can come among the best any more (n,).

        A probability only falls with each label.
        """
        ended = self.scores.masked_fill(~self.has_ended, -torch.inf)
        least = ended.topk(n_best).values[:, -1]
        going_on = self.scores.masked_fill(self.has_ended, -torch.inf).amax(1)
        return (going_on < least) | (going_on == -torch.inf)

    def best(self, n_best: int) -> tuple[Tensor, Tensor]:
        """Return codes and scores, best first; of equal ones in the order of codes."""
        scores, order = self.scores.sort(dim=1, descending=True, stable=True)
        order = order[:, :n_best, None].expand(-1, -1, self.codes.shape[2])
        return self.codes.gather(1, order), scores[:, :n_best]

    def take(self, rows: Tensor) -> _Beams:
        """Return those of some sequences."""
        parts = (self.index, self.codes, self.scores, self.has_ended)
        return _Beams(*(part[rows] for part in parts))


def search(
    step: Step,
    states: Sequence[State],
    beside: Sequence[Tensor | None],
    *,
    beam_size: int,
    max_length: int,
    n_best: int,
) -> tuple[Tensor, Tensor]:
    """Return the most probable labels of each sequence that a beam search finds.

    The beam holds the ``beam_size`` most probable beginnings, and answers that have
    ended, by their whole probability; of equally probable ones the first in the order of
    their codes. What it finds for a sequence does not depend on the others.

    Parameters
    ----------
    step : callable
        One step of the decoder.
    states : sequence of State
        Initial states of its layers, each (1, n, size).
    beside : sequence of Tensor or None
        What else it reads, one row per sequence.
    beam_size : int
        Number of beginnings.
    max_length : int
        Maximum number of labels.
    n_best : int
        Number of answers, at most ``beam_size``.

    Returns
    -------
    codes : Tensor of shape (n, n_best, max_length)
        Codes of their labels, from 1, zeros behind the last one.
    scores : Tensor of shape (n, n_best)
        Logarithms of their probabilities; -inf if there is no such answer.
    """
    first = states[0] if isinstance(states[0], Tensor) else states[0][0]
    n = first.shape[1]
    beams = _Beams.empty(n, beam_size, max_length, first.device)
    all_codes, all_scores = beams.best(n_best)
    states = _at(
        states, torch.arange(n, device=first.device).repeat_interleave(beam_size)
    )
    for t in range(max_length + 1):
        last = beams.codes[:, :, t - 1] if t else beams.codes.new_zeros(n, beam_size)
        outputs, states = step(last, states, beside)
        parents = beams.grow(t, _exact.log_softmax(outputs))
        begins = beam_size * torch.arange(len(parents), device=parents.device)
        rows = (begins[:, None] + parents).flatten()
        is_settled = beams.are_settled(n_best)
        left = (~is_settled).nonzero().flatten()
        n = -(-len(left) // _ROWS) * _ROWS
        if not len(left) or n <= len(parents) * 3 // 4:
            codes, scores = beams.best(n_best)
            all_codes[beams.index], all_scores[beams.index] = codes, scores
            if not len(left):
                break
            kept = left[torch.arange(n, device=left.device).clamp_(max=len(left) - 1)]
            beams, beside = (
                beams.take(kept),
                [x if x is None else x[kept] for x in beside],
            )
            rows = rows.view(-1, beam_size)[kept].flatten()
        states = _at(states, rows)
    return all_codes, all_scores


def _at(states: Sequence[State], rows: Tensor) -> list[State]:
    return [map_state(lambda part: part[:, rows], state) for state in states]


def _first_of_largest(values: Tensor, n: int) -> Tensor:
    """Return where the n largest values of each row are; of equal ones the first.

    Shape
        values (rows, columns) -> (rows, n), ascending
    """
    least = values.topk(n).values[:, -1:]
    above, equal = values > least, values == least
    places = n - above.sum(1, keepdim=True)
    chosen = above | (equal & (equal.cumsum(1) <= places))
    return chosen.nonzero()[:, 1].view(len(values), n)
