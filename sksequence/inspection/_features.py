"""Features of sequences that cheap models learn from."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils import check_random_state

from .._inputs.types import RandomState
from ._reading import NUMBERS, TOKENS, SequenceFeatures


class Summaries(SequenceFeatures):
    """Summary statistics of each channel, and the length."""

    def _describe(self, x: np.ndarray) -> np.ndarray:
        n_steps = len(x)
        time = np.arange(n_steps) - (n_steps - 1) / 2
        trend = time @ x / max(time @ time, 1.0)
        moves = np.abs(np.diff(x, axis=0)).mean(axis=0) if n_steps > 1 else 0 * x[0]
        parts = [x.mean(0), x.std(0), x.min(0), x.max(0), x[0], x[-1], trend, moves]
        return np.concatenate([*parts, [np.log(n_steps)]])


class TokenCounts(SequenceFeatures):
    """Counts of tokens and of pairs of neighbours, weighted by how rare they are."""

    def _learn(self, sequences: list[np.ndarray]) -> None:
        self._vectorizer = TfidfVectorizer(analyzer=_tokens_and_pairs, sublinear_tf=True)
        self._vectorizer.fit(sequences)

    def _table(self, sequences: list[np.ndarray], static: np.ndarray) -> Any:
        return sparse.hstack([self._vectorizer.transform(sequences), static]).tocsr()


def _tokens_and_pairs(x: np.ndarray) -> list[Any]:
    """Return the features that a sequence of ids (n_steps, 1) has.

    Examples
    --------
    >>> _tokens_and_pairs(np.array([[3.0], [5.0], [3.0]]))
    ['3', '5', '3', '3 5', '5 3']
    """
    ids = [str(int(token)) for token in x[:, 0]]
    return [*ids, *(f"{one} {other}" for one, other in pairwise(ids))]


class PaddedSteps(SequenceFeatures):
    """All steps, standardised by channel, with zeros up to the longest of the fit."""

    def _learn(self, sequences: list[np.ndarray]) -> None:
        self._longest = max(map(len, sequences))
        self._mean, self._scale = mean_and_scale(sequences)

    def _describe(self, x: np.ndarray) -> np.ndarray:
        padded = np.zeros((self._longest, x.shape[1]), dtype=np.float32)
        x = x[: self._longest]
        padded[: len(x)] = (x - self._mean) / self._scale
        return padded.ravel()


class RandomConvolutions(SequenceFeatures):
    """Shares of steps at which random convolutions exceed a bias.

    The kernels are those of MiniRocket (Dempster, Schmidt and Webb, 2021): all 84 of
    length 9 with three weights of 2 and six of -1, at dilations up to the length of the
    sequences, each on some channels. The biases are quantiles of their outputs on some of
    the training sequences.

    Parameters
    ----------
    n_features : int, default=2520
        About how many features.
    random_state : int, RandomState instance or None, default=None
        Draws channels, and sequences for the biases.
    """

    def __init__(
        self,
        reads: str = NUMBERS,
        channels_first: bool = False,
        n_features: int = 2520,
        random_state: RandomState = None,
    ) -> None:
        super().__init__(reads, channels_first)
        self.n_features = n_features
        self.random_state = random_state

    def _learn(self, sequences: list[np.ndarray]) -> None:
        rng = check_random_state(self.random_state)
        if self.reads == TOKENS:
            self._n_tokens = 1 + int(max(x.max() for x in sequences))
            if self._n_tokens > _MOST_TOKENS:
                raise ValueError(
                    f"it reads up to {_MOST_TOKENS} tokens, got {self._n_tokens}"
                )
        sequences = [self._channels_of(x) for x in sequences]
        self._mean, self._scale = mean_and_scale(sequences)
        n_channels = sequences[0].shape[1]
        reach = (np.median([*map(len, sequences)]) - 1) / (_LENGTH - 1)
        n_dilations = int(np.log2(max(reach, 1))) + 1
        per_kernel = max(1, round(self.n_features / (len(_KERNELS) * n_dilations)))
        levels = (np.arange(per_kernel) + 0.5) / per_kernel
        chosen = rng.choice(len(sequences), min(len(sequences), 20), replace=False)
        self._banks = []
        for dilation in (2**k for k in range(n_dilations)):
            weights = _on_some_channels(n_channels, rng)
            outputs = [self._convolve(sequences[i], weights, dilation) for i in chosen]
            biases = np.quantile(np.concatenate(outputs, axis=1), levels, axis=1).T
            self._banks.append((dilation, weights, biases))

    def _channels_of(self, x: np.ndarray) -> np.ndarray:
        """Return a sequence with a channel for each token, if it is one of tokens."""
        if self.reads != TOKENS:
            return x
        return (x == np.arange(self._n_tokens)).astype(np.float64)

    def _convolve(self, x: np.ndarray, weights: np.ndarray, dilation: int) -> np.ndarray:
        """Return the outputs of all kernels, (n_kernels, n_steps)."""
        margin = dilation * (_LENGTH // 2)
        padded = np.pad((x - self._mean) / self._scale, ((margin, margin), (0, 0)))
        windows = [padded[k * dilation :][: len(x)] for k in range(_LENGTH)]
        by_weight = np.stack(windows, axis=2).reshape(len(x), -1).T
        # Not by BLAS, whose threads take longer to meet than the product itself.
        return np.einsum("kj,jt->kt", weights, np.ascontiguousarray(by_weight))

    def _describe(self, x: np.ndarray) -> np.ndarray:
        shares, x = [], self._channels_of(x)
        for dilation, weights, biases in self._banks:
            outputs = self._convolve(x, weights, dilation)
            above = outputs[:, None, :] > biases[:, :, None]
            shares.append(np.count_nonzero(above, axis=2).ravel() / len(x))
        return np.concatenate(shares)


_LENGTH = 9
_MOST_TOKENS = 64
_KERNELS = np.full((84, _LENGTH), -1.0)
for _kernel, _places in zip(_KERNELS, combinations(range(_LENGTH), 3), strict=True):
    _kernel[list(_places)] = 2.0


def _on_some_channels(n_channels: int, rng: np.random.RandomState) -> np.ndarray:
    """Return the kernels, each on random channels: (n_kernels, n_channels * length).

    Their number is one for half of the kernels, two for a quarter, and so on.
    """
    numbers = np.minimum(rng.geometric(0.5, size=len(_KERNELS)), n_channels)
    order = rng.uniform(size=(len(_KERNELS), n_channels)).argsort(axis=1)
    reads = order.argsort(axis=1) < numbers[:, None]
    return (reads[:, :, None] * _KERNELS[:, None, :]).reshape(len(_KERNELS), -1)


def mean_and_scale(sequences: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each channel, one if it is constant."""
    steps = np.concatenate(sequences)
    spread = steps.std(axis=0)
    return steps.mean(axis=0), np.where(spread > 0, spread, 1.0)


class LastValue(RegressorMixin, BaseEstimator):
    """Predict, for each target, the last value of the channel that is nearest to it.

    Parameters
    ----------
    reads, channels_first
        As of :class:`SequenceFeatures`.
    """

    def __init__(self, reads: str = NUMBERS, channels_first: bool = False) -> None:
        self.reads = reads
        self.channels_first = channels_first

    def fit(self, X: Any, y: Any) -> LastValue:
        self._reader = _LastSteps(self.reads, self.channels_first)
        last, targets = self._reader.fit_transform(X), np.asarray(y, dtype=np.float64)
        self._is_many = targets.ndim > 1
        columns = targets.reshape(len(targets), -1)
        errors = (last[:, :, None] - columns[:, None, :]) ** 2
        self._channels = np.nanmean(errors, axis=0).argmin(axis=0)
        self.is_fitted_ = True
        return self

    def predict(self, X: Any) -> np.ndarray:
        values = self._reader.transform(X)[:, self._channels]
        return values if self._is_many else values[:, 0]


class _LastSteps(SequenceFeatures):
    def _describe(self, x: np.ndarray) -> np.ndarray:
        return x[-1]
