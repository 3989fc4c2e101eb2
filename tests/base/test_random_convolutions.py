"""Estimators with features of random convolutions."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest
import skorch

from helpers.data import ragged
from helpers.estimators import make
from sksequence import LSTMClassifier, RecurrentRegressor
from sksequence._base.strides import choose_dilations

LENGTHS = (30, 12, 41, 25, 33, 28, 19, 40)
Y = np.arange(len(LENGTHS)) % 2


def fitted(name="LSTMClassifier", **params):
    params = {"random_convolutions": 84, "max_epochs": 2, **params}
    return make(name, **params).fit(ragged(LENGTHS, 3), Y)


def test_they_tell_apart_what_a_mean_does_not():
    """Spikes three or five steps wide, anywhere."""
    rng = np.random.default_rng(0)
    X = np.zeros((120, 60, 1))
    y = np.arange(120) % 2
    for x, label in zip(X, y, strict=True):
        for begin in rng.choice(9, 3, replace=False) * 6 + 2:
            x[begin : begin + 5 - 2 * label] = 1 if label == 0 else 5 / 3
    X += 0.3 * rng.normal(size=X.shape)
    params = {"hidden_size": 4, "max_epochs": 15, "random_state": 0}
    plain = LSTMClassifier(**params).fit(X[:80], y[:80]).score(X[80:], y[80:])
    model = LSTMClassifier(**params, random_convolutions=840).fit(X[:80], y[:80])
    assert model.score(X[80:], y[80:]) > max(0.95, plain)


def test_dilations_follow_from_the_median_length():
    assert fitted(random_convolutions=840)._network["random_dilations"] == (1, 2, 3)
    assert fitted()._network["random_dilations"] == (1,)
    assert choose_dilations(8, 840) == (1,)
    assert choose_dilations(17, 840) == (1, 2)
    assert choose_dilations(16.5, 840) == (1,)


def test_what_is_learnt_is_stored_and_kept_when_a_fit_continues(tmp_path):
    model = fitted(warm_start=True)
    learnt = {k: v for k, v in model.net_.module_.state_dict().items() if "random" in k}
    assert set(learnt) == {f"random.{k}" for k in ("channels", "biases", "mean", "scale")}
    X = [10 * x for x in ragged(LENGTHS, 3)]
    model.fit(X, Y)
    for name, value in model.net_.module_.state_dict().items():
        if name in learnt:
            np.testing.assert_array_equal(value, learnt[name])


def test_a_resumed_fit_has_the_bits_of_one_without_a_pause(tmp_path):
    X = ragged(LENGTHS, 3)
    params = {"random_convolutions": 84, "max_epochs": 4, "random_state": 0}
    expected = LSTMClassifier(**params).fit(X, Y).predict_proba(X)

    class Stop(skorch.callbacks.Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2 and not stopped:
                stopped.append(True)
                raise KeyboardInterrupt

    stopped = []
    params |= {"checkpoint": tmp_path / "fit", "callbacks": [Stop()]}
    with contextlib.suppress(KeyboardInterrupt):
        LSTMClassifier(**params).fit(X, Y)
    model = LSTMClassifier(**params).fit(X, Y)
    assert stopped
    assert len(model.history_) == 4
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize(
    ("name", "params", "kind"),
    [
        ("GRUClassifier", {"missing": "decay"}, "decay"),
        ("GRUClassifier", {"categorical_features": [0]}, "categories"),
        ("LSTMRegressor", {"decoder": True}, "outputs for steps"),
    ],
)
def test_what_they_cannot_read_is_refused(name, params, kind):
    X = [np.abs(x).round() for x in ragged(LENGTHS, 3)]
    y = Y if "Classifier" in name else np.random.default_rng(0).normal(size=(8, 4))
    model = make(name, **params, random_convolutions=84)
    with pytest.raises(ValueError, match=f"random_convolutions.*{kind}"):
        model.fit(X, y)
    assert not hasattr(model, "net_")


def test_tokens_are_refused():
    with pytest.raises(ValueError, match=r"random_convolutions.*embedding_dim"):
        LSTMClassifier(embedding_dim=3, random_convolutions=9).fit([[1, 2], [3]], [0, 1])


def test_a_mask_of_missing_values_is_a_channel():
    X = [np.where(x > 0.5, np.nan, x) for x in ragged(LENGTHS, 3)]
    model = RecurrentRegressor(
        random_convolutions=84, missing="mask", max_epochs=1, random_state=0
    ).fit(X, Y)
    assert model.net_.module_.random.input_size == 6
    one_by_one = np.concatenate([model.predict([x]) for x in X])
    np.testing.assert_array_equal(model.predict(X), one_by_one)


def test_their_columns_have_names():
    model = fitted(hidden_size=3)
    names = model.get_feature_names_out()
    assert len(names) == 3 + model.net_.module_.random.output_size
    frame = pd.DataFrame(model.transform(ragged(LENGTHS, 3)), columns=names)
    assert frame.columns.is_unique
