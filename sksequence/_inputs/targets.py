"""What a fit learns from y, and the conversion of raw outputs to predictions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import expit, log_expit, log_softmax
from sklearn.utils import check_array, column_or_1d

from .channels import names_of_targets
from .checks import FLOAT32_MAX, Form, as_numbers
from .distributions import Quantiles, check_levels
from .fitted import Fitted, fitted_part
from .labels import warn_if_one_hot
from .losses import LOSSES, Loss, find_loss
from .moments import Moments

Prediction = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Target(Fitted):
    """Base of what a fit learns from y.

    It is created with the kind of y; ``learn`` returns a copy with the scale of y.

    Attributes
    ----------
    names : tuple of str or None
        Names of several outputs, if y was one or several DataFrames.
    """

    weighs_steps: ClassVar[bool] = True  # whether weights of steps are of their losses

    names: tuple[str, ...] | None = field(default=None, kw_only=True)

    def check_names(self, names: tuple[str, ...] | None) -> None:
        """Raise ValueError for outputs of other names, or in another order."""
        if names is None or self.names is None or names == self.names:
            return
        raise ValueError(
            "The target names should match those that were passed during fit: y has the "
            f"columns {list(names)}, expected {list(self.names)}, in this order."
        )

    def with_names_of(self, y: Any) -> Self:
        """Return a copy with the names of y, which must be those of the fit."""
        names = names_of_targets(y)
        self.check_names(names)
        return self if names is None else replace(self, names=names)

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """The ``output_size`` of the network."""

    @property
    @abstractmethod
    def loss(self) -> str:
        """Name of the loss."""

    @abstractmethod
    def encode(self, values: np.ndarray) -> np.ndarray:
        """Encode valid targets as class codes (n,) or numbers (n, ...)."""

    @abstractmethod
    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Invert ``encode``: labels, or numbers in the form of predictions."""

    @property
    def n_ahead(self) -> int:
        """How many steps after a window its target may cover."""
        return 1

    def flatten(self, predictions: np.ndarray) -> np.ndarray:
        """Return predictions in the form of decoded targets: one row for each."""
        return predictions

    def learn(
        self, rows: np.ndarray, weight: np.ndarray | None, *, standardize: bool
    ) -> Target:
        """Return a copy with the scale of the encoded training targets."""
        return self

    def begin_following(
        self, rows: np.ndarray, weight: np.ndarray | None, *, standardize: bool
    ) -> Target:
        """Return a copy, which has learnt from these targets, for further partial_fit."""
        return self

    def follow(self, rows: np.ndarray, weight: np.ndarray | None) -> Target:
        """Return a copy with the scale of all targets of partial_fit so far."""
        return self

    def scale_rows(self, rows: np.ndarray) -> np.ndarray:
        """Scale encoded targets for the loss."""
        return rows

    @property
    @abstractmethod
    def predictions(self) -> dict[str, Prediction]:
        """Functions of raw outputs (n, ...), by the estimator method that uses them.

        Those of a method with options take them as keywords.
        """

    @abstractmethod
    def export(self) -> dict[str, Any]:
        """Return kind and values of the head, for other back ends."""

    def check(self) -> None:
        names = self.names
        if names is None:
            return
        if not isinstance(names, tuple) or not all(isinstance(x, str) for x in names):
            raise ValueError(f"the names of its {self.kind} must be text, got {names!r}")


