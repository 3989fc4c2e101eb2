"""Conversion of the raw outputs of a network to predictions."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from ._chain import LinearChain
from ._parts import Part


class Head:
    """Base of heads, which convert raw outputs to predictions.

    Parameters
    ----------
    **described
        The attributes that the subclass documents.
    """

    reads_sequences: ClassVar[bool] = False  # an answer depends on all of a sequence
    max_length: int = 0  # the largest number of labels that a decoder says

    def __init__(self, **described: Any) -> None:
        vars(self).update(described)

    @abstractmethod
    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Return the result of predict for raw outputs (n, n_outputs)."""

    @abstractmethod
    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        """Return the result of predict_proba."""

    def predict_std(self, raw: np.ndarray) -> np.ndarray:
        """Return the standard deviations of what is predicted."""
        self.check_std()
        raise AssertionError("heads with a standard deviation override this")

    def join(self, answers: np.ndarray) -> np.ndarray:
        """Return the result of predict for the answers of whole sequences."""
        return answers

    def emitter(self, n: int, *, is_one: bool) -> Emitter | None:
        """Return what turns answers of n streams into those of ``step``, if needed."""
        return None

    def check_std(self) -> None:
        """Raise ValueError unless there are standard deviations."""
        raise ValueError(
            "return_std=True needs an estimator that was fitted with the loss of a "
            f"distribution: {', '.join(DISTRIBUTIONS)}."
        )


class LabelsHead(Head):
    """Classes and their probabilities.

    Attributes
    ----------
    classes : ndarray of shape (n_outputs,)
        The class of each output.
    is_multilabel : bool
        Whether targets are multilabel.
    """

    classes: np.ndarray
    is_multilabel: bool

    def predict(self, raw: np.ndarray) -> np.ndarray:
        if self.is_multilabel:
            return (raw > 0).astype(int)
        return self.classes[raw.argmax(1)]

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        if self.is_multilabel:
            return (1 + np.tanh(raw / 2)) / 2
        # Call the ufuncs directly: the overhead of methods matters for a single step.
        likely = np.exp(raw - np.maximum.reduce(raw, 1, keepdims=True))
        likely /= np.add.reduce(likely, 1, keepdims=True)
        return likely


class TranscriptsHead(LabelsHead):
    """Labels without alignment; output 0 is the blank.

    Attributes
    ----------
    is_text : bool
        Whether transcripts are strings.
    """

    is_text: bool
    is_multilabel = False

    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Return the code of the most probable symbol of each frame."""
        return raw.argmax(1)

    def join(self, answers: np.ndarray) -> np.ndarray:
        """Merge repeats, and remove blanks."""
        said = np.empty(len(answers), dtype=object)
        for i, path in enumerate(answers):
            begins = np.append(True, path[1:] != path[:-1])
            said[i] = self.say(path[begins & (path > 0)])
        return said

    def say(self, codes: Any) -> Any:
        """Return labels in the form of y: a string, or a list."""
        labels = self.classes[np.asarray(codes, dtype=int) - 1].tolist()
        return "".join(labels) if self.is_text else labels

    def emitter(self, n: int, *, is_one: bool) -> Emitter:
        return Emitter(self, n, is_one=is_one)


class Emitter(Part):
    """The labels that each step of some streams adds.

    Parameters
    ----------
    head : TranscriptsHead
        Says the labels.
    n : int
        Number of streams.
    is_one : bool
        Whether there is one, without an axis for it.
    """

    kept = ("last",)

    def __init__(self, head: TranscriptsHead, n: int, *, is_one: bool) -> None:
        self.head, self.is_one = head, is_one
        self.last = np.zeros(n, dtype=int)

    def step(self, codes: Any) -> Any:
        """Return the new labels, given the codes of a frame, or None without a frame."""
        if codes is None:
            codes = np.zeros_like(self.last)
        else:
            codes, before = np.atleast_1d(codes), self.last.copy()
            self.last[...] = codes
            codes = np.where(codes == before, 0, codes)
        said = [self.head.say([code] if code else []) for code in codes]
        return said[0] if self.is_one else said


class TranslationsHead(TranscriptsHead):
    """Labels that a decoder has said.

    Attributes
    ----------
    max_length : int
        Maximum number of labels of an answer.
    """

    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Return the answers whose codes are given (n, max_length)."""
        said = np.empty(len(raw), dtype=object)
        for i, codes in enumerate(raw):
            said[i] = self.say(codes[codes > 0])
        return said

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        raise TypeError("predict_proba needs a classifier, but this predicts answers.")

    def join(self, answers: np.ndarray) -> np.ndarray:
        return answers


class TagsHead(LabelsHead):
    """Classes of steps that depend on one another.

    Methods take the scores of all steps of some sequences, and their ``lengths``.

    Attributes
    ----------
    transitions : ndarray of shape (n_outputs, n_outputs)
        Score of each pair of classes that follow one another, -inf if none may.
    start, end : ndarray of shape (n_outputs,)
        Score of each class at the first and at the last step.
    """

    reads_sequences = True

    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @property
    def _chain(self) -> LinearChain:
        return LinearChain(self.transitions, self.start, self.end)

    def predict(self, raw: np.ndarray, lengths: Any = None) -> np.ndarray:
        return self.classes[self._chain.decode(raw, lengths)]

    def predict_proba(self, raw: np.ndarray, lengths: Any = None) -> np.ndarray:
        return np.exp(self._chain.log_marginals(raw, lengths)).astype(raw.dtype)

    def predict_log_proba(self, raw: np.ndarray, lengths: Any = None) -> np.ndarray:
        """Return the logarithms of ``predict_proba``."""
        return self._chain.log_marginals(raw, lengths).astype(raw.dtype)


