"""What is particular to answers that are numbers."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags, check_array, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions

from .._inputs import as_numbers, fit_scaler
from .._inputs.types import ArrayLike, Targets
from .._storage.learnt import Learnt
from .declaration import MODEL, hyperparameter, recurrent_estimator
from .estimator import SequenceEstimator


class _LearntNumbers(Learnt):
    """What a fit leaves behind; not among the fields of the class below."""

    _n_targets: int
    _many_outputs: bool
    _predicts_rates: bool
    _target_mean: np.ndarray
    _target_scale: np.ndarray


@recurrent_estimator
class NumberPredictor(_LearntNumbers, SequenceEstimator):
    """Answer with one number, or several."""

    loss: str = hyperparameter(
        default="squared_error",
        constraints=[
            StrOptions(
                {"squared_error", "absolute_error", "huber", "quantile", "poisson"}
            )
        ],
        doc="""{"squared_error", "absolute_error", "huber", "quantile", "poisson"}
        What is made small, and with it what is predicted: the mean, the median, a mean
        that outliers beyond one standard deviation pull at less, the quantile named by
        ``quantile``, or the rate of counts (targets of zero and more).""",
        role=MODEL,
    )
    quantile: float = hyperparameter(
        default=0.5,
        constraints=[Interval(Real, 0, 1, closed="neither")],
        doc="""float
        Which quantile the "quantile" loss predicts, in (0, 1).""",
    )

    def partial_fit(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch, going on from where the last call or fit ended.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        self : object
            The estimator. Channels and targets stay scaled by what the first call saw.
        """
        return self._train_one_epoch(X, y, sample_weight)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the target of each sequence, or of each step.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs)
            As y was in fit; float32 for a float32 X, else float64.
        """
        return self._respond(X, "predict")

    def _get_finishers(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        return {"predict": self._rescale, "transform": np.asarray}

    def _rescale(self, output: np.ndarray) -> np.ndarray:
        if self._predicts_rates:
            output = np.exp(output)
        values = output * self._target_scale.astype(output.dtype)
        values += self._target_mean.astype(output.dtype)
        return values if self._many_outputs else values[:, 0]

    # ----------------------------------------------------------------------- targets

    def _encode_target(self, y: Any, *, reset: bool, classes: Any = None) -> np.ndarray:
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the "
                "target y is None."
            )
        target = check_array(
            as_numbers(y, "y"),
            dtype=np.float64,
            ensure_2d=False,
            input_name="y",
            estimator=self,
        )
        largest = np.abs(target).max()
        if largest > np.finfo(np.float32).max:
            raise ValueError(
                f"y contains {largest}, a value too large for dtype('float32')."
            )
        if target.ndim == 2 and target.shape[1] == 1:
            target = column_or_1d(target, warn=True)
        n_outputs = target.shape[1] if target.ndim == 2 else 1
        if reset:
            self._many_outputs = target.ndim == 2
            self._n_targets = n_outputs
            self._predicts_rates = self.loss == "poisson"
        elif n_outputs != self._n_targets:
            raise ValueError(
                f"y has {n_outputs} output(s), expected {self._n_targets} as in the "
                "first fit."
            )
        self._check_rates(target)
        return target.reshape(len(target), n_outputs)

    def _check_rates(self, target: np.ndarray) -> None:
        if self._predicts_rates and (target.min() < 0 or target.sum() == 0):
            raise ValueError(
                'loss="poisson" needs targets of at least zero with a positive sum, '
                f"got y has minimum {target.min()} and sum {target.sum()}."
            )

    def _count_outputs(self) -> int:
        return self._n_targets

    def _describe_answer(self) -> dict[str, Any]:
        return {
            "kind": "values",
            "mean": self._target_mean,
            "scale": self._target_scale,
            "are_rates": self._predicts_rates,
            "are_many": self._many_outputs,
        }

    def _get_loss(self) -> dict[str, Any]:
        return {"loss": self.loss, "quantile": self.quantile}

    def _fit_target_scale(self, target: np.ndarray, weight: np.ndarray | None) -> None:
        self._target_mean = np.zeros(target.shape[1])
        self._target_scale = np.ones(target.shape[1])
        if not self.standardize:
            return
        scaler = fit_scaler(target, weight)
        if self._predicts_rates:
            # Rates relative to the mean rate: their logarithm begins at zero.
            self._target_scale = np.where(scaler.mean_ > 0, scaler.mean_, 1.0)
        else:
            self._target_mean, self._target_scale = scaler.mean_, scaler.scale_

    def _scale_target(self, target: np.ndarray) -> np.ndarray:
        return (target - self._target_mean) / self._target_scale


@recurrent_estimator
class SequenceRegressor(RegressorMixin, NumberPredictor):
    """Predict numbers from whole sequences."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
