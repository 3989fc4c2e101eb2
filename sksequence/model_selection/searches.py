"""Searches of scikit-learn that send sequences to their workers once."""

from __future__ import annotations

from typing import Any, Self

from sklearn import model_selection

from .._inputs.documented import Documented
from .._inputs.types import ArrayLike, Targets
from ._sharing import sharing


class GridSearchCV(Documented, model_selection.GridSearchCV):
    """Grid search that sends sequences of unequal length to its workers once.

    It is :class:`sklearn.model_selection.GridSearchCV`, with its parameters, attributes
    and results. Only the way of X and y to other processes differs: that one pickles a
    list of arrays, an object array or a table of sequences for every fit; here it is
    one array, which all workers map in memory, and each worker unpacks it once. With
    joblib's backends "dask" and "ray" it is sent once to each worker of the cluster, too.

    Parameters
    ----------
    estimator : estimator
        An estimator or a Pipeline.
    param_grid : dict or list of dict
        Lists of values by the names of hyperparameters.
    scoring : str, callable, list or dict, default=None
        One score or several; None for that of the estimator.
    n_jobs : int or None, default=None
        Number of fits at once.
    refit : bool, str or callable, default=True
        Whether to fit the best candidate on all data; of several scores the one that
        decides.
    cv : int, splitter or iterable, default=None
        How to split into folds; None for five.
    verbose : int, default=0
        How much to print.
    pre_dispatch : int or str, default='2*n_jobs'
        How many fits are sent to workers in advance.
    error_score : float or "raise", default=nan
        Score of a candidate whose fit fails.
    return_train_score : bool, default=False
        Whether ``cv_results_`` has scores on training folds, too.

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


class RandomizedSearchCV(Documented, model_selection.RandomizedSearchCV):
    """Random search that sends sequences of unequal length to its workers once.

    It is :class:`sklearn.model_selection.RandomizedSearchCV`, with its parameters,
    attributes and results. X and y are sent as by :class:`GridSearchCV`.

    Parameters
    ----------
    estimator : estimator
        An estimator or a Pipeline.
    param_distributions : dict or list of dict
        Lists of values, or distributions of scipy, by the names of hyperparameters.
    n_iter : int, default=10
        Number of candidates that are drawn.
    scoring : str, callable, list or dict, default=None
        One score or several; None for that of the estimator.
    n_jobs : int or None, default=None
        Number of fits at once.
    refit : bool, str or callable, default=True
        Whether to fit the best candidate on all data; of several scores the one that
        decides.
    cv : int, splitter or iterable, default=None
        How to split into folds; None for five.
    verbose : int, default=0
        How much to print.
    pre_dispatch : int or str, default='2*n_jobs'
        How many fits are sent to workers in advance.
    random_state : int, RandomState or None, default=None
        Seed of the draws.
    error_score : float or "raise", default=nan
        Score of a candidate whose fit fails.
    return_train_score : bool, default=False
        Whether ``cv_results_`` has scores on training folds, too.

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
