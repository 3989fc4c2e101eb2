"""What is particular to films: sequences of frames."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import Interval

from .._inputs import FRAMES, AnySequences, Layout, as_numbers, check_weights
from .._inputs.types import ArrayLike, Targets
from .._storage.learnt import Learnt
from .declaration import NETWORK, hyperparameter, recurrent_estimator
from .estimator import SequenceEstimator
from .hyperparameters import Pooling, Stack
from .regressor import SequenceRegressor

_COUNT = Interval(Integral, 1, None, closed="left")


class _LearntFilms(Learnt):
    """What a fit on films leaves behind; not among the fields of the classes below."""

    _has_channels: bool


class _LearntFrames(Learnt):
    """What a fit on frames to predict leaves behind as well."""

    _n_frames: int | None
    _single_frame: bool = False


@recurrent_estimator
class FilmReader(_LearntFilms, Pooling, Stack, SequenceEstimator):
    """Read films: a frame at each step."""

    kernel_size: int | Sequence[int] = hyperparameter(
        default=3,
        constraints=[_COUNT, tuple, list],
        doc="""int or tuple of int
        Width of the convolutions in the plane of the (patched) frame, odd, for all layers
        or one per layer. ``hidden_size`` counts their channels.""",
        role=NETWORK,
    )
    patch_size: int = hyperparameter(
        default=1,
        constraints=[_COUNT],
        doc="""int
        Side of the squares of pixels that are made channels before the first layer: with
        p the recurrence has p squared times fewer places to compute.""",
        role=NETWORK,
    )
    peephole: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Let the gates see the cell state, by a weight for each channel and place.""",
        role=NETWORK,
    )

    _layout: ClassVar[Layout] = FRAMES
    _network_kind: ClassVar[str] = "frames"

    def _check_X(self, X: Any, *, reset: bool) -> AnySequences:
        sequences = super()._check_X(X, reset=reset)
        if reset:
            self._has_channels = _rank_of_films(X) > self._layout.rank
        return sequences

    def _describe(self, sequences: AnySequences) -> dict[str, Any]:
        described = super()._describe(sequences)
        described["frame_size"] = sequences.step_shape[1:]
        if self._fitted_on_table:
            # The frames of a 2-D X are single pixels: there is no plane to convolve.
            described |= {"kernel_size": 1, "patch_size": 1}
        return described


@recurrent_estimator
class FilmRegressor(_LearntFrames, _LearntFilms, SequenceRegressor):
    """Predict numbers, the next frame, or the next frames."""

    def _encode_target(self, y: Any, *, reset: bool, classes: Any = None) -> np.ndarray:
        target = None if y is None else as_numbers(y, "y")
        if target is None or target.ndim <= 2:
            self._check_kind(None, reset)
            return super()._encode_target(y, reset=reset, classes=classes)
        frames = self._as_frames(target).astype(self.dtype)
        if not np.isfinite(frames).all():
            raise ValueError(
                f"Input y contains NaN, infinity or a value too large for "
                f"dtype({self.dtype!r})."
            )
        self._check_kind(frames.shape[1], reset)
        if reset:
            self._n_targets = frames.shape[2]
            self._many_outputs = True
            self._predicts_rates = self.loss == "poisson"
        elif frames.shape[2] != self._n_targets:
            raise ValueError(
                f"y has frames of {frames.shape[2]} channel(s), expected "
                f"{self._n_targets} as in the first fit."
            )
        self._check_rates(frames)
        return frames

    def _as_frames(self, y: np.ndarray) -> np.ndarray:
        """Bring y to (n, n_frames, n_channels, height, width)."""
        plain = 3 + self._has_channels
        if y.ndim not in (plain, plain + 1):
            axes = "height, width, n_channels" if self._has_channels else "height, width"
            raise ValueError(
                f"y has shape {y.shape}; expected frames in the layout of X, (n_films, "
                f"{axes}) or (n_films, n_frames, {axes}), or numbers (n_films,) or "
                "(n_films, n_outputs)."
            )
        self._single_frame = y.ndim == plain
        frames = y[:, None] if self._single_frame else y
        if not self._has_channels:
            frames = frames[:, :, None]
        elif self.data_format == "channels_last":
            frames = np.moveaxis(frames, -1, 2)
        if frames.shape[3:] != self._step_shape[1:]:
            raise ValueError(
                f"y has frames of {' x '.join(map(str, frames.shape[3:]))}, but X of "
                f"{' x '.join(map(str, self._step_shape[1:]))} (height x width)."
            )
        return frames

    def _check_kind(self, n_frames: int | None, reset: bool) -> None:
        """Compare with the first fit how many frames are predicted, None for numbers."""
        if reset:
            self._n_frames = n_frames
        elif n_frames != self._n_frames:
            raise ValueError(
                f"y has {_kind(n_frames)}, expected {_kind(self._n_frames)} as in the "
                "first fit."
            )

    def _describe(self, sequences: AnySequences) -> dict[str, Any]:
        return super()._describe(sequences) | {"n_frames": self._n_frames}

    def _fit_target_scale(self, target: np.ndarray, weight: np.ndarray | None) -> None:
        if self._n_frames is None:
            super()._fit_target_scale(target, weight)
            return
        pixels = np.moveaxis(target, 2, -1).reshape(-1, target.shape[2])
        if weight is not None:
            weight = np.repeat(weight, len(pixels) // len(target))
        super()._fit_target_scale(pixels, weight)
        # One mean and scale per channel, over all frames and places.
        self._target_mean = self._target_mean[:, None, None]
        self._target_scale = self._target_scale[:, None, None]

    def _rescale(self, output: np.ndarray) -> np.ndarray:
        values = super()._rescale(output)
        if self._n_frames is None:
            return values
        if not self._has_channels:
            values = values[:, :, 0]
        elif self.data_format == "channels_last":
            values = np.moveaxis(values, 2, -1)
        return values[:, 0] if self._single_frame else values

    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float:
        """Coefficient of determination; of frames over all their pixels.

        Parameters
        ----------
        X : array-like
            Films, as in fit.
        y : array-like
            True targets.
        sample_weight : array-like of shape (n_films,), default=None
            Weight of each film.

        Returns
        -------
        float
            R squared.
        """
        answer = self.predict(X)
        truth = as_numbers(y, "y")
        if answer.ndim <= 2:
            return r2_score(truth, answer, sample_weight=sample_weight)
        if truth.shape != answer.shape:
            raise ValueError(
                f"y has shape {truth.shape}, expected {answer.shape}, as predicted."
            )
        weight = check_weights(sample_weight, len(truth))
        if weight is not None:
            weight = np.repeat(weight, truth[0].size)
        return r2_score(truth.ravel(), answer.ravel(), sample_weight=weight)


def _rank_of_films(X: Any) -> int:
    """Dimensions of each film of a checked X."""
    if getattr(X, "ndim", 1) > 1:
        return X.ndim - 1
    X = X if isinstance(X, list | tuple) else np.asarray(X)
    return np.asarray(X[0]).ndim


def _kind(n_frames: int | None) -> str:
    return "numbers" if n_frames is None else f"{n_frames} frame(s) per film"
