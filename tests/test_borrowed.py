"""Private names of other libraries: each in one module, and nothing fails without it."""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import inspect
import json
import os
import pickle
import subprocess
import sys
import warnings
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import pytest
import sklearn.utils._param_validation as theirs
import torch
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import BaseCrossValidator, HalvingGridSearchCV
from skorch import NeuralNet
from skorch.callbacks import Callback

import sksequence
from helpers.data import ragged
from helpers.estimators import labels_for, make
from sksequence._cells.rnn import RNN
from sksequence._inputs import borrowed
from sksequence._inputs import validation as ours
from sksequence._kernels import compiler, ready

PACKAGE = Path(sksequence.__file__).parent
BORROWED = {
    "_inputs/borrowed.py": "sklearn",
    "_training/borrowed_skorch.py": "skorch",
    "_training/borrowed_torch.py": "torch",
    "_kernels/borrowed.py": "numba",
}
LIBRARIES = {
    "sklearn",
    "skorch",
    "torch",
    "numba",
    "llvmlite",
    "joblib",
    "numpy",
    "scipy",
}
# Public by name only: numba's and llvmlite's inner modules.
INNER = ("numba.core", "llvmlite.ir")
BASES = (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    TransformerMixin,
    ClassNamePrefixFeaturesOutMixin,
    BaseCrossValidator,
    HalvingGridSearchCV,
    NeuralNet,
    Callback,
    torch.optim.Optimizer,
    torch.nn.Module,
)
# Attributes that scikit-learn's documentation asks of, or offers to, other packages; it
# reads the constraints from us.
OFFERED = {"_doc_link_module", "_doc_link_template", "_doc_link_url_param_generator"}
OFFERED |= {"_init_callback_context"}
OFFERED |= {"_parameter_constraints"}
OFFERED |= {"_repr_html_", "_repr_mimebundle_"}  # of IPython


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


INHERITED = {
    *(name for base in BASES for name in dir(base) if is_private(name)),
    *(n for n in torch.optim.Optimizer.__annotations__ if is_private(n)),
    *("_sklearn_output_config", "_metadata_request", "_opt_called", "_orig_mod"),
} - OFFERED


def imported_privately(tree):
    """Full names of what is imported of the libraries, as far as they are private."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            private = any(map(is_private, parts)) or name.startswith(INNER)
            if parts[0] in LIBRARIES and private:
                yield name


def used_privately(tree):
    """Private attributes of the libraries' modules, and of their classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of_library = isinstance(node.value, ast.Name) and node.value.id in LIBRARIES
            if (of_library and is_private(node.attr)) or node.attr in INHERITED:
                yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and node.value in INHERITED:
            yield node.value
        elif isinstance(node, ast.ClassDef):
            methods = (n for n in node.body if isinstance(n, ast.FunctionDef))
            yield from (n.name for n in methods if n.name in INHERITED)


def tree_of(path):
    return ast.parse((PACKAGE / path).read_text(encoding="utf-8"))


PATHS = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", PATHS)
def test_private_names_stand_in_one_module_for_each_library(path):
    tree = tree_of(path)
    found = [*imported_privately(tree), *used_privately(tree)]
    if path not in BORROWED:
        assert not found
    else:
        assert found
        libraries = {i.split(".")[0] for i in imported_privately(tree)}
        assert libraries <= {BORROWED[path], "llvmlite"}


# -------------------------------------------------------------------- in a fresh process

# Takes names away from our own modules alone: the libraries need them themselves.
WITHOUT = """
import builtins, sys
import_anything = builtins.__import__
def import_others(name, globals=None, locals=None, fromlist=(), level=0):
    if (globals or {}).get("__name__", "").startswith("sksequence") and level == 0:
        for one in (name, *(f"{name}.{part}" for part in fromlist or ())):
            if one in BLOCKED:
                raise ImportError(f"{one} is blocked")
    return import_anything(name, globals, locals, fromlist, level)
builtins.__import__ = import_others
"""


