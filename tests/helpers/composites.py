"""Pipelines, searches and ensembles of every kind, fitted and small."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import loguniform
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
)
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    PredefinedSplit,
    RandomizedSearchCV,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    PowerTransformer,
    SplineTransformer,
    StandardScaler,
)

from helpers.estimators import make
from sksequence.ensemble import DeepEnsembleClassifier, DeepEnsembleRegressor
from sksequence.model_selection import HalvingEpochSearchCV, PanelTimeSeriesSplit
from sksequence.preprocessing import (
    SequenceTokenizer,
    SlidingWindow,
    StepwiseTransformer,
    trim_padding,
)

N = 24
SMALL = {"hidden_size": 3, "max_epochs": 1}
LABELS = np.where(np.arange(N) % 3, "often", "rarely")


def rows():
    return np.random.default_rng(0).normal(size=(N, 6))


def padded():
    X = rows()
    X[::2, 4:] = np.nan
    return X


def mixed_frames():
    """Sequences of numbers with gaps, and of words."""
    rng = np.random.default_rng(1)
    frames = []
    for n in rng.integers(3, 7, N):
        words = rng.choice(["wet", "dry", "icy"], n)
        frame = pd.DataFrame({"heat": rng.normal(size=n), "road": words.astype(object)})
        frame.iloc[0, 0] = np.nan
        frames.append(frame)
    return frames


def days():
    index = pd.date_range("2026-01-01", periods=N, freq="D", name="day")
    return pd.DataFrame(rows()[:, :2], index=index, columns=["x", "y"])


def texts():
    return [f"{a} {b} and {a}" for a, b in zip("abcd" * 6, "xyz" * 8, strict=True)]


def windows():
    window = SlidingWindow(3, first_rows="shorter", context=True)
    model = make_pipeline(StandardScaler(), window, make("GRURegressor", **SMALL))
    return model.set_output(transform="pandas"), days(), days()["x"]


def columns():
    numbers = make_pipeline(SimpleImputer(), KBinsDiscretizer(2, encode="onehot-dense"))
    inner = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include=np.number)),
            ("words", OneHotEncoder(sparse_output=False, drop="first"), ["road"]),
            ("none", "drop", slice(0, 1)),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    steps = StepwiseTransformer(inner).set_output(transform="pandas")
    model = Pipeline([("each", steps), ("gru", make("GRUClassifier", **SMALL))])
    return model, mixed_frames(), LABELS


def words():
    embedded = make("GRUClassifier", embedding_dim=2, **SMALL)
    return make_pipeline(SequenceTokenizer(max_features=5), embedded), texts(), LABELS


def union():
    table = ColumnTransformer(
        [("spline", SplineTransformer(3), [0, 1]), ("bins", KBinsDiscretizer(2), [2])],
        remainder=PowerTransformer(),
    )
    parts = [("gru", make("GRUClassifier", **SMALL)), ("table", table), ("pca", PCA(2))]
    model = make_pipeline(
        FeatureUnion(parts), SelectKBest(f_classif, k=5), LogisticRegression()
    )
    return model, rows(), LABELS


def trimmed():
    trim = FunctionTransformer(trim_padding)
    return make_pipeline(trim, make("LSTMClassifier", **SMALL)), padded(), LABELS


def target():
    model = TransformedTargetRegressor(
        make("GRURegressor", **SMALL), func=np.log1p, inverse_func=np.expm1
    )
    return model, rows(), np.arange(N) / 3


def votes():
    parts = [(c, make(f"{c}Classifier", **SMALL)) for c in ("GRU", "LSTM")]
    return VotingClassifier(parts, voting="soft"), rows(), LABELS


def stack():
    parts = [(c, make(f"{c}Classifier", **SMALL)) for c in ("GRU", "LSTM")]
    split = StratifiedKFold(2, shuffle=True, random_state=np.random.RandomState(3))
    return StackingClassifier(parts, cv=split, passthrough=True), rows(), LABELS


def grid():
    model = make_pipeline(StandardScaler(), make("GRUClassifier", **SMALL))
    scoring = {"f1": "f1_macro", "loss": "neg_log_loss"}
    options = {"gruclassifier__lr": [0.01, 0.1], "standardscaler": ["passthrough"]}
    return (
        GridSearchCV(model, options, scoring=scoring, refit="loss", cv=2),
        rows(),
        LABELS,
    )


def random():
    options = {"lr": loguniform(1e-3, 1e-1), "pooling": ["last", "mean"]}
    model = make("GRURegressor", **SMALL)
    split = TimeSeriesSplit(2, gap=1)
    search = RandomizedSearchCV(model, options, n_iter=2, cv=split, random_state=0)
    return search, rows(), rows()[:, 0]


def halving():
    search = HalvingEpochSearchCV(
        make("GRUClassifier", hidden_size=3, max_epochs=3, lr_schedule="constant"),
        {"lr": [0.01, 0.1], "class_weight": [None, {"often": 1.0, "rarely": 2.0}]},
        cv=PredefinedSplit(np.arange(N) // 3 % 2),
        random_state=0,
    )
    return search, rows(), LABELS


def panel():
    model = make_pipeline(SlidingWindow(2, by=0), make("GRURegressor", **SMALL))
    options = {"slidingwindow__length": [2, 3]}
    table = rows()
    table[:, 0] = np.repeat([7, 8], N // 2)
    dates = [[str(day)[:10] for day in days().index[: N // 2]]] * 2
    search = GridSearchCV(model, options, cv=PanelTimeSeriesSplit(2))
    return search, table, table[:, 1], {"groups": np.concatenate(dates)}


def several():
    network = make("GRUClassifier", missing="mask", **SMALL)
    ensemble = DeepEnsembleClassifier(network, 2, random_state=np.random.RandomState(0))
    return ensemble, mixed_frames(), LABELS


def mixture():
    network = make("GRURegressor", loss="gaussian", **SMALL)
    ensemble = DeepEnsembleRegressor(network, 2, random_state=0, warm_start=True)
    return make_pipeline(StandardScaler(), ensemble), rows(), rows()[:, 0]


CASES = (windows, columns, words, union, trimmed, target, votes, stack, grid, random)
CASES += (halving, panel, several, mixture)
NAMED = {case.__name__: case for case in CASES}


def fitted(case):
    """A fitted composite, what it was fitted on, and to what."""
    model, X, y, *fit_params = NAMED[case]()
    return model.fit(X, y, **(fit_params[0] if fit_params else {})), X, y


def methods_of(model):
    methods = ("predict", "predict_proba", "transform")
    return [method for method in methods if hasattr(model, method)]
