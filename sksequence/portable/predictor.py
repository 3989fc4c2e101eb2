"""Predictions for whole sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

import numpy as np

from ._categories import Categories
from ._heads import HEADS
from ._inputs import Inputs
from ._local import LocalScale
from ._network import Network
from ._reading import Reading
from ._weights import below
from .stream import Stream

# Sequences that are padded to the same length and read as a batch.
_CHUNK = 256


class NumpyPredictor:
    """A fitted estimator that predicts by numpy alone.

    Returned by ``to_numpy`` of a fitted estimator. It reads sequences of unequal lengths
    as the estimator does; its predictions are the same within rounding.

    Parameters
    ----------
    settings : dict
        How the network is built, in plain Python.
    arrays : dict of ndarray
        Weights, scaling and classes.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRUClassifier
    >>> X = [np.sin(f * np.arange(n)) for n in range(20, 30) for f in (0.3, 0.4)]
    >>> model = GRUClassifier(random_state=0).fit(X, np.tile(["slow", "fast"], 10))
    >>> predictor = model.to_numpy()
    >>> bool(np.abs(predictor.predict_proba(X) - model.predict_proba(X)).max() < 1e-5)
    True
    """

    def __init__(self, settings: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.settings, self.arrays = settings, arrays
        network, weights = settings["network"], below("weights", arrays)
        described = below("reading", arrays)
        tokens, fill = described.get("known"), network["fill"]
        vectors = None
        if tokens is not None:
            # A token that fit has not seen counts as unknown.
            known = weights["embedding.weight"]
            vectors = np.where(tokens[:, None], known, known[0])
        reading = Reading(
            kind=network["missing"] if tokens is None else "tokens",
            dtype=np.dtype(network["dtype"]),
            mean=described.get("mean", np.zeros(1)),
            scale=described.get("scale", np.ones(1)),
            fill=np.zeros(network["input_size"]) if fill is None else np.array(fill),
            time_channel=network["time_channel"],
            decay=below("reader", weights),
            vectors=vectors,
            categories=self._categories("categories", len(described.get("mean", ()))),
        )
        self.network = Network(network, weights, reading)
        self.inputs = Inputs(
            reading,
            described["static_mean"],
            described["static_scale"],
            channels_first=settings["channels_first"],
            names=settings.get("feature_names"),
            names_steps=settings.get("is_table", False),
            static_categories=self._categories(
                "static_categories", len(described["static_mean"])
            ),
        )
        self.local = None
        if (local := settings["reading"].get("local")) is not None:
            usual = described["usual_level"], described["usual_spread"]
            self.local = LocalScale(**local, usual_level=usual[0], usual_spread=usual[1])
        answer = {**settings["answer"], **below("answer", arrays)}
        self.head = HEADS[answer.pop("kind")](**answer)

    def _categories(self, name: str, n_columns: int) -> Categories | None:
        """Return the categories among channels or static columns."""
        columns = self.settings["reading"].get(name)
        if columns is None:
            return None
        tables = below(f"{name}.tables", below("weights", self.arrays))
        vectors = [tables[f"{i}.weight"] for i in range(len(columns))]
        return Categories(n_columns, columns, vectors)

    def __repr__(self) -> str:
        return f"NumpyPredictor from {self.settings['made_from']}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.settings, self.arrays)

    @overload
    def predict(
        self, X: Any, static: Any = ..., return_std: Literal[False] = ...
    ) -> np.ndarray: ...

    @overload
    def predict(
        self, X: Any, static: Any = ..., *, return_std: Literal[True]
    ) -> tuple[np.ndarray, np.ndarray]: ...

    def predict(self, X: Any, static: Any = None, return_std: bool = False) -> Any:
        """Predict as the estimator does.

        Parameters
        ----------
        X : array-like
            Sequences: (n_sequences, n_steps), (n_sequences, n_steps, n_channels), or a
            list of arrays (n_steps_i, n_channels) or (n_steps_i,).
        static : array-like of shape (n_sequences, n_static), default=None
            Static covariates, if the estimator was fitted with some.
        return_std : bool, default=False
            Whether to return the standard deviations too, as the estimator does.

        Returns
        -------
        ndarray or (ndarray, ndarray)
            As the estimator's ``predict``.

        Raises
        ------
        ValueError
            If the estimator would refuse the sequences, or has no standard deviations.
        """
        if not return_std:
            return self.head.join(self._run(X, static, self.head.predict)[0])
        self.head.check_std()
        mean, std = self._run(X, static, self.head.predict, self.head.predict_std)
        return mean, std

    def predict_proba(self, X: Any, static: Any = None) -> np.ndarray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like
            As in ``predict``.
        static : array-like of shape (n_sequences, n_static), default=None
            As in ``predict``.

        Returns
        -------
        ndarray
            As the estimator's ``predict_proba``.

        Raises
        ------
        TypeError
            If the estimator predicts numbers.
        """
        return self._run(X, static, self.head.predict_proba)[0]

    def transform(self, X: Any) -> np.ndarray:
        """Represent sequences as the estimator does.

        Parameters
        ----------
        X : array-like
            As in ``predict``.

        Returns
        -------
        ndarray
            As the estimator's ``transform``.
        """
        return self._run(X, None)[0]

    def open_stream(self, n_streams: int | None = None, static: Any = None) -> Stream:
        """Open a stream that reads one sequence, or several at once, step by step.

        Parameters
        ----------
        n_streams : int or None, default=None
            How many sequences; None for one, whose steps and predictions have no axis
            for it.
        static : array-like of shape (n_streams, n_static) or (n_static,), default=None
            Static covariates, if the estimator was fitted with some.

        Returns
        -------
        Stream
            In its initial state.

        Raises
        ------
        ValueError
            If the network is bidirectional, has a decoder, pools segments, normalises
            whole sequences, or predicts the tags of a sequence together.
        """
        if self.local is not None:
            raise ValueError(
                "A network that normalises each sequence has to read all of it before "
                "the first step. Predict whole sequences, or fit with normalize=None."
            )
        if self.network.decoder is not None:
            raise ValueError(
                "A translation begins when the sequence has ended: predict whole "
                "sequences."
            )
        if self.head.reads_sequences:
            raise ValueError(
                "A network with crf=True cannot predict before the end of a sequence: "
                "later steps change the tags of earlier ones. Fit one with crf=False."
            )
        return Stream(self.network, self.inputs, self.head, n_streams, static)

    def _run(
        self, X: Any, static: Any, *answers: Callable[..., np.ndarray]
    ) -> list[np.ndarray]:
        """Answer from the outputs of the network; without ``answers`` represent X."""
        sequences, is_block = self.inputs.check_sequences(X)
        lengths = np.array([len(x) for x in sequences])
        given, local = sequences, self.local
        if local is not None:
            sequences = [local.normalise(x) for x in given]
        covariates = None
        if answers:
            covariates = self.inputs.scale_static(static, len(sequences))
        rows: list[np.ndarray] = [np.empty(0)] * len(sequences)
        counts = self.network.count_answers(lengths)
        is_pooled = not self.network.per_step and not self.network.per_frame
        order = lengths.argsort(kind="stable")
        # numpy may call finite products of small matrices invalid, by what lies behind.
        with np.errstate(invalid="ignore"):
            for begin in range(0, len(order), _CHUNK):
                index = order[begin : begin + _CHUNK]
                own = None if covariates is None else covariates[index]
                x, of_each = _padded([sequences[i] for i in index]), lengths[index]
                if answers and self.network.decoder is not None:
                    longest = self.head.max_length
                    raw = self.network.translate(x, of_each, own, longest)
                else:
                    raw = self.network.represent(x, of_each)
                if answers and self.network.decoder is None:
                    if own is not None and raw.ndim == 3:
                        own = np.repeat(own[:, None], raw.shape[1], axis=1)
                    raw = self.network.output(raw, own)
                if self.network.decoder_steps:
                    raw = raw.reshape(len(raw), -1) if answers else raw[:, -1]
                for i, row in zip(index, raw, strict=True):
                    rows[i] = row[None] if is_pooled else row[: counts[i]]
        dtypes = {x.dtype for x in (sequences if answers else given)}
        whole = np.concatenate(rows).astype(np.result_type(*dtypes))
        predictions = [self._place(answer, whole, given) for answer in answers] or [whole]
        if is_pooled:
            return predictions
        return [_split_steps(rows, counts, is_block) for rows in predictions]

    def _place(
        self,
        answer: Callable[..., np.ndarray],
        raw: np.ndarray,
        sequences: list[np.ndarray],
    ) -> np.ndarray:
        """Answer from raw outputs, on the scale of each sequence if it is normalised."""
        if self.head.reads_sequences:
            return answer(raw, lengths=np.array([len(x) for x in sequences]))
        values = answer(raw)
        if self.local is None:
            return values
        is_level = answer != self.head.predict_std
        return self.local.place(values, sequences, is_level=is_level)


def _padded(sequences: list[np.ndarray]) -> np.ndarray:
    """Return sequences as one array, zero in padding."""
    longest = max(len(x) for x in sequences)
    x = np.zeros((len(sequences), longest, sequences[0].shape[1]))
    for row, sequence in zip(x, sequences, strict=True):
        row[: len(sequence)] = sequence
    return x


def _split_steps(rows: np.ndarray, counts: np.ndarray, is_block: bool) -> np.ndarray:
    """Give rows of all steps back to their sequences: as a block, or array by array."""
    if is_block:
        return rows.reshape(len(counts), -1, *rows.shape[1:])
    arranged = np.empty(len(counts), dtype=object)
    for i, end in enumerate(np.cumsum(counts)):
        arranged[i] = rows[end - counts[i] : end]
    return arranged
