"""Static covariates: what is known of each sequence as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._inputs import AnySequences, Columns, check_columns, fit_scaler, split_static
from .._storage.learnt import Learnt
from .declaration import recurrent_estimator
from .estimator import SequenceEstimator


class _LearntStatic(Learnt):
    """What a fit leaves behind; not among the fields of the class below."""

    n_static_features_in_: int
    _columns: Columns | None
    _static_mean: np.ndarray
    _static_scale: np.ndarray


@recurrent_estimator
class StaticReader(_LearntStatic, SequenceEstimator):
    """Read a table of sequences and of numbers beside them.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> from sksequence import GRUClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"region": ["north", "south"] * 30, "age": np.arange(60)})
    >>> X["series"] = [rng.normal(size=(n, 2)) for n in rng.integers(5, 15, 60)]
    >>> encoder = make_column_transformer(
    ...     (OneHotEncoder(sparse_output=False), ["region"]),
    ...     ("passthrough", ["age", "series"]),
    ... )
    >>> model = make_pipeline(encoder, GRUClassifier(hidden_size=8, random_state=0))
    >>> model.fit(X[:40], X["region"][:40]).score(X[40:], X["region"][40:])
    1.0
    >>> model[-1].n_features_in_, model[-1].n_static_features_in_
    (2, 3)
    """

    _attributes_doc = """
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.
    """

    def _split_static(self, X: Any, *, reset: bool) -> tuple[Any, np.ndarray | None]:
        X, static, columns = split_static(X)
        if reset:
            self._columns = columns
            self.n_static_features_in_ = 0 if static is None else static.shape[1]
        else:
            check_columns(columns, self._columns, type(self).__name__)
        return X, static

    def _describe(self, sequences: AnySequences) -> dict[str, Any]:
        static = {"static_size": self.n_static_features_in_}
        return super()._describe(sequences) | static

    def _learn_static(self, static: np.ndarray | None, weight: np.ndarray | None) -> None:
        n = self.n_static_features_in_
        self._static_mean, self._static_scale = np.zeros(n), np.ones(n)
        if self.standardize and static is not None:
            scaler = fit_scaler(static, weight)
            self._static_mean, self._static_scale = scaler.mean_, scaler.scale_

    def _scale_static(self, static: np.ndarray | None) -> np.ndarray | None:
        if static is None:
            return None
        scaled = (static - self._static_mean) / self._static_scale
        return scaled.astype(self._network["dtype"])
