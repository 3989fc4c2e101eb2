"""Fitted networks by numpy alone."""

from __future__ import annotations

import ast
import importlib
import pickle
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

import sksequence.portable
from helpers.estimators import plain
from helpers.networks import (
    BRANCHES,
    CELLS,
    CONVOLUTIONS,
    LIVELY,
    POOLINGS,
    PROMISED,
    SPECIAL,
    answer_of,
    assert_promised,
    choices_of,
    fitted,
    link_of,
    network,
    sequences,
    special,
    with_gaps,
)
from helpers.processes import run_python
from sksequence._cells import find_cell
from sksequence.portable._cell import FittedCell

DIRECTIONS = (None, "concat", "sum", "mean", "mul")
CHOICES = choices_of(CELLS, DIRECTIONS, POOLINGS, CONVOLUTIONS, BRANCHES)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_numpy_answers_as_torch_does(choice):
    cell, direction, pooling, convolution, branch = choice
    both = {} if direction is None else {"bidirectional": True, "merge_mode": direction}
    name, params = network(cell, pooling=pooling, num_layers=2, **both)
    model = fitted(name, **params, **convolution, **branch)
    X, predictor = sequences(), model.to_numpy()
    assert_promised(predictor.predict_proba(X), model.predict_proba(X))
    assert_promised(predictor.transform(X), model.transform(X))
    assert list(predictor.predict(X)) == list(model.predict(X))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", SPECIAL)
def test_whatever_it_reads_and_answers(kind, bidirectional):
    model, X, xs, static = special(kind, bidirectional=bidirectional)
    predictor, method = model.to_numpy(), answer_of(model)
    given = {} if static is None else {"static": static}
    expected = getattr(model, method)(X)
    answers = getattr(predictor, method)(xs if static is not None else X, **given)
    assert_promised(answers, expected, model, link=link_of(model))
    assert {np.asarray(a).dtype for a in answers} == {
        np.asarray(a).dtype for a in expected
    }


@pytest.mark.parametrize("dtype", PROMISED)
@pytest.mark.parametrize("cell", CELLS)
def test_long_sequences_on_their_own_scale(cell, dtype):
    """Rounding errors of hundreds of steps in two layers, of what is not scaled."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)).cumsum(0) for n in (200, 3, 170, 41, 200, 88)]
    params = {"num_layers": 2, "standardize": False, "hidden_size": 12, "dtype": dtype}
    name, params = network(cell, **params)
    model = plain(name, **{**LIVELY, **params}).fit(X, np.arange(6) % 3)
    predictor = model.to_numpy()
    assert_promised(predictor.transform(X), model.transform(X), model)
    assert_promised(predictor.predict_proba(X), model.predict_proba(X), model)


@pytest.mark.parametrize("scale", [1, 1e4])
@pytest.mark.parametrize("missing", ["error", "mask"])
def test_a_link_multiplies_rounding_errors(missing, scale):
    """The logarithms of rates are as close as what other losses predict."""
    X = sequences() if missing == "error" else with_gaps(sequences())
    params = {**LIVELY, "loss": "poisson", "missing": missing, "max_epochs": 20}
    rates = scale * np.exp(np.arange(8.0))
    model = sksequence.GRURegressor(**params).fit(X, rates)
    expected = model.predict(X)
    assert np.ptp(np.log(expected)) > 0.5
    assert_promised(model.to_numpy().predict(X), expected, model, link="log")
    stream = model.open_stream()
    last = [[stream.step(step) for step in x][-1] for x in X if stream.reset()]
    assert_promised(last, expected, model, link="log")


def test_answers_have_the_form_and_the_precision_of_x():
    model = special("rows")[0]
    predictor, X = model.to_numpy(), np.random.default_rng(0).normal(size=(300, 9))
    assert predictor.predict(X.astype(np.float32)).dtype == np.float32
    assert predictor.predict(X).shape == (300,)
    assert_promised(predictor.predict(X), model.predict(X))
    assert predictor.predict(list(X)).shape == (300,)
    tagger, X, _, _ = special("tags")
    assert tagger.to_numpy().predict(X).dtype == object
    block = np.random.default_rng(0).normal(size=(4, 6, 2))
    assert np.array_equal(tagger.to_numpy().predict(block), tagger.predict(block))


def test_channels_first():
    X = [x.T for x in sequences()]
    model = sksequence.GRUClassifier(
        hidden_size=4, max_epochs=1, data_format="channels_first"
    ).fit(X, np.arange(len(X)) % 2)
    assert_promised(model.to_numpy().predict_proba(X), model.predict_proba(X))


# ---------------------------------------------------------------------- one file to copy


ALONE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in sys.stdlib_module_names | {"numpy", "model"}:
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, Refuse())
import numpy as np
from model import predictor

X = [np.load(f"{i}.npy") for i in range(8)]
np.save("proba.npy", predictor.predict_proba(X))
np.save("labels.npy", predictor.predict(X))
stream = predictor.open_stream()
for x in X[0]:
    last = stream.step_proba(x)
np.save("last.npy", last)
print(predictor)
"""