@fitted_part
@dataclass(frozen=True)
class Labels(Target):
    """Classes, one per target, or any number of labels.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The sorted classes; for multilabel targets the columns of y.
    is_multilabel : bool
        Whether targets are multilabel.
    """

    kind: ClassVar[str] = "labels"

    classes: np.ndarray
    is_multilabel: bool

    @classmethod
    def of(cls, labels: np.ndarray, classes: np.ndarray | None) -> Labels:
        """Learn the classes from labels, or take ``classes``."""
        warn_if_one_hot(labels)
        if labels.ndim == 2:
            return cls(np.arange(labels.shape[1]), True)
        return cls(np.unique(labels) if classes is None else classes, False)

    @property
    def n_outputs(self) -> int:
        return len(self.classes)

    @property
    def loss(self) -> str:
        return "binary_cross_entropy" if self.is_multilabel else "cross_entropy"

    def check_classes(self, classes: np.ndarray | None) -> None:
        """Raise ValueError if a later call to partial_fit has other classes."""
        if classes is not None and not np.array_equal(classes, self.classes):
            raise ValueError(
                "classes must be those of the first call to partial_fit, "
                f"{self.classes}, got {classes}."
            )

    def encode(self, values: np.ndarray) -> np.ndarray:
        if self.is_multilabel:
            if values.shape[1:] != self.classes.shape:
                raise ValueError(
                    f"y must have {len(self.classes)} columns of zeros and ones, as in "
                    f"the first fit, got shape {values.shape}."
                )
            return values.astype(np.float64)
        if values.ndim != 1:
            raise ValueError(
                "y must hold one class each, of shape (n,), as in the first fit, got "
                f"shape {values.shape}."
            )
        unknown = np.setdiff1d(values, self.classes)
        if len(unknown):
            raise ValueError(
                f"y contains classes that are not in {self.classes}: {unknown}. All "
                "classes must be known at the first fit or partial_fit."
            )
        return np.searchsorted(self.classes, values)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return codes.astype(int) if self.is_multilabel else self.classes[codes]

    @property
    def predictions(self) -> dict[str, Prediction]:
        return {
            "predict": self._decide,
            "predict_proba": expit if self.is_multilabel else _softmax,
            "predict_log_proba": log_expit if self.is_multilabel else _log_softmax,
            "transform": np.asarray,
        }

    def _decide(self, scores: np.ndarray) -> np.ndarray:
        if self.is_multilabel:
            return (scores > 0).astype(int)
        return self.classes[scores.argmax(axis=1)]

    def export(self) -> dict[str, Any]:
        return {
            "kind": "labels",
            "classes": self.classes,
            "is_multilabel": self.is_multilabel,
        }

    def check(self) -> None:
        super().check()
        if not isinstance(self.classes, np.ndarray) or self.classes.ndim != 1:
            raise ValueError("its classes must be an array of one axis")


