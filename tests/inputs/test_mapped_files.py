"""Data that stay in files: the same to the bit as in memory."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pytest

from helpers.comparing import answers
from helpers.estimators import make
from helpers.tokens import EQUAL, SOME, TOKENS, assert_same_fit, fitted, target_for, texts
from sksequence._inputs import sequences as inputs_sequences


@pytest.fixture
def stored(tmp_path):
    """Write an array to a file and map it, not to be written to."""
    count = iter(range(1000))

    def store(array):
        path = tmp_path / f"{next(count)}.npy"
        np.save(path, array)
        return np.load(path, mmap_mode="r")

    return store


@pytest.fixture
def datasets(monkeypatch):
    """Every data set that is made."""
    import sksequence._training as training

    made, make_dataset = [], training.make_dataset

    def spying(*args, **kwargs):
        made.append(make_dataset(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(training, "make_dataset", spying)
    return made


def in_memory(form, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    kind = (20, 7, 2) if form == "block" else (20, 7)
    if form in ("block", "table"):
        return (100 * rng.normal(size=kind)).astype(dtype)
    return [
        (100 * rng.normal(size=(n, 2))).astype(dtype) for n in rng.integers(3, 9, size=20)
    ]


SETTINGS = {
    "plain": {"standardize": False},
    "scaled": {},
    "weighted": {"sample_weight": np.arange(20.0) % 3},
    "stopped": {"early_stopping": True, "batch_size": 4},
    "convolved": {
        "conv_channels": (4,),
        "conv_kernel_size": 3,
        "conv_stride": 2,
        "bidirectional": True,
    },
}


def both_fits(name, X, mapped, params):
    params = dict(params)
    fit = {"sample_weight": params.pop("sample_weight", None)}
    y = target_for(name, X)
    return [make(name, **params).fit(one, y, **fit) for one in (X, mapped)]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(
    ("name", "form", "dtype"),
    [
        ("LSTMRegressor", "block", "float32"),
        ("RecurrentTagger", "table", "float64"),
        ("RecurrentTagger", "list", "float32"),
        ("LSTMRegressor", "list", "float64"),
        ("LSTMRegressor", "list", "int16"),
    ],
)
def test_a_mapped_file_is_the_data_in_memory_to_the_bit(
    name, form, dtype, setting, stored, datasets
):
    X = in_memory(form, dtype)
    mapped = list(map(stored, X)) if form == "list" else stored(X)
    plain, model = both_fits(name, X, mapped, SETTINGS[setting])
    assert_same_fit(model, plain)
    expected, got = answers(plain, X), answers(model, mapped)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(
        model.transform(mapped[:1]).tolist(), plain.transform(X[:1]).tolist()
    )
    # Two sorts of data sets were made, for fits and for answers alike.
    sorts = [(type(data.source).__name__, data.held is None) for data in datasets if data]
    assert set(sorts) == {("Sequences", False), ("StoredSequences", True)}
    assert sorts.count(sorts[0]) == len(sorts) / 2


@pytest.mark.parametrize("setting", ["scaled", "weighted", "stopped"])
@pytest.mark.parametrize("form", ["table", "list"])
@pytest.mark.parametrize("name", SOME)
def test_mapped_tokens_are_those_in_memory(name, form, setting, stored, datasets):
    X = EQUAL if form == "table" else texts()
    X = X.astype("uint8") if form == "table" else X
    X, mapped = [*X] * 2, [*map(stored, X)] * 2
    X, mapped = X[:20], mapped[:20]
    if form == "table":
        X = np.array(X)
        mapped = stored(X)
    plain, model = both_fits(name, X, mapped, TOKENS | SETTINGS[setting])
    assert_same_fit(model, plain)
    np.testing.assert_array_equal(answers(model, mapped), answers(plain, X))
    assert [data.held is None for data in datasets if data is not None].count(True) >= 2


@pytest.mark.parametrize(
    "view",
    [
        lambda X: X[::2],
        lambda X: X[3:15, 2:],
        lambda X: X[:, :, 1],
        lambda X: X[::-1, ::-1],
        np.asarray,
        list,
        lambda X: [*X[:5], *(np.array(x) for x in X[5:])],
        lambda X: [x[: 3 + i % 4] for i, x in enumerate(X)],
    ],
    ids=["every other", "part", "channel", "reversed", "array", "list", "mixed", "cut"],
)
def test_a_part_of_a_mapped_file_stays_there(view, stored, datasets):
    X = in_memory("block")
    some, mapped = view(X), view(stored(X))
    plain, model = both_fits("GRUClassifier", some, mapped, {})
    assert_same_fit(model, plain)
    assert [data.held is None for data in datasets if data is not None] == [False, True]
    np.testing.assert_array_equal(answers(model, mapped), answers(plain, some))


def test_mapped_channels_may_come_first(stored, datasets):
    X = in_memory("block").transpose(0, 2, 1)
    plain, model = both_fits(
        "GRUClassifier", X, stored(X), {"data_format": "channels_first"}
    )
    assert [data.held is None for data in datasets if data is not None] == [False, True]
    assert_same_fit(model, plain)


def test_what_was_fitted_needs_no_file(stored):
    X = in_memory("block")
    plain, model = both_fits("GRUClassifier", X, stored(X), {"warm_start": True})
    assert len(pickle.dumps(model)) == len(pickle.dumps(plain))
    again = pickle.loads(pickle.dumps(model)).fit(stored(X), target_for("Classifier", X))
    assert_same_fit(again, plain.fit(X, target_for("Classifier", X)))
    np.testing.assert_array_equal(answers(again, X), answers(plain, stored(X)))


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_scales_are_learnt_piece_by_piece(mapped, weighted, stored, monkeypatch):
    X, y = in_memory("list", "float64"), np.arange(20) % 2
    weight = np.arange(20.0) % 3 if weighted else None
    if weighted:
        weight[4:9] = 0  # whole pieces of no weight
    steps = np.concatenate(X)
    per_step = None if weight is None else np.repeat(weight, list(map(len, X)))
    mean = np.average(steps, axis=0, weights=per_step)
    scale = np.sqrt(np.average((steps - mean) ** 2, axis=0, weights=per_step))
    monkeypatch.setattr(inputs_sequences, "_CHUNK_VALUES", 17)
    model = make("GRUClassifier", dtype="float64")
    model.fit([*map(stored, X)] if mapped else X, y, sample_weight=weight)
    by_hand = make("GRUClassifier", dtype="float64", standardize=False)
    by_hand.fit([(x - mean) / scale for x in X], y, sample_weight=weight)
    expected = answers(by_hand, [(x - mean) / scale for x in X])
    np.testing.assert_allclose(answers(model, X), expected, rtol=1e-7)


@pytest.mark.parametrize("pieces", [2**20, 10])
@pytest.mark.parametrize("fit", [True, False])
def test_what_is_wrong_in_a_file_is_named(fit, pieces, stored, monkeypatch):
    monkeypatch.setattr(inputs_sequences, "_CHUNK_VALUES", pieces)
    X = in_memory("list")
    model = make("GRUClassifier").fit(X, np.arange(20) % 2)
    block, tokens = in_memory("block"), texts(20)
    X[13][2, 1], block[4, 5, 1], tokens[11][3] = np.nan, np.inf, -2
    words = "NaN: sequence 13 does at step 2, channel 1"
    with pytest.raises(ValueError, match=words):
        ask(model, fit, [*map(stored, X)])
    with pytest.raises(
        ValueError, match="infinity: sequence 4 does at step 5, channel 1"
    ):
        ask(model, fit, stored(block))
    reader = fitted("GRUClassifier", texts(20))
    with pytest.raises(ValueError, match="Sequence 11 holds the token -2 at step 3"):
        ask(reader, fit, [*map(stored, tokens)])


def ask(model, fit, X):
    model.fit(X, np.arange(20) % 2) if fit else model.predict(X)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """200 MB in a file, nearly all of it zeros that take no place on the disk."""
    path = tmp_path_factory.mktemp("large") / "X.npy"
    X = np.lib.format.open_memmap(path, "w+", np.float32, (800, 25, 2500))
    y = np.arange(800) % 2
    X[:, -1, 0] = y
    X.flush()
    X = np.load(path, mmap_mode="r")
    assert X.nbytes == 200_000_000
    # What is imported on the way is not to be counted.
    model = make("SimpleRNNClassifier", hidden_size=2, max_epochs=1, early_stopping=True)
    return model.fit(X[:40], y[:40]), X, y


@pytest.mark.parametrize("method", ["fit", "predict", "transform"])
def test_a_large_file_is_never_in_memory_at_once(method, large):
    model, X, y = large
    tracemalloc.start()
    try:
        getattr(model, method)(*((X, y) if method == "fit" else (X,)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 1e6 < peak < 40e6