def test_a_file_needs_nothing_but_numpy(tmp_path):
    name, params = network("lstm", **CONVOLUTIONS[1], **BRANCHES[1], pooling="attention")
    model, X = fitted(name, **params), sequences()
    model.to_numpy(tmp_path / "model.py")
    for i, x in enumerate(X):
        np.save(tmp_path / f"{i}.npy", x)
    said = run_python(ALONE, cwd=tmp_path)
    assert "LSTMClassifier(" in said
    expected = model.predict_proba(X)
    assert_promised(np.load(tmp_path / "proba.npy"), expected)
    assert_promised([np.load(tmp_path / "last.npy")], expected[:1])
    assert list(np.load(tmp_path / "labels.npy")) == list(model.predict(X))
    assert (tmp_path / "model.py").stat().st_size < 130_000


@pytest.mark.parametrize("cell", CELLS)
def test_a_file_can_be_loaded_under_no_name_at_all(cell, tmp_path):
    name, params = network(cell)
    model, X = fitted(name, **params), sequences()
    model.to_numpy(tmp_path / "model.py")
    spec = spec_from_file_location("any name", tmp_path / "model.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "any name" not in sys.modules
    expected = model.to_numpy().predict_proba(X)
    assert np.array_equal(module.predictor.predict_proba(X), expected)


def test_a_file_holds_the_equations_of_its_cell_alone(tmp_path):
    for cell in ("gru", "lstm"):
        fitted(network(cell)[0]).to_numpy(tmp_path / f"{cell}.py")
    for cell, other in (("GRU", "LSTM"), ("LSTM", "GRU")):
        text = (tmp_path / f"{cell.lower()}.py").read_text(encoding="utf-8")
        assert text.count(f"class {cell}(Cell)") == 1
        assert f"class {other}(Cell)" not in text


def test_the_modules_need_nothing_but_numpy_and_share_no_name():
    folder = Path(sksequence.portable.__file__).parent
    owners: dict[str, str] = {}
    for path in [*folder.glob("*.py"), *folder.with_name("_cells").glob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom) and not getattr(
                node, "level", 0
            ):
                names = [a.name for a in node.names]
                root = (getattr(node, "module", None) or names[0]).partition(".")[0]
                assert root in sys.stdlib_module_names | {"numpy"}, (path.name, root)
            if isinstance(node, ast.ImportFrom) and node.level:
                assert not any(alias.asname for alias in node.names)
        # Neither is in a file: it has one cell, and nobody pickles what it defines.
        if path.name in ("__init__.py", "_earlier.py"):
            continue
        for node in tree.body:
            targets = [getattr(node, "name", None)]
            targets += [getattr(t, "id", None) for t in getattr(node, "targets", [])]
            targets += [getattr(getattr(node, "target", None), "id", None)]
            for name in filter(None, targets):
                assert owners.setdefault(name, path.name) == path.name, name


@pytest.mark.parametrize("name", ["model", "model.txt", "my model.py", "1.py", "a-b.py"])
def test_names_that_python_cannot_import(tmp_path, name):
    with pytest.raises(ValueError, match=r"such as 'model\.py'"):
        fitted("GRUClassifier").to_numpy(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_what_was_there_stays_if_writing_fails(tmp_path, monkeypatch):
    import os

    path = tmp_path / "model.py"
    path.write_text("before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        fitted("GRUClassifier").to_numpy(path)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["model.py"]
    with pytest.raises(FileNotFoundError):
        fitted("GRUClassifier").to_numpy(tmp_path / "nowhere" / "model.py")


def test_a_predictor_can_be_pickled():
    predictor, X = fitted("GRUClassifier").to_numpy(), sequences()
    again = pickle.loads(pickle.dumps(predictor))
    assert np.array_equal(again.predict_proba(X), predictor.predict_proba(X))


def pickled_as_before(kind, weights, rectifies=False):
    """What pickle held of a cell before cells described themselves.

    Its matrix had one block for each of these: a gate, whether it reads input and state,
    and the factor of its weights.
    """
    gates = {
        "rnn": [(0, (1, 1), 1.0)],
        "lstm": [(0, (1, 1), 0.5), (1, (1, 1), 0.5), (3, (1, 1), 0.5), (2, (1, 1), 1.0)],
        "gru": [(0, (1, 1), 0.5), (1, (1, 1), 0.5), (2, (1, 0), 1.0), (2, (0, 1), 1.0)],
    }[kind]
    hidden, channels = weights["weight_hh_l0"].shape[1], weights["weight_ih_l0"].shape[1]
    wide = 16
    matrix = np.zeros((wide + 1 + channels, len(gates) * wide), np.float32)
    for i, (gate, (reads_input, reads_state), factor) in enumerate(gates):
        rows, columns = slice(gate * hidden, gate * hidden + hidden), i * wide
        columns = slice(columns, columns + hidden)
        for name, reads, at in (
            ("ih", reads_input, slice(wide + 1, None)),
            ("hh", reads_state, slice(hidden)),
        ):
            part = reads * factor
            matrix[at, columns] = part * weights[f"weight_{name}_l0"][rows].T
            matrix[wide, columns] += part * weights[f"bias_{name}_l0"][rows]
    named = {"kind": kind, "rectifies": rectifies, "fade": None, "matrix": matrix}
    return {**named, "hidden": hidden, "wide": wide}


@pytest.mark.parametrize("cell", ["tanh", "relu", "lstm", "gru"])
def test_a_cell_pickled_by_an_earlier_version_is_one_of_today(cell):
    name, params = network(cell)
    _, arrays = fitted(name, **params)._export()
    start = "weights.recurrence.layers.0.ahead."
    weights = {k.removeprefix(start): v for k, v in arrays.items() if start in k}
    kind = cell if cell in ("lstm", "gru") else "rnn"
    earlier = importlib.import_module("sksequence.portable._recurrence").Cell
    loaded = earlier.__new__(earlier)
    loaded.__setstate__(pickled_as_before(kind, weights, cell == "relu"))
    today = FittedCell(find_cell(kind, cell if kind == "rnn" else "tanh"), weights)
    assert type(loaded) is FittedCell
    assert vars(loaded).keys() == vars(today).keys()
    assert loaded.cell is today.cell
    assert np.array_equal(loaded.matrix, today.matrix)


@pytest.mark.parametrize("kind", ["static", "labels", "layers", "rates"])
def test_a_head_pickled_by_an_earlier_version_is_one_of_today(kind):
    today = special(kind)[0].to_numpy().head
    earlier = importlib.import_module("sksequence.portable._answers").Answers
    loaded = earlier.__new__(earlier)
    loaded.__setstate__({**vars(today), "are_values": "scale" in vars(today)})
    assert type(loaded) is type(today)
    assert vars(loaded) == vars(today)


@pytest.mark.parametrize("cell", ["tanh", "lstm"])
def test_a_state_with_earlier_names_can_be_set(cell):
    name, params = network(cell)
    predictor, x = fitted(name, **params).to_numpy(), sequences()[0]
    stream, other = predictor.open_stream(), predictor.open_stream()
    for step in x[:4]:
        stream.step(step)
    state = stream.state
    parts = [part for part in state["parts"] if "hidden_state" in part]
    for part in parts:
        part["state"] = part.pop("hidden_state")
        part["memory"] = part.pop("cell_state", np.zeros_like(part["state"]))
    assert parts
    other.state = state
    for step in x[4:]:
        assert np.array_equal(other.step_transform(step), stream.step_transform(step))


# ----------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("kind", "X", "message"),
    [
        ("layers", [], "must hold at least one sequence"),
        ("layers", "text", "must hold at least one sequence"),
        ("layers", 5, "must hold at least one sequence"),
        ("layers", [np.zeros((3, 5))], r"Sequence 0 of X has shape \(3, 5\)"),
        ("layers", [np.zeros((3, 2)), np.zeros((0, 2))], "Sequence 1"),
        ("layers", [np.full((3, 2), np.nan)], "Sequence 0 of X contains NaN"),
        ("layers", [np.full((3, 2), 1e39)], "too large"),
        ("mask", [np.full((3, 2), np.inf)], "infinity"),
        ("tokens", [np.array([1, 9])], "from 0 to 6"),
    ],
)
def test_bad_sequences(kind, X, message):
    with pytest.raises(ValueError, match=message):
        special(kind)[0].to_numpy().predict(X)


def test_static_covariates_have_to_fit():
    model, _, xs, static = special("static")
    predictor = model.to_numpy()
    for wrong in (None, static[:2], static[:, :1], static * np.nan):
        with pytest.raises(ValueError, match=r"static must be finite .* \(8, 2\)"):
            predictor.predict(xs, wrong)
    with pytest.raises(TypeError, match="predicts numbers"):
        predictor.predict_proba(xs, static)