@fitted_part
@dataclass(frozen=True)
class Numbers(Target):
    """Numeric targets: their number, loss and scaling.

    Attributes
    ----------
    loss_name : str
        A name in ``LOSSES``.
    n_values : int
        Number of values per target.
    is_many : bool
        Whether y is 2-D.
    mean, scale : ndarray of shape (n_values,)
        Mean and scale used for standardisation.
    seen : Moments or None
        Moments over the calls to partial_fit; None once a fit has set the scale.
    quantiles : tuple of float
        Several quantiles that the loss of that name predicts.
    """

    kind: ClassVar[str] = "values"

    loss_name: str
    n_values: int
    is_many: bool
    mean: np.ndarray = field(default_factory=partial(np.zeros, 0))
    scale: np.ndarray = field(default_factory=partial(np.ones, 0))
    seen: Moments | None = None
    quantiles: tuple[float, ...] = field(default=(), kw_only=True)

    @classmethod
    def of(
        cls, values: np.ndarray, loss: str, quantiles: tuple[float, ...] = ()
    ) -> Numbers:
        """Learn the number of values per target."""
        is_many = values.ndim == 2
        n_values = values.shape[1] if is_many else 1
        return cls(loss, n_values, is_many, quantiles=quantiles)

    @property
    def n_outputs(self) -> int:
        return self.n_values * self._properties.n_parameters

    @property
    def loss(self) -> str:
        return self.loss_name

    @property
    def _properties(self) -> Loss:
        return find_loss(self.loss_name, self.quantiles)

    @property
    def loss_scale(self) -> np.ndarray | None:
        """The scale of the targets, if the loss depends on it."""
        family = self._properties.family
        return self.scale if family is not None and family.needs_scale else None

    def check_quantiles(self, quantiles: tuple[float, ...]) -> None:
        """Raise ValueError if a fit is to continue with others."""
        if quantiles != self.quantiles:
            raise ValueError(
                f"quantile={quantiles or 'a number'} cannot continue a fit with "
                f"quantile={self.quantiles or 'a number'}. Set it back, or fit a clone "
                "anew."
            )

    def encode(self, values: np.ndarray) -> np.ndarray:
        n_outputs = values.shape[1] if values.ndim == 2 else 1
        if n_outputs != self.n_values:
            raise ValueError(
                f"y must have {self.n_values} output(s), as in the first fit, got "
                f"{n_outputs}."
            )
        self._properties.check_range(values)
        return values.reshape(len(values), n_outputs)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return codes if self.is_many else codes[:, 0]

    @property
    def n_ahead(self) -> int:
        return self.n_values

    def learn(
        self, rows: np.ndarray, weight: np.ndarray | None, *, standardize: bool
    ) -> Numbers:
        empty = np.isnan(rows).all(axis=0)
        if empty.any():
            raise ValueError(
                f"y has no value for output {empty.argmax()}: all are missing in the "
                "training set."
            )
        if not standardize:
            n = rows.shape[1]
            return replace(self, mean=np.zeros(n), scale=np.ones(n))
        mean, scale = self._properties.fit_scale(rows, weight)
        return replace(self, mean=mean, scale=scale)

    def begin_following(
        self, rows: np.ndarray, weight: np.ndarray | None, *, standardize: bool
    ) -> Numbers:
        if not standardize:
            return self
        return replace(self, seen=self._add(Moments.of_none(self.n_values), rows, weight))

    def follow(self, rows: np.ndarray, weight: np.ndarray | None) -> Numbers:
        if self.seen is None:
            return self
        seen = self._add(self.seen, rows, weight)
        mean, scale = self._properties.scale_of(seen.mean, seen.scale)
        shape = self._scale_shape
        return replace(
            self, seen=seen, mean=mean.reshape(shape), scale=scale.reshape(shape)
        )

    def _add(self, seen: Moments, rows: np.ndarray, weight: np.ndarray | None) -> Moments:
        return seen.add(rows, weight)

    def scale_rows(self, rows: np.ndarray) -> np.ndarray:
        return (rows - self.mean) / self.scale

    @property
    def predictions(self) -> dict[str, Prediction]:
        return {
            "predict": self._predict,
            "sample_y": self._draw,
            "transform": np.asarray,
        }

    @property
    def in_double(self) -> bool:
        """Whether float32 is too coarse for the targets."""
        return exceeds_float32(self.mean, self.scale)

    def _predict(
        self, output: np.ndarray, *, return_std: bool = False, quantiles: Any = None
    ) -> np.ndarray:
        """Return predictions, means beside deviations (n, ..., 2), or quantiles."""
        loss, output = self._properties, self._precise(output)
        if return_std:
            family = loss.distribution("return_std=True")
            parts = loss.by_value(output)
            moments = family.mean(parts), family.std(parts, self.scale)
            both = self._in_units(moments[0]), self._in_units(moments[1], is_spread=True)
            return self._arrange(np.stack(both, axis=-1))
        if quantiles is None:
            return self._arrange(self._in_units(loss.point(output, self.scale)))
        if isinstance(loss.family, Quantiles):
            found = loss.point(output, self.scale)[..., loss.family.find(quantiles)]
        else:
            family = loss.distribution("quantiles")
            levels = np.array(check_levels(quantiles, "quantiles"))
            found = family.quantiles(loss.by_value(output), self.scale, levels)
        return self._arrange(self._in_units(found))

    def _draw(
        self, output: np.ndarray, *, n_samples: int, rng: np.random.RandomState
    ) -> np.ndarray:
        """Return samples of the predicted distributions, along the last axis."""
        loss = self._properties
        family, parts = (
            loss.distribution("sample_y"),
            loss.by_value(self._precise(output)),
        )
        drawn = family.draw(parts, self.scale, n_samples, rng)
        return self._arrange(self._in_units(drawn))

    def _precise(self, output: np.ndarray) -> np.ndarray:
        """Return raw outputs in a dtype that resolves the targets."""
        return output.astype(np.float64) if self.in_double else output

    def _in_units(self, standard: np.ndarray, *, is_spread: bool = False) -> np.ndarray:
        """Undo the scaling of targets: the one place where values get their units.

        Parameters
        ----------
        standard : ndarray of shape (n, n_values), (n, n_values, n_answers), or of frames
            Values on the scale of the loss.
        is_spread : bool, default=False
            Whether they are deviations, which the mean does not shift.
        """
        mean, scale = (x.astype(standard.dtype) for x in (self.mean, self.scale))
        if standard.ndim == 3:  # frames have five axes, and no further one
            mean, scale = mean[..., None], scale[..., None]
        values = standard * scale
        if is_spread:
            return values
        values += mean
        family = self._properties.family
        # The means of counts need not be whole, but quantiles and samples are.
        is_whole = family is not None and family.is_whole and standard.ndim == 3
        return np.rint(values) if is_whole else values

    def _arrange(self, values: np.ndarray) -> np.ndarray:
        """Return values (n, n_values, ...) in the form of y; further axes stay last."""
        return values if self.is_many else values[:, 0]

    def export(self) -> dict[str, Any]:
        return {
            "mean": self.mean,
            "scale": self.scale,
            "are_many": self.is_many,
            "in_double": self.in_double,
            **self._properties.export(),
        }

    def check(self) -> None:
        super().check()
        if self.loss not in LOSSES:
            raise ValueError(f"its loss must be one of {', '.join(LOSSES)}")
        if self.quantiles != ():
            if self.loss != "quantile" or not isinstance(self.quantiles, tuple):
                raise ValueError(f"its {self.kind} have quantiles of another loss")
            check_levels(self.quantiles, "quantile")
        for array in (self.mean, self.scale):
            if not isinstance(array, np.ndarray) or array.shape != self._scale_shape:
                raise ValueError(f"the scale of its {self.kind} does not fit the outputs")

    @property
    def _scale_shape(self) -> tuple[int, ...]:
        return (self.n_values,)


