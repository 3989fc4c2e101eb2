"""Linear-chain conditional random field: tags that depend on one another."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ._random import RandomLayer
from ._time import check_batch

# Less than the probability of any tag: its logarithm is finite, and has a gradient.
_LEAST = 1e-300


class LinearChain(RandomLayer):
    r"""Linear-chain conditional random field on the scores of tags.

    .. math:: \log p(y | x) = a_{y_1} + \sum_t s_{t, y_t} + \sum_{t > 1} T_{y_{t-1}, y_t}
        + b_{y_n} - \log Z(s)

    The partition function Z sums over all sequences of tags, exactly, by one product of
    matrices for each step. The learnt scores of transitions T, of the first tag a and of
    the last b begin at zero, where it is a softmax at each step. Computes in double
    precision.

    Parameters
    ----------
    n_tags : int
        Number of tags.

    Shape
    -----
    - Input: scores ``(batch, steps, n_tags)``, lengths ``(batch,)`` or None
    - Output: the logarithm of the partition function ``(batch,)``

    References
    ----------
    Lafferty, McCallum and Pereira (2001), Conditional random fields: probabilistic models
    for segmenting and labeling sequence data. ICML.

    Examples
    --------
    >>> chain = LinearChain(3)
    >>> chain(torch.zeros(1, 4, 3)).exp().round()
    tensor([81.], dtype=torch.float64, grad_fn=<RoundBackward0>)
    """

    def __init__(self, n_tags: int) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(n_tags, n_tags))
        self.start = nn.Parameter(torch.zeros(n_tags))
        self.end = nn.Parameter(torch.zeros(n_tags))

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Set all scores to zero; nothing is drawn."""
        for scores in self.parameters():
            nn.init.zeros_(scores)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, legal: Tensor | None = None
    ) -> Tensor:
        """Return the logarithm of the partition function.

        With ``legal``, bool (n_tags + 1, n_tags + 1), only over sequences whose tags may
        follow one another: the last row is for the first tag, the last column for the
        last one.
        """
        check_batch(x, lengths)
        transitions, start, end = self._scores(legal)
        largest = transitions.detach().amax()
        matrix = (transitions - largest).exp()
        logs = x[:, 0].double() + start
        for t in range(1, x.shape[1]):
            top = logs.detach().amax(1, keepdim=True)
            likely = (logs - top).exp() @ matrix
            ahead = likely.clamp_min(_LEAST).log() + (top + largest) + x[:, t].double()
            if lengths is not None:
                ahead = torch.where((lengths > t)[:, None], ahead, logs)
            logs = ahead
        return (logs + end).logsumexp(1)

    def log_likelihood(
        self,
        x: Tensor,
        tags: Tensor,
        lengths: Tensor | None = None,
        given: Tensor | None = None,
        legal: Tensor | None = None,
    ) -> Tensor:
        """Return the log-likelihood of the tags of each sequence.

        Parameters
        ----------
        x : Tensor of shape (batch, steps, n_tags)
            Scores.
        tags : Tensor of shape (batch, steps)
            Indices of tags, of int64.
        lengths : Tensor of shape (batch,) or None
            Numbers of steps.
        given : Tensor of shape (batch, steps) or None
            Whether each tag is known: the likelihood is the sum over all tags of the
            steps where it is not. None if all are.
        legal : Tensor or None
            As in ``forward``.

        Returns
        -------
        Tensor of shape (batch,)
            At most zero; of double precision.
        """
        partition = self(x, lengths, legal)
        if given is None:
            return self._path(x, tags, lengths) - partition
        others = torch.ones_like(x, dtype=torch.bool).scatter_(2, tags[..., None], False)
        known = x.double().masked_fill(others & given[..., None], -torch.inf)
        return self(known, lengths, legal) - partition

    def _path(self, x: Tensor, tags: Tensor, lengths: Tensor | None) -> Tensor:
        """Return the score of one sequence of tags each (batch,)."""
        of_steps = x.gather(2, tags[..., None])[..., 0].double()
        of_pairs = self.transitions.double()[tags[:, :-1], tags[:, 1:]]
        if lengths is None:
            last = tags[:, -1]
        else:
            last = tags.gather(1, lengths.long()[:, None] - 1)[:, 0]
            inside = torch.arange(tags.shape[1], device=x.device) < lengths[:, None]
            of_steps = of_steps.where(inside, 0.0)
            of_pairs = of_pairs.where(inside[:, 1:], 0.0)
        outer = self.start.double()[tags[:, 0]] + self.end.double()[last]
        return of_steps.sum(1) + of_pairs.sum(1) + outer

    def _scores(self, legal: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return all scores in double precision, -inf for what is not legal."""
        transitions, start, end = (
            scores.double() for scores in (self.transitions, self.start, self.end)
        )
        if legal is None:
            return transitions, start, end
        return (
            transitions.masked_fill(~legal[:-1, :-1], -torch.inf),
            start.masked_fill(~legal[-1, :-1], -torch.inf),
            end.masked_fill(~legal[:-1, -1], -torch.inf),
        )
