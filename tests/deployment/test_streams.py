"""Answers while a sequence is coming: the same as predict's for the steps so far."""

from __future__ import annotations

import copy
import os
import pickle

import numpy as np
import pytest

from helpers.estimators import plain
from helpers.networks import (
    BRANCHES,
    CELLS,
    CONVOLUTIONS,
    FULL,
    LIVELY,
    POOLINGS,
    SPECIAL,
    answer_of,
    assert_promised,
    choices_of,
    fitted,
    link_of,
    network,
    sequences,
    special,
    stride_of,
)
from helpers.processes import run_python
from sksequence import ConvLSTMClassifier, GRUClassifier, _kernels

CAUSAL = choices_of(CELLS, POOLINGS, CONVOLUTIONS, BRANCHES, (1, 2))


def causal(choice):
    cell, pooling, convolution, branch, num_layers = choice
    layers = {"pooling": pooling, "num_layers": num_layers}
    name, params = network(cell, **layers, **convolution, **branch)
    return fitted(name, **params)


def read(stream, x, method="step_proba"):
    """All answers that a stream gives while it reads a sequence."""
    said = [getattr(stream, method)(step) for step in x]
    return [answer for answer in said if answer is not None]


# --------------------------------------------------------------------- equal to predict


@pytest.mark.parametrize("choice", CAUSAL, ids=str)
def test_after_every_step_a_stream_says_what_predict_does(choice):
    model, X = causal(choice), sequences()
    prefixes = model.predict_prefixes(X, "predict_proba")
    stride = stride_of(model)
    shortest = 4 if model.conv_channels else 1
    for x, answers in zip(X, prefixes, strict=True):
        assert len(answers) == len(x) // stride
        ends = range(stride, len(x) + 1, stride)
        kept = [(i, end) for i, end in enumerate(ends) if end >= shortest]
        for i, end in kept:
            assert_promised(answers[i], model.predict_proba([x[:end]])[0])
    for engine in (model, model.to_numpy()):
        stream = engine.open_stream()
        for x, answers in zip(X, prefixes, strict=True):
            assert_promised(read(stream.reset(), x), answers)


@pytest.mark.parametrize("kind", SPECIAL)
def test_whatever_it_reads_and_answers(kind):
    model, X, xs, static = special(kind)
    method = answer_of(model)
    prefixes = model.predict_prefixes(X, method)
    name = "step" if method == "predict" else "step_proba"
    for i, (x, answers) in enumerate(zip(xs, prefixes, strict=True)):
        given = {} if static is None else {"static": static[i]}
        said = read(model.open_stream(**given), x, name)
        assert_promised(said, answers, model, link=link_of(model))


@pytest.mark.parametrize("kind", SPECIAL)
def test_the_last_prefix_is_the_whole(kind):
    model, X, xs, _ = special(kind)
    stride = 2 if "stride" in kind else 1
    for method in (answer_of(model), "transform"):
        whole, prefixes = getattr(model, method)(X), model.predict_prefixes(X, method)
        for x, answer, answers in zip(xs, whole, prefixes, strict=True):
            if len(x) % stride == 0 or kind.startswith(("tags", "step")):
                at_end = answer[-1] if kind.startswith(("tags", "step")) else answer
                close = np.allclose(answers[-1], at_end, rtol=1e-6, atol=1e-6)
                assert close, np.abs(answers[-1] - at_end).max()


def test_each_method_says_what_its_namesake_does():
    model, X = fitted("GRUClassifier"), sequences()
    for method, named in {"step": "predict", "step_transform": "transform"}.items():
        said = [read(model.open_stream(), x, method)[-1] for x in X]
        expected = getattr(model, named)(X)
        if method == "step":
            assert list(said) == list(expected)
        else:
            assert_promised(said, expected)


def test_prefixes_of_a_block_are_a_block():
    model = special("rows")[0]
    X = np.random.default_rng(3).normal(size=(5, 9))
    blocks, lists = model.predict_prefixes(X), model.predict_prefixes(list(X))
    assert blocks.shape == (5, 9)
    assert lists.dtype == object
    assert all(np.array_equal(a, b) for a, b in zip(blocks, lists, strict=True))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