@fitted_part
@dataclass(frozen=True)
class Frames(Numbers):
    """The next frame of a video, or the next frames.

    Attributes
    ----------
    n_frames : int
        Number of predicted frames; ``n_values`` is their number of channels.
    is_single : bool
        Whether y had no axis for several frames.
    has_channels : bool
        Whether y had a channel axis.
    """

    kind: ClassVar[str] = "frames"

    n_frames: int = 1
    is_single: bool = False
    has_channels: bool = False

    @classmethod
    def in_layout(
        cls, y: np.ndarray, form: Form, *, channels_first: bool, loss: str
    ) -> tuple[Frames, np.ndarray]:
        """Return the target, and frames (n, n_frames, n_channels, height, width)."""
        plain = 3 + form.has_channels
        if y.ndim not in (plain, plain + 1):
            axes = "height, width, n_channels" if form.has_channels else "height, width"
            raise ValueError(
                f"y must be frames in the layout of X, (n_videos, {axes}) or (n_videos, "
                f"n_frames, {axes}), or numbers (n_videos,) or (n_videos, n_outputs), "
                f"got shape {y.shape}."
            )
        frames = y[:, None] if y.ndim == plain else y
        if not form.has_channels:
            frames = frames[:, :, None]
        elif not channels_first:
            frames = np.moveaxis(frames, -1, 2)
        if frames.shape[3:] != form.step_shape[1:]:
            raise ValueError(
                f"y must have frames of {_size(form.step_shape[1:])} (height x width), "
                f"as X, got {_size(frames.shape[3:])}."
            )
        made = cls(
            loss,
            frames.shape[2],
            is_many=True,
            n_frames=frames.shape[1],
            is_single=y.ndim == plain,
            has_channels=form.has_channels,
        )
        return made, frames

    def encode(self, values: np.ndarray) -> np.ndarray:
        if values.shape[2] != self.n_values:
            raise ValueError(
                f"y must have frames of {self.n_values} channel(s), as in the first "
                f"fit, got {values.shape[2]}."
            )
        self._properties.check_range(values)
        return values

    def learn(
        self, rows: np.ndarray, weight: np.ndarray | None, *, standardize: bool
    ) -> Numbers:
        """Learn one mean and scale per channel, over all frames and pixels."""
        learnt = super().learn(*_pixels(rows, weight), standardize=standardize)
        mean, scale = learnt.mean[:, None, None], learnt.scale[:, None, None]
        return replace(learnt, mean=mean, scale=scale)

    def _add(self, seen: Moments, rows: np.ndarray, weight: np.ndarray | None) -> Moments:
        return seen.add(*_pixels(rows, weight))

    @property
    def n_ahead(self) -> int:
        return self.n_frames

    def flatten(self, predictions: np.ndarray) -> np.ndarray:
        return predictions.reshape(len(predictions), -1)

    def arrange(self, frames: np.ndarray, *, channels_first: bool) -> np.ndarray:
        """Arrange predicted frames in the layout of y."""
        if not self.has_channels:
            frames = frames[:, :, 0]
        elif not channels_first:
            frames = np.moveaxis(frames, 2, -1)
        return frames[:, 0] if self.is_single else frames

    @property
    def _scale_shape(self) -> tuple[int, ...]:
        return self.n_values, 1, 1


