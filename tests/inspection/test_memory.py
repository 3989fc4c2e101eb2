"""How far back a network looks: gradients, against differences of outputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.data import data_for, ragged
from helpers.estimators import EXACT, labels_for, make
from sksequence import RecurrentClassifier, WindowForecaster
from sksequence.datasets import make_order
from sksequence.inspection import MemoryDisplay, memory_curve
from sksequence.preprocessing import make_windows

LENGTHS = (9, 4, 7, 12, 5, 8, 6, 10)
X = ragged(LENGTHS)


def fitted(name="GRUClassifier", data=X, **params):
    given, y = data_for(name, data, labels_for(name, len(data)))
    return make(name, **{**EXACT, **params}).fit(given, y)


def by_differences(network, x, of, size=1e-6):
    """Norms of the derivative of a network's output by each step (n_steps, ...)."""

    def answer(x):
        with torch.no_grad():
            found = getattr(network, of)(torch.from_numpy(x)[None])
        if network.count_answers(of, torch.tensor([len(x)])) is not None:
            found = found[:, -1]
        return found.numpy().ravel()

    total = np.zeros(len(x))
    for at in np.ndindex(x.shape):
        shift = np.zeros_like(x)
        shift[at] = size
        change = (answer(x + shift) - answer(x - shift)) / (2 * size)
        total[at[0]] += (change**2).sum()
    return np.sqrt(total)


@pytest.mark.parametrize("of", ["output", "representation"])
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("GRUClassifier", {"pooling": "last"}),
        ("LSTMRegressor", {"pooling": "mean"}),
        ("SimpleRNNClassifier", {"pooling": "attention", "bidirectional": True}),
        ("GRURegressor", {"conv_channels": (4,), "conv_stride": 2, "pooling": "mean"}),
        ("LSTMClassifier", {"parallel_channels": (4,), "parallel_kernel_size": 3}),
        ("RecurrentTagger", {}),
        ("RecurrentStepRegressor", {"cell": "gru"}),
    ],
)
def test_the_curve_is_the_mean_norm_of_the_derivatives(name, params, of):
    model = fitted(name, **params)
    network = model.net_.module_.eval()
    joined = np.concatenate(X)
    method = {"output": "forward", "representation": "represent"}[of]
    rows = np.full((len(X), max(LENGTHS)), np.nan)
    for row, x in zip(rows, X, strict=True):
        scaled = (x - joined.mean(axis=0)) / joined.std(axis=0)
        row[: len(x)] = by_differences(network, scaled, method)[::-1]
    expected = np.nanmean(rows, axis=0)
    got = memory_curve(model, X, of=of, max_lag=max(LENGTHS) - 1)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-8)


def test_frames_have_a_curve():
    films, _ = data_for("ConvLSTMClassifier", X, labels_for("GRUClassifier", len(X)))
    model = fitted("ConvLSTMClassifier", standardize=False)
    network = model.net_.module_.eval()
    expected = by_differences(network, films[1][:, None].copy(), "forward")
    got = memory_curve(model, films[1:2])
    np.testing.assert_allclose(got, expected[::-1], rtol=1e-5)


@pytest.mark.parametrize("kind", ["tokens", "categories"])
def test_vectors_are_derived_where_a_network_reads_them(kind):
    rng = np.random.default_rng(0)
    if kind == "tokens":
        data, params = [rng.integers(1, 5, n) for n in LENGTHS], {"embedding_dim": 3}
    else:
        data = [np.column_stack([rng.integers(0, 3, len(x)), x]) for x in X]
        params = {"categorical_features": [0], "standardize": False}
    y = labels_for("GRUClassifier", len(X))
    model = make("GRUClassifier", pooling="last", **EXACT, **params).fit(data, y)
    network = model.net_.module_.eval()
    inputs = model._make_dataset(data[:1]).batch(torch.arange(1))[0]["X"]
    with torch.no_grad():
        vectors = network._read(inputs, None)[0].numpy()

    class After(torch.nn.Module):
        """The network behind its tables."""

        count_answers = network.count_answers

        def forward(self, x):
            before, network._read = network._read, lambda *_: x
            try:
                return network(inputs)
            finally:
                network._read = before

    expected = by_differences(After(), vectors, "forward")
    got = memory_curve(model, data[:1])
    np.testing.assert_allclose(got, expected[::-1], rtol=1e-5)


