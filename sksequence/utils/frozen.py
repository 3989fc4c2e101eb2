"""A fitted estimator of sequences, for libraries that take every X for a table."""

from __future__ import annotations

from typing import Any

from sklearn.frozen import FrozenEstimator

# What tells other libraries that X is a table with these columns.
_OF_TABLES = frozenset(["n_features_in_", "feature_names_in_"])


class FrozenSequenceEstimator(FrozenEstimator):
    """Wrap a fitted estimator, and do not say how many columns a table would have.

    Some libraries test whether a model is fitted by a prediction for one row of
    ``n_features_in_`` zeros, as MAPIE's split conformal methods do, or compare this
    number with the second axis of X. Neither makes sense for sequences: their features
    are the channels of every step. Like :class:`sklearn.frozen.FrozenEstimator`, the
    wrapper has all attributes and methods of the estimator, and a fit of it changes
    nothing; but it has neither ``n_features_in_`` nor ``feature_names_in_``.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of sequences, or a Pipeline or search that ends in one.

    Attributes
    ----------
    fitted_ : bool
        Whether the estimator is fitted.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        By ``fit``, if the estimator is not fitted.

    See Also
    --------
    sklearn.frozen.FrozenEstimator : The same, for tables.

    Examples
    --------
    >>> import numpy as np
    >>> from mapie.regression import SplitConformalRegressor
    >>> from sksequence import GRURegressor
    >>> from sksequence.utils import FrozenSequenceEstimator
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(n, 2)) for n in rng.integers(3, 8, size=150)]
    >>> y = np.array([x[-1, 0] for x in X])
    >>> model = GRURegressor(hidden_size=4, max_epochs=3, random_state=0)
    >>> model = FrozenSequenceEstimator(model.fit(X[:50], y[:50]))
    >>> conformal = SplitConformalRegressor(model, confidence_level=0.8, prefit=True)
    >>> conformal = conformal.conformalize(X[50:100], y[50:100])
    >>> predictions, intervals = conformal.predict_interval(X[100:])
    >>> low, high = intervals[:, 0, 0], intervals[:, 1, 0]
    >>> bool(np.mean((low <= y[100:]) & (y[100:] <= high)) > 0.7)
    True
    """

    def __getattr__(self, name: str) -> Any:
        if name in _OF_TABLES:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        return super().__getattr__(name)

    @property
    def fitted_(self) -> bool:
        """Whether the estimator is fitted; an attribute by which MAPIE tells."""
        return bool(self.__sklearn_is_fitted__())
