"""A world that does not keep still: threads, clocks, locales, folders, odd input."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from skorch.callbacks import Callback

import sksequence
from helpers.data import data_for, ragged
from helpers.estimators import PUBLIC, make
from sksequence.utils import check_sequence_estimator

X = ragged()
Y = np.arange(len(X)) % 2


def bits(answers):
    return b"".join(np.ascontiguousarray(answer).tobytes() for answer in answers)


# -------------------------------------------------------------------------------- threads


def test_fits_and_answers_of_all_classes_at_once():
    models = {name: make(name, dropout=0.1, n_jobs=2) for name in PUBLIC}
    expected = {name: bits(m.fit(*data_for(name, X, Y)).predict(data_for(name, X, Y)[0]))
                for name, m in models.items()}  # fmt: skip

    def refit(name):
        model = make(name, dropout=0.1, n_jobs=2).fit(*data_for(name, X, Y))
        return bits(model.predict(data_for(name, X, Y)[0]))

    names = [*PUBLIC, *reversed(PUBLIC)]
    with ThreadPoolExecutor(6) as pool:
        for name, answer in zip(names, pool.map(refit, names), strict=True):
            assert answer == expected[name], name


def test_one_estimator_answers_many_threads():
    model = make("GRUClassifier", parallel_channels=(4, 4, 4), bidirectional=True)
    model.fit(X, Y)
    parts = [X[i : i + 3] for i in range(6)] * 4
    expected = [bits(model.predict_proba(part)) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda part: bits(model.predict_proba(part)), parts)
        assert list(answers) == expected


class Meddler(Callback):
    """Writes to the user's arrays from another thread, while the fit goes on."""

    def __init__(self, *arrays):
        self.arrays = arrays

    def on_epoch_begin(self, net, **kwargs):
        thread = threading.Thread(target=self._meddle)
        thread.start()
        thread.join()

    def _meddle(self):
        for array in self.arrays:
            array[...] = 7