@pytest.mark.parametrize("branch", BRANCHES, ids=str)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize(("length", "stride"), [(5, (2, 3)), (7, (3, 3))])
def test_without_a_complete_stride_there_is_no_answer(
    length, stride, pooling, branch, method
):
    """Alone, beside others, and in a stream."""
    convolutions = {"conv_channels": (3, 3), "conv_kernel_size": 2, "conv_stride": stride}
    params = {**LIVELY, "pooling": pooling, **convolutions, **branch}
    X = [x for x in sequences() if len(x) >= 9]
    model = plain("GRUClassifier", **params).fit(X, np.arange(len(X)) % 3)
    long, short = X[2], X[2][:length]
    complete = model.predict_prefixes([long], method)[0]
    assert len(complete) == len(long) // stride_of(model)
    none = complete[:0]
    for X, expected in ([short] * 2, [none] * 2), ([short, long], [none, complete]):
        for got, answer in zip(model.predict_prefixes(X, method), expected, strict=True):
            assert got.shape == answer.shape
            assert got.dtype == answer.dtype
            np.testing.assert_array_equal(got, answer)
    assert read(model.open_stream(), short) == []


# ------------------------------------------------------------------------- many streams


@pytest.mark.parametrize("n_streams", [1, 3, 4, 9])
@pytest.mark.parametrize("cell", CELLS)
def test_a_stream_does_not_know_of_the_others(cell, n_streams):
    name, params = network(cell, pooling="max", num_layers=2)
    model = fitted(name, **params)
    X = np.random.default_rng(0).normal(size=(n_streams, 20, 2))
    stream = model.open_stream(n_streams)
    together = np.stack([stream.step_transform(X[:, t]) for t in range(20)], axis=1)
    for x, answers in zip(X, together, strict=True):
        alone = read(model.open_stream(), x, "step_transform")
        assert_promised(alone, answers)
        if stream._cells[0].is_compiled:
            # A kernel adds in the same order, however many there are.
            assert np.array_equal(alone, answers)


def test_streams_are_compiled_unless_switched_off():
    wanted = os.environ.get("SKSEQUENCE_KERNELS", "on") == "on"
    stream = fitted("LSTMClassifier").open_stream()
    assert [cell.is_compiled for cell in stream._cells] == [wanted]


def test_without_kernels_numpy_serves(monkeypatch):
    model, x = fitted("GRUClassifier"), sequences()[0]
    expected = read(model.open_stream(), x)
    monkeypatch.setattr(_kernels, "load", lambda *_: None)
    stream = model.open_stream()
    assert not stream._cells[0].is_compiled
    assert_promised(read(stream, x), expected)


def test_ten_thousand_streams_in_one_call():
    model = fitted("GRUClassifier")
    X = np.random.default_rng(0).normal(size=(10_000, 4, 2))
    stream = model.open_stream(10_000)
    for t in range(4):
        proba = stream.step_proba(X[:, t])
    assert_promised(proba, model.predict_proba(X))


def test_some_streams_begin_anew():
    name, params = network("lstm", pooling="mean", **CONVOLUTIONS[1], **BRANCHES[1])
    model = fitted(name, **params)
    X = np.random.default_rng(0).normal(size=(3, 20, 2))
    stream = model.open_stream(3)
    for t in range(20):
        if t == 8:
            stream.reset([0, 2])
        proba = stream.step_proba(X[:, t])
    expected = model.predict_proba([X[0, 8:], X[1], X[2, 8:]])
    assert_promised(proba, expected)
    assert stream.n_steps_ == 20
    assert stream.reset().n_steps_ == 0


# -------------------------------------------------------------------------------- states


@pytest.mark.parametrize("kind", ["decay, stride", "tokens", "static", "mask", "random"])
@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, "pickle", "state"])
def test_a_copy_goes_on_by_itself(kind, copied):
    model, _, xs, static = special(kind)
    given = {} if static is None else {"static": static[0]}
    stream = model.open_stream(**given)
    first, second, other = xs[0][:5], xs[0][5:], xs[1]
    read(stream, first, "step")
    if copied == "pickle":
        twin = pickle.loads(pickle.dumps(stream))
    elif copied == "state":
        twin = model.open_stream(**given)
        twin.state = stream.state
    else:
        twin = copied(stream)
    read(stream, other, "step")  # must not be seen by the twin
    fresh = model.open_stream(**given)
    whole = read(fresh, [*first, *second], "step")
    assert twin.n_steps_ == 5
    rest = read(twin, second, "step")
    assert np.array_equal(rest, whole[-len(rest) :])


@pytest.mark.parametrize("pooling", POOLINGS)
def test_what_is_kept_does_not_grow_nor_drift(pooling):
    n_steps = 1_000_000 if FULL else 20_000
    name, params = network("gru", pooling=pooling)
    model, stream = fitted(name, **params), fitted(name, **params).open_stream()
    x = np.random.default_rng(0).normal(size=(n_steps, 2)) + 1
    size = len(pickle.dumps(stream))
    for step in x:
        represented = stream.step_transform(step)
    assert len(pickle.dumps(stream)) <= size + 8  # the number of steps has more digits
    assert_promised([represented], model.transform([x]))


