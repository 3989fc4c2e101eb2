"""Files, pickles and checkpoints of earlier versions are read, and mean the same.

``older/`` has an archive for each version, written by ``store.py`` at the time.
"""

from __future__ import annotations

import importlib.util
import json
import pickle
import re
import shutil
import tarfile
from pathlib import Path

import joblib
import numpy as np
import pytest

import sksequence
from helpers.estimators import PUBLIC
from storage import store

ARCHIVES = sorted(Path(__file__).with_name("older").glob("*.tar.xz"))

# A pickle of another scikit-learn says so itself.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.InconsistentVersionWarning"
)


def manifest_of(path):
    with tarfile.open(path) as archive:
        member = archive.next()
        assert member.name == "manifest.json", "the manifest comes first"
        return json.load(archive.extractfile(member))


MANIFESTS = {path.name.removesuffix(".tar.xz"): manifest_of(path) for path in ARCHIVES}


def of_kinds(*kinds):
    """Let a test have all artefacts of these kinds, each under its own name."""
    found = [
        pytest.param((written, row), id=f"{written}-{row['file']}")
        for written, manifest in MANIFESTS.items()
        for row in manifest["artefacts"]
        if row["kind"] in kinds
    ]
    return pytest.mark.parametrize("artefact", found, indirect=True)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """What the archives hold, by the version that wrote it."""
    found = {}
    for path, written in zip(ARCHIVES, MANIFESTS, strict=True):
        found[written] = tmp_path_factory.mktemp("older")
        with tarfile.open(path) as archive:
            archive.extractall(found[written], filter="data")
    return found


# What is summed in another order since a version, as kernels have come to compute it:
# all answers, or those after training convolutions and attention.
_TRAINED = "(lstm-fcn|gru-quantile|any-attention|steps-several)/(after|through)"
CHANGED = {"0.1.0.dev0": re.compile(f"decay|films|{_TRAINED}")}


class Artefact:
    """One of the stored things, with all that is known of it."""

    def __init__(self, folder, manifest, row):
        self.folder, self.row = folder, row
        self.path = folder / row["file"]
        here = store.circumstances()
        # Python and scikit-learn compute nothing of the answers.
        names = ("processor", "torch", "numpy", "numba")
        self.to_the_bit = all(here[name] == manifest[name] for name in names)
        self.changed = CHANGED.get(manifest["sksequence"])
        self.same_sklearn = here["scikit-learn"] == manifest["scikit-learn"]

    def arrays(self, name):
        with np.load(self.folder / f"{name}.npz") as file:
            return dict(file)

    def data(self, which):
        return store.unflatten(self.arrays(f"data/{self.row[which]}"))

    @property
    def X(self):
        return self.data("X")

    @property
    def y(self):
        return self.data("y")

    @property
    def learnt(self):
        path = self.folder / self.row["name"] / "learnt.json"
        return json.loads(path.read_text(encoding="utf-8"))

    def check(self, found, name):
        """These answers are those of the time."""
        place = f"{self.row['name']}/{name}"
        expected = self.arrays(place)
        assert list(found) == list(expected)
        changed = self.changed and self.changed.search(place)
        for key, array in expected.items():
            assert (found[key].dtype, found[key].shape) == (array.dtype, array.shape)
            if (self.to_the_bit and not changed) or array.dtype.kind not in "fc":
                np.testing.assert_array_equal(found[key], array, err_msg=key)
            else:
                np.testing.assert_allclose(found[key], array, rtol=1e-5, atol=1e-6)


@pytest.fixture
def artefact(request, folders):
    written, row = request.param
    return Artefact(folders[written], MANIFESTS[written], row)


def unpickle(path):
    return pickle.loads(path.read_bytes())


READERS = {"file": sksequence.load, "pickle": unpickle, "joblib": joblib.load}


def test_there_are_artefacts_of_all_public_classes():
    names = {row["class"] for m in MANIFESTS.values() for row in m["artefacts"]}
    holders = {type(model).__name__ for model, *_ in store.WHOLE.values()}
    assert names >= {*PUBLIC, *holders}


# -------------------------------------------------------------------------- estimators


def assert_knows(now, before):
    """All that it was is there still; what was not yet there has its default."""
    params = before.pop("params")
    assert {name: now["params"].get(name) for name in params} == params
    assert {name: now.get(name) for name in before} == before