def test_of_many_outputs_the_norm_is_estimated():
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(len(X), 60))
    model = make("GRURegressor", pooling="last", **EXACT).fit(X, Y)
    joined = np.concatenate(X)
    scaled = (X[3] - joined.mean(axis=0)) / joined.std(axis=0)
    expected = by_differences(model.net_.module_.eval(), scaled, "forward")
    got = memory_curve(model, X[3:4])
    np.testing.assert_allclose(got, expected[::-1], rtol=0.35)
    np.testing.assert_array_equal(memory_curve(model, X[3:4]), got)


def test_missing_values_have_no_gradient():
    gaps = [np.where(np.arange(len(x))[:, None] % 3 == 1, np.nan, x) for x in X]
    for missing in ("mask", "decay"):
        model = make("GRUClassifier", missing=missing).fit(gaps, np.arange(len(X)) % 2)
        curve = memory_curve(model, [gaps[3]])
        assert np.isfinite(curve).all()
        assert (curve[10::-3] == 0).all()


def test_a_causal_tagger_forgets_and_an_event_is_seen_from_far():
    """A longer memory for what is far than for a network that has not learnt."""
    data, y = make_order(300, 20, random_state=0)
    options = {"cell": "gru", "pooling": "last", "lr": 0.01, "random_state": 0}
    fresh = RecurrentClassifier(max_epochs=1, **options).fit(data[:40], y[:40])
    learnt = RecurrentClassifier(max_epochs=15, **options).fit(data, y)
    assert learnt.score(data, y) > 0.95
    far = [memory_curve(model, data)[15] for model in (fresh, learnt)]
    assert far[1] > 3 * far[0]


def test_the_network_is_as_before():
    model = fitted()
    before = model.predict_proba(X)
    memory_curve(model, X)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert all(p.grad is None for p in model.net_.module_.parameters())


def test_lags_end_at_the_median_length():
    assert memory_curve(fitted(), X).shape == (int(np.median(LENGTHS)),)
    np.testing.assert_array_equal(
        memory_curve(fitted(), X, max_lag=3), memory_curve(fitted(), X)[:4]
    )


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("max_lag", [-1, 12, True])
def test_lags_that_are_not_there_are_refused(max_lag):
    with pytest.raises(ValueError, match="max_lag must be from 0 to 11"):
        memory_curve(fitted(), X, max_lag=max_lag)


def test_only_outputs_and_representations_are_derived():
    with pytest.raises(ValueError, match='of must be "output" or "representation"'):
        memory_curve(fitted(), X, of="state")


@pytest.mark.parametrize("curve", [[], [[1.0]]])
def test_a_curve_of_another_form_is_refused(curve):
    with pytest.raises(ValueError, match="curve must have shape"):
        MemoryDisplay.from_predictions(curve)


def test_a_forecaster_leads_to_its_regressor():
    table = np.arange(40.0)[:, None]
    regressor = make("GRURegressor")
    forecaster = WindowForecaster(regressor, length=4, horizon=2).fit(table)
    with pytest.raises(TypeError, match=r"got WindowForecaster, .*Pass its regressor_"):
        memory_curve(forecaster, table)
    windows, *_ = make_windows(table, 4, 2)
    assert memory_curve(forecaster.regressor_, windows).shape == (4,)


# ------------------------------------------------------------------------------ pictures


def test_the_line_is_the_curve_and_the_dot_its_reach(pictures):
    model, (_, ax) = fitted(), pictures.subplots()
    display = MemoryDisplay.from_estimator(model, X, ax=ax)
    np.testing.assert_array_equal(display.line_.get_ydata(), memory_curve(model, X))
    assert display.line_.get_label() == "GRUClassifier"
    assert display.ax_ is ax
    assert ax.get_yscale() == "log"
    second = MemoryDisplay.from_predictions([4.0, 4.0, 1.0, 1.0], name="two", ax=ax)
    assert second.reach == 2
    assert second.line_.get_markevery() == [2]
    assert len(ax.lines) == 2


def test_a_curve_of_zeros_is_drawn_too():
    display = MemoryDisplay.from_predictions([0.0, 0.0])
    assert display.ax_.get_yscale() == "linear"
