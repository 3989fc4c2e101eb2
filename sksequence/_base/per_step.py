"""Base of estimators that predict for every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .._inputs import (
    AnySequences,
    Labels,
    Reading,
    Sequences,
    Target,
    flatten_steps,
    given_steps,
    names_of_targets,
    score_steps,
    spread_targets,
)
from .callers import refuse_encoded_steps, refuse_scorer_of_sequences
from .declaration import recurrent_estimator
from .estimator import SequenceEstimator
from .truncating import bptt_steps, check_truncation


@recurrent_estimator
class PerStepEstimator(SequenceEstimator):
    """Estimator with a prediction for each step of each sequence."""

    bptt_steps: int | None = bptt_steps(
        """Each chunk is a step of the optimizer. For sequences that are too long to train
        on as a whole; needs a causal network without convolutions.""",
        since=(1, 0),
    )

    _per_step: ClassVar[bool] = True

    def _get_network(self) -> dict[str, Any]:
        network = super()._get_network()
        if self.bptt_steps is not None:
            check_truncation(network, self.bptt_steps, alone=True)
        return network

    def _encode(
        self,
        y: Any,
        sequences: AnySequences,
        reading: Reading,
        target: Target | None,
        classes: Any,
    ) -> tuple[Target, Sequences]:
        rows = flatten_steps(y, sequences.lengths)
        given = given_steps(rows)
        target, encoded = self._check_y(_at(rows, given), reading.form, target, classes)
        if len(encoded) < len(given):
            encoded = spread_targets(encoded, given)
        target = target.with_names_of(y)
        return target, Sequences(encoded, sequences.lengths, sequences.is_block)

    def _check_first_batch(self, y: Any, classes: Any) -> None:
        rows = flatten_steps(y)
        super()._check_first_batch(_at(rows, given_steps(rows)), classes)

    def _get_strata(self, codes: np.ndarray) -> np.ndarray | None:
        return None

    def _respond(
        self, X: Any, response_method: str, method: str = "forward", **options: Any
    ) -> np.ndarray:
        answers = super()._respond(X, response_method, method, **options)
        refuse_encoded_steps()
        # Some metrics of numbers accept a block, as one with several outputs.
        if isinstance(self._target, Labels) or answers.dtype == object:
            refuse_scorer_of_sequences()
        return answers

    def _score(self, metric: Callable, X: Any, y: Any, sample_weight: Any) -> float:
        """Apply a metric to the steps of all sequences."""
        predicted = self.predict(X)
        self._target.check_names(names_of_targets(y))
        return score_steps(metric, y, predicted, sample_weight)


def _at(rows: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Return the targets that are given; at least one must be."""
    if given.all():
        return rows
    if not given.any():
        raise ValueError(
            "y contains NaN or None alone: expected a target for at least one step."
        )
    return rows[given]
