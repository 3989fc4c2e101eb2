"""What a network reads, as arrays of numbers without gaps, for simpler models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags

from .._inputs import (
    FRAMES,
    STEPS,
    Form,
    Texts,
    check_sequences,
    code_items,
    last_of,
    split_static,
)

NUMBERS, TOKENS, IMAGES = "numbers", "tokens", "frames"


def network_of(estimator: Any) -> Any:
    """Return the network at the end of a Pipeline, or within a search or an ensemble."""
    last = last_of(estimator)
    for name in ("estimator", "regressor"):
        if (inner := getattr(last, name, None)) is not None:
            return network_of(inner)
    return last


def reading_of(network: Any) -> dict[str, Any]:
    """Return the hyperparameters of :class:`SequenceFeatures` for a network."""
    reads = NUMBERS
    if getattr(network, "embedding_dim", None) is not None:
        reads = TOKENS
    elif hasattr(network, "patch_size"):
        reads = IMAGES
    is_first = getattr(network, "data_format", None) == "channels_first"
    return {"reads": reads, "channels_first": is_first}


class SequenceFeatures(TransformerMixin, BaseEstimator):
    """Base of transformers from sequences to a table of features.

    Static covariates are further columns. A channel of text becomes a channel of zeros
    and ones for each of its levels; tokens are one channel of ids.

    Parameters
    ----------
    reads : {"numbers", "tokens", "frames"}, default="numbers"
        What a step is.
    channels_first : bool, default=False
        Whether multivariate sequences are (n_channels, n_steps).
    """

    _form: Form
    _texts: Texts
    _static_texts: Texts

    def __init__(self, reads: str = NUMBERS, channels_first: bool = False) -> None:
        self.reads = reads
        self.channels_first = channels_first

    def fit(self, X: Any, y: Any = None) -> SequenceFeatures:
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None, **_: Any) -> Any:
        sequences, static = self._read(X, anew=True)
        self._learn(sequences)
        return self._table(sequences, static)

    def transform(self, X: Any) -> Any:
        return self._table(*self._read(X, anew=False))

    def _learn(self, sequences: list[np.ndarray]) -> None:
        """Learn what the features depend on."""

    def _describe(self, x: np.ndarray) -> np.ndarray:
        """Return the features of a sequence (n_steps, n_channels)."""
        raise NotImplementedError

    def _table(self, sequences: list[np.ndarray], static: np.ndarray) -> Any:
        """Return the features of all sequences beside their static covariates."""
        return np.column_stack([np.stack([*map(self._describe, sequences)]), static])

    def _read(self, X: Any, *, anew: bool) -> tuple[list[np.ndarray], np.ndarray]:
        """Return sequences (n_steps_i, n_channels), and static covariates."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the network has warned
            X, static, _, static_texts = split_static(
                X, None if anew else self._static_texts
            )
            texts: Texts = {}
            if self.reads == NUMBERS and not self.channels_first:
                X, texts = code_items(X, "from_dtype", None if anew else self._texts)
            sequences, form = check_sequences(
                self,
                X,
                None if anew else self._form,
                channels_first=self.channels_first,
                layout=FRAMES if self.reads == IMAGES else STEPS,
                allow_nan=True,
            )
        if anew:
            self._form, self._texts, self._static_texts = form, texts, static_texts
        whole = sequences.load(np.arange(len(sequences)))
        rows = whole.values.reshape(len(whole.values), -1).astype(np.float64)
        rows = indicators(rows, self._texts)
        cuts = np.cumsum(whole.lengths)[:-1]
        filled = [fill_gaps(x) for x in np.split(rows, cuts)]
        if static is None:
            return filled, np.empty((len(filled), 0))
        return filled, indicators(static, self._static_texts)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


def fill_gaps(x: np.ndarray) -> np.ndarray:
    """Fill NaN by the last value before it, or the first one after it, or zero.

    Examples
    --------
    >>> fill_gaps(np.array([[np.nan], [1], [np.nan], [2]])).ravel()
    array([1., 1., 1., 2.])
    """
    missing = np.isnan(x)
    if not missing.any():
        return x
    steps = np.arange(len(x))[:, None]
    last = np.maximum.accumulate(np.where(missing, -1, steps), axis=0)
    first = np.where(missing.all(axis=0), 0, (~missing).argmax(axis=0))
    filled = np.take_along_axis(x, np.where(last < 0, first, last), axis=0)
    return np.nan_to_num(filled, nan=0.0)


def indicators(rows: np.ndarray, levels: Mapping[int, Sequence[Any]]) -> np.ndarray:
    """Replace codes in columns by a column of zeros and ones for each of their levels.

    Examples
    --------
    >>> indicators(np.array([[0.5, 1], [0.7, -1]]), {1: ("a", "b")})
    array([[0.5, 0. , 1. ],
           [0.7, 0. , 0. ]])
    """
    if not levels:
        return rows
    kept = [j for j in range(rows.shape[1]) if j not in levels]
    coded = [rows[:, [j]] == np.arange(len(own)) for j, own in levels.items()]
    return np.column_stack([rows[:, kept], *coded]).astype(np.float64)
