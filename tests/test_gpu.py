"""Fits on a GPU, against those on the CPU from the same seed.

Without a GPU they are skipped. With SKSEQUENCE_TESTS_DEVICE they are for another device
of torch, such as "mps", or for "cpu", which tries out the tests.
"""

from __future__ import annotations

import copy
import os
import pickle
import warnings
from functools import partial

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch

import sksequence
from helpers.data import data_for, ragged
from helpers.estimators import PUBLIC, make
from helpers.networks import (
    BRANCHES,
    CELLS,
    CONVOLUTIONS,
    POOLINGS,
    PROMISED,
    SPECIAL,
    answer_of,
    link_of,
    network,
    special,
    with_gaps,
)
from helpers.networks import assert_promised as assert_promised_of
from helpers.translations import words
from sksequence import GRURegressor, WindowForecaster
from sksequence._cells import CELLS as CELLS_BY_NAME
from sksequence._storage.checkpoints import Checkpoint
from sksequence._training.devices import full_precision
from sksequence.nn import ConvLSTMLayer, RecurrentLayer

DEVICE = os.environ.get("SKSEQUENCE_TESTS_DEVICE", "cuda")
IS_THERE = DEVICE != "cuda" or torch.cuda.is_available()
pytestmark = [
    pytest.mark.skipif(not IS_THERE, reason="this machine has no GPU"),
    pytest.mark.no_cover,  # others cover what these cover
]

# The largest difference that docs/reproducibility.md promises of a GPU.
assert_promised = partial(assert_promised_of, promised={**PROMISED, "float32": 2e-5})

X = [x.cumsum(axis=0) for x in ragged((9, 14, 7, 12, 16, 8, 6, 10))]
Y = np.arange(len(X)) % 2
TOKENS = {"embedding_dim": 4}
HYBRID = {
    "conv_channels": (4,),
    "conv_kernel_size": 3,
    "parallel_channels": (3, 4),
    "parallel_kernel_size": 2,
    "bidirectional": True,
    "pooling": "attention",
}


def cases():
    """Estimators and their data, by what is special."""
    found = {name: (name, *data_for(name, X, Y), {}) for name in PUBLIC}
    for cell in CELLS:
        for two in (False, True):
            name, params = network(cell, "Regressor", bidirectional=two)
            y = np.sin(np.arange(len(X)))
            found[f"{cell}{' both ways' * two}"] = (name, X, y, params)
    for pooling in POOLINGS:
        found[pooling] = ("GRUClassifier", X, Y, {"pooling": pooling})
    for i, layers in enumerate([*CONVOLUTIONS[1:], *BRANCHES[1:]]):
        layers = {**layers, "recurrent_output_dropout": 0.0}  # masks would differ
        found[f"convolutions {i}"] = ("LSTMClassifier", X, Y, layers)
    stacked = {"num_layers": 3, "residual": True, "layer_norm": True}
    found["stacked"] = ("LSTMClassifier", X, Y, stacked)
    found["segments"] = ("GRUClassifier", X, Y, {"pooling_segments": 3})
    found["hybrid"] = ("GRUClassifier", X, Y, HYBRID)
    ids = [np.arange(len(x)) % 5 for x in X]
    found["tokens"] = ("GRUClassifier", ids, Y, TOKENS)
    found["random"] = ("LSTMClassifier", X, Y, {"random_convolutions": 84})
    for missing in ("mask", "decay"):
        name = "LSTMRegressor" if missing == "mask" else "GRUClassifier"
        found[missing] = (name, with_gaps(X), Y, {"missing": missing})
    found["poisson"] = ("GRURegressor", X, Y, {"loss": "poisson"})
    quantiles = {"loss": "quantile", "quantile": [0.1, 0.9]}
    found["quantiles"] = ("GRURegressor", X, Y, quantiles)
    labels = np.array([Y, 1 - Y, Y]).T
    found["labels"] = ("LSTMClassifier", X, labels, {"label_smoothing": 0.1})
    tags = [np.arange(len(x)) % 3 for x in X]
    found["crf"] = ("RecurrentTagger", X, tags, {"crf": True})
    found["chunks"] = ("RecurrentTagger", X, tags, {"bptt_steps": 4})
    films = [np.repeat(x[:, 0], 9).reshape(-1, 3, 3) for x in X]
    both = {"bidirectional": True, "hidden_size": 3}
    found["films both ways"] = ("ConvLSTMRegressor", films, Y, both)
    found["translations"] = ("RecurrentTranslator", *words(12), TOKENS)
    found["code"] = ("RecurrentDetector", X, None, {"objective": "reconstruct"})
    found["averaged"] = ("GRUClassifier", X, Y, {"average_weights": "ema"})
    changes = {"augment": ("crop", "warp", "scale", "jitter", "mixup")}
    found["changed"] = ("GRUClassifier", X, Y, changes)
    found["stopped"] = ("GRUClassifier", X, Y, {"early_stopping": True})
    return found


