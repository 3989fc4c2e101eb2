"""Successive halving that goes on, also in another process."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from helpers.data import ragged
from helpers.estimators import make
from sksequence.ensemble import DeepEnsembleClassifier
from sksequence.model_selection import HalvingEpochSearchCV, halving

GRID = {"hidden_size": [3, 6], "lr": [0.001, 0.02], "dropout": [0, 0.3]}
ROUNDS = {
    "resource": "max_epochs",
    "min_resources": 2,
    "max_resources": 8,
    "factor": 2,
    "cv": 2,
    "random_state": 0,
}


def data_of():
    X = np.random.default_rng(0).normal(size=(60, 12))
    return X, (X[:, :3].sum(axis=1) > 0).astype(int)


@pytest.fixture
def data():
    return data_of()


def scores_of(search):
    return search.cv_results_["mean_test_score"]


@pytest.mark.parametrize("cell", ["GRU", "LSTM"])
def test_going_on_gives_what_starting_again_gives(cell, data):
    model = make(f"{cell}Classifier", num_layers=2, lr_schedule="constant")
    anew = HalvingGridSearchCV(model, GRID, **ROUNDS).fit(*data)
    on = HalvingEpochSearchCV(model, GRID, **ROUNDS).fit(*data)
    np.testing.assert_array_equal(scores_of(on), scores_of(anew))
    assert on.best_params_ == anew.best_params_
    assert on.n_resources_ == [2, 4, 8]
    np.testing.assert_array_equal(on.predict_proba(data[0]), anew.predict_proba(data[0]))


def count_epochs(monkeypatch):
    """How many epochs are trained, in this process."""
    from sksequence._training.net import SequenceNet

    counted = []
    original = SequenceNet.run_single_epoch

    def run(self, *args, **kwargs):
        if kwargs.get("training", args[1] if len(args) > 1 else True):
            counted.append(1)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(SequenceNet, "run_single_epoch", run)
    return counted


def epochs_of(search, monkeypatch, data):
    with monkeypatch.context() as patch:
        counted = count_epochs(patch)
        search.fit(*data)
    return len(counted)


def test_survivors_train_only_what_they_lack(monkeypatch, data):
    rounds = {**ROUNDS, "refit": False}
    model = make("GRUClassifier", lr_schedule="constant")
    anew = epochs_of(HalvingGridSearchCV(model, GRID, **rounds), monkeypatch, data)
    on = epochs_of(HalvingEpochSearchCV(model, GRID, **rounds), monkeypatch, data)
    # 8, 4 and 2 candidates in two folds, of 2, 4 and 8 epochs.
    assert anew == 2 * (8 * 2 + 4 * 4 + 2 * 8)
    assert on == 2 * (8 * 2 + 4 * 2 + 2 * 4)


@pytest.mark.parametrize(
    "why",
    [{"early_stopping": True, "lr_schedule": "constant"}, {"lr_schedule": "cosine"}],
)
def test_what_depends_on_the_number_of_epochs_starts_again(why, data):
    model = make("GRUClassifier", **why)
    anew = HalvingGridSearchCV(model, GRID, **ROUNDS).fit(*data)
    on = HalvingEpochSearchCV(model, GRID, **ROUNDS).fit(*data)
    np.testing.assert_array_equal(scores_of(on), scores_of(anew))


def test_inside_a_pipeline_with_two_workers(data):
    model = Pipeline(
        [
            ("scale", StandardScaler()),
            ("gru", make("GRUClassifier", lr_schedule="constant")),
        ]
    )
    grid = {f"gru__{name}": values for name, values in GRID.items()}
    rounds = {**ROUNDS, "resource": "gru__max_epochs", "n_jobs": 2}
    anew = HalvingGridSearchCV(model, grid, **rounds).fit(*data)
    on = HalvingEpochSearchCV(model, grid, **rounds).fit(*data)
    np.testing.assert_array_equal(scores_of(on), scores_of(anew))
    assert isinstance(on.best_estimator_, Pipeline)


@pytest.mark.parametrize(
    "meta",
    [
        lambda model: DeepEnsembleClassifier(model, 2, random_state=0),
        lambda model: BaggingClassifier(model, 2, random_state=0),
        lambda model: Pipeline(
            [("of", DeepEnsembleClassifier(model, 1, random_state=0))]
        ),
    ],
    ids=["ensemble", "bagging", "pipeline"],
)
def test_what_fits_clones_starts_again(meta, data):
    model = meta(make("GRUClassifier", lr_schedule="constant"))
    prefix = "of__estimator__" if isinstance(model, Pipeline) else "estimator__"
    grid = {f"{prefix}{name}": GRID[name] for name in ("hidden_size", "lr")}
    rounds = {**ROUNDS, "resource": f"{prefix}max_epochs"}
    anew = HalvingGridSearchCV(model, grid, **rounds).fit(*data)
    on = HalvingEpochSearchCV(model, grid, **rounds).fit(*data)
    np.testing.assert_array_equal(scores_of(on), scores_of(anew))
    np.testing.assert_array_equal(on.predict_proba(data[0]), anew.predict_proba(data[0]))


def test_sequences_of_unequal_length():
    X, y = ragged([9, 4, 7, 12] * 6), np.arange(24) % 2
    search = HalvingEpochSearchCV(
        make("LSTMClassifier", lr_schedule="constant"), GRID, **ROUNDS
    )
    search.fit(X, y)
    assert search.best_estimator_.n_epochs_ == 8


def test_the_search_stays_what_it_was_and_nothing_is_left(monkeypatch, tmp_path, data):
    monkeypatch.setattr(halving, "TemporaryDirectory", _directory_in(tmp_path))
    model = make("GRUClassifier")
    search = HalvingEpochSearchCV(model, GRID, **ROUNDS)
    search.fit(*data)
    assert search.estimator is model
    assert not hasattr(model, "net_")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="NaN"):
        search.set_params(error_score="raise").fit(data[0] * np.nan, data[1])
    assert search.estimator is model
    assert not list(tmp_path.iterdir())


def _directory_in(folder):
    from tempfile import TemporaryDirectory

    return lambda prefix: TemporaryDirectory(prefix=prefix, dir=folder)


def test_without_the_folder_every_round_starts_again(monkeypatch, data):
    """As on another machine."""
    model = make("GRUClassifier", lr_schedule="constant")
    expected = HalvingEpochSearchCV(model, GRID, **ROUNDS).fit(*data)

    class Elsewhere:
        def __init__(self, prefix):
            pass

        def __enter__(self):
            return "/nowhere/at/all"

        def __exit__(self, *error):
            pass

    monkeypatch.setattr(halving, "TemporaryDirectory", Elsewhere)
    search = HalvingEpochSearchCV(model, GRID, **ROUNDS).fit(*data)
    np.testing.assert_array_equal(scores_of(search), scores_of(expected))


@pytest.mark.parametrize("lr_schedule", ["constant", "cosine"])
@pytest.mark.parametrize(
    "rounds",
    [
        {"min_resources": 4, "max_resources": 8, "aggressive_elimination": True},
        {"min_resources": 2, "max_resources": 2},
    ],
    ids=["more rounds than epochs", "one round"],
)
def test_rounds_without_more_epochs_give_what_starting_again_gives(
    rounds, lr_schedule, data
):
    model = make("GRUClassifier", lr_schedule=lr_schedule)
    rounds = {**ROUNDS, **rounds}
    anew = HalvingGridSearchCV(model, GRID, **rounds).fit(*data)
    on = HalvingEpochSearchCV(model, GRID, **rounds).fit(*data)
    assert on.n_resources_ == anew.n_resources_
    assert len(set(on.n_resources_)) < max(2, len(on.n_resources_))
    np.testing.assert_array_equal(scores_of(on), scores_of(anew))
    np.testing.assert_array_equal(on.predict_proba(data[0]), anew.predict_proba(data[0]))


def test_equal_candidates_have_equal_scores_and_train_once(monkeypatch, data):
    model = make("GRUClassifier", lr_schedule="constant")
    grid = {"hidden_size": [3, 3, 6], "lr": [0.02]}
    rounds = {**ROUNDS, "refit": False}
    anew = HalvingGridSearchCV(model, grid, **rounds).fit(*data)
    on = HalvingEpochSearchCV(model, grid, **rounds)
    n_epochs = epochs_of(on, monkeypatch, data)
    np.testing.assert_array_equal(scores_of(on), scores_of(anew))
    assert np.isfinite(scores_of(on)).all()
    different = {
        (n, params["hidden_size"])
        for n, params in zip(
            on.cv_results_["n_resources"], on.cv_results_["params"], strict=True
        )
    }
    longest = {size: max(n for n, one in different if one == size) for size in (3, 6)}
    assert n_epochs == 2 * sum(longest.values())


def test_by_default_epochs_are_the_resource_and_the_estimator_says_how_many(data):
    model = make("GRUClassifier", lr_schedule="constant", max_epochs=9)
    search = HalvingEpochSearchCV(model, {"hidden_size": [3, 4, 5]}, cv=2).fit(*data)
    assert search.n_resources_ == [3, 9]
    assert search.best_estimator_.n_epochs_ == 9
    assert search.get_params(deep=False)["max_resources"] == "auto"
    assert search.resource == "max_epochs"


@pytest.mark.parametrize(
    "resource", ["n_samples", "hidden_size", "gru__max_epochs", 1234, None]
)
def test_a_resource_that_is_not_epochs_is_refused(resource, data):
    rounds = {**ROUNDS, "resource": resource}
    search = HalvingEpochSearchCV(make("GRUClassifier"), GRID, **rounds)
    with pytest.raises(ValueError, match="resource must name the estimator's max_epochs"):
        search.fit(*data)


@pytest.mark.parametrize(
    "params", [{"lr_warmup": 0.3}, {"average_weights": "ema"}, {"average_weights": "swa"}]
)
def test_what_belongs_to_whole_fits_is_trained_anew(params, data):
    model = make("GRUClassifier", lr_schedule="constant", **params)
    on = HalvingEpochSearchCV(model, GRID, **ROUNDS).fit(*data)
    anew = HalvingGridSearchCV(model, GRID, **ROUNDS).fit(*data)
    np.testing.assert_array_equal(scores_of(on), scores_of(anew))
    np.testing.assert_array_equal(on.predict_proba(data[0]), anew.predict_proba(data[0]))


def test_changed_sequences_go_on_as_they_would_have(data):
    """The generator of a fit that is continued is where it was."""
    options = {"lr_schedule": "constant", "augment": ("crop", "jitter", "mixup")}
    model = make("GRUClassifier", **options)
    on = HalvingEpochSearchCV(model, GRID, **ROUNDS).fit(*data)
    anew = HalvingGridSearchCV(model, GRID, **ROUNDS).fit(*data)
    np.testing.assert_array_equal(scores_of(on), scores_of(anew))
    np.testing.assert_array_equal(on.predict_proba(data[0]), anew.predict_proba(data[0]))


# -------------------------------------------------------------------- broken off, resumed


def search_in(folder, **options):
    """A search whose candidates keep their progress in a folder."""
    model = make("GRUClassifier", lr_schedule="constant", checkpoint=folder)
    return HalvingEpochSearchCV(model, GRID, **ROUNDS, error_score="raise", **options)


KILLED = """
import os, sys
sys.path[:0] = {path!r}
import numpy as np
from sksequence._training import net
from model_selection.test_halving import data_of, search_in

