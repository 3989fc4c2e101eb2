"""Estimators in files: the same to the bit, in any process, or a clear refusal."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import pickle
import resource
import subprocess
import sys
import textwrap
import tracemalloc
import zipfile
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import sklearn
import skops.io
import torch
from conftest import FAST, PUBLIC, assert_same, labels_for, make, ragged
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import EpochScoring

import sksequence
from sksequence._storage import estimators as storage
from sksequence._storage import states
from sksequence.preprocessing import StepwiseTransformer

SMALL = {**FAST, "hidden_size": 4, "max_epochs": 1}
N = 8


def gaps():
    X = ragged()
    for x in X:
        x[::3, 0] = np.nan
    return X


def tokens():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 6, size=n) for n in (5, 9, 4, 7, 6, 8, 3, 5)]


def table():
    frame = pd.DataFrame({"age": np.arange(N), "weight": np.linspace(0, 1, N)})
    frame["series"] = ragged()
    return frame


def columns():
    return pd.DataFrame(np.random.default_rng(0).normal(size=(N, 4)), columns=[*"abcd"])


def films():
    return np.random.default_rng(0).normal(size=(N, 3, 5, 4))


def numbers(*shape):
    return np.random.default_rng(1).normal(size=(N, *shape))


WORDS = np.array(["no", "yes"] * 4)
CODES = np.arange(N) % 2
SEVERAL = np.array([[1, 0, 1], [0, 1, 1]] * 4)

# All public classes, and hyperparameters of every kind.
CASES = {
    "strings": ("SimpleRNNClassifier", {"nonlinearity": "relu"}, ragged, WORDS),
    "objects": ("GRUClassifier", {"warm_start": True}, ragged, WORDS.astype(object)),
    "float64": ("SimpleRNNRegressor", {"dtype": "float64", "optimizer": "sgd"}, ragged),
    "mask": (
        "LSTMClassifier",
        {"missing": "mask", "class_weight": "balanced", "optimizer": "adamw"},
        gaps,
    ),
    "decay": (
        "LSTMRegressor",
        {"missing": "decay", "standardize": False, "loss": "huber"},
        gaps,
    ),
    "tokens": (
        "GRUClassifier",
        {
            "embedding_dim": 3,
            "dropout": 0.3,
            "random_state": np.random.RandomState(0),
        },
        tokens,
    ),
    "stopped": (
        "GRURegressor",
        {"early_stopping": True, "lr_schedule": "plateau", "optimizer": "rmsprop"},
        ragged,
        numbers(2),
    ),
    "several": (
        "RecurrentClassifier",
        {"bidirectional": True, "num_layers": 2, "hidden_size": [4, 3], "cell": "gru"},
        ragged,
        SEVERAL,
    ),
    "convolved": (
        "RecurrentRegressor",
        {
            "conv_channels": (3,),
            "conv_kernel_size": 2,
            "parallel_channels": [2],
            "parallel_kernel_size": 3,
            "pooling": "attention",
            "loss": "quantile",
        },
        ragged,
    ),
    "weighted": ("GRUClassifier", {"class_weight": {0: 1.0, 1: np.float64(2)}}, table),
    "searched": (
        "LSTMClassifier",
        {"lr": np.float64(0.01), "hidden_size": np.int64(3), "n_jobs": 2},
        columns,
    ),
    "torch": (
        "RecurrentRegressor",
        {"optimizer": torch.optim.NAdam, "net_params": {"optimizer__betas": (0.8, 0.9)}},
        ragged,
    ),
    "lbfgs": ("SimpleRNNRegressor", {"optimizer": torch.optim.LBFGS}, ragged),
    "counts": ("GRURegressor", {"loss": "poisson"}, ragged, np.arange(N)),
    "tagged": (
        "RecurrentTagger",
        {"bptt_steps": 3},
        ragged,
        [np.arange(len(x)) % 3 for x in ragged()],
    ),
    "steps": ("RecurrentStepRegressor", {}, ragged, [x.sum(axis=1) for x in ragged()]),
    "films": ("ConvLSTMClassifier", {"peephole": True, "kernel_size": 1}, films, WORDS),
    "frames": ("ConvLSTMRegressor", {}, films, numbers(5, 4)),
}


def fitted(case):
    """An estimator, what it was fitted on, and to which answers."""
    name, params, X, *y = CASES[case]
    X = X()
    y = y[0] if y else (CODES if name.endswith("Classifier") else numbers())
    return make(name, **{**SMALL, **params}).fit(X, y), X, y


def methods_of(model):
    methods = ("predict", "predict_proba", "transform")
    return [method for method in methods if hasattr(model, method)]


def answers(model, X):
    return [getattr(model, method)(X) for method in methods_of(model)]


def stored(model, path):
    return model.save(path) and sksequence.load(path)


def learnt(model):
    """Its state, less the rates that the next fit sets."""
    state = model.__getstate__()
    for group in state["fitted"]["net"]["optimizer"].pop("param_groups"):
        assert group["params"]
    return state


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture(scope="module")
def model():
    return make("GRUClassifier", **SMALL).fit(ragged(), WORDS)


# -------------------------------------------------------------------------- to the bit


def test_the_cases_are_of_all_public_classes():
    assert {name for name, *_ in CASES.values()} == set(PUBLIC)
    assert set(storage.REGISTRY) == set(PUBLIC)
    assert all(storage.REGISTRY[name] is getattr(sksequence, name) for name in PUBLIC)


@pytest.mark.parametrize("case", CASES)
def test_what_is_saved_comes_back_to_the_bit(case, path):
    model, X, y = fitted(case)
    before = learnt(model)
    assert model.save(path) is model
    assert_same(learnt(model), before)
    again = sksequence.load(path)
    assert type(again) is type(model)
    assert_same(again.get_params(), model.get_params())
    assert_same(learnt(again), before)
    assert_same(answers(again, X), answers(model, X))
    # And it goes on as the other does: weights, averages, and all that is drawn.
    for one in (model, again):
        one.partial_fit(X, y)
    assert_same(answers(again, X), answers(model, X))
    assert_same(learnt(again)["fitted"]["net"], learnt(model)["fitted"]["net"])


@pytest.mark.parametrize("case", ["objects", "tokens"])
def test_a_later_fit_goes_on_as_it_would_have(case, path):
    model, X, y = fitted(case)
    again = stored(model, path)
    assert_same(answers(again.fit(X, y), X), answers(model.fit(X, y), X))
    assert again.n_epochs_ == model.n_epochs_ == (2 if model.warm_start else 1)


def test_hyperparameters_for_a_next_fit_change_nothing(path):
    model, X, _ = fitted("strings")
    expected = answers(model, X)
    model.set_params(hidden_size=9, num_layers=3, optimizer="sgd", dtype="float64")
    again = stored(model, path)
    assert_same(answers(again, X), expected)
    assert_same(again.get_params(), model.get_params())


def test_what_scikit_learn_was_told_is_kept(path):
    model, X, _ = fitted("searched")
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_output(transform="pandas").set_fit_request(sample_weight="weight")
        again = stored(model, path)
        expected = model.get_metadata_routing()
        assert repr(again.get_metadata_routing()) == repr(expected)
    assert again.feature_names_in_.tolist() == [*"abcd"]
    pd.testing.assert_frame_equal(again.transform(X), model.transform(X))


def test_the_same_estimator_makes_the_same_bytes(model, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    model.save(first)
    pickle.loads(pickle.dumps(model)).save(second)
    model.save(second)
    assert first.read_bytes() == second.read_bytes()


def test_people_and_tools_can_read_a_file(model, path):
    model.save(path)
    with safetensors.safe_open(path, framework="pt") as file:
        weights = {
            name.removeprefix("fitted/net/weights/"): file.get_tensor(name)
            for name in file.keys()  # noqa: SIM118, no dict
            if name.startswith("fitted/net/weights/")
        }
        content = json.loads(file.metadata()["sksequence"])
    torch.testing.assert_close(weights, dict(model.net_.module_.state_dict()))
    assert content["about"]["class"] == "GRUClassifier"
    assert content["about"]["torch"] == version("torch")
    assert content["about"]["sksequence"] == sksequence.__version__
    assert content["tree"]["hyperparameters"]["hidden_size"] == 4
    assert content["tree"]["fitted"]["history"] == model.history_
    classes = content["tree"]["fitted"]["target"]["classes"]
    assert classes["$strings"][2] == ["no", "yes"]


WITHOUT_PICKLE = """
    import pickle, sys
    import _pickle, joblib, torch, numpy as np
    import sksequence

    folder = sys.argv[1]
    with open(f"{folder}/data", "rb") as file:
        data = pickle.load(file)

    def forbidden(*_, **__):
        raise AssertionError("somebody unpickles")

    class Forbidden:
        __init__ = forbidden

    for module in (pickle, _pickle):
        module.load = module.loads = forbidden
        module.Unpickler = Forbidden
    joblib.load = torch.load = forbidden
    sys.addaudithook(lambda event, _: event == "pickle.find_class" and forbidden())
    for case, (X, methods) in data.items():
        model = sksequence.load(f"{folder}/{case}")
        found = [getattr(model, method)(X) for method in methods]
        flat = [np.concatenate([*answer], axis=None) for answer in found]
        np.savez(f"{folder}/{case}.npz", *flat)
