"""Compiling kernels, and what happens where that fails."""

from __future__ import annotations

import os
import sys
import warnings

import pytest
from numba.core.errors import TypingError

from helpers.kernels import KERNELS_ARE_ON
from helpers.processes import run_python
from sksequence._cells import GRU, LSTM, RNN
from sksequence._kernels import compiler, files

pytestmark = KERNELS_ARE_ON


@pytest.mark.parametrize("value", ["off", "0", "NO"])
def test_kernels_can_be_switched_off(fresh, monkeypatch, value):
    monkeypatch.setenv("SKSEQUENCE_KERNELS", value)
    assert compiler.load("recurrence", 32, RNN) is None


def fail(*args):
    raise RuntimeError("no such instruction")


def test_a_failure_to_compile_is_one_warning_and_torchs_path(fresh, monkeypatch):
    monkeypatch.setattr(compiler, "_compile", fail)
    with pytest.warns(RuntimeWarning, match="no such instruction.*numba may help"):
        assert compiler.load("recurrence", 32, RNN) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compiler.load("recurrence", 32, GRU) is None


@pytest.mark.parametrize("missing", ["numba", "llvmlite"])
def test_a_missing_library_is_a_warning_and_the_same_results(missing):
    program = f"""
import sys, warnings
sys.modules["{missing}"] = None
import numpy as np, torch
from sksequence import GRUClassifier
X = np.random.default_rng(0).normal(size=(40, 9))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = GRUClassifier(hidden_size=4, max_epochs=2, random_state=0).fit(X, X[:, 0] > 0)
    model.predict(X)
kinds = [w.message for w in caught if "compiled kernels" in str(w.message)]
assert len(kinds) == 1, kinds
print(model.predict_proba(X)[:, 1].sum())
"""
    with_library = program.replace(f'sys.modules["{missing}"] = None', "").replace(
        "== 1", "== 0"
    )
    nothing_kept = {**os.environ, "SKSEQUENCE_CACHE_DIR": "/proc/nowhere"}
    theirs = run_python(program, env=nothing_kept)
    ours = run_python(with_library)
    assert float(ours) == pytest.approx(float(theirs), abs=1e-4)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (KeyError("lstm"), "mistake of sksequence, please report"),
        (AttributeError("no 'slots'", obj=compiler), "mistake of sksequence"),
        (TypeError("one argument too many"), "mistake of sksequence"),
        (ImportError("no numba"), "recent numba may help"),
        (
            AttributeError("no 'new'", obj=sys.modules["llvmlite"]),
            "recent numba may help",
        ),
        (TypingError("cannot compile"), "recent numba may help"),
    ],
    ids=repr,
)
def test_a_mistake_of_ours_is_not_blamed_on_numba(fresh, monkeypatch, error, advice):
    def fail(*_):
        raise error

    monkeypatch.setattr(compiler, "_compile", fail)
    with pytest.warns(
        RuntimeWarning, match=f"{type(error).__name__}.*{advice}"
    ) as caught:
        assert compiler.load("recurrence", 32, RNN) is None
    assert len(caught) == 1
    both = [words in str(caught[0].message) for words in ("mistake", "recent numba")]
    assert sum(both) == 1


def test_compiling_says_so(fresh, monkeypatch, compiled, caplog):
    monkeypatch.setattr(compiler, "_compile", lambda *_: compiled)
    compiler.load("recurrence", 32, RNN)
    assert "Compiling the recurrence-rnn32 kernels" in caplog.text
    caplog.clear()
    compiler.load("recurrence", 32, RNN)
    assert not caplog.text


@pytest.mark.no_cover
def test_kernels_of_every_kind_compile_here(fresh):
    """What the others find kept may be of an earlier run."""
    loaded = compiler.load("recurrence", 64, LSTM)
    assert set(loaded) == {"pack", "forward", "backward", "unpack"}
    (path,) = fresh.glob("*.kernels")
    assert files.read(path) is not None
