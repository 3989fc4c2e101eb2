"""Docstrings say of parameters, attributes and methods what is there."""

from __future__ import annotations

import ast
import doctest
import inspect

import numpy as np
import pandas as pd
import pytest

import sksequence
from helpers.estimators import CLASSIFIERS, ESTIMATORS, PUBLIC, labels_for, make
from helpers.package import MODULES, entries_of, sections_of
from sksequence import datasets, inspection
from sksequence.ensemble import DeepEnsembleClassifier, DeepEnsembleRegressor
from sksequence.inspection import baseline_report


@pytest.mark.parametrize("name", PUBLIC)
def test_documented_parameters_are_those_of_the_signature(name):
    cls = getattr(sksequence, name)
    documented = entries_of(sections_of(cls.__doc__)["Parameters"])
    signature = {
        p.name: repr(p.default) for p in inspect.signature(cls).parameters.values()
    }
    assert list(documented.items()) == list(signature.items())
    kinds = {p.kind for p in inspect.signature(cls).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(
    "public",
    [DeepEnsembleClassifier, DeepEnsembleRegressor, baseline_report],
    ids=lambda public: public.__name__,
)
def test_documented_parameters_of_ensembles_and_reports_are_those_they_take(public):
    documented = entries_of(sections_of(public.__doc__)["Parameters"])
    parameters = inspect.signature(public).parameters.values()
    empty = inspect.Parameter.empty
    assert list(documented.items()) == [
        (p.name, None if p.default is empty else repr(p.default)) for p in parameters
    ]


FUNCTIONS = [
    function
    for module in (datasets, inspection)
    for function in (getattr(module, name) for name in module.__all__)
    if inspect.isfunction(function)
]
METHODS = [
    getattr(cls, name)
    for cls in (getattr(inspection, name) for name in inspection.__all__)
    if inspect.isclass(cls)
    for name, value in vars(cls).items()
    if name == "plot" or name.startswith("from_")
]


@pytest.mark.parametrize("public", FUNCTIONS + METHODS, ids=lambda f: f.__qualname__)
def test_documented_parameters_of_functions_are_those_they_take(public):
    documented = entries_of(sections_of(public.__doc__)["Parameters"])
    signature = inspect.signature(public).parameters.values()
    empty = inspect.Parameter.empty
    expected = {p.name: p.default for p in signature if p.kind is not p.VAR_KEYWORD}
    expected.pop("self", None)
    given = {
        name: empty if default is None else ast.literal_eval(default)
        for name, default in documented.items()
    }
    # Some say of others' arguments that they are the same.
    assert given.items() <= expected.items()
    if inspect.isfunction(public):
        assert list(given) == list(expected)
    assert {"Returns", "Raises"} <= set(sections_of(public.__doc__))


@pytest.mark.parametrize("cls", [DeepEnsembleClassifier, DeepEnsembleRegressor])
def test_documented_attributes_of_ensembles_are_those_after_a_fit(cls):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 5)), columns=[*"abcde"])
    name = cls.__name__.removeprefix("DeepEnsemble")
    model = cls(make(f"GRU{name}"), 1).fit(X, labels_for(name, 12))
    documented = set(entries_of(sections_of(cls.__doc__)["Attributes"]))
    assert documented == {a for a in vars(model) if a.endswith("_") and a[0] != "_"}
    assert set(cls._parameter_constraints) == set(model.get_params(deep=False))


ENSEMBLE_METHODS = [
    (cls, method)
    for cls in (DeepEnsembleClassifier, DeepEnsembleRegressor)
    for method, value in inspect.getmembers(cls, inspect.isfunction)
    if not method.startswith("_") and value.__module__.startswith("sksequence")
]


@pytest.mark.parametrize(("cls", "method"), ENSEMBLE_METHODS)
def test_documented_arguments_of_ensembles_are_those_of_the_method(cls, method):
    function = getattr(cls, method)
    sections = sections_of(function.__doc__)
    arguments = [p for p in inspect.signature(function).parameters if p != "self"]
    assert list(entries_of(sections["Parameters"])) == arguments
    assert "Returns" in sections


@pytest.mark.parametrize("name", PUBLIC)
def test_every_hyperparameter_is_validated(name):
    cls = getattr(sksequence, name)
    assert set(cls._parameter_constraints) == set(cls().get_params())


def declared_in(path):
    """Names of hyperparameters; of some, a function of that name sets the default."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        last = node.body[-1] if isinstance(node, ast.FunctionDef) else node
        value = last.value if isinstance(last, ast.AnnAssign | ast.Return) else None
        if not isinstance(value, ast.Call) or ast.unparse(value.func) != "hyperparameter":
            continue
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign):
            yield node.target.id


def test_a_hyperparameter_is_declared_once():
    declared = [name for path in MODULES.values() for name in declared_in(path)]
    assert len(declared) == len(set(declared))
    offered = {p for name in PUBLIC for p in make(name).get_params()}
    assert set(declared) == offered


def test_no_class_writes_an_init_of_its_own():
    owners = {
        cls.__name__
        for name in PUBLIC
        for cls in getattr(sksequence, name).__mro__
        if cls.__module__.startswith("sksequence")
        and "__init__" in vars(cls)
        and not hasattr(cls, "__dataclass_fields__")
    }
    assert not owners


@pytest.mark.parametrize("name", ESTIMATORS)
def test_documented_attributes_are_there_after_a_fit_and_no_others(name):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 5)), columns=[*"abcde"])
    model = make(name, early_stopping=True).fit(X, labels_for(name, 12))
    documented = set(entries_of(sections_of(type(model).__doc__)["Attributes"]))
    expected = {"net_", "n_features_in_", "feature_names_in_", "n_epochs_", "history_"}
    expected |= {"n_static_features_in_"}
    expected |= {"classes_"} if name in CLASSIFIERS else set()
    assert documented == expected
    fitted = {a for a in vars(model) if a.endswith("_") and not a.startswith("_")}
    assert fitted == documented


@pytest.mark.parametrize("name", PUBLIC)
def test_every_class_has_an_example_that_is_run(name, pytestconfig):
    cls = getattr(sksequence, name)
    (test,) = doctest.DocTestFinder(recurse=False).find(cls, name)
    sources = "".join(example.source for example in test.examples)
    assert f"{name}(" in sources
    assert ".fit(" in sources
    assert not any(doctest.SKIP in example.options for example in test.examples)
    assert pytestconfig.getoption("doctestmodules")
    assert "sksequence" in pytestconfig.getini("testpaths")


METHODS = sorted(
    {
        (cls.__name__, method)
        for cls in map(sksequence.__dict__.get, PUBLIC)
        for method, value in inspect.getmembers(cls, inspect.isfunction)
        if not method.startswith("_") and value.__module__.startswith("sksequence")
    }
)


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_documented_arguments_are_those_of_the_method(name, method):
    function = getattr(getattr(sksequence, name), method)
    sections = sections_of(function.__doc__)
    arguments = [p for p in inspect.signature(function).parameters if p != "self"]
    assert list(entries_of(sections["Parameters"])) == arguments
    assert "Returns" in sections
