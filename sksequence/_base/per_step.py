"""Base of estimators that predict for every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .._inputs import (
    AnySequences,
    Form,
    Sequences,
    Target,
    flatten_steps,
    score_steps,
)
from .declaration import TRAINING, hyperparameter, recurrent_estimator
from .estimator import SequenceEstimator
from .hyperparameters import COUNT


@recurrent_estimator
class PerStepEstimator(SequenceEstimator):
    """Estimator with a prediction for each step of each sequence."""

    bptt_steps: int | None = hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc="""int or None
        Number of time steps per chunk for truncated backpropagation through time: a
        sequence is trained on in chunks; the hidden state is carried over from one chunk
        to the next, gradients are not. For sequences that are too long to train on as a
        whole; needs a causal network without convolutions.""",
        role=TRAINING,
    )

    _per_step: ClassVar[bool] = True

    def _get_network(self) -> dict[str, Any]:
        network = super()._get_network()
        if self.bptt_steps is None:
            return network
        if network["recurrent_dropout"]:
            raise ValueError(
                f"bptt_steps={self.bptt_steps} needs recurrent_dropout=0, whose mask is "
                f"one for a whole sequence, got {network['recurrent_dropout']}."
            )
        if (
            network["bidirectional"]
            or network["conv_channels"]
            or network["parallel_channels"]
            or network["missing"] == "decay"
        ):
            raise ValueError(
                f"bptt_steps={self.bptt_steps} needs bidirectional=False, no "
                'conv_channels, no parallel_channels and no missing="decay": only the '
                "state of the recurrence is carried over from one chunk to the next."
            )
        return network

    def _encode(
        self,
        y: Any,
        sequences: AnySequences,
        form: Form,
        target: Target | None,
        classes: Any,
    ) -> tuple[Target, Sequences]:
        rows = flatten_steps(y, sequences.lengths)
        target, encoded = self._check_y(rows, form, target, classes)
        return target, Sequences(encoded, sequences.lengths, sequences.is_block)

    def _check_first_batch(self, y: Any, classes: Any) -> None:
        super()._check_first_batch(flatten_steps(y), classes)

    def _get_strata(self, codes: np.ndarray) -> np.ndarray | None:
        return None

    def _score(self, metric: Callable, X: Any, y: Any, sample_weight: Any) -> float:
        """Apply a metric to the steps of all sequences."""
        return score_steps(metric, y, self.predict(X), sample_weight)
