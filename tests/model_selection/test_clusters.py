"""Searches and predictions on a cluster of several processes: of Dask, and of Ray."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn import model_selection as others
from sklearn.pipeline import make_pipeline

from helpers.arrivals import Reporter, counted
from helpers.data import ragged
from helpers.estimators import make
from sksequence import model_selection as ours
from sksequence.model_selection import HalvingEpochSearchCV
from sksequence.preprocessing import SlidingWindow

TESTS = str(Path(__file__).parents[1])
N = 24
X, Y = ragged(np.random.default_rng(0).integers(3, 9, size=N)), np.arange(N) % 2
GRID = {"hidden_size": [2, 3], "lr": [0.001, 0.05]}
pytestmark = [
    pytest.mark.no_cover,
    pytest.mark.filterwarnings("ignore"),  # the clusters' own, of ports and of time
]


@contextmanager
def dask():
    """A cluster of two processes, and joblib's way to it."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster):
        yield "dask"


@contextmanager
def ray():
    """A cluster of two processes, and joblib's way to it."""
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    path = os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")])
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        runtime_env={"env_vars": {"PYTHONPATH": path}},
        logging_level="ERROR",
    )
    register_ray()
    try:
        yield "ray"
    finally:
        ray.shutdown()


@pytest.fixture(scope="module", params=[dask, ray], ids=["dask", "ray"])
def cluster(request):
    with ExitStack() as stack:
        yield stack.enter_context(request.param())


@pytest.fixture(scope="module")
def of_dask():
    with dask():
        yield


def scores_of(search):
    return search.cv_results_["mean_test_score"]


@pytest.mark.parametrize("search", [others.GridSearchCV, ours.GridSearchCV])
def test_a_search_on_a_cluster_is_the_one_at_home(search, cluster):
    model = make("GRUClassifier")
    expected = others.GridSearchCV(model, GRID, cv=2).fit(X, Y)
    with parallel_config(backend=cluster, n_jobs=2):
        found = search(model, GRID, cv=2).fit(X, Y)
    np.testing.assert_array_equal(scores_of(found), scores_of(expected))
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))


def test_so_is_a_search_by_halving(cluster):
    options = {"min_resources": 2, "max_resources": 4, "factor": 2, "random_state": 0}
    model = make("GRUClassifier", lr_schedule="constant")
    expected = HalvingEpochSearchCV(model, GRID, cv=2, **options).fit(X, Y)
    with parallel_config(backend=cluster, n_jobs=2):
        found = HalvingEpochSearchCV(model, GRID, cv=2, **options).fit(X, Y)
    np.testing.assert_array_equal(scores_of(found), scores_of(expected))


def test_a_worker_of_a_cluster_gets_each_sequence_once(cluster):
    def arrivals(search):
        name = f"{search.__module__}, {cluster}"
        found = search(Reporter(), {"one": range(8)}, cv=2, n_jobs=2, refit=False)
        return scores_of(found.fit(counted(name), Y[:20]))

    with parallel_config(backend=cluster, n_jobs=2):
        assert arrivals(ours.GridSearchCV).tolist() == [20.0] * 8
        assert arrivals(others.GridSearchCV).max() > 20


# --------------------------------------------------------------- tables in several parts


def predict(part, model):
    return pd.Series(model.predict(part), index=part.index)


@pytest.mark.usefixtures("of_dask")
def test_predictions_of_parts_are_those_of_the_whole_table():
    """Rows that are sequences, and windows that reach into the part before."""
    parts = pytest.importorskip("dask.dataframe")
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(90, 6))).add_prefix("t")
    rows = make("GRURegressor").fit(table, table["t5"])
    windows = make_pipeline(SlidingWindow(8), make("LSTMRegressor"))
    windows.fit(table[:40], table["t0"][:40])
    in_parts = parts.from_pandas(table, npartitions=4)
    meta = {"meta": (None, "float64")}
    for found, model in (
        (in_parts.map_partitions(predict, rows, **meta), rows),
        (in_parts.map_overlap(predict, 7, 0, windows, **meta), windows),
    ):
        pd.testing.assert_series_equal(
            found.compute(), predict(table, model), check_exact=True, check_names=False
        )
