"""Forged files of pipelines and searches neither run code nor write out of bounds."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.random_projection import SparseRandomProjection

import sksequence
from helpers.composites import LABELS, SMALL, fitted, rows
from helpers.estimators import make
from helpers.files import forge, seal

WORDS = np.array([["a"], ["b"], ["c"], ["c"]], dtype=object)


def pipeline():
    projection = SparseRandomProjection(2, density=0.5, random_state=0)
    model = make_pipeline(
        FunctionTransformer(np.exp),
        StandardScaler(),
        projection,
        make("GRUClassifier", **SMALL),
    )
    return model.fit(rows(), LABELS)


def search():
    return GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=2).fit(rows(), rows()[:, 0])


def distribution():
    from scipy.stats import uniform

    options = {"alpha": uniform(0, 1)}
    search = RandomizedSearchCV(Ridge(), options, n_iter=1, cv=2)
    return search.fit(rows(), rows()[:, 0])


def encoder():
    return OneHotEncoder(drop=["a"]).fit(WORDS)


def grouped():
    return OneHotEncoder(min_frequency=2).fit(WORDS)


def counts():
    return CountVectorizer().fit(["aa bb", "cc"])


def keys():
    return DictVectorizer().fit([{"a": 1.0}, {"b": 2.0}])


def step(content, i):
    """The class name and the attributes of a step."""
    return content["tree"]["$object"][1]["steps"][i]["$tuple"][1]["$object"]


def in_step(i, name, value):
    return lambda content, _: step(content, i)[1].update({name: value})


def as_class(i, name):
    return lambda content, _: step(content, i).__setitem__(0, name)


def in_root(name, value):
    return lambda content, _: content["tree"]["$object"][1].update({name: value})


def in_arrays(name, value):
    def change(_, arrays):
        (found,) = (key for key in arrays if key.endswith(name))
        arrays[found] = value(arrays[found])

    return change


def changed(name, value):
    """One attribute of the root, which may be nested in the encoding of objects."""

    def change(content, _):
        part = content["tree"]["$object"][1]
        part[name] = value(part[name])

    return change


def nested(depth):
    def change(content, _):
        whole = content["tree"]
        for _ in range(depth):
            steps = [{"$tuple": ["a", whole]}]
            whole = {"$object": ["sklearn.pipeline.Pipeline", {"steps": steps}]}
        content["tree"] = whole

    return change


OTHER = "no file may hold"
SCALER = "sklearn.preprocessing.StandardScaler"
FORGERIES = {
    "class": (pipeline, as_class(1, "os.system"), OTHER),
    "builtin": (pipeline, as_class(1, "builtins.eval"), OTHER),
    "tree": (pipeline, as_class(1, "sklearn.tree.DecisionTreeClassifier"), OTHER),
    "private": (
        pipeline,
        as_class(1, "sklearn.preprocessing._data.StandardScaler"),
        OTHER,
    ),
    "inner": (pipeline, as_class(1, "sksequence.preprocessing.StandardScaler"), OTHER),
    "no name": (pipeline, as_class(1, 3), "int"),
    "function": (
        pipeline,
        in_step(0, "func", {"$object": ["function", "os.system"]}),
        OTHER,
    ),
    "loader": (
        pipeline,
        in_step(0, "func", {"$object": ["function", "numpy.load"]}),
        OTHER,
    ),
    "type": (
        pipeline,
        in_step(0, "func", {"$object": ["type", "memmap"]}),
        "no type of numbers",
    ),
    "dtype": (
        pipeline,
        in_step(0, "func", {"$object": ["dtype", "|V1000000"]}),
        "is not a dtype",
    ),
    "method": (
        pipeline,
        in_step(1, "transform", {"$object": ["function", "numpy.exp"]}),
        "'transform' is not an attribute",
    ),
    "dunder": (
        pipeline,
        in_step(1, "__sklearn_clone__", {"$object": ["function", "numpy.exp"]}),
        "not an attribute",
    ),
    "property": (search, in_root("classes_", [1]), "'classes_' is not an attribute"),
    "no identifier": (pipeline, in_step(1, "a.b", 1), "not an attribute"),
    "cache": (pipeline, in_root("memory", "/tmp"), "read by pickle"),
    "dispatch": (
        search,
        in_root("pre_dispatch", "__import__('os').system('x')"),
        "is evaluated",
    ),
    "scorer": (search, in_root("scoring", "eval"), "'scoring' parameter"),
    "distribution": (
        distribution,
        lambda content, _: content["tree"]["$object"][1]["param_distributions"]["alpha"][
            "$object"
        ][1].update(name="fit"),
        "no distribution",
    ),
    "sparse": (
        pipeline,
        in_arrays("components_/indices", lambda indices: indices + 10**6),
        "indices",
    ),
    "pointers": (
        pipeline,
        in_arrays("components_/indptr", lambda pointers: pointers * 1000),
        "",
    ),
    "codes": (encoder, changed("_n_features_outs", lambda _: [1]), "no columns for"),
    "dropped": (
        encoder,
        changed(
            "_drop_idx_after_grouping", lambda _: {"$object": ["objects", [[1], [9]]]}
        ),
        "no columns for",
    ),
    "groups": (
        grouped,
        in_arrays("_default_to_infrequent_mappings/0", lambda codes: codes + 100),
        "no columns for",
    ),
    "ungrouped": (
        grouped,
        changed("_default_to_infrequent_mappings", lambda _: [None]),
        "no columns for",
    ),
    "terms": (
        counts,
        changed("vocabulary_", lambda _: {"aa": 10**6}),
        "number its terms",
    ),
    "keys": (
        keys,
        changed("vocabulary_", lambda _: {"a": 0, "b": 5}),
        "number its terms",
    ),
    "deep": (pipeline, nested(70), "nested more than"),
    "itself": (pipeline, in_step(1, "copy", {"$same": 0}), "an object holds itself"),
    "absent": (pipeline, in_step(1, "copy", {"$same": 99}), "no object 99"),
    "negative": (pipeline, in_step(1, "copy", {"$same": -1}), "no object -1"),
    "no estimator": (
        pipeline,
        lambda content, arrays: (content.update(tree={"a": 1}), arrays.clear()),
        "holds no estimator",
    ),
    "shape": (
        pipeline,
        in_step(0, "kw_args", {"$object": ["objects", [[10**9], []]]}),
        "0 objects cannot have shape",
    ),
    "wide": (
        pipeline,
        lambda content, _: step(content, 3)[1]["fitted"]["network"].update(
            hidden_size=10**9
        ),
        "for any machine",
    ),
    "callbacks": (
        pipeline,
        lambda content, _: step(content, 3)[1]["hyperparameters"].update(callbacks=["x"]),
        "code looked up",
    ),
    "generator": (
        pipeline,
        in_step(
            2,
            "random_state",
            {"$object": ["RandomState", {"state": {"key": [1], "pos": 3}}]},
        ),
        "",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_file_neither_runs_code_nor_takes_memory(forgery, path):
    of, change, reason = FORGERIES[forgery]
    sksequence.save(of(), path)
    forge(path, lambda *_: None)
    sksequence.load(path)
    forge(path, change)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    now = pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 2**28, limits[1]))
    try:
        with pytest.raises(ValueError, match=f"cannot be loaded: .*{reason}") as raised:
            sksequence.load(path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    assert "memory" not in str(raised.value).lower() or forgery == "cache"


def test_objects_in_the_file_of_one_estimator_are_refused(path):
    make("GRUClassifier", **SMALL).fit(rows(), LABELS).save(path)

    def change(content, _):
        content["tree"]["attributes"]["n_features_in_"] = {"$object": [SCALER, {}]}

    forge(path, change)
    with pytest.raises(ValueError, match="objects where there should be none"):
        sksequence.load(path)


@pytest.mark.parametrize("opening", ["[", '{"$tuple":[', '{"$object":["slice",['])
def test_a_document_that_is_too_deep_for_python_is_refused(opening, path):
    about = '"about":{"class":"Pipeline"},"kind":"composite","version":[1,0]'
    closing = "".join({"[": "]", "{": "}"}.get(c, "") for c in reversed(opening))
    for depth in (500, 5_000, 100_000):
        tree = opening * depth + closing * depth
        text = f'{{"sha256":"{"0" * 64}",{about},"tree":{tree}}}'
        seal(path, {"a": np.zeros(1)}, text)
        with pytest.raises(ValueError, match="cannot be loaded"):
            sksequence.load(path)


def test_damaged_bytes_are_refused(path):
    model, X, _ = fitted("columns")
    sksequence.save(model, path)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(data), 300):
        bad = bytearray(data)
        bad[at] ^= 1 << rng.integers(0, 8)
        path.write_bytes(bad)
        with pytest.raises(ValueError, match=r"model\.safetensors cannot be loaded: "):
            sksequence.load(path)
        path.write_bytes(data[:at])
        with pytest.raises(ValueError, match=r"model\.safetensors cannot be loaded: "):
            sksequence.load(path)
    path.write_bytes(data)
    np.testing.assert_array_equal(sksequence.load(path).predict(X), model.predict(X))


@pytest.mark.parametrize("kind", ["csr", "csc"])
@pytest.mark.parametrize("container", ["array", "matrix"])
def test_sparse_learnt_arrays_keep_their_kind(kind, container, path):
    model = pipeline()
    make_sparse = getattr(sparse, f"{kind}_{container}")
    model[2].components_ = make_sparse(model[2].components_)
    sksequence.save(model, path)
    again = sksequence.load(path)[2].components_
    assert type(again) is make_sparse
    np.testing.assert_array_equal(again.toarray(), model[2].components_.toarray())
    assert again.indices.dtype == model[2].components_.indices.dtype
