"""The list of classes that files may hold: each comes back to the bit."""

from __future__ import annotations

import inspect
import json
from importlib import import_module

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import loguniform
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge

import sksequence
from helpers.comparing import assert_same
from helpers.package import ROOT
from sksequence._storage.allowed import (
    CLASSES,
    FUNCTIONS,
    NAMESAKES,
    find_class,
    find_function,
    name_of_class,
    name_of_function,
)
from sksequence._storage.estimators import REGISTRY

RNG = np.random.default_rng(0)
N = 60
X = RNG.random((N, 4))
LABELS = np.array([*"abc"])[np.arange(N) % 3]
NUMBERS = X @ [1.0, 2.0, 3.0, 4.0]
WORDS = RNG.choice(["x", "y", "z"], (N, 2)).astype(object)
OF_SKLEARN = [name for name, module in CLASSES.items() if module.startswith("sklearn.")]
ESTIMATORS = [
    name
    for name in OF_SKLEARN
    if issubclass(find_class(f"{CLASSES[name]}.{name}"), BaseEstimator)
]
SPLITTERS = [
    name
    for name in OF_SKLEARN
    if hasattr(find_class(f"{CLASSES[name]}.{name}"), "get_n_splits")
]
PARAMETERS = {
    "estimators": lambda part: [("part", part)],
    "steps": lambda _: [("part", find_class("sklearn.decomposition.PCA")(2))],
    "transformers": lambda _: [("part", "passthrough", [0]), ("other", "drop", [1])],
    "transformer_list": lambda _: [
        ("part", find_class("sklearn.decomposition.PCA")(2)),
        ("other", find_class("sklearn.preprocessing.StandardScaler")()),
    ],
    "param_grid": lambda _: {"C": [0.1, 1.0]},
    "param_distributions": lambda _: {"C": loguniform(0.1, 1)},
    "estimator": lambda part: part,
    "regressor": lambda part: part,
}
SPECIAL = {
    "TargetEncoder": (WORDS, LABELS),
    "OneHotEncoder": (WORDS, LABELS),
    "OrdinalEncoder": (WORDS, LABELS),
    "TfidfTransformer": (sparse.csr_array(RNG.integers(0, 2, (N, 4)) * 1.0), LABELS),
    "DictVectorizer": ([{"a": 1.0, "b": "x"}, {"c": 2.0}] * 30, LABELS),
    "FeatureHasher": ([{"a": 1.0, "b": "x"}, {"c": 2.0}] * 30, LABELS),
    "MissingIndicator": (np.where(X > 0.9, np.nan, X), LABELS),
    "KernelCenterer": (X @ X.T, LABELS),
    "LabelEncoder": (LABELS,),
    "LabelBinarizer": (LABELS,),
    "MultiLabelBinarizer": ([{1, 2}, {3}] * 30,),
    "ClassifierChain": (X, np.column_stack([NUMBERS > 5, NUMBERS > 4])),
    "MultiOutputClassifier": (X, np.column_stack([NUMBERS > 5, NUMBERS > 4])),
    "RegressorChain": (X, np.column_stack([NUMBERS, -NUMBERS])),
    "MultiOutputRegressor": (X, np.column_stack([NUMBERS, -NUMBERS])),
}
TEXTS = ["aa bb cc", "bb cc dd", "dd ee"] * 20


def fitted(name):
    """A fitted estimator of this class, and what it was fitted on."""
    cls = find_class(f"{CLASSES[name]}.{name}")
    of_numbers = "Regress" in name and not name.startswith("LogisticRegression")
    of_numbers |= name.removesuffix("CV") in (
        "BayesianRidge",
        "ElasticNet",
        "Lasso",
        "Ridge",
    )
    part = Ridge() if of_numbers else LogisticRegression()
    if name == "FrozenEstimator":
        part.fit(X, LABELS)
    names = inspect.signature(cls).parameters
    given = {key: make(part) for key, make in PARAMETERS.items() if key in names}
    if name.endswith("Projection"):
        given["n_components"] = 2
    if name == "RandomizedSearchCV":
        given["n_iter"] = 2
    if CLASSES[name].endswith(".text") and name != "TfidfTransformer":
        data = (TEXTS, LABELS)
    else:
        data = SPECIAL.get(name, (X, NUMBERS if of_numbers else LABELS))
    return cls(**given).fit(*data), data


