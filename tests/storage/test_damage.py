"""Damaged and forged files are refused, run no code and take no memory."""

from __future__ import annotations

import io
import os
import pickle
import resource
import tracemalloc
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
import safetensors.numpy
import skops.io

import sksequence
from helpers.comparing import assert_same
from helpers.data import ragged
from helpers.estimators import make
from helpers.files import SMALL, WORDS, answers, fitted, forge, without

# -------------------------------------------------------------------------------- damage


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


# ------------------------------------------------------------------------------- forgery


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
