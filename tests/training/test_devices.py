"""Devices that are there, and those that are not."""

from __future__ import annotations

import ast
import pickle
from contextlib import suppress

import numpy as np
import pytest
import torch

from helpers.data import data_for, ragged
from helpers.estimators import PUBLIC, make
from helpers.gaps import with_gaps
from helpers.package import MODULES
from sksequence._training import settings_here
from sksequence._training.devices import default_device, find_device, full_precision
from sksequence._training.state import restore, state_of
from sksequence.nn import Dropout


@pytest.fixture
def gpus(monkeypatch):
    """Pretend that the machine has so many."""

    def pretend(n):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: n > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n)

    return pretend


@pytest.mark.parametrize(
    ("n", "asked", "found"),
    [
        (0, "auto", "cpu"),
        (2, "auto", "cuda"),
        (2, "cpu", "cpu"),
        (2, "cuda", "cuda"),
        (2, "cuda:1", "cuda:1"),
    ],
)
def test_a_device_that_is_there_is_found(n, asked, found, gpus):
    gpus(n)
    assert find_device(asked) == found


@pytest.mark.parametrize(
    ("n", "asked", "words"),
    [
        (0, "cuda", "'cuda' is not available.*0 CUDA"),
        (2, "cuda:2", "'cuda:2' is not available.*2 CUDA"),
        (2, "meta", "'meta' is not available"),
        (2, "gpu", "device must be .*'gpu'"),
        (2, "cuda:x", "device must be .*'cuda:x'"),
        (2, "", "device must be .*''"),
    ],
)
def test_a_device_that_is_not_there_is_refused(n, asked, words, gpus):
    gpus(n)
    with pytest.raises(ValueError, match=words):
        find_device(asked)


def test_settings_from_another_machine_come_to_this_one(gpus):
    gpus(1)
    settings = {"device": "cuda", "lr": 0.1}
    assert settings_here(settings) is settings
    gpus(0)
    with pytest.warns(UserWarning, match="not available.*onto the CPU"):
        assert settings_here(settings) == {"device": "cpu", "lr": 0.1}
    assert settings["device"] == "cuda"


def test_auto_is_the_cpu_where_there_is_nothing_else(task):
    X, y, _ = task
    auto, cpu = (
        make("GRUClassifier", device=device).fit(X, y) for device in ("auto", "cpu")
    )
    np.testing.assert_array_equal(auto.predict_proba(X), cpu.predict_proba(X))
    assert auto.net_.device == "cpu"


# ------------------------------------------------------------- full precision of float32


def tf32():
    """Whether torch lets cuDNN round to ten bits, as far as it says so."""
    cudnn = torch.backends.cudnn
    kinds = [getattr(cudnn, kind, cudnn) for kind in ("conv", "rnn")]
    try:
        allowed = cudnn.allow_tf32
    except RuntimeError:  # the kinds differ
        allowed = None
    return allowed, *(getattr(kind, "fp32_precision", None) for kind in kinds)


@pytest.fixture
def as_before():
    before = torch.backends.cudnn.allow_tf32
    yield
    torch.backends.cudnn.allow_tf32 = before


@pytest.mark.parametrize("allowed", [True, False])
def test_predictions_on_a_gpu_have_all_bits_as_long_as_one_runs(allowed, as_before):
    torch.backends.cudnn.allow_tf32 = allowed
    before = tf32()
    first, second = full_precision("cuda"), full_precision("cuda:1")
    with first:
        within = tf32()
        second.__enter__()
    assert within[0] is False
    assert "tf32" not in within
    assert tf32() == within
    second.__exit__(None, None, None)
    assert tf32() == before
    with full_precision("cpu"):
        assert tf32() == before


def test_kinds_of_layers_whose_precision_differs_are_left_as_they_were(as_before):
    if not hasattr(torch.backends.cudnn, "rnn"):
        pytest.skip("this version of torch has one switch for all layers")
    torch.backends.cudnn.rnn.fp32_precision = "ieee"
    before = tf32()
    with suppress(KeyError), full_precision("cuda"):
        assert tf32()[1:] == ("ieee", "ieee")
        raise KeyError
    assert tf32() == before


# ------------------------------------------------------------------------ masks of a GPU


