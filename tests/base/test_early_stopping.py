"""Early stopping: what is held out, and which weights are kept."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from sklearn.model_selection import ShuffleSplit, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.comparing import steps_only
from helpers.data import CUBE, LABELS, N, ragged
from helpers.estimators import CLASSIFIERS, ESTIMATORS, REGRESSORS, labels_for, make
from sksequence.metrics import make_step_scorer
from sksequence.preprocessing import SlidingWindow, make_windows


def noise(name, n=60):
    """Nothing to be learnt, so that the validation loss soon rises."""
    return ragged(np.random.default_rng(1).integers(4, 9, size=n)), labels_for(name, n)


STOPPING = {
    "early_stopping": True,
    "patience": 3,
    "max_epochs": 60,
    "lr": 0.02,
    "lr_schedule": "constant",
    "validation_fraction": 0.3,
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_training_stops_and_keeps_the_best_weights(name, splits):
    X, y = noise(name)
    model = make(name, **STOPPING).fit(X, y)
    ((train, valid),) = splits
    losses = np.array([epoch["valid_loss"] for epoch in model.history_])
    assert len(losses) == model.n_epochs_ < 60
    assert losses.argmin() <= model.n_epochs_ - 3
    assert sorted([*train, *valid]) == list(range(60))
    part = [X[i] for i in valid]
    if name in CLASSIFIERS:
        loss = log_loss(y[valid], model.predict_proba(part))
    else:
        loss = ((model.predict(part) - y[valid]) ** 2).mean() / y[train].var()
    assert loss == pytest.approx(losses.min(), rel=1e-4)


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_what_is_held_out_moves_neither_weights_nor_scales(name, splits):
    X, y = noise(name)
    params = STOPPING | {"max_epochs": 4, "patience": 9}
    expected = make(name, **params).fit(X, y)
    ((_, valid),) = splits
    other = [100 + 7 * x if i in valid else x for i, x in enumerate(X)]
    y = y.copy()
    if name in REGRESSORS:
        y[valid] += 50
    model = make(name, **params).fit(other, y)
    assert [epoch["train_loss"] for epoch in model.history_] == [
        epoch["train_loss"] for epoch in expected.history_
    ]
    assert steps_only(model) != steps_only(expected)


@pytest.mark.parametrize("seed", range(3))
def test_groups_never_straddle(seed, splits):
    X, y = noise("GRUClassifier")
    groups = np.random.default_rng(seed).integers(0, 12, size=60)
    make("GRUClassifier", **{**STOPPING, "max_epochs": 1, "random_state": seed}).fit(
        X, y, groups=groups
    )
    ((train, valid),) = splits
    assert not set(groups[train]) & set(groups[valid])
    assert len(valid) >= 0.3 * 60


# ----------------------------------------------------------------------- what is held out


@pytest.mark.parametrize("stored", [False, True])
def test_windows_of_white_noise_are_not_foretold(stored, tmp_path):
    """Of a random split, half the validation loss is learnt by heart."""
    table = np.random.default_rng(0).normal(size=(480, 1)).astype(np.float32)
    if stored:
        on_disk = np.memmap(tmp_path / "table", np.float32, "w+", shape=table.shape)
        on_disk[:] = table
        table = on_disk
    X = [table[i : i + 24] for i in range(450)]
    y = table[24 : 24 + 450, 0]
    params = {"early_stopping": True, "max_epochs": 20, "hidden_size": 16}
    best = {
        how: min(
            epoch["valid_loss"]
            for epoch in make("GRURegressor", **params, validation_split=how)
            .fit(X, y)
            .history_
        )
        for how in ("auto", "random")
    }
    assert best["random"] < 0.9 < best["auto"]


@pytest.mark.parametrize("n_ahead", [1, 5])
def test_windows_share_no_row_with_those_held_out(n_ahead, splits):
    X, y, _ = make_windows(np.random.default_rng(0).normal(size=80), 6, n_ahead)
    make("GRURegressor", **STOPPING).fit(X, y if n_ahead > 1 else y[:, 0])
    ((train, valid),) = splits
    assert valid.tolist() == list(range(len(X) - round(0.3 * len(X)), len(X)))
    assert train.tolist() == list(range(valid[0] - 6 - n_ahead + 1))


def test_windows_within_a_pipeline_are_known_too(splits):
    table = np.random.default_rng(0).normal(size=(60, 2))
    model = make_pipeline(SlidingWindow(5), make("GRURegressor", **STOPPING))
    model.fit(table, table[:, 0])
    ((train, valid),) = splits
    assert valid.tolist() == list(range(42, 60))
    assert train.max() < 42 - 5


@pytest.mark.parametrize("name", ["GRUClassifier", "GRURegressor"])
@pytest.mark.parametrize("how", [TimeSeriesSplit(3), ShuffleSplit(1, random_state=3)])
def test_a_splitter_of_scikit_learn_holds_out(name, how, splits):
    X, y = noise(name)
    make(name, **{**STOPPING, "max_epochs": 1}, validation_split=how).fit(X, y)
    ((train, valid),) = splits
    *_, expected = how.split(np.zeros(60))
    assert train.tolist() == sorted(expected[0])
    assert valid.tolist() == sorted(expected[1])


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0}])
def test_a_given_validation_set_is_as_good_as_one_held_out(class_weight, splits):
    X, y = noise("GRUClassifier")
    y[:10] = 0
    params = {**STOPPING, "max_epochs": 5, "class_weight": class_weight}
    held = make("GRUClassifier", **params, validation_split="last").fit(X, y)
    ((train, valid),) = splits
    part = make("GRUClassifier", **params).fit(
        X[: len(train)], y[train], X_val=X[len(train) :], y_val=y[valid]
    )
    assert len(splits) == 1
    if class_weight == "balanced":  # by the classes of what is trained on
        present = np.bincount(y[train])
        held = make("GRUClassifier", **params, validation_split="last")
        weights = dict(enumerate(len(train) / (2 * present)))
        held.set_params(class_weight=weights).fit(X, y)
    assert [epoch["valid_loss"] for epoch in part.history_] == pytest.approx(
        [epoch["valid_loss"] for epoch in held.history_], rel=1e-6
    )
    np.testing.assert_allclose(part.predict_proba(X), held.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize(
    ("given", "params", "words"),
    [
        ({"X_val": CUBE}, {}, "must be given together, got only X_val"),
        ({"y_val": LABELS}, {}, "must be given together, got only y_val"),
        ({"X_val": CUBE, "y_val": LABELS}, {"early_stopping": False}, "early_stopping="),
        ({"X_val": CUBE[:, :, :1], "y_val": LABELS}, {}, "X_val and y_val.* 1 features"),
        ({"X_val": CUBE, "y_val": LABELS + 5}, {}, "X_val and y_val.*not in"),
        ({"X_val": CUBE, "y_val": LABELS[:3]}, {}, r"X_val and y_val.*\[12, 3\]"),
    ],
)
def test_a_validation_set_that_is_none_is_refused(given, params, words):
    model = make("GRUClassifier", **{"early_stopping": True, **params})
    with pytest.raises(ValueError, match=words):
        model.fit(CUBE, LABELS, **given)
    assert not hasattr(model, "net_")


def test_a_pipeline_prepares_the_validation_set():
    X = np.random.default_rng(0).normal(5, 9, size=(40, 6))
    y = np.arange(40) % 2
    model = make("GRUClassifier", **{**STOPPING, "max_epochs": 3})
    scaled = StandardScaler().fit(X[:30])
    expected = model.fit(
        scaled.transform(X[:30]), y[:30], X_val=scaled.transform(X[30:]), y_val=y[30:]
    )
    losses = [epoch["valid_loss"] for epoch in expected.history_]
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        network = make("GRUClassifier", **{**STOPPING, "max_epochs": 3})
        network.set_fit_request(X_val=True, y_val=True)
        whole = make_pipeline(StandardScaler(), network, transform_input=["X_val"])
        whole.fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:])
    assert [epoch["valid_loss"] for epoch in whole[-1].history_] == losses


# --------------------------------------------------------------------------- by a metric


@pytest.mark.parametrize("kind", ["copies", "with rows ahead", "of a panel"])
def test_copies_of_windows_are_known_to_overlap(kind, splits):
    table = np.random.default_rng(0).normal(size=(90, 2))
    by = {"by": 0} if kind == "of a panel" else {}
    known = {"known": 1, "target": 0} if kind == "with rows ahead" else {}
    if by:
        table = np.column_stack([np.repeat([1, 2], 45), table])
    X, y, _ = make_windows(table, 6, 3, **by, **known)
    make("GRURegressor", **STOPPING).fit(np.stack(X), y)
    ((train, valid),) = splits
    parts = [np.arange(len(X))] if not by else np.split(np.arange(len(X)), 2)
    for part in parts:
        held = np.intersect1d(part, valid)
        assert len(held) == round(0.3 * len(part))
        np.testing.assert_array_equal(held, part[-len(held) :])
        # No training window reaches, with its targets, into a held-out one.
        assert np.intersect1d(part, train).max() + 6 + 3 <= held.min()


def test_sequences_that_only_look_alike_are_not_windows(splits):
    rng = np.random.default_rng(0)
    for X in (
        np.zeros((40, 6)),
        rng.integers(0, 2, size=(40, 6)),
        rng.normal(size=(9, 5)),
    ):
        make("GRURegressor", **STOPPING).fit(X, np.arange(len(X)))
        ((train, valid),) = splits
        splits.clear()
        assert len(train) + len(valid) == len(X)
        assert (np.diff(valid) > 1).any()


@pytest.mark.parametrize("weighted", [False, True])
def test_a_score_is_that_of_the_estimator_and_the_best_is_kept(weighted, splits):
    X, y = noise("GRUClassifier")
    words = np.array(["low", "high"])[y]
    weight = np.random.default_rng(0).uniform(0.5, 2, 60) if weighted else None
    model = make("GRUClassifier", **STOPPING, scoring="roc_auc")
    model.fit(X, words, sample_weight=weight)
    ((_, valid),) = splits
    scores = [epoch["valid_score"] for epoch in model.history_]
    proba = model.predict_proba([X[i] for i in valid])[:, 1]
    own = weight[valid] if weighted else None
    expected = roc_auc_score(words[valid] == "low", proba, sample_weight=own)
    assert max(scores) == pytest.approx(expected, rel=1e-6)
    assert len(scores) - 1 - int(np.argmax(scores)) in (3, 59 - int(np.argmax(scores)))


def test_a_regressor_is_scored_in_the_units_of_y(splits):
    X, y = noise("GRURegressor")
    y = 1000 + 50 * y
    params = {**STOPPING, "scoring": "neg_mean_absolute_error"}
    model = make("GRURegressor", **params).fit(X, y)
    ((_, valid),) = splits
    error = np.abs(model.predict([X[i] for i in valid]) - y[valid]).mean()
    scores = [epoch["valid_score"] for epoch in model.history_]
    assert max(scores) == pytest.approx(-error, rel=1e-5)


@pytest.mark.parametrize("by_name", [True, False])
def test_a_tagger_is_scored_over_all_steps(by_name):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in rng.integers(3, 9, 30)]
    y = [np.where(x[:, 0] > 0, "up", "down") for x in X]
    scoring = "f1_macro" if by_name else make_step_scorer(f1_score, average="macro")
    model = make("RecurrentTagger", **STOPPING, scoring=scoring)
    model.fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    found = np.concatenate(list(model.predict(X[20:])))
    expected = f1_score(np.concatenate(y[20:]), found, average="macro")
    assert max(e["valid_score"] for e in model.history_) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scoring", "words"),
    [
        ("accuracies", "scoring must be a name"),
        ("neg_mean_poisson_deviance", "scoring='neg_mean_poisson.*cannot score"),
        (lambda estimator, X, y: None, "scoring=.*must give a finite number.*None"),
        (lambda estimator, X, y: float("nan"), "scoring=.*must give a finite number"),
    ],
)
def test_a_score_that_is_none_is_refused_before_training(scoring, words, monkeypatch):
    monkeypatch.setattr("sksequence._training.train", None)
    model = make("GRUClassifier", **STOPPING, scoring=scoring)
    y = np.array(["a", "b"])[np.arange(N) % 2]
    with pytest.raises(ValueError, match=words):
        model.fit(CUBE, y)
    assert not hasattr(model, "net_")
