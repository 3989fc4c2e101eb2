"""Base of the estimator whose targets are transcripts without alignment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._inputs import AnySequences, Reading, Sequences, Target, ctc
from .._inputs.types import ArrayLike, Targets
from .declaration import recurrent_estimator
from .labelling import LabellingEstimator, check_count
from .truncating import TruncatedEstimator

# Beam of a search for words: with fewer prefixes it may find none that ends with one.
_WORDS_BEAM = 16


@recurrent_estimator
class TranscriptEstimator(TruncatedEstimator, LabellingEstimator):
    """Estimator with a transcript, a string or a list of labels, for each sequence."""

    # ----------------------------------------------------------------------- targets

    def _get_network(self) -> dict[str, Any]:
        return super()._get_network() | {"per_frame": True}

    def _encode(
        self,
        y: Any,
        sequences: AnySequences,
        reading: Reading,
        target: Target | None,
        classes: Any,
    ) -> tuple[Target, Sequences]:
        target, encoded = super()._encode(y, sequences, reading, target, classes)
        self._check_room(encoded.values, sequences.lengths)
        return target, encoded

    def _check_room(self, codes: np.ndarray, lengths: np.ndarray) -> None:
        """Raise ValueError if a transcript needs more frames than its sequence has."""
        stride = self._count_stride()
        frames, needed = -(-lengths // stride), ctc.count_frames(codes)
        if (needed <= frames).all():
            return
        i = int(np.argmax(needed > frames))
        n_labels = int((codes[i] > 0).sum())
        raise ValueError(
            f"y has {n_labels} label(s) at {i}, {needed[i] - n_labels} of them equal to "
            f"the one before, which need {needed[i]} frames; but sequence {i} has "
            f"{lengths[i]} step(s)"
            + (f", and so {frames[i]} frame(s) with conv_stride" if stride > 1 else "")
            + ". Leave it out"
            + (", or use a smaller conv_stride." if stride > 1 else ".")
        )

    def _count_stride(self) -> int:
        """Return how many steps make a frame."""
        n = len(self.conv_channels)
        strides = np.broadcast_to(self.conv_stride if n else 1, n)
        return int(np.prod(strides, dtype=int))

    # --------------------------------------------------------------------- predicting

    def predict(self, X: ArrayLike, lexicon: Targets | None = None) -> np.ndarray:
        """Transcribe sequences.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        lexicon : list of str, or list of array-like, default=None
            All that may be answered: a closed list, of which the entry with the largest
            :meth:`log_likelihood` is. If transcripts are strings with spaces and no entry
            has one, the entries are words, of which an answer is made with spaces
            between them, by a prefix beam search with ``beam_size``, and at least 16,
            prefixes.

        Returns
        -------
        ndarray of shape (n_sequences,), dtype object
            Strings or lists of labels, as y in fit; they may be empty. Of equally
            probable ones the first in the order of ``classes_``.

        Raises
        ------
        ValueError
            If the lexicon is empty, has letters that fit has not seen, or has only
            entries that are too long for a sequence.
        """
        check_is_fitted(self)
        check_count("beam_size", self.beam_size)
        if lexicon is None:
            return self._respond(X, "predict")
        find = self._make_search(lexicon)
        frames = self._read_frames(X)
        return self._transcripts.arrange([find(i, x) for i, x in enumerate(frames)])

    def _make_search(self, lexicon: Any) -> Any:
        """Return a function that finds the labels of sequence i from its frames."""
        codes = self._transcripts.encode_named(lexicon, "lexicon")
        if not len(codes):
            raise ValueError("lexicon must have at least one entry, got none.")
        # In the order of classes, so that ties do not depend on that of the lexicon.
        codes, space = np.unique(codes, axis=0), self._transcripts.space
        if space and not (codes == space).any():
            words = ctc.Grammar.of_words(codes, space, len(self.classes_))
            size = max(self.beam_size, _WORDS_BEAM)
            return lambda i, frames: ctc.search(frames, size, words)

        def find(i: int, frames: np.ndarray) -> np.ndarray:
            scores = ctc.log_likelihoods(frames, codes)
            best = codes[scores.argmax()]
            if scores.max() == -np.inf:
                raise ValueError(
                    f"lexicon has no entry that fits sequence {i}, which has "
                    f"{len(frames)} frame(s): all need more."
                )
            return best[best > 0]

        return find

    def _answer(
        self, data: Any, response_method: str, method: str = "forward", **options: Any
    ) -> tuple[np.ndarray, np.ndarray | None]:
        if response_method != "predict":
            return super()._answer(data, response_method, method, **options)
        found = (self._decode(frames) for frames in self._frames_of(data))
        return self._transcripts.arrange(found), None

    def _decode(self, frames: np.ndarray) -> np.ndarray:
        if self.beam_size == 1:
            return ctc.best_path(frames)
        return ctc.search(frames, self.beam_size, ctc.Grammar.free(len(self.classes_)))

    def _read_frames(self, X: Any) -> list[np.ndarray]:
        """Return the log probabilities of the frames of each sequence."""
        check_is_fitted(self)
        return list(self._frames_of(self._make_dataset(X)))

    def _frames_of(self, data: Any) -> Iterator[np.ndarray]:
        rows, counts = super()._answer(data, "predict")
        assert counts is not None, "the network answers for each frame"
        return iter(np.split(rows.astype(np.float64), np.cumsum(counts)[:-1]))

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Predict the probability of the blank and of each label at each frame.

        A frame is a step or, with ``conv_stride``, a block of steps, of which the last
        may be incomplete.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_frames, 1 + n_classes)
            Probabilities of the blank, and of the labels in the order of ``classes_``;
            float32 for float32 X, else float64. For a list of sequences, an object array
            with an array (n_frames_i, 1 + n_classes) for each.
        """
        return self._respond(X, "predict_proba")

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Predict the logarithm of the probabilities of each frame.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_frames, 1 + n_classes)
            Logarithms, in the form of :meth:`predict_proba`.
        """
        return self._respond(X, "predict_log_proba")

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return the representation of each frame by the network.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_frames, n_units)
            The hidden states, followed by the output of the parallel convolutions if
            there are any. For a list of sequences, an object array with an array
            (n_frames_i, n_units) for each.
        """
        return self._respond(X, "transform", "represent")

    # ---------------------------------------------------------------- given transcripts

    def log_likelihood(self, X: ArrayLike, y: Targets) -> np.ndarray:
        """Return the log probability of transcripts, the sum over all alignments.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of str, or list of array-like
            A transcript for each sequence; it may be empty.

        Returns
        -------
        ndarray of shape (n_sequences,)
            Natural logarithms, in float64; -inf for a transcript that needs more frames
            than its sequence has.

        Raises
        ------
        ValueError
            If y has labels that fit has not seen.
        """
        frames, codes = self._read_pairs(X, y)
        pairs = zip(frames, codes, strict=True)
        return np.concatenate([ctc.log_likelihoods(x, row[None]) for x, row in pairs])

    def align(self, X: ArrayLike, y: Targets) -> np.ndarray:
        """Return at which frames each label of given transcripts is.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of str, or list of array-like
            A transcript for each sequence.

        Returns
        -------
        ndarray of shape (n_sequences,), dtype object
            For each sequence an array (n_labels_i, 2) of int: the first and the last
            frame of each label in the most probable alignment. Frames between those of
            two labels are blank. Without ``conv_stride`` they are steps; with a stride
            of s, frame j is the steps from ``j * s`` to ``(j + 1) * s - 1``.

        Raises
        ------
        ValueError
            If y has labels that fit has not seen, or a transcript needs more frames than
            its sequence has.
        """
        frames, codes = self._read_pairs(X, y)
        needed = ctc.count_frames(codes)
        spans = np.empty(len(frames), dtype=object)
        for i, (x, row) in enumerate(zip(frames, codes, strict=True)):
            if needed[i] > len(x):
                raise ValueError(
                    f"y at {i} needs {needed[i]} frames, but sequence {i} has {len(x)}: "
                    "it cannot be aligned."
                )
            spans[i] = ctc.align(x, row[row > 0])
        return spans

    def _read_pairs(self, X: Any, y: Any) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the frames of sequences, and their transcripts as codes."""
        frames = self._read_frames(X)
        return frames, self._encode_answers(y, frames)

    # ---------------------------------------------------------------------- deployment

    def predict_prefixes(
        self, X: ArrayLike, response_method: str = "predict"
    ) -> np.ndarray:
        """Refuse: a transcript grows label by label, as a stream emits it.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        response_method : str, default="predict"
            Ignored.

        Returns
        -------
        ndarray
            Never.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            "predict_prefixes needs an answer after each step, but a transcript grows "
            "label by label: use open_stream, or predict_proba for each frame."
        )
