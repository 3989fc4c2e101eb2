"""Random states, and fits that run at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from helpers.comparing import answers
from helpers.estimators import CLASSIFIERS, make


def test_a_random_state_instance_goes_on_from_fit_to_fit(task):
    X, y, _ = task
    fits = []
    for _ in range(2):
        model = make("GRUClassifier", random_state=np.random.RandomState(3))
        fits.append([model.fit(X, y).predict_proba(X) for _ in range(2)])
    np.testing.assert_array_equal(fits[0], fits[1])
    assert (fits[0][0] != fits[0][1]).any()


def test_no_random_state_is_another_fit_each_time(task):
    X, y, _ = task
    some, others = (
        make("GRUClassifier", random_state=None).fit(X, y).predict_proba(X)
        for _ in range(2)
    )
    assert (some != others).any()


def test_fits_at_the_same_time_are_what_they_are_alone(task):
    X, codes, y = task
    models = {
        "LSTMClassifier": {"dropout": 0.3, "max_epochs": 6},
        "GRURegressor": {"early_stopping": True, "max_epochs": 6, "n_jobs": 1},
    }

    def fit(name):
        target = codes if name in CLASSIFIERS else y
        return answers(make(name, **models[name]).fit(X, target), X)

    alone = [fit(name) for name in models]
    barrier = threading.Barrier(2)

    def fit_at_once(name):
        barrier.wait()
        return fit(name)

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(fit_at_once, models))
    for got, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(got, expected)
