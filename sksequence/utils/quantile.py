"""One quantile of a fitted estimator that predicts several, for other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted


class QuantileView(RegressorMixin, BaseEstimator):
    """Predict one quantile of a fitted estimator of several, or of a distribution.

    For libraries that take an estimator for each quantile, such as MAPIE's conformalized
    quantile regression: one fit serves for all. A fit of the view changes nothing, as of
    :class:`sklearn.frozen.FrozenEstimator`.

    Parameters
    ----------
    estimator : estimator
        A fitted regressor, or a Pipeline that ends in one, with
        ``predict(X, quantiles=...)``: the loss is "quantile", with several quantiles, or
        that of a distribution.
    quantile : float
        The quantile, in (0, 1); with ``loss="quantile"`` one of those of the fit.

    Attributes
    ----------
    fitted_ : bool
        Whether the estimator is fitted.

    References
    ----------
    Romano, Patterson and Candes (2019), Conformalized quantile regression. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from mapie.regression import ConformalizedQuantileRegressor
    >>> from sksequence import GRURegressor
    >>> from sksequence.utils import QuantileView
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 6))
    >>> y = X[:, -1] + rng.normal(size=300)
    >>> model = GRURegressor(loss="quantile", quantile=(0.1, 0.5, 0.9), max_epochs=5)
    >>> model = model.fit(X[:100], y[:100])
    >>> views = [QuantileView(model, q) for q in (0.1, 0.9, 0.5)]  # in MAPIE's order
    >>> conformal = ConformalizedQuantileRegressor(
    ...     views, confidence_level=0.8, prefit=True
    ... )
    >>> conformal = conformal.conformalize(X[100:200], y[100:200])
    >>> predictions, intervals = conformal.predict_interval(X[200:])
    >>> low, high = intervals[:, 0, 0], intervals[:, 1, 0]
    >>> bool(np.mean((low <= y[200:]) & (y[200:] <= high)) > 0.7)
    True
    """

    def __init__(self, estimator: Any, quantile: float) -> None:
        self.estimator = estimator
        self.quantile = quantile

    def fit(self, X: Any, y: Any, **fit_params: Any) -> QuantileView:
        """Check that the estimator is fitted; it stays as it is.

        Parameters
        ----------
        X, y : array-like
            Not read.
        **fit_params : dict
            Not read.

        Returns
        -------
        self : object

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self.estimator)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict the quantile.

        Parameters
        ----------
        X : array-like
            Sequences, as of the estimator.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, ...)
            In the form of y.

        Raises
        ------
        ValueError
            If the estimator does not predict this quantile.
        """
        return self.estimator.predict(X, quantiles=[self.quantile])[..., 0]

    @property
    def fitted_(self) -> bool:
        """Whether the estimator is fitted."""
        return self.__sklearn_is_fitted__()

    def __sklearn_is_fitted__(self) -> bool:
        try:
            check_is_fitted(self.estimator)
        except NotFittedError:
            return False
        return True

    def __sklearn_clone__(self) -> QuantileView:
        # A clone of the estimator would not be fitted.
        return QuantileView(self.estimator, self.quantile)
