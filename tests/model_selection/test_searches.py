"""Searches send what they search on to each worker once, and find what others find."""

from __future__ import annotations

import copy
import os
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed, parallel_config
from sklearn import model_selection as others
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from helpers.arrivals import Reporter, counted
from helpers.comparing import assert_same
from helpers.data import objects, ragged
from helpers.estimators import make
from sksequence import model_selection as ours
from sksequence.model_selection import _sharing
from sksequence.model_selection._sharing import sharing
from sksequence.preprocessing import SequenceTokenizer

N = 24
LENGTHS = np.random.default_rng(0).integers(3, 9, size=N)
X, Y = ragged(LENGTHS), np.arange(N) % 2
GRID = {"hidden_size": [2, 3], "lr": [0.001, 0.05]}


def table():
    frame = pd.DataFrame({"age": np.arange(float(N))})
    frame["series"] = X
    return frame


FORMS = {
    "list": lambda: X,
    "tuple": lambda: tuple(X),
    "objects": lambda: objects(X),
    "table": table,
    "frames": lambda: [pd.DataFrame(x).add_prefix("c") for x in X],
    "nested lists": lambda: [x.tolist() for x in X],
    "block": lambda: np.stack([x[:3] for x in X]),
}


def results_of(search):
    timed = ("mean_fit", "std_fit", "mean_score_t", "std_score_t")
    return {
        key: np.asarray(value).tolist()
        for key, value in search.cv_results_.items()
        if not key.startswith(timed)
    }


# ------------------------------------------------------------------------- what is found


@pytest.mark.parametrize("form", FORMS)
def test_a_grid_search_finds_what_that_of_scikit_learn_finds(form):
    data, model = FORMS[form](), make("GRUClassifier")
    theirs = others.GridSearchCV(model, GRID, cv=2).fit(data, Y)
    found = ours.GridSearchCV(model, GRID, cv=2, n_jobs=2).fit(data, Y)
    assert results_of(found) == results_of(theirs)
    assert found.n_features_in_ == theirs.n_features_in_
    np.testing.assert_array_equal(found.predict_proba(data), theirs.predict_proba(data))


def test_so_does_a_random_search():
    options = {"n_iter": 3, "cv": 2, "random_state": 0}
    model, space = make("GRUClassifier"), {"hidden_size": range(2, 6), "lr": [0.01, 0.1]}
    theirs = others.RandomizedSearchCV(model, space, **options).fit(X, Y)
    found = ours.RandomizedSearchCV(model, space, **options, n_jobs=2).fit(X, Y)
    assert results_of(found) == results_of(theirs)


