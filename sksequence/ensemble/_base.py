"""Base of ensembles: fit, growth, files and exports."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from copy import deepcopy
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from .._inputs.borrowed import HasMethods, fit_context
from .._inputs.documented import Documented
from .._inputs.intervals import Count
from .._inputs.other_names import KnowsOtherNames, knows_other_names
from .._inputs.types import ArrayLike, PathLike, RandomState, Targets, typed
from .._storage.composites import save
from ._members import check_checkpoint, draw_seeds, make_members, train


class DeepEnsemble(Documented, KnowsOtherNames, MetaEstimatorMixin, BaseEstimator):
    """Base of ensembles of one estimator, fitted from different seeds."""

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_estimators": [Count()],
        "n_jobs": [int, np.integer, None],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
    }

    @knows_other_names
    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 5,
        *,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        warm_start: bool = False,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.warm_start = warm_start

    # ------------------------------------------------------------------------- hooks

    @abstractmethod
    def _make_default(self) -> Any:
        """Return the estimator that None stands for."""

    @abstractmethod
    def _check_kind(self, estimator: Any) -> None:
        """Raise TypeError if the estimator is of another kind than the ensemble."""

    def _learn(self, member: Any, y: Any) -> dict[str, Any]:
        """Return the attributes that follow from a fitted member and y."""
        names = ("n_features_in_", "feature_names_in_")
        return {name: getattr(member, name) for name in names if hasattr(member, name)}

    # ----------------------------------------------------------------------- fitting

    @typed(fit_context(prefer_skip_nested_validation=False))
    def fit(
        self,
        X: ArrayLike,
        y: Targets,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: Targets | None = None,
    ) -> Self:
        """Fit every member to the same data, each from a seed of its own.

        Parameters
        ----------
        X, y : array-like
            Sequences and targets, in any form that the estimator accepts.
        sample_weight, groups, X_val, y_val : array-like, default=None
            Passed to the fit of every member, if given.

        Returns
        -------
        self : object
            The fitted ensemble.

        Raises
        ------
        ValueError, TypeError
            If data or hyperparameters are invalid, or a member cannot be fitted, whose
            number the message has. The ensemble is then unchanged.
        """
        estimator = self._get_estimator()
        kept: list[Any] = []
        if self.warm_start and hasattr(self, "estimators_"):
            kept = list(self.estimators_)
        if len(kept) > self.n_estimators:
            raise ValueError(
                f"n_estimators={self.n_estimators} must be at least {len(kept)}, the "
                "number of members that are fitted, with warm_start=True."
            )
        if len(kept) == self.n_estimators:
            warnings.warn(
                f"The ensemble has {len(kept)} members already, and warm_start=True only "
                "adds members: nothing was fitted. Raise n_estimators.",
                stacklevel=2,
            )
            return self
        seeds = draw_seeds(self.random_state, self.n_estimators)[len(kept) :]
        added = train(
            make_members(estimator, seeds),
            "fit",
            X,
            y,
            first=len(kept),
            n_jobs=self.n_jobs,
            sample_weight=sample_weight,
            groups=groups,
            X_val=X_val,
            y_val=y_val,
        )
        self._hold(added, y, kept)
        return self

    @typed(fit_context(prefer_skip_nested_validation=False))
    def _fit_one_epoch(self, X: Any, y: Any, **given: Any) -> Self:
        """Implement partial_fit."""
        if hasattr(self, "estimators_"):
            # An error must leave all members as they are.
            members = [deepcopy(member) for member in self.estimators_]
            estimator = members[0]
        else:
            estimator = self._get_estimator()
            seeds = draw_seeds(self.random_state, self.n_estimators)
            members = make_members(estimator, seeds)
        if not hasattr(estimator, "partial_fit"):
            raise AttributeError(
                f"{type(estimator).__name__} has no partial_fit, and so has no "
                f"{type(self).__name__} of it."
            )
        self._hold(train(members, "partial_fit", X, y, n_jobs=self.n_jobs, **given), y)
        return self

    def _get_estimator(self) -> Any:
        """Validate and return the estimator that is to be cloned."""
        estimator = self._make_default() if self.estimator is None else self.estimator
        if isinstance(estimator, type):
            raise TypeError(
                f"estimator must be an instance, got the class {estimator.__name__}. "
                f"Pass {estimator.__name__}()."
            )
        self._check_kind(estimator)
        check_checkpoint(estimator, self.random_state)
        return estimator

    def _hold(self, members: list[Any], y: Any, kept: list[Any] | None = None) -> None:
        """Set the fitted attributes; those of members that are kept must be the same."""
        learnt = self._learn(members[0], y)
        for name, value in learnt.items() if kept else ():
            before = getattr(self, name, value)
            if not np.array_equal(before, value):
                raise ValueError(
                    "warm_start=True adds members: data and estimator must be like those "
                    f"of the first fit, with {name.strip('_')} = {before}, got {value}. "
                    "Fit a clone anew."
                )
        if not kept:
            self.__dict__.pop("feature_names_in_", None)
        self.__dict__.update(learnt, estimators_=[*(kept or ()), *members])

    # -------------------------------------------------------------------- predicting

    def _ask(self, method: str, X: Any, **options: Any) -> list[Any]:
        """Return the answers of all members."""
        check_is_fitted(self)
        return [getattr(member, method)(X, **options) for member in self.estimators_]

    def _with_tags_of_estimator(self, tags: Tags) -> Tags:
        """Return tags with what the estimator says of X and y."""
        inner = self._make_default() if self.estimator is None else self.estimator
        if isinstance(inner, BaseEstimator):
            of_inner = get_tags(inner)
            tags.input_tags, tags.target_tags = of_inner.input_tags, of_inner.target_tags
            tags.classifier_tags = tags.classifier_tags and of_inner.classifier_tags
            tags.regressor_tags = tags.regressor_tags and of_inner.regressor_tags
        return tags

    # ----------------------------------------------------------------------- storing

    def save(self, path: PathLike) -> Self:
        """Save the fitted ensemble to one file that contains data and no code.

        :func:`sksequence.load` restores it, bitwise identical.

        Parameters
        ----------
        path : str or path-like
            The file. An existing file is replaced atomically, and is unchanged after an
            error.

        Returns
        -------
        self : object
            The ensemble.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the ensemble is not fitted.
        TypeError
            If a hyperparameter contains code, such as callbacks; the message names it.
        OSError
            If the file cannot be written: no such directory, not permitted, disk full.
        """
        save(self, path)
        return self

    def to_onnx(self, path: PathLike) -> None:
        """Write the fitted ensemble to one ONNX file, for use without Python or torch.

        Inputs and outputs are those of a member's
        :meth:`~sksequence.GRUClassifier.to_onnx`: ``label`` and ``probabilities``, or
        ``values``, are those of the ensemble, and ``std`` beside them is what
        ``return_std=True`` returns.

        Parameters
        ----------
        path : str or os.PathLike
            File to write. An existing file is replaced atomically.

        Returns
        -------
        None

        Raises
        ------
        ImportError
            If the package onnx is not installed.
        TypeError, OSError, ValueError
            If the members cannot be exported, path is not a path to a file in an existing
            directory, or the weights exceed 2 GB. Nothing is written then.
        """
        from .._deployment.onnx_files import write_onnx_of_ensemble

        check_is_fitted(self)
        for member in self.estimators_:
            if not hasattr(member, "to_onnx"):
                raise TypeError(
                    "to_onnx needs members that have it themselves, got "
                    f"{type(member).__name__}."
                )
        about = self.estimators_[0]._describe_itself() | {
            "estimator": type(self).__name__,
            "hyperparameters": self.get_params(),
        }
        members = [member._export_parts() for member in self.estimators_]
        write_onnx_of_ensemble(path, members=members, about=about)
