"""Searches of scikit-learn that send sequences to their workers once."""

from __future__ import annotations

from typing import Any, Self

from sklearn import model_selection

from .._inputs.types import ArrayLike, Targets
from ._sharing import sharing


class GridSearchCV(model_selection.GridSearchCV):
    """Grid search that sends sequences of unequal length to its workers once.

    It is :class:`sklearn.model_selection.GridSearchCV`, with its parameters, attributes
    and results. Only the way of X and y to other processes differs: that one pickles a
    list of arrays, an object array or a table of sequences for every fit; here it is
    one array, which all workers map in memory, and each worker unpacks it once. With
    joblib's backends "dask" and "ray" it is sent once to each worker of the cluster, too.

    See Also
    --------
    HalvingEpochSearchCV : Drops candidates early; sends sequences in the same way.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRUClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(n, 2)) + n % 2 for n in rng.integers(4, 9, size=40)]
    >>> y = [len(x) % 2 for x in X]
    >>> model = GRUClassifier(hidden_size=4, max_epochs=20, random_state=0)
    >>> search = GridSearchCV(model, {"lr": [0.0001, 0.03]}, cv=2, n_jobs=2)
    >>> search.fit(X, y).best_params_
    {'lr': 0.03}
    """

    best_estimator_: Any
    best_params_: dict[str, Any]
    best_score_: float
    best_index_: int
    cv_results_: dict[str, Any]

    def fit(self, X: ArrayLike, y: Targets | None = None, **params: Any) -> Self:
        """Run the search and, unless ``refit=False``, fit the best candidate on all of X.

        Parameters
        ----------
        X : array-like
            Sequences, in any form that the estimator accepts.
        y : array-like, default=None
            Targets.
        **params : dict
            As in :meth:`sklearn.model_selection.GridSearchCV.fit`.

        Returns
        -------
        self : object
            The fitted search.
        """
        with sharing(self.n_jobs, X, y, params) as (X, y, params):
            return super().fit(X, y, **params)


class RandomizedSearchCV(model_selection.RandomizedSearchCV):
    """Random search that sends sequences of unequal length to its workers once.

    It is :class:`sklearn.model_selection.RandomizedSearchCV`, with its parameters,
    attributes and results. X and y are sent as by :class:`GridSearchCV`.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRUClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(n, 2)) for n in rng.integers(4, 9, size=12)]
    >>> y = np.arange(12) % 2
    >>> space = GRUClassifier.search_space() | {"hidden_size": [2, 4]}
    >>> model = GRUClassifier(max_epochs=1, random_state=0)
    >>> search = RandomizedSearchCV(model, space, n_iter=3, cv=2, random_state=0)
    >>> len(search.fit(X, y).cv_results_["params"])
    3
    """

    best_estimator_: Any
    best_params_: dict[str, Any]
    best_score_: float
    best_index_: int
    cv_results_: dict[str, Any]

    def fit(self, X: ArrayLike, y: Targets | None = None, **params: Any) -> Self:
        """Run the search and, unless ``refit=False``, fit the best candidate on all of X.

        Parameters
        ----------
        X : array-like
            Sequences, in any form that the estimator accepts.
        y : array-like, default=None
            Targets.
        **params : dict
            As in :meth:`sklearn.model_selection.RandomizedSearchCV.fit`.

        Returns
        -------
        self : object
            The fitted search.
        """
        with sharing(self.n_jobs, X, y, params) as (X, y, params):
            return super().fit(X, y, **params)
