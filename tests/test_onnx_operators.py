"""The recurrent operators of ONNX: its equations and cases, and all of our back ends.

`helpers.onnx_operators` has the equations in numpy; layers with and without kernels, the
predictor in numpy and the exported graph have to agree with them.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache, partial

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx.reference import ReferenceEvaluator

from helpers.data import padded
from helpers.kernels import CLOSE, without_kernels
from helpers.onnx_operators import cases_of_onnx, drawn
from sksequence import (
    GRURegressor,
    LSTMRegressor,
    RecurrentStepRegressor,
    SimpleRNNRegressor,
)
from sksequence.nn import _compiled

CASES = cases_of_onnx()
# Our GRU has linear_before_reset=1, and no LSTM of ours has peepholes.
NOT_OURS = {"gru_seq_length", "lstm_with_peepholes"}
KINDS = ["RNN", "RELU", "GRU", "LSTM"]
DIRECTIONS = ["forward", "reverse", "bidirectional"]
LENGTHS = [5, 2, 4, 1]

every_kind = pytest.mark.parametrize("kind", KINDS)
every_direction = pytest.mark.parametrize("direction", DIRECTIONS)
with_and_without = pytest.mark.parametrize(
    "kernels", [nullcontext, without_kernels], ids=["kernels", "torch"]
)


def assert_close(ours, theirs, atol):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)


# ------------------------------------------------------------------------------ its cases


def test_all_kinds_of_cases_are_there():
    assert set(CASES) > NOT_OURS
    for kind in ("simple_rnn", "gru", "lstm"):
        for what in ("defaults", "with_initial_bias", "batchwise", "reverse"):
            assert f"{kind}_{what}" in CASES


@pytest.mark.parametrize("name", sorted(set(CASES) - {"lstm_with_peepholes"}))
def test_the_equations_have_the_answers_of_onnx(name):
    case = CASES[name]
    answers = case.operator.run(case.arrays["X"])
    for output, ours in zip(("Y", "Y_h", "Y_c"), answers, strict=True):
        if output in case.answers:
            assert_close(ours, case.answers[output], 1e-6)


@with_and_without
@pytest.mark.parametrize("name", sorted(set(CASES) - NOT_OURS))
def test_layers_have_the_answers_of_onnx(name, kernels):
    case = CASES[name]
    Y, Y_h = outputs_of_layer(case.operator, case.arrays["X"], None, kernels)
    assert_close(Y_h, case.answers["Y_h"], 1e-6)
    if "Y" in case.answers:
        assert_close(Y, case.answers["Y"], 1e-6)


# -------------------------------------------------------------------------- its equations


def outputs_of_layer(operator, X, lengths, kernels):
    """Y and Y_h of our layer."""
    x = torch.from_numpy(X.astype(operator.W.dtype).swapaxes(0, 1))
    with kernels(), torch.no_grad():
        steps, final = operator.layer()(x, lengths)
    n = 1 if operator.direction == "forward" else 2
    halves = [np.stack(part.chunk(n, -1)) for part in (steps, final)]
    if operator.direction == "reverse":
        halves = [half[1:] for half in halves]
    return halves[0].transpose(2, 0, 1, 3), halves[1]


@with_and_without
@pytest.mark.parametrize("dtype", CLOSE, ids=str)
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@every_direction
@every_kind
def test_layers_follow_the_equations(kind, direction, lengths, dtype, kernels):
    operator = drawn(kind, direction, str(dtype).removeprefix("torch."))
    X = np.random.default_rng(1).normal(size=(5, 4, 3))
    own = None if lengths is None else torch.tensor(lengths)
    Y, Y_h = outputs_of_layer(operator, X, own, kernels)
    expected = operator.run(X, lengths)
    atol = {torch.float32: 2e-6, torch.float64: 1e-14}[dtype]
    assert_close(Y, expected[0], atol)
    assert_close(Y_h, expected[1], atol)


def states_of(kind, n):
    rng = np.random.default_rng(2)
    return [rng.normal(size=(1, n, 4)) for _ in range(1 + (kind == "LSTM"))]


@with_and_without
@every_kind
def test_layers_continue_from_initial_states(kind, kernels):
    operator, X = drawn(kind), np.random.default_rng(1).normal(size=(5, 4, 3))
    begin = states_of(kind, 4)
    given = tuple(map(torch.from_numpy, begin))
    x = torch.from_numpy(X.swapaxes(0, 1).copy())
    with kernels(), torch.no_grad():
        steps, end = operator.layer().advance(x, given if len(given) > 1 else given[0])
    Y, *after = operator.run(X, None, *begin)
    assert_close(steps.transpose(0, 1), Y[:, 0], 1e-14)
    for ours, theirs in zip(end if len(given) > 1 else [end], after, strict=False):
        assert_close(ours, theirs, 1e-14)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
@every_kind
def test_kernels_read_initial_states_in_both_directions(kind, direction, lengths):
    operator, X = drawn(kind, direction), np.random.default_rng(1).normal(size=(5, 4, 3))
    layer, backward = operator.layer(), direction == "reverse"
    begin = states_of(kind, 4)
    x = torch.from_numpy(X.swapaxes(0, 1).copy())
    one = layer.back if backward else layer.ahead
    assert _compiled.serves(one, x)
    with torch.no_grad():
        steps, *end = _compiled.recurrence(
            one,
            x,
            None if lengths is None else torch.tensor(lengths),
            reverse=backward,
            state=tuple(torch.from_numpy(part[0]) for part in begin),
        )
    Y, *after = operator.run(X, lengths, *begin)
    assert_close(steps.transpose(0, 1), Y[:, 0], 1e-14)
    for ours, theirs in zip(end, after, strict=False):
        assert_close(ours, theirs[0], 1e-14)


# ------------------------------------------------------------------ predictors and graphs


@cache
def estimator_of(kind, direction, dtype, per_step):
    """An estimator that answers with the operator's hidden states, and the operator."""
    operator = drawn(kind, direction, dtype)
    size = operator.hidden * len(operator.W)
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 3)) for n in LENGTHS]
    params = {"hidden_size": operator.hidden, "max_epochs": 1, "standardize": False}
    params |= {"bidirectional": direction == "bidirectional", "dtype": dtype}
    if per_step:
        y = [rng.normal(size=(n, size)) for n in LENGTHS]
        model = RecurrentStepRegressor(cell=operator.kind.lower(), **params)
    else:
        y = rng.normal(size=(len(X), size))
        nonlinearity = "relu" if operator.relu else "tanh"
        cells = {"GRU": GRURegressor, "LSTM": LSTMRegressor}
        kind = cells.get(kind, partial(SimpleRNNRegressor, nonlinearity=nonlinearity))
        model = kind(pooling="last", **params)
    module = model.fit(X, y).net_.module_
    (layer,) = module.recurrence.layers
    for d, part in enumerate([layer.ahead, layer.back][: len(operator.W)]):
        part.load_state_dict(operator.weights(d))
    with torch.no_grad():
        module.head.weight.copy_(torch.eye(size))
        module.head.bias.zero_()
    return model, operator


