"""Transcripts: targets of any length, without alignment to the steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import log_softmax, softmax

from .checks import check_weights
from .containers import is_missing, opened, plain_targets
from .fitted import fitted_part
from .labels import check_classes, plain_labels
from .targets import Prediction, Target

Items = list[list[Any]]


@fitted_part
@dataclass(frozen=True)
class Transcripts(Target):
    """Strings, or lists of labels, one for each sequence.

    They are encoded as (n, longest) codes of labels, from 1, and zeros behind the last
    one; output 0 of the network is the blank.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The sorted labels.
    is_text : bool
        Whether transcripts are strings, whose labels are their characters.
    """

    kind: ClassVar[str] = "transcripts"
    noun: ClassVar[str] = "transcript"  # what error messages call one

    classes: np.ndarray
    is_text: bool

    @classmethod
    def of(cls, y: Any, classes: Any = None) -> Self:
        """Learn the labels from transcripts, or take ``classes``."""
        items, is_text = read_transcripts(y)
        every = [label for item in items for label in item]
        given = check_classes(classes)
        if given is not None and is_text:
            given = np.unique(plain_labels(given.astype(object), "classes"))
        if given is not None and is_text and any(len(label) != 1 for label in given):
            raise ValueError(
                "classes must be the single characters that strings may hold, got "
                f"{given.tolist()}."
            )
        if given is None:
            if not every:
                raise ValueError(f"y has no label: each {cls.noun} is empty.")
            given = np.unique(_as_labels(every))
        return cls(given, is_text)

    @property
    def n_outputs(self) -> int:
        return 1 + len(self.classes)

    @property
    def loss(self) -> str:
        return "ctc"

    @property
    def space(self) -> int:
        """The code of the space that parts words; 0 if there is none."""
        is_there = self.is_text and " " in self.classes.tolist()
        return 1 + self.classes.tolist().index(" ") if is_there else 0

    def check_classes(self, classes: Any) -> None:
        """Raise ValueError if a later call to partial_fit has other classes."""
        given = check_classes(classes)
        if given is not None and given.tolist() != self.classes.tolist():
            raise ValueError(
                "classes must be those of the first call to partial_fit, "
                f"{self.classes}, got {given}."
            )

    def meet(self, codes: np.ndarray) -> Self:
        """Return a copy that also knows what depends on these encoded targets."""
        return self

    def encode(self, values: Any) -> np.ndarray:
        return self.encode_named(values, "y")

    def encode_named(self, values: Any, name: str, *, may_be_empty: bool = False) -> Any:
        """Encode valid transcripts, which errors call by this name.

        Returns
        -------
        ndarray of shape (n, longest)

        Raises
        ------
        ValueError, TypeError
            If they are no transcripts, or have labels that fit has not seen.
        """
        items, _ = read_transcripts(values, name)
        numbers = {label: i for i, label in enumerate(self.classes.tolist(), 1)}
        rows = [[numbers.get(_plain(label), 0) for label in item] for item in items]
        for i, row in enumerate(rows):
            if not row and not may_be_empty:
                raise ValueError(
                    f"{name} has an empty {self.noun} at {i}, expected at least one "
                    "label. Leave it out, along with its sequence."
                )
            if 0 in row:
                self._refuse(items[i], row, i, name)
        codes = np.zeros((len(rows), max(map(len, rows), default=0)), dtype=np.int64)
        for code, row in zip(codes, rows, strict=True):
            code[: len(row)] = row
        return codes

    def _refuse(self, item: list[Any], row: list[int], i: int, name: str) -> None:
        """Raise ValueError that names the unknown labels of a transcript."""
        labels = zip(item, row, strict=True)
        unknown = dict.fromkeys(_plain(label) for label, code in labels if not code)
        shown = "".join(map(str, item)) if self.is_text else [_plain(x) for x in item]
        raise ValueError(
            f"{name} has labels at {i}, in {shown!r}, that are not in classes_: "
            f"{', '.join(map(repr, unknown))}. Known are "
            f"{', '.join(map(repr, self.classes.tolist()))}; all labels must be known at "
            "the first fit or partial_fit."
        )

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return self.arrange(row[row > 0] for row in codes)

    def arrange(self, labellings: Iterable[np.ndarray]) -> np.ndarray:
        """Return labellings, as codes, in the form of y: strings or lists of labels."""
        labels = [self.classes[codes - 1].tolist() for codes in labellings]
        answers = np.empty(len(labels), dtype=object)
        answers[:] = ["".join(item) for item in labels] if self.is_text else labels
        return answers

    @staticmethod
    def share_exact(true: Any, said: Any, sample_weight: Any = None) -> float:
        """Return the share of transcripts that are exactly the true ones."""
        items, _ = read_transcripts(true)
        right = [list(a) == list(b) for a, b in zip(said, items, strict=True)]
        return float(np.average(right, weights=check_weights(sample_weight, len(items))))

    @property
    def predictions(self) -> dict[str, Prediction]:
        return {
            "predict_proba": _softmax,
            "predict_log_proba": _log_softmax,
            # In double, for sums over many paths.
            "predict": _log_softmax_in_double,
            "transform": np.asarray,
        }

    def export(self) -> dict[str, Any]:
        return {
            "kind": "transcripts",
            "classes": self.classes,
            "is_text": self.is_text,
        }

    def check(self) -> None:
        super().check()
        if not isinstance(self.classes, np.ndarray) or self.classes.ndim != 1:
            raise ValueError("its classes must be an array of one axis")


def read_transcripts(y: Any, name: str = "y") -> tuple[Items, bool]:
    """Validate transcripts, and return the labels of each, and whether they are strings.

    Raises
    ------
    ValueError, TypeError
        If y holds anything but strings, or anything but lists of labels.

    Examples
    --------
    >>> read_transcripts(["no", "yes"])
    ([['n', 'o'], ['y', 'e', 's']], True)
    >>> read_transcripts([np.array([3, 5]), [1]])[0][1]
    [1]
    """
    expected = "a string for each, or a list of labels for each"
    if y is None:
        raise ValueError(f"{name} must hold {expected}, got None.")
    if isinstance(y, str | bytes) or not hasattr(opened(y, name), "__iter__"):
        raise ValueError(f"{name} must hold {expected}, got {y!r}.")
    given = list(plain_targets(y))
    items = [_labels_of(item, i, name, expected) for i, item in enumerate(given)]
    are_text = [isinstance(item, str) for item in given]
    if any(are_text) and not all(are_text):
        i = are_text.index(not are_text[0])
        raise ValueError(
            f"{name} mixes strings with lists of labels, as at {i}: expected {expected}."
        )
    return items, bool(are_text) and are_text[0]


def _labels_of(item: Any, i: int, name: str, expected: str) -> list[Any]:
    """Return the labels of one transcript."""
    if isinstance(item, str):
        return list(item)
    if isinstance(item, np.ma.MaskedArray):
        raise TypeError(f"{name} has a masked array at {i}: its mask would be ignored.")
    if not isinstance(item, list | tuple | np.ndarray) and hasattr(item, "__array__"):
        item = plain_targets(item)
    if not isinstance(item, list | tuple | np.ndarray) or np.ndim(item) == 0:
        raise ValueError(f"{name} must hold {expected}, got {item!r} at {i}.")
    labels = list(item)
    for label in labels:
        if is_missing(label):
            raise ValueError(f"{name} has a missing label at {i}, in {item!r}.")
        if isinstance(label, list | tuple | dict | set) or np.ndim(label):
            raise ValueError(
                f"{name} must hold {expected}, got a list of {type(label).__name__} at "
                f"{i}."
            )
    return labels


def _as_labels(every: list[Any]) -> np.ndarray:
    array = np.empty(len(every), dtype=object)
    array[:] = every
    return plain_labels(array, "y")


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def _softmax(scores: np.ndarray) -> np.ndarray:
    return softmax(scores, axis=1)


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    return log_softmax(scores, axis=1)


def _log_softmax_in_double(scores: np.ndarray) -> np.ndarray:
    return log_softmax(scores.astype(np.float64), axis=1)
