"""Base of regressors whose targets may have an axis of steps ahead."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from .._inputs import (
    AnySequences,
    Form,
    Horizons,
    Reading,
    Sequences,
    Target,
    as_numbers,
    check_numbers,
    score_numbers,
)
from .declaration import MODEL, hyperparameter, recurrent_estimator
from .estimator import SequenceEstimator
from .normalizing import NormalizingRegressor


@recurrent_estimator
class HorizonRegressor(NormalizingRegressor):
    """Regressor of a number, several numbers, or several numbers at several steps."""

    decoder: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Whether each step of a forecast is predicted from the state at a step of its own,
        the last ones of X, instead of all from the pooled sequence: the first step of y
        (its second axis) from the last but ``n_steps - 1`` step of X, and the last from
        the last. So the network steps through the horizon and reads what is known ahead,
        as in windows of ``make_windows(known=...)``. ``pooling`` is then unused.""",
        role=MODEL,
        since=(2, 0),
    )

    def _score_answers(self, predicted: np.ndarray, y: Any, sample_weight: Any) -> float:
        if not _has_steps(y):
            return super()._score_answers(predicted, y, sample_weight)
        true = as_numbers(y, "y", allow_nan=True)
        true = true.reshape(len(true), -1)
        flat = self._target.flatten(predicted)
        return score_numbers(true, flat, sample_weight, self._metric)

    def _get_network(self) -> dict[str, Any]:
        network = super()._get_network()
        if self.decoder and network["conv_channels"] and np.max(self.conv_stride) > 1:
            raise ValueError(
                "decoder=True needs a state for each step: expected conv_stride=1, got "
                f"conv_stride={network['conv_stride']!r}."
            )
        return network

    def _get_allowed_changes(self) -> Collection[str]:
        if self.decoder:
            return SequenceEstimator._get_allowed_changes(self)
        return super()._get_allowed_changes()

    def _describe_network(self, reading: Reading, target: Target) -> dict[str, Any]:
        described = super()._describe_network(reading, target)
        if not self.decoder:
            return described
        n_steps = target.n_ahead
        n_outputs = target.n_outputs // n_steps
        return described | {"decoder_steps": n_steps, "output_size": n_outputs}

    def _read(
        self, X: Any, reading: Reading | None
    ) -> tuple[AnySequences, np.ndarray | None, Reading]:
        read = super()._read(X, reading)
        # In a fit, targets that may be others are checked with y.
        if reading is not None and reading is getattr(self, "_reading", None):
            self._check_decoded(read[0], self._target)
        return read

    def _encode(
        self,
        y: Any,
        sequences: AnySequences,
        reading: Reading,
        target: Target | None,
        classes: Any,
    ) -> tuple[Target, Sequences]:
        encoded = super()._encode(y, sequences, reading, target, classes)
        self._check_decoded(sequences, encoded[0])
        return encoded

    def _check_decoded(self, sequences: AnySequences, target: Target) -> None:
        """Raise ValueError if a sequence lacks steps for the decoder."""
        shortest = int(np.min(sequences.lengths)) if self.decoder else target.n_ahead
        if shortest < target.n_ahead:
            raise ValueError(
                f"Sequence {int(np.argmin(sequences.lengths))} of X has {shortest} "
                f"step(s), expected at least {target.n_ahead}: with decoder=True each "
                "step of y has a step of X, the last ones."
            )

    def _check_y(
        self, y: Any, form: Form, target: Target | None, classes: Any
    ) -> tuple[Target, np.ndarray]:
        if not _has_steps(y):
            if isinstance(target, Horizons):
                self._get_quantiles(target)
                return target, target.encode(check_numbers(y, self))
            return super()._check_y(y, form, target, classes)
        quantiles = self._get_quantiles(target)
        cube = np.asarray(y)
        # A lone column would become a vector, with a warning.
        flat = cube.reshape(-1) if cube[0].size == 1 else cube.reshape(len(cube), -1)
        values = check_numbers(flat, self).reshape(cube.shape)
        if target is None:
            target = Horizons.of(values, self.loss, quantiles)
        elif not isinstance(target, Horizons):
            raise ValueError(
                f"y must have {target.n_outputs} output(s) as in the first fit, without "
                f"an axis of steps, got shape {values.shape}."
            )
        return target, target.encode(values)

    def _count_decoded(self, target: Target) -> int:
        return target.n_ahead if self.decoder else 0


def _has_steps(y: Any) -> bool:
    """Return whether targets are (n_sequences, n_steps, n_targets), none of them 0."""
    try:
        # Not np.shape, which some containers refuse that convert to arrays.
        shape = getattr(y, "shape", None) or np.asarray(y).shape
    except ValueError:  # of unequal lengths
        return False
    return len(shape) == 3 and 0 not in shape