@pytest.mark.parametrize("form", ["block", "list", "tokens", "steps"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_that_change_during_a_fit(form, dtype):
    rng = np.random.default_rng(0)
    params = {"max_epochs": 3, "standardize": False, "dtype": np.dtype(dtype).name}
    block = rng.normal(size=(12, 6, 2)).astype(dtype)
    y, weight = rng.normal(size=12).astype(dtype), rng.uniform(1, 2, 12).astype(dtype)
    name = "GRURegressor"
    if form == "tokens":
        block, params["embedding_dim"] = rng.integers(0, 5, (12, 6, 1)), 3
    if form == "steps":
        name, y = "RecurrentStepRegressor", rng.normal(size=(12, 6)).astype(dtype)

    def fit(*meddled):
        model = make(name, **params, callbacks=[Meddler(*meddled)])
        given_X = list(meddled[0]) if form == "list" else meddled[0]
        return model.fit(given_X, meddled[1], meddled[2])

    expected = make(name, **params).fit(block.copy(), y.copy(), weight.copy())
    model = fit(block.copy(), y.copy(), weight.copy())
    assert bits(model.predict(block)) == bits(expected.predict(block))


# ----------------------------------------------------- clocks, folders, languages


@pytest.mark.parametrize("direction", [-1, 0])
def test_a_clock_that_stands_or_goes_back(direction, monkeypatch):
    expected = make("GRUClassifier").fit(X, Y)
    now = iter(range(10**6))
    monkeypatch.setattr(time, "time", lambda: 1e9 + direction * next(now))
    model = make("GRUClassifier").fit(X, Y)
    assert bits(model.predict_proba(X)) == bits(expected.predict_proba(X))
    assert model.history_[0]["train_loss"] == expected.history_[0]["train_loss"]


@pytest.mark.skipif(os.name != "posix", reason="the folder one is in cannot be removed")
def test_a_working_folder_that_is_gone(tmp_path, monkeypatch):
    expected = bits(make("GRUClassifier").fit(X, Y).predict_proba(X))
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    model = make("GRUClassifier", checkpoint=tmp_path / "fit").fit(X, Y)
    model.save(tmp_path / "model")
    model.to_numpy(tmp_path / "model.py")
    assert bits(sksequence.load(tmp_path / "model").predict_proba(X)) == expected


ELSEWHERE = """
import locale, sys
for name in ("de_DE.UTF-8", "tr_TR.UTF-8", ""):
    try:
        locale.setlocale(locale.LC_ALL, name)
        break
    except locale.Error:
        pass
import numpy as np
import sksequence

X = list(np.load("X.npy"))
model = sksequence.load("model")
assert model.predict(X).tolist() == ["\\u0131\\u00df", "\\u96ea"], ascii(model.predict(X))
model.fit(X, ["\\u0131\\u00df", "\\u96ea"]).save("again")
model.to_numpy("again.py")
from again import predictor
assert predictor.predict(X).tolist() == model.predict(X).tolist()
sys.stdout.buffer.write(sksequence.load("again").predict_proba(X).tobytes())
"""


@pytest.mark.parametrize("language", ["C", "de_DE.UTF-8"])
def test_other_languages(language, tmp_path):
    block = np.stack([np.zeros((6, 2)), np.ones((6, 2))])
    model = make("GRUClassifier", max_epochs=30, lr=0.1).fit(block, ["ıß", "雪"])
    model.save(tmp_path / "model")
    np.save(tmp_path / "X.npy", block)
    environment = os.environ | {"LC_ALL": language, "LANG": language, "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        cwd=tmp_path,
        env=environment | {"PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode("ascii", "replace")
    assert done.stdout == model.predict_proba(list(block)).tobytes()


# -------------------------------------------------------------------- nothing left behind


def resources():
    gc.collect()
    folder = Path("/proc/self")
    children = folder / "task" / str(os.getpid()) / "children"
    return {
        "files": len(list((folder / "fd").iterdir())),
        "threads": len(list((folder / "task").iterdir())),
        "children": children.read_text().split(),
        "temporary": sorted(os.listdir(tempfile.gettempdir())),
        "here": sorted(os.listdir()),
    }


def resident():
    """Memory that this process holds, in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.no_cover
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
def test_a_hundred_fits_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rng = np.random.default_rng(0)
    block, labels = rng.normal(size=(64, 30, 3)), np.arange(64) % 2

    def use():
        model = make("GRUClassifier", hidden_size=32, max_epochs=1, n_jobs=2)
        model.fit(block, labels).save(tmp_path / "model")
        sksequence.load(tmp_path / "model").predict(block)
        stream = pickle.loads(pickle.dumps(model.open_stream(64)))
        stream.step(block[:, 0])

    for _ in range(10):
        use()
    before, at_first = resources(), resident()
    for _ in range(100):
        use()
    assert resources() == before
    # One fit's states, gates and gradients alone are more than this.
    assert resident() - at_first < 5


# ---------------------------------------------------------------------------- odd input


def arrays(**limits):
    shapes = st.lists(st.integers(0, 4), min_size=0, max_size=4).map(tuple)
    dtypes = st.sampled_from(
        [
            "f4",
            "f8",
            "f2",
            "i4",
            "u1",
            "?",
            "c8",
            "U3",
            "S3",
            "O",
            "M8[s]",
            "m8[s]",
            ">f8",
        ]
    )

    def fill(drawn):
        shape, dtype, seed = drawn
        values = np.random.default_rng(seed).normal(size=shape) * 10.0 ** (seed % 50)
        if seed % 3 == 0 and values.size:
            values.flat[0] = [np.nan, np.inf, -np.inf][seed % 9 // 3]
        with np.errstate(all="ignore"):
            if dtype[0] in "Mm":
                return np.zeros(shape, dtype)
            return values.astype(dtype)

    return st.tuples(shapes, dtypes, st.integers(0, 999)).map(fill)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.complex_numbers(),
)
ODD = st.recursive(
    st.one_of(SCALARS, arrays()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=2), inner, max_size=2),
    ),
    max_leaves=6,
)


@st.composite
def nearly_right(draw, shapes):
    """Arrays of a kind, in a list or stacked, with at most one thing wrong."""
    n, kind = draw(st.integers(1, 4)), draw(st.sampled_from(["f4", "f8", "i8", "O"]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    shape = draw(st.sampled_from(shapes))
    items = [rng.integers(0, 3, size=shape).astype(kind) for _ in range(n)]
    wrong = draw(st.sampled_from(["nothing", "nothing", "value", "item", "axis"]))
    if wrong == "value" and items[0].size:
        items[0].flat[0] = draw(st.sampled_from([9, -1, 10**12]))
    if wrong == "item":
        items[-1] = draw(st.one_of(SCALARS, arrays()))
    if wrong == "axis":
        items = [item[..., None] for item in items]
    return np.array(items) if draw(st.booleans()) and wrong != "item" else items


STEPS = nearly_right([(4,), (4, 1), (3, 2), (4, 2), (1, 2)])
X_LIKE, Y_LIKE = st.one_of(STEPS, STEPS, ODD), st.one_of(nearly_right([(), (2,)]), ODD)
FITTED = {
    "numbers": lambda: make("GRUClassifier").fit(X, Y),
    "table": lambda: make("LSTMRegressor").fit(np.arange(24.0).reshape(6, 4), Y[:6]),
    "tokens": lambda: make("GRUClassifier", embedding_dim=2).fit(
        [np.arange(3), np.arange(2)], [0, 1]
    ),
    "gaps": lambda: make("GRUClassifier", missing="decay").fit(X, Y),
}


@pytest.mark.parametrize("kind", FITTED)
@pytest.mark.filterwarnings("ignore")
def test_whatever_comes_is_answered_or_refused(kind):
    model = FITTED[kind]()
    before, outcomes = pickle.dumps(model.__getstate__()), set()

    @settings(max_examples=150, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(X_LIKE)
    def ask(odd):
        try:
            answers = model.predict(odd)
        except (ValueError, TypeError):
            outcomes.add("refused")
            return
        outcomes.add("answered")
        assert len(answers) == len(odd)

    ask()
    assert outcomes == {"refused", "answered"}
    assert pickle.dumps(model.__getstate__()) == before


@pytest.mark.filterwarnings("ignore")
def test_whatever_comes_is_learnt_or_refused():
    outcomes = set()

    @settings(max_examples=150, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(X_LIKE, Y_LIKE)
    def learn(odd_X, odd_y):
        model = make("GRURegressor", max_epochs=1)
        try:
            model.fit(odd_X, odd_y)
        except (ValueError, TypeError):
            assert not hasattr(model, "net_")
            outcomes.add("refused")
            return
        outcomes.add("learnt")
        assert np.isfinite(model.predict(odd_X)).all()

    learn()
    assert outcomes == {"refused", "learnt"}


# ------------------------------------------------------------------ the contract, again


@pytest.mark.parametrize("where", ["loaded", "checkpoint"])
def test_the_contract_holds(where, tmp_path):
    model = make("GRUClassifier", hidden_size=4, bidirectional=True, max_epochs=1)
    if where == "checkpoint":
        # Each fit has a file of its own; that one is written is the user's wish.
        model.set_params(checkpoint=f"{tmp_path}{os.sep}")
    if where == "loaded":
        model.fit(X, Y).save(tmp_path / "model")
        model = sksequence.load(tmp_path / "model")
    with ThreadPoolExecutor(1) as pool:
        results = pool.submit(check_sequence_estimator, model, on_fail=None).result()
    status = {result["name"]: result["status"] for result in results}
    assert status.pop("causal") == "skipped"  # it looks ahead by design
    assert set(status.values()) == {"passed"}, results
