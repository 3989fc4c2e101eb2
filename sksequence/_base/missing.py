"""Numbers of which some are missing, and the time between the steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import Tags

from .._inputs import (
    AnySequences,
    Sequences,
    check_times,
    mean_gap,
    observed_moments,
    since_start,
)
from .._storage.learnt import Learnt
from .declaration import recurrent_estimator
from .estimator import SequenceEstimator
from .hyperparameters import Missing


class _LearntGaps(Learnt):
    """What a fit leaves behind; not among the fields of the class below."""

    _fill: tuple[float, ...] | None = None


@recurrent_estimator
class NumberReader(_LearntGaps, Missing, SequenceEstimator):
    """Read numbers, standardised by those that were observed."""

    @property
    def _time(self) -> int | None:
        """The channel that is read as the time, and as nothing else."""
        return self.time_channel if self.missing == "decay" else None

    def _describe(self, sequences: AnySequences) -> dict[str, Any]:
        described = super()._describe(sequences)
        return described | {"time_channel": self._time, "fill": self._fill}

    def _check_X(self, X: Any, *, reset: bool) -> AnySequences:
        sequences = super()._check_X(X, reset=reset)
        if self._time is not None:
            check_times(sequences, self._time)
        return sequences

    def _learn_input(
        self,
        sequences: AnySequences,
        weight: np.ndarray | None,
        held_out: AnySequences,
        *,
        continues: bool,
    ) -> None:
        """Learn the scale of the channels and of the time, and what stands for NaN."""
        if continues:
            return
        if self.missing == "error":
            super()._learn_input(sequences, weight, held_out, continues=continues)
            self._fill = None
            return
        mean, scale = observed_moments(sequences, weight)
        gap = 1.0 if self._time is None else mean_gap(sequences, self._time, weight)
        self._fill = None if self.standardize else tuple(mean.tolist())
        if not self.standardize:
            mean, scale, gap = np.zeros_like(mean), np.ones_like(scale), 1.0
        if self._time is not None:
            mean[self._time], scale[self._time] = 0, gap
        self._channel_mean, self._channel_scale = mean, scale

    def _prepare(self, sequences: Sequences) -> Sequences:
        if self._time is not None:
            sequences = since_start(sequences, self._time)
        return super()._prepare(sequences)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing != "error"
        return tags