@pytest.mark.filterwarnings("ignore")  # of data without meaning
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_class_comes_back_to_the_bit(name, path):
    model, data = fitted(name)
    sksequence.save(model, path)
    again = sksequence.load(path)
    assert vars(again).keys() == vars(model).keys()
    answered = 0
    for method in ("transform", "predict", "predict_proba", "decision_function"):
        if hasattr(model, method):
            expected = getattr(model, method)(data[0])
            found = getattr(again, method)(data[0])
            if sparse.issparse(expected):
                expected, found = expected.toarray(), found.toarray()
            assert_same(found, expected)
            answered += 1
    assert answered


GROUPS = np.arange(N) % 5


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
@pytest.mark.parametrize("name", SPLITTERS)
def test_every_splitter_splits_as_before(name, path):
    cls = find_class(f"{CLASSES[name]}.{name}")
    names = inspect.signature(cls).parameters
    given = {"n_groups": 2, "p": 1, "test_fold": GROUPS, "n_splits": 2, "shuffle": True}
    given = {key: value for key, value in given.items() if key in names}
    if "random_state" in names:
        given["random_state"] = 3
    splitter = cls(**given)
    search = find_class("sklearn.model_selection.GridSearchCV")(
        Ridge(), {"alpha": [1.0]}, cv=splitter, scoring="neg_mean_squared_error"
    ).fit(X, GROUPS, groups=GROUPS)
    sksequence.save(search, path)
    again = sksequence.load(path).cv
    expected = [*splitter.split(X, GROUPS, GROUPS)]
    assert_same([*again.split(X, GROUPS, GROUPS)], expected)


def test_the_list_names_public_things_alone():
    for name, module in (*CLASSES.items(), *NAMESAKES.items()):
        cls = find_class(f"{module}.{name}")
        assert isinstance(cls, type)
        assert name_of_class(cls) == f"{module}.{name}"
    for name, module in FUNCTIONS.items():
        function = find_function(f"{module}.{name}")
        assert name_of_function(function) == f"{module}.{name}"
    assert name_of_function(np.exp) == "numpy.exp"
    assert find_function("numpy.exp") is np.exp


def test_of_every_name_that_code_goes_by_none_is_found():
    for name in (
        "os.system",
        "builtins.eval",
        "numpy.load",
        "numpy.lib.npyio.load",
        "sklearn.preprocessing.os",
        "sklearn.tree.DecisionTreeClassifier",
        "sklearn.preprocessing._data.StandardScaler",
        "StandardScaler",
        "",
    ):
        for find in (find_class, find_function):
            with pytest.raises(ValueError, match="no file may hold"):
                find(name)
    made = np.frompyfunc(print, 1, 1)
    assert name_of_function(made) is None
    assert name_of_function(json.loads) is None


def test_the_documentation_lists_them_all():
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    listed = {word.strip("`.,") for word in text.split() if word.startswith("`")}
    assert {*CLASSES, *FUNCTIONS} <= listed


def test_all_that_is_public_here_can_be_saved():
    rooms = ("model_selection", "preprocessing", "utils")
    public = {
        name: getattr(module, name)
        for module in (sksequence, *(import_module(f"sksequence.{r}") for r in rooms))
        for name in module.__all__
    }
    ours = {
        name
        for name, value in public.items()
        if isinstance(value, type)
        and (issubclass(value, BaseEstimator) or hasattr(value, "get_n_splits"))
    }
    assert ours <= {*CLASSES, *REGISTRY}
    assert all(name_of_class(public[name]) for name in ours & {*CLASSES})


@pytest.mark.parametrize("module", ["sklearn.model_selection", *set(NAMESAKES.values())])
@pytest.mark.parametrize("name", NAMESAKES)
def test_a_search_comes_back_as_that_of_its_own_module(module, name, path):
    cls = find_class(f"{module}.{name}")
    options = {"n_iter": 2} if name == "RandomizedSearchCV" else {}
    search = cls(Ridge(), {"alpha": [1.0, 9.0]}, cv=2, **options).fit(X, NUMBERS)
    sksequence.save(search, path)
    again = sksequence.load(path)
    assert type(again) is cls
    assert_same(again.predict(X), search.predict(X))
