"""Base of regressors whose targets may have an axis of steps ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np

from .._inputs import (
    LOSSES,
    AnySequences,
    Form,
    Horizons,
    LocalScale,
    NumberReading,
    Reading,
    Target,
    as_numbers,
    check_numbers,
    find_target_channels,
    score_numbers,
    target_shape_of,
)
from .._inputs.borrowed import StrOptions
from .._inputs.types import ArrayLike, Targets
from .declaration import MODEL, hyperparameter, recurrent_estimator
from .hyperparameters import COUNT
from .intervals import Number
from .regressor import SequenceRegressor


@recurrent_estimator
class HorizonRegressor(SequenceRegressor):
    """Regressor of a number, several numbers, or several numbers at several steps."""

    normalize: str | None = hyperparameter(
        default=None,
        constraints=[StrOptions({"last", "window"}), None],
        doc="""{"last", "window"} or None
        Normalise each sequence by itself before channels are standardised, where y
        continues channels of X: its last value is subtracted ("last"; NLinear of Zeng et
        al., 2023), or its mean is subtracted and the rest divided by its standard
        deviation ("window"; RevIN of Kim et al., 2022). Targets likewise; predictions are
        on the scale of y again, in float64. Only the channels in ``target_channels`` are
        normalised. NaN is ignored; a constant sequence is divided by the median standard
        deviation of the others. The training and validation loss, and partial_fit's
        running means, are of normalised targets.""",
        role=MODEL,
        since=(2, 0),
    )
    season: int | None = hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc="""int or None
        With ``normalize``, number of steps of a season: subtracted from the target k
        steps ahead is the value of the same phase in the last season of the sequence,
        ``x[n_steps - season + (k - 1) % season]``, or the level of the sequence where
        that is NaN. Sequences must not be shorter. The network then predicts the
        correction of a seasonal naive forecast.""",
        role=MODEL,
        since=(2, 0),
    )
    target_channels: int | Sequence[int] | None = hyperparameter(
        default=None,
        constraints=[Number(Integral, 0, None, closed="left"), tuple, list, None],
        doc="""int, tuple of int or None
        With ``normalize``, the channel or channels of X that y continues. y of shape
        (n_sequences, m) holds m steps of one channel, or one step of m channels, and
        (n_sequences, n_steps, n_targets) both. None for all channels, without
        ``time_channel``.""",
        role=MODEL,
        since=(2, 0),
    )

    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the coefficient of determination.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : array-like of shape (n_sequences,), (n_sequences, n_outputs) or \
                (n_sequences, n_steps, n_targets)
            True targets.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        float
            R squared; for several outputs the mean over them.
        """
        if not _has_steps(y):
            return super().score(X, y, sample_weight)
        true, predicted = (
            values.reshape(len(values), -1)
            for values in (as_numbers(y, "y", allow_nan=True), self.predict(X))
        )
        return score_numbers(true, predicted, sample_weight)

    def _check_y(
        self, y: Any, form: Form, target: Target | None, classes: Any
    ) -> tuple[Target, np.ndarray]:
        if not _has_steps(y):
            if isinstance(target, Horizons):
                return target, target.encode(check_numbers(y, self))
            return super()._check_y(y, form, target, classes)
        cube = np.asarray(y)
        # A lone column would become a vector, with a warning.
        flat = cube.reshape(-1) if cube[0].size == 1 else cube.reshape(len(cube), -1)
        values = check_numbers(flat, self).reshape(cube.shape)
        if target is None:
            target = Horizons.of(values, self.loss)
        elif not isinstance(target, Horizons):
            raise ValueError(
                f"y must have {target.n_outputs} output(s) as in the first fit, without "
                f"an axis of steps, got shape {values.shape}."
            )
        return target, target.encode(values)

    def _get_network(self) -> dict[str, Any]:
        network = super()._get_network()
        if self.normalize is None:
            return network
        if LOSSES[self.loss].is_log:
            raise ValueError(
                f"normalize must be None with loss={self.loss!r}, whose targets are "
                f"counts on a scale of their own, got {self.normalize!r}. A loss such as "
                '"squared_error" or "quantile" allows for it.'
            )
        if network["embedding_dim"] is not None:
            raise ValueError(
                "normalize must be None for tokens (with embedding_dim), got "
                f"{self.normalize!r}: it is for channels of numbers."
            )
        return network

    def _relate(
        self, reading: Reading, target: Target, sequences: AnySequences
    ) -> Reading:
        if self.normalize is None or not isinstance(reading, NumberReading):
            return reading
        every = range(reading.input_size)
        shape = target_shape_of(target)
        channels = find_target_channels(
            self._get_resolved(MODEL)["target_channels"],
            shape,
            tuple(j for j in every if j != reading.time_channel),
        )
        n_ahead = int(np.prod(shape, dtype=int)) // len(channels)
        local = LocalScale(self.normalize, self.season, channels, n_ahead)
        local.check_lengths(sequences.lengths)
        return replace(reading, local=local)


def _has_steps(y: Any) -> bool:
    """Return whether targets are (n_sequences, n_steps, n_targets), none of them 0."""
    try:
        # Not np.shape, which some containers refuse that convert to arrays.
        shape = getattr(y, "shape", None) or np.asarray(y).shape
    except ValueError:  # of unequal lengths
        return False
    return len(shape) == 3 and 0 not in shape