def test_masks_follow_from_the_generator_of_the_batches():
    """Those of a GPU come from a generator there, for which another one stands in."""
    net = make("LSTMClassifier", dropout=0.3).fit(X, Y).net_
    masks, batches = torch.Generator("cpu"), net.iterator_train__generator
    for layer in net.module_.modules():
        if isinstance(layer, Dropout):
            layer.generator = masks
    state = state_of(net)
    seeds = []
    for _ in range(2):
        restore(net, state)
        seeds.append(masks.initial_seed())
        np.testing.assert_array_equal(batches.get_state(), state["generator"])
        torch.rand(1, generator=masks)
    torch.rand(1, generator=batches, device="cpu")
    restore(net, state_of(net))
    assert seeds[0] == seeds[1] != masks.initial_seed()


# ------------------------------------------------------- whatever torch's default device


def test_the_default_device_is_changed_only_where_it_is_another():
    assert torch.get_default_device().type == "cpu"
    with default_device("cpu"), torch.device("meta"):
        assert torch.zeros(1).is_meta
        with default_device("cpu"):
            assert torch.zeros(1).is_cpu


X, Y = ragged(), np.arange(8) % 2
BRANCH = {"parallel_channels": (3,), "parallel_kernel_size": 2}
PLAIN = [(name, {}) for name in PUBLIC]
MORE = [
    ("LSTMClassifier", {"bidirectional": True, "num_layers": 2, "dropout": 0.2}),
    ("GRUClassifier", {"early_stopping": True, "recurrent_dropout": 0.2, **BRANCH}),
    ("GRURegressor", {"missing": "decay", "average_weights": "ema", "max_epochs": 3}),
    ("SimpleRNNClassifier", {"augment": {"mixup": 0.2, "crop": 0.8, "warp": 0.1}}),
    ("LSTMRegressor", {"random_convolutions": 84, "pooling": "attention"}),
    ("GRUClassifier", {"hidden_size": 32, "pooling": "max", "pooling_segments": 2}),
    ("LSTMClassifier", {"optimizer": "rmsprop", "mixed_precision": "bfloat16"}),
    ("GRURegressor", {"optimizer": torch.optim.NAdam}),
    ("RecurrentTagger", {"bptt_steps": 3}),
    ("RecurrentTagger", {"crf": True}),
    *(("RecurrentClassifier", {"cell": cell}) for cell in ("indrnn", "mingru", "qrnn")),
]


def everything_of(name, params):
    """The weights and answers of a fit, and of a copy that was trained on."""
    x, y = data_for(name, with_gaps(X) if "missing" in params else X, Y)
    model = make(name, **params).fit(x, y)
    copy = pickle.loads(pickle.dumps(model))
    if hasattr(copy, "partial_fit"):
        copy.partial_fit(x, y)
    weights = (one.net_.module_.state_dict().values() for one in (model, copy))
    methods = ("predict", "predict_proba", "transform", "score_steps")
    told = [getattr(copy, name)(x) for name in methods if hasattr(copy, name)]
    return [w.cpu().numpy() for own in weights for w in own] + told


def assert_same(got, expected):
    assert type(got) is type(expected)
    if isinstance(got, list) or getattr(got, "dtype", np.dtype(str)).kind == "O":
        for one, other in zip(got, expected, strict=True):
            assert_same(one, other)
    else:
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(("name", "params"), [*PLAIN, *MORE], ids=str)
def test_an_estimator_goes_by_its_own_device_not_by_torchs_default(name, params):
    """The meta device holds no numbers: what is made there cannot have the same bits."""
    expected = everything_of(name, params)
    torch.set_default_device("meta")
    try:
        found = everything_of(name, params)
    finally:
        torch.set_default_device(None)
    assert_same(found, expected)


MAKERS = {"arange", "empty", "eye", "full", "linspace", "logspace", "ones", "rand"}
MAKERS |= {"randint", "randn", "randperm", "tensor", "zeros", "Generator"}
# Weights and buffers of a new layer are made on the default device, as in torch.
OF_LAYERS = {"Parameter", "register_buffer"}


def without_device(path):
    """Calls that leave the device of a new tensor to torch's default."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    allowed = {
        id(node)
        for call in calls
        if getattr(call.func, "attr", "") in OF_LAYERS
        for node in ast.walk(call)
    }
    for call in calls:
        name = ast.unparse(call.func)
        makes = name.removeprefix("torch.") in MAKERS and name.startswith("torch.")
        named = any(keyword.arg == "device" for keyword in call.keywords)
        named = named or (name == "torch.Generator" and bool(call.args))
        if makes and not named and id(call) not in allowed:
            yield f"{path.name}:{call.lineno}: {ast.unparse(call)}"


def test_each_new_tensor_names_its_device():
    rooms = ("sksequence.nn", "sksequence._training", "sksequence.utils")
    files = [path for name, path in MODULES.items() if name.startswith(rooms)]
    assert [line for path in files for line in without_device(path)] == []