def test_a_stream_runs_where_torch_is_not(tmp_path):
    model = fitted("LSTMClassifier")
    (tmp_path / "stream.pickle").write_bytes(pickle.dumps(model.open_stream()))
    np.save(tmp_path / "x.npy", sequences()[0])
    code = """
import pickle, sys
import numpy as np

stream = pickle.load(open("stream.pickle", "rb"))
for x in np.load("x.npy"):
    proba = stream.step_proba(x)
assert "torch" not in sys.modules, "loaded"
print(repr(proba.tolist()))
"""
    said = run_python(code, cwd=tmp_path)
    expected = model.predict_proba(sequences()[:1])[0]
    assert_promised([eval(said)], [expected])


# ----------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("method", ["open_stream", "predict_prefixes"])
@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"bidirectional": True}, "bidirectional=False"),
        ({"bidirectional": True, "random_convolutions": 84}, "bidirectional=False"),
        ({"pooling_segments": 2}, "pooling_segments=1"),
    ],
)
def test_what_reads_from_the_end_too_is_refused(params, words, method):
    model = fitted("GRUClassifier", **params)
    with pytest.raises(ValueError, match=words):
        getattr(model, method)(*([sequences()] if "predict" in method else []))
    with pytest.raises(ValueError, match=words):
        model.to_numpy().open_stream()


def test_streams_begin_together_if_a_branch_has_strides():
    stream = fitted("GRUClassifier", **BRANCHES[2]).open_stream(3)
    with pytest.raises(ValueError, match="parallel_stride above 1"):
        stream.reset(1)


@pytest.mark.parametrize("n_streams", [0, -1, 1.5, True, "2"])
def test_impossible_numbers_of_streams(n_streams):
    with pytest.raises(ValueError, match="n_streams must be int"):
        fitted("GRUClassifier").open_stream(n_streams)


@pytest.mark.parametrize(
    ("kind", "x", "message"),
    [
        ("layers", [1.0], r"shape \(1,\), expected \(2,\)"),
        ("layers", [[1.0, 2.0]], r"shape \(1, 2\), expected \(2,\)"),
        ("layers", [1.0, np.nan], "NaN"),
        ("layers", [1.0, np.inf], "infinity"),
        ("layers", [1e39, 0.0], "too large"),
        ("mask", [np.nan, -np.inf], "infinity"),
        ("decay, time", [1.0, np.nan], "time_channel=1"),
        ("tokens", 7, "token id"),
        ("tokens", -1, "token id"),
        ("tokens", 0.5, "token id"),
        ("univariate", [1.0, 2.0], r"expected \(1,\) or \(\)"),
    ],
)
def test_a_bad_step_leaves_a_stream_where_it_was(kind, x, message):
    model, _, xs, _ = special(kind)
    stream, twin = model.open_stream(), model.open_stream()
    read(stream, xs[0][:4], "step")
    read(twin, xs[0][:4], "step")
    with pytest.raises(ValueError, match=message):
        stream.step(x)
    assert stream.n_steps_ == 4
    said = [s.step_transform(xs[0][4]) for s in (stream, twin)]
    assert np.array_equal(*said)


def test_other_requests_that_make_no_sense():
    model, X = fitted("GRUClassifier"), sequences()
    with pytest.raises(ValueError, match="response_method must be one of"):
        model.predict_prefixes(X, "decision_function")
    with pytest.raises(ValueError, match="static must be None"):
        model.open_stream(static=[1.0])
    with pytest.raises(ValueError, match=r"static must be .* \(1, 2\)"):
        special("static")[0].open_stream()
    with pytest.raises(TypeError, match="predicts numbers"):
        special("rates")[0].open_stream().step_proba([0.0, 0.0])
    strided = special("decay, stride")[0].open_stream(2)
    with pytest.raises(ValueError, match="reset\\(\\) without"):
        strided.reset([0])
    with pytest.raises(ValueError, match=r"\(2, 2\).*of each stream"):
        model.open_stream(2).step(X[0][0])
    assert not hasattr(ConvLSTMClassifier, "open_stream")


def test_a_stream_is_for_fitted_estimators():
    from sklearn.exceptions import NotFittedError

    for method in ("open_stream", "to_numpy"):
        with pytest.raises(NotFittedError):
            getattr(GRUClassifier(), method)()
