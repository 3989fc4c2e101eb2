"""Successive halving over epochs, where surviving candidates continue training."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import joblib
from sklearn.base import BaseEstimator
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags

from .._inputs.documented import Documented
from .._inputs.types import ArrayLike, RandomState, Targets
from ._sharing import sharing


class HalvingEpochSearchCV(Documented, HalvingGridSearchCV):
    """Grid search by successive halving over epochs, with continued training.

    As in scikit-learn's :class:`~sklearn.model_selection.HalvingGridSearchCV`, whose
    parameters and attributes it shares, all candidates begin with few epochs, and the
    best of them get more in the next iteration. There, every iteration trains from
    scratch; here, it continues from the previous iteration, with the same results and,
    with ``factor=3``, a third fewer epochs.

    ``resource`` must name the epochs: ``"max_epochs"``, the default, or
    ``"<step>__max_epochs"`` in a Pipeline. ``max_resources`` is the maximum number of
    epochs; "auto" takes it from the estimator, whose ``max_epochs`` must then be one.

    Training can continue with ``lr_schedule="constant"``, without ``lr_warmup``, without
    ``average_weights`` and without early stopping. Other schedules, including the
    default, depend on ``max_epochs``, so continuing would change the results: such
    candidates are trained from scratch in each iteration, and so are those within
    ensembles. Equal candidates are trained once.

    If the estimator has a directory as its ``checkpoint``, a search that was broken off
    resumes in another process: what is trained is read from files, in every iteration.
    Sequences of unequal length are sent to workers once, as by :class:`GridSearchCV`.

    Parameters
    ----------
    estimator : estimator
        An estimator with ``max_epochs``, or a Pipeline with one.
    param_grid : dict or list of dict
        Lists of values by the names of hyperparameters.
    factor : float, default=3
        By how much fewer candidates go on, with more epochs, in each iteration.
    resource : str, default='max_epochs'
        The hyperparameter that counts epochs.
    max_resources : int or "auto", default='auto'
        Epochs of the last iteration; "auto" for those of the estimator.
    min_resources : int, "smallest" or "exhaust", default='exhaust'
        Epochs of the first iteration; "exhaust" for so many that the last one has
        ``max_resources``.
    aggressive_elimination : bool, default=False
        Whether to repeat the first iteration, if there are too many candidates, until
        few enough are left for the last.
    cv : int, splitter or iterable, default=5
        How to split into folds.
    scoring : str, callable or None, default=None
        The score; None for that of the estimator.
    refit : bool or callable, default=True
        Whether to fit the best candidate on all data.
    error_score : float or "raise", default=nan
        Score of a candidate whose fit fails.
    return_train_score : bool, default=True
        Whether ``cv_results_`` has scores on training folds, too.
    random_state : int, RandomState or None, default=None
        Seed of what is drawn at random, such as folds of the data.
    n_jobs : int or None, default=None
        Number of fits at once.
    verbose : int, default=0
        How much to print.

    Raises
    ------
    ValueError
        If ``resource`` does not name a ``max_epochs`` parameter of the estimator, or
        nothing says how many epochs there are.

    References
    ----------
    Jamieson and Talwalkar (2016), Non-stochastic best arm identification and
    hyperparameter optimization. AISTATS.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sksequence import GRUClassifier
    >>> X, y = load_digits(n_class=3, return_X_y=True)
    >>> search = HalvingEpochSearchCV(
    ...     GRUClassifier(lr_schedule="constant", random_state=0),
    ...     {"hidden_size": [4, 16], "lr": [0.0001, 0.01]},
    ...     min_resources=2,
    ...     max_resources=6,
    ...     cv=2,
    ... )
    >>> search.fit(X.reshape(-1, 8, 8), y).best_params_
    {'hidden_size': 16, 'lr': 0.01, 'max_epochs': 6}
    """

    estimator: Any
    max_resources: Any
    best_estimator_: Any
    best_params_: dict[str, Any]
    best_score_: float
    best_index_: int
    cv_results_: dict[str, Any]

    def __init__(
        self,
        estimator: Any,
        param_grid: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]],
        *,
        factor: float = 3,
        resource: str = "max_epochs",
        max_resources: int | str = "auto",
        min_resources: int | str = "exhaust",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: Any = True,
        error_score: float | str = nan,
        return_train_score: bool = True,
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )

    def fit(self, X: ArrayLike, y: Targets | None = None, **params: Any) -> Self:
        """Run the search and, unless ``refit=False``, fit the best candidate on all of X.

        Parameters
        ----------
        X : array-like
            Sequences, in any form that the estimator accepts.
        y : array-like, default=None
            Targets.
        **params : dict
            As in :meth:`sklearn.model_selection.HalvingGridSearchCV.fit`.

        Returns
        -------
        self : object
            The fitted search.
        """
        plain, most = self.estimator, self.max_resources
        if not _names_epochs(self.resource) or self.resource not in plain.get_params():
            raise ValueError(
                "resource must name the estimator's max_epochs, as in 'max_epochs' or "
                f"'<step>__max_epochs', got {self.resource!r}."
            )
        resources = _most_epochs(plain, self.resource) if _is_auto(most) else most
        with TemporaryDirectory(prefix="sksequence-") as folder:
            self.estimator = _Continuing(plain, self.resource, folder)
            self.max_resources = resources
            try:
                with sharing(self.n_jobs, X, y, params) as (X, y, params):
                    super().fit(X, y, **params)
            finally:
                self.estimator, self.max_resources = plain, most
        if hasattr(self, "best_estimator_"):
            self.best_estimator_ = self.best_estimator_.estimator
        return self


# What depends on where a fit begins or ends, and is none of a longer one.
_WHOLE_FITS = ("early_stopping", "lr_warmup", "average_weights")


def _names_epochs(resource: Any) -> bool:
    return isinstance(resource, str) and resource.rpartition("__")[2] == "max_epochs"


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _most_epochs(estimator: Any, resource: str) -> int:
    """Return the estimator's number of epochs, of which halving gives shares."""
    n_epochs = estimator.get_params()[resource]
    if _is_auto(n_epochs):
        raise ValueError(
            f'max_resources must be a number of epochs where {resource}="auto", got '
            '"auto": halving compares fits of a third of the epochs and so on. Set '
            "max_resources, or the estimator's number of epochs."
        )
    return n_epochs


