"""Validation of the input of a predictor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._categories import Categories
from ._reading import Reading

_FLOAT32_MAX = float(np.finfo(np.float32).max)


class Inputs:
    """Validates sequences, steps and static covariates.

    Parameters
    ----------
    reading : Reading
        How the network reads X.
    static_mean, static_scale : ndarray of shape (n_static,)
        Mean and scale of static covariates.
    channels_first : bool
        Whether sequences are (n_channels, n_steps).
    names : list of str or None, default=None
        Names of the columns in fit: of a table of steps, or of the channels.
    names_steps : bool, default=False
        Whether they are names of the steps of a table.
    static_categories : Categories or None, default=None
        Static columns of categories, which are not scaled.
    """

    # Of those stored by earlier versions.
    categories: Categories | None = None
    static_categories: Categories | None = None

    def __init__(
        self,
        reading: Reading,
        static_mean: np.ndarray,
        static_scale: np.ndarray,
        channels_first: bool,
        names: list[str] | None = None,
        names_steps: bool = False,
        static_categories: Categories | None = None,
    ) -> None:
        self.categories = reading.categories
        self.static_categories = static_categories
        self.names, self.names_steps = names, names_steps
        self.n_channels, self.channels_first = len(reading.mean), channels_first
        self.may_miss = reading.kind in ("mask", "decay")
        self.time_channel, self.dtype = reading.time_channel, reading.dtype
        self.n_tokens = None if reading.vectors is None else len(reading.vectors)
        self.static_mean, self.static_scale = static_mean, static_scale
        # Whether a step can be invalid although its sum of squares is small.
        self.looks = self.may_miss or self.n_tokens is not None

    def check_sequences(self, X: Any) -> tuple[list[np.ndarray], bool]:
        """Return arrays (n_steps_i, n_channels), and whether X is a single array."""
        if hasattr(X, "columns"):
            self._check_names(X, "X", of_steps=True)
            X = np.asarray(X)
        elif hasattr(X, "iloc"):
            X = np.asarray(X)
        if isinstance(X, str) or not hasattr(X, "__len__") or not len(X):
            raise ValueError(f"X must hold at least one sequence, got {X!r}")
        is_block = isinstance(X, np.ndarray) and X.dtype != object
        return [self._check_sequence(x, i) for i, x in enumerate(X)], is_block

    def _check_sequence(self, x: Any, i: int) -> np.ndarray:
        if hasattr(x, "columns"):
            self._check_names(x, f"Sequence {i} of X", of_steps=self.channels_first)
        sequence = np.asarray(x)
        if sequence.dtype != np.float32 and self.categories is None:
            sequence = sequence.astype(np.float64)
        if sequence.ndim == 2 and self.channels_first:
            sequence = sequence.T
        sequence = sequence[:, None] if sequence.ndim == 1 else sequence
        expected = (*sequence.shape[:1], self.n_channels)
        if sequence.shape != expected or not len(sequence):
            raise ValueError(
                f"Sequence {i} of X has shape {np.shape(x)}; expected one step at least, "
                f"of {self.n_channels} channel(s)."
            )
        if self.categories is not None:
            is_single = sequence.dtype == np.float32
            sequence = self.categories.encode(sequence)
            sequence = sequence.astype(np.float32) if is_single else sequence
        self.check_values(sequence, f"Sequence {i} of X")
        return sequence

    def _check_names(self, frame: Any, name: str, of_steps: bool) -> None:
        """Raise ValueError for other columns than in fit, or another order of them."""
        columns = list(frame.columns)
        is_named = all(isinstance(column, str) for column in columns)
        if self.names is None or of_steps != self.names_steps or not is_named:
            return
        if columns != self.names:
            raise ValueError(
                "The feature names should match those that were passed during fit: "
                f"{name} has the columns {columns}, expected {self.names}, in this order."
            )

    def check_step(self, x: Any, shape: tuple[int, ...]) -> np.ndarray:
        """Validate one step, and return it as (n_streams, n_channels).

        ``shape`` is the expected shape, which is (n_channels,) for a single stream.
        """
        values = np.asarray(x, dtype=object if self.categories else np.float64)
        if values.shape != shape and (self.n_channels > 1 or values.shape != shape[:-1]):
            shapes = [shape] + [shape[:-1]] * (self.n_channels == 1)
            raise ValueError(
                f"x has shape {values.shape}, expected {' or '.join(map(str, shapes))}: "
                f"one step{' of each stream' * (len(shape) - 1)}."
            )
        values = values.reshape(-1, self.n_channels)
        if self.categories is not None:
            values = self.categories.encode(values)
        # The comparison is false if a value is infinite or NaN.
        if self.looks or not np.vdot(values, values) < _FLOAT32_MAX:
            self.check_values(values, "x")
        return values

    def check_values(self, values: np.ndarray, name: str) -> None:
        """Raise ValueError for values that are not finite, too large, or not tokens."""
        if self.n_tokens is not None:
            whole = np.floor(values) == values
            if not (whole & (values >= 0) & (values < self.n_tokens)).all():
                raise ValueError(
                    f"{name} holds invalid token ids; expected whole numbers from 0 to "
                    f"{self.n_tokens - 1}."
                )
            return
        size = np.abs(values)
        wrong = size > _FLOAT32_MAX if self.may_miss else ~(size <= _FLOAT32_MAX)
        if wrong.any():
            also = "" if self.may_miss else "NaN, "
            raise ValueError(f"{name} contains {also}infinity or a value too large.")
        if self.time_channel is not None and np.isnan(values[:, self.time_channel]).any():
            raise ValueError(
                f"{name} has NaN in time_channel={self.time_channel}; expected the time."
            )

    def scale_static(self, static: Any, n: int) -> np.ndarray | None:
        """Validate static covariates and standardise them."""
        n_static = len(self.static_mean)
        if not n_static:
            if static is not None:
                raise ValueError("static must be None, as fit had no static covariates.")
            return None
        categories = self.static_categories
        values = np.empty(0)
        if static is not None:
            values = np.asarray(static, dtype=object if categories else np.float64)
        if categories is not None and values.shape == (n, n_static):
            values = categories.encode(values)
        if values.shape != (n, n_static) or not np.isfinite(values).all():
            got = None if static is None else f"{values} of shape {values.shape}"
            raise ValueError(
                f"static must be finite numbers of shape {(n, n_static)}, the columns as "
                f"in fit, got {got}"
            )
        scaled = ((values - self.static_mean) / self.static_scale).astype(self.dtype)
        if categories is None:
            return scaled
        vectors = categories.look_up(values)
        return np.concatenate([scaled[:, categories.numbers], vectors], axis=1)