CASES = cases()
every_case = pytest.mark.parametrize("case", CASES)


def fitted(case, **more):
    """A fit, where there is a GPU on it."""
    name, x, y, params = CASES[case]
    return make(name, **{"device": DEVICE, **params, **more}).fit(x, y)


def weights_of(model):
    state = model.net_.module_.state_dict()
    return {name: weight.cpu().numpy() for name, weight in state.items()}


def losses_of(model):
    return [epoch["train_loss"] for epoch in model.history_]


def elsewhere(stored, monkeypatch, read=pickle.loads):
    """What is read on a machine that has no GPU."""
    with monkeypatch.context() as patch, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        patch.setattr(torch.cuda, "is_available", lambda: False)
        patch.setattr(torch.cuda, "device_count", lambda: 0)
        model = read(stored)
    assert any("onto the CPU" in str(one.message) for one in said) == (DEVICE == "cuda")
    assert model.net_.device == "cpu"
    return model


def answers(model, x):
    """All that a model says, by method; steps one behind another."""
    methods = ("predict_proba", "transform", "score_steps", "predict")
    said = {name: getattr(model, name)(x) for name in methods if hasattr(model, name)}
    if "score_steps" in said:  # the threshold of outliers is one of the scores
        del said["predict"]
    for name, told in said.items():
        parts = list(told) if isinstance(told, list) or told.dtype == object else [told]
        if not isinstance(parts[0], str | list):
            said[name] = np.concatenate([np.atleast_1d(part) for part in parts])
    return said


def assert_same_answers(got, expected, model):
    assert got.keys() == expected.keys()
    for name, told in expected.items():
        if name == "predict" and getattr(told, "dtype", np.dtype(str)).kind != "f":
            np.testing.assert_array_equal(got[name], told)
            continue
        link = link_of(model) if name == "predict" else "identity"
        assert_promised([got[name]], [told], model, link=link)


# ---------------------------------------------------------------------- fit and predict


@every_case
def test_a_fit_takes_the_same_steps(case):
    """In double precision, so that rounding stays small; plain steps show gradients."""
    params = {"dtype": "float64", "optimizer": "sgd", "max_epochs": 3, "batch_size": 4}
    gpu, cpu = (fitted(case, device=device, **params) for device in (DEVICE, "cpu"))
    assert gpu.net_.device == DEVICE
    expected = weights_of(cpu)
    for name, weight in weights_of(gpu).items():
        np.testing.assert_allclose(
            weight, expected[name], rtol=1e-7, atol=1e-9, err_msg=name
        )
    np.testing.assert_allclose(losses_of(gpu), losses_of(cpu), rtol=1e-7)


@every_case
def test_answers_are_those_of_the_same_network_on_the_cpu(case, monkeypatch):
    model, x = fitted(case), CASES[case][1]
    moved = elsewhere(pickle.dumps(model), monkeypatch)
    for name, weight in weights_of(model).items():
        np.testing.assert_array_equal(weights_of(moved)[name], weight)
    assert_same_answers(answers(model, x), answers(moved, x), model)


@pytest.mark.parametrize("kind", SPECIAL)
def test_whatever_it_reads_and_answers(kind, monkeypatch):
    model, x, _, _ = special(kind, device=DEVICE)
    moved = elsewhere(pickle.dumps(model), monkeypatch)
    assert_same_answers(answers(model, x), answers(moved, x), model)


