"""Base of the estimator that answers label by label, until it says the end."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any, ClassVar, NoReturn, cast

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._inputs import Translations
from .._inputs.types import ArrayLike, Targets
from . import fitting
from .declaration import NETWORK, hyperparameter, recurrent_estimator
from .hyperparameters import COUNT, label_smoothing
from .intervals import Number
from .labelling import LabellingEstimator, check_count


@recurrent_estimator
class TranslationEstimator(LabellingEstimator):
    """Estimator with a decoder that says a string or a list of labels."""

    target_embedding_dim: int = hyperparameter(
        default=64,
        constraints=[COUNT],
        doc="""int
        Size of the embedding vectors of labels, which the decoder both reads and
        compares its outputs with.""",
        role=NETWORK,
        since=(2, 0),
    )
    decoder_hidden_size: int = hyperparameter(
        default=64,
        constraints=[COUNT],
        doc="""int
        Number of units of each layer of the decoder.""",
        role=NETWORK,
        since=(2, 0),
    )
    decoder_layers: int = hyperparameter(
        default=2,
        constraints=[Number(Integral, 1, 64, closed="both")],
        doc="""int
        Number of layers of the decoder, at most 64. The first reads the labels so far,
        and further ones also what attention has read.""",
        role=NETWORK,
        since=(2, 0),
    )
    attention: bool = hyperparameter(
        default=True,
        constraints=["boolean"],
        doc="""bool
        Whether the decoder attends to the steps of the sequence. If False, all that it
        knows of them is its initial state, which only suffices for short answers.""",
        role=NETWORK,
        since=(2, 0),
    )
    label_smoothing: float = label_smoothing(default=0.1)
    max_length: int | None = hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc="""int or None
        Maximum number of labels of an answer; None for twice as many as the longest
        target in fit.""",
        since=(2, 0),
    )

    _network_kind: ClassVar[str] = "translation"
    _kind_of_target = Translations
    _feeds_target = True

    # --------------------------------------------------------------------- predicting

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the most probable answers that a beam search finds.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences,), dtype object
            Strings or lists of labels, as y in fit; they may be empty. Of equally
            probable ones the first in the order of ``classes_``, where a beginning comes
            before what continues it.
        """
        return self._respond(X, "predict")

    def predict_nbest(
        self, X: ArrayLike, n: int = 5
    ) -> list[list[tuple[str | list[Any], float]]]:
        """Predict several answers, with the logarithms of their probabilities.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        n : int, default=5
            Number of answers. The beam has this size if ``beam_size`` is smaller.

        Returns
        -------
        list of list of tuple (answer, float)
            For each sequence, answers and the natural logarithms of their probabilities,
            the most probable one first; less than ``n`` if there are no more, of at most
            ``max_length`` labels.

        Raises
        ------
        ValueError
            If n is not an int of at least 1.
        """
        check_is_fitted(self)
        check_count("n", n)
        found = []
        for codes, scores in self._search(self._make_dataset(X), int(n)):
            n_found = int((scores > -np.inf).sum())
            answers = self._arrange(codes[:n_found])
            found.append(list(zip(answers, scores[:n_found].tolist(), strict=True)))
        return found

    def _answer(
        self, data: Any, response_method: str, method: str = "forward", **options: Any
    ) -> tuple[np.ndarray, np.ndarray | None]:
        if response_method != "predict":
            return super()._answer(data, response_method, method, **options)
        best = [codes[0] for codes, _ in self._search(data, 1)]
        return self._arrange(best), None

    def _arrange(self, codes: Any) -> np.ndarray:
        return self._transcripts.arrange(row[row > 0] for row in codes)

    def _search(self, data: Any, n: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return the codes and scores of the n best answers for each sequence."""
        check_count("beam_size", self.beam_size)
        if self.max_length is not None:
            check_count("max_length", self.max_length)
        return self._run(
            data,
            "translate",
            beam_size=max(self.beam_size, n),
            max_length=self.max_length or self._translations.max_length,
            n_best=n,
        )

    def _run(self, data: Any, method: str, **options: Any) -> Iterator[Any]:
        """Return what a method of the network returns for each sequence."""
        with fitting.computing(self, data):
            return iter(self.net_.answers_of_each(data, method, **options))

    @property
    def _translations(self) -> Translations:
        return cast(Translations, self._target)

    # ------------------------------------------------------------------- given answers

    def log_likelihood(self, X: ArrayLike, y: Targets) -> np.ndarray:
        """Return the log probability of given answers.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of str, or list of array-like
            An answer for each sequence; it may be empty.

        Returns
        -------
        ndarray of shape (n_sequences,)
            Natural logarithms of the probabilities that the labels are said, and then
            the end; in float64.

        Raises
        ------
        ValueError
            If y has labels that fit has not seen.
        """
        check_is_fitted(self)
        data, _ = self._pair(X, y)
        return np.array(list(self._run(data, "log_likelihood")), dtype=np.float64)

    def attend(self, X: ArrayLike, y: Targets | None = None) -> list[np.ndarray]:
        """Return how much each label of an answer attends to each step.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of str, or list of array-like, default=None
            An answer for each sequence; None for those of :meth:`predict`.

        Returns
        -------
        list of ndarray of shape (n_labels_i, n_steps_i)
            Weights, which add up to one in each row. With ``conv_stride`` a column is a
            block of steps, of which the last may be incomplete.

        Raises
        ------
        ValueError
            If fitted with ``attention=False``, or y has labels that fit has not seen.
        """
        check_is_fitted(self)
        if not self._network["attention"]:
            raise ValueError(
                "attend needs a model with attention=True, but this one was fitted with "
                "attention=False. Fit one with attention=True."
            )
        data, codes = self._pair(X, self.predict(X) if y is None else y)
        n_labels = (codes > 0).sum(axis=1)
        n_frames = self.net_.module_.count_frames(data.lengths).tolist()
        return [
            weights[:n, :n_own].astype(data.source.dtype)
            for weights, n, n_own in zip(
                self._run(data, "attend"), n_labels, n_frames, strict=True
            )
        ]

    def _pair(self, X: Any, y: Any) -> tuple[Any, np.ndarray]:
        """Return a data set of sequences and given answers, and these as codes."""
        data = self._make_dataset(X)
        codes = self._encode_answers(y, data.lengths)
        return data.with_target(codes), codes

    # ---------------------------------------------------------------------- deployment

    def _export_answer(self) -> dict[str, Any]:
        answer = super()._export_answer()
        if self.max_length is not None:
            answer["max_length"] = int(self.max_length)
        return answer

    def predict_prefixes(
        self, X: ArrayLike, response_method: str = "predict"
    ) -> NoReturn:
        """Refuse: an answer is not known before the sequence has ended.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        response_method : str, default="predict"
            Ignored.

        Returns
        -------
        object
            Never.

        Raises
        ------
        ValueError
            Always.
        """
        self._refuse_prefixes("predict_prefixes")

    def open_stream(
        self, n_streams: int | None = None, static: ArrayLike | None = None
    ) -> NoReturn:
        """Refuse: an answer is not known before the sequence has ended.

        Parameters
        ----------
        n_streams : int or None, default=None
            Ignored.
        static : array-like, default=None
            Ignored.

        Returns
        -------
        object
            Never.

        Raises
        ------
        ValueError
            Always.
        """
        self._refuse_prefixes("open_stream")

    @staticmethod
    def _refuse_prefixes(name: str) -> NoReturn:
        raise ValueError(
            f"{name} needs an answer after each step, but a translation begins when the "
            "sequence has ended. Pass the prefixes to predict, as sequences; or use "
            "RecurrentTranscriber, whose labels come in the order of the steps."
        )