def run_without(blocked, program, **environment):
    """What a program prints in a process in which these names can't be imported."""
    done = subprocess.run(
        [sys.executable, "-c", f"BLOCKED = {set(blocked)!r}\n{WITHOUT}\n{program}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0", **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def block(patch, blocked):
    """Let our modules, in this process, import these names no longer."""
    import_anything = builtins.__import__

    def import_others(name, globals=None, locals=None, fromlist=(), level=0):
        asked = {name, *(f"{name}.{part}" for part in fromlist or ())}
        importer = (globals or {}).get("__name__", "")
        if importer.startswith("sksequence") and not level and asked & set(blocked):
            raise ImportError(f"{asked & set(blocked)} is blocked")
        return import_anything(name, globals, locals, fromlist, level)

    patch.setattr(builtins, "__import__", import_others)


def read_again(path, monkeypatch, blocked=()):
    """A second copy of a module, imported without some names."""
    name = f"sksequence.{path.removesuffix('.py').replace('/', '.')}_again"
    spec = importlib.util.spec_from_file_location(name, PACKAGE / path)
    module = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patch:
        block(patch, blocked)
        spec.loader.exec_module(module)
    return module


# --------------------------------------------------------------------------- scikit-learn

SKLEARN = [
    sorted(imported_privately(group))
    for group in tree_of("_inputs/borrowed.py").body
    if isinstance(group, ast.Try)
]

WITHOUT_TORCH = """
import json
import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler
from sksequence import GRUClassifier
from sksequence.forecasting import forecast_recursive
from sksequence.model_selection import PurgedKFold
from sksequence.preprocessing import SequenceTokenizer, StepwiseTransformer
from sksequence.preprocessing import SlidingWindow

def error_of(call):
    try:
        call()
    except Exception as error:
        return [str(error), isinstance(error, ValueError), isinstance(error, TypeError)]

X = np.arange(24.0).reshape(12, 2)
table = pd.DataFrame(X, columns=["a", "b"])
windows = SlidingWindow(3).fit(table)
steps = StepwiseTransformer(StandardScaler()).fit(X.reshape(2, 6, 2))
answers = [
    list(windows.get_feature_names_out()),
    list(steps.get_feature_names_out()),
    list(SlidingWindow(3).fit(X).get_feature_names_out()),
    error_of(lambda: windows.get_feature_names_out(["a"])),
    error_of(lambda: windows.get_feature_names_out(["b", "a"])),
    error_of(lambda: SlidingWindow(0).fit(X)),
    error_of(lambda: SlidingWindow(2, context=1).fit(X)),
    error_of(lambda: StepwiseTransformer(1).fit(X)),
    error_of(lambda: steps.set_output(transform="arrow")),
    error_of(lambda: SequenceTokenizer(min_df=1.5).fit(["a b"])),
    error_of(lambda: SequenceTokenizer(analyzer="line").fit(["a b"])),
    error_of(lambda: GRUClassifier(random_state=-1).fit(X, X[:, 0] > 3)),
    error_of(lambda: GRUClassifier(hidden_size=2.5).fit(X, X[:, 0] > 3)),
    error_of(lambda: GRUClassifier(lr=float("nan")).fit(X, X[:, 0] > 3)),
    error_of(lambda: GRUClassifier(verbose=-1).fit(X, X[:, 0] > 3)),
    error_of(lambda: forecast_recursive(None, X, horizon=0)),
    error_of(lambda: next(PurgedKFold(2, length=1).split(3))),
    [part.tolist() for part in next(PurgedKFold(2, length=1).split(X))],
    "torch" in sys.modules,
]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def with_all_names():
    return json.loads(run_without((), WITHOUT_TORCH))


def test_the_answers_are_worth_comparing(with_all_names):
    errors = with_all_names[3:17]
    assert all(error is not None for error in errors)
    assert sum("parameter of" in error[0] for error in errors) >= 10


@pytest.mark.parametrize("group", SKLEARN, ids=" ".join)
def test_without_names_of_scikit_learn_all_is_the_same(group, with_all_names):
    assert json.loads(run_without(group, WITHOUT_TORCH)) == with_all_names


@pytest.mark.parametrize("name", SKLEARN[0])
def test_of_the_validation_all_is_scikit_learns_or_none(name, monkeypatch):
    substitutes = [n for n in vars(ours) if hasattr(borrowed, n) and n[0] in "HIRSfv"]
    assert len(substitutes) >= len(SKLEARN[0])
    reread = read_again("_inputs/borrowed.py", monkeypatch, {name})
    for one in substitutes:
        assert getattr(reread, one) is getattr(ours, one)
        assert getattr(borrowed, one) is not getattr(ours, one)


FIT = """
import os, tempfile, warnings
import numpy as np
from sksequence import GRUClassifier, load
rng = np.random.default_rng(0)
X = [rng.normal(size=(n, 3)) for n in (5, 9, 4, 7, 12, 6, 8, 3)]
model = GRUClassifier(
    hidden_size=8, max_epochs=3, lr=0.1, gradient_clip=0.05, random_state=0
)
model.fit(X, np.arange(8) % 2)
model.partial_fit(X, np.arange(8) % 2)
path = os.path.join(tempfile.mkdtemp(), "model.seq")
model.save(path)
print(load(path).predict_proba(X).tobytes().hex())
"""


def answers(printed):
    return np.frombuffer(bytes.fromhex(printed), dtype=np.float64)


@pytest.fixture(scope="module")
def fitted():
    """What the fit prints with all names."""
    return run_without((), FIT)


def test_without_any_name_of_scikit_learn_a_fit_is_the_same_to_the_bit(fitted):
    assert run_without([name for group in SKLEARN for name in group], FIT) == fitted


def test_without_a_method_of_scikit_learn_ours_validates(monkeypatch):
    with monkeypatch.context() as patch:
        patch.delattr(BaseEstimator, "_validate_params")
        reread = read_again("_inputs/borrowed.py", monkeypatch)
    assert reread.validate_estimator is ours.validate_estimator
    with pytest.raises(ours.InvalidParameterError, match="'lr' parameter of GRUClas"):
        reread.validate_estimator(make("GRUClassifier", lr="fast"))
    reread.validate_estimator(make("GRUClassifier"))


CONSTRAINTS = [
    [int, None],
    [float, str, callable],
    [np.ndarray],
    ["boolean"],
    ["random_state"],
    ["verbose", "boolean"],
    [("HasMethods", ["fit"])],
    [("HasMethods", ["fit", "transform"]), None],
    [("StrOptions", {"mean", "last"}), None],
    *(
        [("Interval", kind, left, right, closed)]
        for kind in (Integral, Real)
        for left, right in ((0, 3), (-2, 1))
        for closed in ("left", "right", "both", "neither")
    ),
    [("Interval", Integral, 1, None, "left"), ("Interval", "RealNotInt", 0, 1, "both")],
    [("Interval", Real, None, 0.5, "right"), ("Interval", Real, 3, None, "neither")],
]
VALUES = [None, True, np.False_, 0, 1, 3, -2, -1, 2**32, 0.0, 1.0, 0.5, float("nan")]
VALUES += [np.inf, np.int64(3), np.float32(1), "mean", "sum", int, len, np.zeros(2)]
VALUES += [np.random.RandomState(0), TransformerMixin(), [1]]


def build(module, constraint):
    if not isinstance(constraint, tuple):
        return constraint
    name, *rest = constraint
    if name != "Interval":
        return getattr(module, name)(*rest)
    kind, left, right, closed = rest
    kind = module.RealNotInt if kind == "RealNotInt" else kind
    return module.Interval(kind, left, right, closed=closed)


# Numbered, not named: sets and objects print differently in every process.
@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize("value", VALUES)
def test_our_validation_says_what_scikit_learns_says(constraints, value):
    said = [word_for(module, constraints, value) for module in (ours, theirs)]
    assert said[0] == said[1]


def word_for(module, constraints, value):
    """What the validation of a module says of a value, if it is refused."""
    allowed = {"p": [build(module, one) for one in constraints]}
    try:
        module.validate_parameter_constraints(allowed, {"p": value, "q": 1}, "f")
    except module.InvalidParameterError as error:
        return str(error), isinstance(error, ValueError), isinstance(error, TypeError)


# ---------------------------------------------------------------------------------- torch

TORCH = sorted(imported_privately(tree_of("_training/borrowed_torch.py")))


def gradients_after(clip, max_norm):
    generator = torch.Generator().manual_seed(0)
    parameters = [torch.zeros(shape) for shape in ((3,), (4, 5), (2, 3, 2), ())]
    for parameter in parameters[:-1]:
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    clip(iter(parameters), max_norm)
    return parameters


@pytest.mark.parametrize("max_norm", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("missing", [None, *TORCH])
def test_gradients_are_clipped_as_torch_clips_them(missing, max_norm, monkeypatch):
    expected = gradients_after(torch.nn.utils.clip_grad_norm_, max_norm)
    module = read_again("_training/borrowed_torch.py", monkeypatch, {missing})
    clipped = gradients_after(module.clip_gradients, max_norm)
    for mine, known in zip(clipped, expected, strict=True):
        assert (mine.grad is None) == (known.grad is None)
        assert mine.grad is None or torch.equal(mine.grad, known.grad)


@pytest.mark.parametrize("missing", TORCH)
def test_without_a_name_torchs_own_adam_serves(missing, monkeypatch):
    assert read_again("_training/borrowed_torch.py", monkeypatch).CAN_STEP_FUSED
    needed = missing.startswith(("torch._fused", "torch._foreach_add"))
    assert (not needed) == read_again(
        "_training/borrowed_torch.py", monkeypatch, {missing}
    ).CAN_STEP_FUSED


def test_without_a_name_autograd_serves(monkeypatch):
    """Where hooks cannot be known, and where the gradient of a loss is not at hand."""
    path = "_training/borrowed_torch.py"
    layer = torch.nn.Linear(2, 3)
    parts = [layer], list(layer.parameters())
    module = read_again(path, monkeypatch)
    assert not module.has_hooks(*parts)
    assert module.log_softmax_gradient is not None
    hooks = "torch.nn.modules.module._has_any_global_hook"
    assert read_again(path, monkeypatch, {hooks}).has_hooks(*parts)
    gradient = "torch._log_softmax_backward_data"
    assert read_again(path, monkeypatch, {gradient}).log_softmax_gradient is None


@pytest.mark.parametrize("change", ["one more", "one less"])
def test_with_other_hooks_torchs_own_adam_serves(change, monkeypatch):
    known = torch.optim.Optimizer.__annotations__
    if change == "one more":
        monkeypatch.setitem(known, "_optimizer_late_hooks", dict)
    else:
        monkeypatch.delitem(known, "_optimizer_step_pre_hooks")
    assert not read_again("_training/borrowed_torch.py", monkeypatch).CAN_STEP_FUSED


def test_without_any_name_of_torch_a_fit_is_the_same_within_rounding(fitted):
    public = "import torch\n"
    public += "from sksequence._training.optimizers import OPTIMIZERS\n"
    public += "assert OPTIMIZERS['adam'] is torch.optim.Adam\n"
    without = answers(run_without(TORCH, public + FIT))
    np.testing.assert_allclose(without, answers(fitted), atol=1e-5)


@pytest.mark.parametrize(
    ("module", "function", "find"),
    [
        ("sklearn.metrics._scorer", "_score", borrowed.scorer_in_use),
        ("sklearn.model_selection._validation", "_fit_and_predict", borrowed.fold_in_use),
    ],
)
def test_a_function_with_other_variables_is_not_read(module, function, find):
    others = {"__name__": module}
    exec(f"def {function}(self, find): return find()", others)
    assert others[function](object(), find) is None
    assert find() is None


# --------------------------------------------------------------------------------- skorch


@pytest.mark.parametrize("name", ["_default_callbacks", "_set_training"])
def test_what_skorch_calls_otherwise_changes_no_bit(name, monkeypatch):
    from sksequence._training.borrowed_skorch import Net

    X, y = ragged(), labels_for("GRUClassifier", 8)
    dropout = {"dropout": 0.5, "early_stopping": True, "validation_fraction": 0.3}
    expected = make("GRUClassifier", **dropout).fit(X, y)
    assert name in vars(Net)
    monkeypatch.delattr(Net, name)
    fitted = make("GRUClassifier", **dropout).fit(X, y)
    assert np.array_equal(fitted.predict_proba(X), expected.predict_proba(X))
    names = [name for name, _ in expected.net_.callbacks_]
    assert [name for name, _ in fitted.net_.callbacks_] == names


# ---------------------------------------------------------------------------------- numba


@pytest.fixture
def uncompiled(monkeypatch, tmp_path):
    """A compiler that has nothing in memory, nor anything kept or ready."""
    monkeypatch.setattr(ready, "DIRECTORY", tmp_path / "ready")
    monkeypatch.setenv("SKSEQUENCE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compiler, "_load", compiler._load.__wrapped__)
    for name in ("borrowed", "simd", "recurrence"):
        monkeypatch.delitem(sys.modules, f"sksequence._kernels.{name}", raising=False)
    compiler._warn.cache_clear()
    yield compiler
    compiler._warn.cache_clear()


@pytest.mark.parametrize(
    "name", ["numba", "llvmlite", *imported_privately(tree_of("_kernels/borrowed.py"))]
)
def test_without_a_name_of_numba_there_is_one_warning_and_no_kernel(
    name, uncompiled, monkeypatch
):
    # test_kernels.py shows that torch's layers then give the same results.
    block(monkeypatch, {name})
    with pytest.warns(RuntimeWarning, match="no compiled kernels.*is blocked"):
        assert uncompiled.load("recurrence", 32, RNN) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert uncompiled.load("recurrence", 64, RNN) is None


def test_a_net_of_an_older_version_is_read(tmp_path):
    """The classes that moved nothing: a pickle names only what is where it was."""
    X, y = ragged(), labels_for("GRUClassifier", 8)
    model = make("GRUClassifier").fit(X, y)
    assert b"borrowed" not in pickle.dumps(model)


def test_substitutes_take_what_scikit_learns_take():
    for name in ("validate_parameter_constraints", "validate_params"):
        assert list(inspect.signature(getattr(ours, name)).parameters) == list(
            inspect.signature(getattr(theirs, name)).parameters
        )