def test_targets_and_weights_of_steps_are_sequences_too():
    y = [np.where(x[:, 0] > 0, "above", "below") for x in X]
    weights = [np.linspace(0.5, 1, len(x)) for x in X]
    model = make("RecurrentTagger")
    theirs = others.GridSearchCV(model, GRID, cv=2).fit(X, y, sample_weight=weights)
    found = ours.GridSearchCV(model, GRID, cv=2, n_jobs=2)
    assert results_of(found.fit(X, y, sample_weight=weights)) == results_of(theirs)
    one, two = (ours.cross_val_predict_steps(model, X, y, n_jobs=n) for n in (None, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_texts_pass_a_pipeline():
    texts = ["good " * n + "bad " * (5 - n) for n in LENGTHS % 5]
    model = make_pipeline(SequenceTokenizer(), make("GRUClassifier", embedding_dim=2))
    grid = {f"gruclassifier__{name}": values for name, values in GRID.items()}
    theirs = others.GridSearchCV(model, grid, cv=2).fit(texts, Y)
    found = ours.GridSearchCV(model, grid, cv=2, n_jobs=2).fit(texts, Y)
    assert results_of(found) == results_of(theirs)


@pytest.mark.parametrize("search", [ours.GridSearchCV, ours.RandomizedSearchCV])
def test_a_search_has_the_parameters_of_scikit_learns(search):
    theirs = getattr(others, search.__name__)
    model = make("GRUClassifier")
    assert (
        search(model, GRID).get_params().keys() == theirs(model, GRID).get_params().keys()
    )
    assert type(clone(search(model, GRID, n_jobs=2))) is search


# --------------------------------------------------------------------------- sent once


def arrivals(search, name):
    return search(Reporter(), {"one": range(6)}, cv=2, n_jobs=2, refit=False).fit(
        counted(name), Y[:20]
    )


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_a_worker_gets_each_sequence_once(backend):
    with parallel_config(backend=backend):
        found = arrivals(ours.GridSearchCV, f"once, {backend}")
        every = arrivals(others.GridSearchCV, f"with every fit, {backend}")
    assert results_of(found)["mean_test_score"] == [20] * 6
    assert max(results_of(every)["mean_test_score"]) > 20


def seen(data):
    return os.getpid(), id(data), type(data)


def test_all_fits_in_a_worker_get_one_object_of_the_users_type():
    for form in ("list", "objects", "table", "frames"):
        data = FORMS[form]()
        with sharing(2, data) as (sent,):
            found = Parallel(n_jobs=2)(delayed(seen)(sent) for _ in range(6))
        assert {kind for *_, kind in found} == {type(data)}
        assert len(set(found)) == len({process for process, *_ in found})


def test_long_sequences_are_mapped_in_memory(monkeypatch):
    sent = []
    packed = _sharing._packed
    monkeypatch.setattr(_sharing, "_packed", lambda X: sent.append(packed(X)) or sent[0])
    long = [np.full((10_000, 3), float(i)) for i in range(10)]
    with sharing(2, long) as (shared,):
        sums = Parallel(n_jobs=2)(delayed(np.sum)(shared) for _ in range(4))
        assert sums == [3 * 10_000 * 45.0] * 4
    assert len(sent) == 1
    assert sent[0].rows.nbytes > 2**20  # what joblib maps, if it is one array


def test_what_was_received_is_that_of_the_latest_search():
    for form in ("list", "table"):
        with sharing(2, FORMS[form]()) as (sent,):
            arrived = pickle.loads(pickle.dumps(sent))
            assert pickle.loads(pickle.dumps(sent)) is arrived
    assert [list(one.values()) for one in _sharing._RECEIVED.values()] == [[arrived]]


# --------------------------------------------------------------------- what is left alone


def test_in_one_process_nothing_is_replaced():
    with sharing(None, X, Y) as (same, y):
        assert same is X
        assert y is Y
    with parallel_config(backend="threading"), sharing(2, X) as (same,):
        assert same is X


@pytest.mark.parametrize(
    "data", [Y, Y.tolist(), np.zeros((4, 3, 2)), None, [], pd.Series(Y)]
)
def test_what_is_no_list_of_sequences_stays_as_it_is(data):
    with sharing(2, data) as (same,):
        assert same is data


def test_copies_are_of_the_users_types():
    with sharing(2, X) as (sent,):
        for one in (copy.copy(sent), copy.deepcopy(sent), sent[:], [*sent]):
            assert type(one) is list
            assert_same(one, X)
        assert joblib.hash(list(sent)) == joblib.hash(X)


def test_parts_are_pickled_as_parts():
    with sharing(2, objects(X), table()) as (array, frame):
        part = pickle.loads(pickle.dumps(array[:2]))
        assert type(part) is np.ndarray
        assert_same(list(part), X[:2])
        rows = pickle.loads(pickle.dumps(frame.iloc[:2]))
        pd.testing.assert_frame_equal(rows, table().iloc[:2])


def test_classes_of_the_main_program_are_left_to_joblib(monkeypatch):
    monkeypatch.setattr(pickle, "dumps", lambda X, protocol: b"c__main__\nMine\n.")
    nested = [x.tolist() for x in X]
    assert _sharing._packed(nested) is nested
    assert _sharing._opened(nested) is nested
