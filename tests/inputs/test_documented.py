"""The HTML of public estimators leads to their pages, and to what the pages explain."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.estimators import PUBLIC, make
from sksequence import GRUClassifier, WindowForecaster
from sksequence._inputs.documented import SITE, link_to_entries
from sksequence.ensemble import DeepEnsembleClassifier
from sksequence.model_selection import (
    GridSearchCV,
    HalvingEpochSearchCV,
    RandomizedSearchCV,
)
from sksequence.preprocessing import (
    SequenceTokenizer,
    SlidingWindow,
    StepwiseTransformer,
)

ESTIMATORS = {f"sksequence.{name}": make(name) for name in PUBLIC} | {
    "sksequence.WindowForecaster": WindowForecaster(None, length=3, horizon=1),
    "sksequence.ensemble.DeepEnsembleClassifier": DeepEnsembleClassifier(),
    "sksequence.preprocessing.SequenceTokenizer": SequenceTokenizer(),
    "sksequence.preprocessing.SlidingWindow": SlidingWindow(3),
    "sksequence.preprocessing.StepwiseTransformer": StepwiseTransformer(StandardScaler()),
    **{
        f"sksequence.model_selection.{search.__name__}": search(
            GRUClassifier(), {"lr": [0.1]}
        )
        for search in (GridSearchCV, HalvingEpochSearchCV, RandomizedSearchCV)
    },
}


def links_of(html: str) -> list[str]:
    """The links of an estimator's HTML to the site."""
    return re.findall(rf'href="({re.escape(SITE)}[^"]*)"', html)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_links_lead_to_the_page_of_the_class(name):
    assert ESTIMATORS[name]._get_doc_link() == f"{SITE}/reference/{name}.html"


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_parameter_has_a_link_to_its_entry(name):
    estimator = ESTIMATORS[name]
    if not hasattr(estimator, "_get_params_html"):
        pytest.skip("this version of scikit-learn has no tables of parameters")
    links = links_of(estimator._repr_html_())
    assert all(link.count("#") <= 1 for link in links)
    page = f"{SITE}/reference/{name}.html"
    wanted = {f"{page}#{name}.{key}" for key in estimator.get_params(deep=False)}
    assert wanted <= set(links)
    shown = estimator._repr_mimebundle_()
    assert set(links_of(shown["text/html"])) == set(links)


def test_fitted_attributes_have_links_and_pipelines_keep_their_pages():
    X, y = np.random.default_rng(0).normal(size=(12, 5)), np.arange(12) % 2
    model = make("GRUClassifier").fit(X, y)
    page = f"{SITE}/reference/sksequence.GRUClassifier.html"
    links = links_of(model._repr_html_())
    if hasattr(model, "_get_fitted_attr_html"):
        assert f"{page}#sksequence.GRUClassifier.classes_" in links
    pipeline = make_pipeline(SlidingWindow(3), model)
    assert page in links_of(pipeline._repr_html_())


def test_subclasses_of_users_have_no_page_of_ours():
    class Own(GRUClassifier):
        pass

    assert Own()._get_doc_link() == ""


def test_other_links_stay():
    other = '<a href="https://scikit-learn.org/a.html#:~:text=alpha,-float">'
    assert link_to_entries(other) == other