def answers_of(operator, batch, lengths, per_step):
    """What an estimator with these weights has to answer."""
    Y, Y_h, _ = operator.run(np.nan_to_num(batch).swapaxes(0, 1), lengths)
    if per_step:
        return Y.transpose(2, 0, 1, 3).reshape(*batch.shape[:2], -1)
    return Y_h.swapaxes(0, 1).reshape(len(batch), -1)


# No estimator for steps has the rectifier.
WITH_STEPS = [(kind, True) for kind in KINDS if kind != "RELU"]
every_estimator = pytest.mark.parametrize(
    ("kind", "per_step"), [*((kind, False) for kind in KINDS), *WITH_STEPS]
)
every_reading = pytest.mark.parametrize("direction", ["forward", "bidirectional"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_reading
@every_estimator
def test_every_back_end_follows_the_equations(kind, per_step, direction, dtype, tmp_path):
    model, operator = estimator_of(kind, direction, dtype, per_step)
    X = [np.random.default_rng(n).normal(size=(n, 3)).astype(dtype) for n in LENGTHS]
    batch = padded(X)
    expected = answers_of(operator, batch["X"], LENGTHS, per_step)
    model.to_onnx(tmp_path / "model.onnx")
    graph = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (by_graph, *_) = graph.run(None, batch)
    atol = {"float32": 3e-6, "float64": 1e-13}[dtype]
    for answers in (model.predict(X), model.to_numpy().predict(X), by_graph):
        for i, n in enumerate(LENGTHS):
            own = slice(n) if per_step else slice(None)
            assert_close(answers[i][own], expected[i][own], atol)


@every_reading
@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_graphs_mean_the_same_to_the_evaluator_of_onnx(
    kind, per_step, direction, tmp_path
):
    """It reads all steps of a batch, whatever the lengths are, and knows no Relu."""
    model, operator = estimator_of(kind, direction, "float32", per_step)
    X = np.random.default_rng(1).normal(size=(4, 5, 3)).astype("float32")
    model.to_onnx(tmp_path / "model.onnx")
    evaluator = ReferenceEvaluator(onnx.load(tmp_path / "model.onnx"))
    (answers, *_) = evaluator.run(None, {"X": X, "lengths": np.full(4, 5)})
    assert_close(answers, answers_of(operator, X, None, per_step), 3e-6)
