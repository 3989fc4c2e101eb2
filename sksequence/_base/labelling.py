"""Base of estimators whose targets are strings or lists of labels."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral
from typing import Any, ClassVar, Self, cast

import numpy as np

from .._inputs import (
    AnySequences,
    Form,
    Reading,
    Sequences,
    Target,
    Transcripts,
    read_transcripts,
)
from .._inputs.types import ArrayLike, Targets
from .declaration import hyperparameter, recurrent_estimator
from .deployable import Deployable
from .hyperparameters import COUNT


@recurrent_estimator
class LabellingEstimator(Deployable):
    """Estimator with a string, or a list of labels, for each sequence."""

    beam_size: int = hyperparameter(
        default=1,
        constraints=[COUNT],
        doc="""int
        Number of beginnings of answers that ``predict`` keeps in a beam search for the
        most probable answer. 1: always the most probable next label or, of a transcriber,
        the labels of the most probable path, which is much faster. For a transcriber a
        beginning counts with all of its alignments (Hannun et al., 2014).""",
        since=(2, 0),
    )

    _kind_of_target: ClassVar[type[Transcripts]] = Transcripts
    _attributes_doc = """
    classes_ : ndarray of shape (n_classes,)
        The labels; of strings, their characters.
    """

    def _get_allowed_changes(self) -> Collection[str]:
        return ("warp", "scale", "jitter")

    # ----------------------------------------------------------------------- targets

    def _check_y(
        self, y: Any, form: Form, target: Target | None, classes: Any
    ) -> tuple[Target, np.ndarray]:
        if isinstance(target, Transcripts):
            target.check_classes(classes)
        else:
            target = self._kind_of_target.of(y, classes)
        codes = target.encode(y)
        return target.meet(codes), codes

    def _encode(
        self,
        y: Any,
        sequences: AnySequences,
        reading: Reading,
        target: Target | None,
        classes: Any,
    ) -> tuple[Target, Sequences]:
        target, encoded = super()._encode(y, sequences, reading, target, classes)
        check_same_number(encoded.values, sequences.lengths)
        return target, encoded

    def _check_first_batch(self, y: Any, classes: Any) -> None:
        if classes is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit, got None: "
                "later calls may have labels that are not in this y."
            )

    def _hold(self, reading: Reading, target: Target) -> None:
        super()._hold(reading, target)
        self.classes_: np.ndarray = cast(Transcripts, target).classes

    @property
    def _transcripts(self) -> Transcripts:
        return cast(Transcripts, self._target)

    # ----------------------------------------------------------------------- training

    def partial_fit(
        self,
        X: ArrayLike,
        y: Targets,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, continuing from the last call or fit.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of str, or list of array-like
            Targets, as in fit.
        classes : array-like of shape (n_classes,), default=None
            All labels that can occur in any call; required in the first call.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        self : object
            The estimator.
        """
        return self._fit_one_epoch(X, y, sample_weight, classes)

    # --------------------------------------------------------------------- predicting

    def _encode_answers(self, y: Any, sequences: Any) -> np.ndarray:
        """Return a possibly empty answer for each of the sequences as codes."""
        codes = self._transcripts.encode_named(y, "y", may_be_empty=True)
        check_same_number(codes, sequences)
        return codes

    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the share of sequences whose answer is exactly right.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of str, or list of array-like
            True answers.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        float
            Share, from 0 to 1.
        """
        said = self.predict(X)
        check_same_number(read_transcripts(y)[0], said)
        return self._transcripts.share_exact(y, said, sample_weight)


def check_same_number(targets: Any, sequences: Any) -> None:
    if len(targets) != len(sequences):
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"[{len(sequences)}, {len(targets)}] sequences in X and y."
        )


def check_count(name: str, value: Any) -> None:
    """Raise ValueError for a count that was set to nonsense after the fit."""
    is_count = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_count or value < 1:
        raise ValueError(f"{name} must be int of at least 1, got {value!r}")
