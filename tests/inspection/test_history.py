"""The course of a training: the numbers of history_, drawn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.data import ragged
from helpers.estimators import labels_for, make
from sksequence import WindowForecaster
from sksequence.ensemble import DeepEnsembleClassifier
from sksequence.inspection import HistoryDisplay
from sksequence.preprocessing import StepwiseTransformer

X = ragged(np.random.default_rng(0).integers(4, 9, size=40))
Y = labels_for("GRUClassifier", len(X))


def fitted(**params):
    return make("GRUClassifier", **{"max_epochs": 6, **params}).fit(X, Y)


def test_lines_are_the_numbers_of_the_history():
    model = fitted(early_stopping=True, scoring="accuracy")
    display = HistoryDisplay.from_estimator(model)
    assert set(display.lines_) == {"train_loss", "valid_loss", "valid_score"}
    for name, line in display.lines_.items():
        np.testing.assert_array_equal(line.get_xdata(), 1 + np.arange(model.n_epochs_))
        expected = [epoch[name] for epoch in model.history_]
        np.testing.assert_array_equal(line.get_ydata(), expected)
    assert display.lines_["valid_score"].axes is display.metric_ax_
    assert display.lines_["valid_loss"].axes is display.ax_
    assert display.ax_.get_title() == "GRUClassifier"


@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_the_best_epoch_is_that_whose_weights_are_kept(scoring):
    """A fit that ends there has the same weights."""
    options = {"early_stopping": True, "scoring": scoring, "lr": 0.3, "patience": 6}
    options |= {"lr_schedule": "constant", "validation_fraction": 0.4}
    model = fitted(max_epochs=12, **options)
    display = HistoryDisplay.from_estimator(model)
    best = display.best_epoch
    assert best < model.n_epochs_
    assert set(display.best_line_.get_xdata()) == {best}
    shorter = fitted(max_epochs=best, **options)
    np.testing.assert_array_equal(model.predict_proba(X), shorter.predict_proba(X))


def test_without_validation_the_training_loss_is_drawn_alone():
    display = HistoryDisplay.from_estimator(fitted())
    assert set(display.lines_) == {"train_loss"}
    assert display.best_line_ is None
    assert display.metric_ax_ is None
    assert not hasattr(display, "best_epoch")
    with pytest.raises(ValueError, match=r"no best epoch.*early_stopping=True"):
        display.best_epoch  # noqa: B018


@pytest.mark.parametrize("name", ["valid_loss", "valid_score"])
def test_what_needs_validation_says_how_to_get_it(name):
    match = rf"no '{name}': .*early_stopping=True.* or pass X_val"
    with pytest.raises(ValueError, match=match):
        HistoryDisplay.from_estimator(fitted(), metrics=[name])


def test_metrics_may_be_chosen():
    model = fitted(early_stopping=True)
    display = HistoryDisplay.from_estimator(model, metrics=["lr"])
    assert set(display.lines_) == {"train_loss", "lr"}
    display.plot(metrics=["valid_loss"])
    assert set(display.lines_) == {"train_loss", "valid_loss"}


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        (["accuracy"], ValueError, r"metrics must be among \['train_loss'.*'accuracy'"),
        ("lr", TypeError, "metrics must be a list of names, got the str 'lr'"),
    ],
)
def test_metrics_that_are_not_there_are_refused(metrics, error, message):
    with pytest.raises(error, match=message):
        HistoryDisplay.from_estimator(fitted(), metrics=metrics)


@pytest.mark.parametrize(
    ("history", "message"),
    [([], "at least one epoch"), ([{"loss": 1.0}], r"train_loss.*got \['loss'\]")],
)
def test_what_is_no_history_is_refused(history, message):
    with pytest.raises(ValueError, match=message):
        HistoryDisplay.from_history(history)


def test_an_epoch_without_a_number_is_a_gap():
    history = [{"train_loss": 2.0}, {"train_loss": 1.0, "valid_loss": 3.0}]
    display = HistoryDisplay.from_history(history)
    np.testing.assert_array_equal(display.lines_["valid_loss"].get_ydata(), [np.nan, 3])
    assert display.best_epoch == 2


# ------------------------------------------------------------------- what holds a network


def test_networks_are_found_where_they_are():
    model = make("GRUClassifier", max_epochs=3)
    pipeline = make_pipeline(StepwiseTransformer(StandardScaler()), model).fit(X, Y)
    search = GridSearchCV(model, {"hidden_size": [4]}, cv=2).fit(X, Y)
    table = np.arange(40.0)[:, None]
    forecaster = WindowForecaster(
        make("GRURegressor", max_epochs=3), length=4, horizon=2
    ).fit(table)
    for holder, network in (
        (pipeline, pipeline[-1]),
        (search, search.best_estimator_),
        (forecaster, forecaster.regressor_),
    ):
        display = HistoryDisplay.from_estimator(holder)
        assert display.history is network.history_


@pytest.mark.parametrize(
    "unfitted",
    [
        make("GRUClassifier"),
        make_pipeline(StepwiseTransformer(StandardScaler()), make("GRUClassifier")),
        GridSearchCV(make("GRUClassifier"), {}),
        WindowForecaster(make("GRURegressor"), length=4, horizon=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_is_not_fitted_says_so(unfitted):
    with pytest.raises(NotFittedError, match=r"not fitted yet\. Call 'fit'"):
        HistoryDisplay.from_estimator(unfitted)


def test_an_ensemble_leads_to_its_members():
    ensemble = DeepEnsembleClassifier(make("GRUClassifier"), 2).fit(X, Y)
    match = (
        r"got DeepEnsembleClassifier\. Pass one of DeepEnsembleClassifier\.estimators_"
    )
    with pytest.raises(TypeError, match=match):
        HistoryDisplay.from_estimator(ensemble)
    HistoryDisplay.from_estimator(ensemble.estimators_[0])