@of_kinds(*READERS)
def test_an_estimator_answers_and_trains_on_as_it_did(artefact):
    model = READERS[artefact.row["kind"]](artefact.path)
    assert type(model) is getattr(sksequence, artefact.row["class"])
    assert_knows(store.learnt(model), artefact.learnt)
    X = artefact.X
    artefact.check(store.answers(model, X), "answers")
    artefact.check(store.answers(store.train_on(model, X, artefact.y), X), "after")


@of_kinds("composed")
def test_what_stands_in_another_estimator_answers_as_it_did(artefact):
    if not artefact.same_sklearn:
        pytest.skip("scikit-learn reads no pickles of other versions of itself")
    model = unpickle(artefact.path)
    artefact.check(store.answers(model, artefact.X), "answers")


@of_kinds("whole")
def test_ensembles_and_forecasters_answer_as_they_did(artefact):
    model = sksequence.load(artefact.path)
    assert type(model).__name__ == artefact.row["class"]
    artefact.check(store.told(model, artefact.X), "answers")


@of_kinds("file")
def test_hyperparameters_of_today_have_their_defaults(artefact):
    model = sksequence.load(artefact.path)
    today = type(model)().get_params()
    if today.get("random_convolutions") == "auto":
        today["random_convolutions"] = 0  # what was the only network then
    added = today.keys() - artefact.learnt["params"].keys()
    assert {name: model.get_params()[name] for name in added} == {
        name: today[name] for name in added
    }


@of_kinds("file")
def test_what_is_read_is_written_anew_without_loss(artefact, tmp_path):
    model = sksequence.load(artefact.path)
    model.save(tmp_path / "model")
    again = sksequence.load(tmp_path / "model")
    artefact.check(store.answers(again, artefact.X), "answers")


# ------------------------------------------------------------------------- checkpoints


@of_kinds("ended", "interrupted")
def test_a_fit_goes_on_from_its_checkpoint(artefact, tmp_path):
    path = tmp_path / "fit.checkpoint"
    shutil.copy(artefact.path, path)
    before = path.read_bytes()
    model = store.make(artefact.row["class"], artefact.row["params"])
    if "random_convolutions" in model.get_params().keys() - artefact.learnt["params"]:
        model.set_params(random_convolutions=0)  # what was the only network then
    X = artefact.X
    model.set_params(checkpoint=path).fit(X, artefact.y)
    assert model.n_epochs_ == artefact.row["params"]["max_epochs"]
    artefact.check(store.answers(model, X), "through")
    assert (path.read_bytes() == before) == (artefact.row["kind"] == "ended")


# ---------------------------------------------------------------------- without torch


@of_kinds("predictor")
def test_a_predictor_answers_as_it_did(artefact):
    predictor = unpickle(artefact.path)
    methods = store.methods_of(getattr(sksequence, artefact.row["class"]))
    artefact.check(store.answers(predictor, artefact.X, methods), "predictor")


@of_kinds("bundle")
def test_a_python_file_answers_as_it_did(artefact):
    predictor = store.import_predictor(artefact.path)
    methods = store.methods_of(getattr(sksequence, artefact.row["class"]))
    artefact.check(store.answers(predictor, artefact.X, methods), "bundle")


@of_kinds("onnx")
def test_an_onnx_file_answers_as_it_did(artefact):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(artefact.path)
    X = artefact.X.astype(np.float32)
    inputs = {"X": X, "lengths": np.full(len(X), X.shape[1])}
    found = session.run(None, inputs)
    expected = artefact.arrays(f"{artefact.row['name']}/answers")
    if len(found) == 2:
        assert found[0].tolist() == expected["predict//array"].tolist()
        np.testing.assert_allclose(found[1], expected["predict_proba//array"], atol=1e-6)
    else:
        values = expected["predict//array"]
        np.testing.assert_allclose(found[0].reshape(values.shape), values, atol=1e-6)


@of_kinds("stream")
def test_a_stream_goes_on(artefact):
    found = store.continue_stream(unpickle(artefact.path), artefact.X)
    artefact.check(found, "stream")


@pytest.mark.skipif(
    importlib.util.find_spec("sksequence._streaming") is None,
    reason="pickles name the module that compiled streams were in, which has moved",
)
@of_kinds("compiled_stream")
def test_a_compiled_stream_goes_on(artefact):
    stream = unpickle(artefact.path)
    artefact.check(store.continue_stream(stream, artefact.X), "compiled_stream")
