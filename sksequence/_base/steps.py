"""What the networks read: steps of numbers, tokens, or films of frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from .._inputs import AnySequences, Sequences, check_tokens
from .._storage.learnt import Learnt
from .declaration import recurrent_estimator
from .deployable import Deployable
from .hyperparameters import Convolutions, Embedding, Stack
from .missing import NumberReader
from .static import StaticReader


class _LearntTokens(Learnt):
    """What a fit on tokens leaves behind; not among the fields of the class below."""

    _known_tokens: np.ndarray = np.zeros(0, dtype=bool)


@recurrent_estimator
class StepReader(
    _LearntTokens,
    Embedding,
    Convolutions,
    Stack,
    StaticReader,
    NumberReader,
    Deployable,
):
    """Read sequences of numbers, or of tokens, one step after the other."""

    _cell: ClassVar[str | None] = None  # the hyperparameter of that name, if there is one

    def _get_network(self) -> dict[str, Any]:
        if self.embedding_dim is not None and self.missing != "error":
            raise ValueError(
                f"missing={self.missing!r} is for numbers, but with embedding_dim X "
                'holds tokens; expected missing="error". The unknown token, 0, may stand '
                "for one that is missing."
            )
        fixed = {"cell": self._cell, "per_step": self._per_step}
        return fixed | super()._get_network()

    def _describe(self, sequences: AnySequences) -> dict[str, Any]:
        described = super()._describe(sequences)
        if self.embedding_dim is not None:
            described["input_size"] = len(self._known_tokens)
        return described

    def _check_X(self, X: Any, *, reset: bool) -> AnySequences:
        sequences = super()._check_X(X, reset=reset)
        if self.embedding_dim is not None:
            limit = self.num_embeddings if reset else len(self._known_tokens)
            check_tokens(sequences, limit)
        return sequences

    def _learn_input(
        self,
        sequences: AnySequences,
        weight: np.ndarray | None,
        held_out: AnySequences,
        *,
        continues: bool,
    ) -> None:
        """Learn which tokens there are, or how numbers are scaled."""
        if self.embedding_dim is None:
            super()._learn_input(sequences, weight, held_out, continues=continues)
            return
        known = _tokens_of(sequences)
        if continues:
            before = self._known_tokens
        else:
            largest = max(known.max(), *_tokens_of(held_out), 0)
            before = np.zeros(self.num_embeddings or int(largest) + 1, dtype=bool)
        self._known_tokens = before.copy()
        self._known_tokens[known] = True

    def _prepare(self, sequences: Sequences) -> Sequences:
        """Scale numbers; of tokens make those unknown that training has not met."""
        if self.embedding_dim is None:
            return super()._prepare(sequences)
        ids = sequences.values.astype(np.int64)
        ids[~self._known_tokens[ids]] = 0
        return replace(sequences, values=ids)

    # ---------------------------------------------------------------------- exporting

    def _describe_reading(self) -> dict[str, Any]:
        """How X and static covariates are scaled, in plain data."""
        reading: dict[str, Any] = {
            "static_mean": self._static_mean,
            "static_scale": self._static_scale,
        }
        if self._network["embedding_dim"] is None:
            reading |= {"mean": self._channel_mean, "scale": self._channel_scale}
        else:
            reading["known"] = self._known_tokens
        return reading


def _tokens_of(sequences: AnySequences) -> np.ndarray:
    """The different ids in sequences."""
    met = [np.unique(values) for _, values in sequences.chunks()]
    return np.unique(np.concatenate([*met, []])).astype(np.int64)
