"""The most likely tags, and the probabilities of each, in a linear chain of steps."""

from __future__ import annotations

import numpy as np

# Scores of pairs of tags that are held at once: two megabytes, which fit into a cache.
_PAIRS = 2**18


class LinearChain:
    r"""Linear-chain conditional random field of fitted scores.

    .. math:: p(y | x) \propto \exp \Bigl( a_{y_1} + \sum_t s_{t, y_t} + \sum_{t > 1}
        T_{y_{t-1}, y_t} + b_{y_n} \Bigr)

    Answers do not depend, to the bit, on the other sequences: every number is computed
    from those of its own sequence, in the same order. All is in double precision.

    Parameters
    ----------
    transitions : ndarray of shape (n_tags, n_tags)
        Score of each pair of tags that follow one another, -inf if none may.
    start, end : ndarray of shape (n_tags,)
        Score of each tag at the first and at the last step.

    References
    ----------
    Lafferty, McCallum and Pereira (2001), Conditional random fields: probabilistic models
    for segmenting and labeling sequence data. ICML.
    """

    def __init__(
        self, transitions: np.ndarray, start: np.ndarray, end: np.ndarray
    ) -> None:
        self.transitions, self.start, self.end = transitions, start, end

    def decode(self, scores: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the most likely tags, by the algorithm of Viterbi (1967).

        Of equally likely ones, the tag with the lowest index at the last step, then at
        the step before it, and so on.

        Parameters
        ----------
        scores : ndarray of shape (n_steps_in_all, n_tags)
            Score of each tag at each step, sequence after sequence.
        lengths : ndarray of shape (n_sequences,)
            Number of steps of each sequence.

        Returns
        -------
        ndarray of shape (n_steps_in_all,)
            Indices of tags.
        """
        scores = scores.astype(np.float64)
        codes = np.empty(len(scores), dtype=np.int64)
        into = np.ascontiguousarray(self.transitions.T)
        for steps in _in_parts(lengths, max(1, _PAIRS // into.size)):
            best = scores[steps[0]] + self.start
            came: list[np.ndarray] = []
            for rows in steps[1:]:
                ways = best[: len(rows), None] + into
                came.append(ways.argmax(axis=2))
                likely = np.take_along_axis(ways, came[-1][:, :, None], 2)[:, :, 0]
                best[: len(rows)] = likely + scores[rows]
            now = (best + self.end).argmax(axis=1)
            for rows, from_tag in zip(steps[:0:-1], came[::-1], strict=True):
                n = len(rows)
                codes[rows] = now[:n]
                now[:n] = from_tag[np.arange(n), now[:n]]
            codes[steps[0]] = now
        return codes

    def log_marginals(self, scores: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the logarithm of the probability of each tag at each step.

        Parameters
        ----------
        scores, lengths
            As in ``decode``.

        Returns
        -------
        ndarray of shape (n_steps_in_all, n_tags)
        """
        scores = scores.astype(np.float64)
        both = np.empty_like(scores)
        with np.errstate(divide="ignore"):
            for steps in _in_parts(lengths, 256):
                self._pass_messages(scores, steps, both)
            return both - _log_sum(both)

    def _pass_messages(
        self, scores: np.ndarray, steps: list[np.ndarray], both: np.ndarray
    ) -> None:
        """Write the sum of the messages from both sides, the logarithms of sums."""
        ahead = scores[steps[0]] + self.start
        both[steps[0]] = ahead
        for rows in steps[1:]:
            n = len(rows)
            ahead[:n] = _log_product(ahead[:n], self.transitions) + scores[rows]
            both[rows] = ahead[:n]
        back = np.tile(self.end, (len(steps[0]), 1))
        backward = self.transitions.T
        for before, rows in zip(steps[-2::-1], steps[:0:-1], strict=True):
            n = len(rows)
            both[rows] += back[:n]
            back[:n] = _log_product(back[:n] + scores[rows], backward)
            assert len(before) >= n, "the longest sequences come first"
        both[steps[0]] += back


def _in_parts(lengths: np.ndarray, size: int) -> list[list[np.ndarray]]:
    """Return the rows of each step, of at most ``size`` sequences together.

    The longest sequences come first, so that those with a step stand in front of those
    that have ended.
    """
    starts = np.cumsum(lengths) - lengths
    order = np.argsort(-lengths, kind="stable")
    parts = []
    for begin in range(0, len(order), size):
        index = order[begin : begin + size]
        counts = [int((lengths[index] > t).sum()) for t in range(lengths[index[0]])]
        parts.append([starts[index[:n]] + t for t, n in enumerate(counts)])
    return parts


def _log_product(logs: np.ndarray, log_matrix: np.ndarray) -> np.ndarray:
    """Return log(exp(logs) @ exp(log_matrix)), row by row.

    Sums are taken in order of the rows of the matrix: a product of matrices would add in
    another order for other numbers of rows.
    """
    top = np.maximum.reduce(logs, axis=1, keepdims=True)
    largest = log_matrix.max()
    likely, matrix = np.exp(logs - top), np.exp(log_matrix - largest)
    total = likely[:, :1] * matrix[0]
    for i in range(1, len(matrix)):
        total += likely[:, i : i + 1] * matrix[i]
    return np.log(total) + (top + largest)


def _log_sum(logs: np.ndarray) -> np.ndarray:
    """Return the logarithm of the sum of each row (n, 1), added in order."""
    top = np.maximum.reduce(logs, axis=1, keepdims=True)
    return top + np.log(np.add.accumulate(np.exp(logs - top), axis=1)[:, -1:])