class _Continuing(BaseEstimator):
    """Wrapper that continues from an earlier, shorter fit to the same data."""

    def __init__(self, estimator: Any, resource: str, folder: str) -> None:
        self.estimator, self.resource, self.folder = estimator, resource, folder

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        own = super().get_params(deep=False)
        return own | self.estimator.get_params() if deep else own

    def set_params(self, **params: Any) -> Self:
        self.estimator.set_params(**params)
        return self

    def fit(self, X: ArrayLike, y: Targets | None = None, **params: Any) -> Self:
        wanted = self.estimator.get_params()
        path = self._path(X, y, params)
        earlier = self._load(path) if self._can_go_on(wanted) else None
        n_epochs = wanted[self.resource]
        if earlier is not None:
            n_epochs -= earlier.get_params()[self.resource]
        if earlier is None or n_epochs < 0:
            self.estimator.fit(X, y, **params)
        elif n_epochs == 0:
            # An equal candidate, or the same in a round without more epochs.
            self.estimator = earlier
        else:
            warm = self.resource.removesuffix("max_epochs") + "warm_start"
            earlier.set_params(**{self.resource: n_epochs, warm: True})
            earlier.fit(X, y, **params)
            own = {self.resource: wanted[self.resource], warm: wanted[warm]}
            self.estimator = earlier.set_params(**own)
        self._keep(path)
        return self

    def _can_go_on(self, params: dict[str, Any]) -> bool:
        prefix = self.resource.removesuffix("max_epochs")
        constant = params.get(f"{prefix}lr_schedule") == "constant"
        goes_on = not any(params.get(prefix + name) for name in _WHOLE_FITS)
        return constant and goes_on and self._fits_no_clones()

    def _fits_no_clones(self) -> bool:
        """Return whether a fit is one of the very network whose epochs are counted.

        That of a Pipeline is; ensembles and other estimators fit clones, which begin anew
        whatever ``warm_start`` says.
        """
        part = self.estimator
        for name in self.resource.split("__")[:-1]:
            if not isinstance(part, Pipeline):
                return False
            part = part.named_steps[name]
        return True

    def _path(self, *data: Any) -> Path:
        """Return the file of this candidate's fit to this data."""
        params = self.estimator.get_params()
        del params[self.resource]
        # The steps of a Pipeline are parameters too and hold the resource: leave them
        # out, as their own parameters are listed beside them.
        plain = {
            name: value for name, value in params.items() if not hasattr(value, "fit")
        }
        plain.pop("steps", None)
        return Path(self.folder) / joblib.hash((sorted(plain.items(), key=str), data))

    def _load(self, path: Path) -> Any:
        return joblib.load(path) if path.exists() else None

    def _keep(self, path: Path) -> None:
        # A worker on another host has no such directory and trains from scratch.
        if path.parent.exists():
            whole = path.with_suffix(f".{os.getpid()}")
            joblib.dump(self.estimator, whole)
            whole.replace(path)

    def __sklearn_tags__(self) -> Tags:
        return self.estimator.__sklearn_tags__()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "estimator" not in vars(self):
            raise AttributeError(name)
        return getattr(self.estimator, name)
