"""The classes and functions of other modules that files may name: no others are found.

All of them compute in Python and numpy: what a forged file may do to them is to make them
answer wrongly or raise an error. Left out are those whose compiled code trusts what it
learnt, such as trees and support vectors, and those that hold functions by themselves.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

# Public name: the module that exports it.
CLASSES = {
    name: module
    for module, names in {
        "sklearn.compose": "ColumnTransformer TransformedTargetRegressor "
        "make_column_selector",
        "sklearn.decomposition": "FactorAnalysis FastICA IncrementalPCA KernelPCA PCA "
        "TruncatedSVD",
        "sklearn.dummy": "DummyClassifier DummyRegressor",
        "sklearn.ensemble": "BaggingClassifier BaggingRegressor StackingClassifier "
        "StackingRegressor VotingClassifier VotingRegressor",
        "sklearn.feature_extraction": "DictVectorizer FeatureHasher",
        "sklearn.feature_extraction.text": "CountVectorizer HashingVectorizer "
        "TfidfTransformer TfidfVectorizer",
        "sklearn.feature_selection": "GenericUnivariateSelect RFE SelectFdr SelectFpr "
        "SelectFromModel SelectFwe SelectKBest SelectPercentile "
        "SequentialFeatureSelector VarianceThreshold",
        "sklearn.frozen": "FrozenEstimator",
        "sklearn.impute": "KNNImputer MissingIndicator SimpleImputer",
        "sklearn.kernel_approximation": "AdditiveChi2Sampler Nystroem "
        "PolynomialCountSketch RBFSampler SkewedChi2Sampler",
        "sklearn.linear_model": "BayesianRidge ElasticNet ElasticNetCV HuberRegressor "
        "Lasso LassoCV LinearRegression LogisticRegression LogisticRegressionCV Ridge "
        "RidgeCV RidgeClassifier RidgeClassifierCV",
        "sklearn.model_selection": "GridSearchCV GroupKFold GroupShuffleSplit "
        "HalvingGridSearchCV HalvingRandomSearchCV KFold LeaveOneGroupOut LeaveOneOut "
        "LeavePGroupsOut LeavePOut PredefinedSplit RandomizedSearchCV ShuffleSplit "
        "StratifiedGroupKFold StratifiedKFold StratifiedShuffleSplit TimeSeriesSplit",
        "sklearn.multiclass": "OneVsOneClassifier OneVsRestClassifier",
        "sklearn.multioutput": "ClassifierChain MultiOutputClassifier "
        "MultiOutputRegressor RegressorChain",
        "sklearn.pipeline": "FeatureUnion Pipeline",
        "sklearn.preprocessing": "Binarizer FunctionTransformer KBinsDiscretizer "
        "KernelCenterer LabelBinarizer LabelEncoder MaxAbsScaler MinMaxScaler "
        "MultiLabelBinarizer Normalizer OneHotEncoder OrdinalEncoder "
        "PolynomialFeatures PowerTransformer QuantileTransformer RobustScaler "
        "SplineTransformer StandardScaler TargetEncoder",
        "sklearn.random_projection": "GaussianRandomProjection SparseRandomProjection",
        "sksequence": "WindowForecaster",
        "sksequence.ensemble": "DeepEnsembleClassifier DeepEnsembleRegressor",
        "sksequence.metrics": "QuantileScorer StdScorer StepScorer",
        "sksequence.model_selection": "HalvingEpochSearchCV PanelTimeSeriesSplit "
        "PurgedKFold",
        "sksequence.preprocessing": "SequenceTokenizer SlidingWindow StepwiseTransformer",
        "sksequence.utils": "FrozenSequenceEstimator QuantileView",
    }.items()
    for name in names.split()
}
# Ours that have a name of scikit-learn's.
NAMESAKES = dict.fromkeys(
    ("GridSearchCV", "RandomizedSearchCV"), "sksequence.model_selection"
)
# Beside these, all ufuncs of numpy.
FUNCTIONS = {
    name: module
    for module, names in {
        "numpy": "clip nan_to_num ravel round squeeze",
        "sklearn.feature_selection": "chi2 f_classif f_regression mutual_info_classif "
        "mutual_info_regression r_regression",
        "sklearn.metrics": "accuracy_score average_precision_score "
        "balanced_accuracy_score f1_score log_loss matthews_corrcoef "
        "mean_absolute_error mean_pinball_loss mean_squared_error "
        "median_absolute_error precision_score r2_score recall_score roc_auc_score "
        "root_mean_squared_error",
        "sksequence.metrics": "crps_gaussian crps_quantiles interval_coverage "
        "interval_width perplexity perplexity_scorer pinball_loss",
        "sksequence.preprocessing": "trim_padding",
    }.items()
    for name in names.split()
}


def name_of_class(cls: type) -> str | None:
    """Return the public name of a class that files may hold, or None.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> name_of_class(StandardScaler), name_of_class(dict)
    ('sklearn.preprocessing.StandardScaler', None)
    """
    return _name_of(cls, CLASSES) or _name_of(cls, NAMESAKES)


def name_of_function(function: Any) -> str | None:
    """Return the public name of a function that files may hold, or None.

    Examples
    --------
    >>> name_of_function(np.log1p), name_of_function(np.load)
    ('numpy.log1p', None)
    """
    if isinstance(function, np.ufunc):
        is_of_numpy = getattr(np, function.__name__, None) is function
        return f"numpy.{function.__name__}" if is_of_numpy else None
    return _name_of(function, FUNCTIONS)


def find_class(name: str) -> Any:
    """Return the class of this name; ValueError if files may not hold it."""
    module, _, short = name.rpartition(".")
    return _find(name, NAMESAKES if NAMESAKES.get(short) == module else CLASSES)


def find_function(name: str) -> Any:
    """Return the function of this name; ValueError if files may not hold it.

    Examples
    --------
    >>> find_function("numpy.load")
    Traceback (most recent call last):
    ...
    ValueError: it names numpy.load, which no file may hold
    """
    module, _, short = name.rpartition(".")
    if module == "numpy" and isinstance(found := getattr(np, short, None), np.ufunc):
        return found
    return _find(name, FUNCTIONS)


def _name_of(value: Any, table: dict[str, str]) -> str | None:
    short = getattr(value, "__name__", None)
    if not isinstance(short, str) or short not in table:
        return None
    name = f"{table[short]}.{short}"
    return name if _find(name, table) is value else None


def _find(name: str, table: dict[str, str]) -> Any:
    module, _, short = name.rpartition(".")
    if not module or table.get(short) != module:
        raise ValueError(f"it names {name}, which no file may hold")
    if short.startswith("Halving") and module.startswith("sklearn."):
        import_module("sklearn.experimental.enable_halving_search_cv")
    found = getattr(import_module(module), short, None)
    if found is None:
        raise ValueError(f"the {module} that is installed has no {short}")
    return found
