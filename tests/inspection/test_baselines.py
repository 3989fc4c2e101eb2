"""The report of baselines: scores on the same folds, and a verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from helpers.data import ragged
from helpers.estimators import make
from sksequence import RecurrentTagger, RecurrentTranscriber, WindowForecaster
from sksequence.ensemble import DeepEnsembleClassifier
from sksequence.inspection import BaselineReport, baseline_report
from sksequence.inspection._comparison import Comparison
from sksequence.preprocessing import SequenceTokenizer, SlidingWindow, StepwiseTransformer

N = 48
LENGTHS = np.random.default_rng(2).integers(4, 14, size=N)
X = ragged(LENGTHS, seed=2)
SUMS = np.array([x[:, 0].mean() for x in X])
LABELS = np.where(np.median(SUMS) < SUMS, "up", "down")
CLASSIFIED = {
    "most frequent class",
    "ridge on summaries",
    "nearest neighbour",
    "random convolutions",
}
REGRESSED = {"mean", "last value", *CLASSIFIED} - {"most frequent class"}
TOKENISED = {*CLASSIFIED, "ridge on tokens and pairs"} - {"ridge on summaries"}


class Knowing(ClassifierMixin, BaseEstimator):
    """Right with this share of the sequences, for an oracle of verdicts."""

    def __init__(self, wrong_every=0):
        self.wrong_every = wrong_every

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        right = np.array([x[:, 0].mean() for x in X]) > np.median(SUMS)
        if self.wrong_every:
            right[:: self.wrong_every] ^= True
        return np.where(right, "up", "down")


# -------------------------------------------------------------------------------- scores


def test_scores_are_those_of_the_same_folds():
    network, cv = make("GRUClassifier"), TimeSeriesSplit(4)
    report = baseline_report(network, X, LABELS, cv=cv, random_state=0)
    assert [*report.scores] == ["GRUClassifier", *report.comparisons]
    assert set(report.comparisons) == CLASSIFIED
    assert not report.left_out
    expected = cross_val_score(network, X, LABELS, cv=cv)
    np.testing.assert_array_equal(report.scores["GRUClassifier"], expected)
    most = cross_val_score(DummyClassifier(), np.zeros((N, 1)), LABELS, cv=cv)
    np.testing.assert_array_equal(report.scores["most frequent class"], most)
    share = np.mean([len(test) / len(train) for train, test in cv.split(X)])
    for name, found in report.comparisons.items():
        assert found == Comparison.of(expected, report.scores[name], share)
    assert report.scoring == "accuracy"
    assert report.scores["ridge on summaries"].mean() > 0.75
    assert all(seconds > 0 for seconds in report.seconds.values())


def test_the_same_seed_gives_the_same_report():
    one, again, other = (
        baseline_report(make("GRUClassifier"), X, LABELS, cv=3, random_state=seed)
        for seed in (0, 0, 1)
    )
    name = "random convolutions"
    np.testing.assert_array_equal(one.scores[name], again.scores[name])
    assert [*one.scores] == [*other.scores]
    parallel = baseline_report(
        make("GRUClassifier"), X, LABELS, cv=3, random_state=0, n_jobs=2
    )
    for model, scores in one.scores.items():
        np.testing.assert_array_equal(parallel.scores[model], scores)


def test_groups_reach_the_splitter():
    groups, seen = np.arange(N) // 6, []

    class Watching(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    baseline_report(Knowing(), X, LABELS, cv=Watching(2), groups=groups)
    assert seen == [groups] or all(x is groups for x in seen)


FRAMES = [pd.DataFrame(x, columns=["a", "b"]) for x in X]
FORMS = {
    "list": X,
    "3-D": np.stack([x[:4] for x in X]),
    "2-D": np.stack([x[:4, 0] for x in X]),
    "frames": FRAMES,
    "polars": [pl.DataFrame(frame) for frame in FRAMES],
    "static": pd.DataFrame({"series": X, "n": LENGTHS, "site": ["a", "b", "c"] * 16}),
    "text": [frame.assign(kind=np.where(frame["b"] > 0, "u", "d")) for frame in FRAMES],
    "gaps": [np.where(x > 1.5, np.nan, x) for x in X],
}


@pytest.mark.parametrize("form", FORMS)
def test_baselines_read_what_the_network_reads(form):
    params = {"missing": "mask"} if form == "gaps" else {}
    network = make("GRUClassifier", hidden_size=3, max_epochs=1, **params)
    report = baseline_report(network, FORMS[form], LABELS, cv=2, random_state=0)
    assert set(report.comparisons) == CLASSIFIED
    assert not report.left_out
    regressor = make("GRURegressor", hidden_size=3, max_epochs=1, **params)
    report = baseline_report(regressor, FORMS[form], SUMS, cv=2, random_state=0)
    assert set(report.comparisons) == REGRESSED
    assert not report.left_out


def test_tokens_and_frames():
    ids = [np.digitize(x[:, 0], [-1, 0, 1]) for x in X]
    network = make("GRUClassifier", embedding_dim=2, max_epochs=1)
    report = baseline_report(network, ids, LABELS, cv=2, random_state=0)
    assert set(report.comparisons) == TOKENISED
    assert report.scores["ridge on tokens and pairs"].mean() > 0.7
    many = [np.where(x == 0, 500, x) for x in ids]
    report = baseline_report(network, many, LABELS, cv=2)
    assert [*report.left_out] == ["random convolutions"]
    films = [np.repeat(x[:, :1], 12, axis=1).reshape(-1, 3, 4) for x in X]
    network = make("ConvLSTMClassifier", hidden_size=2, max_epochs=1)
    report = baseline_report(network, films, LABELS, cv=2, random_state=0)
    assert set(report.comparisons) == CLASSIFIED
    assert report.scores["ridge on summaries"].mean() > 0.85


@pytest.mark.parametrize("form", ["several", "horizons", "gaps"])
def test_several_numbers(form):
    y = np.stack([SUMS, -SUMS, SUMS**2, 2 * SUMS], axis=1)
    if form == "horizons":
        y = y.reshape(N, 2, 2)
    if form == "gaps":
        y = np.where(np.arange(N)[:, None] % 5 == np.arange(4), np.nan, y)
    network = make("GRURegressor", max_epochs=1)
    report = baseline_report(network, X, y, cv=3, random_state=0)
    assert report.scoring == "r2"
    if form == "gaps":
        assert "ridge on summaries" in report.left_out
        assert "NaN" in report.left_out["ridge on summaries"]
        return
    assert set(report.comparisons) == REGRESSED
    flat = y.reshape(N, 4)
    alone = baseline_report(make("GRURegressor", max_epochs=1), X, flat, cv=3)
    for name in ("GRURegressor", "ridge on summaries", "mean"):
        np.testing.assert_allclose(alone.scores[name], report.scores[name])


def test_several_labels():
    y = np.stack([SUMS > 0, LENGTHS > 8], axis=1).astype(int)
    report = baseline_report(make("GRUClassifier"), X, y, cv=2, random_state=0)
    assert set(report.comparisons) == CLASSIFIED


def test_the_last_value_of_a_walk_is_hard_to_beat():
    walk = np.random.default_rng(0).normal(size=300).cumsum()
    windows = np.lib.stride_tricks.sliding_window_view(walk, 9)
    report = baseline_report(
        make("GRURegressor"), windows[:, :8], windows[:, 8], cv=TimeSeriesSplit(3)
    )
    assert report.best_baseline in ("last value", "ridge on summaries")
    assert report.scores["last value"].mean() > report.scores["mean"].mean()
    assert not report.is_worth_it


# -------------------------------------------------------------------------- in the place


def test_baselines_stand_behind_the_steps_of_a_pipeline():
    words = [" ".join(["down", "up"][int(v > 0)] for v in x[:, 0]) for x in X]
    network = make("GRUClassifier", embedding_dim=2)
    pipeline = make_pipeline(SequenceTokenizer(), network)
    report = baseline_report(pipeline, words, LABELS, cv=2, random_state=0)
    assert report.network == "GRUClassifier"
    assert set(report.comparisons) == TOKENISED
    table = np.random.default_rng(0).normal(size=(90, 2))
    y = np.where(pd.Series(table[:, 0]).rolling(3, min_periods=1).mean() > 0, "u", "d")
    pipeline = make_pipeline(StandardScaler(), SlidingWindow(3), make("GRUClassifier"))
    report = baseline_report(pipeline, table, y, cv=TimeSeriesSplit(3), random_state=0)
    assert report.scores["ridge on summaries"].mean() > 0.85


def test_searches_and_ensembles_of_networks():
    network = make("GRUClassifier", max_epochs=1, hidden_size=3)
    pipeline = make_pipeline(StepwiseTransformer(StandardScaler()), network)
    grid = {"gruclassifier__lr": [0.01, 0.1]}
    search = GridSearchCV(pipeline, grid, cv=2)
    for estimator in (search, DeepEnsembleClassifier(network, 2)):
        report = baseline_report(estimator, X, LABELS, cv=2, random_state=0)
        assert report.network == type(estimator).__name__
        assert set(report.comparisons) == CLASSIFIED


def test_targets_are_transformed_for_the_baselines_too():
    network = TransformedTargetRegressor(
        make("GRURegressor", max_epochs=1), func=np.log, inverse_func=np.exp
    )
    y = np.exp(5 * SUMS)
    report = baseline_report(network, X, y, cv=3, random_state=0)
    assert set(report.comparisons) == REGRESSED
    dummy = TransformedTargetRegressor(DummyRegressor(), func=np.log, inverse_func=np.exp)
    expected = cross_val_score(dummy, np.zeros((N, 1)), y, cv=3)
    np.testing.assert_allclose(report.scores["mean"], expected)


# ------------------------------------------------------------------------------ verdicts


def test_a_network_that_knows_more_is_worth_it():
    report = baseline_report(Knowing(), X, LABELS, cv=6, random_state=0)
    best = report.scores[report.best_baseline].mean()
    assert best < 1
    worth = report.comparisons[report.best_baseline].p_value < 0.05
    assert report.is_worth_it == worth
    made = report_of([1.0, 0.98, 1.0, 0.97], [0.8, 0.82, 0.79, 0.81])
    assert made.is_worth_it
    assert made.verdict == (
        "Net is worth it: 0.988 against 0.805 of the best baseline (ridge), "
        f"+0.182 ± {made.comparisons['ridge'].std_error:.3f}, "
        f"p = {made.comparisons['ridge'].p_value:.2g}."
    )


def report_of(network, ridge, **others):
    scores = {"Net": network, "mean": np.zeros(len(network)), "ridge": ridge}
    scores = {name: np.array(own) for name, own in scores.items()}
    compared = {
        name: Comparison.of(scores["Net"], own, 0.25)
        for name, own in scores.items()
        if name != "Net"
    }
    return BaselineReport(
        "Net", "accuracy", scores, dict.fromkeys(scores, 1.25), compared, **others
    )


@pytest.mark.parametrize(
    ("network", "ridge", "begins"),
    [
        ([0.8, 0.8, 0.9], [0.8, 0.9, 0.9], "Net is not worth it: 0.833 against 0.867"),
        ([0.9, 0.9], [0.9, 0.9], "Net is not worth it: 0.900 against 0.900"),
        ([0.9, 0.7, 0.9], [0.7, 0.8, 0.8], "Net is not shown to be worth it: 0.833"),
        ([0.9], [0.8], "Net is ahead, but one fold has no spread: 0.900 against 0.800"),
    ],
)
def test_verdicts_that_are_not_in_favour(network, ridge, begins):
    report = report_of(network, ridge)
    assert report.verdict.startswith(begins)
    assert report.best_baseline == "ridge"
    assert not report.is_worth_it


def test_one_fold_has_no_spread():
    cv = ShuffleSplit(1, random_state=0)
    report = baseline_report(Knowing(), X, LABELS, cv=cv, random_state=0)
    assert not report.is_worth_it
    assert np.isnan(report.comparisons["ridge on summaries"].p_value)


# --------------------------------------------------------------------------- how it looks


def test_it_prints_as_a_table_with_the_verdict_last():
    report = report_of([0.9, 0.8], [0.7, 0.8], left_out={"nearest <k>": "no proba"})
    lines = str(report).splitlines()
    assert repr(report) == str(report)
    assert len({len(line) for line in lines[:4]}) == 1
    assert lines[0].split() == [
        "accuracy",
        "std",
        "network",
        "ahead",
        "by",
        "p",
        "seconds",
    ]
    assert lines[1].split() == ["Net", "0.850", "0.050", "1.2"]
    assert lines[2].split()[:4] == ["mean", "0.000", "0.000", "+0.850"]
    assert lines[4:] == ["nearest <k> left out: no proba", report.verdict]
    html = report._repr_html_()
    assert "nearest &lt;k&gt; left out" in html
    assert html.count("<tr>") == 4
    assert report.verdict in html


def test_it_is_a_table_of_pandas():
    report = report_of([0.9, 0.8], [0.7, 0.8])
    frame = report.to_frame()
    assert frame.index.tolist() == ["Net", "mean", "ridge"]
    assert frame.loc["Net", "mean_score"] == pytest.approx(0.85)
    assert frame.loc["ridge", "difference"] == pytest.approx(0.1)
    assert frame.loc["ridge", "p_value"] == report.comparisons["ridge"].p_value
    assert np.isnan(frame.loc["Net", "difference"])
    assert frame.columns.tolist() == [
        *("mean_score", "std_score", "difference", "std_error", "p_value"),
        *("low", "high", "seconds"),
    ]


# ------------------------------------------------------------------------------- refusal


def test_a_baseline_without_what_the_metric_asks_for_is_left_out_with_the_reason():
    network = make("GRUClassifier")
    report = baseline_report(
        network, X, LABELS, cv=2, scoring="neg_log_loss", random_state=0
    )
    assert report.scoring == "neg_log_loss"
    assert set(report.left_out) == {"ridge on summaries", "random convolutions"}
    assert "predict_proba" in report.left_out["ridge on summaries"]
    expected = cross_val_score(network, X, LABELS, cv=2, scoring="neg_log_loss")
    np.testing.assert_array_equal(report.scores["GRUClassifier"], expected)

    def only_networks(estimator, X, y):
        return float(estimator.n_epochs_)

    report = baseline_report(network, X, LABELS, cv=2, scoring=only_networks)
    assert set(report.left_out) == CLASSIFIED
    assert report.best_baseline is None
    assert not report.is_worth_it
    assert report.verdict == "No baseline could be scored by only_networks."


@pytest.mark.parametrize("wrong", [RecurrentTagger(), RecurrentTranscriber()])
def test_what_predicts_sequences_is_refused(wrong):
    with pytest.raises(TypeError, match="of whole sequences, got Recurrent"):
        baseline_report(wrong, X, LABELS)


def test_a_forecaster_is_refused_as_it_reads_no_sequences():
    forecaster = WindowForecaster(make("GRURegressor"), length=3, horizon=1)
    with pytest.raises(TypeError, match="Pass its regressor, and the windows"):
        baseline_report(forecaster, SUMS[:, None], SUMS)


def test_several_quantiles_need_a_metric():
    network = make("GRURegressor", loss="quantile", quantile=(0.1, 0.9))
    with pytest.raises(ValueError, match=r"scoring must be given.*\[0\.1, 0\.9\]"):
        baseline_report(network, X, SUMS)


def test_an_error_of_the_network_is_not_hidden():
    with pytest.raises(ValueError, match="hidden_size"):
        baseline_report(make("GRUClassifier", hidden_size=0), X, LABELS, cv=2)
    nothing = make_pipeline(FunctionTransformer(lambda X: X), Knowing())
    with pytest.raises(ValueError, match="n_splits"):
        baseline_report(nothing, X, LABELS, cv=100)