epochs, run = [], net.SequenceNet.run_single_epoch

def count(self, *args, **kwargs):
    if kwargs.get("training", args[1] if len(args) > 1 else True):
        if len(epochs) == {n}:
            os._exit(9)
        epochs.append(1)
    return run(self, *args, **kwargs)

net.SequenceNet.run_single_epoch = count
search_in({folder!r}).fit(*data_of())
"""


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_search_that_was_killed_resumes_in_another_process(
    n_jobs, tmp_path, monkeypatch, data
):
    expected = search_in(None).fit(*data)
    folder = f"{tmp_path / 'fits'}{os.sep}"
    # In the last of three iterations: 8 candidates of 2 epochs, 4 of 2 more, 2 of 4 more.
    n = 2 * (8 * 2 + 4 * 2) + 5
    program = KILLED.format(path=sys.path, folder=folder, n=n)
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == 9
    search = search_in(folder, n_jobs=n_jobs)
    left = epochs_of(search, monkeypatch, data)
    np.testing.assert_array_equal(scores_of(search), scores_of(expected))
    np.testing.assert_array_equal(
        search.predict_proba(data[0]), expected.predict_proba(data[0])
    )
    if n_jobs is None:  # epochs are counted in this process
        assert left == 2 * 2 * 4 - 5 + 8  # and the refit


# ------------------------------------------------------------------- budgets of epochs


def test_without_a_number_of_epochs_there_is_nothing_to_halve(data):
    model = make("GRUClassifier", max_epochs="auto", lr_schedule="constant")
    search = HalvingEpochSearchCV(model, GRID, cv=2)
    with pytest.raises(ValueError, match=r'max_resources must be a number.*"auto"'):
        search.fit(*data)
    assert search.max_resources == "auto"
    assert search.estimator is model


def test_a_search_says_the_epochs_of_a_budget_that_is_auto(data):
    """Batches that fit the data are the same in every round."""
    auto = {"batch_size": "auto", "patience": "auto", "lr_schedule": "constant"}
    model = make("GRUClassifier", **auto, max_epochs="auto")
    on = HalvingEpochSearchCV(model, GRID, **ROUNDS).fit(*data)
    anew = HalvingGridSearchCV(model, GRID, **ROUNDS).fit(*data)
    np.testing.assert_array_equal(scores_of(on), scores_of(anew))
    assert on.best_params_["max_epochs"] == on.best_estimator_.n_epochs_ == 8
    np.testing.assert_array_equal(on.predict_proba(data[0]), anew.predict_proba(data[0]))
