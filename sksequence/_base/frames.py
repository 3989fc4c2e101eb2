"""Base of estimators of videos, which are sequences of frames."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar, Literal, overload

import numpy as np
from sklearn.metrics import r2_score

from .._inputs import (
    FRAMES,
    Form,
    Frames,
    Layout,
    Reading,
    Target,
    as_numbers,
    check_weights,
    exceeds_float32,
    find_loss,
)
from .._inputs.types import ArrayLike, Targets
from .declaration import NETWORK, hyperparameter, recurrent_estimator
from .estimator import SequenceEstimator
from .hyperparameters import COUNT, Layers, Pooling
from .regressor import SequenceRegressor


@recurrent_estimator
class FrameReader(Pooling, Layers, SequenceEstimator):
    """Estimator of videos, with a frame at each step."""

    kernel_size: int | Sequence[int | Sequence[int]] = hyperparameter(
        default=3,
        constraints=[COUNT, tuple, list],
        doc="""int, tuple of (int, int) or tuple
        Height and width of the convolution kernels, odd: one int for both, or (height,
        width), for all layers or one per layer. For two layers, two ints are one per
        layer. ``hidden_size`` is the number of channels.""",
        role=NETWORK,
        search=(3, 5),
    )
    patch_size: int = hyperparameter(
        default=1,
        constraints=[COUNT],
        doc="""int
        Side of the square patches of pixels that become channels before the first layer:
        a size of p reduces the number of pixels by p squared.""",
        role=NETWORK,
    )
    peephole: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Whether gates also read the cell state, with a weight for each channel and
        pixel.""",
        role=NETWORK,
    )

    _layout: ClassVar[Layout] = FRAMES
    _network_kind: ClassVar[str] = "frames"

    def _describe_network(self, reading: Reading, target: Target) -> dict[str, Any]:
        described = super()._describe_network(reading, target)
        described["frame_size"] = reading.form.step_shape[1:]
        if reading.form.is_table:
            # The frames of a 2-D X are single pixels.
            described |= {"kernel_size": 1, "patch_size": 1}
        self._check_kernel(described.get("kernel_size", self.kernel_size), reading.form)
        return described

    def _check_kernel(self, kernel_size: Any, form: Form) -> None:
        """Warn if square kernels are wider than the frames, as with axes mixed up."""
        channels, *frame = form.step_shape
        height, width = (-(-side // self.patch_size) for side in frame)
        if isinstance(kernel_size, Integral) and int(kernel_size) > min(height, width):
            warnings.warn(
                f"kernel_size={kernel_size} is wider than the frames, which have "
                f"{frame[0]} x {frame[1]} pixels (height x width) of {channels} "
                f"channel(s), with patch_size={self.patch_size}: the kernels also read "
                "the padding around them. Is data_format="
                f"{self.data_format!r} right? A kernel_size=(height, width) says that "
                "this is meant.",
                UserWarning,
                stacklevel=2,
            )


@recurrent_estimator
class FrameRegressor(SequenceRegressor):
    """Regressor of numbers, the next frame, or the next frames."""

    def _check_y(
        self, y: Any, form: Form, target: Target | None, classes: Any
    ) -> tuple[Target, np.ndarray]:
        values = None if y is None else as_numbers(y, "y", allow_nan=True)
        if values is None or values.ndim <= 2:
            if isinstance(target, Frames):
                raise ValueError(_other_kind(None, target.n_frames))
            return super()._check_y(y, form, target, classes)
        loss = find_loss(self.loss, self._get_quantiles(target))
        if loss.family is not None:
            raise ValueError(
                f"loss={self.loss!r} predicts several quantiles or distributions of "
                "numbers alone, (n_videos,) or (n_videos, n_outputs), not of frames: "
                f"got y of shape {values.shape}."
            )
        made, frames = Frames.in_layout(
            values, form, channels_first=self._is_channels_first, loss=self.loss
        )
        frames = _rounded(frames, self.dtype)
        if target is None:
            return made, made.encode(frames)
        if not isinstance(target, Frames) or made.n_frames != target.n_frames:
            expected = target.n_frames if isinstance(target, Frames) else None
            raise ValueError(_other_kind(made.n_frames, expected))
        return replace(target, is_single=made.is_single), target.encode(frames)

    def _describe_network(self, reading: Reading, target: Target) -> dict[str, Any]:
        n_frames = target.n_frames if isinstance(target, Frames) else None
        return super()._describe_network(reading, target) | {"n_frames": n_frames}

    @property
    def _is_channels_first(self) -> bool:
        return self.data_format == "channels_first"

    @overload
    def predict(
        self,
        X: ArrayLike,
        return_std: Literal[False] = ...,
        quantiles: Sequence[float] | None = ...,
    ) -> np.ndarray: ...

    @overload
    def predict(
        self, X: ArrayLike, return_std: Literal[True], quantiles: None = ...
    ) -> tuple[np.ndarray, np.ndarray]: ...

    def predict(
        self,
        X: ArrayLike,
        return_std: bool = False,
        quantiles: Sequence[float] | None = None,
    ) -> Any:
        """Predict the numbers of each video, or its next frames.

        Parameters
        ----------
        X : array-like
            Videos, as in fit.
        return_std : bool, default=False
            Whether to return the standard deviation of the predicted distribution of
            numbers too; needs ``loss="gaussian"``, "student_t" or "negative_binomial".
        quantiles : array-like of shape (n_quantiles,), default=None
            Return these quantiles of the predicted distribution of numbers; with
            ``loss="quantile"``, some of those of the fit.

        Returns
        -------
        ndarray of shape (n_videos,), (n_videos, n_outputs) or (n_videos, n_frames, ...)
            Predictions in the form of y; float32 for float32 X if it resolves the scale
            of the targets, else float64. Several quantiles of numbers are a further
            axis, the last.
        std : ndarray
            Standard deviations in the form of the predictions; only with ``return_std``.
        """
        predicted: Any = super().predict(X, return_std, quantiles)  # type: ignore[call-overload]
        if not isinstance(self._target, Frames):
            return predicted
        return self._target.arrange(predicted, channels_first=self._is_channels_first)

    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the coefficient of determination; for frames, over all pixels.

        Parameters
        ----------
        X : array-like
            Videos, as in fit.
        y : array-like
            True targets.
        sample_weight : array-like of shape (n_videos,), default=None
            Weight of each video.

        Returns
        -------
        float
            R squared.
        """
        return super().score(X, y, sample_weight)

    def _score_answers(self, predicted: np.ndarray, y: Any, sample_weight: Any) -> float:
        if not isinstance(self._target, Frames):
            return super()._score_answers(predicted, y, sample_weight)
        truth = as_numbers(y, "y")
        if truth.shape != predicted.shape:
            raise ValueError(
                f"y has shape {truth.shape}, expected {predicted.shape}, as predicted."
            )
        weight = check_weights(sample_weight, len(truth))
        if weight is not None:
            weight = np.repeat(weight, truth[0].size)
        return r2_score(truth.ravel(), predicted.ravel(), sample_weight=weight)


def _rounded(frames: np.ndarray, dtype: str) -> np.ndarray:
    """Return frames in a dtype, or as they are where it is too coarse for them."""
    rounded = frames.astype(dtype)
    if not np.isfinite(rounded).all():
        raise ValueError(
            f"Input y contains NaN, infinity or a value too large for dtype({dtype!r})."
        )
    if rounded.dtype == np.float64 or frames.dtype == rounded.dtype:
        return rounded
    over_pixels = (0, 1, 3, 4)
    mean, scale = frames.mean(over_pixels), frames.std(over_pixels)
    is_coarse = exceeds_float32(mean, np.where(scale > 0, scale, 1.0))
    return frames.astype(np.float64) if is_coarse else rounded


def _other_kind(got: int | None, expected: int | None) -> str:
    kinds = [
        "numbers" if n is None else f"{n} frame(s) per video" for n in (got, expected)
    ]
    return f"y has {kinds[0]}, expected {kinds[1]} as in the first fit."