@every_case
def test_training_lowers_the_loss(case):
    found = losses_of(fitted(case, max_epochs=25, lr=0.01, lr_schedule="constant"))
    assert np.isfinite(found).all()
    assert np.mean(found[-3:]) < found[0]


@pytest.mark.parametrize("length", [100, 1000])
@pytest.mark.parametrize("cell", ["lstm", "gru", "tanh"])
def test_rounding_does_not_grow_with_the_steps(cell, length, monkeypatch):
    """With TF32 the answers would differ in the fourth digit."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(16, length, 3)).cumsum(axis=1) / length**0.5
    name, params = network(cell, "Regressor", hidden_size=64, bidirectional=True)
    convolution = {"conv_channels": (32,), "conv_kernel_size": 3}
    model = make(name, device=DEVICE, **params, **convolution).fit(x, x[:, -1])
    moved = elsewhere(pickle.dumps(model), monkeypatch)
    assert_same_answers(answers(model, x), answers(moved, x), model)


def test_neighbours_and_padding_change_no_more_than_rounding():
    model = fitted("hybrid")
    together = model.predict_proba(X)
    alone = np.concatenate([model.predict_proba([x]) for x in X])
    assert_promised(together, alone, model)
    np.testing.assert_array_equal(model.predict_proba(X), together)


# --------------------------------------------------------------------- random generators


DROPPING = {"dropout": 0.3, "recurrent_dropout": 0.2, "max_epochs": 4, "num_layers": 2}


def test_dropout_draws_from_a_generator_of_its_own():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    one, same, other = (
        fitted("LSTMClassifier", random_state=seed, **DROPPING) for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_allclose(losses_of(one), losses_of(same), rtol=1e-4)
    assert not np.allclose(losses_of(one), losses_of(other), rtol=1e-4)
    plain = fitted("LSTMClassifier", **{**DROPPING, "dropout": 0, "recurrent_dropout": 0})
    assert not np.allclose(losses_of(one), losses_of(plain), rtol=1e-4)


def test_continued_fits_draw_other_masks_and_copies_the_same():
    # Nothing is learnt, and there is one mini-batch: losses differ by masks alone.
    still = {
        "optimizer": "sgd",
        "lr": 1e-30,
        "batch_size": None,
        "lr_schedule": "constant",
    }
    model = fitted("LSTMClassifier", **{**DROPPING, **still, "max_epochs": 1})
    copied = pickle.loads(pickle.dumps(model))
    for one in (model, copied):
        for _ in range(3):
            one.partial_fit(X, Y)
    found = losses_of(model)
    assert len(np.unique(np.round(found, 6))) == len(found)
    np.testing.assert_allclose(losses_of(copied)[-3:], found[-3:], rtol=1e-5)


# ------------------------------------------------------------------ files and checkpoints


STORED = ["hybrid", "decay", "random", "crf", "translations", "ConvLSTMClassifier"]


@pytest.mark.parametrize("case", STORED)
def test_a_file_from_a_gpu_is_read_with_one_and_without(case, tmp_path, monkeypatch):
    model, path, x = fitted(case), tmp_path / "model.safetensors", CASES[case][1]
    model.save(path)
    again = sksequence.load(path)
    assert again.net_.device == DEVICE
    expected = answers(model, x)
    assert_same_answers(answers(again, x), expected, model)
    moved = elsewhere(path, monkeypatch, sksequence.load)
    assert_same_answers(answers(moved, x), expected, model)
    assert_same_answers(answers(copy.deepcopy(model), x), expected, model)


@pytest.mark.parametrize("before", [DEVICE, "cpu"])
@pytest.mark.parametrize("case", ["hybrid", "decay", "LSTMRegressor"])
def test_a_fit_goes_on_on_another_device(case, before):
    after = "cpu" if before == DEVICE else DEVICE
    params = {"dtype": "float64", "max_epochs": 2, "batch_size": 4}
    _, x, y, _ = CASES[case]
    moved = fitted(case, device=before, **params).set_params(device=after)
    stays = fitted(case, device="cpu", **params)
    for model in (moved, stays):
        model.partial_fit(x, y)
    assert moved.net_.device == after
    expected = weights_of(stays)
    for name, weight in weights_of(moved).items():
        np.testing.assert_allclose(weight, expected[name], rtol=1e-6, atol=1e-8)
    assert_promised(answers(moved, x)["predict"], answers(stays, x)["predict"])


class Ended(Exception):
    """As if somebody had pulled the plug."""


@pytest.mark.parametrize(
    "more",
    [
        {"average_weights": "ema"},
        {"early_stopping": True, "patience": 9},
        {"mixed_precision": "float16", "lr_schedule": "plateau", "early_stopping": True},
        {"optimizer": "rmsprop"},
        {"optimizer": torch.optim.NAdam},
    ],
    ids=str,
)
def test_a_fit_resumes_from_its_checkpoint(more, tmp_path, monkeypatch):
    """Also the masks go on where they were."""
    keep = Checkpoint.keep

    def keep_and_end(self, progress, *, is_done):
        keep(self, progress, is_done=is_done)
        if len(progress["history"]) == 2 and not is_done:
            raise Ended

    params = {**DROPPING, "batch_size": 4, **more}
    expected = fitted("LSTMClassifier", **params)
    path = tmp_path / "fit.checkpoint"
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "keep", keep_and_end)
        with pytest.raises(Ended):
            fitted("LSTMClassifier", checkpoint=path, **params)
    resumed = fitted("LSTMClassifier", checkpoint=path, **params)
    assert resumed.n_epochs_ == expected.n_epochs_
    np.testing.assert_allclose(losses_of(resumed), losses_of(expected), rtol=1e-3)


# ------------------------------------------------------------------------------- exports


@pytest.mark.parametrize("case", ["LSTMClassifier", "decay", "random", "gru both ways"])
def test_exports_answer_as_the_fit_on_a_gpu(case, tmp_path):
    model, x = fitted(case), [s.astype(np.float32) for s in CASES[case][1]]
    method = answer_of(model)
    expected = getattr(model, method)(x)
    assert_promised(getattr(model.to_numpy(), method)(x), expected, model)
    path = tmp_path / "model.onnx"
    model.to_onnx(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for one, told in zip(x, expected, strict=True):
        given = {"X": one[None], "lengths": np.array([len(one)])}
        names = {entry.name for entry in session.get_inputs()}
        outputs = [entry.name for entry in session.get_outputs()]
        found = session.run(None, {k: v for k, v in given.items() if k in names})
        wanted = outputs.index(
            "probabilities" if method == "predict_proba" else outputs[0]
        )
        assert_promised(found[wanted].reshape(1, -1), told.reshape(1, -1), model)


@pytest.mark.parametrize("case", ["LSTMClassifier", "decay", "random", "tokens"])
def test_streams_and_prefixes_of_a_fit_on_a_gpu(case):
    model, x = fitted(case), CASES[case][1]
    method = answer_of(model)
    step = "step_proba" if method == "predict_proba" else "step"
    expected = getattr(model, method)(x)
    prefixes = model.predict_prefixes(x, method)
    stream = model.open_stream()
    for one, told, all_told in zip(x, expected, prefixes, strict=True):
        stream.reset()
        said = [getattr(stream, step)(row) for row in one]
        assert_promised(said[-1:], [told], model)
        assert_promised(all_told, said, model)


# ------------------------------------------------------------------------ mixed precision


LOWER = pytest.mark.parametrize("precision", ["bfloat16", "float16"])
MIXED = [
    *CELLS,
    *(f"{cell} both ways" for cell in CELLS),
    *("stacked", "hybrid", "segments", "tokens", "random", "mask", "decay", "crf"),
    *("convolutions 1", "convolutions 5", "chunks", "films both ways", "translations"),
    *("poisson", "code", "RecurrentTranscriber", "RecurrentStepRegressor"),
]


@LOWER
@pytest.mark.parametrize("case", MIXED)
def test_mixed_precision_is_close_to_full_precision(case, precision):
    params = {"max_epochs": 2, "lr_schedule": "constant"}
    lower = fitted(case, mixed_precision=precision, **params)
    full = fitted(case, **params)
    assert all(
        w.dtype == np.float32 for w in weights_of(lower).values() if w.dtype != int
    )
    # The first steps of float16 are left out until its scale is found.
    n = 1 if precision == "float16" else 2
    np.testing.assert_allclose(losses_of(lower)[:n], losses_of(full)[:n], rtol=0.1)
    assert losses_of(lower) != losses_of(full)


@LOWER
def test_mixed_precision_learns_with_dropout_and_clipping(precision):
    params = {**DROPPING, "max_epochs": 30, "lr": 0.01, "gradient_clip": 0.5}
    found = losses_of(fitted("hybrid", mixed_precision=precision, **params))
    assert np.mean(found[-3:]) < 0.95 * np.mean(found[:3])


# ------------------------------------------------------------ forecasters, default device


def test_a_forecaster_fits_on_a_gpu(monkeypatch):
    steps = np.arange(200)
    table = pd.DataFrame({"u": np.sin(steps / 5), "v": np.cos(steps / 9)})
    params = {"hidden_size": 8, "max_epochs": 5, "random_state": 0, "dtype": "float64"}
    gpu, cpu = (
        WindowForecaster(GRURegressor(device=device, **params), length=20, horizon=5)
        .fit(table)
        .predict()
        for device in (DEVICE, "cpu")
    )
    np.testing.assert_allclose(gpu, cpu, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("device", [DEVICE, "cpu"])
@pytest.mark.parametrize("default", [DEVICE, "cpu", "meta"])
@pytest.mark.parametrize(
    "more", [DROPPING, {"optimizer": torch.optim.NAdam}, {"mixed_precision": "float16"}]
)
def test_an_estimator_goes_by_its_own_device_not_by_torchs_default(device, default, more):
    expected = fitted("hybrid", device=device, **more)
    torch.set_default_device(default)
    try:
        found = fitted("hybrid", device=device, **more)
        told = found.predict_proba(X)
    finally:
        torch.set_default_device(None)
    assert {p.device.type for p in found.net_.module_.parameters()} == {device}
    np.testing.assert_allclose(told, expected.predict_proba(X), rtol=1e-2)


# ------------------------------------------------------------------------------- layers


LENGTHS = torch.tensor([9, 3, 1, 7])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS_BY_NAME)
def test_layers_and_their_gradients(cell, bidirectional):
    layer = RecurrentLayer(3, 8, cell=cell, bidirectional=bidirectional).double()
    found = []
    for device in ("cpu", DEVICE):
        own = copy.deepcopy(layer).to(device)
        torch.manual_seed(0)
        x = torch.randn(4, 9, 3, dtype=torch.float64).to(device).requires_grad_()
        steps, final = own(x, LENGTHS.to(device))
        (steps.square().sum() + final.sum()).backward()
        gradients = [p.grad for p in own.parameters()]
        found.append([part.detach().cpu() for part in (steps, final, x.grad, *gradients)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)


def test_convolutional_layers_and_their_gradients():
    layer = ConvLSTMLayer(2, 4, kernel_size=3, bidirectional=True).double()
    found = []
    for device in ("cpu", DEVICE):
        own = copy.deepcopy(layer).to(device)
        torch.manual_seed(0)
        x = torch.randn(4, 9, 2, 6, 5, dtype=torch.float64).to(device).requires_grad_()
        _, (final, cell) = own(x, LENGTHS.to(device))
        (final.square().sum() + cell.sum()).backward()
        gradients = [p.grad for p in own.parameters()]
        found.append([part.detach().cpu() for part in (final, cell, x.grad, *gradients)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("is_training", [False, True])
def test_a_layer_under_autocast_gives_full_precision(is_training):
    """Whatever the layers around it give: of several, the upper read the lower ones."""
    for cell in ("lstm", "qrnn"):
        layer = RecurrentLayer(3, 8, cell=cell).to(DEVICE).train(is_training)
        x = torch.randn(4, 9, 3, device=DEVICE)
        with torch.no_grad(), full_precision(DEVICE):
            expected, _ = layer.advance(x)
            with torch.autocast(DEVICE, torch.bfloat16):
                steps, _ = layer(x.bfloat16())
                first, state = layer.advance(x[:, :4])
                second, state = layer.advance(x[:, 4:].bfloat16(), state)
        for found in (steps, torch.cat([first, second], 1)):
            assert found.dtype == torch.float32
            torch.testing.assert_close(found, expected, rtol=0.05, atol=0.05)