class ValuesHead(Head):
    """Numbers on the scale of the targets.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_outputs,)
        Mean and scale of the targets, which were standardised in fit.
    are_rates : bool
        Whether the outputs are logarithms.
    are_many : bool
        Whether a prediction has an axis for several numbers.
    in_double : bool
        Whether float32 is too coarse for the targets.
    n_steps : int
        Number of steps ahead, if a prediction has an axis for them, else 0.
    """

    mean: np.ndarray
    scale: np.ndarray
    are_rates: bool
    are_many: bool
    in_double: bool = False  # predictors of older versions lack it
    n_steps: int = 0  # also of those stored by earlier versions

    def predict(self, raw: np.ndarray) -> np.ndarray:
        raw = raw.astype(np.float64) if self.in_double else raw
        values = np.exp(raw) if self.are_rates else raw
        values = values * self.scale.astype(raw.dtype) + self.mean.astype(raw.dtype)
        if self.n_steps:
            return values.reshape(len(values), self.n_steps, -1)
        return values if self.are_many else values[:, 0]

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        raise TypeError("predict_proba needs a classifier, but this predicts numbers.")


class SeveralHead(ValuesHead):
    """Base of heads with several outputs for each number: a location, and others.

    Attributes
    ----------
    floors, factors : ndarray of shape (n_parameters - 1,)
        The other parameters are ``floor + factor * log(1 + exp(output))``.
    """

    floors: np.ndarray
    factors: np.ndarray

    def predict(self, raw: np.ndarray) -> np.ndarray:
        return self._in_units(self._point(*self._parameters(raw)))

    @abstractmethod
    def _point(self, location: np.ndarray, *others: np.ndarray) -> np.ndarray:
        """Return standardised predictions: (n, n_values) or with a further axis."""

    def _parameters(self, raw: np.ndarray) -> list[np.ndarray]:
        """Return the location and the other parameters, each (n, n_values)."""
        raw = raw.astype(np.float64) if self.in_double else raw
        parts = raw.reshape(len(raw), -1, 1 + len(self.floors))
        floors, factors = (x.astype(raw.dtype) for x in (self.floors, self.factors))
        others = floors + factors * np.logaddexp(parts[..., 1:], 0)
        return [parts[..., 0], *np.moveaxis(others, -1, 0)]

    def _in_units(self, values: np.ndarray, *, is_spread: bool = False) -> np.ndarray:
        mean, scale = (x.astype(values.dtype) for x in (self.mean, self.scale))
        if values.ndim == 3:
            mean, scale = mean[:, None], scale[:, None]
        values = values * scale if is_spread else values * scale + mean
        if self.n_steps:
            return values.reshape(len(values), self.n_steps, -1, *values.shape[2:])
        return values if self.are_many else values[:, 0]


class QuantilesHead(SeveralHead):
    """Several quantiles, which do not cross.

    Attributes
    ----------
    middle : int
        Index of the quantile that is the location; the others are gaps.
    """

    middle: int

    def _point(self, location: np.ndarray, *others: np.ndarray) -> np.ndarray:
        values, distance = [location], np.zeros_like(location)
        for gap in others[self.middle :]:
            distance = distance + gap
            values.append(location + distance)
        distance = np.zeros_like(location)
        for gap in others[: self.middle][::-1]:
            distance = distance + gap
            values.insert(0, location - distance)
        return np.stack(values, axis=-1)


class DistributionHead(SeveralHead):
    """Base of heads of distributions: their mean and standard deviation."""

    def predict_std(self, raw: np.ndarray) -> np.ndarray:
        return self._in_units(self._std(*self._parameters(raw)), is_spread=True)

    def check_std(self) -> None:
        """There is one."""

    def _point(self, location: np.ndarray, *others: np.ndarray) -> np.ndarray:
        return location

    @abstractmethod
    def _std(self, location: np.ndarray, *others: np.ndarray) -> np.ndarray:
        """Return the standardised deviation (n, n_values)."""


class GaussianHead(DistributionHead):
    """Mean and standard deviation."""

    def _std(self, location: np.ndarray, *others: np.ndarray) -> np.ndarray:
        return others[0]


class StudentTHead(DistributionHead):
    """Location, scale and degrees of freedom."""

    def _std(self, location: np.ndarray, *others: np.ndarray) -> np.ndarray:
        spread, freedom = others
        return spread * np.sqrt(freedom / (freedom - 2))


class NegativeBinomialHead(DistributionHead):
    """Logarithm of the rate, and dispersion.

    Attributes
    ----------
    largest_log_rate : float
        Largest logarithm of the rate, whose exponential is finite.
    """

    largest_log_rate: float

    def _point(self, location: np.ndarray, *others: np.ndarray) -> np.ndarray:
        limit = self.largest_log_rate
        return np.exp(np.clip(location, -limit, limit))

    def _std(self, location: np.ndarray, *others: np.ndarray) -> np.ndarray:
        rate = self._point(location)
        return np.sqrt(rate / self.scale.astype(rate.dtype) + others[0] * rate**2)


DISTRIBUTIONS: dict[str, type[Head]] = {
    "gaussian": GaussianHead,
    "student_t": StudentTHead,
    "negative_binomial": NegativeBinomialHead,
}
HEADS: dict[str, type[Head]] = {
    "labels": LabelsHead,
    "transcripts": TranscriptsHead,
    "translations": TranslationsHead,
    "tags": TagsHead,
    "values": ValuesHead,
    "quantiles": QuantilesHead,
    **DISTRIBUTIONS,
}
