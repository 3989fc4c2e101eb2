"""Base of regressors that may normalise each sequence by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np

from .._inputs import (
    LOSSES,
    AnySequences,
    LocalScale,
    NumberReading,
    Reading,
    Target,
    find_target_channels,
    target_shape_of,
)
from .._inputs.borrowed import StrOptions
from .declaration import MODEL, hyperparameter, recurrent_estimator
from .hyperparameters import COUNT
from .intervals import Number
from .regressor import SequenceRegressor


@recurrent_estimator
class NormalizingRegressor(SequenceRegressor):
    """Regressor of sequences on a scale of their own, undone in its predictions."""

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
        deviation of the others; with ``decoder=True`` level and deviation are those of
        the steps up to the first of y. The training and validation loss, and the running
        means of partial_fit, are of normalised targets.""",
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
        ``time_channel`` and categories.""",
        role=MODEL,
        since=(2, 0),
    )

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

    def _count_decoded(self, target: Target) -> int:
        """Return how many of the last steps of X are those of y."""
        return 0

    def _relate(
        self, reading: Reading, target: Target, sequences: AnySequences
    ) -> Reading:
        if self.normalize is None or not isinstance(reading, NumberReading):
            return reading
        n_decoded, shape = self._count_decoded(target), target_shape_of(target)
        if n_decoded and len(shape) == 1:
            shape = (*shape, 1)  # certainly steps
        categories = reading.categories
        others = {reading.time_channel, *(categories.columns if categories else ())}
        channels = find_target_channels(
            self._get_resolved(MODEL)["target_channels"],
            shape,
            tuple(j for j in range(reading.input_size) if j not in others),
        )
        local = LocalScale(
            self.normalize,
            self.season,
            channels,
            n_ahead=int(np.prod(shape, dtype=int)) // len(channels),
            # The first step of y has the last step that is not ahead of the sequence.
            n_beyond=max(n_decoded - 1, 0),
        )
        local.check_lengths(sequences.lengths)
        return replace(reading, local=local)
