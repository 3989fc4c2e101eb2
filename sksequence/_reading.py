"""What the networks read: steps of numbers, tokens, or films of frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ._declaration import recurrent_estimator
from ._export import to_onnx
from ._hyperparameters import Convolutions, Embedding, Stack
from ._inputs import AnySequences, Sequences, check_tokens
from ._missing import NumberReader
from ._static import StaticReader


class _LearntTokens:
    """What a fit on tokens leaves behind; not among the fields of the class below."""

    _known_tokens: np.ndarray


@recurrent_estimator
class StepReader(
    _LearntTokens, Embedding, Convolutions, Stack, StaticReader, NumberReader
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

    def to_onnx(self, path: Any) -> None:
        """Write the fitted estimator to an ONNX file, for use without Python or torch.

        The file holds the network and all that stands before and behind it: scaling,
        tokens unknown, gaps in the steps, probabilities and classes. Needs the package
        onnx, ``pip install 'sksequence[onnx]'``; onnxruntime runs it, from 1.17 on.

        Inputs are ``X``, float32 (batch, steps, channels), or int64 (batch, steps) for
        tokens; ``lengths``, int64 (batch,), how many steps each sequence has: what X
        holds behind is never read; and where there are static covariates ``static``,
        float64 (batch, n_static_features). Outputs are ``label``, of int64 or text or,
        for other classes, their positions in ``classes_``, and ``probabilities``,
        float32; or ``values``, float32. For an answer to each step they have an axis
        (batch, steps, ...), with no meaning behind an end.

        The answers are those for the same X in float32, to rounding: the file computes
        in single precision after scaling, also where ``dtype="float64"``, since
        onnxruntime has no recurrence in double. What predict refuses is not refused:
        sequences shorter than a kernel, ids that are no tokens, NaN with
        ``missing="error"``. Of times in a ``time_channel`` float32 resolves 1 in 16
        million: count them from each sequence's start, which changes nothing else.

        Parameters
        ----------
        path : str or os.PathLike
            File to write. One that is there is replaced; at no time there is half a
            file.

        Returns
        -------
        None

        Raises
        ------
        ImportError
            Without the package onnx.
        TypeError, OSError, ValueError
            If path is none, or names a folder or something in no folder; for weights of
            more than 2 GB. Nothing is written then.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> import onnxruntime
        >>> from sksequence import GRUClassifier
        >>> X = np.random.default_rng(0).normal(size=(20, 10, 3)).astype(np.float32)
        >>> y = np.repeat(["left", "right"], 10)
        >>> model = GRUClassifier(max_epochs=2, random_state=0).fit(X, y)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.to_onnx(f"{folder}/model.onnx")
        ...     session = onnxruntime.InferenceSession(f"{folder}/model.onnx")
        >>> inputs = {"X": X, "lengths": np.full(20, 10)}
        >>> label, probabilities = session.run(None, inputs)
        >>> np.allclose(probabilities, model.predict_proba(X), atol=1e-6)
        True
        """
        to_onnx(self, path)


def _tokens_of(sequences: AnySequences) -> np.ndarray:
    """The different ids in sequences."""
    met = [np.unique(values) for _, values in sequences.chunks()]
    return np.unique(np.concatenate([*met, []])).astype(np.int64)
