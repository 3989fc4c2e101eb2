"""Truncated backpropagation through time: its hyperparameter, and what it needs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from .declaration import TRAINING, hyperparameter, recurrent_estimator
from .estimator import SequenceEstimator
from .hyperparameters import COUNT


def bptt_steps(doc: str, *, since: tuple[int, int] = (2, 0)) -> Any:
    """Declare the hyperparameter of an estimator, with the rest of its description."""
    first = """int or None
    Number of time steps per chunk for truncated backpropagation through time (Williams
    and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
    one chunk to the next, gradients are not.
    """
    return hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc=f"{inspect.cleandoc(first)}\n{inspect.cleandoc(doc)}",
        role=TRAINING,
        since=since,
    )


def check_truncation(network: Mapping[str, Any], n_steps: int, *, alone: bool) -> None:
    """Raise ValueError if a network cannot be trained on chunks of ``n_steps``.

    ``alone`` says whether a chunk is all that is trained on at a time, and not only all
    of the recurrence: then nothing else may look back.
    """
    if network["recurrent_dropout"]:
        raise ValueError(
            f"recurrent_dropout must be 0 with bptt_steps={n_steps}, as its mask is the "
            f"same for a whole sequence, got {network['recurrent_dropout']}."
        )
    looks_back = network["missing"] == "decay" or network["bidirectional"]
    if alone:
        looks_back = (
            looks_back or network["conv_channels"] or network["parallel_channels"]
        )
        convolved = "no conv_channels, no parallel_channels and "
    else:
        convolved = "and "
    if looks_back:
        raise ValueError(
            f"bptt_steps={n_steps} needs bidirectional=False, {convolved}no "
            'missing="decay": only the state of the recurrence is carried over from one '
            "chunk to the next."
        )


@recurrent_estimator
class TruncatedEstimator(SequenceEstimator):
    """Estimator whose loss is of whole sequences, of which the recurrence has chunks."""

    bptt_steps: int | None = bptt_steps(
        """For sequences that are too long to train on as a whole: beside a vector for
        each step, training keeps in memory what it needs of one chunk, and computes each
        chunk twice. Needs ``bidirectional=False``."""
    )

    def _get_network(self) -> dict[str, Any]:
        network = super()._get_network()
        if self.bptt_steps is not None:
            check_truncation(network, self.bptt_steps, alone=False)
        return network