"""


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_another_process_answers_the_same_without_pickle(tmp_path):
    expected, data = {}, {}
    for case, (_, params, *_) in CASES.items():
        if params.get("optimizer", "adam") != "adam":
            continue  # torch's own optimizers take long to import
        model, X, _ = fitted(case)
        model.save(tmp_path / case)
        data[case] = X, methods_of(model)
        expected[case] = [np.concatenate([*a], axis=None) for a in answers(model, X)]
    (tmp_path / "data").write_bytes(pickle.dumps(data))
    run(WITHOUT_PICKLE, tmp_path)
    for case, those in expected.items():
        with np.load(tmp_path / f"{case}.npz") as found:
            assert_same([found[name] for name in found.files], those)


# --------------------------------------------------------------------- what is refused


def test_before_a_fit_there_is_nothing_to_save(path):
    with pytest.raises(NotFittedError):
        make("GRUClassifier").save(path)
    assert not path.exists()


class Mine(sksequence.GRUClassifier):
    pass


def test_a_class_of_somebody_else_is_refused(path):
    model = Mine(**SMALL).fit(ragged(), WORDS)
    with pytest.raises(TypeError, match=r"Mine cannot be saved: .*by pickle"):
        model.save(path)
    Mine.__name__ = "GRUClassifier"
    try:
        with pytest.raises(TypeError, match="cannot be saved"):
            model.save(path)
    finally:
        Mine.__name__ = "Mine"
    assert not path.exists()


class Descent(torch.optim.SGD):
    pass


def strip(optimizer):
    return lambda params, lr: optimizer(params, lr=lr)


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("callbacks", [EpochScoring("accuracy", name="accuracy")], None),
        ("optimizer", Descent, "adam"),
        ("optimizer", strip(torch.optim.SGD), "sgd"),
        ("net_params", {"iterator_train__unused": len}, {"lr": 0.1}),
        ("net_params", {"callbacks__lr_schedule__monitor": "train_loss"}, {}),
        ("net_params", {"torch_load_kwargs": {"weights_only": False}}, None),
        ("net_params", {"predict_nonlinearity": None}, {"callbacks__print_log": None}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_code_is_refused_until_it_is_taken_away(name, value, instead, path):
    """What is then saved answers as before, and holds nothing of it."""
    X = ragged()
    model = make("GRUClassifier", **SMALL)
    if "iterator_train__unused" in (value if isinstance(value, dict) else ()):
        # Only a fit would look at it.
        model.fit(X, WORDS).set_params(net_params=value)
    else:
        model.set_params(**{name: value}).fit(X, WORDS)
    with pytest.raises(TypeError, match=rf"^{name}=.* set_params\({name}="):
        model.save(path)
    assert not path.exists()
    again = stored(model.set_params(**{name: instead}), path)
    assert_same(answers(again, X), answers(model, X))
    assert getattr(again, name) == instead
    again.partial_fit(X, WORDS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda model: model.set_params(class_weight={0: np.array(1j)}), "class_weight"),
        (lambda model: setattr(model, "note", "mine"), "note"),
        (lambda model: setattr(model, "_skl_callbacks", []), "set_callbacks"),
    ],
    ids=["complex", "attribute", "callbacks"],
)
def test_what_else_no_file_can_hold_is_named(change, words, model, path):
    model = copy.deepcopy(model)
    change(model)
    with pytest.raises(TypeError, match=words):
        model.save(path)
    assert not path.exists()


def test_hyperparameters_of_no_use_are_not_saved(model, path):
    model = copy.deepcopy(model).set_params(lr=-1)
    with pytest.raises(InvalidParameterError, match="lr"):
        model.save(path)
    assert not path.exists()


# ------------------------------------------------------------------------------- damage


class Bomb:
    def __reduce__(self):
        return os.system, ("touch exploded",)


def foreign_files(model):
    """What people take for a model, by mistake or on purpose."""
    packed, zipped = io.BytesIO(), io.BytesIO()
    joblib.dump(model, packed)
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("model.safetensors", bytes(10**7))
    return [
        b"",
        b"{}",
        pickle.dumps(model),
        pickle.dumps(Bomb()),
        packed.getvalue(),
        zipped.getvalue(),
        skops.io.dumps(model),
        safetensors.numpy.save({"a": np.zeros(3)}, {"sksequence": "{}"}),
        bytes(64),
        b"\xff" * 200,
    ]


def damaged(data, other, foreign, rng):
    """One of the many ways in which a file goes bad."""
    n = len(data)
    i, j = sorted(rng.integers(0, n, 2))
    size = int(rng.integers(1, 200))
    header = int.from_bytes(data[:8], "little")
    bad = bytearray(data)
    match rng.integers(0, 10):
        case 0:
            return data[:i]
        case 1 | 2:
            bad[i] ^= 1 << rng.integers(0, 8)
        case 3:
            bad[rng.integers(0, 8 + header)] ^= 1 << rng.integers(0, 8)
        case 4:  # two blocks change places
            bad[i : i + size], bad[j : j + size] = bad[j : j + size], bad[i : i + size]
        case 5:  # a block of another model
            bad[i : i + size] = other[i : i + size]
        case 6:  # the one's header before the other's data
            cut = 8 + header if i % 2 else i
            return data[:cut] + other[cut:]
        case 7:
            bad[:8] = rng.integers(0, 2 ** rng.integers(1, 63)).tobytes()
        case 8:  # sizes and offsets that are not
            digits = np.flatnonzero(np.isin([*data[: 8 + header]], [*b"0123456789"]))
            for k in rng.choice(digits, 3):
                bad[k] = 48 + rng.integers(0, 10)
        case 9:
            return [*foreign, data + data[:size], data[:i] + data[j:]][
                rng.integers(0, len(foreign) + 2)
            ]
    return bytes(bad)


def test_no_damaged_file_is_loaded(model, path, monkeypatch):
    """2000 of them, each a ValueError that names the file, in little memory."""
    monkeypatch.chdir(path.parent)
    model.save(path)
    data = path.read_bytes()
    make("GRUClassifier", **SMALL, lr=0.1).fit(ragged(), WORDS).save(path)
    other = path.read_bytes()
    assert abs(len(other) - len(data)) < 30  # their parts fit each other
    foreign = foreign_files(model)
    rng = np.random.default_rng(0)
    tracemalloc.start()
    n_refused = largest = 0
    try:
        while n_refused < 2000:
            bad = damaged(data, other, foreign, rng)
            if bad in (data, other):
                continue
            path.write_bytes(bad)
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            with pytest.raises(
                ValueError, match=r"/model\.safetensors cannot be loaded: "
            ):
                sksequence.load(path)
            largest = max(largest, tracemalloc.get_traced_memory()[1] - before)
            n_refused += 1
    finally:
        tracemalloc.stop()
    assert largest < 20 * len(data)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    path.write_bytes(data)
    assert_same(answers(sksequence.load(path), ragged()), answers(model, ragged()))


# ----------------------------------------------------------------------------- forgery


def forge(path, change):
    """Change what a file says, and put a checksum upon it that fits."""
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    content = json.loads(header["__metadata__"]["sksequence"])
    arrays = safetensors.numpy.load(data)
    change(content, arrays)
    content["sha256"] = "0" * 64
    text = json.dumps(content, separators=(",", ":"))
    data = safetensors.numpy.save(arrays, {"sksequence": text})
    digest = hashlib.sha256(data).hexdigest().encode()
    path.write_bytes(data.replace(b"0" * 64, digest, 1))


def in_tree(*place, value):
    def change(content, _):
        *parents, name = place
        part = content["tree"]
        for parent in parents:
            part = part[parent]
        part[name] = value

    return change


def in_arrays(name, value):
    def change(_, arrays):
        arrays[name] = value(arrays[name])

    return change


def without(*place):
    def change(content, arrays):
        *parents, name = place
        part = content["tree"]
        for parent in parents:
            part = part[parent]
        del part[name]
        arrays.pop("/".join(place), None)

    return change


HEAD = "fitted/net/weights/head.bias"
AVERAGE = "fitted/net/optimizer/state/0/exp_avg"
BILLION = 10**9

FORGERIES = {
    "class": (lambda c, _: c["about"].update({"class": "Pipeline"}), "holds a Pipeline"),
    "lacking": (without("fitted", "network"), "network"),
    "unlearnt": (without("fitted", "target", "classes"), "labels lack classes"),
    "foreign": (
        in_tree("hyperparameters", "fit", value=1),
        "names that GRUClassifier has not: fit",
    ),
    "invalid": (
        in_tree("hyperparameters", "dropout", value="0.5"),
        "'dropout' parameter",
    ),
    "fixed": (in_tree("fitted", "network", "dropout", value=2.0), "'dropout' parameter"),
    "classes": (
        in_tree("fitted", "target", "classes", value={"$strings": ["<U1", [1], ["a"]]}),
        "2 outputs for 1 targets",
    ),
    "keyword": (in_tree("fitted", "settings", "module", value=1), "module"),
    "cell": (in_tree("fitted", "network", "cell", value="eval"), "cell"),
    "loss": (in_tree("fitted", "settings", "loss", value="eval"), "eval"),
    "wide": (
        in_tree("fitted", "network", "hidden_size", value=10**6),
        r"weight .* of shape",
    ),
    "wider": (
        in_tree("fitted", "network", "hidden_size", value=BILLION),
        "for any machine",
    ),
    "widest": (in_tree("fitted", "network", "hidden_size", value=10**30), "Overflow"),
    "deep": (
        in_tree("fitted", "network", "num_layers", value=10**8),
        "num_layers=100000000 has",
    ),
    "convolved": (
        in_tree("fitted", "network", "conv_channels", value={"$tuple": [1] * 10**5}),
        r"len\(conv_channels\)=100000 has",
    ),
    "channels": (
        in_tree("fitted", "network", "input_size", value=BILLION),
        "input_size=1000000",
    ),
    "tokens": (
        in_tree("fitted", "network", "embedding_dim", value=BILLION),
        "weight .* of shape",
    ),
    "outputs": (
        in_tree("fitted", "network", "output_size", value=BILLION),
        "weight .* of shape",
    ),
    "dtype": (in_tree("fitted", "network", "dtype", value="hub"), "'dtype' parameter"),
    "longer": (in_arrays(HEAD, lambda a: np.append(a, a)), "head.bias.*shape"),
    "other": (in_arrays(HEAD, lambda a: a.astype("f8")), "head.bias.*float64"),
    "averages": (in_arrays(AVERAGE, lambda a: a[:1, :1].copy()), "exp_avg has shape"),
    "step": (
        in_arrays("fitted/net/optimizer/state/0/step", lambda a: np.append(a, a)),
        "step has shape",
    ),
    "generator": (in_arrays("fitted/net/generator", lambda a: a[:9].copy()), "5056"),
    "callbacks": (
        in_tree("hyperparameters", "callbacks", value=["x"]),
        "callbacks=.*code looked up",
    ),
    "called": (in_tree("fitted", "settings", "callbacks", value=["x"]), "code looked up"),
    "request": (
        in_tree("attributes", "_metadata_request", value={"consumes": {"a": 1}}),
        "add_request",
    ),
    **{
        f"{where}-{next(iter(params))}": (
            in_tree(*place, "net_params", value=params),
            "net_params=.*code looked up",
        )
        for where, place in {
            "next": ("hyperparameters",),
            "last": ("fitted", "settings"),
        }.items()
        for params in (
            {"compile": True},
            {"module__hidden_size": BILLION},
            {"torch_load_kwargs": {"weights_only": False}},
            {"callbacks__lr_schedule__policy": "sys"},
            {"criterion": "x"},
            {"initialized_": 1},
        )
    },
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_file_neither_runs_code_nor_takes_memory(forgery, model, path):
    change, reason = FORGERIES[forgery]
    model.save(path)
    forge(path, lambda *_: None)
    sksequence.load(path)
    forge(path, change)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    now = pages * resource.getpagesize()
    # Who asks for more fails too, but in other words.
    resource.setrlimit(resource.RLIMIT_AS, (now + 2**28, limits[1]))
    try:
        with pytest.raises(ValueError, match=f"cannot be loaded: .*{reason}") as raised:
            sksequence.load(path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    assert "memory" not in str(raised.value).lower()


def test_a_forged_film_takes_no_memory(path):
    fitted("films")[0].save(path)
    forge(path, in_tree("fitted", "network", "patch_size", value=10**6))
    with pytest.raises(ValueError, match=r"peepholes.* \(3, 4, 1, 1\)"):
        sksequence.load(path)


# ----------------------------------------------------------------------------- versions


def newer(version, **names):
    def change(content, _):
        content["version"] = version
        content["about"]["sksequence"] = "9.9"
        content["tree"]["hyperparameters"].update(names)
        content["tree"]["fitted"].update(names)
        content["tree"]["fitted"]["reading"].update(names)

    return change


def test_a_newer_minor_format_loads_with_a_warning(model, path):
    model.save(path)
    forge(path, newer([2, 1], new_hyperparameter=3, new_=[1]))
    with pytest.warns(UserWarning, match=r"sksequence 9\.9 in format 2\.1, newer"):
        again = sksequence.load(path)
    assert_same(answers(again, ragged()), answers(model, ragged()))
    assert not hasattr(again, "new_")
    assert_same(again.get_params(), model.get_params())


def test_a_newer_major_format_says_who_wrote_it(model, path):
    model.save(path)
    forge(path, newer([3, 0]))
    with pytest.raises(
        ValueError, match=r"sksequence 9\.9 has written it in format 3\.0"
    ):
        sksequence.load(path)


@pytest.mark.parametrize("version", [(2, 1), (3, 0)])
def test_a_pickle_of_a_newer_format_warns(version, model, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(states, "FORMAT", version)
        later.setattr(states, "__version__", "9.9")
        stored = pickle.dumps(model)
    with pytest.warns(UserWarning, match=r"sksequence 9\.9 has stored .* newer format"):
        again = pickle.loads(stored)
    assert_same(answers(again, ragged()), answers(model, ragged()))


def test_a_pickle_that_lacks_a_hyperparameter_gets_its_default(model):
    state = copy.deepcopy(model.set_params(patience=7).__getstate__())
    model.set_params(patience=10)
    fitted = state["fitted"]
    del state["hyperparameters"]["patience"], fitted["settings"]["patience"]
    del fitted["network"]["num_layers"], fitted["fixed"]["num_layers"]
    again = sksequence.GRUClassifier()
    again.__setstate__(state)
    assert again.patience == 10
    assert_same(answers(again, ragged()), answers(model, ragged()))
    again.set_params(warm_start=True).fit(ragged(), WORDS)


def test_a_file_that_lacks_a_hyperparameter_gets_its_default(model, path):
    model.save(path)
    forge(path, without("hyperparameters", "patience"))
    forge(path, without("fitted", "network", "num_layers"))
    forge(path, without("fitted", "settings", "patience"))
    again = sksequence.load(path)
    assert_same(again.get_params(), model.get_params())
    assert_same(answers(again, ragged()), answers(model, ragged()))


def test_a_copy_trains_by_itself(model):
    before = learnt(model)
    copy.copy(model).partial_fit(ragged(), WORDS)
    assert_same(learnt(model), before)


# -------------------------------------------------------------------------------- kills

KILLED_WHILE_SAVING = """
    import os, random, signal, sys, time
    import sksequence

    folder = sys.argv[1]
    target = f"{folder}/saved/model.safetensors"
    models = [sksequence.load(f"{folder}/{name}") for name in ("old", "new")]
    complete = []
    for model in models:
        model.save(target)
        complete.append(open(target, "rb").read())
    wait, met, left = random.Random(0), [], 0
    for _ in range(20):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            while True:
                for model in models:
                    model.save(target)
                    os.write(writing, b"x")
        os.read(reading, 1)
        time.sleep(wait.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sksequence.load(target)
        met.append(complete.index(open(target, "rb").read()))
        left += len(os.listdir(f"{folder}/saved")) > 1
    models[0].save(target)
    print(len(met), sorted(set(met)), left > 0, os.listdir(f"{folder}/saved"))
"""


def test_a_kill_leaves_the_old_file_or_the_new_one(model, tmp_path):
    """And what it leaves beside them, the next save removes."""
    model.save(tmp_path / "old")
    copy.copy(model).partial_fit(ragged(), WORDS).save(tmp_path / "new")
    (tmp_path / "saved").mkdir()
    said = run(KILLED_WHILE_SAVING, tmp_path)
    assert said.strip() == "20 [0, 1] True ['model.safetensors']"


# ---------------------------------------------------------------------------- pipelines


def test_a_pipeline_is_saved_in_two_files(tmp_path):
    X, y = ragged(), labels_for("GRUClassifier", N)
    scaled = StepwiseTransformer(StandardScaler())
    pipeline = make_pipeline(scaled, make("GRUClassifier", **SMALL)).fit(X, y)

    pipeline[-1].save(tmp_path / "model.safetensors")
    skops.io.dump(pipeline[:-1], tmp_path / "rest.skops")

    assert not {"sksequence.estimators", "torch"} & set(
        (tmp_path / "rest.skops").read_bytes().decode("latin-1").split()
    )
    known = ["sksequence.preprocessing.stepwise.StepwiseTransformer"]
    rest = skops.io.load(tmp_path / "rest.skops", trusted=known)
    again = Pipeline(
        [*rest.steps, ("gru", sksequence.load(tmp_path / "model.safetensors"))]
    )
    assert_same(again.predict_proba(X), pipeline.predict_proba(X))
    assert_same(again.predict(X), pipeline.predict(X))