def _pixels(
    frames: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a row of channels for each pixel, and its weight."""
    pixels = np.moveaxis(frames, 2, -1).reshape(-1, frames.shape[2])
    if weight is not None:
        weight = np.repeat(weight, len(pixels) // len(frames))
    return pixels, weight


def check_numbers(y: Any, estimator: Any) -> np.ndarray:
    """Validate numeric targets, and return them (n,) or (n, n_outputs).

    Of several outputs some may be missing: NaN or None.

    Parameters
    ----------
    y : array-like
        Targets.
    estimator : estimator
        Estimator to name in error messages.
    """
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the "
            "target y is None."
        )
    numbers = as_numbers(y, "y", allow_nan=True)
    has_several = numbers.ndim == 2 and numbers.shape[1] > 1
    values = check_array(
        numbers,
        dtype=np.float64,
        ensure_2d=False,
        ensure_all_finite="allow-nan" if has_several else True,
        input_name="y",
        estimator=estimator,
    )
    largest = np.nanmax(np.abs(values))
    if largest > FLOAT32_MAX:
        raise ValueError(f"y contains {largest}, a value too large for dtype('float32').")
    if values.ndim == 2 and values.shape[1] == 1:
        return column_or_1d(values, warn=True)
    return values


def exceeds_float32(mean: np.ndarray, scale: np.ndarray) -> bool:
    """Return whether float32 is too coarse for numbers of this mean and scale.

    It is where its rounding at the mean exceeds a ten thousandth of the scale, or values
    may leave its range.

    Examples
    --------
    >>> exceeds_float32(np.array([290.0]), np.array([10.0]))
    False
    >>> exceeds_float32(np.array([1e9]), np.array([10.0]))
    True
    """
    limits = np.finfo(np.float32)
    is_coarse = limits.eps * np.abs(mean) > 1e-4 * scale
    may_underflow = scale < limits.tiny / limits.eps
    may_overflow = np.abs(mean) + 1000 * scale > FLOAT32_MAX
    return bool((is_coarse | may_underflow | may_overflow).any())


def _softmax(scores: np.ndarray) -> np.ndarray:
    # As scipy does, which takes as long again to find out what kind of array it has.
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    return log_softmax(scores, axis=1)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
