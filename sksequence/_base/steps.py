"""Base of estimators of sequences whose steps are numbers or tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from .._cells import CELLS
from .._inputs import (
    Categories,
    Columns,
    Form,
    NumberReading,
    Reading,
    StaticColumns,
    Target,
    Texts,
    TokenReading,
    check_channels,
    code_items,
    find_categorical,
    lists_sequences,
    split_static,
)
from .._inputs.borrowed import StrOptions
from .augmenting import check_augment, read_augment
from .declaration import NETWORK, hyperparameter, recurrent_estimator
from .deployable import Deployable
from .hyperparameters import Steps


@recurrent_estimator
class StepReader(Steps, Deployable):
    """Estimator of sequences of numbers or tokens, with optional static covariates.

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
        Number of static covariates; 0 if X is not a table with a column of sequences.
    """
    _cell: ClassVar[str | None] = None  # None if the cell is a hyperparameter

    def _get_network(self) -> dict[str, Any]:
        if self.embedding_dim is not None and self.missing != "error":
            raise ValueError(
                f"missing={self.missing!r} is for numbers, not for tokens (with "
                'embedding_dim); expected missing="error". Use the unknown token, 0, for '
                "missing tokens."
            )
        given = self.categorical_features
        if self.embedding_dim is not None and not isinstance(given, str | None):
            raise ValueError(
                f"categorical_features={given!r} are channels beside others, but with "
                "embedding_dim X holds one token per step; expected embedding_dim=None."
            )
        fixed = {"cell": self._cell, "per_step": self._per_step}
        return fixed | super()._get_network()

    def _describe_network(self, reading: Reading, target: Target) -> dict[str, Any]:
        own = fill = None
        if isinstance(reading, NumberReading):
            own, fill = reading.categories, reading.fill
        beside = reading.static.categories
        return super()._describe_network(reading, target) | {
            "time_channel": self._time_channel,
            "fill": fill,
            "static_size": len(reading.static.mean),
            "categories": own.describe(self.category_dim) if own else (),
            "static_categories": beside.describe(self.category_dim) if beside else (),
        }

    @property
    def _time_channel(self) -> int | None:
        """The channel that holds the time, if it is used."""
        return self.time_channel if self.missing == "decay" else None

    def _get_augment(self, reading: Reading) -> dict[str, float]:
        strengths = read_augment(self.augment)
        allowed = self._get_allowed_changes()
        check_augment(strengths, allowed, reading, type(self).__name__)
        return strengths

    def _allows_nan(self) -> bool:
        return self.missing != "error"

    def _split_static(
        self, X: Any, known: Texts | None
    ) -> tuple[Any, np.ndarray | None, Columns | None, Texts]:
        return split_static(X, {} if self.categorical_features is None else known)

    def _code_text(self, X: Any, known: Texts | None) -> tuple[Any, Texts]:
        is_array = isinstance(X, np.ndarray) and X.dtype.kind != "O" and not known
        is_other = self.embedding_dim is not None or self.data_format == "channels_first"
        if is_array or is_other:
            return X, {}
        if known and lists_sequences(X) and hasattr(self, "feature_names_in_"):
            # Names first: numbers in the place of text may follow from wrong columns.
            check_channels(self, X, self.n_features_in_, reset=False)
        return code_items(X, self.categorical_features, known)

    def _begin_reading(self, form: Form, static: StaticColumns, texts: Texts) -> Reading:
        if self.embedding_dim is not None:
            return TokenReading(form, static, self.num_embeddings)
        reading = NumberReading(form, static, self.missing, self._time_channel)
        if not texts and isinstance(self.categorical_features, str | None):
            return reading
        names = None if form.is_table else getattr(self, "feature_names_in_", None)
        given, n_channels = self.categorical_features, form.step_shape[0]
        columns = find_categorical(given, texts, names, n_channels)
        if self._time_channel in columns:
            raise ValueError(
                f"categorical_features must not hold time_channel={self.time_channel}, "
                f"got {given!r}."
            )
        if len(columns) == n_channels and self.missing != "error":
            raise ValueError(
                f"missing={self.missing!r} is for channels of numbers, and all of X hold "
                'categories; expected missing="error", which reads a missing level as '
                "the unknown one."
            )
        categories = Categories.of(columns, texts) if columns else None
        return replace(reading, categories=categories)

    def _hold(self, reading: Reading, target: Target) -> None:
        super()._hold(reading, target)
        self.n_static_features_in_: int = len(reading.static.mean)


@recurrent_estimator
class SimpleCell(StepReader):
    """A simple recurrent cell with a choice of activation."""

    nonlinearity: str = hyperparameter(
        default="tanh",
        constraints=[StrOptions({"tanh", "relu"})],
        doc="""{"tanh", "relu"}
        Activation of the hidden state.""",
        role=NETWORK,
        search=("tanh", "relu"),
    )
    _cell: ClassVar[str] = "rnn"


@recurrent_estimator
class AnyCell(StepReader):
    """The cell as a hyperparameter."""

    cell: str = hyperparameter(
        default="lstm",
        constraints=[StrOptions(CELLS.keys())],  # a cell may be added later
        doc=f"""{{{", ".join(f'"{name}"' for name in CELLS)}}}
        Recurrent cell: simple (Elman, 1990), LSTM or GRU; minimal GRU or LSTM, whose
        gates read only the input (Feng et al., 2024); independently recurrent, where a
        unit reads only its own state (Li et al., 2018); or quasi-recurrent, an LSTM
        whose gates do not read the hidden state (Bradbury et al., 2017).""",
        role=NETWORK,
        search=("lstm", "gru", "mingru"),
    )
