"""Estimators with features of random convolutions."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest
import skorch

from helpers.data import ragged
from helpers.estimators import make
from sksequence import LSTMClassifier, LSTMRegressor, RecurrentRegressor
from sksequence._base.strides import choose_dilations
from sksequence._training import net
from sksequence.nn import RandomConvolutions

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
    alone = LSTMClassifier(**params, random_convolutions=0)
    plain = alone.fit(X[:80], y[:80]).score(X[80:], y[80:])
    model = LSTMClassifier(**params, random_convolutions=840).fit(X[:80], y[:80])
    assert model.score(X[80:], y[80:]) > max(0.95, plain)


def test_dilations_follow_from_the_median_length():
    assert fitted(random_convolutions=840)._network["random_dilations"] == (1, 2, 3)
    assert fitted()._network["random_dilations"] == (1,)
    assert choose_dilations(8, 840) == (1,)
    assert choose_dilations(17, 840) == (1, 2)
    assert choose_dilations(16.5, 840) == (1,)


def test_classifiers_of_numbers_have_them_unless_sequences_are_short():
    X = ragged(LENGTHS, 3)

    def count(X, name="GRUClassifier", **params):
        params = {"random_convolutions": "auto", "max_epochs": 1, **params}
        return make(name, **params).fit(X, Y)._network["random_convolutions"]

    assert LSTMClassifier().random_convolutions == "auto"
    assert LSTMRegressor().random_convolutions == 0
    assert count(X) == count(X, missing="mask") == 5040
    assert count([x[:9] for x in X]) == 5040
    assert count([x[:8] for x in X]) == 0
    assert count(X, missing="decay") == 0
    assert count([np.abs(x).round() for x in X], categorical_features=[0]) == 0
    tokens = [np.arange(n) for n in LENGTHS]
    assert count(tokens, embedding_dim=2) == 0


@pytest.mark.parametrize("values", [0, 10**9], ids=["never", "always"])
@pytest.mark.parametrize("direct", [True, False], ids=["direct", "autograd"])
def test_features_that_are_held_are_those_of_each_batch(values, direct, monkeypatch):
    """To the bit, and so is early stopping, which judges them."""

    def learnt():
        watching = type("Watching", (skorch.callbacks.Callback,), {})
        if not direct:
            watching.on_batch_end = lambda *_, **__: None
        model = fitted(callbacks=[watching()], early_stopping=True, batch_size=3)
        losses = [(e["train_loss"], e["valid_loss"]) for e in model.history_]
        return losses, model.predict_proba(ragged(LENGTHS, 3))

    expected = learnt()
    counted, whole = [], RandomConvolutions.forward
    monkeypatch.setattr(net, "_HELD_VALUES", values)
    monkeypatch.setattr(
        RandomConvolutions, "forward", lambda *x: counted.append(1) or whole(*x)
    )
    losses, proba = learnt()
    assert losses == expected[0]
    np.testing.assert_array_equal(proba, expected[1])
    # Two sets and a prediction; or two batches and one of validation, twice, and it.
    assert len(counted) == (3 if values else 2 * 3 + 1)


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


STRIDES = {
    **{"conv_channels": (4,), "conv_kernel_size": 2, "conv_stride": 2},
    **{"parallel_channels": (3,), "parallel_kernel_size": 3, "parallel_stride": 3},
}


@pytest.mark.parametrize(
    ("params", "block"), [({}, 1), ({"dtype": "float64"}, 1), (STRIDES, 6)], ids=str
)
def test_after_every_step_they_are_those_of_the_steps_so_far(params, block):
    """To the bit, and with the final state also what is answered."""
    model = fitted(random_convolutions=500, pooling="last", **params)
    n = model.net_.module_.random.output_size
    X = ragged(LENGTHS, 3)
    parts = [model.predict_prefixes(X, m) for m in ("transform", "predict_proba")]
    for x, represented, proba in zip(X, *parts, strict=True):
        prefixes = [x[:end] for end in range(block, len(x) + 1, block)]
        assert len(represented) == len(proba) == len(prefixes)
        whole = model.transform(prefixes)
        np.testing.assert_array_equal(represented[:, -n:], whole[:, -n:])
        if block == 1:
            np.testing.assert_array_equal(represented, whole)
            np.testing.assert_array_equal(proba, model.predict_proba(prefixes))


def test_prefixes_are_computed_in_chunks_that_count_them(monkeypatch):
    model, X = fitted(random_convolutions=500), 5 * ragged(LENGTHS, 3)
    module = model.net_.module_
    expected = model.predict_prefixes(X, "transform")
    sizes, whole, n_longest = [], module.random.prefixes, max(LENGTHS)

    def counted(x, lengths):
        found = whole(x, lengths)
        sizes.append(found.numel())
        return found

    monkeypatch.setattr(module.random, "prefixes", counted)
    monkeypatch.setattr(net, "_CHUNK_VALUES", 2**18)
    got = model.predict_prefixes(X, "transform")
    assert all(map(np.array_equal, got, expected))
    assert len(sizes) > 3
    row = n_longest * module.random.output_size
    assert max(sizes) <= 2**18 + 7 * row < 5 * len(LENGTHS) * row  # rows in eights


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
