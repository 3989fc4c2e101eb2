"""Random changes of training sequences, as hyperparameter of estimators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

import sksequence
from helpers.comparing import pickled
from helpers.data import CUBE, LABELS, MULTILABEL, NUMBERS, data_for, ragged
from helpers.estimators import ESTIMATORS, labels_for, make
from sksequence._base.augmenting import STRENGTHS

ALL = tuple(STRENGTHS)
VALUES = ("scale", "jitter")
X = ragged(np.random.default_rng(0).integers(4, 12, 30))
Y = np.arange(30) % 3
LABELLING = ("RecurrentTranscriber", "RecurrentTranslator")
PER_STEP = ("RecurrentTagger", "RecurrentStepRegressor")


def weights_of(model):
    state = model.__getstate__()["fitted"]["net"]["weights"]
    return np.concatenate([np.ravel(w) for w in state.values()])


def test_each_change_is_one_of_its_own():
    found = [weights_of(make("GRUClassifier", augment=name).fit(X, Y)) for name in ALL]
    found += [weights_of(make("GRUClassifier").fit(X, Y))]
    found += [weights_of(make("GRUClassifier", augment=ALL).fit(X, Y))]
    assert len({weights.tobytes() for weights in found}) == len(ALL) + 2
    # The order in which they are named, and their usual strengths, make no difference.
    for same in (ALL[::-1], list(ALL), dict(STRENGTHS)):
        np.testing.assert_array_equal(
            weights_of(make("GRUClassifier", augment=same).fit(X, Y)), found[-1]
        )


@pytest.mark.parametrize("name", [*ESTIMATORS, *PER_STEP, *LABELLING])
def test_a_fit_repeats_to_the_bit_and_differs_from_one_without(name):
    """In a thread or two, copied, stored, and going on."""
    data = data_for(name, X, labels_for(name, len(X)))
    changes = ALL if name in ESTIMATORS else VALUES
    options = {"augment": changes, "dropout": 0.2}
    model = make(name, **options).fit(*data)
    again = make(name, n_jobs=2, **options).fit(*data)
    np.testing.assert_array_equal(weights_of(again), weights_of(model))
    assert (weights_of(make(name, dropout=0.2).fit(*data)) != weights_of(model)).any()
    other = pickled(model)
    for one in (model, other):
        one.partial_fit(*data)
    np.testing.assert_array_equal(weights_of(other), weights_of(model))


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor", "RecurrentTagger"])
def test_changes_without_strength_change_nothing(name):
    """A full batch is the same in any order."""
    data = data_for(name, X, labels_for(name, len(X)))
    options = {"batch_size": None, "dtype": "float64", "max_epochs": 5}
    plain = make(name, **options).fit(*data)
    changes = ["scale", "jitter", *(["warp", "crop"] if name in ESTIMATORS else [])]
    faint = dict.fromkeys(changes, 1e-9)
    model = make(name, augment=faint, **options).fit(*data)
    np.testing.assert_allclose(weights_of(model), weights_of(plain), atol=1e-6)
    strong = make(name, augment=changes, **options).fit(*data)
    assert abs(weights_of(strong) - weights_of(plain)).max() > 1e-4


def test_only_training_is_changed():
    """With no step to speak of, the weights are those that the losses are taken with."""
    held = ragged([5, 8, 3, 9], seed=1), np.array([0, 1, 2, 0])
    options = {"lr": 1e-12, "max_epochs": 1, "early_stopping": True}
    model = make("GRUClassifier", augment={"scale": 1.0, "jitter": 5.0}, **options)
    model.fit(X, Y, X_val=held[0], y_val=held[1])
    epoch = model.history_[0]
    expected = log_loss(held[1], model.predict_proba(held[0]))
    assert epoch["valid_loss"] == pytest.approx(expected, rel=1e-5)
    assert abs(epoch["train_loss"] - log_loss(Y, model.predict_proba(X))) > 1e-3
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("missing", ["mask", "decay"])
def test_missing_values_may_be_changed(missing):
    holed = [x.copy() for x in X]
    for x in holed:
        x[1, 0] = np.nan
    model = make("GRUClassifier", augment=ALL, missing=missing).fit(holed, Y)
    assert np.isfinite(weights_of(model)).all()


def test_times_are_cropped_and_else_as_they_were():
    timed = [np.column_stack([np.arange(len(x)) * 2.0, x]) for x in X]
    options = {"missing": "decay", "time_channel": 0}
    make("GRUClassifier", augment=("crop", *VALUES), **options).fit(timed, Y)
    for name in ("warp", "mixup"):
        with pytest.raises(ValueError, match=f"augment must not have '{name}' with time"):
            make("GRUClassifier", augment=name, **options).fit(timed, Y)


def test_what_is_left_by_a_crop_must_be_long_enough():
    """As a sequence that was never longer; the longest has eleven steps."""
    kernel = {"conv_channels": (4,), "conv_kernel_size": 5}
    make("GRUClassifier", augment={"crop": 0.6}, **kernel).fit(X, Y)  # five
    too_much = {"augment": {"crop": 0.7}, **kernel}  # four
    with pytest.raises(ValueError, match=r"crop of 0.7.*kernel_size=5.*4 step\(s\)"):
        make("GRUClassifier", **too_much).fit(X, Y)
    model = make("GRUClassifier", warm_start=True, **kernel).fit(X, Y)
    with pytest.raises(ValueError, match=r"crop of 0.7.*kernel_size=5"):
        model.set_params(**too_much).fit(X, Y)


def test_sequences_on_disk_are_changed_as_those_in_memory(tmp_path):
    steps = np.concatenate(X)
    np.save(tmp_path / "steps.npy", steps)
    mapped = np.load(tmp_path / "steps.npy", mmap_mode="r")
    stored = np.split(mapped, np.cumsum([len(x) for x in X])[:-1])
    models = [make("LSTMClassifier", augment=ALL).fit(data, Y) for data in (X, stored)]
    np.testing.assert_array_equal(*map(weights_of, models))


def test_several_targets_weights_and_columns_may_be_mixed():
    y = np.column_stack([NUMBERS, NUMBERS**2])
    y[3, 1] = np.nan
    weight = np.linspace(1, 2, len(y))
    assert make("GRURegressor", augment="mixup").fit(CUBE, y, weight).n_epochs_ == 2
    balanced = make("GRUClassifier", augment=("mixup",), class_weight="balanced")
    for labels in (LABELS, MULTILABEL):
        assert np.isfinite(weights_of(balanced.fit(CUBE, labels, weight))).all()
    table = pd.DataFrame({"age": range(12), "series": list(CUBE)})
    make("GRUClassifier", augment=ALL).fit(table, LABELS)
    table["kind"] = ["a", "b"] * 6
    with pytest.raises(ValueError, match=r"mixup.*static columns that hold categories"):
        make("GRUClassifier", augment=ALL).fit(table, LABELS)
    make("GRUClassifier", augment=ALL[:-1]).fit(table, LABELS)


def test_a_mixture_with_nothing_to_tell_apart_is_learnt_as_the_rest():
    """Sequences of two signs, whose mixtures are weaker, and their classes softer."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100)
    items = (2 * y - 1)[:, None, None] + 0.3 * rng.normal(size=(100, 6, 1))
    options = {"max_epochs": 20, "hidden_size": 8, "lr": 0.02}
    mixed = make("GRUClassifier", augment={"mixup": 1.0}, **options).fit(items, y)
    plain = make("GRUClassifier", **options).fit(items, y)
    assert mixed.score(items, y) == plain.score(items, y) == 1
    weak = np.full((1, 6, 1), 0.25)  # five eighths of one, three eighths of the other
    assert mixed.predict_proba(weak)[0, 1] == pytest.approx(5 / 8, abs=0.1)
    assert plain.predict_proba(weak)[0, 1] > 0.8


# ------------------------------------------------------------------------------- refused


WORDS = [["a", "b", "a"] * 2] * 12
CASES = {
    "tokens": (
        "GRUClassifier",
        {"embedding_dim": 4},
        CUBE[..., 0].astype(int) % 3,
        VALUES,
    ),
    "categories": ("GRUClassifier", {"categorical_features": [1]}, CUBE.round(), VALUES),
    "decoder": ("GRURegressor", {"decoder": True}, CUBE, ("crop", "warp", "mixup")),
    "counts": ("GRURegressor", {"loss": "negative_binomial"}, CUBE, ("mixup",)),
    "steps": ("RecurrentTagger", {}, CUBE, ("crop", "warp", "mixup")),
    "numbers of steps": ("RecurrentStepRegressor", {}, CUBE, ("crop", "warp", "mixup")),
    "transcripts": ("RecurrentTranscriber", {}, CUBE, ("crop", "mixup")),
    "translations": ("RecurrentTranslator", {}, CUBE, ("crop", "mixup")),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_data_or_targets_refuse_is_told(case):
    name, params, items, refused = CASES[case]
    y = LABELS
    if case in ("steps", "numbers of steps"):
        y = (CUBE[..., 0] > 0).astype(int)
    elif case in ("transcripts", "translations"):
        y = ["ab"] * 12
    for change in refused:
        with pytest.raises(ValueError, match=f"augment.*'{change}'"):
            make(name, augment=change, **params).fit(items, y)
    # Also where a fit goes on.
    model = make(name, warm_start=True, **params).fit(items, y)
    with pytest.raises(ValueError, match=f"augment.*'{refused[0]}'"):
        model.set_params(augment=refused[0]).fit(items, y)


@pytest.mark.parametrize("name", ["ConvLSTMClassifier", "ConvLSTMRegressor"])
def test_videos_have_no_such_hyperparameter(name):
    with pytest.raises(TypeError, match="augment"):
        getattr(sksequence, name)(augment="jitter")
